package display

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// Report writes what a bootstrap found on a host and did to it: its items as a table, and the failure that ended it. As
// JSON it is one line, the report itself.
func Report(w io.Writer, f Format, r app.BootstrapReport) error {
	if f == JSON {
		return Object(w, r)
	}
	p := newPaint(f)
	head := strings.TrimRight(p.bold(Clean(r.Host))+"  "+Clean(r.System), " ")
	if _, err := fmt.Fprintf(w, "\n%s\n", head); err != nil {
		return err
	}
	if len(r.Items) > 0 {
		rows := make([][]string, len(r.Items))
		for i, item := range r.Items {
			rows[i] = append([]string{item.Name}, itemResult(item)...)
		}
		header := []string{"ITEM", "RESULT", "BEFORE", "AFTER"}
		if r.Check {
			header = []string{"ITEM", "RESULT", "IS", "WANTED"}
		}
		if err := Table(w, header, rows); err != nil {
			return err
		}
	}
	if r.Failure == nil {
		return nil
	}
	var b strings.Builder
	failure(&b, p, *r.Failure)
	_, err := io.WriteString(w, b.String())
	return err
}

// itemResult is what became of an item in a word, how it was, and how it is or should be.
func itemResult(i app.Item) []string {
	switch {
	case i.Skipped != "":
		return []string{"skipped", i.Skipped, ""}
	case i.Differs:
		return []string{"differs", i.Before, i.Wanted}
	case i.Changed:
		return []string{"changed", i.Before, i.After}
	}
	return []string{"ok", i.Before, ""}
}

// ReportLine says in one line how a host's bootstrap ended.
func ReportLine(f Format, r app.BootstrapReport) string {
	p, host := newPaint(f), Clean(r.Host)
	skipped, took := 0, time.Duration(0)
	var touched []string
	for _, i := range r.Items {
		took += time.Duration(i.TookMS) * time.Millisecond
		if i.Skipped != "" {
			skipped++
		}
		if i.Changed || i.Differs {
			touched = append(touched, Clean(i.Name))
		}
	}
	counts := "1 item looked at"
	if len(r.Items) != 1 {
		counts = fmt.Sprintf("%d items looked at", len(r.Items))
	}
	if skipped > 0 {
		counts += fmt.Sprintf(", %d skipped", skipped)
	}
	switch {
	case r.Failure != nil:
		line := p.red("failed") + " " + host + ": " + oneLine(strings.TrimPrefix(r.Failure.Message, r.Host+": ")) // many messages name the host themselves
		if len(touched) > 0 && !r.Check {
			line += " (changed before: " + strings.Join(touched, ", ") + ")"
		}
		return line
	case len(touched) == 0:
		return p.green("unchanged") + " " + host + ": no changes, " + counts
	case r.Check:
		return p.yellow("differs") + " " + host + ": " + strings.Join(touched, ", ") + "; " + counts
	}
	return p.green("changed") + " " + host + " in " + Duration(took) + ": " + strings.Join(touched, ", ") + "; " + counts
}
