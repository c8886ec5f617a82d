package command

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/queue"
	"github.com/longshore-dev/longshore/workflows"
)

// completeTimeout bounds what a completion asks the engine: a shell waits for it.
const completeTimeout = time.Second

// completer offers words for an argument or a flag. What it cannot find out quickly it leaves out.
type completer = cobra.CompletionFunc

// completeFlag offers words for a flag that the command has.
func completeFlag(cmd *cobra.Command, name string, words completer) {
	if err := cmd.RegisterFlagCompletionFunc(name, words); err != nil {
		panic(err) // the flag is missing: a mistake in this package, met by every test of the tree
	}
}

// completeSites offers the sites of the project file.
func (p *projectFlags) completeSites(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return config.Sites(p.options.Dir), cobra.ShellCompDirectiveNoFileComp
}

// completeServices offers the services of the compose file.
func (p *projectFlags) completeServices() completer {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		project, err := p.load(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var words []cobra.Completion
		for _, service := range project.Spec.Services {
			if strings.HasPrefix(service.Name, begun) && !slices.Contains(args, service.Name) {
				words = append(words, service.Name)
			}
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeRuns offers the runs under way and waiting.
func (p *projectFlags) completeRuns() completer {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var words []cobra.Completion
		state, _ := p.state(cmd.Context()) // no words without an engine
		state.Ended = nil
		for _, w := range known(state) {
			words = append(words, cobra.CompletionWithDesc(w.ID, queue.InWords(w)))
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeReleases offers the releases that the engine remembers.
func (p *projectFlags) completeReleases() completer {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var words []cobra.Completion
		state, _ := p.state(cmd.Context()) // no words without an engine
		for _, e := range state.Ended {
			if e.Outcome == app.Succeeded && e.Release != "" && e.Release != state.Current {
				words = append(words, cobra.CompletionWithDesc(e.Release, queue.InWords(e.Waiting)))
			}
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// state is what the project's site knows, asked quickly.
func (p *projectFlags) state(ctx context.Context) (workflows.SiteState, error) {
	project, err := p.load(ctx)
	if err != nil {
		return workflows.SiteState{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, completeTimeout)
	defer cancel()
	s, err := connect(ctx, project.Settings.StateDir)
	if err != nil {
		return workflows.SiteState{}, err
	}
	defer s.Close()
	return s.queue(project.Spec.Site).State(ctx, "")
}
