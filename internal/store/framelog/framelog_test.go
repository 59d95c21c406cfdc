package framelog

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// setClock is a clock that stands where a test sets it.
type setClock struct {
	clock.System
	now time.Time
}

func (c *setClock) Now() time.Time { return c.now }

func openTest(tb testing.TB, where Place, c clock.Clock) *Log {
	tb.Helper()
	log, err := Open(tb.Context(), where.with(Options{Clock: c}))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := log.Close(); err != nil {
			tb.Error(err)
		}
	})
	return log
}

func openTemporary(tb testing.TB, on database) *Log {
	tb.Helper()
	return openTest(tb, on(tb), &setClock{now: morning})
}

var morning = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// flush writes what is in memory.
func flush(tb testing.TB, l *Log) {
	tb.Helper()
	if err := l.flush(context.Background()); err != nil {
		tb.Fatal(err)
	}
}

// merge merges all fresh blocks.
func merge(tb testing.TB, l *Log) {
	tb.Helper()
	for len(l.fresh) > 0 {
		if _, err := l.merge(context.Background(), l.disk.node, l.fresh); err != nil {
			tb.Fatal(err)
		}
	}
}

// places are where a frame can be, and how it gets there.
var places = []struct {
	name string
	move func(testing.TB, *Log)
}{
	{"memory", func(testing.TB, *Log) {}},
	{"fresh", flush},
	{"merged", merge},
}

// all reads a list page by page.
func all(tb testing.TB, l *Log, station ident.StationID, f Filter, limit int) []Record {
	tb.Helper()
	var records []Record
	q := page.Query{Limit: limit}
	for range 10_000 {
		r, err := l.Query(tb.Context(), station, f, q)
		if err != nil {
			tb.Fatal(err)
		}
		if len(r.Items) > limit {
			tb.Fatalf("a page of %d, want at most %d", len(r.Items), limit)
		}
		records = append(records, r.Items...)
		if r.Next == "" {
			return records
		}
		q.Cursor = r.Next
	}
	tb.Fatal("the list does not end")
	return nil
}

func testEntriesComeBackAsTheyWere(t *testing.T, on database) {
	station, organisation := testStation(1), testOrganisation
	long := strings.Repeat("x", dataMax)
	id := "0f4c1b2a-77aa-4c1e-9d3e-2b1d1f1d7a10"
	for _, test := range []struct {
		name  string
		entry Entry
		want  func(*Entry) // what differs
	}{
		{"a call", Entry{Direction: In, Type: "call", Action: "Heartbeat", MessageID: id, Data: []byte(`[2,"` + id + `","Heartbeat",{}]`)}, nil},
		{"an answer", Entry{Direction: Out, Type: "result", Action: "Heartbeat", MessageID: id, Data: []byte(`[3,"` + id + `",{}]`)}, nil},
		{"an id that is not in the frame", Entry{Direction: In, Type: "call", MessageID: id, Data: []byte(`[2,`)}, nil},
		{"an id longer than the frame", Entry{Direction: In, MessageID: id, Data: []byte(`[`)}, nil},
		{"an id at the end of the frame", Entry{Direction: In, MessageID: "7", Data: []byte(`7`)}, nil},
		{"a note", Entry{Direction: Note, Type: "connected", Note: "from 127.0.0.1, ocpp2.0.1"}, nil},
		{"a note beside a frame", Entry{Direction: In, Type: "garbage", Data: []byte("hello"), Note: "not JSON"}, nil},
		{"nothing at all", Entry{}, nil},
		{"invalid UTF-8", Entry{Direction: In, Action: "\xff\xfe", MessageID: "\x80", Data: []byte{0, 0xff, 0xc0, 0x80}}, nil},
		{"the longest frame", Entry{Direction: In, Data: []byte(long)}, nil},
		{
			"a longer frame",
			Entry{Direction: In, Data: []byte(long + "y"), Note: "too long"},
			func(e *Entry) { e.Data, e.Note = []byte(long), "cut from 1048577 bytes; too long" },
		},
		{
			"long texts",
			Entry{Action: long, MessageID: long, Type: long, Note: long},
			func(e *Entry) {
				cut := long[:textMax]
				e.Action, e.MessageID, e.Type, e.Note = cut, cut, cut, cut
			},
		},
		{"a time before the epoch", Entry{At: time.Date(1901, 1, 1, 0, 0, 0, 1000, time.UTC)}, nil},
		{
			"nanoseconds in another zone",
			Entry{At: time.Date(2026, 3, 1, 10, 0, 0, 1_234_567, time.FixedZone("", 7200))},
			func(e *Entry) { e.At = time.Date(2026, 3, 1, 8, 0, 0, 1_234_000, time.UTC) },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			log := openTemporary(t, on)
			log.Append(Entry{Station: testStation(0), At: morning, Direction: In, Data: []byte("of another station")})
			test.entry.Station, test.entry.Organisation = station, organisation
			if test.entry.At.IsZero() {
				test.entry.At = morning
			}
			buffer := bytes.Clone(test.entry.Data)
			appended := test.entry
			appended.Data = buffer
			log.Append(appended)
			clear(buffer) // it is the caller's again
			if test.want != nil {
				test.want(&test.entry)
			}
			for _, place := range places {
				place.move(t, log)
				got := all(t, log, station, Filter{}, 10)
				if len(got) != 1 || !reflect.DeepEqual(got[0].Entry, test.entry) {
					t.Errorf("in %s: got %.200q, want %.200q", place.name, fmt.Sprint(got), fmt.Sprint(test.entry))
				}
			}
		})
	}
}

// A station that invents an action for each frame does not make a block that
// nobody can unpack any more.
func testManyLongTexts(t *testing.T, on database) {
	log := openTemporary(t, on)
	station := testStation(1)
	const count = 4000
	for i := range count {
		text := fmt.Sprintf("%04d%s", i, strings.Repeat("ab", textMax/2-2))
		log.Append(Entry{Station: station, At: morning, Direction: In, Type: text, Action: text, MessageID: text, Note: text})
	}
	if got := log.Stats().Buffered; got < count*4*textMax {
		t.Errorf("%d bytes are counted, want at least %d", got, count*4*textMax)
	}
	for _, place := range places {
		place.move(t, log)
		if got := all(t, log, station, Filter{}, page.Max); len(got) != count || got[count-1].Action[:4] != "3999" {
			t.Errorf("in %s: got %d records, want %d", place.name, len(got), count)
		}
	}
}

func testRunWritesEverySecondMergesAndPrunes(t *testing.T, on database) {
	where := on(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(context.Background())
		log, err := Open(ctx, where.with(Options{Clock: clock.System{}, Retention: 2 * time.Hour}))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() { ended <- log.Run(ctx) }()
		station := testStation(1)
		state := func(buffered bool, fresh int) {
			t.Helper()
			log.view.Lock()
			defer log.view.Unlock()
			if got := log.Stats().Buffered > 0; got != buffered || len(log.fresh) != fresh {
				t.Errorf("buffered %v, %d fresh blocks; want %v, %d", got, len(log.fresh), buffered, fresh)
			}
		}
		log.Append(Entry{Station: station, At: log.clock.Now(), Direction: In, Data: []byte("first")})
		state(true, 0)
		time.Sleep(flushEvery + time.Millisecond)
		synctest.Wait()
		state(false, 1)
		time.Sleep(mergeAfter)
		synctest.Wait()
		state(false, 0)
		if got := all(t, log, station, Filter{}, 10); len(got) != 1 {
			t.Errorf("merged: got %v", got)
		}
		time.Sleep(time.Hour + pruneEvery)
		synctest.Wait()
		if got := all(t, log, station, Filter{}, 10); len(got) != 0 {
			t.Errorf("expired: got %v", got)
		}
		log.Append(Entry{Station: station, At: log.clock.Now(), Direction: In, Data: []byte("last")})
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		state(false, 1)
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
}

func testAFullBatchIsWrittenAtOnce(t *testing.T, on database) {
	where := on(t)
	synctest.Test(t, func(t *testing.T) {
		log := openTest(t, where, clock.System{})
		go func() {
			if err := log.Run(t.Context()); err != nil {
				t.Error(err)
			}
		}()
		log.Append(Entry{Station: testStation(1), At: morning, Data: make([]byte, batchMax-entryCost-1)}) // one byte short
		synctest.Wait()
		if got := log.Stats().Written; got != 0 {
			t.Errorf("got %d frames written, want 0: the second is not over", got)
		}
		log.Append(Entry{Station: testStation(1), At: morning})
		synctest.Wait()
		if got := log.Stats().Written; got != 2 {
			t.Errorf("got %d frames written, want 2: no time has passed, but a batch is full", got)
		}
	})
}

func testWhatDoesNotFitGivesWay(t *testing.T, on database) {
	log := openTemporary(t, on)
	loud, quiet := testStation(1), testStation(2)
	log.Append(Entry{Station: quiet, Organisation: testOrganisation, At: morning, Direction: In, Data: []byte("the oldest")})
	const size = 4096
	total := int64(1)
	for range bufferMax/size + 1000 {
		log.Append(Entry{
			Station: loud, Organisation: testOrganisation, At: morning.Add(time.Duration(total) * time.Millisecond),
			Direction: In, Data: make([]byte, size),
		})
		total++
	}
	stats := log.Stats()
	if stats.Buffered > bufferMax || stats.Appended != total || stats.Lost == 0 {
		t.Errorf("got %+v of %d", stats, total)
	}
	if got := all(t, log, quiet, Filter{}, 10); len(got) != 0 {
		t.Errorf("the oldest frame is still there: %v", got)
	}
	flush(t, log)
	flush(t, log)
	stats = log.Stats()
	if want := total - stats.Lost + 2; stats.Written != want || stats.Buffered != 0 {
		t.Errorf("got %+v, want %d written: all but the lost, and two notes", stats, want)
	}
	notes := all(t, log, quiet, Filter{Directions: []Direction{Note}}, 10)
	if len(notes) != 1 || notes[0].Type != TypeLost || !strings.HasPrefix(notes[0].Note, "1 frames since 2026-03-01T08:00:00Z ") ||
		notes[0].Organisation != testOrganisation {
		t.Errorf("got notes %+v", notes)
	}
	notes = all(t, log, loud, Filter{Directions: []Direction{Note}}, 10)
	want := fmt.Sprintf("%d frames since ", stats.Lost-1)
	if len(notes) != 1 || !strings.HasPrefix(notes[0].Note, want) {
		t.Errorf("got notes %+v, want %q", notes, want)
	}
}

func testADiskThatFailsIsTriedAgain(t *testing.T, on database) {
	log := openTemporary(t, on)
	station := testStation(1)
	fail, work := `CREATE TRIGGER broken BEFORE INSERT ON fresh_blocks BEGIN SELECT RAISE(ABORT, 'broken'); END`, `DROP TRIGGER broken`
	if log.disk.still != nil { // PostgreSQL
		fail, work = `ALTER TABLE fresh_blocks ADD CONSTRAINT broken CHECK (frames < 0) NOT VALID`, `ALTER TABLE fresh_blocks DROP CONSTRAINT broken`
	}
	if _, err := log.disk.writer.Exec(fail); err != nil {
		t.Fatal(err)
	}
	log.Append(Entry{Station: station, At: morning, Data: []byte("kept")})
	for range 2 {
		if err := log.flush(t.Context()); err == nil || !strings.Contains(err.Error(), "broken") {
			t.Errorf("got error %v", err)
		}
		if got := all(t, log, station, Filter{}, 10); len(got) != 1 {
			t.Errorf("while the disk fails: got %v", got)
		}
	}
	if _, err := log.disk.writer.Exec(work); err != nil {
		t.Fatal(err)
	}
	flush(t, log)
	if got, stats := all(t, log, station, Filter{}, 10), log.Stats(); len(got) != 1 || stats.Written != 1 || stats.Buffered != 0 {
		t.Errorf("afterwards: got %v, %+v", got, stats)
	}
}

func testSeqGrowsAcrossRestartsAndClocks(t *testing.T, on database) {
	where := on(t)
	station := testStation(1)
	times := []time.Duration{0, 0, time.Hour, -time.Hour, 2 * time.Second, time.Hour} // the clock goes back, and comes again
	for i, after := range times {
		log, err := Open(t.Context(), where.with(Options{Clock: &setClock{now: morning}}))
		if err != nil {
			t.Fatal(err)
		}
		log.Append(Entry{Station: station, At: morning.Add(after), MessageID: fmt.Sprint(i)})
		flush(t, log)
		if i%2 == 1 {
			merge(t, log)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	log := openTest(t, where, &setClock{now: morning})
	got := all(t, log, station, Filter{}, 2)
	if len(got) != len(times) {
		t.Fatalf("got %d records, want %d", len(got), len(times))
	}
	for i, r := range got {
		if r.MessageID != fmt.Sprint(i) || !r.At.Equal(morning.Add(times[i])) || i > 0 && r.Seq <= got[i-1].Seq {
			t.Errorf("%d: got %+v after %+v", i, r, got[max(0, i-1)])
		}
	}
	for _, test := range []struct {
		name   string
		filter Filter
		want   string
	}{
		{"from is the first", Filter{From: morning.Add(2 * time.Second)}, "2 4 5"},
		{"to is the first that is not", Filter{To: morning.Add(2 * time.Second)}, "0 1 3"},
		{"the hour that came twice", Filter{From: morning.Add(-time.Hour), To: morning}, "3"},
		{"against the order", Filter{To: morning.Add(3 * time.Second), Newest: true}, "4 3 1 0"},
		{"nothing between", Filter{From: morning, To: morning}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var ids []string
			for _, r := range all(t, log, station, test.filter, 2) {
				ids = append(ids, r.MessageID)
			}
			if got := strings.Join(ids, " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
