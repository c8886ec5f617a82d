package workflows_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

// lost is a failure that a retry mends.
func lost(where string) error {
	return failing.On(app.Host{Name: where}, fmt.Errorf("%w: %s: lost for the test", host.ErrUnreachable, where))
}

// once are the operations that a retry must not do again, by their subject.
var once = []string{"ContainerCreate", "ContainerStart", "NetworkCreate", "VolumeCreate", "ImageLoad", "ImagePull", "ContainerRename"}

// twice are those of a host's changes that were done more than once to one thing.
func (d *deploys) twice(host string) []string {
	counts := map[string]int{}
	var out []string
	for _, change := range d.Changes(host) {
		op, subject, _ := strings.Cut(change, " ")
		if !slices.Contains(once, op) || subject == "" {
			continue
		}
		if counts[change]++; counts[change] == 2 {
			out = append(out, change)
		}
	}
	return out
}

// finished is a scenario's state after its deploy, without what differs from one run to the next.
func (d *deploys) finished(hosts ...string) []string {
	var out []string
	for _, name := range hosts {
		for container, c := range d.Machine(name).Containers() {
			out = append(out, name+" "+container+" "+c.ImageID+" "+c.Status+" "+c.Labels[app.LabelRelease])
		}
		s := d.State(name)
		for id, tags := range s.Images {
			out = append(out, fmt.Sprint(name, id, tags))
		}
		for path := range s.Files {
			out = append(out, name+" "+path)
		}
		out = append(out, fmt.Sprint(name, s.Volumes, len(s.Networks), d.live(name)))
	}
	slices.Sort(out)
	return out
}

// The answer of each step is lost once, after its work was done.
func TestRetriedStepsDoTheirWorkOnce(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			baseline := world(s.hosts...)
			want(t, baseline.deploy(t, s.before(t, baseline, s.hosts...)), app.Succeeded)
			for _, at := range s.spots(t) {
				t.Run(at.String(), func(t *testing.T) {
					t.Parallel()
					d := world(s.hosts...)
					spec := s.before(t, d, s.hosts...)
					for _, h := range s.hosts {
						d.Machine(h).ForgetOps()
					}
					ended := d.run(t, spec, &memory.Run{Around: func(a *memory.Attempt) (any, error) {
						if spotOf(a) != at || a.Number > 1 {
							return a.Work()
						}
						if out, err := a.Work(); err != nil {
							return out, err
						}
						return nil, lost(a.Host)
					}})
					want(t, ended, app.Succeeded)
					for _, h := range s.hosts {
						if again := d.twice(h); len(again) > 0 {
							t.Errorf("done again on %s: %v", h, again)
						}
					}
					if got, want := d.finished(s.hosts...), baseline.finished(s.hosts...); !slices.Equal(got, want) {
						t.Errorf("ended as\n%s\nnot as\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
					}
				})
			}
		})
	}
}

// Each single call to a host fails once, as by a connection that breaks.
func TestEveryCallToAHostIsRetried(t *testing.T) {
	s := scenarios()[1]
	s.hosts = s.hosts[:1]
	baseline := world(s.hosts...)
	spec := s.before(t, baseline, s.hosts...)
	baseline.Machine("web-1").ForgetOps()
	want(t, baseline.deploy(t, spec), app.Succeeded)
	calls := len(baseline.Machine("web-1").Ops())
	for n := range calls {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			d := world(s.hosts...)
			spec := s.before(t, d, s.hosts...)
			d.Machine("web-1").ForgetOps()
			failed := d.failCall("web-1", n, host.ErrUnreachable)
			ended := d.run(t, spec, &memory.Run{})
			want(t, ended, app.Succeeded)
			d.OnOp(nil)
			for _, change := range d.twice("web-1") {
				if change != *failed { // which did not reach the machine the first time
					t.Errorf("done again after %s: %s", *failed, change)
				}
			}
			if got, want := d.finished(s.hosts...), baseline.finished(s.hosts...); !slices.Equal(got, want) {
				t.Errorf("after %s ended as\n%s\nnot as\n%s", *failed, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestReleaseCommandRunsOnceOnTheFirstHost(t *testing.T) {
	d := world("web-1", "web-2")
	fails := true
	ended := d.run(t, d.Shop("aaa", "web-1", "web-2"), &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		out, err := a.Work()
		if a.Step == activities.RunReleaseCommand.Name && fails {
			fails = false
			return nil, lost("web-1")
		}
		return out, err
	}})
	want(t, ended, app.Succeeded)
	if n := ended.Count(activities.RunReleaseCommand.Name); n != 2 {
		t.Errorf("%d attempts", n)
	}
	const name = "shop-production-web-1-aaa-release"
	if n := countOps(d.Machine("web-1").Ops(), "ContainerCreate", name); n != 1 {
		t.Errorf("made %d times on the first host", n)
	}
	if n := countOps(d.Machine("web-2").Ops(), "ContainerCreate", name); n != 0 {
		t.Errorf("made %d times on the second host", n)
	}
}

func countOps(ops []hostmemory.Op, name, subject string) int {
	n := 0
	for _, op := range ops {
		if op.Name == name && op.Subject == subject {
			n++
		}
	}
	return n
}
