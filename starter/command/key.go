package command

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/display"
)

func (c *cli) keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Keep the keys that secrets and runs are encrypted with",
		Args:  knownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SuggestionsMinimumDistance = suggestWithin
	cmd.AddCommand(c.keyShowCommand(), c.keyRotateCommand(), c.keyRecipientCommand())
	return cmd
}

func (c *cli) keyShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show this machine's public key, and where its keys are",
		Long: "Shows the public key that others give to longshore key recipient add for this machine to read secrets, and makes the\n" +
			"key where there is none.",
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return c.showKey() },
	}
}

func (c *cli) showKey() error {
	tool, err := loadTool()
	if err != nil {
		return err
	}
	keys := keysIn(tool)
	recipient, err := keys.Ensure()
	if err != nil {
		return err
	}
	ring := engine.KeyRingPath(tool.StateDir)
	if c.format == display.JSON {
		return display.Object(c.Out, map[string]any{"public_key": recipient, "identities": keys.Path, "key_ring": ring})
	}
	c.say("public key      %s", recipient)
	c.say("identities      %s", keys.Path)
	c.say("runs' key ring  %s", ring)
	return nil
}

func (c *cli) keyRotateCommand() *cobra.Command {
	var f secretFlags
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Give this machine new keys, and encrypt the secrets to them",
		Long: "Makes a new identity for this machine and a new key for its runs, and encrypts the project's, its sites' and its\n" +
			"organization's secrets to the new identity in the place of the old. The old keys stay, for what was encrypted before. It\n" +
			"may be interrupted and repeated. In other projects of this machine, run it as well: it does what is left there.",
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return c.rotateKeys(&f) },
	}
	f.addProject(cmd)
	return cmd
}

// readers are who can read, list by list: of the project with its sites, and of the organization.
func (v *vault) readers() ([]store.Readers, error) {
	sites, err := v.siteScopes()
	if err != nil {
		return nil, err
	}
	var out []store.Readers
	for _, scope := range v.settings.Scopes {
		switch scope.Kind {
		case app.ScopeProject:
			r := store.Readers{Path: scope.Recipients, Keys: v.keys, Folders: []store.Folder{v.folder(scope)}}
			for _, site := range sites {
				r.Folders = append(r.Folders, v.folder(site))
			}
			out = append(out, r)
		case app.ScopeOrganization:
			out = append(out, store.Readers{Path: scope.Recipients, Keys: v.keys, Folders: []store.Folder{v.folder(scope)}})
		}
	}
	return out, nil
}

// turnover is what becomes of one list of recipients when this machine has a newest key.
type turnover struct {
	readers store.Readers
	note    string   // of this machine in the list
	old     []string // this machine's keys in the list, but for the newest
	listed  bool     // the newest is in it
}

// turnovers look at the lists that this machine is in. others are the paths of those that it is not in.
func turnovers(all []store.Readers, own []string) (ours []turnover, others []string, err error) {
	for _, r := range all {
		list, err := r.List()
		if err != nil {
			return nil, nil, err
		}
		t := turnover{readers: r}
		for _, recipient := range list {
			switch i := slices.Index(own, recipient.Key); {
			case i == 0:
				t.listed = true
			case i > 0:
				t.old, t.note = append(t.old, recipient.Key), recipient.Note
			}
		}
		switch {
		case t.listed, len(t.old) > 0:
			ours = append(ours, t)
		case len(list) > 0:
			others = append(others, r.Path)
		}
	}
	return ours, others, nil
}

// unfinished says that a list still has an older key of this machine.
func unfinished(all []turnover) bool {
	return slices.ContainsFunc(all, func(t turnover) bool { return len(t.old) > 0 })
}

func (c *cli) rotateKeys(f *secretFlags) error {
	v, err := f.open()
	if err != nil {
		return err
	}
	newest, err := v.keys.Ensure()
	if err != nil {
		return err
	}
	all, err := v.readers()
	if err != nil {
		return err
	}
	own, err := v.keys.Recipients()
	if err != nil {
		return err
	}
	lists, others, err := turnovers(all, own)
	if err != nil {
		return err
	}
	ringKey := ""
	begun := unfinished(lists)
	if begun {
		c.say("going on with a rotation that was begun: %s comes in the place of this machine's older keys", newest)
	} else {
		if newest, ringKey, err = c.newKeys(v); err != nil {
			return err
		}
		if own, err = v.keys.Recipients(); err != nil {
			return err
		}
		if lists, others, err = turnovers(all, own); err != nil {
			return err
		}
	}
	written := 0
	for _, t := range lists {
		n, err := t.turn(newest)
		written += n
		if err != nil {
			return fmt.Errorf("%w. The new key is made, and %d files are encrypted to it: run longshore key rotate again for the rest", err, written)
		}
	}
	if c.format == display.JSON {
		return display.Object(c.Out, map[string]any{
			"public_key": newest, "key_ring_id": ringKey, "continued": begun, "files": written, "not_a_recipient_of": append([]string{}, others...),
		})
	}
	c.say("public key      %s", newest)
	if ringKey != "" {
		c.say("runs' key       %s", ringKey)
	}
	c.say("encrypted anew  %s", count(written, "file"))
	for _, path := range others {
		c.note("this machine is not among the recipients in %s: nothing was changed there", path)
	}
	c.note("keep a copy of %s and %s in a safe place. Other machines of the same engine need the new key ring", v.keys.Path, engine.KeyRingPath(v.settings.Tool.StateDir))
	return nil
}

// newKeys makes a key for runs and an identity. What a cut between the two leaves is one more key in the ring.
func (c *cli) newKeys(v *vault) (recipient, ringKey string, err error) {
	path := engine.KeyRingPath(v.settings.Tool.StateDir)
	if _, err := keyring.Open(path); err != nil { // it is made on first use, which this may be
		return "", "", err
	}
	if ringKey, err = keyring.Rotate(path); err != nil {
		return "", "", err
	}
	recipient, err = v.keys.Rotate()
	return recipient, ringKey, err
}

// turn puts the newest key in the place of the older ones, and encrypts what is not encrypted to the list.
func (t turnover) turn(newest string) (written int, err error) {
	if len(t.old) == 0 {
		return t.readers.Reencrypt()
	}
	return t.readers.Change([]store.Recipient{{Key: newest, Note: t.note}}, t.old)
}

// count is a number of things: "1 file", "3 files".
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
