package app

import "time"

// EngineInfo is what a Docker engine says of itself.
type EngineInfo struct {
	Version       string `json:"version"`
	APIVersion    string `json:"api_version"`
	OS            string `json:"os"`           // linux
	Architecture  string `json:"architecture"` // amd64, arm64, … as in an image
	StorageDriver string `json:"storage_driver"`
	// Containerd says that the engine uses the containerd image store.
	Containerd bool   `json:"containerd,omitempty"`
	RootDir    string `json:"root_dir"`
	CPUs       int    `json:"cpus"`
	Memory     int64  `json:"memory"` // bytes
	Name       string `json:"name"`
}

// Image is an image that an engine holds.
type Image struct {
	// Ref is the tag it was asked for by.
	Ref string `json:"ref"`
	// ID is the engine's id ("sha256:…"): the digest of the image's configuration, equal on every classic engine.
	ID string `json:"id"`
	// RepoDigest is the registry's digest ("name@sha256:…"); empty for an image that was built.
	RepoDigest   string            `json:"repo_digest,omitempty"`
	OS           string            `json:"os"`
	Architecture string            `json:"architecture"`
	Size         int64             `json:"size"`             // bytes, unpacked
	Layers       []string          `json:"layers,omitempty"` // diff ids, base first
	Tags         []string          `json:"tags,omitempty"`
	Labels       map[string]string `json:"labels,omitempty"`
	Created      time.Time         `json:"created,omitzero"`
}

// ContainerState is a container as a host has it.
type ContainerState struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Image   string            `json:"image"`    // as created
	ImageID string            `json:"image_id"` // sha256:…
	Labels  map[string]string `json:"labels,omitempty"`
	// Status is Docker's: created, running, paused, restarting, removing, exited or dead.
	Status   string `json:"status"`
	Health   string `json:"health,omitempty"` // "", starting, healthy, unhealthy
	ExitCode int    `json:"exit_code,omitempty"`
	Error    string `json:"error,omitempty"`
	OOM      bool   `json:"oom,omitempty"`
	Restarts int    `json:"restarts,omitempty"`
	// Addresses are the IPv4 addresses by real network name. One that does not run has those that it was given for good.
	Addresses  map[string]string `json:"addresses,omitempty"`
	Created    time.Time         `json:"created,omitzero"`
	StartedAt  time.Time         `json:"started_at,omitzero"`
	FinishedAt time.Time         `json:"finished_at,omitzero"`
	Ports      []Port            `json:"ports,omitempty"`
	// Secrets are the versions of secrets that it has now, by name: as it was made, and as they were replaced under it
	// since. Nil where that was not looked up.
	Secrets map[string]string `json:"secrets,omitempty"`
	// PID is its first process on the engine's machine, while it runs; 0 where that is not known. It means nothing later.
	PID int `json:"-"`
}

// Running says whether its process runs.
func (c ContainerState) Running() bool { return c.Status == "running" }

// NetworkState is a network as a host has it.
type NetworkState struct {
	ID     string            `json:"id"`
	Name   string            `json:"name"`
	Driver string            `json:"driver"`
	Labels map[string]string `json:"labels,omitempty"`
	// Subnets are the CIDRs, with Gateways in the same order ("" where the engine chose none).
	Subnets  []string `json:"subnets,omitempty"`
	Gateways []string `json:"gateways,omitempty"`
}

// VolumeState is a volume as a host has it.
type VolumeState struct {
	Name   string            `json:"name"`
	Driver string            `json:"driver"`
	Labels map[string]string `json:"labels,omitempty"`
}

// Observed is what a host was found to be before a plan is made: everything a plan for one site depends on.
type Observed struct {
	Host   string     `json:"host"`
	Engine EngineInfo `json:"engine"`
	// FreeBytes is the space left where the engine keeps its data.
	FreeBytes int64 `json:"free_bytes"`
	// Containers, Networks and Volumes are the site's own; External are the names of others' that the spec asks for
	// and that exist.
	Containers []ContainerState `json:"containers,omitempty"`
	Networks   []NetworkState   `json:"networks,omitempty"`
	Volumes    []VolumeState    `json:"volumes,omitempty"`
	External   []string         `json:"external,omitempty"`
	// Images are those of the spec's image references that the host holds, by reference.
	Images map[string]Image `json:"images,omitempty"`
	// Edge is nil where no edge answers.
	Edge *EdgeStatus `json:"edge,omitempty"`
	// Current is the release that the host records as current; nil on a first deploy.
	Current *RecordedRelease `json:"current,omitempty"`
	// Fence is the highest fencing number that a run has taken of the site there; 0 for none.
	Fence int64 `json:"fence,omitempty"`
	// Freeze is the site's freeze as the host keeps it; nil for none.
	Freeze *Freeze `json:"freeze,omitempty"`
	// Stopped says that the site was stopped on purpose.
	Stopped bool `json:"stopped,omitempty"`
	// LastNumber is the highest release number seen on the host in any record, label or table.
	LastNumber int `json:"last_number,omitempty"`
	// Listening are the TCP ports that something on the host listens on.
	Listening []int `json:"listening,omitempty"`
	// Published are the ports that other containers than the site's own publish, running or not.
	Published []PublishedPort `json:"published,omitempty"`
}

// RecordedRelease is the part of a release's record that a plan needs.
type RecordedRelease struct {
	ID string `json:"id"`
	// OriginalRunID is that of its Release.
	OriginalRunID string `json:"original_run_id,omitempty"`
	// SourceID is the Source.ID of its spec.
	SourceID string `json:"source_id"`
	// ImageIDs are the engine's image ids by service.
	ImageIDs map[string]string `json:"image_ids,omitempty"`
	// Digests are the registry's digests of those images that were pulled, by service.
	Digests map[string]string `json:"digests,omitempty"`
	// Secrets are the versions that the release pins, by name.
	Secrets map[string]string `json:"secrets,omitempty"`
}

// PublishedPort is a port that a container publishes.
type PublishedPort struct {
	Port      Port   `json:"port"`
	Container string `json:"container"`
}
