package command

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
)

func (c *cli) keyRecipientCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "recipient",
		Short: "Say who can read the secrets",
		Args:  knownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SuggestionsMinimumDistance = suggestWithin
	cmd.AddCommand(c.recipientAddCommand(), c.recipientRemoveCommand(), c.recipientListCommand())
	return cmd
}

// addList adds the flag that chooses a list of recipients.
func (f *secretFlags) addList(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.scope, "scope", app.ScopeProject, "project, which its sites are part of, or organization")
	completeFlag(cmd, "scope", cobra.FixedCompletions([]string{app.ScopeProject, app.ScopeOrganization}, cobra.ShellCompDirectiveNoFileComp))
}

// list is the list of recipients that the flags choose.
func (f *secretFlags) list(v *vault) (store.Readers, error) {
	if f.scope == app.ScopeSite {
		return store.Readers{}, exit.With(exit.Usage, errors.New("a site has no list of its own: who reads the project's secrets reads those of its sites"))
	}
	scope, err := v.scope(f.scope)
	if err != nil {
		return store.Readers{}, err
	}
	all, err := v.readers()
	if err != nil {
		return store.Readers{}, err
	}
	i := slices.IndexFunc(all, func(r store.Readers) bool { return r.Path == scope.Recipients })
	return all[i], nil
}

func oneKey(cmd *cobra.Command, args []string) error {
	if len(args) != 1 || !strings.HasPrefix(args[0], "age1") {
		return exit.With(exit.Usage, fmt.Errorf("%s takes one public key, which begins with age1: longshore key show prints a machine's", cmd.CommandPath()))
	}
	return nil
}

func (c *cli) recipientAddCommand() *cobra.Command {
	var f secretFlags
	var note string
	cmd := &cobra.Command{
		Use:     "add key",
		Short:   "Let a key read the secrets",
		Long:    "Adds a public key to the recipients and encrypts all secrets anew. This machine has to be able to read them.",
		Example: "  longshore key recipient add age1… --note \"CI\"",
		Args:    oneKey,
		RunE: func(_ *cobra.Command, args []string) error {
			return c.changeRecipients(&f, []store.Recipient{{Key: args[0], Note: note}}, nil)
		},
	}
	f.addProject(cmd)
	f.addList(cmd)
	cmd.Flags().StringVar(&note, "note", "", "whose key it is, kept beside it")
	return cmd
}

func (c *cli) recipientRemoveCommand() *cobra.Command {
	var f secretFlags
	cmd := &cobra.Command{
		Use:   "rm key",
		Short: "Have a key read no secret that is written from now on",
		Long: "Takes a public key out of the recipients and encrypts all secrets anew without it. Whoever has it may have kept what\n" +
			"they could read, and the repository's history has it still: rotate the secrets that matter.",
		Args: oneKey,
		RunE: func(_ *cobra.Command, args []string) error { return c.changeRecipients(&f, nil, args) },
	}
	f.addProject(cmd)
	f.addList(cmd)
	return cmd
}

func (c *cli) changeRecipients(f *secretFlags, add []store.Recipient, remove []string) error {
	v, err := f.open()
	if err != nil {
		return err
	}
	readers, err := f.list(v)
	if err != nil {
		return err
	}
	written, err := readers.Change(add, remove)
	if err != nil {
		return err
	}
	list, err := readers.List()
	if err != nil {
		return err
	}
	if c.format == display.JSON {
		return display.Object(c.Out, map[string]any{"file": readers.Path, "recipients": len(list), "files": written})
	}
	c.say("%s can read the secrets of %s; encrypted anew: %s", count(len(list), "recipient"), filepath.Dir(readers.Path), count(written, "file"))
	if len(remove) > 0 {
		c.note("who had the key may have kept the values: rotate those that matter, by  longshore secret rotate NAME")
	}
	return nil
}

func (c *cli) recipientListCommand() *cobra.Command {
	var f secretFlags
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List who can read the secrets",
		Args:  noArguments,
		RunE:  func(*cobra.Command, []string) error { return c.listRecipients(&f) },
	}
	f.addProject(cmd)
	f.addList(cmd)
	return cmd
}

func (c *cli) listRecipients(f *secretFlags) error {
	v, err := f.open()
	if err != nil {
		return err
	}
	readers, err := f.list(v)
	if err != nil {
		return err
	}
	list, err := readers.List()
	if err != nil {
		return err
	}
	own, err := v.keys.Recipients()
	if missing, ok := errors.AsType[*store.KeysError](err); ok && missing.Missing {
		err = nil
	}
	if err != nil {
		return err
	}
	type listed struct {
		Key  string `json:"key"`
		Note string `json:"note,omitempty"`
		Here bool   `json:"here,omitempty"` // this machine has the identity
	}
	all, rows := []listed{}, [][]string{}
	for _, r := range list {
		l := listed{r.Key, r.Note, slices.Contains(own, r.Key)}
		all = append(all, l)
		rows = append(rows, []string{l.Key, map[bool]string{true: "this machine"}[l.Here], l.Note})
	}
	if c.format == display.JSON {
		return display.Object(c.Out, all)
	}
	if len(all) == 0 {
		c.say("nobody yet: the first secret that is set makes the list, %s", readers.Path)
		return nil
	}
	return display.Table(c.Out, []string{"KEY", "", "NOTE"}, rows)
}
