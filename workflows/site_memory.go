package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// remember takes up what the hosts know of the site, and the runs that are under way, where the workflow begins without
// a memory of its own.
func (s *site) remember(ctx workflow.Context) error {
	if s.remembered {
		return nil
	}
	if err := workflow.Await(ctx, func() bool { return len(s.asked) > 0 }); err != nil {
		return err
	}
	forward, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	s.Hosts = s.asked
	for _, known := range s.ask(forward, s.asked) {
		s.learn(known)
	}
	s.remembered = true
	s.adoptOpen(forward)
	return nil
}

// ask has hosts say what they know of the site; those that do not answer are left out.
func (s *site) ask(ctx workflow.Context, hosts []app.Host) []activities.Remembered {
	calls := make([]activities.Pending[activities.Remembered], len(hosts))
	for i, h := range hosts {
		calls[i] = activities.Remember.Start(ctx, activities.RememberInput{Host: h, Site: s.id})
	}
	var answers []activities.Remembered
	for _, call := range calls {
		if known, err := call.Get(ctx); err == nil {
			answers = append(answers, known)
		}
	}
	return answers
}

// learn takes up one host's word: the newest release and the highest fence count, and of freezes the one that was made
// last. A host that missed the end of a freeze has the site frozen again, which a person can end.
func (s *site) learn(known activities.Remembered) {
	s.Fence = max(s.Fence, known.Fence)
	s.Number = max(s.Number, app.ReleaseNumber(known.Current))
	if app.ReleaseNumber(known.Current) > app.ReleaseNumber(s.Current) {
		s.Current, s.Behind = known.Current, known.Behind
	}
	if f := known.Freeze; f != nil && (s.Freeze == nil || f.At.After(s.Freeze.At)) {
		s.Freeze = f
	}
}

// maxRepairs is how many repairs in a row may fail before the site leaves the hosts behind to a person.
const maxRepairs = 3

// untilLook is how long an idle site waits before it looks at the hosts that were left behind; 0 where it does not.
func (s *site) untilLook(ctx workflow.Context) (wait time.Duration, summary string) {
	if len(s.Behind) == 0 || s.queue().failedInARow(app.RunRepair) >= maxRepairs {
		return 0, ""
	}
	if s.frozen(ctx) {
		if s.Freeze.Until.IsZero() {
			return 0, ""
		}
		return s.Freeze.Until.Sub(workflow.Now(ctx)), "the end of the freeze"
	}
	return s.look.next(), "look whether " + strings.Join(s.Behind, ", ") + " is back"
}

// lookBehind asks the hosts that were left behind for a sign of life, and has the site repaired where one gives it.
func (s *site) lookBehind(ctx workflow.Context) {
	behind := slices.DeleteFunc(slices.Clone(s.Hosts), func(h app.Host) bool { return !slices.Contains(s.Behind, h.Name) })
	if len(behind) == 0 {
		s.Behind = nil // they are no longer the site's
		return
	}
	if len(s.ask(ctx, behind)) == 0 || len(s.queue().Waiting) > 0 {
		return
	}
	s.Repairs++
	// The run that a reset goes back to has the same original: the repair is found again by its id.
	id := fmt.Sprintf("back-%.8s-%d", workflow.GetInfo(ctx).OriginalRunID, s.Repairs)
	r := Request{ID: id, Kind: app.RunRepair, Recorded: &RecordedInput{
		Site: s.id, Hosts: s.Hosts,
		Order: Order{By: "longshore", Why: "a host that was left behind is back: " + strings.Join(s.Behind, ", "), AllowPartial: true},
	}}
	s.enqueue(ctx, r, 0)
}
