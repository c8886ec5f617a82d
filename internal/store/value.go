package store

import (
	"errors"
	"fmt"
)

// maxValue bounds a value, in bytes: it travels sealed in a run's history, and a file may be the wrong one.
const maxValue = 64 << 10

var (
	errTooLarge = fmt.Errorf("it has more than %d bytes", maxValue)
	errEmpty    = errors.New("it is empty")
)

func checkValue(text string) error {
	switch {
	case text == "":
		return errEmpty
	case len(text) > maxValue:
		return errTooLarge
	}
	return nil
}
