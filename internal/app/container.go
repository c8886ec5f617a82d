package app

import (
	"slices"
	"strings"
	"time"
)

// Container is everything a container is created with, in the compose specification's meaning and the Docker Engine
// API's shape. Zero values mean the engine's default.
type Container struct {
	Image       string            `json:"image,omitempty"`
	Platform    string            `json:"platform,omitempty"`
	Command     []string          `json:"command,omitempty"`
	Entrypoint  []string          `json:"entrypoint,omitzero"` // empty and non-nil clears the image's
	Env         []string          `json:"env,omitempty"`       // KEY=value, sorted
	User        string            `json:"user,omitempty"`
	WorkingDir  string            `json:"working_dir,omitempty"`
	Hostname    string            `json:"hostname,omitempty"`
	Domainname  string            `json:"domainname,omitempty"`
	MacAddress  string            `json:"mac_address,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	TTY         bool              `json:"tty,omitempty"`
	StdinOpen   bool              `json:"stdin_open,omitempty"`
	StopSignal  string            `json:"stop_signal,omitempty"`
	StopGrace   time.Duration     `json:"stop_grace,omitempty"` // 0 means the engine's 10 s
	Healthcheck *Healthcheck      `json:"healthcheck,omitempty"`
	Restart     Restart           `json:"restart,omitzero"`
	Init        *bool             `json:"init,omitempty"`
	Logging     *Logging          `json:"logging,omitempty"`

	// FixedName is the compose file's container_name; empty for a name of ours.
	FixedName string `json:"fixed_name,omitempty"`

	Mounts []Mount `json:"mounts,omitempty"`
	Files  []File  `json:"files,omitempty"`
	// Secrets are brought in when the container is made; sorted by name.
	Secrets     []ServiceSecret `json:"secrets,omitempty"`
	Tmpfs       []string        `json:"tmpfs,omitempty"` // path[:options]
	VolumesFrom []string        `json:"volumes_from,omitempty"`
	ReadOnly    bool            `json:"read_only,omitempty"`

	NetworkMode string       `json:"network_mode,omitempty"` // host, none, or empty for Networks
	Networks    []Attachment `json:"networks,omitempty"`
	Ports       []Port       `json:"ports,omitempty"`
	Expose      []string     `json:"expose,omitempty"` // port/protocol
	ExtraHosts  []string     `json:"extra_hosts,omitempty"`
	DNS         []string     `json:"dns,omitempty"`
	DNSSearch   []string     `json:"dns_search,omitempty"`
	DNSOptions  []string     `json:"dns_options,omitempty"`

	Privileged        bool              `json:"privileged,omitempty"`
	CapAdd            []string          `json:"cap_add,omitempty"`
	CapDrop           []string          `json:"cap_drop,omitempty"`
	SecurityOpt       []string          `json:"security_opt,omitempty"`
	GroupAdd          []string          `json:"group_add,omitempty"`
	Pid               string            `json:"pid,omitempty"`
	Ipc               string            `json:"ipc,omitempty"`
	Uts               string            `json:"uts,omitempty"`
	UsernsMode        string            `json:"userns_mode,omitempty"`
	CgroupnsMode      string            `json:"cgroupns_mode,omitempty"`
	CgroupParent      string            `json:"cgroup_parent,omitempty"`
	Runtime           string            `json:"runtime,omitempty"`
	Isolation         string            `json:"isolation,omitempty"`
	Sysctls           map[string]string `json:"sysctls,omitempty"`
	Ulimits           []Ulimit          `json:"ulimits,omitempty"`
	ShmSize           int64             `json:"shm_size,omitempty"` // bytes
	StorageOpt        map[string]string `json:"storage_opt,omitempty"`
	Devices           []Device          `json:"devices,omitempty"`
	DeviceCgroupRules []string          `json:"device_cgroup_rules,omitempty"`
	DeviceRequests    []DeviceRequest   `json:"device_requests,omitempty"`
	Resources         Resources         `json:"resources,omitzero"`
	OomScoreAdj       int               `json:"oom_score_adj,omitempty"`
	OomKillDisable    *bool             `json:"oom_kill_disable,omitempty"`
}

// Exclusive is the key, by its parts, of what the container has that a second one cannot have beside it; empty where there
// is nothing.
func (c Container) Exclusive() []string {
	switch {
	case c.FixedName != "":
		return []string{"container_name"}
	case slices.ContainsFunc(c.Ports, func(p Port) bool { return p.Published != "" && !strings.Contains(p.Published, "-") }):
		return []string{"ports"}
	case c.MacAddress != "":
		return []string{"mac_address"}
	}
	for _, n := range c.Networks {
		switch {
		case n.IPv4 != "":
			return []string{"networks", n.Network, "ipv4_address"}
		case n.IPv6 != "":
			return []string{"networks", n.Network, "ipv6_address"}
		case n.MacAddress != "":
			return []string{"networks", n.Network, "mac_address"}
		}
	}
	return nil
}

// Healthcheck is Docker's own check, run inside the container. Test is the API's form: ["NONE"], ["CMD", …] or
// ["CMD-SHELL", line]; empty keeps the image's.
type Healthcheck struct {
	Test          []string      `json:"test,omitempty"`
	Interval      time.Duration `json:"interval,omitempty"`
	Timeout       time.Duration `json:"timeout,omitempty"`
	StartPeriod   time.Duration `json:"start_period,omitempty"`
	StartInterval time.Duration `json:"start_interval,omitempty"`
	Retries       int           `json:"retries,omitempty"`
}

// Restart is the engine's restart policy.
type Restart struct {
	Name     string `json:"name,omitempty"` // "", no, always, on-failure, unless-stopped
	MaxRetry int    `json:"max_retry,omitempty"`
}

// Logging is the log driver of a container.
type Logging struct {
	Driver  string            `json:"driver,omitempty"`
	Options map[string]string `json:"options,omitempty"`
}

// Mount is a volume, a folder of the host or memory inside a container.
type Mount struct {
	Type     string `json:"type"` // volume, bind, tmpfs, npipe, image
	Source   string `json:"source,omitempty"`
	Target   string `json:"target"`
	ReadOnly bool   `json:"read_only,omitempty"`

	Propagation    string `json:"propagation,omitempty"`
	CreateHostPath bool   `json:"create_host_path,omitempty"`
	SELinux        string `json:"selinux,omitempty"` // z or Z
	Recursive      string `json:"recursive,omitempty"`

	NoCopy  bool   `json:"no_copy,omitempty"`
	Subpath string `json:"subpath,omitempty"`

	TmpfsSize int64  `json:"tmpfs_size,omitempty"` // bytes
	TmpfsMode uint32 `json:"tmpfs_mode,omitempty"`

	Consistency string `json:"consistency,omitempty"`
}

// File is a config of the compose file: written to the host and mounted read-only.
type File struct {
	Target  string `json:"target"`
	Content []byte `json:"content"`
	UID     int    `json:"uid,omitempty"`
	GID     int    `json:"gid,omitempty"`
	Mode    uint32 `json:"mode,omitempty"` // 0 means 0444
}

// Attachment joins a container to a network.
type Attachment struct {
	Network      string            `json:"network"` // the key in the compose file; the planner turns it into the real name
	Aliases      []string          `json:"aliases,omitempty"`
	IPv4         string            `json:"ipv4,omitempty"`
	IPv6         string            `json:"ipv6,omitempty"`
	LinkLocalIPs []string          `json:"link_local_ips,omitempty"`
	MacAddress   string            `json:"mac_address,omitempty"`
	DriverOpts   map[string]string `json:"driver_opts,omitempty"`
	// Priority orders the networks: the highest is joined first.
	Priority        int `json:"priority,omitempty"`
	GatewayPriority int `json:"gateway_priority,omitempty"`
}

// Port is a port published on the host.
type Port struct {
	HostIP    string `json:"host_ip,omitempty"`
	Published string `json:"published,omitempty"` // a port or a range; empty lets the engine choose
	Target    int    `json:"target"`
	Protocol  string `json:"protocol,omitempty"` // empty means tcp
}

// Ulimit is a resource limit of the container's processes.
type Ulimit struct {
	Name string `json:"name"`
	Soft int64  `json:"soft"`
	Hard int64  `json:"hard"`
}

// Device is a device of the host inside a container.
type Device struct {
	Source      string `json:"source"`
	Target      string `json:"target"`
	Permissions string `json:"permissions"`
}

// DeviceRequest asks a device driver for devices, such as GPUs.
type DeviceRequest struct {
	Driver       string            `json:"driver,omitempty"`
	Count        int               `json:"count,omitempty"` // -1 means all
	IDs          []string          `json:"ids,omitempty"`
	Capabilities []string          `json:"capabilities,omitempty"`
	Options      map[string]string `json:"options,omitempty"`
}

// Resources are the limits and reservations of a container.
type Resources struct {
	NanoCPUs           int64         `json:"nano_cpus,omitempty"`
	CPUShares          int64         `json:"cpu_shares,omitempty"`
	CPUPeriod          int64         `json:"cpu_period,omitempty"`
	CPUQuota           int64         `json:"cpu_quota,omitempty"`
	CPURealtimePeriod  int64         `json:"cpu_realtime_period,omitempty"`
	CPURealtimeRuntime int64         `json:"cpu_realtime_runtime,omitempty"`
	CPUCount           int64         `json:"cpu_count,omitempty"`
	CPUPercent         int64         `json:"cpu_percent,omitempty"`
	CpusetCpus         string        `json:"cpuset_cpus,omitempty"`
	Memory             int64         `json:"memory,omitempty"`             // bytes
	MemoryReservation  int64         `json:"memory_reservation,omitempty"` // bytes
	MemorySwap         int64         `json:"memory_swap,omitempty"`        // bytes, -1 for no limit
	MemorySwappiness   *int64        `json:"memory_swappiness,omitempty"`
	Pids               int64         `json:"pids,omitempty"`
	BlkioWeight        uint16        `json:"blkio_weight,omitempty"`
	BlkioWeightDevice  []BlkioWeight `json:"blkio_weight_device,omitempty"`
	BlkioReadBps       []BlkioRate   `json:"blkio_read_bps,omitempty"`
	BlkioWriteBps      []BlkioRate   `json:"blkio_write_bps,omitempty"`
	BlkioReadIOps      []BlkioRate   `json:"blkio_read_iops,omitempty"`
	BlkioWriteIOps     []BlkioRate   `json:"blkio_write_iops,omitempty"`
}

// BlkioWeight is a device's share of block I/O.
type BlkioWeight struct {
	Path   string `json:"path"`
	Weight uint16 `json:"weight"`
}

// BlkioRate is a device's limit of block I/O, in bytes or operations a second.
type BlkioRate struct {
	Path string `json:"path"`
	Rate int64  `json:"rate"`
}
