package bootstrap

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// daemon is the engine's configuration: what it says stays, and what it says nothing of gets a sound value.
type daemon struct{}

const daemonPath = "/etc/docker/daemon.json"

func (daemon) Name() string { return "docker-config" }

func (daemon) Look(ctx context.Context, m *Machine) (State, error) {
	plan, err := planDaemon(ctx, m)
	if err != nil {
		return State{}, err
	}
	if len(plan.added) > 0 {
		return State{Is: "without " + strings.Join(plan.added, ", "), Wanted: "with " + strings.Join(plan.added, ", ")}, nil
	}
	// An engine that was started before its file was written does not know it.
	behind, err := m.holds(ctx, "sh", "-c", engineIsOlder, "longshore", daemonPath)
	switch {
	case err != nil:
		return State{}, err
	case behind && plan.swarm:
		return State{Is: "complete, in force from the engine's next restart, which would end the swarm's tasks", OK: true}, nil
	case behind:
		return State{Is: "written, but the engine runs with what was before", Wanted: "in force"}, nil
	}
	return State{Is: "complete", OK: true}, nil
}

// engineIsOlder compares the file's age with that of the engine's last start.
const engineIsOlder = `
[ -e "$1" ] || exit 1
started=$(date -d "$(systemctl show -p ActiveEnterTimestamp --value docker.service)" +%s 2>/dev/null || echo 0)
[ "$(stat -c %Y "$1")" -gt "$started" ]`

// daemonDefaults are the settings that an engine gets where it has none of its own. live-restore keeps containers running
// while the engine restarts; swarm refuses it. The address pools leave room for some four thousand networks, a site has
// one, where the engine's own run out after thirty.
func daemonDefaults(swarm bool) map[string]any {
	out := map[string]any{
		"log-driver":            "json-file",
		"log-opts":              map[string]any{"max-size": "10m", "max-file": "5"},
		"default-address-pools": []any{map[string]any{"base": "172.16.0.0/12", "size": 24}},
	}
	if !swarm {
		out["live-restore"] = true
	}
	return out
}

// mergeDaemon adds what is missing of defaults to a daemon.json, and answers what it added, sorted. Options of the log
// belong to its driver: they are added only where the driver is ours as well.
func mergeDaemon(text string, defaults map[string]any) (merged string, added []string, err error) {
	have := map[string]any{}
	if strings.TrimSpace(text) != "" {
		if err := json.Unmarshal([]byte(text), &have); err != nil {
			return "", nil, fmt.Errorf("%s is not JSON: %w", daemonPath, err)
		}
	}
	driver, _ := have["log-driver"].(string)
	for _, key := range slices.Sorted(maps.Keys(defaults)) {
		if _, there := have[key]; there || (key == "log-opts" && driver != "" && driver != "json-file") {
			continue
		}
		have[key] = defaults[key]
		added = append(added, key)
	}
	out, err := json.MarshalIndent(have, "", "  ")
	return string(out) + "\n", added, err
}

// daemonPlan is what the file is to become.
type daemonPlan struct {
	merged string
	added  []string
	swarm  bool
}

func planDaemon(ctx context.Context, m *Machine) (daemonPlan, error) {
	text, _, err := m.read(ctx, daemonPath)
	if err != nil {
		return daemonPlan{}, err
	}
	// An engine that does not answer is the item before's affair.
	swarm, err := m.script(ctx, `docker info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null || true`)
	if err != nil {
		return daemonPlan{}, err
	}
	p := daemonPlan{swarm: swarm != "" && swarm != "inactive"}
	p.merged, p.added, err = mergeDaemon(text, daemonDefaults(p.swarm))
	return p, err
}

// takeDaemon puts a file in the place of the engine's configuration and restarts the engine, which an interruption does
// not divide. Containers keep running where live-restore is in force, which a reload brings. Where the engine refuses the
// file or does not come up with it, it gets its old one back.
const takeDaemon = `
trap '' HUP PIPE
if dockerd --help 2>/dev/null | grep -q -- --validate; then dockerd --validate --config-file "$1.new" >/dev/null; fi
rm -f -- "$1.before-longshore"
[ ! -e "$1" ] || cp -p -- "$1" "$1.before-longshore"
mv -f -- "$1.new" "$1"
[ "$2" = restart ] || exit 0
systemctl reload docker.service || true
systemctl reset-failed docker.service docker.socket 2>/dev/null || true
if systemctl restart docker.service; then exit 0; fi
journalctl -u docker.service -n 5 -o cat >&2 || true
if [ -e "$1.before-longshore" ]; then mv -f -- "$1.before-longshore" "$1"; else rm -f -- "$1"; fi
systemctl reset-failed docker.service docker.socket 2>/dev/null || true
systemctl restart docker.service
exit 1`

func (daemon) Settle(ctx context.Context, m *Machine) error {
	plan, err := planDaemon(ctx, m)
	if err != nil {
		return err
	}
	if err := m.write(ctx, daemonPath+".new", plan.merged, 0o644); err != nil {
		return err
	}
	how := "restart"
	if plan.swarm {
		how = "wait"
	}
	if _, err := m.script(ctx, takeDaemon, daemonPath, how); err != nil {
		return fmt.Errorf("the engine does not take its new settings (%s), and runs with those of before: %w", strings.Join(plan.added, ", "), err)
	}
	return nil
}
