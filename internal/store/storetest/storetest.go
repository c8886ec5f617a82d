// Package storetest is what every store.Source is held to. It must not know how any of them works.
package storetest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
)

// Subject is a source with secrets in it.
type Subject struct {
	Source store.Source
	// Has is a secret whose value is Value, at least 8 bytes with a byte that is no letter.
	Has   app.Secret
	Value string
	// Absent are secrets that are not there, which the source can tell. None for one that cannot.
	Absent []app.Secret
	// Unusable are secrets that cannot be had for other reasons: empty, too large, not readable. All that can be, hold Value
	// in some way, to see that no error shows it.
	Unusable map[string]app.Secret
	// Slow never answers by itself; nil for a source that always does at once.
	Slow *app.Secret
}

// Run tests a source.
func Run(t *testing.T, s Subject) {
	t.Helper()
	t.Run("finds the value, whole and again", func(t *testing.T) {
		for range 2 {
			found, err := s.Source.Find(t.Context(), s.Has)
			if err != nil {
				t.Fatal(err)
			}
			if got := found.Value.Reveal(); got != s.Value {
				t.Errorf("found %q, want %q", got, s.Value)
			}
			if found.Scope != "" {
				t.Errorf("it has a scope: %q", found.Scope)
			}
		}
	})
	t.Run("is safe for concurrent use", func(t *testing.T) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if found, err := s.Source.Find(t.Context(), s.Has); err != nil || found.Value.Reveal() != s.Value {
					t.Errorf("%v", err)
				}
			})
		}
		all.Wait()
	})
	t.Run("tells what is not there", func(t *testing.T) {
		for _, absent := range s.Absent {
			_, err := s.Source.Find(t.Context(), absent)
			var none *store.NotFoundError
			if !errors.As(err, &none) || none.Name != absent.Name || len(none.Where) == 0 {
				t.Errorf("%+v: %v", absent.Source, err)
			}
			s.shows(t, err)
		}
	})
	for name, unusable := range s.Unusable {
		t.Run("refuses what is "+name, func(t *testing.T) {
			found, err := s.Source.Find(t.Context(), unusable)
			if err == nil {
				t.Fatalf("found %q", found.Value.Reveal())
			}
			var none *store.NotFoundError
			if errors.As(err, &none) {
				t.Errorf("it says that it is not there: %v", err)
			}
			if !strings.Contains(err.Error(), unusable.Name) {
				t.Errorf("it does not name the secret: %v", err)
			}
			s.shows(t, err)
		})
	}
	if s.Slow == nil {
		return
	}
	t.Run("ends with its context", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := s.Source.Find(ctx, *s.Slow)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

// shows fails for an error with a part of the value.
func (s Subject) shows(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for i := 0; i+6 <= len(s.Value); i++ {
		if strings.Contains(err.Error(), s.Value[i:i+6]) {
			t.Errorf("the error shows %q: %v", s.Value[i:i+6], err)
			return
		}
	}
}
