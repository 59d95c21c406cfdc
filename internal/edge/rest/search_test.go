package rest

import (
	"context"
	"errors"
	"testing"
)

// Who finds the frame log busy waits until his time is over or another is done.
func TestSearchesTakeTurns(t *testing.T) {
	s := &Server{searches: make(chan struct{}, searchesMax)}
	for range searchesMax {
		if err := s.search(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.search(over); !errors.Is(err, context.Canceled) {
		t.Errorf("one too many: got %v, want to wait", err)
	}
	s.searched()
	if err := s.search(t.Context()); err != nil {
		t.Errorf("after one was done: got %v", err)
	}
}
