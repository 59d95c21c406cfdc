package page_test

import (
	"context"
	"errors"
	"slices"
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

func TestEach(t *testing.T) {
	broken := errors.New("broken")
	list := func(_ context.Context, q page.Query) (page.Result[int], error) {
		switch q.Cursor {
		case "":
			return page.Result[int]{Items: []int{1, 2}, Next: "b"}, nil
		case "b":
			return page.Result[int]{Next: "c"}, nil // a page may be empty, and not the last
		}
		return page.Result[int]{Items: []int{3}}, nil
	}
	for _, c := range []struct {
		name string
		bad  int // what f refuses
		want []int
		err  error
	}{
		{"all of it", 0, []int{1, 2, 3}, nil},
		{"until f has had enough", 2, []int{1, 2}, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []int
			err := page.Each(t.Context(), list, func(n *int) error {
				if got = append(got, *n); *n == c.bad {
					return broken
				}
				return nil
			})
			if !slices.Equal(got, c.want) || !errors.Is(err, c.err) {
				t.Errorf("got %v, %v; want %v, %v", got, err, c.want, c.err)
			}
		})
	}
}
