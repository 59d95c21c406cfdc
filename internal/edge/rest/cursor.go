package rest

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"pylon/internal/domain/event"
)

// places are how far a reader has come in each stream of the event log.
type places map[string]int64

// placesMax bounds what is read of a Last-Event-ID: a stream is a run of a
// node, and the log forgets those behind its retention.
const placesMax = 1000

// placesOf returns positions as places.
func placesOf(positions []event.Position) places {
	p := places{}
	for _, at := range positions {
		p[at.Stream] = at.Number
	}
	return p
}

// positions returns the places by stream.
func (p places) positions() []event.Position {
	out := make([]event.Position, 0, len(p))
	for _, stream := range slices.Sorted(maps.Keys(p)) {
		out = append(out, event.Position{Stream: stream, Number: p[stream]})
	}
	return out
}

// pass moves on to at; false says that the reader was there already.
func (p places) pass(at event.Position) bool {
	if p[at.Stream] >= at.Number {
		return false
	}
	p[at.Stream] = at.Number
	return true
}

// String is the places as the id of an event: opaque to clients, URL-safe.
func (p places) String() string {
	var b strings.Builder
	for i, at := range p.positions() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(at.Stream + "=" + strconv.FormatInt(at.Number, 36))
	}
	return base64.RawURLEncoding.EncodeToString([]byte(b.String()))
}

// parsePlaces reads an id; false when it is none of ours.
func parsePlaces(id string) (places, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return nil, false
	}
	p := places{}
	if len(raw) == 0 {
		return p, true
	}
	for part := range strings.SplitSeq(string(raw), ",") {
		i := strings.LastIndexByte(part, '=')
		if i < 1 || len(p) == placesMax {
			return nil, false
		}
		number, err := strconv.ParseInt(part[i+1:], 36, 64)
		if err != nil || number < 0 {
			return nil, false
		}
		p[part[:i]] = number
	}
	return p, true
}
