package framelog

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// A search goes over a station's frames like a broom: it opens chunks (merged
// blocks, fresh blocks, what is in memory) in the order of where they begin, and
// once the next chunk begins behind a frame that was found, that frame is next
// on the page. So it does not matter that the chunks of several nodes overlap.

const (
	// scanMax is what one page may unpack before it ends short: a tenth of a second.
	scanMax = 64 << 20

	// chunksAtOnce is how many merged blocks a search looks up at once: a page of
	// frames is in a few.
	chunksAtOnce = 32
)

// chunk is a stretch of the log that is read at once.
type chunk struct {
	first, last int64 // no Seq is outside
	node        ident.NodeID
	part        int
	read        func(context.Context, *chunk) ([]Record, error)
}

// found is a record with the node that wrote it.
type found struct {
	Record
	node ident.NodeID
}

// search is a query on its way.
type search struct {
	station   ident.StationID
	filter    Filter
	low, high int64 // Seq, both exclusive
	limit     int
	codec     *codec

	pending []found  // what a chunk may still come before
	items   []Record // the page and, when done, what is behind it
	latest  found    // the last of items
	spent   int      // bytes unpacked
	next    int64    // where the next page begins
	done    bool
}

func newSearch(station ident.StationID, f Filter, q page.Query) (*search, error) {
	s := &search{station: station, filter: f, low: math.MinInt64, high: math.MaxInt64, limit: q.Size()}
	if !f.From.IsZero() {
		s.low = f.From.UnixMicro() - 1 // no Seq is earlier than its frame's time
	}
	if q.Cursor == "" {
		return s, nil
	}
	at, err := strconv.ParseInt(q.Cursor, 36, 64)
	if err != nil {
		return nil, fault.InvalidField("/cursor", "cursor_malformed", "a cursor comes from the page before")
	}
	if f.Newest {
		s.high = at
	} else {
		s.low = max(s.low, at)
	}
	return s, nil
}

// run fills the page from a picture.
func (s *search) run(ctx context.Context, p *picture) error {
	sources, err := s.sources(ctx, p)
	if err != nil {
		return err
	}
	for {
		next, err := s.first(ctx, sources)
		if err != nil || next == nil {
			s.settle(math.MinInt64, math.MaxInt64)
			return err
		}
		c := next.chunks[0]
		if s.settle(c.last+1, c.first-1); s.done || s.enough(&c) {
			return nil
		}
		next.chunks = next.chunks[1:]
		records, err := c.read(ctx, &c)
		if err != nil {
			return err
		}
		s.take(&c, records)
	}
}

// first returns the source that has the next chunk, nil when none has any.
func (s *search) first(ctx context.Context, sources []*source) (first *source, err error) {
	for _, from := range sources {
		if err := from.fill(ctx); err != nil {
			return nil, err
		}
		if len(from.chunks) > 0 && (first == nil || s.before(&from.chunks[0], &first.chunks[0])) {
			first = from
		}
	}
	return first, nil
}

// before reports whether chunk a is to be read before b.
func (s *search) before(a, b *chunk) bool {
	if s.filter.Newest {
		return a.last > b.last
	}
	return a.first < b.first
}

// enough ends the page short when it has unpacked much, unless it would then
// begin again where it began.
func (s *search) enough(c *chunk) bool {
	if s.spent < scanMax {
		return false
	}
	if s.filter.Newest {
		s.next, s.done = c.last+1, c.last+1 < s.high
	} else {
		s.next, s.done = c.first-1, c.first-1 > s.low
	}
	return s.done
}

// take keeps what fits of a chunk's records, which are by Seq, as much as could
// come onto the page.
func (s *search) take(c *chunk, records []Record) {
	before := len(s.pending)
	for i := range records {
		r := &records[i]
		if s.filter.Newest {
			r = &records[len(records)-1-i]
		}
		if r.Station != s.station || r.Seq <= s.low || r.Seq >= s.high || !s.filter.matches(r) {
			continue
		}
		kept := *r
		kept.Data = bytes.Clone(r.Data)
		if s.pending = append(s.pending, found{kept, c.node}); len(s.pending)-before > s.limit {
			break
		}
	}
	slices.SortFunc(s.pending, func(a, b found) int {
		order := cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.node, b.node))
		if s.filter.Newest {
			return -order
		}
		return order
	})
}

// settle moves to the page what nothing can come before any more: the frames
// from a Seq on, or up to one, whichever way the search goes. A frame that is in
// two chunks, of a commit of which its node does not know yet, is one frame.
func (s *search) settle(from, upTo int64) {
	n := 0
	for ; n < len(s.pending) && !s.done; n++ {
		f := &s.pending[n]
		if s.filter.Newest && f.Seq < from || !s.filter.Newest && f.Seq > upTo {
			break
		}
		if len(s.items) > 0 && f.Seq == s.latest.Seq && f.node == s.latest.node {
			continue
		}
		s.latest = *f
		s.items = append(s.items, f.Record)
		s.done = len(s.items) > s.limit
	}
	s.pending = s.pending[n:]
}

// result returns the page. It is not cut between frames of two nodes that have
// the same Seq, as long as it has others.
func (s *search) result() page.Result[Record] {
	switch {
	case len(s.items) > s.limit:
		n := s.limit
		for n > 1 && s.items[n-1].Seq == s.items[n].Seq {
			n--
		}
		s.items = s.items[:n]
		s.next = s.items[n-1].Seq
	case !s.done:
		return page.Result[Record]{Items: s.items}
	}
	return page.Result[Record]{Items: s.items, Next: cursorAt(s.next)}
}

// cursorAt returns the cursor behind the record with that Seq.
func cursorAt(seq int64) string { return strconv.FormatInt(seq, 36) }

// unpack takes the station's records from a block. One that cannot be read
// stands for itself by a note at last, its latest Seq.
func (s *search) unpack(data []byte, last int64) []Record {
	b, size, err := s.codec.open(data)
	s.spent += size
	var records []Record
	if g := b.find(s.station); err == nil && g != nil {
		records, err = b.records(nil, g)
	}
	if err != nil {
		records = []Record{{Seq: last, Entry: Entry{
			Station: s.station, At: time.UnixMicro(last).UTC(), Direction: Note, Type: TypeDamaged, Note: err.Error(),
		}}}
	}
	return records
}
