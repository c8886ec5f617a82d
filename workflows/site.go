package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
)

// Site owns a site: it takes requests, and does one run at a time, in the order in which they came. It goes on for as
// long as the site does. One that is asked to end does so when nothing is left to do; the next request begins another,
// which takes up what the hosts remember.
func Site(ctx workflow.Context, in SiteInput) error {
	s := newSite(ctx, in)
	if err := s.listen(ctx); err != nil {
		return err
	}
	s.mark(ctx)
	if err := s.remember(ctx); err != nil {
		return err
	}
	for {
		s.show(ctx)
		switch {
		case s.worn(ctx):
			return s.continueAsNew(ctx)
		case len(s.queue().Waiting) > 0 || len(s.queue().Doubtful) > 0:
			s.work(ctx)
		default:
			if err := s.idle(ctx); err != nil {
				return err
			}
		}
	}
}

// site is the workflow's state. It is only touched by the workflow's own coroutines.
type site struct {
	id app.Site
	siteMemory
	// remembered says that the memory can be relied on: requests are answered from then on.
	remembered bool
	// asked are the hosts to remember by, from the first update that names any.
	asked []app.Host
	// arrived counts the updates that came, and turn those that did not have to wait any more.
	arrived, turn int
	// freezeAsked is when the freeze, or its end, was asked for.
	freezeAsked time.Time
	// keeping has one word of a freeze at a time go to the hosts, so that the last one stays there.
	keeping workflow.Mutex
	// woken says that an update has changed something that an idle site acts on.
	woken bool
	// begun is the workflow id of the run under way once it can be asked to end; empty before and after.
	begun string
	look  backoff
}

// siteMemory is what a site's workflow hands on when it continues as new.
type siteMemory struct {
	Queue   queue       `json:"queue"`
	Current string      `json:"current,omitempty"`
	Fence   int64       `json:"fence,omitempty"`
	Freeze  *app.Freeze `json:"freeze,omitempty"`
	// Number is the highest release number that any host has got.
	Number int `json:"number,omitempty"`
	// Behind are the hosts that a partial run has left behind, by name.
	Behind []string `json:"behind,omitempty"`
	// Hosts are those of the last request.
	Hosts []app.Host `json:"hosts,omitempty"`
	// Repairs counts the requests that the site has made of its own.
	Repairs int `json:"repairs,omitempty"`
}

func newSite(ctx workflow.Context, in SiteInput) *site {
	s := &site{id: in.Site, keeping: workflow.NewMutex(ctx)}
	if in.Carried != nil {
		s.siteMemory, s.remembered = *in.Carried, true
	}
	return s
}

func (s *site) queue() *queue { return &s.siteMemory.Queue }

// idle waits until there is something to do: a request, or hosts to look at that were left behind.
func (s *site) idle(ctx workflow.Context) error {
	s.woken = false
	something := func() bool { return s.woken }
	wait, summary := s.untilLook(ctx)
	if wait == 0 {
		return workflow.Await(ctx, something)
	}
	options := workflow.AwaitOptions{Timeout: wait, TimerOptions: workflow.TimerOptions{Summary: summary}}
	came, err := workflow.AwaitWithOptions(ctx, options, something)
	if err == nil && !came && !s.frozen(ctx) {
		s.lookBehind(ctx)
	}
	return err
}

// siteEvents is the length of a history at which the workflow continues as new, where the engine has not suggested it
// before: a replay of it is quick, and a reset in it concerns few runs.
const siteEvents = 2000

func (s *site) worn(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	return info.GetContinueAsNewSuggested() || info.GetCurrentHistoryLength() >= siteEvents
}

func (s *site) continueAsNew(ctx workflow.Context) error {
	// An update that is being answered would be lost.
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return err
	}
	return workflow.NewContinueAsNewError(ctx, SiteName, SiteInput{Site: s.id, Carried: &s.siteMemory})
}

// frozen says whether the site refuses requests.
func (s *site) frozen(ctx workflow.Context) bool { return s.Freeze.Holds(workflow.Now(ctx)) }

// mark lets searches find the site's workflow.
func (s *site) mark(ctx workflow.Context) {
	upsert(ctx,
		temporal.NewSearchAttributeKeyKeyword(AttributeSite).ValueSet(s.id.String()),
		temporal.NewSearchAttributeKeyKeyword(AttributeProject).ValueSet(s.id.Project))
}

// backoff is a wait that grows.
type backoff struct{ last time.Duration }

const (
	firstLook = 5 * time.Second
	lastLook  = 5 * time.Minute
)

// next is how long to wait this time.
func (b *backoff) next() time.Duration {
	b.last = min(max(firstLook, 2*b.last), lastLook)
	return b.last
}
