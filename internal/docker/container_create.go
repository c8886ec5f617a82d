package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/longshore-dev/longshore/internal/app"
)

// ContainerCreate implements host.Engine. What fails to join its networks is removed again.
func (e *Engine) ContainerCreate(ctx context.Context, name string, c app.Container) (string, error) {
	op := "create container " + name
	var id string
	err := e.callMaking(ctx, slow, op, func(ctx context.Context, cli *client.Client) error {
		config, hostConfig, networking, err := CreateRequest(c)
		if err != nil {
			return invalid{err}
		}
		platform, err := parsePlatform(c.Platform)
		if err != nil {
			return invalid{err}
		}
		if err := fitCreate(cli.ClientVersion(), config, hostConfig, networking); err != nil {
			return err
		}
		attachments := byPriority(c.Networks)
		several := len(attachments) > 1 && versions.LessThan(cli.ClientVersion(), severalNetworksAPI)
		if several {
			for _, a := range attachments[1:] {
				delete(networking.EndpointsConfig, a.Network)
			}
		}
		created, err := cli.ContainerCreate(ctx, config, hostConfig, networking, platform, name)
		if err != nil {
			return err
		}
		id = created.ID
		if !several {
			return nil
		}
		for _, a := range attachments[1:] {
			if err := cli.NetworkConnect(ctx, a.Network, id, endpoint(a)); err != nil {
				return e.undoCreate(ctx, cli, id, fmt.Errorf("joining network %s: %w", a.Network, err))
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// undoCreate removes the container even where the caller has given up, and answers why it had to.
func (e *Engine) undoCreate(ctx context.Context, cli *client.Client, id string, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), quick)
	defer cancel()
	err := cli.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil {
		return errors.Join(why, fmt.Errorf("removing the unfinished container: %w", err))
	}
	return why
}

func parsePlatform(text string) (*ocispec.Platform, error) {
	if text == "" {
		return nil, nil
	}
	var p ocispec.Platform
	fields := []*string{&p.OS, &p.Architecture, &p.Variant}
	parts := strings.Split(text, "/")
	if len(parts) < 2 || len(parts) > len(fields) {
		return nil, fmt.Errorf("platform %q is not os/architecture[/variant]", text)
	}
	for i, part := range parts {
		if part == "" {
			return nil, fmt.Errorf("platform %q is not os/architecture[/variant]", text)
		}
		*fields[i] = part
	}
	return &p, nil
}
