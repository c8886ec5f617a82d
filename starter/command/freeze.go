package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/workflows"
)

func (c *cli) freezeCommand() *cobra.Command {
	var p projectFlags
	var until, why string
	cmd := &cobra.Command{
		Use:   "freeze",
		Short: "Refuse runs of the site",
		Long: "Refuses runs of the site (exit code 5) until a time or longshore thaw, except those with --break-freeze. A run under\n" +
			"way goes on.",
		Example: "  longshore freeze --until 18:00 --why \"the sale\"\n  longshore freeze --until 48h",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			end, err := parseUntil(until, time.Now())
			if err != nil {
				return exit.With(exit.Usage, err)
			}
			return c.freeze(cmd.Context(), &p, app.Freeze{By: operator(), Why: why, Until: end})
		},
	}
	p.add(cmd)
	cmd.Flags().StringVar(&until, "until", "", "when it ends by itself: 18:00, \"2006-01-02 15:04\", 2006-01-02, a time as in RFC 3339, or a duration such as 48h")
	cmd.Flags().StringVar(&why, "why", "", "a reason, shown to those who are refused")
	return cmd
}

// parseUntil reads when a freeze ends; zero for an empty text. Times without a zone are the user's own.
func parseUntil(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	end, err := time.Parse(time.RFC3339, text)
	if err != nil {
		var d time.Duration
		if d, err = time.ParseDuration(text); err == nil {
			end = now.Add(d)
		}
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly} {
		if err != nil {
			end, err = time.ParseInLocation(layout, text, now.Location())
		}
	}
	if err != nil {
		var clock time.Time
		if clock, err = time.Parse("15:04", text); err == nil {
			end = time.Date(now.Year(), now.Month(), now.Day(), clock.Hour(), clock.Minute(), 0, 0, now.Location())
		}
	}
	if err != nil {
		return end, fmt.Errorf("--until %q is no time: write 18:00, \"2006-01-02 15:04\", 2006-01-02, a time as in RFC 3339, or a duration such as 48h", text)
	}
	if !end.After(now) {
		return end, fmt.Errorf("--until %s is in the past: it is %s now", text, now.Format("2006-01-02 15:04"))
	}
	return end, nil
}

func (c *cli) freeze(ctx context.Context, p *projectFlags, f app.Freeze) error {
	return c.keep(ctx, p, func(s *session, project *config.Project) (workflows.Kept, error) {
		f.At = time.Now()
		return s.queue(project.Spec.Site).Freeze(ctx, workflows.FreezeInput{Freeze: f, Hosts: project.Spec.Hosts}, c.warnOnce())
	}, func(site app.Site) {
		c.say("froze %s%s: runs are refused, except with --break-freeze", site, freezeText(f, time.Now()))
		c.say("end it with  longshore thaw --site %s", site.Name)
	})
}

// freezeText is a freeze's end and reason: " until 18:00 (the sale)".
func freezeText(f app.Freeze, now time.Time) string {
	text := ""
	if !f.Until.IsZero() {
		text += " until " + display.Moment(f.Until, now)
	}
	if f.Why != "" {
		text += " (" + display.Clean(f.Why) + ")"
	}
	return text
}

func (c *cli) thawCommand() *cobra.Command {
	var p projectFlags
	var why string
	cmd := &cobra.Command{
		Use:   "thaw",
		Short: "End the site's freeze",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.keep(cmd.Context(), &p, func(s *session, project *config.Project) (workflows.Kept, error) {
				decision := workflows.Decision{By: operator(), Why: why}
				return s.queue(project.Spec.Site).Thaw(cmd.Context(), workflows.ThawInput{Decision: decision, At: time.Now(), Hosts: project.Spec.Hosts}, c.warnOnce())
			}, func(site app.Site) { c.say("%s takes runs again", site) })
		},
	}
	p.add(cmd)
	cmd.Flags().StringVar(&why, "why", "", "a reason, kept in the site's history")
	return cmd
}

// keep changes what the site and its hosts keep, and says so.
func (c *cli) keep(ctx context.Context, p *projectFlags, change func(*session, *config.Project) (workflows.Kept, error), told func(app.Site)) error {
	project, s, err := p.open(ctx, c.connect)
	if err != nil {
		return err
	}
	defer s.Close()
	kept, err := change(s, project)
	if err != nil {
		return err
	}
	if c.format == display.JSON {
		return display.Object(c.Out, map[string]any{"site": project.Spec.Site.String(), "missed": append([]string{}, kept.Missed...)})
	}
	told(project.Spec.Site)
	if len(kept.Missed) > 0 {
		c.note("%s could not be told; it holds all the same for as long as the engine keeps its data", strings.Join(kept.Missed, ", "))
	}
	return nil
}

// warnOnce warns of what is missing when it changes.
func (c *cli) warnOnce() func(string) {
	last := ""
	return func(missing string) {
		if missing != last {
			c.warn("%s", missing)
		}
		last = missing
	}
}
