package planner

import "github.com/longshore-dev/longshore/internal/app"

// stages are the order in which services are brought up: all of one stage at once, and the next when they are healthy.
type stages struct {
	of map[string]int // by service
	// releaseAfter is the last stage that the release commands' services depend on: 0 where they depend on nothing.
	// The commands run after it and before the next.
	releaseAfter int
	last         int
}

// stagesOf orders the services by depends_on, from 1. What a service with a release command depends on comes first, so
// that a migration finds its database; everything else comes after the release commands, so that no new code runs
// against an old schema.
func stagesOf(spec app.Spec) stages {
	byName := map[string]app.Service{}
	for _, s := range spec.Services {
		byName[s.Name] = s
	}
	early := map[string]bool{}
	for _, s := range spec.Services {
		if len(s.Release) > 0 {
			markDependencies(byName, s, early)
		}
	}
	out := stages{of: map[string]int{}}
	for _, s := range spec.Services {
		if early[s.Name] && len(s.Release) == 0 {
			out.releaseAfter = max(out.releaseAfter, depth(byName, s, nil))
		}
	}
	for _, s := range spec.Services {
		stage := depth(byName, s, nil)
		if !early[s.Name] || len(s.Release) > 0 {
			stage += out.releaseAfter
		}
		out.of[s.Name] = stage
		out.last = max(out.last, stage)
	}
	return out
}

// markDependencies adds all that a service depends on, directly or not.
func markDependencies(byName map[string]app.Service, s app.Service, into map[string]bool) {
	for _, d := range s.DependsOn {
		dependency, ok := byName[d.Service]
		if !ok || into[d.Service] {
			continue
		}
		into[d.Service] = true
		markDependencies(byName, dependency, into)
	}
}

// depth is 1 for a service that depends on nothing, and otherwise one more than the deepest it depends on. A cycle,
// which the loader refuses, ends the walk.
func depth(byName map[string]app.Service, s app.Service, path []string) int {
	for _, seen := range path {
		if seen == s.Name {
			return 0
		}
	}
	deepest := 0
	for _, d := range s.DependsOn {
		if dependency, ok := byName[d.Service]; ok {
			deepest = max(deepest, depth(byName, dependency, append(path, s.Name)))
		}
	}
	return deepest + 1
}
