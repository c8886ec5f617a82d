//go:build e2e

package transfer

import (
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// useContainerd has a host's engine keep its images in containerd's store.
const useContainerd = `
set -e
config=$(cat /etc/docker/daemon.json)
printf '%s' "${config%\}*}" > /etc/docker/daemon.json
[ "$config" = "{}" ] || printf , >> /etc/docker/daemon.json
echo '"features": {"containerd-snapshotter": true}}' >> /etc/docker/daemon.json
systemctl restart docker`

// complete makes a container of an image, reads all of it, and has the engine save the image: nothing is missing,
// neither of what runs nor of what it was made of.
const complete = `
set -e
id=$(docker create "$1" /none)
docker export "$id" | tar -x -O | sha256sum
docker rm "$id" >/dev/null
docker save "$1" | wc -c`

func TestContainerdStore(t *testing.T) {
	p := newPlace(t, hosts.OnRelease(hosts.Trixie), hosts.SmallDisk("/var/lib/containerd", 1<<30))
	_, err := p.host.Exec(p.ctx, "sh", "-c", useContainerd)
	must(t, err)
	must(t, p.host.WaitDocker(p.ctx))
	info, err := p.remote.Engine().Info(p.ctx)
	if err != nil || !info.Containerd {
		t.Fatalf("the engine does not use containerd's store: %+v, %v", info, err)
	}
	p.bringHelper()
	worker := p.worker()
	expect := func(what string, image app.Image, bytes int64) {
		t.Helper()
		before := p.crossed()
		result, err := p.transfer(worker, image)
		must(t, err)
		if crossed := p.crossed() - before; crossed < bytes || crossed > bytes+bytes/20+nothing || result.Note != "" {
			t.Errorf("%s: %d bytes crossed, where %d were missing; %q", what, crossed, bytes, result.Note)
		}
	}
	whole := func(image app.Image) string {
		t.Helper()
		out, err := p.host.Exec(p.ctx, "bash", "-o", "pipefail", "-c", complete, "complete", image.Ref)
		must(t, err)
		return out
	}
	first, second := p.image("1", base, middle), p.image("2", base, layer{50, mib})
	expect("cold", first, 16*mib)
	expect("unchanged", first, 0)
	expect("changed top layer", second, mib)
	had := whole(second)
	// What the second was sent without stays when the image that brought it goes.
	_, err = p.host.Exec(p.ctx, "docker", "rmi", first.Ref)
	must(t, err)
	if has := whole(second); has != had {
		t.Errorf("without the first, the second has %s, not %s", has, had)
	}
	_, err = p.host.Exec(p.ctx, "docker", "rmi", second.Ref)
	must(t, err)
	expect("removed by hand", second, 13*mib)
	if has := whole(second); has != had {
		t.Errorf("sent whole, the second has %s, not %s", has, had)
	}
}
