package display

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

// rotated lists what became different of a rotation.
func rotated(before, after *workflows.RotationState, now time.Time) []change {
	if after == nil {
		return nil
	}
	if before == nil {
		before = &workflows.RotationState{}
	}
	var out []change
	if before.Phase != after.Phase || before.Text != after.Text || before.Forward != after.Forward {
		out = append(out, change{Event: eventPhase, At: now, Text: string(after.Phase), Note: Clean(after.Text), Forward: after.Forward})
	}
	for _, s := range after.Sites {
		if s.Version != "" && !slices.ContainsFunc(before.Sites, func(b app.RotatedSite) bool { return b.Site == s.Site && b.Version == s.Version }) {
			out = append(out, change{Event: eventVersion, At: now, Site: Clean(s.Site), Version: Clean(s.Version)})
		}
	}
	return out
}

// phaseText is a rotation's phase in one line.
func phaseText(phase, text string, forward bool) string {
	line := phase
	if text != "" {
		line += ": " + oneLine(text)
	}
	if forward {
		line += " (it does not go back any more)"
	}
	return line
}

// RotationState writes how far a rotation has come.
func RotationState(w io.Writer, f Format, line app.SecretLine, s workflows.RotationState, now time.Time) error {
	if f == JSON {
		return Object(w, struct {
			Secret app.SecretLine `json:"secret"`
			workflows.RotationState
		}{line, s})
	}
	p := newPaint(f)
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", line, p.bold(phaseText(string(s.Phase), s.Text, s.Forward)))
	if s.New != "" {
		fmt.Fprintf(&b, "  version %s comes in the place of %s\n", Clean(s.New), Clean(s.Old))
	}
	if !s.SoakUntil.IsZero() && now.Before(s.SoakUntil) {
		fmt.Fprintf(&b, "  version %s is revoked %s\n", Clean(s.Old), Until(s.SoakUntil, now))
	}
	sites(&b, s.Sites)
	_, err := io.WriteString(w, b.String())
	return err
}

func sites(b *strings.Builder, list []app.RotatedSite) {
	for _, s := range list {
		text := s.Site
		if s.Release != "" {
			text += " (" + s.Release + ")"
		}
		if s.Version != "" {
			text += " has version " + s.Version
		}
		fmt.Fprintf(b, "  %s\n", Clean(text))
	}
}

// Rotation writes how a rotation ended. url, which may be empty, is its page in the web UI. As JSON it is one line, the
// result itself.
func Rotation(w io.Writer, f Format, r app.RotationResult, url string) error {
	if f == JSON {
		return Object(w, r)
	}
	p := newPaint(f)
	var b strings.Builder
	b.WriteString(p.rotationHeadline(r) + "\n")
	if r.Failure != nil {
		failure(&b, p, *r.Failure)
	}
	if len(r.Sites) > 0 && r.Failure != nil {
		b.WriteString("\nthe sites were left like this:\n")
	}
	sites(&b, r.Sites)
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "%s %s\n", p.yellow("note:"), Clean(n))
	}
	if r.Failure != nil && url != "" {
		fmt.Fprintf(&b, "the whole run: %s\n", url)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// rotationHeadline says in one line how a rotation ended, and which version is good. It does not say which one is current: that
// may be one that somebody has set meanwhile.
func (p paint) rotationHeadline(r app.RotationResult) string {
	name, took := Clean(r.Secret.String()), ""
	if r.DurationMS > 0 {
		took = " after " + Duration(time.Duration(r.DurationMS)*time.Millisecond)
	}
	back := "it went back, the old version stays current"
	if r.Old != "" {
		back = "it went back to version " + Clean(r.Old)
	}
	switch r.Outcome {
	case app.Succeeded:
		line := p.green("rotated") + " " + name + took + ": version " + Clean(r.New) + " has taken the place of version " + Clean(r.Old)
		if r.Revoked {
			line += ", which is revoked"
		}
		return line
	case app.FailedClean:
		return p.red("failed-clean") + " " + name + took + ": " + back
	case app.Cancelled:
		return p.yellow("cancelled") + " " + name + took + ": " + back
	case app.FailedDirty:
		if r.Revoked {
			return p.red("failed-dirty") + " " + name + took + ": version " + Clean(r.Old) + " is revoked, and something is left over"
		}
		return p.red("failed-dirty") + " " + name + took + ": something is left over"
	case app.Refused:
		return p.red("refused") + " " + name + ": nothing was changed"
	}
	return p.red(string(r.Outcome)) + " " + name
}
