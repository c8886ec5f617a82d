// Command record runs workflows on a real engine, against hosts in memory, and writes their histories to
// workflows/testdata. Run it from the repository's top, after make tools: go run ./testsuite/replay/record
//
// Histories that are there already stay as they are unless they are named: they stand for runs of older versions.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/longshore-dev/longshore/activities/engine"
)

const (
	folder = "workflows/testdata"
	// within bounds one recorded run.
	within = time.Minute
)

func main() {
	if err := record(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func record(ctx context.Context, names []string) error {
	server, err := testsuite.StartDevServer(ctx, testsuite.DevServerOptions{
		ExistingPath:  filepath.Join("bin", "temporal"),
		ClientOptions: &client.Options{Identity: "recorder", Logger: quiet{}},
		LogLevel:      "error",
	})
	if err != nil {
		return fmt.Errorf("start the engine (make tools puts it into bin/): %w", err)
	}
	defer server.Stop() // the process ends
	if _, err := engine.Prepare(ctx, server.Client(), client.DefaultNamespace); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", folder, err)
	}
	all := slices.Concat(deployScenarios, watchedScenarios, recordedScenarios, secretScenarios, rotationScenarios, siteScenarios)
	for _, s := range all {
		file := filepath.Join(folder, s.name+".json")
		_, err := os.Stat(file)
		if !slices.Contains(names, s.name) && !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := recordOne(ctx, server.Client(), s, file); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Println(file)
	}
	return nil
}

func recordOne(ctx context.Context, c client.Client, s scenario, file string) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	run, err := s.run(ctx, c)
	if err != nil {
		return err
	}
	var all history.History
	events := c.GetWorkflowHistory(ctx, run.GetID(), run.GetRunID(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return fmt.Errorf("read the history: %w", err)
		}
		// A worker's own queue is named after its machine.
		if queue := event.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue(); queue.GetKind() == enums.TASK_QUEUE_KIND_STICKY {
			queue.Name = "sticky"
		}
		all.Events = append(all.Events, event)
	}
	text, err := protojson.Marshal(&all)
	if err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// quiet keeps the SDK's log out of the output.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
