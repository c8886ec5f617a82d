package display

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// Result writes how a run ended. url, which may be empty, is its page in the web UI. As JSON it is one line, the
// result itself; elsewhere it is text for a person.
func Result(w io.Writer, f Format, r app.Result, url string) error {
	if f == JSON {
		return Object(w, r)
	}
	p := newPaint(f)
	var b strings.Builder
	b.WriteString(p.headline(r) + "\n")
	if r.Failure != nil {
		failure(&b, p, *r.Failure)
	}
	for _, u := range r.URLs {
		fmt.Fprintf(&b, "  %s\n", Clean(u))
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "%s %s\n", p.yellow("note:"), Clean(n))
	}
	if r.Failure != nil && url != "" {
		fmt.Fprintf(&b, "the whole run: %s\n", url)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Object writes a value as one line of JSON.
func Object(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

func (p paint) headline(r app.Result) string {
	took := Duration(time.Duration(r.DurationMS) * time.Millisecond)
	kept := "nothing is left over, no release serves"
	switch {
	case r.Previous != "":
		kept = "nothing is left over, " + r.Previous + " serves as before"
	case r.Release == "":
		// It came to no plan, and so does not know what serves.
		kept = "nothing was changed"
	}
	switch r.Outcome {
	case app.Succeeded:
		line := fmt.Sprintf("%s %s: %s is live after %s", p.green("succeeded"), r.Site, r.Release, took)
		if r.Transfer.SentBytes > 0 {
			line += fmt.Sprintf(", %s sent", Bytes(r.Transfer.SentBytes)) + saved(r.Transfer.Saved())
		}
		return line
	case app.Unchanged:
		return fmt.Sprintf("%s %s: %s runs already, nothing to do", p.green("unchanged"), r.Site, r.Release)
	case app.FailedClean:
		return fmt.Sprintf("%s %s after %s: %s", p.red("failed-clean"), r.Site, took, kept)
	case app.FailedDirty:
		return fmt.Sprintf("%s %s after %s: something is left over", p.red("failed-dirty"), r.Site, took)
	case app.Cancelled:
		return fmt.Sprintf("%s %s after %s: %s", p.yellow("cancelled"), r.Site, took, kept)
	}
	return fmt.Sprintf("%s %s", p.red(string(r.Outcome)), r.Site)
}

// failure says what, where, with which exit code, the last log lines and what to do.
func failure(b *strings.Builder, p paint, f app.Failure) {
	where := []string{f.Step}
	if f.Service != "" {
		where = append(where, "service "+f.Service)
	}
	if f.Host != "" {
		where = append(where, "on "+f.Host)
	}
	where = slices.DeleteFunc(where, func(s string) bool { return s == "" })
	fmt.Fprintf(b, "\n%s (%s)\n", p.bold(strings.Join(where, ", ")), f.Kind)
	for line := range strings.SplitSeq(f.Message, "\n") {
		fmt.Fprintf(b, "  %s\n", Clean(line))
	}
	if f.Exited {
		fmt.Fprintf(b, "  exit code %d\n", f.ExitCode)
	}
	if len(f.Logs) > 0 {
		b.WriteString("\nthe last lines that it printed:\n")
		for _, line := range f.Logs {
			fmt.Fprintf(b, "  %s %s\n", p.dim("|"), Clean(line))
		}
	}
	if len(f.Left) > 0 {
		b.WriteString("\nleft over:\n")
		for _, left := range f.Left {
			fmt.Fprintf(b, "  %s\n", Clean(left))
		}
	}
	if f.Advice != "" {
		b.WriteString("\nwhat to do:\n")
		for line := range strings.SplitSeq(f.Advice, "\n") {
			fmt.Fprintf(b, "  %s\n", Clean(line))
		}
	}
}
