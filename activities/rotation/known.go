package rotation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

const (
	// callWithin bounds one question to the engine.
	callWithin = 10 * time.Second
	pageSize   = 100
)

// below says whether a site inherits from a scope.
func below(site app.Site, scope app.SecretScope) bool {
	return site.String() == scope.Of || strings.HasPrefix(site.String(), scope.Of+"/")
}

// candidates are the sites that may use a secret: those given, and those of which the engine has a workflow.
func (a Activities) candidates(ctx context.Context, in activities.FindConsumersInput) ([]activities.RotationSite, error) {
	var out []activities.RotationSite
	given := map[app.Site]bool{}
	for _, s := range in.Sites {
		if below(s.Site, in.Secret.Scope) && !given[s.Site] {
			given[s.Site] = true
			out = append(out, s)
		}
	}
	known, err := a.known(ctx, in.Secret.Scope)
	if err != nil {
		return nil, err
	}
	for _, site := range known {
		if given[site] {
			continue
		}
		hosts, err := a.hostsOf(ctx, site)
		if err != nil {
			return nil, err
		}
		if len(hosts) > 0 {
			out = append(out, activities.RotationSite{Site: site, Hosts: hosts})
		}
	}
	return out, nil
}

// known are the sites below a scope that have a workflow.
func (a Activities) known(ctx context.Context, scope app.SecretScope) ([]app.Site, error) {
	var out []app.Site
	var page []byte
	for {
		answer, err := a.list(ctx, page)
		if err != nil {
			return nil, fmt.Errorf("list the sites that the engine knows: %w", err)
		}
		for _, e := range answer.GetExecutions() {
			name, isSite := strings.CutPrefix(e.GetExecution().GetWorkflowId(), workflows.SiteName+"/")
			if site, ok := app.ParseSite(name); isSite && ok && below(site, scope) {
				out = append(out, site)
			}
		}
		if page = answer.GetNextPageToken(); len(page) == 0 {
			return out, nil
		}
	}
}

func (a Activities) list(ctx context.Context, page []byte) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	return a.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: pageSize, NextPageToken: page,
		Query: "WorkflowType = '" + workflows.SiteName + "' AND ExecutionStatus = 'Running'",
	})
}

// hostsOf asks a site's workflow for the hosts of its last request.
func (a Activities) hostsOf(ctx context.Context, site app.Site) ([]app.Host, error) {
	state, err := a.state(ctx, site, "")
	return state.Hosts, err
}

// state asks a site's workflow what it knows; how a request has ended is among it.
func (a Activities) state(ctx context.Context, site app.Site, request string) (workflows.SiteState, error) {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	var state workflows.SiteState
	answer, err := a.Client.QueryWorkflow(ctx, workflows.SiteID(site), "", workflows.QueryState, workflows.StateQuery{Request: request})
	if err == nil {
		err = answer.Get(&state)
	}
	if err != nil {
		return state, fmt.Errorf("ask the workflow of %s: %w", site, err)
	}
	return state, nil
}
