package soak

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"pylon/internal/client"
	"pylon/internal/sim/check"
)

// witness reads the live stream through all that happens, as a console does: when
// it breaks it comes back to where it was. It counts what is missing and what
// comes twice.
type witness struct {
	api *client.Client

	mu     sync.Mutex // guards what follows
	last   string     // the place that was reached
	at     map[string]int64
	events int
	heard  map[string]map[string]int // of each session, how often each event
	wrong  []check.Discrepancy
}

func newWitness(api *client.Client) *witness {
	return &witness{api: api, at: map[string]int64{}, heard: map[string]map[string]int{}}
}

// watch reads until ctx ends.
func (w *witness) watch(ctx context.Context) {
	for ctx.Err() == nil {
		for e, err := range w.api.Events(ctx, nil, w.place()) {
			if err != nil {
				break // the server is in trouble; the next stream goes on where this one was
			}
			w.hear(e)
		}
		w.api.Wait(ctx, patience)
	}
}

func (w *witness) place() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// hear notes an event: the next in its committer's stream. How far a session has
// come is telemetry: it is only live, and has no place.
func (w *witness) hear(e client.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.ID == w.last && e.Type == "session.updated" {
		return
	}
	w.events++
	w.last = e.ID
	if e.Type == "reset" {
		w.say("events_missing", "the stream was reset after %d events", w.events)
		w.at = places(e.ID)
		return
	}
	moved := 0
	for stream, number := range places(e.ID) { // those that have ended are named no more
		before := w.at[stream]
		if number == before {
			continue
		}
		moved++
		w.at[stream] = number
		if number != before+1 && w.events > 1 {
			w.say("events_missing", "in stream %s, %d came after %d", stream, number, before)
		}
	}
	if moved != 1 && w.events > 1 {
		w.say("event_doubled", "%s of %s moved %d streams", e.Type, e.Subject, moved)
	}
	if !strings.HasPrefix(e.Type, "session.") {
		return
	}
	if w.heard[e.Subject] == nil {
		w.heard[e.Subject] = map[string]int{}
	}
	w.heard[e.Subject][e.Type]++
}

// wrongMost bounds what is told of one kind of trouble.
const wrongMost = 50

func (w *witness) say(kind check.Kind, format string, args ...any) {
	if len(w.wrong) < wrongMost {
		w.wrong = append(w.wrong, check.Discrepancy{Kind: kind, Text: fmt.Sprintf(format, args...)})
	}
}

// places reads the id of an event: how far it is in each stream. To others it is
// opaque; a test of the numbers may look inside.
func places(id string) map[string]int64 {
	at := map[string]int64{}
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return at
	}
	for part := range strings.SplitSeq(string(raw), ",") {
		if stream, number, ok := strings.Cut(part, "="); ok {
			at[stream], _ = strconv.ParseInt(number, 36, 64)
		}
	}
	return at
}

// missing returns what the stream should have told of the sessions and did not, or
// told more than once.
func (w *witness) missing(sessions []check.Session) []check.Discrepancy {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := append([]check.Discrepancy(nil), w.wrong...)
	say := func(kind check.Kind, s *check.Session, format string, args ...any) {
		found = append(found, check.Discrepancy{Kind: kind, Station: s.Station, Text: s.ID + ": " + fmt.Sprintf(format, args...)})
	}
	for i := range sessions {
		s := &sessions[i]
		heard := w.heard[s.ID]
		if n := heard["session.started"]; n != 1 {
			say("event_wrong", s, "session.started came %d times", n)
		}
		over := heard["session.completed"] + heard["session.failed"]
		if want := map[bool]int{true: 0, false: 1}[s.Status.Open()]; over != want {
			say("event_wrong", s, "it is %s and its end came %d times, want %d", s.Status, over, want)
		}
	}
	return found
}

// complete says whether the end of every session has come.
func (w *witness) complete(sessions []check.Session) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range sessions {
		heard := w.heard[sessions[i].ID]
		if !sessions[i].Status.Open() && heard["session.completed"]+heard["session.failed"] == 0 {
			return false
		}
	}
	return true
}
