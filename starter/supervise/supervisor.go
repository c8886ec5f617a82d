package supervise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/longshore-dev/longshore/activities/codec"
	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/internal/keyring"
)

// ErrRunning says that the state folder has a supervisor already.
var ErrRunning = errors.New("already running")

// How long the programs may take to stop before they are killed. The worker's is long enough to let short steps end;
// longer ones are taken up again by the next worker.
const (
	workerGrace = 20 * time.Second
	engineGrace = 15 * time.Second
)

// supervisor is one run of Run.
type supervisor struct {
	state     string
	endpoints engine.Endpoints
	say       func(format string, a ...any)
	lock      *lock
	logs      []*logFile
}

// Run supervises in this process until ctx ends, then stops the worker and after it the engine. It calls ready, which
// may be nil, once the engine has answered and the worker polls. say gets a line for each event. It fails with
// ErrRunning where the state folder has a supervisor already, and when the engine or the worker does not come up.
func Run(ctx context.Context, state string, ports Ports, say func(line string), ready func(engine.Endpoints)) (err error) {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	l, err := takeLock(state)
	if errors.Is(err, errHeld) {
		return ErrRunning
	}
	if err != nil {
		return err
	}
	s := &supervisor{state: state, lock: l}
	defer func() { err = errors.Join(err, s.close()) }()
	own, err := s.openLog("supervisor")
	if err != nil {
		return err
	}
	s.say = func(format string, a ...any) {
		line := fmt.Sprintf(format, a...)
		_, _ = fmt.Fprintf(own, "%s %s\n", time.Now().UTC().Format(time.RFC3339), line)
		say(line)
	}
	return s.run(ctx, ports, ready)
}

func (s *supervisor) run(ctx context.Context, ports Ports, ready func(engine.Endpoints)) error {
	temporal, err := FindTemporal(s.state)
	if err != nil {
		return err
	}
	workerPath, err := FindWorker()
	if err != nil {
		return err
	}
	before, err := engine.ReadEndpoints(s.state)
	if err != nil {
		return err
	}
	if s.endpoints, err = choosePorts(ctx, portPatience, ports, before); err != nil {
		return err
	}
	if before.Engine != "" && before != s.endpoints {
		s.say("a port that was used before is taken by another program; these are used from now on: %+v", s.endpoints)
	}
	if err := s.endpoints.Write(s.state); err != nil {
		return err
	}
	stopCodec, err := s.serveCodec()
	if err != nil {
		return err
	}
	defer stopCodec()

	// Children outlive ctx until stopped in order, the worker first: it may have to tell the engine of its last steps.
	base := context.WithoutCancel(ctx)
	engineLog, err := s.openLog("engine")
	if err != nil {
		return err
	}
	workerLog, err := s.openLog("worker")
	if err != nil {
		return err
	}
	server := s.engineProgram(temporal, engineLog)
	stopServer := start(base, server)
	defer stopServer()
	if err := s.awaitEngine(ctx, server); err != nil {
		return err
	}
	worker := s.workerProgram(workerPath, workerLog)
	stopWorker := start(base, worker)
	defer stopWorker()
	if err := s.awaitWorker(ctx, worker); err != nil {
		return err
	}
	if err := s.lock.write(true); err != nil {
		return err
	}
	s.say("ready: engine %s, web UI %s", s.endpoints.Engine, s.endpoints.UI)
	if ready != nil {
		ready(s.endpoints)
	}
	<-ctx.Done()
	s.say("stopping the worker, then the engine")
	return nil
}

// start keeps a program running until stop is called, which returns once it has ended.
func start(ctx context.Context, p *program) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { p.keep(ctx) })
	return func() {
		cancel()
		done.Wait()
	}
}

func (s *supervisor) openLog(name string) (*logFile, error) {
	l, err := openLog(LogPath(s.state, name), maxLog)
	if err == nil {
		s.logs = append(s.logs, l)
	}
	return l, err
}

func (s *supervisor) close() error {
	errs := make([]error, 0, len(s.logs)+1)
	for _, l := range s.logs {
		errs = append(errs, l.Close())
	}
	return errors.Join(append(errs, s.lock.release())...)
}

// serveCodec decodes payloads for the web UI. The supervisor does it, so that the worker's restarts do not show.
func (s *supervisor) serveCodec() (stop func(), err error) {
	ring, err := keyring.Open(engine.KeyRingPath(s.state))
	if err != nil {
		return nil, err
	}
	ui, err := url.Parse(s.endpoints.UI)
	if err != nil {
		return nil, fmt.Errorf("serve the codec endpoint: %w", err)
	}
	listener, err := net.Listen("tcp", strings.TrimPrefix(s.endpoints.Codec, "http://"))
	if err != nil {
		return nil, fmt.Errorf("serve the codec endpoint: %w", err)
	}
	server := codec.Server(ring, s.endpoints.UI, "http://localhost:"+ui.Port())
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.say("the codec endpoint ended (%v): the web UI cannot read payloads until a restart", err)
		}
	}()
	return func() { _ = server.Close() }, nil
}
