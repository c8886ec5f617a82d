package container

import (
	"context"
	"strconv"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// AwaitHealthy implements activities.AwaitHealthy. It changes nothing, so it needs no fence.
func (a Activities) AwaitHealthy(ctx context.Context, in activities.HealthInput) (activities.Nothing, error) {
	deadline := time.Now().Add(in.Health.Within)
	return activities.Nothing{}, a.eachContainer(ctx, in, func(w *watch) error { return w.untilHealthy(ctx, deadline) })
}

// AwaitStable implements activities.AwaitStable.
func (a Activities) AwaitStable(ctx context.Context, in activities.HealthInput) (activities.Nothing, error) {
	end := time.Now().Add(in.Health.StableFor)
	watches, err := a.watches(ctx, in)
	if err != nil {
		return activities.Nothing{}, failing.On(in.Host, err)
	}
	for {
		for _, w := range watches {
			if err := w.stillHealthy(ctx); err != nil {
				return activities.Nothing{}, failing.On(in.Host, err)
			}
		}
		left := time.Until(end)
		heartbeat.Report(ctx, activities.Beat{Note: "healthy, " + max(left, 0).Round(time.Second).String() + " to go"})
		if left <= 0 {
			return activities.Nothing{}, nil
		}
		if err := pause(ctx, min(left, in.Health.Interval)); err != nil {
			return activities.Nothing{}, err
		}
	}
}

func (a Activities) eachContainer(ctx context.Context, in activities.HealthInput, f func(*watch) error) error {
	watches, err := a.watches(ctx, in)
	if err != nil {
		return failing.On(in.Host, err)
	}
	for i, w := range watches {
		heartbeat.Report(ctx, activities.Beat{Done: int64(i), Total: int64(len(watches)), Note: w.name})
		if err := f(w); err != nil {
			return failing.On(in.Host, err)
		}
	}
	return nil
}

// watches are one for each container. What these log is masked from here on.
func (a Activities) watches(ctx context.Context, in activities.HealthInput) ([]*watch, error) {
	if err := a.Secrets.Learn(in.Secrets); err != nil {
		return nil, err
	}
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return nil, err
	}
	var out []*watch
	for i, name := range in.Containers {
		w := &watch{host: h, in: in, name: name}
		if in.Health.Port != 0 && i < len(in.Addresses) && in.Addresses[i] != "" {
			w.address = in.Addresses[i] + ":" + strconv.Itoa(in.Health.Port)
		}
		if i < len(in.Restarts) {
			w.restarts = in.Restarts[i]
		}
		out = append(out, w)
	}
	return out, nil
}

// pause waits, or answers why the activity has to end.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// watch is one container whose health is asked after.
type watch struct {
	host host.Host
	in   activities.HealthInput
	name string
	// address is where it is asked; empty where its running (and Docker's own check) is all there is.
	address string
	// restarts are those that do not count.
	restarts int
}

// untilHealthy polls until the container is healthy. One that ends, or is not healthy by the deadline, fails.
func (w *watch) untilHealthy(ctx context.Context, deadline time.Time) error {
	for {
		why, err := w.ask(ctx)
		if err != nil || why == "" {
			return err
		}
		if time.Now().After(deadline) {
			return w.fail(ctx, app.KindUnhealthy, "is not healthy after "+w.in.Health.Within.String()+": "+why,
				"Look at what it printed. If it needs longer to start, raise x-longshore.health.within.", nil)
		}
		heartbeat.Report(ctx, activities.Beat{Note: w.name + ": " + why})
		if err := pause(ctx, w.in.Health.Interval); err != nil {
			return err
		}
	}
}

// endsWithin is how long Docker may take to tell that a process has ended.
const endsWithin = 500 * time.Millisecond

// stillHealthy fails for a container that was healthy and is not any more.
func (w *watch) stillHealthy(ctx context.Context) error {
	why, err := w.ask(ctx)
	if err != nil || why == "" {
		return err
	}
	// A process that dies is seen by its connections before Docker knows that it has ended, and with which code.
	if err := pause(ctx, endsWithin); err != nil {
		return err
	}
	if _, err := w.ask(ctx); err != nil {
		return err
	}
	return w.fail(ctx, app.KindUnhealthy, "was healthy and is not any more: "+why,
		"It has to stay healthy for x-longshore.health.stable_for ("+w.in.Health.StableFor.String()+").", nil)
}

// ask answers why the container is not healthy yet, or "" where it is. A container that can no longer get healthy is
// an error.
func (w *watch) ask(ctx context.Context) (string, error) {
	c, there, err := find(ctx, w.host, w.in.Site, w.name)
	if err != nil {
		return "", err
	}
	if !there {
		return "", failing.With(app.Failure{Kind: app.KindMissing, Service: w.in.Service, Message: "the container " + w.name + " is gone",
			Advice: "Something else removed it. Deploy again."}, nil)
	}
	if w.in.OneShot && c.Status == "exited" && c.ExitCode == 0 {
		return "", nil
	}
	if c.Status == "exited" || c.Status == "dead" || c.Status == "restarting" || c.Restarts > w.restarts {
		if c, err = w.endsAgain(ctx, c); err != nil {
			return "", err
		}
		return "", w.fail(ctx, app.KindExited, exitText(c), "Look at what it printed; run it by hand with the same environment.", &c)
	}
	switch {
	case w.in.OneShot:
		return "it has not ended yet", nil
	case !c.Running():
		return "it is " + c.Status, nil
	case c.Health == "starting":
		return "Docker's health check has not passed yet", nil
	case c.Health == "unhealthy":
		return "Docker's health check fails", nil
	case w.address == "":
		return "", nil
	}
	return w.askEdge(ctx)
}

func (w *watch) askEdge(ctx context.Context) (string, error) {
	timeout := w.in.Health.Timeout
	answer, err := edge.ClientOf(w.host).Check(ctx, app.EdgeCheck{Address: w.address, Path: w.in.Health.Path, Timeout: timeout})
	if err != nil {
		return "", err
	}
	switch {
	case answer.OK:
		return "", nil
	case answer.Error != "":
		return answer.Error, nil
	default:
		return "GET " + w.in.Health.Path + " on port " + strconv.Itoa(w.in.Health.Port) + " answers " + strconv.Itoa(answer.Status), nil
	}
}

// A container that ends again and again is waited for to end once more, since the engine forgets the exit code of one
// that it has restarted. The window in which it tells the code is at least 100 ms.
const (
	endsAgainWithin = 5 * time.Second
	endsAgainLook   = 40 * time.Millisecond
)

// endsAgain answers a container that Docker has restarted as it is when it has ended again; as it is, where it does not
// end soon.
func (w *watch) endsAgain(ctx context.Context, c app.ContainerState) (app.ContainerState, error) {
	for deadline := time.Now().Add(endsAgainWithin); c.Running() && time.Now().Before(deadline); {
		if err := pause(ctx, endsAgainLook); err != nil {
			return c, err
		}
		again, there, err := find(ctx, w.host, w.in.Site, w.name)
		if err != nil || !there {
			return c, err
		}
		c = again
	}
	return c, nil
}

func exitText(c app.ContainerState) string {
	text := "ended"
	if !c.Running() {
		text += " with exit code " + strconv.Itoa(c.ExitCode)
	}
	if c.OOM {
		text += " (out of memory)"
	}
	if c.Error != "" {
		text += ": " + c.Error
	}
	if c.Restarts > 0 {
		text += ", and Docker has restarted it " + times(c.Restarts)
	}
	return text
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}

// fail makes the failure of this container, with its last lines.
func (w *watch) fail(ctx context.Context, kind, what, advice string, c *app.ContainerState) error {
	// A machine that reboots stops its containers first, which is no failure of theirs: they are asked again when it is back.
	if err := host.Stopping(ctx, w.host); err != nil {
		return err
	}
	f := app.Failure{Kind: kind, Host: w.in.Host.Name, Service: w.in.Service, Message: w.in.Service + " (" + w.name + ") " + what, Advice: advice}
	if c != nil && !c.Running() {
		f.Exited, f.ExitCode = true, c.ExitCode
	}
	f.Logs = lastLines(ctx, w.host, w.name)
	return failing.With(f, nil)
}

// logLines is how many of a failed container's last lines a failure carries.
const logLines = 20

// lastLines are a container's last lines of output. A failure to read them is not worth hiding the real one for.
func lastLines(ctx context.Context, h host.Host, name string) []string {
	lines, err := h.Engine().ContainerLogs(ctx, name, logLines)
	if err != nil {
		return []string{"(its logs cannot be read: " + err.Error() + ")"}
	}
	return lines
}
