package config

import (
	"github.com/compose-spec/compose-go/v2/types"
)

// checkReferences looks for names that services use and no file defines.
func checkReferences(src *sources, p *types.Project) Problems {
	r := &report{place: src.place}
	missing := func(path keyPath, what string) {
		r.add(path, "names the "+what+" "+path.last()+", which no file defines", "define it, or correct the name")
	}
	for _, name := range sortedKeys(p.Services) {
		s := p.Services[name]
		path := keyPath{"services", name}
		if s.Build == nil && s.Image == "" && s.Provider == nil {
			r.add(path, "has neither image nor build", "say which image it runs, or how to build one")
		}
		for _, network := range sortedKeys(s.Networks) {
			if _, ok := p.Networks[network]; !ok {
				missing(path.with("networks", network), "network")
			}
		}
		for _, v := range s.Volumes {
			if _, ok := p.Volumes[v.Source]; !ok && v.Type == types.VolumeTypeVolume && v.Source != "" {
				missing(path.with("volumes", v.Source), "volume")
			}
		}
		for _, c := range s.Configs {
			if _, ok := p.Configs[c.Source]; !ok {
				missing(path.with("configs", c.Source), "config")
			}
		}
		for _, secret := range s.Secrets {
			if _, ok := p.Secrets[secret.Source]; !ok {
				missing(path.with("secrets", secret.Source), "secret")
			}
		}
		if s.Build != nil {
			for _, secret := range s.Build.Secrets {
				if _, ok := p.Secrets[secret.Source]; !ok {
					missing(path.with("build", "secrets", secret.Source), "secret")
				}
			}
		}
		checkDependencies(r, p, s, path.with("depends_on"))
	}
	return r.problems
}

func checkDependencies(r *report, p *types.Project, s types.ServiceConfig, path keyPath) {
	for _, name := range sortedKeys(s.DependsOn) {
		_, active := p.Services[name]
		_, disabled := p.DisabledServices[name]
		switch {
		case active, disabled && !s.DependsOn[name].Required:
		case disabled:
			r.add(path.with(name), "names the service "+name+", which no profile turns on",
				"turn its profile on by --profile, or set required: false")
		default:
			r.add(path.with(name), "names the service "+name+", which no file defines", "define it, or correct the name")
		}
	}
}
