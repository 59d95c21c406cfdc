package billing

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestShare(t *testing.T) {
	tests := []struct {
		name    string
		sum     int64
		weights []int64
		want    []int64
	}{
		{"even", 10, []int64{1, 1}, []int64{5, 5}},
		{"the rest goes to the largest remainder", 10, []int64{1, 2}, []int64{3, 7}},
		{"of equal remainders the first gets it", 1, []int64{1, 1, 1}, []int64{1, 0, 0}},
		{"of a negative sum", -10, []int64{1, 2}, []int64{-3, -7}},
		{"no weight but one below 0", 5, []int64{-1, 0}, []int64{5, 0}},
		{"what is below 0 gets nothing", 5, []int64{-1, 2}, []int64{0, 5}},
	}
	for _, tt := range tests {
		if got := share(tt.sum, tt.weights); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestShareLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sum := rapid.Int64Range(-1e12, 1e12).Draw(t, "sum")
		weights := rapid.SliceOfN(rapid.Int64Range(-10, 1e12), 1, 20).Draw(t, "weights")
		var total int64
		for _, part := range share(sum, weights) {
			total += part
		}
		if total != sum {
			t.Fatalf("got %d, want %d", total, sum)
		}
	})
}
