package command

import (
	"fmt"
	"os"
	"strings"

	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/exit"
)

// checkSecrets names the secrets that a deploy will want and nobody has set, before anything is asked for. It needs no
// key. Where the store may be on the worker's machine alone, the worker says it.
func checkSecrets(project *config.Project) error {
	spec := project.Spec
	if len(spec.Secrets) == 0 || !storeIsHere(project) {
		return nil
	}
	missing, err := store.Finder{Keys: keysIn(project.Settings.Tool)}.Missing(spec.SecretScopes, spec.Secrets)
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	var problems config.Problems
	for _, s := range missing {
		problems = append(problems, config.Problem{
			Path:    "secrets." + s.Name,
			Message: "the secret is missing, and is wanted by " + strings.Join(spec.WantedBy(s.Name), ", "),
			Advice:  mend(s, spec.Site),
		})
	}
	if len(problems) > 0 {
		return exit.With(exit.Usage, problems)
	}
	return nil
}

// mend says how a missing secret comes to be there.
func mend(s app.Secret, site app.Site) string {
	if s.Source.From == app.FromStore {
		return fmt.Sprintf("longshore secret set %s, or for this site alone with --site %s", s.Name, site.Name)
	}
	return "it comes from " + sourceText(s.Source)
}

// storeIsHere says whether this machine's files are what the worker looks at: the worker of the embedded engine runs here,
// and of another one where its folders are.
func storeIsHere(project *config.Project) bool {
	for _, scope := range project.Spec.SecretScopes {
		if _, err := os.Stat(scope.Folder); err == nil {
			return true
		}
	}
	target, err := engine.Find(engine.Settings{State: project.Settings.StateDir})
	return err == nil && target.Embedded
}
