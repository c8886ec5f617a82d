package workflows_test

import (
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

// Apps that read a secret again where they run do so at a time of their own, also on the way back: what they may still use
// stays good for as long as the soak.
func TestWayBackWaitsForAppsThatReadInPlace(t *testing.T) {
	const cancelled, soak = 5 * time.Minute, 10 * time.Minute
	for name, c := range map[string]struct {
		world   *rotationWorld
		inPlace bool
		waits   bool
	}{
		"two users":                 {newRotationWorld(app.WithPostgres, "blue", "green"), true, true},
		"own steps":                 {newRotationWorld(app.WithCommand), true, true},
		"two users, new containers": {newRotationWorld(app.WithPostgres, "blue", "green"), false, false},
		"one user":                  {newRotationWorld(app.WithPostgres, "app"), true, false},
		"value":                     {newRotationWorld(app.WithValue), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.world.sites["b"].inPlace = c.inPlace
			run := &memory.Run{}
			run.Script = map[time.Duration]func(){cancelled: func() { run.Cancel() }}
			r := c.world.rotate(t, c.world.input(), run)
			if r.Outcome != app.Cancelled {
				t.Errorf("%+v", r)
			}
			if waited := r.DurationMS >= (cancelled + soak).Milliseconds(); waited != c.waits {
				t.Errorf("it took %d ms", r.DurationMS)
			}
		})
	}
}

// A credential that is refused before any app has it keeps nobody waiting.
func TestWayBackFromTheTestWaitsForNobody(t *testing.T) {
	w := newRotationWorld(app.WithPostgres, "blue", "green")
	w.sites["b"].inPlace = true
	run := &memory.Run{Around: func(a *memory.Attempt) (any, error) {
		if a.Step == activities.TestCredential.Name {
			a.Cancel()
		}
		return a.Work()
	}}
	if r := w.rotate(t, w.input(), run); r.Outcome != app.Cancelled || r.DurationMS >= time.Minute.Milliseconds() {
		t.Errorf("%+v", r)
	}
}

// What is brought up before a rotation is given the same time.
func TestBringingUpWaitsForAppsThatReadInPlace(t *testing.T) {
	w := behind(app.WithPostgres, "blue", "green")
	w.sites["a"].inPlace = true
	if r := w.rotate(t, w.input(), &memory.Run{}); r.Outcome != app.Succeeded || r.DurationMS < (20*time.Minute).Milliseconds() {
		t.Errorf("%+v", r)
	}
}
