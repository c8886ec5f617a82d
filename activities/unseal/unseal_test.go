package unseal_test

import (
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/sealed"
	"github.com/longshore-dev/longshore/internal/secret"
)

func opener(t *testing.T) (unseal.Opener, *secret.Masker) {
	t.Helper()
	ring, err := keyring.Open(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	masker := &secret.Masker{}
	return unseal.Opener{Sealer: sealed.Sealer{Ring: ring}, Masker: masker}, masker
}

func seal(t *testing.T, o unseal.Opener, name, value string) app.Secret {
	t.Helper()
	text, err := o.Sealer.Seal(name, secret.New(value))
	if err != nil {
		t.Fatal(err)
	}
	return app.Secret{Name: name, Sealed: text}
}

func TestWhatIsOpenedIsMasked(t *testing.T) {
	o, masker := opener(t)
	secrets := []app.Secret{seal(t, o, "A", "correct horse"), seal(t, o, "B", "battery staple")}
	if got := masker.Mask("correct horse"); got != "correct horse" {
		t.Errorf("%q is masked before it is opened", got)
	}
	if value, err := o.Open("A", secrets[0].Sealed); err != nil || value.Reveal() != "correct horse" {
		t.Errorf("%q, %v", value.Reveal(), err)
	}
	if got := masker.Mask("correct horse, battery staple"); got != "***, battery staple" {
		t.Errorf("%q", got)
	}
	if err := o.Learn(secrets); err != nil {
		t.Fatal(err)
	}
	if got := masker.Mask("correct horse, battery staple"); got != "***, ***" {
		t.Errorf("%q", got)
	}
	values, err := o.Values(secrets)
	if err != nil || len(values) != 2 || values["A"].Reveal() != "correct horse" || values["B"].Reveal() != "battery staple" {
		t.Errorf("%d values, %v", len(values), err)
	}
}

func TestOpenSaysWhatToDo(t *testing.T) {
	o, _ := opener(t)
	other, _ := opener(t)
	good := seal(t, o, "TOKEN", "correct horse").Sealed
	for name, test := range map[string]struct {
		by         unseal.Opener
		text       string
		says, does string
	}{
		"not resolved":     {o, "", "TOKEN has no value", "Deploy again"},
		"another key ring": {other, good, "copy the key ring", "Bring back the key ring"},
		"another's text":   {o, seal(t, o, "OTHER", "x").Sealed, "TOKEN", "Bring back the key ring"},
		"no sealed text":   {o, "correct horse", "not a sealed value", "Deploy again"},
	} {
		t.Run(name, func(t *testing.T) {
			for step, err := range map[string]error{
				"open":  func() error { _, err := test.by.Open("TOKEN", test.text); return err }(),
				"learn": test.by.Learn([]app.Secret{{Name: "TOKEN", Sealed: test.text}}),
			} {
				f := activities.FailureOf(err)
				application, ok := err.(*temporal.ApplicationError)
				if !ok || !application.NonRetryable() || f.Kind != app.KindSecret || !strings.Contains(f.Message, test.says) || !strings.Contains(f.Advice, test.does) {
					t.Errorf("%s: %v, %+v", step, err, f)
				}
				if strings.Contains(f.Message, "correct horse") {
					t.Errorf("%s: the message shows the value", step)
				}
			}
		})
	}
}
