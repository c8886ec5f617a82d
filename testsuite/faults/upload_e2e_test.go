//go:build e2e

package faults

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

func TestAnUploadGoesOn(t *testing.T) {
	t.Parallel()
	s := empty(t, "")
	s.begin(t).result(t, 0, app.Succeeded)
	t.Run("the worker is killed", func(t *testing.T) {
		s.interrupted(t, 24*mib, s.killWorker, 6*mib, 16*mib)
	})
	t.Run("the host loses its power", func(t *testing.T) {
		s.interrupted(t, 24*mib, s.powerCycle, 10*mib)
	})
}

// A disk fills up while an image is on its way: the deploy ends clean, says where there is too little room, and takes
// nothing of it; with room, the next one goes through.
func TestADiskFillsUpInATransfer(t *testing.T) {
	t.Parallel()
	const state, engine = "/var/lib/longshore", "/var/lib/docker"
	s := empty(t, "", hosts.SmallDisk(state, 128*mib), hosts.SmallDisk(engine, 288*mib))
	s.begin(t).result(t, 0, app.Succeeded)
	for _, disk := range []string{state, engine} {
		t.Run(disk, func(t *testing.T) {
			served, before := s.version, s.inventory(t)
			s.giveData(t, 40*mib)
			s.host.Link.Bandwidth(8 * mib)
			defer s.host.Link.Bandwidth(0)
			crossed := s.crossed()
			d := s.begin(t)
			d.reached(t, crossed, 10*mib)
			empty, err := s.host.FillDisk(t.Context(), disk, mib)
			if err != nil {
				t.Fatal(err)
			}
			result := d.result(t, 3, app.FailedClean)
			s.saysNoRoom(t, result.Failure, disk)
			if version, err := s.serving(t); err != nil || version != fmt.Sprint(served) {
				t.Errorf("version %q serves, %v, not %d", version, err, served)
			}
			if after := s.inventory(t); after != before {
				t.Errorf("the host had\n%s\nand has\n%s", before, after)
			}
			s.nothingIncoming(t)
			if err := empty(context.WithoutCancel(t.Context())); err != nil {
				t.Fatal(err)
			}
			s.beginSame(t).result(t, 0, app.Succeeded)
		})
	}
	t.Run("too small from the start", func(t *testing.T) {
		before := s.inventory(t)
		s.giveData(t, 100*mib)
		crossed := s.crossed()
		result := s.begin(t).result(t, 3, app.FailedClean)
		s.saysNoRoom(t, result.Failure, engine)
		if n := s.crossed() - crossed; n > chatter {
			t.Errorf("%d bytes crossed to say so", n)
		}
		if after := s.inventory(t); after != before {
			t.Errorf("the host had\n%s\nand has\n%s", before, after)
		}
	})
}

// saysNoRoom wants a failure to say where there is too little room, how much is needed and how much there is.
func (s *stage) saysNoRoom(t *testing.T, f *app.Failure, disk string) {
	t.Helper()
	if f == nil || f.Kind != app.KindDisk || f.Host != s.host.Name || f.Advice == "" {
		t.Fatalf("the failure is %+v", f)
	}
	for _, part := range []string{s.host.Name, disk, "needs", "MiB are free"} {
		if !strings.Contains(f.Message, part) {
			t.Errorf("%q is not in %q", part, f.Message)
		}
	}
}

// inventory is what of images, containers and files a failed deploy must not change.
func (s *stage) inventory(t *testing.T) string {
	t.Helper()
	const script = `
docker images --all --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | sort
docker ps --all --no-trunc --format '{{.Names}} {{.State}}' | sort
cd /var/lib/longshore && find incoming sites -type f -not -name fence -not -name lock | sort`
	out, err := s.host.Exec(t.Context(), "sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
