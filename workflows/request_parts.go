package workflows

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// requestID is what may stand in a workflow id, and be typed.
var requestID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// order is what every run is given; zero for a request without an input.
func (r Request) order() Order {
	switch {
	case r.Deploy != nil:
		return r.Deploy.Order
	case r.Recorded != nil:
		return r.Recorded.Order
	case r.Stop != nil:
		return r.Stop.Order
	}
	return Order{}
}

// site and hosts are what the request is about; zero for one without an input.
func (r Request) site() app.Site {
	switch {
	case r.Deploy != nil:
		return r.Deploy.Spec.Site
	case r.Recorded != nil:
		return r.Recorded.Site
	case r.Stop != nil:
		return r.Stop.Site
	}
	return app.Site{}
}

func (r Request) hosts() []app.Host {
	switch {
	case r.Deploy != nil:
		return r.Deploy.Spec.Hosts
	case r.Recorded != nil:
		return r.Recorded.Hosts
	case r.Stop != nil:
		return r.Stop.Hosts
	}
	return nil
}

// source is what a deploy deploys, or a rollback's release; empty for others.
func (r Request) source() string {
	switch {
	case r.Deploy != nil:
		return r.Deploy.Spec.Source.ID
	case r.Recorded != nil:
		return r.Recorded.To
	}
	return ""
}

// input is the run's own, with what the site adds to its order.
func (r Request) input(fence int64, number int, brokeFreeze bool) any {
	complete := func(o Order) Order {
		o.Fence, o.Number, o.BrokeFreeze = fence, number, brokeFreeze
		return o
	}
	switch {
	case r.Deploy != nil:
		in := *r.Deploy
		in.Order = complete(in.Order)
		return in
	case r.Recorded != nil:
		in := *r.Recorded
		in.Order = complete(in.Order)
		return in
	default:
		in := *r.Stop
		in.Order = complete(in.Order)
		return in
	}
}

// problem says what is wrong with a request to a site; nil for nothing.
func (r Request) problem(site app.Site) *app.Failure {
	wrong := func(format string, args ...any) *app.Failure {
		return &app.Failure{Kind: app.KindSpec, Step: "request", Message: fmt.Sprintf(format, args...)}
	}
	inputs := 0
	for _, set := range []bool{r.Deploy != nil, r.Recorded != nil, r.Stop != nil} {
		if set {
			inputs++
		}
	}
	switch {
	case !requestID.MatchString(r.ID):
		return wrong("a request's id is 1 to 64 letters, digits and . _ -, not %q", cut(r.ID))
	case !slices.Contains(app.RunKinds(), r.Kind):
		return wrong("there is no kind of run %q", cut(string(r.Kind)))
	case inputs != 1 || !r.fits():
		return wrong("a request for a %s has exactly one input, the one that fits it", r.Kind)
	case r.site() != site:
		return wrong("the request is about %s, but this is %s", r.site(), site)
	case len(r.hosts()) == 0:
		return wrong("the request names no host")
	}
	return nil
}

// fits says whether the input that the kind needs is there.
func (r Request) fits() bool {
	switch r.Kind {
	case app.RunDeploy:
		return r.Deploy != nil
	case app.RunStop, app.RunRemove:
		return r.Stop != nil
	default:
		return r.Recorded != nil
	}
}

// parseRunID reads what RunID wrote; the request is empty where the id is not of its form.
func parseRunID(workflowID string) (kind app.RunKind, request string) {
	parts := strings.SplitN(workflowID, "/", 5)
	if len(parts) == 5 {
		request = parts[4]
	}
	return app.RunKind(parts[0]), request
}
