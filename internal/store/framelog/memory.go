package framelog

import (
	"strconv"
	"time"

	"pylon/internal/kernel/ident"
)

const (
	batchMax  = 1 << 20  // cost of a batch: what is written at once
	bufferMax = 32 << 20 // cost of all: half a minute of a disk that hangs, at 2,000 frames/s
	entryCost = 256      // of an entry beside its texts
	arenaSize = 16 << 10 // frames are copied into pieces of this size
	dataMax   = 1 << 20  // bytes of a frame that are kept; a gateway takes no longer ones
	textMax   = 1 << 10  // bytes of each other text
)

// batch is what is written as one block.
type batch struct {
	records []Record // by Seq; their Data lies in arenas and never changes
	arena   []byte   // the arena in use
	cost    int
}

// copyIn returns a copy of data that lives as long as its readers.
func (b *batch) copyIn(data []byte) []byte {
	if len(data) == 0 {
		return nil
	}
	if cap(b.arena)-len(b.arena) < len(data) {
		b.arena = make([]byte, 0, max(arenaSize, len(data)))
	}
	at := len(b.arena)
	b.arena = append(b.arena, data...)
	return b.arena[at:len(b.arena):len(b.arena)]
}

// loss counts frames of one station that gave way.
type loss struct {
	organisation ident.OrganisationID
	frames       int
	first, last  time.Time
}

// memory is what is not written yet.
type memory struct {
	last    int64    // the latest Seq given out
	batches []*batch // oldest first; entries are added to the last
	taken   bool     // the first is being written
	cost    int
	lost    map[ident.StationID]loss // not yet noted
}

func newMemory(last int64) memory {
	return memory{last: last, batches: []*batch{{}}, lost: map[ident.StationID]loss{}}
}

// put adds an entry, and reports whether its batch is full now.
func (m *memory) put(e Entry) (r Record, full bool) {
	b := m.batches[len(m.batches)-1]
	at := e.At.UnixMicro()
	m.last = max(m.last+1, at)
	e.At = time.UnixMicro(at).UTC()
	e.Data = b.copyIn(e.Data)
	r = Record{Seq: m.last, Entry: e}
	b.records = append(b.records, r)

	cost := entryCost + e.size()
	b.cost += cost
	m.cost += cost
	if b.cost >= batchMax {
		m.seal()
		full = true
	}
	return r, full
}

// seal closes the batch in use and begins another.
func (m *memory) seal() {
	size := len(m.batches[len(m.batches)-1].records)
	m.batches = append(m.batches, &batch{records: make([]Record, 0, size)})
}

// give makes the oldest frames give way while there are too many, and returns
// how many frames went.
func (m *memory) give() (frames int) {
	victim := 0
	if m.taken {
		victim = 1
	}
	for m.cost > bufferMax && victim < len(m.batches)-1 {
		b := m.batches[victim]
		m.batches = append(m.batches[:victim:victim], m.batches[victim+1:]...)
		m.cost -= b.cost
		frames += len(b.records)
		for i := range b.records {
			m.count(&b.records[i])
		}
	}
	return frames
}

// count notes the loss of a record.
func (m *memory) count(r *Record) {
	lost, known := m.lost[r.Station]
	if !known {
		lost = loss{organisation: r.Organisation, first: r.At}
	}
	lost.frames++
	lost.last = r.At
	m.lost[r.Station] = lost
}

// take returns the oldest batch to be written, nil when there is none. With
// current it takes the batch in use, too.
func (m *memory) take(current bool) *batch {
	if len(m.batches) == 1 {
		if !current || len(m.batches[0].records) == 0 {
			return nil
		}
		m.seal()
	}
	m.taken = true
	return m.batches[0]
}

// release ends what take began. A batch that is written leaves the memory.
func (m *memory) release(written bool) {
	m.taken = false
	if written {
		m.cost -= m.batches[0].cost
		m.batches = m.batches[1:]
	}
}

// notes returns a note for each station that lost frames, and forgets the losses.
func (m *memory) notes() []Entry {
	if len(m.lost) == 0 {
		return nil
	}
	notes := make([]Entry, 0, len(m.lost))
	for station, lost := range m.lost {
		notes = append(notes, Entry{
			Station: station, Organisation: lost.organisation, At: lost.last, Direction: Note, Type: TypeLost,
			Note: strconv.Itoa(lost.frames) + " frames since " + lost.first.Format(time.RFC3339Nano) +
				" were not written: the database was away or did not keep up",
		})
	}
	clear(m.lost)
	return notes
}

// Append adds an entry. It copies Data, keeps the strings, and never waits. What
// is longer than a frame may be (1 MiB, other texts 1 KiB) is cut; a Note says so.
func (l *Log) Append(e Entry) {
	e.fit()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.append(e)
	l.stats.Appended++
	l.stats.Lost += int64(l.memory.give())
}

// append adds an entry; l.mu is held.
func (l *Log) append(e Entry) {
	if _, full := l.memory.put(e); full {
		select {
		case l.full <- struct{}{}:
		default: // Run knows already
		}
	}
}

// size returns the length of all that has no fixed one.
func (e *Entry) size() int {
	return len(e.Type) + len(e.Action) + len(e.MessageID) + len(e.Data) + len(e.Note)
}

// fit cuts what is too long.
func (e *Entry) fit() {
	for _, text := range []*string{&e.Type, &e.Action, &e.MessageID, &e.Note} {
		*text = (*text)[:min(len(*text), textMax)]
	}
	if len(e.Data) > dataMax {
		e.Note = "cut from " + strconv.Itoa(len(e.Data)) + " bytes; " + e.Note
		e.Data = e.Data[:dataMax]
	}
}
