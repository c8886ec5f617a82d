package command

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/starter/display"
)

func (c *cli) configCommand() *cobra.Command {
	var p projectFlags
	var origin bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check the project's files and print what they come to",
		Long: "Checks the project's files, and prints what they come to for the site: with --origin the settings and where each\n" +
			"came from, else the whole resolved project. Values of the environment are printed as they are.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.config(cmd.Context(), &p, origin) },
	}
	p.add(cmd)
	cmd.Flags().BoolVar(&origin, "origin", false, "print the settings, and where each came from")
	return cmd
}

func (c *cli) config(ctx context.Context, p *projectFlags, origin bool) error {
	project, err := p.load(ctx)
	if err != nil {
		return err
	}
	switch {
	case origin && c.format == display.JSON:
		return display.Object(c.Out, project.Origins)
	case origin:
		var rows [][]string
		for _, o := range project.Origins {
			rows = append(rows, []string{o.Key, settingText(o.Value), o.Layer, o.Where})
		}
		return display.Table(c.Out, []string{"SETTING", "VALUE", "FROM", "WHERE"}, rows)
	case c.format == display.JSON:
		return display.Object(c.Out, project.Spec)
	}
	encoder := json.NewEncoder(c.Out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(project.Spec)
}

// settingText is a value as a user would write it.
func settingText(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(data)
}
