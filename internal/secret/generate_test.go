package secret

import (
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

func TestGenerate(t *testing.T) {
	for name, test := range map[string]struct {
		policy  app.SecretPolicy
		length  int
		letters string
	}{
		"default":      {app.SecretPolicy{}, 32, alphanumeric},
		"alphanumeric": {app.SecretPolicy{Alphabet: "alphanumeric", Length: 8}, 8, alphanumeric},
		"digits":       {app.SecretPolicy{Alphabet: "digits", Length: 12, Exclude: "01"}, 12, "23456789"},
		"hex":          {app.SecretPolicy{Alphabet: "hex", Length: 64}, 64, "0123456789abcdef"},
		"base64url":    {app.SecretPolicy{Alphabet: "base64url"}, 32, alphanumeric + "-_"},
		"ascii":        {app.SecretPolicy{Alphabet: "ascii", Exclude: `'"\`}, 32, "!#$%&()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"},
		"own":          {app.SecretPolicy{Alphabet: "äöüß€ ab", Exclude: "b", Length: 10}, 10, "äöüß€ a"},
	} {
		if err := CheckPolicy(test.policy); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		count := map[rune]int{}
		runs := 2000 * len([]rune(test.letters)) / test.length
		for range runs {
			value, err := Generate(test.policy)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			letters := []rune(value.Reveal())
			if len(letters) != test.length {
				t.Fatalf("%s: %q", name, value.Reveal())
			}
			for _, r := range letters {
				count[r]++
			}
		}
		// Every letter comes up about 2000 times. The bounds are 6.5 standard deviations away: chance stays within them, and a
		// byte taken modulo 62 does not.
		for r, n := range count {
			if !strings.ContainsRune(test.letters, r) || n < 1710 || n > 2290 {
				t.Errorf("%s: %q came up %d times", name, r, n)
			}
		}
		if len(count) != len([]rune(test.letters)) {
			t.Errorf("%s: %d different letters, want %d", name, len(count), len([]rune(test.letters)))
		}
	}
}

func TestPoliciesThatAreRefused(t *testing.T) {
	for name, policy := range map[string]app.SecretPolicy{
		"short":        {Length: 7},
		"negative":     {Length: -1},
		"long":         {Length: 1025},
		"one letter":   {Alphabet: "aaaaaaa"},
		"easily tried": {Alphabet: "abcd", Length: 12},
		"all excluded": {Alphabet: "digits", Exclude: "0123456789"},
		"a break":      {Alphabet: "abcdefghijklmnop\n"},
		"not UTF-8":    {Alphabet: "abcdefghijklmnop\xff"},
	} {
		err := CheckPolicy(policy)
		if err == nil {
			t.Errorf("%s is good", name)
		}
		if value, made := Generate(policy); made == nil || made.Error() != err.Error() || !value.Empty() {
			t.Errorf("%s: %v", name, made)
		}
	}
}

func TestCheckName(t *testing.T) {
	for _, good := range []string{"A", "_", "DATABASE_URL", "tls.key-2", "a" + strings.Repeat("b", 127)} {
		if err := CheckName(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "1A", ".a", "-a", "a b", "a/b", "a\n", "../a", "ä", "a" + strings.Repeat("b", 128)} {
		if CheckName(bad) == nil {
			t.Errorf("%q is good", bad)
		}
	}
}
