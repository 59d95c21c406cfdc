package change_test

import (
	"errors"
	"fmt"
	"testing"

	"pylon/internal/domain/change"
	"pylon/internal/kernel/fault"
)

// Callers tell the refusals apart through whatever wraps them, by identity and
// by code; edges only by kind.
func TestRefusals(t *testing.T) {
	all := []error{change.ErrStale, change.ErrSuperseded, change.ErrLeaseLost, change.ErrExists, change.ErrPosted, change.ErrLimit}
	kinds := []fault.Kind{fault.Stale, fault.Stale, fault.Stale, fault.Conflict, fault.Conflict, fault.Conflict}
	for i, err := range all {
		wrapped := fmt.Errorf("station cs-1: boot: %w", err)
		if got := fault.KindOf(wrapped); got != kinds[i] {
			t.Errorf("%v: got kind %d, want %d", err, got, kinds[i])
		}
		for j, other := range all {
			if got := errors.Is(wrapped, other); got != (i == j) {
				t.Errorf("%v is %v: got %t", err, other, got)
			}
			if got := fault.CodeOf(wrapped) == fault.CodeOf(other); got != (i == j) {
				t.Errorf("%v has the code of %v: got %t", err, other, got)
			}
		}
	}
}
