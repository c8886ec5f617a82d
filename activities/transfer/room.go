package transfer

import (
	"context"
	"fmt"

	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
)

// room is what a transfer needs of a host's disks, in bytes.
type room struct{ engine, state int64 }

// checkRoom refuses an image that the host has no room for.
func (s *shipment) checkRoom(ctx context.Context, need room) error {
	info, err := s.to.Engine().Info(ctx)
	if err != nil {
		return err
	}
	free, err := s.to.Files().FreeBytes(ctx, info.RootDir)
	if err != nil {
		return err
	}
	if need.state > 0 {
		state, err := s.to.Files().FreeBytes(ctx, s.to.Files().Root())
		if err != nil {
			return err
		}
		if state == free { // the same disk
			need.engine += need.state
		} else if state < need.state {
			return s.noRoom(s.to.Files().Root(), need.state, state, "Free some space there, and deploy again.")
		}
	}
	if free < need.engine {
		return s.noRoom(info.RootDir, need.engine, free, "Free some space, for example with docker system prune, and deploy again.")
	}
	return nil
}

func (s *shipment) noRoom(where string, need, free int64, advice string) error {
	return failing.With(app.Failure{
		Kind: app.KindDisk, Host: s.in.Host.Name, Service: s.in.Service,
		Message: fmt.Sprintf("the image of %s needs %d MiB on %s (%s), and %d MiB are free", s.in.Service, need>>20, s.in.Host.Name, where, free>>20),
		Advice:  advice,
	}, nil)
}
