package app

import "time"

// Spec is a compose app resolved for one site: everything a deploy needs to know, with nothing left to look up in the
// user's files but the build contexts.
type Spec struct {
	Site     Site      `json:"site"`
	Hosts    []Host    `json:"hosts"`
	Services []Service `json:"services"` // sorted by name
	Networks []Network `json:"networks,omitempty"`
	Volumes  []Volume  `json:"volumes,omitempty"`
	Source   Source    `json:"source"`
	// Keep is how many releases stay reachable on a host, the current one included; 0 means DefaultKeep.
	Keep int `json:"keep,omitempty"`
	// Approve has every run of the site wait for a person's yes before anything is changed; nil for none.
	Approve *Approve `json:"approve,omitempty"`
	// Canary shifts the traffic to a new release in steps; nil switches at once.
	Canary *Canary `json:"canary,omitempty"`
	// Irreversible says that the release before cannot serve once this one has: nothing goes back by itself.
	Irreversible bool `json:"irreversible,omitempty"`
	// BuildHost names the host that builds; empty means the worker's own engine.
	BuildHost string   `json:"build_host,omitempty"`
	Transfer  Transfer `json:"transfer,omitzero"`
	// Registries are those with credentials of the project's own, sorted by name. For every other registry the worker's
	// Docker configuration is asked.
	Registries []Registry `json:"registries,omitempty"`
	// Secrets are those that anything in the spec wants, sorted by name, and SecretScopes where the file store looks for
	// them, the nearest first.
	Secrets      []Secret      `json:"secrets,omitempty"`
	SecretScopes []SecretScope `json:"secret_scopes,omitempty"`
}

// Service finds a service by name; one that is not there is empty but for its name.
func (s Spec) Service(name string) Service {
	for _, service := range s.Services {
		if service.Name == name {
			return service
		}
	}
	return Service{Name: name}
}

// DefaultKeep is how many releases a host keeps where the site says nothing.
const DefaultKeep = 5

// DefaultDrain is how long an old release may finish its requests where nothing says how long.
const DefaultDrain = 30 * time.Second

// Source is where a spec came from.
type Source struct {
	// ID is the short git SHA of a clean tree, or a content hash with the prefix "d" (dirty tree) or "c" (no git).
	ID string `json:"id"`
	// SHA is the full git commit; empty without git.
	SHA     string `json:"sha,omitempty"`
	Subject string `json:"subject,omitempty"`
	Dirty   bool   `json:"dirty,omitempty"`
	// Directory is the project's folder on the machine that started the run.
	Directory string `json:"directory"`
}

// Service is an entry of the compose file.
type Service struct {
	Name string `json:"name"`
	// Build says how the image is made; nil where Container.Image names one to pull.
	Build *Build `json:"build,omitempty"`
	// Platform is the image's platform ("linux/amd64"); empty means the engine's own.
	Platform string `json:"platform,omitempty"`
	// Push has the worker carry the image of a registry to the host instead of the host pulling it.
	Push bool `json:"push,omitempty"`
	// PullPolicy is compose's pull_policy: "", "always", "missing", "never" or "build".
	PullPolicy string `json:"pull_policy,omitempty"`
	// Container is what each replica is created with, before the planner adds names, addresses and our labels.
	Container Container    `json:"container"`
	Replicas  int          `json:"replicas"`
	DependsOn []Dependency `json:"depends_on,omitempty"`
	Routes    []Route      `json:"routes,omitempty"`
	Health    Health       `json:"health"`
	// Drain is how long the old release may finish its requests after the switch.
	Drain time.Duration `json:"drain,omitempty"`
	// Release is the command run once a deploy, before any switch.
	Release []string `json:"release,omitempty"`
	// Order is "start-first" or "stop-first" for a plain service; the loader fills in the default.
	Order string `json:"order,omitempty"`
	// Watch is how the service is watched after the switch.
	Watch Watch `json:"watch,omitzero"`
	// OneShot marks a service that another waits for with service_completed_successfully: it runs to its end.
	OneShot bool `json:"one_shot,omitempty"`
	// OnChange is what a new version of a secret does.
	OnChange OnChange `json:"on_change,omitzero"`
}

// Routed says whether the service gets public traffic and is released blue/green.
func (s Service) Routed() bool { return len(s.Routes) > 0 }

// The orders of a plain service's replacement.
const (
	StartFirst = "start-first"
	StopFirst  = "stop-first"
)

// Dependency is one entry of depends_on.
type Dependency struct {
	Service string `json:"service"`
	// Condition is one of the Condition constants.
	Condition string `json:"condition"`
	// Restart says that a replaced dependency restarts this service.
	Restart bool `json:"restart,omitempty"`
	// Required is false where the dependency may be missing or fail.
	Required bool `json:"required"`
}

// The compose specification's conditions.
const (
	ConditionStarted   = "service_started"
	ConditionHealthy   = "service_healthy"
	ConditionCompleted = "service_completed_successfully"
)

// Route is public traffic for a service.
type Route struct {
	// Hosts are the names it answers to, lower case; "*" answers every name that no other route has.
	Hosts []string `json:"hosts"`
	// Path is the prefix it answers to, whole segments only; empty means "/".
	Path string `json:"path,omitempty"`
	// StripPrefix removes Path from the request before the container sees it.
	StripPrefix bool `json:"strip_prefix,omitempty"`
	// Port is the container's port.
	Port int `json:"port"`
	// H2C speaks HTTP/2 without TLS to the container.
	H2C      bool          `json:"h2c,omitempty"`
	Timeouts RouteTimeouts `json:"timeouts,omitzero"`
	// MaxBody refuses a larger request body with 413, in bytes; 0 means no limit.
	MaxBody int64 `json:"max_body,omitempty"`
}

// RouteTimeouts bound one request; 0 means the edge's default (dial 5 s, the others none).
type RouteTimeouts struct {
	Dial     time.Duration `json:"dial,omitempty"`
	Response time.Duration `json:"response,omitempty"` // until the response's header
}

// Health is how a new container proves itself.
type Health struct {
	// Path is asked by GET with any 2xx or 3xx as healthy; empty means that a TCP connection to Port is enough, and
	// with Port 0 that a running container (and Docker's own healthcheck, where there is one) is enough.
	Path string `json:"path,omitempty"`
	// Port is the container's port; the loader fills in the route's.
	Port int `json:"port,omitempty"`
	// Within is the time a container has to get healthy.
	Within time.Duration `json:"within"`
	// StableFor is how long it then has to stay so.
	StableFor time.Duration `json:"stable_for"`
	Interval  time.Duration `json:"interval"`
	Timeout   time.Duration `json:"timeout"`
}

// Build is how an image is made from source. Paths are absolute, on the machine that started the run.
type Build struct {
	Context          string            `json:"context"`
	Dockerfile       string            `json:"dockerfile,omitempty"` // relative to Context, or absolute
	DockerfileInline string            `json:"dockerfile_inline,omitempty"`
	Target           string            `json:"target,omitempty"`
	Args             map[string]string `json:"args,omitempty"`
	Labels           map[string]string `json:"labels,omitempty"`
	// Secrets name where each build secret's value is found; values never travel.
	Secrets            []BuildSecret     `json:"secrets,omitempty"`
	SSH                []BuildSSH        `json:"ssh,omitempty"`
	CacheFrom          []string          `json:"cache_from,omitempty"`
	Platforms          []string          `json:"platforms,omitempty"`
	AdditionalContexts map[string]string `json:"additional_contexts,omitempty"`
	// Exclude are absolute paths of files and folders that no context has, beside what .dockerignore says.
	Exclude    []string `json:"exclude,omitempty"`
	ExtraHosts []string `json:"extra_hosts,omitempty"`
	Network    string   `json:"network,omitempty"`
	NoCache    bool     `json:"no_cache,omitempty"`
	Pull       bool     `json:"pull,omitempty"`
	ShmSize    int64    `json:"shm_size,omitempty"`
}

// BuildSecret is a secret for RUN --mount=type=secret.
type BuildSecret struct {
	ID   string `json:"id"`
	File string `json:"file,omitempty"`
	Env  string `json:"env,omitempty"`
	// Secret names a secret of the spec, in the place of File and Env; Sealed is its value once the secrets are resolved.
	Secret string `json:"secret,omitempty"`
	Sealed string `json:"sealed,omitempty"`
}

// BuildSSH is an agent or key for RUN --mount=type=ssh.
type BuildSSH struct {
	ID    string   `json:"id"`
	Paths []string `json:"paths,omitempty"` // empty means the agent of the worker
}

// Network is a network of the site. The one named "default" is the site's own: routed services have fixed addresses in it.
type Network struct {
	Name       string            `json:"name"`               // the key in the compose file
	External   string            `json:"external,omitempty"` // the real name of a network that is not ours
	Driver     string            `json:"driver,omitempty"`
	DriverOpts map[string]string `json:"driver_opts,omitempty"`
	Internal   bool              `json:"internal,omitempty"`
	Attachable bool              `json:"attachable,omitempty"`
	EnableIPv6 bool              `json:"enable_ipv6,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	Subnets    []Subnet          `json:"subnets,omitempty"`
}

// Subnet is an address range that the compose file asks for.
type Subnet struct {
	CIDR    string            `json:"cidr"`
	Gateway string            `json:"gateway,omitempty"`
	Range   string            `json:"range,omitempty"`
	Aux     map[string]string `json:"aux,omitempty"`
}

// DefaultNetwork is the key of the site's own network.
const DefaultNetwork = "default"

// Volume is a named volume of the site.
type Volume struct {
	Name       string            `json:"name"`                  // the key in the compose file
	External   string            `json:"external,omitempty"`    // the real name of a volume that is not ours
	CustomName string            `json:"custom_name,omitempty"` // the file's own name: for it
	Driver     string            `json:"driver,omitempty"`
	DriverOpts map[string]string `json:"driver_opts,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
}
