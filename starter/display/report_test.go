package display

import (
	"bytes"
	"encoding/json"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

// TestReport holds reports to what a person reads: the table and the line at the end.
func TestReport(t *testing.T) {
	same := app.Item{Name: "docker", Before: "24.0, running"}
	skipped := app.Item{Name: "swap", Skipped: "bootstrap.swap asks for none"}
	changed := app.Item{Name: "firewall", Before: "not set up", After: "in force", Changed: true, TookMS: 12_000}
	differs := app.Item{Name: "firewall", Before: "not set up", Wanted: "in force", Differs: true}
	for name, test := range map[string]struct {
		report      app.BootstrapReport
		table, line string
	}{
		"something changed": {
			report: app.BootstrapReport{Host: "web-1", System: "Debian 12", Items: []app.Item{same, changed, skipped}},
			table: `
web-1  Debian 12
ITEM      RESULT   BEFORE                        AFTER
docker    ok       24.0, running
firewall  changed  not set up                    in force
swap      skipped  bootstrap.swap asks for none
`,
			line: "changed web-1 in 12s: firewall; 3 items looked at, 1 skipped",
		},
		"nothing changed": {
			report: app.BootstrapReport{Host: "web-1", System: "Debian 12", Items: []app.Item{same}},
			table: `
web-1  Debian 12
ITEM    RESULT  BEFORE         AFTER
docker  ok      24.0, running
`,
			line: "unchanged web-1: no changes, 1 item looked at",
		},
		"a check that finds something": {
			report: app.BootstrapReport{Host: "web-1", System: "Debian 12", Items: []app.Item{same, differs}, Check: true},
			table: `
web-1  Debian 12
ITEM      RESULT   IS             WANTED
docker    ok       24.0, running
firewall  differs  not set up     in force
`,
			line: "differs web-1: firewall; 2 items looked at",
		},
		"a failure": {
			report: app.BootstrapReport{Host: "web-1", System: "Debian\x1b[31m 12", Items: []app.Item{changed}, Failure: &app.Failure{
				Kind: app.KindPackages, Step: "settle docker", Host: "web-1", Message: "web-1: no room\nat all", Advice: "Make some.",
			}},
			table: `
web-1  Debian[31m 12
ITEM      RESULT   BEFORE      AFTER
firewall  changed  not set up  in force

settle docker, on web-1 (packages-failed)
  web-1: no room
  at all

what to do:
  Make some.
`,
			line: "failed web-1: no room … (changed before: firewall)",
		},
		"a failure before the first item": {
			report: app.BootstrapReport{Host: "web-1", Failure: &app.Failure{Kind: app.KindUnreachable, Message: "no route"}},
			table:  "\nweb-1\n\nunreachable\n  no route\n",
			line:   "failed web-1: no route",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Report(&out, Plain, test.report); err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(test.table, out.String()); diff != "" {
				t.Errorf("table (-want +got):\n%s", diff)
			}
			if got := ReportLine(Plain, test.report); got != test.line {
				t.Errorf("got  %s\nwant %s", got, test.line)
			}
		})
	}
}

func TestReportAsJSON(t *testing.T) {
	report := app.BootstrapReport{Host: "web-1", Items: []app.Item{{Name: "docker", Changed: true}}}
	var out bytes.Buffer
	if err := Report(&out, JSON, report); err != nil {
		t.Fatal(err)
	}
	var got app.BootstrapReport
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 1 {
		t.Fatalf("%v: %q", err, out.String())
	}
	if diff := gocmp.Diff(report, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}
