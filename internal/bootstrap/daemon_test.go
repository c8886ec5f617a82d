package bootstrap

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestMergeDaemon(t *testing.T) {
	tests := map[string]struct {
		have  string
		swarm bool
		added []string
	}{
		"no file":            {have: "", added: []string{"default-address-pools", "live-restore", "log-driver", "log-opts"}},
		"swarm":              {have: "{}", swarm: true, added: []string{"default-address-pools", "log-driver", "log-opts"}},
		"another log":        {have: `{"log-driver": "journald"}`, added: []string{"default-address-pools", "live-restore"}},
		"the same log":       {have: `{"log-driver": "json-file"}`, added: []string{"default-address-pools", "live-restore", "log-opts"}},
		"options of a log":   {have: `{"log-opts": {"max-size": "1m"}}`, added: []string{"default-address-pools", "live-restore", "log-driver"}},
		"a choice against":   {have: `{"live-restore": false, "default-address-pools": []}`, added: []string{"log-driver", "log-opts"}},
		"nothing to add":     {have: `{"live-restore": true, "default-address-pools": [], "log-driver": "local"}`},
		"settings of others": {have: `{"data-root": "/srv", "features": {"containerd-snapshotter": true}}`, added: []string{"default-address-pools", "live-restore", "log-driver", "log-opts"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			merged, added, err := mergeDaemon(test.have, daemonDefaults(test.swarm))
			if err != nil || !slices.Equal(added, test.added) {
				t.Fatalf("added %v, error %v", added, err)
			}
			var before, after map[string]any
			if test.have != "" {
				if err := json.Unmarshal([]byte(test.have), &before); err != nil {
					t.Fatal(err)
				}
			}
			if err := json.Unmarshal([]byte(merged), &after); err != nil || len(after) != len(before)+len(test.added) {
				t.Errorf("%s: %v", merged, err)
			}
			for key, value := range before {
				was, _ := json.Marshal(value)
				is, _ := json.Marshal(after[key])
				if string(was) != string(is) {
					t.Errorf("%s was %s and is %s", key, was, is)
				}
			}
			if _, again, err := mergeDaemon(merged, daemonDefaults(test.swarm)); err != nil || len(again) > 0 {
				t.Errorf("a second merge adds %v: %v", again, err)
			}
		})
	}
	if _, _, err := mergeDaemon("{", nil); err == nil {
		t.Error("a broken file was overwritten")
	}
}
