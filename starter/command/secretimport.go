package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
)

// maxImport bounds an .env file, in bytes: another one was meant where it is larger.
const maxImport = 4 << 20

func (c *cli) secretImportCommand() *cobra.Command {
	var f secretFlags
	cmd := &cobra.Command{
		Use:   "import file",
		Short: "Take secrets over from an .env file",
		Long: "Writes a new version of every variable of an .env file, or of the standard input for -. The file is read whole before\n" +
			"anything is written. A value that is the current one already, as far as this machine can read it, gets no new version.",
		Example: "  longshore secret import .env --site production\n  pass show shop/env | longshore secret import -",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exit.With(exit.Usage, fmt.Errorf("%s takes one file, or - for the standard input; see %s --help", cmd.CommandPath(), cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return c.importEnv(&f, args[0]) },
	}
	f.addProject(cmd)
	f.addScope(cmd, homeText)
	f.addWhy(cmd)
	return cmd
}

func (c *cli) importEnv(f *secretFlags, path string) error {
	v, err := f.open()
	if err != nil {
		return err
	}
	entries, err := c.readEnv(path)
	if err != nil {
		return err
	}
	homes := make([]app.SecretScope, len(entries))
	for i, e := range entries {
		if homes[i], err = f.home(v, e.Name); err != nil {
			return err
		}
	}
	first := isFirst(homes[0])
	var all []written
	for i, e := range entries {
		w, err := v.take(f, homes[i], e)
		if err != nil {
			return fmt.Errorf("%d of %d secrets were written, then %s failed: %w", len(all), len(entries), e.Name, err)
		}
		all = append(all, w)
	}
	if err := c.sayImported(v, path, all); err != nil {
		return err
	}
	if first {
		c.sayFirst(v, homes[0])
	}
	return nil
}

// readEnv reads an .env file, and refuses it whole where one of its secrets cannot be written.
func (c *cli) readEnv(path string) ([]store.Entry, error) {
	in, shown := c.In, "standard input"
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, exit.With(exit.Usage, fmt.Errorf("import secrets: %w", err))
		}
		defer func() { _ = file.Close() }()
		in, shown = file, path
	}
	data, err := io.ReadAll(io.LimitReader(in, maxImport+1))
	if err == nil && len(data) > maxImport {
		err = fmt.Errorf("it is larger than %s", display.Bytes(maxImport))
	}
	if err != nil {
		return nil, exit.With(exit.Usage, fmt.Errorf("import secrets of %s: %w", shown, err))
	}
	entries, err := store.ParseEnv(string(data))
	if err == nil && len(entries) == 0 {
		err = errors.New("it has no variable")
	}
	var wrong []string
	for _, e := range entries {
		if bad := secret.CheckName(e.Name); bad != nil {
			wrong = append(wrong, fmt.Sprintf("line %d: %s", e.Line, bad))
		} else if e.Value.Empty() {
			wrong = append(wrong, fmt.Sprintf("line %d: %s is empty: give it a value, or take the line out", e.Line, e.Name))
		}
	}
	if len(wrong) > 0 {
		err = errors.New(strings.Join(wrong, "\n"))
	}
	if err != nil {
		return nil, exit.With(exit.Usage, fmt.Errorf("import secrets of %s: %w", shown, err))
	}
	return entries, nil
}

// take writes one variable. Version is 0 where its value was the current one.
func (v *vault) take(f *secretFlags, scope app.SecretScope, e store.Entry) (written, error) {
	w := written{Name: e.Name, Scope: scope.Kind, Of: scope.Of, File: fileOf(scope, e.Name)}
	folder := v.folder(scope)
	// What cannot be read is written: setting a secret takes no key.
	if value, _, err := folder.Value(e.Name, 0); err == nil && value.Reveal() == e.Value.Reveal() {
		return w, nil
	}
	version, err := folder.Add(e.Name, store.NewVersion{Value: e.Value, By: operator(), Why: f.why})
	w.Version = version.Number
	return w, err
}

func (c *cli) sayImported(v *vault, path string, all []written) error {
	if c.format == display.JSON {
		return display.Object(c.Out, all)
	}
	rows := make([][]string, len(all))
	for i, w := range all {
		version := "as it was"
		if w.Version > 0 {
			version = fmt.Sprint(w.Version)
		}
		rows[i] = []string{w.Name, w.Scope + " " + w.Of, version}
		if source, ok := v.settings.Sources[w.Name]; ok && source.From != app.FromStore {
			c.note("longshore.yml takes %s from %s: what is in the store is not used", w.Name, sourceText(source))
		}
	}
	if err := display.Table(c.Out, []string{"NAME", "SCOPE", "VERSION"}, rows); err != nil {
		return err
	}
	if path != "-" {
		c.note("%s still has the values for everybody who can read it: remove it", path)
	}
	return nil
}
