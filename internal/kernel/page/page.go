// Package page holds what every list query shares: how many, from where, in
// which order.
package page

import "context"

// Max is the longest page that anybody gets; Default is what they get without
// asking.
const (
	Max     = 500
	Default = 50
)

// Query asks for one page of a list.
type Query struct {
	Limit  int    // 1 to Max; 0 is Default
	Cursor string // opaque, from Result.Next of the page before; "" is the first page
	Sort   string // a field name of the list, "-" before it for descending; "" is the list's own order
}

// Result is one page.
type Result[T any] struct {
	Items []T
	Next  string // cursor of the page that follows; "" when this is the last
}

// Size returns the limit within its bounds.
func (q Query) Size() int {
	switch {
	case q.Limit <= 0:
		return Default
	case q.Limit > Max:
		return Max
	}
	return q.Limit
}

// Each calls f with everything of a list, a page after the other, until f or list
// returns an error, which it returns.
func Each[T any](ctx context.Context, list func(context.Context, Query) (Result[T], error), f func(*T) error) error {
	q := Query{Limit: Max}
	for {
		found, err := list(ctx, q)
		if err != nil {
			return err
		}
		for i := range found.Items {
			if err := f(&found.Items[i]); err != nil {
				return err
			}
		}
		if q.Cursor = found.Next; q.Cursor == "" {
			return nil
		}
	}
}
