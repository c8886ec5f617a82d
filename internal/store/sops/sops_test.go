package sops

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	filippo "filippo.io/age"
	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	"github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/cmd/sops/common"
	"github.com/getsops/sops/v3/cmd/sops/formats"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/keyservice"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/internal/store/storetest"
)

const value = `k4-%7 hush "x`

// encrypted writes a file as `sops encrypt` does.
func encrypted(t *testing.T, name, plain, recipient string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	format := common.StoreForFormat(formats.FormatForPath(path), config.NewStoresConfig())
	branches, err := format.LoadPlainFile([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	key, err := age.MasterKeyFromRecipient(recipient)
	if err != nil {
		t.Fatal(err)
	}
	tree := sops.Tree{Branches: branches, FilePath: path, Metadata: sops.Metadata{
		KeyGroups: []sops.KeyGroup{{key}}, Version: "3.9.0", UnencryptedSuffix: "_unencrypted", LastModified: time.Now().UTC(),
	}}
	dataKey, errs := tree.GenerateDataKeyWithKeyServices([]keyservice.KeyServiceClient{keyservice.NewLocalClient()})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if err := common.EncryptTree(common.EncryptTreeOpts{DataKey: dataKey, Tree: &tree, Cipher: aes.NewCipher()}); err != nil {
		t.Fatal(err)
	}
	text, err := format.EmitEncryptedFile(tree)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "hush") {
		t.Fatalf("%s is not encrypted", text)
	}
	return written(t, path, string(text))
}

func written(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func secretOf(path, key string) app.Secret {
	return app.Secret{Name: "TOKEN", Source: app.SecretSource{From: app.FromSOPS, File: path, Key: key}}
}

// recipient is one whose identity the environment has.
func recipient(t *testing.T) string {
	t.Helper()
	identity, err := filippo.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOPS_AGE_KEY_FILE", written(t, filepath.Join(t.TempDir(), "keys.txt"), identity.String()+"\n"))
	return identity.Recipient().String()
}

func TestContract(t *testing.T) {
	to := recipient(t)
	stranger, err := filippo.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	const plain = "database:\n  password: 'k4-%7 hush \"x'\n  empty: ''\n  none: null\n"
	path := encrypted(t, "secrets.yaml", plain, to)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	storetest.Run(t, storetest.Subject{
		Source: Source{}, Has: secretOf(path, "database.password"), Value: value,
		Absent: []app.Secret{
			secretOf(path, "database.user"), secretOf(path, "password"), secretOf(path, ""), secretOf(path, "database.none"),
			secretOf(path, "database.password.x"), secretOf(filepath.Join(folder, "none.yaml"), "database.password"),
		},
		Unusable: map[string]app.Secret{
			"empty":         secretOf(path, "database.empty"),
			"a group":       secretOf(path, "database"),
			"for others":    secretOf(encrypted(t, "others.yaml", plain, stranger.Recipient().String()), "database.password"),
			"not encrypted": secretOf(written(t, filepath.Join(folder, "plain.yaml"), plain), "database.password"),
			"not YAML":      secretOf(written(t, filepath.Join(folder, "broken.yaml"), plain+"\t: [\n"), "database.password"),
			"cut off":       secretOf(written(t, filepath.Join(folder, "cut.yaml"), string(text[:len(text)/2])), "database.password"),
			"changed":       secretOf(written(t, filepath.Join(folder, "changed.yaml"), strings.Replace(string(text), "none: null", "none: other", 1)), "database.password"),
			"a folder":      secretOf(folder, "database.password"),
		},
	})
}

func TestFormats(t *testing.T) {
	to := recipient(t)
	for name, test := range map[string]struct {
		plain string
		want  map[string]string // by key
	}{
		"a.json": {`{"list":["x","k4-%7 hush"],"number":12,"truth":true,"a.b":{"c.d":"deep"}}`, map[string]string{
			"list.1": "k4-%7 hush", "number": "12", "truth": "true", "a.b.c.d": "deep",
		}},
		"a.yml": {"# hush\nlist:\n  # about it\n  - one\n  - |\n    two\n    lines\n---\nsecond: document\n", map[string]string{
			"list.0": "one", "list.1": "two\nlines\n", "second": "document",
		}},
		"a.env": {"# hush\nTOKEN=k4-%7=hush\nLINES=a\\nb\n", map[string]string{"TOKEN": "k4-%7=hush", "LINES": "a\nb"}},
		"a.ini": {"top=level\n[db]\npassword=hush\n", map[string]string{"DEFAULT.top": "level", "db.password": "hush"}},
		"token": {"hush\x00\xff\n", map[string]string{"": "hush\x00\xff\n"}},
	} {
		path := encrypted(t, name, test.plain, to)
		for key, want := range test.want {
			found, err := Source{}.Find(t.Context(), secretOf(path, key))
			if err != nil || found.Value.Reveal() != want {
				t.Errorf("%s of %s is %q, want %q (%v)", key, name, found.Value.Reveal(), want, err)
			}
		}
	}
	if _, err := (Source{}).Find(t.Context(), secretOf(encrypted(t, "token", "hush", to), "key")); err == nil {
		t.Error("a file of one value has a key")
	}
	var _ store.Source = Source{}
}
