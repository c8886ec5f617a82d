package config

import (
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// noApproval is the setting of a site whose runs wait for nobody, in spite of what holds for all sites.
const noApproval = "no"

// readApprove reads "true", "false" or how long a run waits, as one text: layers are merged value by value.
func readApprove(f *fields) string {
	v, ok := f.get(keyApprove)
	if !ok {
		return ""
	}
	if _, isMapping := v.(map[string]any); !isMapping {
		if f.boolean(keyApprove) {
			return app.DefaultApproval.String()
		}
		return noApproval
	}
	below := f.sub(keyApprove)
	within := below.duration("within")
	if within != nil && *within == 0 {
		below.report.add(below.path.with("within"), "must be more than 0", "")
	}
	below.done()
	return orDefault(within, app.DefaultApproval).String()
}

// approve is the setting of the site that is meant; nil where runs wait for nobody.
func (l *layers) approve() *app.Approve {
	within, err := time.ParseDuration(l.text(keyApprove))
	if err != nil {
		return nil // empty, or noApproval: nothing else is ever written
	}
	return &app.Approve{Within: within}
}
