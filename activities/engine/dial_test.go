package engine

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	embedded := Endpoints{Engine: "127.0.0.1:7233", UI: "http://127.0.0.1:8233", Codec: "http://127.0.0.1:8234"}
	tests := map[string]struct {
		environment map[string]string
		profile     string
		embedded    bool
		want        Target
	}{
		"embedded engine": {want: Target{Address: embedded.Engine, Namespace: "default", Embedded: true, UI: embedded.UI}},
		"an address of the environment": {
			environment: map[string]string{"TEMPORAL_ADDRESS": "temporal.example:7233", "TEMPORAL_NAMESPACE": "ops", UIVariable: "https://ui.example/"},
			want:        Target{Address: "temporal.example:7233", Namespace: "ops", UI: "https://ui.example"},
		},
		"a profile": {
			environment: map[string]string{"TEMPORAL_PROFILE": "work"},
			profile:     "[profile.work]\naddress = \"work.example:7233\"\nnamespace = \"work\"\n",
			want:        Target{Address: "work.example:7233", Namespace: "work"},
		},
		"embedded whatever the environment says": {
			environment: map[string]string{"TEMPORAL_ADDRESS": "temporal.example:7233"},
			embedded:    true,
			want:        Target{Address: embedded.Engine, Namespace: "default", Embedded: true, UI: embedded.UI},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := isolate(t)
			if test.profile != "" {
				write(t, os.Getenv("TEMPORAL_CONFIG_FILE"), test.profile)
			}
			if err := embedded.Write(dir); err != nil {
				t.Fatal(err)
			}
			for k, v := range test.environment {
				t.Setenv(k, v)
			}
			got, err := Find(Settings{State: dir, Embedded: test.embedded})
			if err != nil {
				t.Fatal(err)
			}
			if got.Address != test.want.Address || got.Namespace != test.want.Namespace || got.Embedded != test.want.Embedded || got.UI != test.want.UI {
				t.Errorf("got %s, %s, %t, %s, want %+v", got.Address, got.Namespace, got.Embedded, got.UI, test.want)
			}
		})
	}
}

func TestFindNamesABrokenFile(t *testing.T) {
	dir := isolate(t)
	write(t, filepath.Join(dir, endpointsFile), "{")
	if _, err := Find(Settings{State: dir}); err == nil || !strings.Contains(err.Error(), endpointsFile) {
		t.Errorf("got %v, want a message that names %s", err, endpointsFile)
	}
}

func TestDialSaysWhatToDo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ address, embedded, want string }{
		"never started": {want: "never started; run longshore up -d"},
		"stopped":       {embedded: closed, want: "run longshore up -d"},
		"a cluster":     {address: closed, want: "check TEMPORAL_ADDRESS"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := isolate(t)
			t.Setenv("TEMPORAL_ADDRESS", test.address)
			if err := (Endpoints{Engine: test.embedded}).Write(dir); err != nil {
				t.Fatal(err)
			}
			_, err := Dial(t.Context(), Settings{State: dir})
			if !errors.Is(err, ErrNotAnswering) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want ErrNotAnswering with %q", err, test.want)
			}
		})
	}
}

func TestStateDir(t *testing.T) {
	tests := map[string]struct{ state, xdg, want string }{
		"named":            {state: "/srv/state", xdg: "/xdg", want: "/srv/state"},
		"XDG":              {xdg: "/xdg", want: "/xdg/longshore"},
		"XDG not absolute": {xdg: "xdg", want: "/home/me/.local/state/longshore"},
		"home":             {want: "/home/me/.local/state/longshore"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv(StateVariable, test.state)
			t.Setenv("XDG_STATE_HOME", test.xdg)
			t.Setenv("HOME", "/home/me")
			if got, err := StateDir(); err != nil || got != test.want {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestRunURL(t *testing.T) {
	target := Target{UI: "http://127.0.0.1:8233", Namespace: "default"}
	const want = "http://127.0.0.1:8233/namespaces/default/workflows/deploy%2Fdefault%2Fshop%2Fproduction/run"
	if got := target.RunURL("deploy/default/shop/production", "run"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := (Target{}).RunURL("a", "b"); got != "" {
		t.Errorf("without a UI the URL is %q, want none", got)
	}
}

// isolate gives a state folder and takes the machine's own Temporal settings away.
func isolate(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TEMPORAL_CONFIG_FILE", filepath.Join(dir, "temporal.toml"))
	for _, name := range []string{"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE", "TEMPORAL_API_KEY", UIVariable} {
		t.Setenv(name, "") // has it restored after the test
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
