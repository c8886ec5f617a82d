package sops

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/getsops/sops/v3"
)

var (
	errNone  = errors.New("is not there")
	errGroup = errors.New("is a group of values, and not one")
)

// lookup finds a dotted path in the documents of a file: the first that has it counts.
func lookup(tree sops.TreeBranches, path string) (string, error) {
	for _, branch := range tree {
		value, err := descend(branch, path)
		if !errors.Is(err, errNone) {
			return value, err
		}
	}
	return "", errNone
}

// descend tries every key that the path begins with, since a key may have dots itself.
func descend(value any, path string) (string, error) {
	switch value := value.(type) {
	case sops.TreeBranch:
		for _, item := range value {
			if text, err := step(fmt.Sprint(item.Key), item.Value, path); !errors.Is(err, errNone) {
				return text, err
			}
		}
	case []any:
		at := 0
		for _, item := range value {
			if _, comment := item.(sops.Comment); comment {
				continue
			}
			if text, err := step(strconv.Itoa(at), item, path); !errors.Is(err, errNone) {
				return text, err
			}
			at++
		}
	}
	return "", errNone
}

func step(key string, value any, path string) (string, error) {
	if key == path {
		return scalar(value)
	}
	if rest, ok := strings.CutPrefix(path, key+"."); ok {
		return descend(value, rest)
	}
	return "", errNone
}

func scalar(value any) (string, error) {
	switch value := value.(type) {
	case sops.TreeBranch, []any:
		return "", errGroup
	case nil:
		return "", errNone
	case string:
		return value, nil
	default:
		return fmt.Sprint(value), nil
	}
}
