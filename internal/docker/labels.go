package docker

import "github.com/docker/docker/api/types/filters"

// labelFilter asks for things that carry all the labels; an empty value matches any.
func labelFilter(labels map[string]string) filters.Args {
	args := filters.NewArgs()
	for key, value := range labels {
		if value != "" {
			key += "=" + value
		}
		args.Add("label", key)
	}
	return args
}
