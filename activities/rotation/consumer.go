package rotation

import (
	"slices"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// consumer puts together what a site's hosts have; false where the site does not use the secret. A site that nothing is
// known of, since no host could be asked, may use it.
func consumer(in activities.FindConsumersInput, site activities.RotationSite, seen []*sighting) (activities.Consumer, bool) {
	c := activities.Consumer{RotationSite: site}
	var newest *app.Release
	uses := false
	for _, s := range seen {
		if s.err != nil {
			c.Unasked = append(c.Unasked, s.host.Name)
			continue
		}
		if s.current == nil {
			continue
		}
		if newest == nil || s.current.Number > newest.Number {
			newest = s.current
		}
		uses = uses || len(users(*s.current, in.Secret)) > 0
		c.Runs = append(c.Runs, runs(in.Secret, s)...)
	}
	if newest == nil {
		return c, len(c.Unasked) > 0
	}
	if !uses {
		return c, false
	}
	c.Release, c.Version = newest.ID, newest.Spec.Secret(in.Secret.Name).Version
	c.Services, c.InPlace = users(*newest, in.Secret), inPlace(*newest, in.Secret)
	if len(c.Scopes) == 0 { // it is not of the project file: its settings are those that it was deployed with
		c.Scopes, c.Approve = newest.Spec.SecretScopes, newest.Spec.Approve
	}
	c.HasService, c.ServiceHost = whereRuns(in.Service, *newest, seen)
	if entry := newest.Spec.Secret(in.Admin); in.Admin != "" && has(newest.Spec, in.Admin) {
		entry.Sealed = ""
		c.Admin = &entry
	}
	return c, true
}

// users are the services of a release that have the secret from the line's own scope.
func users(r app.Release, line app.SecretLine) []string {
	entry := r.Spec.Secret(line.Name)
	if entry.Source.From != app.FromStore || entry.Scope != line.Scope.Kind {
		return nil
	}
	var out []string
	for _, s := range r.Spec.Services {
		if slices.ContainsFunc(s.Container.Secrets, func(have app.ServiceSecret) bool { return have.Name == line.Name }) {
			out = append(out, s.Name)
		}
	}
	return out
}

// inPlace says whether one of the services gets a new version where it runs.
func inPlace(r app.Release, line app.SecretLine) bool {
	serving := users(r, line)
	return slices.ContainsFunc(r.Spec.Services, func(s app.Service) bool {
		return slices.Contains(serving, s.Name) && slices.ContainsFunc(s.Container.Secrets, func(have app.ServiceSecret) bool {
			return have.Name == line.Name && s.InPlace(have)
		})
	})
}

func has(spec app.Spec, secret string) bool {
	return slices.ContainsFunc(spec.Secrets, func(s app.Secret) bool { return s.Name == secret })
}

// runs are the containers on a host that have the secret.
func runs(line app.SecretLine, s *sighting) []activities.SecretUser {
	serving := users(*s.current, line)
	var out []activities.SecretUser
	for _, c := range s.running {
		version, has := c.versions[line.Name]
		if !has {
			continue
		}
		service := c.Labels[app.LabelService]
		out = append(out, activities.SecretUser{
			Host: s.host.Name, Service: service, Container: c.Name, Version: version,
			Live: slices.Contains(serving, service) && isOf(*s.current, c),
		})
	}
	return out
}

// isOf says whether a container serves for a release: it is as the release has it, whichever release has made it.
func isOf(r app.Release, c container) bool {
	config, known := r.Configs[c.Labels[app.LabelService]]
	if !known {
		return c.Labels[app.LabelRelease] == r.ID
	}
	return c.Labels[app.LabelConfig] == config
}

// whereRuns says whether a release has a service, and names the first host that runs it.
func whereRuns(service string, r app.Release, seen []*sighting) (has bool, on string) {
	if service == "" || !slices.ContainsFunc(r.Spec.Services, func(s app.Service) bool { return s.Name == service }) {
		return false, ""
	}
	for _, s := range seen {
		if s.current == nil {
			continue
		}
		for _, c := range s.running {
			if c.Labels[app.LabelService] == service && isOf(*s.current, c) {
				return true, s.host.Name
			}
		}
	}
	return true, ""
}
