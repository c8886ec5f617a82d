package display

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// headline says in one line how a run ended, and what serves.
func (p paint) headline(r app.Result) string {
	took := "" // a request that ended in the queue took no time
	if r.DurationMS > 0 {
		took = " after " + Duration(time.Duration(r.DurationMS)*time.Millisecond)
	}
	switch r.Outcome {
	case app.Succeeded:
		return p.green("succeeded") + " " + r.Site + ": " + done(r) + took + sent(r)
	case app.Partial:
		return p.yellow("partial") + " " + r.Site + ": " + done(r) + took + sent(r) + ", but not on " + strings.Join(r.Behind, ", ")
	case app.Unchanged:
		return p.green("unchanged") + " " + r.Site + ": " + nothingToDo(r)
	case app.FailedClean:
		return p.red("failed-clean") + " " + r.Site + took + ": " + kept(r)
	case app.FailedDirty:
		return p.red("failed-dirty") + " " + r.Site + took + ": something is left over"
	case app.Cancelled:
		return p.yellow("cancelled") + " " + r.Site + took + ": " + kept(r)
	case app.Superseded:
		return p.yellow("superseded") + " " + r.Site + ": a newer " + string(cmp.Or(r.Kind, app.RunDeploy)) + " took its place in the queue, nothing was changed"
	case app.Refused:
		return p.red("refused") + " " + r.Site + ": nothing was changed"
	}
	return p.red(string(r.Outcome)) + " " + r.Site
}

// done is what a run that went well has done.
func done(r app.Result) string {
	switch r.Kind {
	case app.RunStop:
		return "stopped"
	case app.RunRemove:
		return "removed"
	}
	live := r.Release
	if r.Of != "" {
		word := map[app.RunKind]string{app.RunRollback: "rollback to ", app.RunScale: "scaled ", app.RunRepair: "repaired ", app.RunRotate: "secrets rotated in "}[r.Kind]
		if word == "" {
			word = string(r.Kind) + " of "
		}
		live += " (" + word + r.Of + ")"
	}
	return live + " is live"
}

func nothingToDo(r app.Result) string {
	switch r.Kind {
	case app.RunStop:
		return "it is stopped already"
	case app.RunRemove:
		return "there is nothing to remove"
	case app.RunRepair:
		return r.Release + " runs as it is recorded, nothing to mend"
	case app.RunRotate:
		return r.Release + " has these versions of its secrets already, nothing to do"
	}
	return r.Release + " runs already, nothing to do"
}

func sent(r app.Result) string {
	if r.Transfer.SentBytes == 0 {
		return ""
	}
	return fmt.Sprintf(", %s sent", Bytes(r.Transfer.SentBytes)) + saved(r.Transfer.Saved())
}

// kept is what a run that did not go well has left as it was.
func kept(r app.Result) string {
	switch {
	case r.Returned:
		return r.Release + " served and was found unwell, so the traffic went back; " + r.Previous + " serves"
	case r.Previous != "":
		return "nothing is left over, " + r.Previous + " serves as before"
	case r.Release == "":
		// It came to no plan, and so does not know what serves.
		return "nothing was changed"
	}
	return "nothing is left over, no release serves"
}
