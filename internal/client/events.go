package client

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Event is one event of the live stream. One of type reset says that events
// may be missing: get anew what you show.
type Event struct {
	Type      string         `json:"type"`
	Timestamp time.Time      `json:"timestamp"`
	StationID string         `json:"station_id"`
	Station   string         `json:"station"`
	SiteID    string         `json:"site_id"`
	Subject   string         `json:"subject"`
	Version   int64          `json:"version"`
	Live      bool           `json:"live,omitzero"` // not in the log: it does not come again
	Data      jsontext.Value `json:"data"`

	ID string `json:"-"` // the place in the log, to come back to; of a live one that of the event before it
}

// eventMax bounds a line of the stream: an event is a kilobyte.
const eventMax = 1 << 20

// reconnect is the wait before a broken stream is opened again.
const reconnect = time.Second

// Events yields what happens from now on, or after the event lastID, until ctx
// ends or the API refuses. A stream that breaks is opened again where it was.
// An empty topics is everything. An error is the last that it yields.
func (c *Client) Events(ctx context.Context, topics []string, lastID string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for ctx.Err() == nil {
			more, err := c.stream(ctx, topics, &lastID, yield)
			if !more {
				return
			}
			if err != nil && ctx.Err() == nil && !passing(err) {
				yield(Event{}, err)
				return
			}
			select {
			case <-ctx.Done():
			case <-c.clock.After(reconnect):
			}
		}
	}
}

// stream reads one connection to its end; more is false when the caller has
// had enough.
func (c *Client) stream(ctx context.Context, topics []string, lastID *string, yield func(Event, error) bool) (more bool, err error) {
	r := request{method: http.MethodGet, path: prefix + "/events", query: url.Values{}, header: http.Header{}}
	if len(topics) > 0 {
		r.query.Set("topics", strings.Join(topics, ","))
	}
	if *lastID != "" {
		r.header.Set("Last-Event-ID", *lastID)
	}
	answer, err := c.send(ctx, r, nil)
	if err != nil {
		return true, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(answer.Body, eventMax))
		if err != nil {
			return true, err
		}
		return true, problem(answer, text)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, eventMax)
	for {
		e, err := readEvent(lines, lastID)
		if err != nil {
			return true, err
		}
		if e.Type != "" && !yield(e, nil) {
			return false, nil
		}
	}
}

// readEvent reads to the end of the next event; Type is "" when it was none
// but a comment.
func readEvent(lines *bufio.Scanner, lastID *string) (Event, error) {
	var name, data string
	id := *lastID // reached with the empty line: an event that was cut off comes again
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "":
			*lastID = id
			e := Event{Type: name, ID: id}
			if data != "" {
				if err := json.Unmarshal([]byte(data), &e); err != nil {
					return e, fmt.Errorf("event %s: %w", name, err)
				}
			}
			e.Type = name
			return e, nil
		case field == "event":
			name = value
		case field == "id":
			id = value
		case field == "data":
			data += value
		}
	}
	if err := lines.Err(); err != nil {
		return Event{}, err
	}
	return Event{}, io.ErrUnexpectedEOF
}
