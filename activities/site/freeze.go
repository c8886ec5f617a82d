package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

func freezePath(s app.Site) string { return fence.SiteDir(s) + "/freeze.json" }

// ReadFreeze is a site's freeze as a host keeps it; nil for none.
func ReadFreeze(ctx context.Context, h host.Host, s app.Site) (*app.Freeze, error) {
	data, err := h.Files().Read(ctx, freezePath(s))
	if errors.Is(err, host.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the freeze of %s: %w", s, err)
	}
	var f app.Freeze
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("read the freeze of %s (%s/%s): %w", s, h.Files().Root(), freezePath(s), err)
	}
	return &f, nil
}

// KeepFreeze implements activities.KeepFreeze.
func (a Activities) KeepFreeze(ctx context.Context, in activities.KeepFreezeInput) (activities.Nothing, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return activities.Nothing{}, failing.On(in.Host, err)
	}
	if in.Freeze == nil {
		return activities.Nothing{}, failing.On(in.Host, h.Files().Remove(ctx, freezePath(in.Site)))
	}
	data, err := json.Marshal(in.Freeze)
	if err != nil {
		return activities.Nothing{}, fmt.Errorf("write the freeze of %s: %w", in.Site, err)
	}
	return activities.Nothing{}, failing.On(in.Host, h.Files().Write(ctx, freezePath(in.Site), data, 0))
}
