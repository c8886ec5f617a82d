package command

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/starter/exit"
)

// projectFlags choose the project and the site that a command is about.
type projectFlags struct{ options config.Options }

func (p *projectFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&p.options.Site, "site", "s", "", "the site, such as production")
	completeFlag(cmd, "site", p.completeSites)
	flags.StringVar(&p.options.Host, "host", "", "a host of the project, or an address such as deploy@203.0.113.10, in place of the site's hosts")
	flags.StringVarP(&p.options.Dir, "directory", "C", "", "the project's folder (default: the current one)")
	// Without a shorthand where -f means to follow.
	if cmd.Flags().ShorthandLookup("f") == nil {
		flags.StringArrayVarP(&p.options.Compose, "compose", "f", nil, "a compose file; again for those that override it (default: the settings', or compose.yaml)")
	} else {
		flags.StringArrayVar(&p.options.Compose, "compose", nil, "a compose file; again for those that override it (default: the settings', or compose.yaml)")
	}
	flags.StringArrayVar(&p.options.Profiles, "profile", nil, "a profile of the compose file to turn on; may be given again")
}

// load reads the project as it is, with or without changes that are not committed.
func (p *projectFlags) load(ctx context.Context) (*config.Project, error) {
	options := p.options
	options.Dirty = true
	return loadProject(ctx, options)
}

// open is load and a connection to the engine, which the caller closes.
func (p *projectFlags) open(ctx context.Context, connect func(ctx context.Context, state string) (*session, error)) (*config.Project, *session, error) {
	project, err := p.load(ctx)
	if err != nil {
		return nil, nil, err
	}
	s, err := connect(ctx, project.Settings.StateDir)
	return project, s, err
}

// loadProject reads a project. What is wrong in its files, or in how it was asked for, ends with the code for that.
func loadProject(ctx context.Context, options config.Options) (*config.Project, error) {
	project, err := config.Load(ctx, options)
	return project, invalid(err)
}

// loadTool reads the settings that need no project.
func loadTool() (config.Tool, error) {
	tool, err := config.LoadTool(nil, nil)
	return tool, invalid(err)
}

// invalid gives errors in what the user wrote their exit code.
func invalid(err error) error {
	if _, ok := errors.AsType[config.Problems](err); ok {
		return exit.With(exit.Usage, err)
	}
	if _, ok := errors.AsType[*config.DirtyError](err); ok {
		return exit.With(exit.Usage, err)
	}
	return err
}
