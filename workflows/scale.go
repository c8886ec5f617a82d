package workflows

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// Scale brings the current release with other numbers of replicas on each host. They hold until a deploy brings those of
// the files again. It answers as Deploy does.
func Scale(ctx workflow.Context, in RecordedInput) (app.Result, error) {
	f := newFromRecords(ctx, app.RunScale, in)
	err := f.repeat(ctx, activities.RecallInput{}, f.chooseReplicas)
	return f.end(ctx, err)
}

func (f *fromRecords) chooseReplicas() error {
	if err := f.refuseStopped(); err != nil {
		return err
	}
	if len(f.asked.Replicas) == 0 {
		return f.refuse("", "no service is named", "Say SERVICE=N, for example web=3.")
	}
	for _, name := range slices.Sorted(maps.Keys(f.asked.Replicas)) {
		n := f.asked.Replicas[name]
		s, err := f.service(name)
		if err != nil {
			return err
		}
		alone := strings.Join(s.Container.Exclusive(), ".")
		switch {
		case n < 0:
			return f.refuse(name, fmt.Sprintf("%s cannot have %d replicas", name, n), "Say 0 or more.")
		case n == 0 && s.Routed():
			return f.refuse(name, name+" is routed, and needs at least one replica", "To take the site off, use longshore stop.")
		case n > 1 && s.OneShot:
			return f.refuse(name, name+" runs once, for another service that waits for its end", "")
		case n > 1 && alone != "":
			return f.refuse(name, fmt.Sprintf("only one of %d replicas of %s could have its %s", n, name, alone), "Remove that from the compose file and deploy, or run one replica.")
		}
		s.Replicas = n
	}
	return nil
}
