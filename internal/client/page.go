package client

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// Page is one page of a list.
type Page[T any] struct {
	Data       []T    `json:"data"`
	NextCursor string `json:"next_cursor"` // "" on the last
}

// Query chooses and orders the things of a list: the parameters of the API.
type Query map[string]string

func (q Query) values() url.Values {
	v := url.Values{}
	for name, value := range q {
		v.Set(name, value)
	}
	return v
}

// list gets one page.
func list[T any](ctx context.Context, c *Client, path string, q Query) (Page[T], error) {
	var page Page[T]
	_, err := c.do(ctx, request{method: http.MethodGet, path: prefix + path, query: q.values(), safe: true}, &page)
	return page, err
}

// All yields every thing of a list, page by page, until the list or the
// caller's patience ends. An error is the last that it yields.
func All[T any](ctx context.Context, get func(context.Context, Query) (Page[T], error), q Query) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		asked := Query{}
		maps.Copy(asked, q)
		for {
			page, err := get(ctx, asked)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, thing := range page.Data {
				if !yield(thing, nil) {
					return
				}
			}
			if page.NextCursor == "" {
				return
			}
			asked["cursor"] = page.NextCursor
		}
	}
}

// get gets one thing.
func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	var thing T
	_, err := c.do(ctx, request{method: http.MethodGet, path: prefix + path, safe: true}, &thing)
	return thing, err
}

// create makes a thing.
func create[T any](ctx context.Context, c *Client, path string, in any) (T, error) {
	var thing T
	_, err := c.do(ctx, request{method: http.MethodPost, path: prefix + path, in: in}.once(), &thing)
	return thing, err
}

// update changes a thing, whatever its version.
func update[T any](ctx context.Context, c *Client, path string, patch any) (T, error) {
	var thing T
	_, err := c.do(ctx, request{method: http.MethodPatch, path: prefix + path, in: patch, header: anyVersion()}, &thing)
	return thing, err
}

// remove removes a thing, whatever its version.
func remove(ctx context.Context, c *Client, path string) error {
	_, err := c.do(ctx, request{method: http.MethodDelete, path: prefix + path, header: anyVersion()}, nil)
	return err
}

func anyVersion() http.Header { return http.Header{"If-Match": {"*"}} }

// at joins a path of fixed parts and names, which are escaped.
func at(fixed, name string, more ...string) string {
	var path strings.Builder
	path.WriteString(fixed + url.PathEscape(name))
	for i, part := range more {
		if i%2 == 1 {
			part = url.PathEscape(part)
		}
		path.WriteString(part)
	}
	return path.String()
}
