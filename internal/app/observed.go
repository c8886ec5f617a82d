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
	// Addresses are the IPv4 addresses by real network name.
	Addresses  map[string]string `json:"addresses,omitempty"`
	Created    time.Time         `json:"created,omitzero"`
	StartedAt  time.Time         `json:"started_at,omitzero"`
	FinishedAt time.Time         `json:"finished_at,omitzero"`
	Ports      []Port            `json:"ports,omitempty"`
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
