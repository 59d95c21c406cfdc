package locale_test

import (
	"maps"
	"slices"
	"testing"

	"pylon/internal/domain/billing"
)

// An organisation may choose what there is, and nothing else.
func TestLanguagesAreThoseThatCanBeChosen(t *testing.T) {
	got, want := billing.Languages(), slices.Sorted(maps.Keys(load(t)))
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
