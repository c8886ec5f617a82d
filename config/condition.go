package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// condition says whether a key's value is one that is refused. The parent is the mapping that holds the key.
type condition func(value any, parent map[string]any) bool

func isTrue(value any, _ map[string]any) bool {
	b, err := strconv.ParseBool(fmt.Sprint(value))
	return err != nil || b
}

func isFalse(value any, _ map[string]any) bool {
	b, err := strconv.ParseBool(fmt.Sprint(value))
	return err == nil && !b
}

// isAttestation takes everything but "false" as a wish for one.
func isAttestation(value any, parent map[string]any) bool { return !isFalse(value, parent) }

func notOneOf(words ...string) condition {
	return func(value any, _ map[string]any) bool { return !slices.Contains(words, fmt.Sprint(value)) }
}

func notNumber(n int) condition {
	return func(value any, _ map[string]any) bool {
		f, err := strconv.ParseFloat(fmt.Sprint(value), 64)
		return err != nil || f != float64(n)
	}
}

func hasPrefix(prefix string) condition {
	return func(value any, _ map[string]any) bool { return strings.HasPrefix(fmt.Sprint(value), prefix) }
}

func notPrefix(prefix string) condition {
	return func(value any, _ map[string]any) bool { return !strings.HasPrefix(fmt.Sprint(value), prefix) }
}

func isPullRefresh(value any, _ map[string]any) bool {
	policy := fmt.Sprint(value)
	return policy == "refresh" || policy == "daily" || policy == "weekly" || strings.HasPrefix(policy, "every_")
}

// unlessExternal refuses a key of a network or volume that is the site's own, or of a secret that is not in the store.
func unlessExternal(_ any, parent map[string]any) bool {
	external, ok := parent["external"]
	return !ok || !isTrue(external, nil)
}
