package docker

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

func TestOlderEngineJoinsNetworksOneByOne(t *testing.T) {
	c := app.Container{Image: "i", Networks: []app.Attachment{
		{Network: "c"}, {Network: "a", Priority: 1, IPv4: "10.0.0.2"}, {Network: "b"},
	}}
	for name, test := range map[string]struct {
		version string
		refuse  bool
		want    string
	}{
		"one request":  {"1.44", false, "create [a b c]"},
		"one by one":   {"1.41", false, "create [a], join b, join c"},
		"undone again": {"1.41", true, "create [a], join b, remove"},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var steps []string
			note := func(step string) { mu.Lock(); defer mu.Unlock(); steps = append(steps, step) }
			join := func(network string) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					note("join " + network)
					if test.refuse {
						refusal(403, "Address already in use")(w, r)
					}
				}
			}
			e := startFake(t, &fakeEngine{version: test.version, answers: map[string]http.HandlerFunc{
				"POST /containers/create": func(w http.ResponseWriter, r *http.Request) {
					var body struct {
						NetworkingConfig struct{ EndpointsConfig map[string]any }
					}
					_ = json.NewDecoder(r.Body).Decode(&body)
					var names []string
					for _, name := range []string{"a", "b", "c"} {
						if body.NetworkingConfig.EndpointsConfig[name] != nil {
							names = append(names, name)
						}
					}
					note(fmt.Sprintf("create %v", names))
					answer(201, map[string]string{"Id": "x"})(w, r)
				},
				"POST /networks/b/connect": join("b"),
				"POST /networks/c/connect": join("c"),
				"DELETE /containers/x":     func(w http.ResponseWriter, _ *http.Request) { note("remove"); w.WriteHeader(204) },
			}})
			id, err := e.ContainerCreate(t.Context(), "x", c)
			if (err != nil) != test.refuse || test.refuse != errors.Is(err, host.ErrAddressTaken) || test.refuse == (id != "") {
				t.Errorf("%q, %v", id, err)
			}
			if got := strings.Join(steps, ", "); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
