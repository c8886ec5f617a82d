package store

import (
	"errors"

	"github.com/longshore-dev/longshore/internal/secret"
)

// Entry is one variable of a .env file.
type Entry struct {
	Name  string
	Value secret.String
	Line  int // from 1
}

// ParseEnv reads a .env file, in its order. A name that comes twice is an error. Nothing is put in for $: the text of a
// secret is taken as it is. An error names the line, never the value.
func ParseEnv(text string) ([]Entry, error) { return nil, errors.ErrUnsupported }
