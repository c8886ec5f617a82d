package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/activities/codec"
	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/starter/exit"
)

func (c *cli) codecCommand() *cobra.Command {
	var listen string
	var origins []string
	cmd := &cobra.Command{
		Use:   "codec",
		Short: "Decode payloads for a cluster's web UI",
		Long: "Serves the endpoint that a cluster's web UI asks to decode payloads, with the key ring of this machine. The\n" +
			"embedded engine has one of its own. Whoever reaches the endpoint can read what runs have written: keep it on\n" +
			"loopback, or behind something that knows your people.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.codec(cmd.Context(), listen, origins) },
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8234", "the address to serve on")
	cmd.Flags().StringArrayVar(&origins, "origin", nil, "the web UI's origin, such as http://127.0.0.1:8233; may be given again")
	return cmd
}

func (c *cli) codec(ctx context.Context, listen string, origins []string) error {
	if len(origins) == 0 {
		return exit.With(exit.Usage, errors.New("--origin is missing: name the web UI's origin, such as http://127.0.0.1:8233"))
	}
	tool, err := loadTool()
	if err != nil {
		return err
	}
	ring, err := keyring.Open(engine.KeyRingPath(tool.StateDir))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("serve the codec endpoint: %w", err)
	}
	server := codec.Server(ring, origins...)
	stop := context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(last)
	})
	defer stop()
	c.say("decoding payloads for %v on http://%s", origins, listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the codec endpoint: %w", err)
	}
	return nil
}
