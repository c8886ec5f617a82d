package hosttest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

func testNetworks(t *testing.T, open func(t *testing.T) host.Host, world World) {
	ctx := bounded(t)
	engine := open(t).Engine()
	label, name := unique("label"), unique("net")
	var random [1]byte
	_, _ = rand.Read(random[:])
	prefix := fmt.Sprintf("10.213.%d.", random[0])
	network := app.Network{Labels: map[string]string{label: "yes"}, Subnets: []app.Subnet{{CIDR: prefix + "0/24"}}}
	id, err := engine.NetworkCreate(ctx, name, network)
	must(t, err)
	cleanup(t, func(ctx context.Context) error {
		if err := engine.NetworkRemove(ctx, name); !errors.Is(err, host.ErrNotFound) {
			return err
		}
		return nil
	})
	state, err := engine.NetworkInspect(ctx, name)
	if err != nil || state.ID != id || state.Name != name || len(state.Subnets) != 1 || state.Subnets[0] != prefix+"0/24" || state.Labels[label] != "yes" {
		t.Errorf("the network is %+v, %v", state, err)
	}
	if _, err := engine.NetworkCreate(ctx, name, app.Network{}); !errors.Is(err, host.ErrConflict) {
		t.Errorf("a second network of one name gives %v, want ErrConflict", err)
	}
	if _, err := engine.NetworkCreate(ctx, unique("overlap"), network); !errors.Is(err, host.ErrAddressTaken) {
		t.Errorf("a taken subnet gives %v, want ErrAddressTaken", err)
	}
	if found, err := engine.NetworkList(ctx, map[string]string{label: ""}); err != nil || len(found) != 1 {
		t.Errorf("%d networks have the label, %v", len(found), err)
	}

	fixed := world.Runs
	fixed.Networks = []app.Attachment{{Network: name, IPv4: prefix + "10"}}
	container := create(ctx, t, engine, unique("fixed"), fixed)
	must(t, engine.ContainerStart(ctx, container))
	address := func(id, want string) {
		t.Helper()
		state, err := engine.ContainerInspect(ctx, id)
		if err != nil || state.Addresses[name] != want {
			t.Errorf("its address is %q, %v, want %q", state.Addresses[name], err, want)
		}
	}
	address(container, prefix+"10")
	same := create(ctx, t, engine, unique("same"), fixed)
	if err := engine.ContainerStart(ctx, same); !errors.Is(err, host.ErrAddressTaken) {
		t.Errorf("a taken address gives %v, want ErrAddressTaken", err)
	}
	if err := engine.NetworkRemove(ctx, name); err == nil {
		t.Error("a network is removed under its containers")
	}
	must(t, engine.ContainerStop(ctx, container, 0))
	address(container, prefix+"10")
	must(t, engine.ContainerStart(ctx, container))
	address(container, prefix+"10")

	joins := create(ctx, t, engine, unique("joins"), world.Runs)
	must(t, engine.ContainerStart(ctx, joins))
	must(t, engine.NetworkConnect(ctx, name, joins, app.Attachment{IPv4: prefix + "11"}))
	address(joins, prefix+"11")
	must(t, engine.NetworkDisconnect(ctx, name, joins))
	address(joins, "")
	for what, err := range map[string]error{
		"connect": engine.NetworkConnect(ctx, unique("none"), joins, app.Attachment{}),
		"remove":  engine.NetworkRemove(ctx, unique("none")),
	} {
		if !errors.Is(err, host.ErrNotFound) {
			t.Errorf("%s of a missing network gives %v, want ErrNotFound", what, err)
		}
	}
	must(t, engine.ContainerRemove(ctx, container))
	must(t, engine.ContainerRemove(ctx, same))
	must(t, engine.NetworkRemove(ctx, name))
	if _, err := engine.NetworkInspect(ctx, name); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("a removed network gives %v, want ErrNotFound", err)
	}
}
