package client

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Get returns a thing as the API has it, every member and its order kept. The
// path is below /api/v1 and escaped; see [Path].
func (c *Client) Get(ctx context.Context, path string) (jsontext.Value, error) {
	return get[jsontext.Value](ctx, c, path)
}

// Each yields the things of a list as the API has them, page by page, until the
// list or the caller's patience ends. An error is the last that it yields.
func (c *Client) Each(ctx context.Context, path string, q Query) iter.Seq2[jsontext.Value, error] {
	return All(ctx, func(ctx context.Context, q Query) (Page[jsontext.Value], error) {
		return list[jsontext.Value](ctx, c, path, q)
	}, q)
}

// Create makes a thing and returns it as the API has it.
func (c *Client) Create(ctx context.Context, path string, in any) (jsontext.Value, error) {
	return create[jsontext.Value](ctx, c, path, in)
}

// Update changes a thing, whatever its version, and returns it as the API has
// it.
func (c *Client) Update(ctx context.Context, path string, patch any) (jsontext.Value, error) {
	return update[jsontext.Value](ctx, c, path, patch)
}

// Replace puts what in says in the place of a thing that has the ETag, or, for *,
// any, and returns it as the API has it.
func (c *Client) Replace(ctx context.Context, path, tag string, in any) (jsontext.Value, error) {
	var thing jsontext.Value
	_, err := c.do(ctx, request{method: http.MethodPut, path: prefix + path, in: in, header: http.Header{"If-Match": {tag}}}, &thing)
	return thing, err
}

// Act has something done with a thing that has the ETag, and returns it as the API
// has it then. Whoever sends it twice is refused the second time: the ETag is another by then.
func (c *Client) Act(ctx context.Context, path, tag string) (jsontext.Value, error) {
	return c.ActWith(ctx, path, tag, nil)
}

// ActWith is Act with a body that says how.
func (c *Client) ActWith(ctx context.Context, path, tag string, in any) (jsontext.Value, error) {
	var thing jsontext.Value
	_, err := c.do(ctx, request{method: http.MethodPost, path: prefix + path, in: in, header: http.Header{"If-Match": {tag}}}, &thing)
	return thing, err
}

// Delete removes a thing, whatever its version.
func (c *Client) Delete(ctx context.Context, path string) error { return remove(ctx, c, path) }

// Path returns the path of a thing: a fixed beginning, the thing's name, which
// is escaped, then fixed parts and names in turn.
func Path(fixed, name string, more ...string) string { return at(fixed, name, more...) }

// pollEvery is how often a log is asked for what is new.
const pollEvery = time.Second

// Tail yields the frames exchanged with a station from the given time on, as the
// API has them, oldest first, and goes on with what comes until ctx ends. The
// API may tell of a frame a moment after it was exchanged, so each poll goes
// back a little and leaves out what it told before.
func (c *Client) Tail(ctx context.Context, station string, from time.Time, q Query) iter.Seq2[jsontext.Value, error] {
	const overlap = 2 * time.Second // the log is written behind the facts
	return func(yield func(jsontext.Value, error) bool) {
		told := map[string]time.Time{}
		for ctx.Err() == nil {
			asked := Query{"sort": "at", "from": from.Format(time.RFC3339Nano)}
			maps.Copy(asked, q)
			newest := from
			for entry, err := range c.Each(ctx, at("/stations/", station, "/log"), asked) {
				if err != nil {
					if ctx.Err() == nil {
						yield(nil, err)
					}
					return
				}
				when := timeOf(entry)
				if _, known := told[string(entry)]; known {
					continue
				}
				told[string(entry)] = when
				newest = later(newest, when)
				if !yield(entry, nil) {
					return
				}
			}
			from = later(from, newest.Add(-overlap))
			maps.DeleteFunc(told, func(_ string, at time.Time) bool { return at.Before(from) })
			c.Wait(ctx, pollEvery)
		}
	}
}

// timeOf reads when a log entry was made; the zero time when it does not say.
func timeOf(entry jsontext.Value) time.Time {
	var e LogEntry
	if json.Unmarshal(entry, &e) != nil {
		return time.Time{}
	}
	return e.At
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Wait waits for d, or until ctx ends; it reports whether it was d.
func (c *Client) Wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-c.clock.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// Now is the time by the client's clock.
func (c *Client) Now() time.Time { return c.clock.Now() }

// Ready reports whether the server says that it is ready, and what it says when
// it is not. It needs no key.
func (c *Client) Ready(ctx context.Context) (string, error) {
	var text []byte
	_, err := c.do(ctx, request{method: http.MethodGet, path: "/readyz"}, &text)
	return string(text), err
}
