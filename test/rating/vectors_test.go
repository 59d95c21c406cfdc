// Package rating holds the two raters against the vectors, against what was
// worked out by hand, against the laws of pricing, and against each other, over
// drawn questions that use every feature. `make fuzz` goes on looking for a
// question that they answer differently.
package rating_test

import (
	"os"
	"path/filepath"
	"testing"

	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/domain/tariff/vector"
	"pylon/internal/kernel/rating"
)

// rater is one of the two.
type rater struct {
	name string
	rate func(*rating.Question) (*rating.Answer, error)
}

func raters() []rater {
	return []rater{{"plain", plain.Rate}, {"swift", swift.Rate}}
}

// PROP-10: both raters give every vector exactly, and split the raw sessions among them into exactly their periods.
func TestVectors(t *testing.T) {
	files, err := filepath.Glob("testdata/vectors/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v, err := vector.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, r := range raters() {
			t.Run(v.ID+"/"+r.name, func(t *testing.T) { checkVector(t, v, r) })
		}
	}
}

func checkVector(t *testing.T, v *vector.Vector, r rater) {
	given := mustRate(t, r, &v.Question)
	got, err := vector.Of(&v.Question, given)
	if err != nil {
		t.Fatal(err)
	}
	for _, difference := range vector.Differ(got, v.Expected) {
		t.Error(difference)
	}
	raw, ok, err := v.Unsplit()
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return
	}
	split := mustRate(t, r, &raw)
	for i := range split.Periods {
		split.Periods[i].Interpolated = false // given periods never are
	}
	for _, difference := range rating.Differ(split, given) {
		t.Errorf("from the timeline: %s", difference)
	}
}

func mustRate(t *testing.T, r rater, q *rating.Question) *rating.Answer {
	t.Helper()
	a, err := r.rate(q)
	if err != nil {
		t.Fatalf("%s: %v", r.name, err)
	}
	return a
}
