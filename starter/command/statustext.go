package command

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/queue"
	"github.com/longshore-dev/longshore/workflows"
)

// lastEnded is how many ended runs status tells of.
const lastEnded = 3

// printStatus shows the site for a person: what holds for all of it, the queue, then host by host.
func (c *cli) printStatus(project *config.Project, s siteStatus, now time.Time) error {
	c.say("%s", s.Site)
	if s.Freeze != nil {
		c.say("frozen    by %s%s", display.Clean(s.Freeze.By), freezeText(*s.Freeze, now))
	}
	if len(s.Behind) > 0 {
		c.say("behind    %s: the current release is not there yet, and comes when the host answers", strings.Join(s.Behind, ", "))
	}
	c.printQueue(project.Spec.Site, s.Queue, now)
	c.say("")
	if err := display.Table(c.Out, []string{"HOST", "RELEASE", "SINCE", "SERVICE", "REPLICAS", "TRAFFIC"}, hostRows(s.Hosts, now)); err != nil {
		return err
	}
	c.printDrift(project.Spec.Site, s.Hosts)
	c.printBootstraps(s.Hosts, now)
	return nil
}

func (c *cli) printQueue(site app.Site, q queueStatus, now time.Time) {
	switch {
	case q.Unknown != "":
		c.say("queue     unknown: %s", q.Unknown)
	case q.None:
		c.say("queue     empty: this engine knows no run of the site")
	}
	if r := q.Running; r != nil {
		c.say("runs      %s, %s  (%s)", requestText(*r), display.Ago(r.Since, now), r.ID)
	}
	if question := q.Question; question != nil {
		c.say("asks      %s", display.Clean(question.Text))
		c.say("          answer with longshore approve or longshore reject --site %s", site.Name)
	}
	for _, w := range q.Waiting {
		c.say("waits     %s, %s  (%s)", requestText(w), display.Ago(w.At, now), w.ID)
	}
	for _, e := range q.Ended[:min(lastEnded, len(q.Ended))] {
		c.say("ended     %s: %s, %s  (%s)", requestText(e.Waiting), outcomeText(e), display.Ago(e.EndedAt, now), e.ID)
	}
}

func requestText(w workflows.Waiting) string {
	text := queue.InWords(w)
	if w.Why != "" {
		text += " (" + w.Why + ")"
	}
	return display.Clean(text)
}

// outcomeText is how a run ended, in a few words.
func outcomeText(e workflows.EndedRun) string {
	text := string(e.Outcome)
	if e.Release != "" && (e.Outcome == app.Succeeded || e.Outcome == app.Partial) {
		text += " as " + e.Release
	}
	if e.Returned {
		text += ", returned to " + e.Previous
	}
	if e.BrokeFreeze {
		text += " in spite of a freeze"
	}
	if e.Problem != "" {
		text += " (" + shorten(e.Problem) + ")"
	}
	return display.Clean(text)
}

// shorten is the beginning of a text, in one line.
func shorten(text string) string {
	const most = 80
	first, _, more := strings.Cut(text, "\n")
	if runes := []rune(first); len(runes) > most {
		first, more = string(runes[:most]), true
	}
	if more {
		first += "…"
	}
	return first
}

func hostRows(hosts []inspect.StatusResponse, now time.Time) [][]string {
	var rows [][]string
	for _, h := range hosts {
		if h.Problem != nil {
			continue
		}
		if h.Release == "" {
			rows = append(rows, []string{h.Host, "nothing deployed", "", "", "", ""})
			continue
		}
		first := []string{h.Host, releaseText(h), display.Ago(h.At, now)}
		if len(h.Services) == 0 {
			rows = append(rows, append(first, "", "", ""))
		}
		for _, s := range h.Services {
			traffic := ""
			if s.Routed && !h.Stopped {
				traffic = "routed, " + strconv.FormatInt(h.InFlight, 10) + " requests in flight"
			}
			rows = append(rows, append(first, s.Service, fmt.Sprintf("%d of %d running, %d healthy", s.Running, s.Wanted, s.Healthy), traffic))
			first = []string{"", "", ""}
		}
	}
	return rows
}

// releaseText is a host's current release, with what is special about it.
func releaseText(h inspect.StatusResponse) string {
	text := h.Release
	if h.Of != "" {
		text += " = " + h.Of
	}
	switch {
	case h.Stopped:
		text += ", stopped"
	case !h.Stable:
		text += ", not settled"
	}
	return text
}

func (c *cli) printDrift(site app.Site, hosts []inspect.StatusResponse) {
	found := false
	for _, h := range hosts {
		for _, d := range h.Drift {
			if !found {
				c.say("\nother than recorded:")
			}
			found = true
			where := h.Host
			if d.Service != "" {
				where += ", " + d.Service
			}
			c.say("  %s: %s", where, display.Clean(d.Detail))
		}
	}
	if found {
		c.say("put it in order with  longshore deploy --repair --site %s", site.Name)
	}
}

// printBootstraps tells of each host's last bootstrap or check.
func (c *cli) printBootstraps(hosts []inspect.StatusResponse, now time.Time) {
	first := true
	for _, h := range hosts {
		if h.Bootstrap == nil {
			continue
		}
		if first {
			c.say("\nlast bootstraps:")
		}
		first = false
		c.say("  %s: %s", h.Host, bootstrapText(*h.Bootstrap, now))
	}
}

func bootstrapText(r app.BootstrapReport, now time.Time) string {
	text := "bootstrapped "
	if r.Check {
		text = "checked "
	}
	text += display.Ago(r.At, now)
	var touched []string
	for _, i := range r.Items {
		if i.Changed || i.Differs {
			touched = append(touched, i.Name)
		}
	}
	switch {
	case r.Failure != nil:
		text += ", failed: " + shorten(r.Failure.Message)
	case len(touched) == 0:
		text += ", no changes"
	case r.Check:
		text += ", differs: " + strings.Join(touched, ", ")
	default:
		text += ", changed: " + strings.Join(touched, ", ")
	}
	return display.Clean(text)
}
