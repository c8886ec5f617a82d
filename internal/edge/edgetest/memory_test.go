package edgetest

import (
	"errors"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	m := &Memory{Version: "v", HTTPPort: 80}
	Contract(t, m.Dial, "10.0.0.1:80")
}

func TestMemoryCountsWhatItIsTold(t *testing.T) {
	m := &Memory{}
	c := edge.New(m.Dial)
	m.SetInFlight("default/shop/production", "1-a", 3)
	status, err := c.Status(t.Context())
	if err != nil || len(status.Releases) != 1 || status.Releases[0].InFlight != 3 || status.Releases[0].Live {
		t.Errorf("%+v %v", status, err)
	}
	if err := c.Drop(t.Context(), "default/shop/production", "1-a"); err != nil {
		t.Fatal(err)
	}
	if status, err = c.Status(t.Context()); err != nil || len(status.Releases) != 0 {
		t.Errorf("%+v %v", status, err)
	}
}

func TestMemoryAnswersAsItIsTold(t *testing.T) {
	m := &Memory{OnCheck: func(app.EdgeCheck) app.EdgeAnswer { return app.EdgeAnswer{Error: "refused"} }}
	answer, err := edge.New(m.Dial).Check(t.Context(), app.EdgeCheck{Address: "10.0.0.1:80"})
	if err != nil || answer.OK || answer.Error != "refused" {
		t.Errorf("%+v %v", answer, err)
	}
	if _, err := edge.New(m.Dial).Put(t.Context(), app.EdgeTable{}); !errors.Is(err, edge.ErrInvalid) {
		t.Error(err)
	}
}
