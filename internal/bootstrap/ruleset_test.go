package bootstrap

import (
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

func TestRuleset(t *testing.T) {
	text, err := ruleset([]int{80, 22, 22}, []app.FirewallRule{
		{Port: 5432, From: []string{"10.0.0.7", "192.0.2.9/24", "2001:db8::/32"}},
		{Port: 53, Protocol: "udp"},
	}, []string{"eth0"})
	if err != nil {
		t.Fatal(err)
	}
	for line, times := range map[string]int{
		"\t\tmeta l4proto tcp th dport 22 accept\n":                                            1,
		"\t\tmeta l4proto tcp ct original proto-dst 22 accept\n":                               1,
		"\t\tmeta l4proto tcp th dport 80 accept\n":                                            1,
		"\t\tip saddr { 10.0.0.7/32, 192.0.2.0/24 } meta l4proto tcp th dport 5432 accept\n":   1,
		"\t\tip6 saddr { 2001:db8::/32 } meta l4proto tcp ct original proto-dst 5432 accept\n": 1,
		"\t\tmeta l4proto udp ct original proto-dst 53 accept\n":                               1,
		"\t\tdrop\n": 2,
	} {
		if got := strings.Count(text, line); got != times {
			t.Errorf("%q is there %d times:\n%s", line, got, text)
		}
	}
}

func TestRulesetRefusesWhatIsNoAddress(t *testing.T) {
	for _, from := range []string{"", "everybody", "10.0.0.0/33", "10.0.0.1; drop", "::1 }"} {
		if _, err := ruleset(nil, []app.FirewallRule{{Port: 1, From: []string{from}}}, nil); err == nil {
			t.Errorf("%q went into the rules", from)
		}
	}
}

// A machine whose uplink is called like a bridge of Docker's is not open to it.
func TestRulesetTellsUplinksFromContainers(t *testing.T) {
	text, err := ruleset(nil, nil, []string{"br-lan", "eth0"})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"\t\tiifname != \"br-lan\" iifname { \"docker*\", \"br-*\" } accept\n",
		"\t\toifname != \"br-lan\" oifname { \"docker*\", \"br-*\" } drop\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
}
