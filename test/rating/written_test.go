package rating_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// Questions and answers are kept: what is written and read again is the same.
func TestWrittenAndRead(t *testing.T) {
	law(t, func(t *rapid.T, r rater) {
		q := draw(t)
		want := r.must(t, q)
		var again rating.Question
		if err := json.Unmarshal([]byte(written(q)), &again); err != nil {
			t.Fatalf("%v\n%s", err, written(q))
		}
		same(t, q, r.must(t, &again), want)
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got rating.Answer
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		same(t, q, &got, want)
	})
}

// Readings at odd nanoseconds make sums of very many digits. They can be kept, too.
func TestLongSumsAreKept(t *testing.T) {
	q := plainTimeline()
	q.Session.Timeline.Readings = nil
	for i := range 200 {
		at := q.Session.Start.Add(time.Duration(i)*13*time.Second + time.Duration(i*i*i*977))
		q.Session.Timeline.Readings = append(q.Session.Timeline.Readings, rating.Reading{At: at, Energy: new(unit.MilliWattHour(i * 54_321))})
	}
	spot := &rating.Spot{Until: q.Session.End}
	for i := range 200 {
		spot.Points = append(spot.Points, rating.Point{From: q.Session.Start.Add(time.Duration(i) * 17 * time.Second), Value: decimal.FromInt(int64(i), 3)})
	}
	q.Adjustments = []rating.Adjustment{{Spot: spot}}
	for _, r := range raters() {
		want := mustRate(t, r, q)
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got rating.Answer
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", r.name, err)
		}
		if found := rating.Differ(&got, want); len(found) > 0 {
			t.Errorf("%s: %v", r.name, found)
		}
		if digits := len(want.Due.Excl.String()); digits < 1000 {
			t.Errorf("%s: got a sum of %d digits only", r.name, digits)
		}
	}
}
