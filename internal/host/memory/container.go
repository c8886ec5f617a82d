package memory

import (
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// Docker's states, as far as containers in memory have them.
const (
	created    = "created"
	running    = "running"
	restarting = "restarting"
	exited     = "exited"
)

// container is simulated by asking, whenever it is looked at, what has become of it by now.
type container struct {
	id, name string
	spec     app.Container
	imageID  string
	does     Behaviour

	status     string
	code       int
	created    time.Time
	startedAt  time.Time
	finishedAt time.Time
	restartAt  time.Time
	restarts   int
	stopped    bool // by request: its restart policy counts no more
	failure    string

	endpoints map[string]*endpoint // by the network's name
	ports     []app.Port           // bound while it runs
	lines     []line
}

// endpoint is a container's place in a network.
type endpoint struct {
	wish    netip.Addr // what was asked for; invalid for any
	address netip.Addr // valid while the container runs
}

type line struct {
	at     time.Time
	stderr bool
	text   string
}

// firstRestart is the engine's first wait before a restart; each further one is twice as long.
const (
	firstRestart = 100 * time.Millisecond
	lastRestart  = time.Minute
)

// begin starts the process.
func (c *container) begin(at time.Time) {
	c.status, c.code, c.startedAt, c.failure = running, 0, at, ""
	for _, text := range c.does.Stdout {
		c.lines = append(c.lines, line{at: at, text: text})
	}
	for _, text := range c.does.Stderr {
		c.lines = append(c.lines, line{at: at, stderr: true, text: text})
	}
}

// end ends the process. Its ports and addresses are free again unless it is to be restarted.
func (c *container) end(at time.Time, code int) {
	c.status, c.code, c.finishedAt = exited, code, at
	if c.restartsAfter(code) {
		wait := min(firstRestart<<min(c.restarts, 20), lastRestart)
		c.status, c.restartAt = restarting, at.Add(wait)
		c.restarts++
		return
	}
	c.ports = nil
	for _, e := range c.endpoints {
		e.address = netip.Addr{}
	}
}

func (c *container) restartsAfter(code int) bool {
	if c.stopped {
		return false
	}
	switch c.spec.Restart.Name {
	case "always", "unless-stopped":
		return true
	case "on-failure":
		return code != 0 && (c.spec.Restart.MaxRetry == 0 || c.restarts < c.spec.Restart.MaxRetry)
	default:
		return false
	}
}

// advance lets happen what is due by now.
func (c *container) advance(now time.Time) {
	for {
		due, ok := c.due()
		if !ok || due.After(now) {
			return
		}
		if c.status == restarting {
			c.begin(due)
		} else {
			c.end(due, c.does.ExitCode)
		}
	}
}

// due is when something happens next.
func (c *container) due() (time.Time, bool) {
	switch {
	case c.status == restarting:
		return c.restartAt, true
	case c.status == running && c.does.Exits:
		return c.startedAt.Add(c.does.After), true
	default:
		return time.Time{}, false
	}
}

// until is the time until something happens next; 0 where nothing does.
func (c *container) until(now time.Time) time.Duration {
	due, ok := c.due()
	if !ok {
		return 0
	}
	return max(due.Sub(now), time.Millisecond)
}

// answers says whether the process, which runs, is healthy.
func (c *container) answers(now time.Time) bool {
	age := now.Sub(c.startedAt)
	return !c.does.NeverHealthy && age >= c.does.HealthyAfter && (c.does.UnhealthyAfter == 0 || age < c.does.UnhealthyAfter)
}

// health is what Docker's own check says, where the container has one.
func (c *container) health(now time.Time) string {
	check := c.spec.Healthcheck
	if check == nil || slices.Equal(check.Test, []string{"NONE"}) || c.status != running {
		return ""
	}
	switch age := now.Sub(c.startedAt); {
	case c.answers(now):
		return "healthy"
	case age < c.does.HealthyAfter, c.does.NeverHealthy && age < check.StartPeriod:
		return "starting"
	default:
		return "unhealthy"
	}
}

func (c *container) state() app.ContainerState {
	s := app.ContainerState{
		ID: c.id, Name: c.name, Image: c.spec.Image, ImageID: c.imageID, Labels: c.spec.Labels,
		Status: c.status, Health: c.health(time.Now()), ExitCode: c.code, Error: c.failure, Restarts: c.restarts,
		Created: c.created, StartedAt: c.startedAt, FinishedAt: c.finishedAt, Ports: slices.Clone(c.ports),
	}
	for name, e := range c.endpoints {
		address := e.address
		if !address.IsValid() {
			address = e.wish
		}
		if address.IsValid() {
			if s.Addresses == nil {
				s.Addresses = make(map[string]string)
			}
			s.Addresses[name] = address.String()
		}
	}
	return s
}

// hostOf is an address without its port.
func hostOf(address string) string {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return name
}
