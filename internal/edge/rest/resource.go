package rest

import (
	"context"
	"net/url"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// One is the answer with one thing.
type One[T any] struct {
	ETag string `header:"ETag" doc:"Version of the thing, for If-Match and If-None-Match"`
	Body T
}

// Created is the answer to what made a thing.
type Created[T any] struct {
	Location string `header:"Location" doc:"Where the new thing is"`
	ETag     string `header:"ETag" doc:"Version of the thing, for If-Match and If-None-Match"`
	Body     T
}

// Listed is the answer with a page of things.
type Listed[T any] struct {
	Link string `header:"Link" doc:"The next page, rel=next (RFC 8288)"`
	Body ListOf[T]
}

// ListOf is a page of things.
type ListOf[T any] struct {
	Data       []T     `json:"data"`
	NextCursor *string `json:"next_cursor" doc:"Gets the next page as parameter cursor; null on the last"`
}

// Nothing is the answer that says that it is done.
type Nothing struct{}

// Paging is the input of every list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Things on a page"`
	Cursor string `query:"cursor" maxLength:"512" doc:"next_cursor of the page before"`
}

// query returns the page that is asked for, in the given order.
func (p Paging) query(sort string) page.Query {
	return page.Query{Limit: p.Limit, Cursor: p.Cursor, Sort: sort}
}

// listed turns a page of rows into the answer.
func listed[R, T any](ctx context.Context, rows page.Result[R], err error, view func(R) T) (*Listed[T], error) {
	if err != nil {
		return nil, err
	}
	out := &Listed[T]{Body: ListOf[T]{Data: make([]T, len(rows.Items))}}
	for i, row := range rows.Items {
		out.Body.Data[i] = view(row)
	}
	if rows.Next != "" {
		out.Body.NextCursor = &rows.Next
		out.Link = "<" + nextPage(ctx, rows.Next) + `>; rel="next"`
	}
	return out, nil
}

// nextPage is the present request's address with another cursor.
func nextPage(ctx context.Context, cursor string) string {
	c := callOf(ctx)
	query, err := url.ParseQuery(c.query)
	if err != nil {
		query = url.Values{} // it was good enough to be answered
	}
	query.Set("cursor", cursor)
	return c.path + "?" + query.Encode()
}

// pathID returns an identifier of a path. What is no identifier names nothing:
// NotFound, as for one that does not exist.
func pathID[T ident.ID](s string) (T, error) {
	id, err := ident.Parse[T](s)
	if err != nil {
		return id, fault.New(fault.NotFound, "not_found")
	}
	return id, nil
}

// done is the answer to what leaves nothing to show.
func done(err error) (*Nothing, error) {
	if err != nil {
		return nil, err
	}
	return &Nothing{}, nil
}
