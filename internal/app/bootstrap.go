package app

import "time"

// Bootstrap says what a host is to become. The zero value is the default: everything, with the distribution's Docker.
type Bootstrap struct {
	// Docker is DockerDistribution or DockerUpstream; empty means DockerDistribution.
	Docker string `json:"docker,omitempty"`
	// User is the login to make for deploys; empty keeps to the login that the host has.
	User string `json:"user,omitempty"`
	// PublicKeys are what User may log in with, in the form of authorized_keys.
	PublicKeys []string `json:"public_keys,omitempty"`
	Firewall   Firewall `json:"firewall,omitzero"`
	// RebootAt is the time of day ("04:00", the host's own) at which security updates may reboot it; empty for never.
	RebootAt string `json:"reboot_at,omitempty"`
	// Swap is the size in bytes of the swap file that a host without swap gets; 0 leaves it without.
	Swap int64 `json:"swap,omitempty"`
	// Skip are the names of items to leave alone.
	Skip []string `json:"skip,omitempty"`
}

// Where Docker comes from.
const (
	DockerDistribution = "distribution"
	DockerUpstream     = "upstream" // Docker's own package repository
)

// Firewall is who may reach which port. SSH and the edge's port are always allowed.
type Firewall struct {
	// Off respects a machine that has a firewall of its own.
	Off   bool           `json:"off,omitempty"`
	Allow []FirewallRule `json:"allow,omitempty"`
}

// FirewallRule opens one port.
type FirewallRule struct {
	Port     int    `json:"port"`
	Protocol string `json:"protocol,omitempty"` // tcp or udp; empty means tcp
	// From are CIDRs; empty means everybody.
	From []string `json:"from,omitempty"`
}

// BootstrapItems are the names of all items that a bootstrap settles, in their order, for settings that name some.
func BootstrapItems() []string {
	return []string{
		"packages", "docker", "docker-config", "user", "state", "sysctl", "time", "swap", "updates", "held-packages", "firewall", "ssh", "fail2ban",
	}
}

// RevertibleItems are those of them whose change can be undone.
func RevertibleItems() []string { return []string{"firewall", "ssh"} }

// Item is what a bootstrap found of one thing on a host, and did to it.
type Item struct {
	Name string `json:"name"`
	// Before and After say its state in a few words; After is empty where nothing was to be done.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Wanted is what it should be, where a check found it to be otherwise.
	Wanted  string `json:"wanted,omitempty"`
	Changed bool   `json:"changed,omitempty"`
	// Differs says that a check found it to be other than wanted.
	Differs bool `json:"differs,omitempty"`
	// Skipped says why it was left alone; empty where it was not.
	Skipped string `json:"skipped,omitempty"`
	TookMS  int64  `json:"took_ms,omitempty"`
}

// BootstrapReport is what a bootstrap did to one host.
type BootstrapReport struct {
	Host    string    `json:"host"`
	System  string    `json:"system,omitempty"` // such as "Debian GNU/Linux 12 (bookworm)"
	Items   []Item    `json:"items,omitempty"`
	Check   bool      `json:"check,omitempty"` // nothing was to be changed
	At      time.Time `json:"at,omitzero"`
	Failure *Failure  `json:"failure,omitempty"`
}

// Changes counts the items that were changed, or would be.
func (r BootstrapReport) Changes() int {
	n := 0
	for _, i := range r.Items {
		if i.Changed || i.Differs {
			n++
		}
	}
	return n
}
