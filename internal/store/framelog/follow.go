package framelog

import (
	"bytes"
	"context"
	"slices"

	"pylon/internal/kernel/ident"
)

const (
	followQueue = 256 // frames a follower may be behind: a browser that stalls for some seconds
	followers   = 256 // at once; an operator looks at one station at a time
)

// crowd is everybody who follows a station.
type crowd struct {
	stations map[ident.StationID][]*follower
	size     int
}

// follower is one of them.
type follower struct {
	records  chan Record
	skipping bool
}

// Follow returns the entries of a station as they are appended. A follower that
// is too slow misses some: a note of type [TypeSkipped] stands in their place,
// with the Seq after which they are missing, and Query has them. The channel is
// closed when ctx ends, and at once when too many follow already.
//
// Who follows first and then queries sees everything; Seq tells what he saw twice.
func (l *Log) Follow(ctx context.Context, station ident.StationID) <-chan Record {
	f := &follower{records: make(chan Record, followQueue)}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.crowd.size == followers {
		close(f.records)
		return f.records
	}
	l.crowd.join(station, f)
	context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.crowd.leave(station, f)
		close(f.records)
	})
	return f.records
}

func (c *crowd) join(station ident.StationID, f *follower) {
	if c.stations == nil {
		c.stations = map[ident.StationID][]*follower{}
	}
	c.stations[station] = append(c.stations[station], f)
	c.size++
}

func (c *crowd) leave(station ident.StationID, f *follower) {
	left := slices.DeleteFunc(c.stations[station], func(other *follower) bool { return other == f })
	if len(left) == 0 {
		delete(c.stations, station)
	} else {
		c.stations[station] = left
	}
	c.size--
}

// offer shows a record to those who follow its station.
func (c *crowd) offer(r Record) {
	if c.size == 0 {
		return
	}
	for _, f := range c.stations[r.Station] {
		f.offer(r)
	}
}

// offer hands a record over. The last place of the queue is kept for the marker,
// so that what is missing is known even when nothing follows it.
func (f *follower) offer(r Record) {
	if len(f.records) < cap(f.records)-1 {
		r.Data = bytes.Clone(r.Data)
		f.records <- r
		f.skipping = false
		return
	}
	if !f.skipping && len(f.records) < cap(f.records) {
		f.records <- Record{Seq: r.Seq - 1, Entry: Entry{
			Station: r.Station, Organisation: r.Organisation, At: r.At, Direction: Note, Type: TypeSkipped,
		}}
		f.skipping = true
	}
}
