package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
)

// Recipient is who can read.
type Recipient struct {
	Key  string // an age public key
	Note string // whose it is; one line
}

const recipientsHead = "# Who can read the secrets here: age public keys, one a line. Change the list by `longshore key recipient`, which\n" +
	"# encrypts the secrets to the new one as well.\n"

// recipients are a list that can be encrypted to.
type recipients struct {
	list []Recipient
	to   []age.Recipient
	id   string // the same for the same set of keys
}

// readRecipients answers none where there is no file.
func readRecipients(path string) (recipients, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return recipients{}, nil
	}
	if err != nil {
		return recipients{}, fmt.Errorf("read the recipients: %w", err)
	}
	var list []Recipient
	note := ""
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		switch text, comment := strings.CutPrefix(line, "#"); {
		case comment:
			note = strings.TrimSpace(text)
		case line == "":
			note = ""
		default:
			if _, err := parseRecipient(line); err != nil {
				return recipients{}, &RecipientsError{Path: path, What: fmt.Sprintf("line %d: %s", i+1, err)}
			}
			list = append(list, Recipient{Key: line, Note: note})
			note = ""
		}
	}
	return resolveRecipients(path, list)
}

func resolveRecipients(path string, list []Recipient) (recipients, error) {
	r := recipients{list: list}
	keys := make([]string, 0, len(list))
	for _, one := range list {
		to, err := parseRecipient(one.Key)
		if err != nil {
			return recipients{}, &RecipientsError{Path: path, What: err.Error()}
		}
		if slices.Contains(keys, one.Key) {
			return recipients{}, &RecipientsError{Path: path, What: one.Key + " is there twice"}
		}
		r.to, keys = append(r.to, to), append(keys, one.Key)
	}
	slices.Sort(keys)
	digest := sha256.Sum256([]byte(strings.Join(keys, "\n")))
	r.id = hex.EncodeToString(digest[:8])
	return r, nil
}

// parseRecipient quotes a text only where it cannot be an identity that was put in the wrong place.
func parseRecipient(text string) (age.Recipient, error) {
	if strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY") {
		return nil, errors.New("it is an identity, which is secret, and not its public key: take it out, and replace it if anybody else has seen it")
	}
	parsed, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(parsed) != 1 {
		return nil, errors.New("it is not an age public key, which begins with age1")
	}
	return parsed[0], nil
}

func (r recipients) has(key string) bool {
	return slices.ContainsFunc(r.list, func(have Recipient) bool { return have.Key == key })
}

func (r recipients) hasAny(keys []string) bool { return slices.ContainsFunc(keys, r.has) }

// write replaces the list. Its folder is locked by the caller.
func (r recipients) write(path string) error {
	var text strings.Builder
	text.WriteString(recipientsHead)
	for _, one := range r.list {
		text.WriteString("\n")
		if one.Note != "" {
			text.WriteString("# " + one.Note + "\n")
		}
		text.WriteString(one.Key + "\n")
	}
	if err := replace(path, []byte(text.String()), publicFile); err != nil {
		return fmt.Errorf("write the recipients: %w", err)
	}
	return nil
}

// ensureRecipients makes the list of a first secret: this machine alone. Where secrets are there already the list was lost,
// and a new one would shut the others out.
func ensureRecipients(path string, keys Keys, note string) error {
	if r, err := readRecipients(path); err != nil || len(r.list) > 0 {
		return err
	}
	unlock, err := lock(filepath.Dir(path), publicFolder)
	if err != nil {
		return fmt.Errorf("make the recipients: %w", err)
	}
	defer unlock()
	if r, err := readRecipients(path); err != nil || len(r.list) > 0 {
		return err
	}
	if some, err := hasSecrets(filepath.Dir(path)); err != nil {
		return fmt.Errorf("make the recipients: %w", err)
	} else if some {
		return &RecipientsError{Path: path, What: "there are none, and secrets that were encrypted to some: bring the file back, or name all " +
			"who should read them by `longshore key recipient add`"}
	}
	own, err := keys.Ensure()
	if err != nil {
		return err
	}
	r, err := resolveRecipients(path, []Recipient{{Key: own, Note: oneLine(note)}})
	if err != nil {
		return err
	}
	return r.write(path)
}

// hasSecrets looks in a folder and below it.
func hasSecrets(folder string) (bool, error) {
	some := false
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == extension {
			some = true
			return filepath.SkipAll
		}
		return err
	})
	return some, err
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
