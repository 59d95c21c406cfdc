package framelog

import (
	"fmt"
	"testing"
	"time"

	"pylon/internal/kernel/page"
)

func TestMergeIsDue(t *testing.T) {
	at := morning.UnixMicro()
	for _, test := range []struct {
		name  string
		fresh []freshBlock
		want  int
	}{
		{"nothing", nil, 0},
		{"young and small", []freshBlock{{first: at + 1, raw: mergeRaw - 1, frames: mergeFrames - 1}}, 0},
		{"an hour old", []freshBlock{{first: at, raw: 1}, {first: at + 1, raw: 1}}, 2},
		{"as large as a merge may be", []freshBlock{{first: at + 1, raw: mergeRaw - 1}, {first: at + 2, raw: 1}, {first: at + 3, raw: 1}}, 2},
		{"as many frames", []freshBlock{{first: at + 1, frames: mergeFrames}, {first: at + 2, frames: 1}}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := mergeable(test.fresh, morning.Add(mergeAfter)); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

// A search over one station does not unpack what the others said.
func testMergedBlocksAreCutByStation(t *testing.T, on database) {
	log := openTemporary(t, on)
	w := newWorkload(100, time.Millisecond)
	raw := 0
	for range 10_000 {
		call, answer := w.message()
		log.Append(call)
		log.Append(answer)
		raw += len(call.Data) + len(answer.Data)
	}
	flush(t, log)
	merge(t, log)
	s, err := newSearch(w.stations[50].id, Filter{Text: "nowhere"}, page.Query{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	p, err := log.look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	s.codec = log.codec
	if err := s.run(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if s.spent == 0 || s.spent > 3*blockRaw || raw < 20*blockRaw {
		t.Errorf("unpacked %d bytes of %d, want at most the two or three blocks of %d that hold the station", s.spent, raw, blockRaw)
	}
}

func testPrune(t *testing.T, on database) {
	clock := &setClock{now: morning}
	log, err := Open(t.Context(), on(t).with(Options{Clock: clock, Retention: 24 * time.Hour}))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	station := testStation(1)
	for hour := range 48 {
		log.Append(Entry{Station: station, At: morning.Add(time.Duration(hour) * time.Hour), MessageID: fmt.Sprint(hour)})
		flush(t, log)
		merge(t, log)
	}
	for _, test := range []struct {
		name  string
		now   time.Time
		first string
	}{
		{"nothing is old enough", morning.Add(24 * time.Hour), "0"},
		{"the first is", morning.Add(24*time.Hour + time.Microsecond), "1"},
		{"half", morning.Add(47*time.Hour + time.Second), "24"},
	} {
		clock.now = test.now
		if err := log.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := all(t, log, station, Filter{}, 10); got[0].MessageID != test.first || got[len(got)-1].MessageID != "47" {
			t.Errorf("%s: got %s to %s, want from %s", test.name, got[0].MessageID, got[len(got)-1].MessageID, test.first)
		}
	}
}

func testPruneBySize(t *testing.T, on database) {
	log := openTemporary(t, on)
	log.sizeMax = 2 << 20
	w := newWorkload(100, time.Millisecond)
	for range 40 {
		for range 2_000 {
			call, answer := w.message()
			log.Append(call)
			log.Append(answer)
		}
		flush(t, log)
		merge(t, log)
	}
	before, err := log.disk.size(t.Context(), log.disk.reader, 0)
	if err != nil || before < log.sizeMax {
		t.Fatalf("got %d bytes, %v; want more than may stay", before, err)
	}
	newest, err := log.Query(t.Context(), w.stations[0].id, Filter{Newest: true}, page.Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := log.disk.size(t.Context(), log.disk.reader, 0)
	if err != nil || after > log.sizeMax || after < log.sizeMax/2 {
		t.Errorf("got %d bytes, %v; want up to %d", after, err, log.sizeMax)
	}
	still, err := log.Query(t.Context(), w.stations[0].id, Filter{Newest: true}, page.Query{Limit: 1})
	if err != nil || len(still.Items) != 1 || still.Items[0].Seq != newest.Items[0].Seq {
		t.Errorf("the newest frame went: got %+v, %v", still.Items, err)
	}
}
