package display

import (
	"fmt"
	"io"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// Plan writes what a deploy would do.
func Plan(w io.Writer, f Format, plan app.Plan) error {
	p := newPaint(f)
	var b strings.Builder
	if plan.Unchanged {
		fmt.Fprintf(&b, "%s: %s runs already, nothing to do\n", plan.Site, plan.Previous)
		_, err := io.WriteString(w, b.String())
		return err
	}
	previous := plan.Previous
	if previous == "" {
		previous = "nothing"
	}
	fmt.Fprintf(&b, "%s: release %s takes over from %s\n", plan.Site, p.bold(plan.Release), previous)
	if len(plan.Builds) > 0 {
		fmt.Fprintf(&b, "build: %s\n", strings.Join(plan.Builds, ", "))
	}
	for _, c := range plan.ReleaseCommands {
		fmt.Fprintf(&b, "release command of %s: %s\n", c.Service, Clean(strings.Join(c.Command, " ")))
	}
	for _, h := range plan.Hosts {
		hostPlan(&b, p, h)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func hostPlan(b *strings.Builder, p paint, h app.HostPlan) {
	fmt.Fprintf(b, "%s\n", p.bold(h.Host))
	for _, n := range h.Networks {
		if !n.Exists && !n.External {
			fmt.Fprintf(b, "  %s network %s\n", p.green("+"), n.Name)
		}
	}
	for _, v := range h.Volumes {
		if !v.Exists && !v.External {
			fmt.Fprintf(b, "  %s volume %s\n", p.green("+"), v.Name)
		}
	}
	for _, c := range h.Changes {
		mark := map[app.Action]string{
			app.Create: p.green("+"), app.Replace: p.yellow("~"), app.Keep: p.dim("="), app.Refresh: p.yellow("↻"), app.Remove: p.red("-"),
		}[c.Action]
		fmt.Fprintf(b, "  %s %s %s", mark, c.Action, c.Service)
		if n := len(c.Start); n > 1 {
			fmt.Fprintf(b, " ×%d", n)
		}
		if c.Reason != "" {
			fmt.Fprintf(b, ": %s", Clean(c.Reason))
		}
		if c.Routed && c.Action == app.Replace {
			b.WriteString(" (blue/green)")
		} else if c.Order != "" && c.Action == app.Replace {
			fmt.Fprintf(b, " (%s)", c.Order)
		}
		b.WriteString("\n")
	}
	if h.Table == nil {
		return
	}
	for _, r := range h.Table.Routes {
		path := r.Route.Path
		if path == "" {
			path = "/"
		}
		fmt.Fprintf(b, "  → %s%s to %s\n", strings.Join(r.Route.Hosts, ", "), path, r.Service)
	}
}
