package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// refusal is a key of the compose specification that Longshore cannot honour.
type refusal struct {
	pattern string // as schema.AttributePaths writes it
	message string
	advice  string
	// only refuses some values; nil refuses the key whatever it says.
	only condition
}

// refusals are in the order in which docs/files.md lists them. Every key of the specification that is not refused here
// is honoured; a test holds the two together when the specification gains a key.
func refusals() []refusal {
	const (
		swarm   = "it has no meaning outside a swarm"
		atOnce  = "all replicas of a release are replaced at once"
		plugins = "Longshore does not run it"
	)
	return []refusal{
		{"jobs", "jobs are not run by Longshore", "make it a service that others wait for with service_completed_successfully, or use x-longshore.release", nil},
		{"models", plugins, "deploy the model as a service", nil},
		{"services.*.models", plugins, "deploy the model as a service", nil},
		{"services.*.provider", plugins, "deploy what it provides as a service, or put its address in the environment", nil},
		{"services.*.pre_start", "hooks are not run", "use x-longshore.release, or a service waited for with service_completed_successfully", nil},
		{"services.*.post_start", "hooks are not run", "let the container's own command do it", nil},
		{"services.*.pre_stop", "hooks are not run", "handle the stop signal, and set stop_grace_period", nil},
		{"services.*.links", "links are not made", "services of a site reach each other by name; use networks.<network>.aliases for another name", nil},
		{"services.*.external_links", "links are not made", "join an external network that both sides share", nil},
		{"services.*.credential_spec", "it is for Windows containers only", "remove it", nil},
		{"services.*.use_api_socket", "the engine's socket is not handed to containers", "mount it by a volume if the service must have it", isTrue},
		{"services.*.umask", "the engine has no setting for it", "set it in the container's own command", nil},
		{"services.*.pull_refresh_after", "images are pinned by digest at each deploy", "use pull_policy: always", nil},
		{"services.*.pull_policy", "images are pinned by digest at each deploy", "use always, missing, never or build", isPullRefresh},
		{"services.*.network_mode", "only host and none are supported", "use networks", notOneOf("host", "none")},
		{"services.*.ipc", "another service's container has another name in every release", "use host, private, shareable or none", hasPrefix("service:")},
		{"services.*.pid", "another service's container has another name in every release", "use host", hasPrefix("service:")},
		{"services.*.uts", "only host is supported", "remove it", notOneOf("host")},
		{"services.*.volumes_from.[]", "another service's container has another name in every release",
			"name the volume in both services, or write container:NAME for one outside the project", notPrefix("container:")},
		{"services.*.networks.*.interface_name", "the engine has no setting for it", "remove it", nil},
		{"services.*.volumes.[].type", "only bind, volume, tmpfs and image are supported", "", notOneOf("bind", "volume", "tmpfs", "image")},
		{"services.*.volumes.[].volume.labels", "labels go on named volumes", "name the volume, and label it under volumes", nil},
		{"services.*.deploy.mode", "only replicated is supported", "set deploy.replicas; every host of the site runs that many", notOneOf("replicated")},
		{"services.*.deploy.endpoint_mode", swarm, "remove it", nil},
		{"services.*.deploy.placement", swarm, "choose hosts by sites in longshore.yml", nil},
		{"services.*.deploy.labels", swarm, "use the service's labels", nil},
		{"services.*.deploy.rollback_config", "going back is done for all at once, and is watched as update_config says", "remove it", nil},
		{"services.*.deploy.update_config.parallelism", atOnce, "remove it", notNumber(0)},
		{"services.*.deploy.update_config.delay", atOnce, "remove it", nil},
		{"services.*.deploy.update_config.failure_action", "only rollback, pause and continue are supported", "use one of them",
			notOneOf(app.WatchReturn, app.WatchPause, app.WatchContinue)},
		{"services.*.deploy.restart_policy.delay", "the engine chooses the delay between restarts", "remove it", nil},
		{"services.*.deploy.restart_policy.window", "the engine has no setting for it", "remove it", nil},
		{"services.*.deploy.resources.reservations.cpus", "the engine cannot reserve CPUs", "use deploy.resources.limits.cpus or cpu_shares", nil},
		{"services.*.deploy.resources.reservations.generic_resources", swarm, "remove it", nil},
		{"services.*.build.additional_contexts.*", "another service's image cannot be built upon", "name its folder, or a published image", hasPrefix("service:")},
		{"services.*.build.cache_to", "the builder keeps its own cache", "remove it", nil},
		{"services.*.build.entitlements", "builds run without extra rights", "remove it", nil},
		{"services.*.build.privileged", "builds run without extra rights", "remove it", isTrue},
		{"services.*.build.isolation", "it is for Windows containers only", "remove it", nil},
		{"services.*.build.no_cache_filter", "the cache is used whole or not at all", "use no_cache", nil},
		{"services.*.build.provenance", "attestations are not made", "remove it", isAttestation},
		{"services.*.build.sbom", "attestations are not made", "remove it", isAttestation},
		{"services.*.build.tags", "images are tagged by release", "remove it", nil},
		{"services.*.build.ulimits", "the builder has no setting for it", "remove it", nil},
		{"services.*.build.secrets.[].uid", "the builder has no setting for it", "set it by RUN --mount=type=secret,uid=", nil},
		{"services.*.build.secrets.[].gid", "the builder has no setting for it", "set it by RUN --mount=type=secret,gid=", nil},
		{"services.*.build.secrets.[].mode", "the builder has no setting for it", "set it by RUN --mount=type=secret,mode=", nil},
		{"networks.*.name", "networks are named after the site, so that sites stay apart", "remove it; for a network that exists already add external: true", unlessExternal},
		{"networks.*.enable_ipv4", "networks always have IPv4", "remove it", isFalse},
		{"networks.*.ipam.driver", "only the default address management is supported", "remove it", notOneOf("default")},
		{"networks.*.ipam.options", "only the default address management is supported", "remove it", nil},
		{"configs.*.external", swarm, "use file, content or environment", isTrue},
		{"configs.*.name", swarm, "remove it", nil},
		{"configs.*.labels", swarm, "remove it", nil},
		{"configs.*.template_driver", swarm, "use variables in content", nil},
		{"secrets.*.name", "it names a secret of Longshore's store", "remove it, or add external: true", unlessExternal},
		{"secrets.*.labels", swarm, "remove it", nil},
		{"secrets.*.driver", swarm, "use external, file or environment", nil},
		{"secrets.*.driver_opts", swarm, "use external, file or environment", nil},
		{"secrets.*.template_driver", swarm, "remove it", nil},
	}
}

// checkSupport refuses, by path, what the merged model asks for and cannot have. Services that no profile turned on are
// left alone.
func checkSupport(r *report, model map[string]any, active func(service string) bool) {
	c := supportCheck{report: r, active: active}
	for _, rule := range refusals() {
		c.rules = append(c.rules, supportRule{refusal: rule, parts: strings.Split(rule.pattern, ".")})
	}
	c.walk(nil, model, nil)
}

type supportCheck struct {
	report *report
	active func(service string) bool
	rules  []supportRule
}

type supportRule struct {
	refusal
	parts []string
}

func (c supportCheck) walk(path keyPath, value any, parent map[string]any) {
	if len(path) == 2 && path[0] == "services" && !c.active(path[1]) {
		return
	}
	for _, rule := range c.rules {
		if matches(rule.parts, path) && (rule.only == nil || rule.only(value, parent)) {
			c.report.add(path, "cannot be honoured: "+rule.message, rule.advice)
			return
		}
	}
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if !strings.HasPrefix(key, "x-") {
				c.walk(path.with(key), v[key], v)
			}
		}
	case []any:
		for i, item := range v {
			c.walk(path.item(i), item, nil)
		}
	}
}
