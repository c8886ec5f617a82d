package secret

import (
	"context"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/store"
)

// SettleVersion implements activities.SettleVersion: what is settled already stays as it is.
func (a Activities) SettleVersion(_ context.Context, in activities.SettleVersionInput) (activities.Nothing, error) {
	to := store.Settlement{Current: number(in.Current), From: number(in.From), By: in.By, Why: in.Why}
	for version, n := range map[string]int{in.Current: to.Current, in.From: to.From} {
		if version != "" && n == 0 {
			return activities.Nothing{}, refuse("", "%q is not a version of %s", version, in.Secret)
		}
	}
	for _, version := range in.Revoke {
		n := number(version)
		if n == 0 {
			return activities.Nothing{}, refuse("", "%q is not a version of %s", version, in.Secret)
		}
		to.Revoke = append(to.Revoke, n)
	}
	_, err := a.folder(in.Secret.Scope).Settle(in.Secret.Name, to)
	return activities.Nothing{}, failed(err)
}
