package queue_test

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pylon/internal/domain/power/solve/queue"
)

// What comes out is sorted, and nothing is lost, whatever comes and goes in between.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 40).Draw(t, "keys")
		order := func(a, b int) int { return cmp.Or(cmp.Compare(keys[a], keys[b]), cmp.Compare(a, b)) }
		q := queue.New(len(keys), func(a, b int) bool { return order(a, b) < 0 })
		var waiting []int
		out := func() {
			slices.SortFunc(waiting, order)
			if got := q.Pop(); got != waiting[0] {
				t.Fatalf("got %d, want %d of %v", got, waiting[0], waiting)
			}
			waiting = waiting[1:]
		}
		for i := range keys {
			q.Push(i)
			waiting = append(waiting, i)
			if rapid.Bool().Draw(t, "out") {
				out()
			}
		}
		for len(waiting) > 0 {
			if q.Len() != len(waiting) {
				t.Fatalf("got %d waiting, want %d", q.Len(), len(waiting))
			}
			out()
		}
		q.Push(0)
		if q.Clear(); q.Len() != 0 {
			t.Fatalf("got %d after all went", q.Len())
		}
	})
}
