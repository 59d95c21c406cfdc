package rest

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"pylon/internal/domain/event"
)

// places are how far a reader has come in each stream of the event log. Streams
// that have ended, and that he has read to their end, are left out: a stream
// that is not named is done with when one that began after it is named. The
// youngest that he knows always is.
type places map[string]int64

// placesMax bounds what is read of a Last-Event-ID: a stream is a run of a
// node, and those that have ended are not named for long.
const placesMax = 1000

// endOf returns the end of the log. The streams are all that there are, oldest
// first.
func endOf(streams []event.Stream) places {
	p := places{}
	p.meet(streams)
	p.settle(streams)
	return p
}

// meet adds the streams that began after those that are known, at their
// beginning. false says that a stream which was not done with is there no more.
func (p places) meet(streams []event.Stream) bool {
	youngest, here := -1, 0
	for i, s := range streams {
		if _, named := p[s.Name]; named {
			youngest = i
			here++
		}
	}
	complete := here == len(p)
	for _, s := range streams[youngest+1:] {
		p[s.Name] = 0
	}
	return complete
}

// settle moves on to the heads of streams that were read at least as far, and
// leaves out those that are done with. The streams are those of the last meet.
func (p places) settle(streams []event.Stream) {
	for i, s := range streams {
		at, named := p[s.Name]
		switch {
		case !named:
		case s.Ended && i < len(streams)-1:
			delete(p, s.Name)
		default:
			p[s.Name] = max(at, s.Head)
		}
	}
}

// positions returns the places by stream.
func (p places) positions() []event.Position {
	out := make([]event.Position, 0, len(p))
	for _, stream := range slices.Sorted(maps.Keys(p)) {
		out = append(out, event.Position{Stream: stream, Number: p[stream]})
	}
	return out
}

// pass moves on to at; false says that the reader was there already, or that
// the stream is not named.
func (p places) pass(at event.Position) bool {
	if was, named := p[at.Stream]; !named || was >= at.Number {
		return false
	}
	p[at.Stream] = at.Number
	return true
}

// follows reports whether the places say what to make of an event that was
// heard: its stream is named, and what came before it was passed.
func (p places) follows(e event.Recorded) bool {
	at, named := p[e.Stream]
	return named && at >= e.Previous
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
		if !isText(part[:i]) {
			return nil, false
		}
		p[part[:i]] = number
	}
	return p, true
}
