package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/host"
)

// System is what a machine is.
type System struct {
	Name    string // as its os-release says
	ID      string // debian, ubuntu, …
	Version string
	APT     bool
	Systemd bool
	Docker  bool // an engine answers
}

const lookAtSystem = `
cat /etc/os-release 2>/dev/null || true
if command -v apt-get >/dev/null && command -v dpkg >/dev/null; then echo LONGSHORE_APT=yes; fi
if [ -d /run/systemd/system ]; then echo LONGSHORE_SYSTEMD=yes; fi`

// Look finds out what the machine is.
func Look(ctx context.Context, m *Machine) (System, error) {
	out, err := m.host.Run(ctx, host.Command{Args: []string{"sh", "-c", lookAtSystem}})
	if err != nil {
		return System{}, err
	}
	s := parseSystem(string(out.Stdout))
	_, err = m.host.Engine().Info(ctx)
	if err != nil && !errors.Is(err, host.ErrNoDocker) {
		return System{}, err
	}
	s.Docker = err == nil
	return s, nil
}

func parseSystem(text string) System {
	values := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[key] = strings.Trim(value, `"'`)
	}
	return System{
		Name: values["PRETTY_NAME"], ID: values["ID"], Version: values["VERSION_ID"],
		APT: values["LONGSHORE_APT"] == "yes", Systemd: values["LONGSHORE_SYSTEMD"] == "yes",
	}
}

// oldest are the first versions that bootstrap is made for.
var oldest = map[string]float64{"debian": 12, "ubuntu": 22.04}

// Unsupported says why the machine cannot be hardened; empty where it can.
func (s System) Unsupported() string {
	var missing []string
	if !s.APT {
		missing = append(missing, "it has no apt")
	}
	if !s.Systemd {
		missing = append(missing, "systemd does not run it")
	}
	first, known := oldest[s.ID]
	// Debian's testing and unstable have no version yet.
	version, err := strconv.ParseFloat(s.Version, 64)
	if !known || (err == nil && version < first) || (err != nil && s.Version != "") {
		missing = append(missing, "only Debian 12 and later and Ubuntu 22.04 and later are known")
	}
	if len(missing) == 0 {
		return ""
	}
	name := s.Name
	if name == "" {
		name = "a system without os-release"
	}
	return fmt.Sprintf("it is %s: %s", name, strings.Join(missing, "; "))
}

// Items are the names of what the machine gets, in order: of one that cannot be hardened, what needs Docker alone.
func (s System) Items() []string {
	if s.Unsupported() == "" {
		return Names()
	}
	return []string{stateFolder{}.Name()}
}
