package secret

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

const (
	alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

	defaultLength = 32
	minLength     = 8
	maxLength     = 1024
	// minBits keeps out what a few guesses a second find within a year; 8 digits are just enough.
	minBits = 26
)

// alphabets are those with a name.
func alphabet(name string) string {
	switch name {
	case "", "alphanumeric":
		return alphanumeric
	case "digits":
		return "0123456789"
	case "hex":
		return "0123456789abcdef"
	case "base64url":
		return alphanumeric + "-_"
	case "ascii":
		var all strings.Builder
		for c := '!'; c <= '~'; c++ {
			all.WriteRune(c)
		}
		return all.String()
	}
	return name
}

// CheckPolicy says why no good value can be made by a policy.
func CheckPolicy(p app.SecretPolicy) error {
	_, _, err := resolve(p)
	return err
}

// Generate makes a random value: every character of the alphabet is equally likely at every place. It fails for a policy
// that CheckPolicy refuses.
func Generate(p app.SecretPolicy) (String, error) {
	length, letters, err := resolve(p)
	if err != nil {
		return String{}, err
	}
	count := big.NewInt(int64(len(letters)))
	value := make([]rune, length)
	for i := range value {
		n, err := rand.Int(rand.Reader, count)
		if err != nil {
			return String{}, fmt.Errorf("make a secret: %w", err)
		}
		value[i] = letters[n.Int64()]
	}
	return New(string(value)), nil
}

// resolve answers how long a value is and which characters it may have.
func resolve(p app.SecretPolicy) (int, []rune, error) {
	length := p.Length
	if length == 0 {
		length = defaultLength
	}
	if length < minLength || length > maxLength {
		return 0, nil, fmt.Errorf("the length is %d: it is from %d to %d", p.Length, minLength, maxLength)
	}
	letters := []rune(alphabet(p.Alphabet))
	if slices.Contains(letters, '\uFFFD') || slices.ContainsFunc(letters, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return 0, nil, errors.New("the alphabet has a control character, or is not UTF-8")
	}
	slices.Sort(letters)
	letters = slices.Compact(letters)
	letters = slices.DeleteFunc(letters, func(r rune) bool { return strings.ContainsRune(p.Exclude, r) })
	if bits := float64(length) * math.Log2(float64(max(len(letters), 1))); bits < minBits {
		return 0, nil, fmt.Errorf("%d characters of %d different ones are easily guessed: make the length or the alphabet larger, or exclude less",
			length, len(letters))
	}
	return length, letters, nil
}
