package container_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/activities/secretfiles"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

// refreshInput brings another version into the containers of startInput.
func (v *vault) refreshInput(t *testing.T, version string) activities.RefreshInput {
	return activities.RefreshInput{
		Target: v.target, Release: "4-abc", Service: service(), Secrets: v.secrets(t, version), Names: []string{"web-1", "web-2"},
		OnChange: app.OnChange{Action: app.OnChangeSignal, Signal: "SIGHUP"},
	}
}

// signals counts the signals that were sent.
func (v *vault) signals() int {
	n := 0
	for _, op := range v.Ops() {
		if op.Name == "ContainerKill" {
			n++
		}
	}
	return n
}

func (v *vault) versions(t *testing.T) map[string]string {
	t.Helper()
	got, err := secretfiles.Versions(t.Context(), v.Host(), site, v.Machine.Containers()["web-1"])
	must(t, err)
	return got
}

func TestRefreshAndRestore(t *testing.T) {
	v := newVault(t)
	must(t, run(t, v.activities.Start, v.startInput(t)))
	before := v.files(t)
	in := v.refreshInput(t, "2")
	for range 2 {
		must(t, run(t, v.activities.RefreshSecrets, in))
	}
	if n := v.signals(); n != 4 {
		t.Errorf("two containers got %d signals of two attempts", n)
	}
	now := v.folder(t)
	if now["mounted/db"] != "db 2" || now["mounted/nested/deeper/db"] != "db 2" {
		t.Errorf("refreshed: %v", now)
	}
	for name, f := range v.files(t) {
		if b, ok := before[name]; ok && (b.Owner != f.Owner || b.Mode != f.Mode) {
			t.Errorf("%s was %s %o, and is %s %o", name, b.Owner, b.Mode, f.Owner, f.Mode)
		}
		if strings.Contains(name, "/single/") && string(f.Data) != "cert 1" {
			t.Error("a file that is mounted by itself was replaced")
		}
	}
	if got := v.versions(t); got["DB"] != "2" || got["CERT"] != "1" || got["TOKEN"] != "1" {
		t.Errorf("the containers have %v", got)
	}
	// A second run refreshes what the first has: each goes back to what it has found.
	again := v.refreshInput(t, "3")
	again.Release = "5-abc"
	must(t, run(t, v.activities.RefreshSecrets, again))
	for range 2 {
		must(t, run(t, v.activities.RestoreSecrets, again))
	}
	if got := v.versions(t); got["DB"] != "2" || v.folder(t)["mounted/db"] != "db 2" {
		t.Errorf("gone back to %v, %v", got, v.folder(t))
	}
	for range 2 {
		must(t, run(t, v.activities.RestoreSecrets, in))
	}
	if got := v.versions(t); got["DB"] != "1" {
		t.Errorf("gone back to %v", got)
	}
	for name, f := range v.files(t) {
		if b, ok := before[name]; ok && (string(b.Data) != string(f.Data) || b.Owner != f.Owner || b.Mode != f.Mode) {
			t.Errorf("%s is %+v, and was %+v", name, f, b)
		}
		if strings.Contains(name, "before-") || strings.Contains(name, "making-") {
			t.Errorf("left: %s", name)
		}
	}
	if n := v.signals(); n != 10 {
		t.Errorf("%d signals in all: what restores nothing sends none", n)
	}
}

func TestRefreshOfAContainerThatIsGone(t *testing.T) {
	v := newVault(t)
	must(t, run(t, v.activities.Start, v.startInput(t)))
	must(t, v.Host().Engine().ContainerRemove(t.Context(), "web-2"))
	in := v.refreshInput(t, "2")
	if err := run(t, v.activities.RefreshSecrets, in); activities.FailureOf(err).Kind != app.KindMissing {
		t.Errorf("%v", err)
	}
	if got := v.folder(t)["mounted/db"]; got != "db 1" {
		t.Errorf("and the other has got %s", got)
	}
	must(t, run(t, v.activities.RestoreSecrets, in))
}

// TestBrokenRefresh breaks the connection at each call of a refresh: the file is one version or the other and whole, an
// undo brings back the old one, and a retry the new one.
func TestBrokenRefresh(t *testing.T) {
	for at := 1; ; at++ {
		v := newVault(t)
		must(t, run(t, v.activities.Start, v.startInput(t)))
		in := v.refreshInput(t, "2")
		broken := func(f func(context.Context, activities.RefreshInput) (activities.Nothing, error)) error {
			calls := 0
			v.Before(func(_ context.Context, op memory.Op) error {
				if calls++; calls == at {
					return host.ErrUnreachable
				}
				return nil
			})
			defer v.Before(nil)
			return run(t, f, in)
		}
		first := broken(v.activities.RefreshSecrets)
		if got := v.folder(t)["mounted/db"]; got != "db 1" && got != "db 2" {
			t.Fatalf("call %d: the file is %q", at, got)
		}
		second := broken(v.activities.RestoreSecrets)
		must(t, run(t, v.activities.RestoreSecrets, in))
		if got := v.folder(t); got["mounted/db"] != "db 1" || got["mounted/nested/deeper/db"] != "db 1" || v.versions(t)["DB"] != "1" {
			t.Errorf("call %d: restored to %v, %v", at, got, v.versions(t))
		}
		must(t, run(t, v.activities.RefreshSecrets, in))
		if got := v.folder(t); got["mounted/db"] != "db 2" || v.versions(t)["DB"] != "2" {
			t.Errorf("call %d: refreshed to %v", at, got)
		}
		must(t, secretfiles.Sweep(t.Context(), v.Host(), site))
		if left := v.folder(t); len(left) != 4 {
			t.Errorf("call %d: left are %v", at, left)
		}
		if first == nil && second == nil {
			if at < 15 {
				t.Fatalf("only %d calls were broken", at)
			}
			return
		}
		if first != nil && !errors.Is(first, host.ErrUnreachable) && activities.FailureOf(first).Kind != app.KindUnreachable {
			t.Fatal(first)
		}
	}
}

func TestSweep(t *testing.T) {
	v := newVault(t)
	must(t, run(t, v.activities.Start, v.startInput(t)))
	must(t, run(t, v.activities.RefreshSecrets, v.refreshInput(t, "2")))
	for _, name := range []string{"1-old/web/mounted/db", "1-old/db/single/x", secretRelease + "/gone/mounted/db", secretRelease + "/web/making-x/mounted/db"} {
		must(t, v.Host().Files().Write(t.Context(), fence.SiteDir(site)+"/secrets/"+name, []byte("x"), 0))
	}
	for range 2 {
		must(t, secretfiles.Sweep(t.Context(), v.Host(), site))
		if left := v.folder(t); len(left) != 4 || left["versions.json"] == "" || left["mounted/db"] != "db 2" {
			t.Errorf("left: %v", left)
		}
	}
}
