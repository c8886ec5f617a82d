package engine

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"

	"github.com/longshore-dev/longshore/activities/codec"
	"github.com/longshore-dev/longshore/internal/keyring"
)

// dialTimeout bounds the first answer of an engine where the caller's context does not.
const dialTimeout = 10 * time.Second

// ErrNotAnswering says that no engine answers where one was looked for.
var ErrNotAnswering = errors.New("no engine answers")

// Settings choose the engine and how to speak to it.
type Settings struct {
	// State is the state folder; it need not exist.
	State string
	// Logger gets the Temporal client's messages; nil drops them.
	Logger log.Logger
	// Embedded means the embedded engine, whatever the TEMPORAL_* settings name.
	Embedded bool
}

// Target is an engine that was found but not dialled.
type Target struct {
	// Address is "host:port"; empty where the embedded engine was never started.
	Address   string
	Namespace string
	// Embedded says that no TEMPORAL_* setting names another engine.
	Embedded bool
	// UI is the web UI's base URL; empty where it is not known.
	UI string

	state   string
	options client.Options
}

// RunURL is the web UI's page of a run, or of a workflow id's newest run where runID is empty; empty where the UI is not
// known.
func (t Target) RunURL(workflowID, runID string) string {
	if t.UI == "" {
		return ""
	}
	page := t.UI + "/namespaces/" + url.PathEscape(t.Namespace) + "/workflows/" + url.PathEscape(workflowID)
	if runID != "" {
		page += "/" + url.PathEscape(runID)
	}
	return page
}

// UIVariable names the environment variable with the web UI's base URL where the engine is not the embedded one.
const UIVariable = "LONGSHORE_UI"

// Find says which engine the settings mean: TEMPORAL_ADDRESS and its fellows (namespace, TLS, API key, profiles of
// temporal.toml) where they name an address, else the embedded engine.
func Find(s Settings) (Target, error) {
	var options client.Options
	if !s.Embedded {
		var err error
		if options, err = envconfig.LoadDefaultClientOptions(); err != nil {
			return Target{}, fmt.Errorf("read the TEMPORAL_* settings: %w", err)
		}
	}
	options.Logger = s.Logger
	if options.Logger == nil {
		options.Logger = silent{}
	}
	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}
	target := Target{Address: options.HostPort, Namespace: options.Namespace, state: s.State, options: options}
	if target.Address != "" {
		target.UI = strings.TrimSuffix(os.Getenv(UIVariable), "/")
		return target, nil
	}
	endpoints, err := ReadEndpoints(s.State)
	if err != nil {
		return Target{}, err
	}
	target.Embedded = true
	target.Address, target.UI = endpoints.Engine, endpoints.UI
	return target, nil
}

// Converters read and write payloads and failures with the state folder's key ring, which is made where there is none.
func (t Target) Converters() (converter.DataConverter, converter.FailureConverter, error) {
	ring, err := t.ring()
	if err != nil {
		return nil, nil, err
	}
	data, failures := codec.Converters(ring)
	return data, failures, nil
}

func (t Target) ring() (*keyring.Ring, error) { return keyring.Open(KeyRingPath(t.state)) }

// Dial connects to the engine, with all payloads encrypted as Converters does. It fails with ErrNotAnswering within ten
// seconds, or with ctx's error if that ends sooner, and with ErrOtherKeys where the key ring is not the engine's. Later
// calls reconnect by themselves.
func (t Target) Dial(ctx context.Context) (client.Client, error) {
	if t.Address == "" {
		return nil, fmt.Errorf("%w: the embedded engine was never started; run longshore up -d", ErrNotAnswering)
	}
	ring, err := t.ring()
	if err != nil {
		return nil, err
	}
	data, failures := codec.Converters(ring)
	options := t.options
	options.HostPort, options.DataConverter, options.FailureConverter = t.Address, data, failures
	dialCtx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c, err := client.DialContext(dialCtx, options)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if t.Embedded {
			return nil, fmt.Errorf("%w at %s; run longshore up -d", ErrNotAnswering, t.Address)
		}
		return nil, fmt.Errorf("%w at %s, namespace %s (%w); check TEMPORAL_ADDRESS and the other TEMPORAL_* settings", ErrNotAnswering, t.Address, t.Namespace, err)
	}
	if err := checkKeys(dialCtx, c, t.Namespace, ring); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Dial finds the engine and connects to it.
func Dial(ctx context.Context, s Settings) (client.Client, error) {
	target, err := Find(s)
	if err != nil {
		return nil, err
	}
	return target.Dial(ctx)
}

// silent drops what the Temporal client says: every failure that matters comes back as an error.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
