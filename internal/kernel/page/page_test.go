package page_test

import (
	"testing"

	"pylon/internal/kernel/page"
)

func TestSize(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit int
		want  int
	}{
		{"negative", -1, page.Default},
		{"not asked", 0, page.Default},
		{"one", 1, 1},
		{"the most", page.Max, page.Max},
		{"more than the most", page.Max + 1, page.Max},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (page.Query{Limit: c.limit}).Size(); got != c.want {
				t.Errorf("limit %d: got %d, want %d", c.limit, got, c.want)
			}
		})
	}
}
