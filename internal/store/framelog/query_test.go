package framelog

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

func testFilter(t *testing.T, on database) {
	log := openTemporary(t, on)
	station := testStation(1)
	for i, e := range []Entry{
		{Direction: In, Action: "Authorize", Data: []byte(`[2,"1","Authorize",{"idTag":"CAFÉ"}]`)},
		{Direction: Out, Action: "Authorize", Data: []byte(`[3,"1",{"idTagInfo":{"status":"Accepted"}}]`)},
		{Direction: In, Action: "Heartbeat", Data: []byte(`[2,"2","Heartbeat",{}]`)},
		{Direction: Note, Type: "connected", Note: "Accepted from 127.0.0.1"},
	} {
		e.Station, e.At, e.MessageID = station, morning.Add(time.Duration(i)*time.Second), fmt.Sprint(i)
		log.Append(e)
	}
	for _, place := range places {
		place.move(t, log)
		for _, test := range []struct {
			name   string
			filter Filter
			want   string
		}{
			{"all", Filter{}, "0 1 2 3"},
			{"newest", Filter{Newest: true}, "3 2 1 0"},
			{"direction", Filter{Directions: []Direction{In}}, "0 2"},
			{"directions", Filter{Directions: []Direction{Out, Note}}, "1 3"},
			{"action has its answer", Filter{Actions: []string{"Authorize"}}, "0 1"},
			{"actions", Filter{Actions: []string{"Heartbeat", "Reset"}}, "2"},
			{"text in frame and note, any case", Filter{Text: "aCCepted"}, "1 3"},
			{"text at the end", Filter{Text: `"Heartbeat",{}]`}, "2"},
			{"text beyond ASCII", Filter{Text: "café"}, ""},
			{"text beyond ASCII, as it is", Filter{Text: "cafÉ"}, "0"},
			{"text longer than any", Filter{Text: strings.Repeat("a", 100)}, ""},
			{"from", Filter{From: morning.Add(2 * time.Second)}, "2 3"},
			{"to", Filter{To: morning.Add(2 * time.Second)}, "0 1"},
			{"together", Filter{From: morning, To: morning.Add(time.Minute), Directions: []Direction{Out}, Text: "idtaginfo", Newest: true}, "1"},
		} {
			t.Run(place.name+"/"+test.name, func(t *testing.T) {
				for _, limit := range []int{1, 10} {
					var ids []string
					for _, r := range all(t, log, station, test.filter, limit) {
						ids = append(ids, r.MessageID)
					}
					if got := strings.Join(ids, " "); got != test.want {
						t.Errorf("by %d: got %q, want %q", limit, got, test.want)
					}
				}
			})
		}
	}
}

func testBadCursor(t *testing.T, on database) {
	log := openTemporary(t, on)
	for _, cursor := range []string{"!", "1 2", strings.Repeat("z", 40), "\xff"} {
		if _, err := log.Query(t.Context(), testStation(1), Filter{}, page.Query{Cursor: cursor}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v, want Invalid", cursor, err)
		}
	}
}

// Between any two pages frames are appended, written and merged: each that was
// there when the reading began comes exactly once, in order, in both orders.
func testPagesWhileTheLogMoves(t *testing.T, on database) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 7))
		log := openTemporary(t, on)
		now, count := morning, 0
		grow := func() {
			for range random.IntN(40) {
				now = now.Add(time.Duration(random.IntN(3)-1) * time.Millisecond)
				log.Append(Entry{Station: testStation(random.IntN(3)), At: now, MessageID: fmt.Sprint(count), Data: make([]byte, random.IntN(40_000))})
				count++
			}
			if random.IntN(2) == 0 {
				flush(t, log)
			}
			if random.IntN(3) == 0 && len(log.fresh) > 0 {
				if _, err := log.merge(t.Context(), log.disk.node, log.fresh[:1+random.IntN(len(log.fresh))]); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 10 {
			grow()
		}
		station, newest := testStation(random.IntN(3)), seed%2 == 0
		want := all(t, log, station, Filter{Newest: newest}, page.Max)
		var got []Record
		q := page.Query{Limit: 1 + random.IntN(12)}
		for len(got) < len(want) {
			r, err := log.Query(t.Context(), station, Filter{Newest: newest}, q)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r.Items...)
			if q.Cursor = r.Next; r.Next == "" {
				break
			}
			if q.Cursor != "" && len(got) < len(want)+100 {
				grow()
			}
		}
		if len(got) < len(want) {
			t.Fatalf("seed %d: got %d records, want %d", seed, len(got), len(want))
		}
		for i, r := range got[:len(want)] {
			if r.Seq != want[i].Seq || r.MessageID != want[i].MessageID || len(r.Data) != len(want[i].Data) {
				t.Fatalf("seed %d: record %d: got %s, want %s", seed, i, r.MessageID, want[i].MessageID)
			}
		}
	}
}

// A reader that pages behind a writer sees each frame once while others write
// and merge at the same time.
func testReadersBesideWriters(t *testing.T, on database) {
	const frames = 20_000
	log := openTemporary(t, on)
	station := testStation(1)
	var writers sync.WaitGroup
	writers.Go(func() {
		for i := range frames {
			at := morning.Add(time.Duration(i) * time.Microsecond)
			log.Append(Entry{Station: station, At: at, MessageID: fmt.Sprint(i), Data: make([]byte, 100)})
			log.Append(Entry{Station: testStation(2), At: at})
		}
	})
	done := make(chan struct{})
	writers.Go(func() {
		for {
			flush(t, log)
			if len(log.fresh) > 3 {
				merge(t, log)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	seen, cursor := 0, ""
	for seen < frames {
		r, err := log.Query(t.Context(), station, Filter{}, page.Query{Cursor: cursor, Limit: page.Max})
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range r.Items {
			if record.MessageID != fmt.Sprint(seen) {
				t.Fatalf("got frame %s, want %d", record.MessageID, seen)
			}
			seen++
			cursor = cursorAt(record.Seq)
		}
	}
	close(done)
	writers.Wait()
}

func testAPageThatSearchesMuchIsShort(t *testing.T, on database) {
	log := openTemporary(t, on)
	station := testStation(1)
	const size = 512 << 10
	blocks := scanMax/size + 40
	for i := range blocks {
		data := make([]byte, size)
		if i == 0 || i == blocks-1 {
			copy(data, "needle")
		}
		log.Append(Entry{Station: station, At: morning.Add(time.Duration(i) * time.Second), MessageID: fmt.Sprint(i), Data: data})
		flush(t, log)
		if i%20 == 0 {
			merge(t, log)
		}
	}
	for _, newest := range []bool{false, true} {
		filter := Filter{Text: "needle", Newest: newest}
		first, err := log.Query(t.Context(), station, filter, page.Query{})
		if err != nil {
			t.Fatal(err)
		}
		if len(first.Items) != 1 || first.Next == "" {
			t.Errorf("newest %v: got %d items, next %q; want one, and more to come", newest, len(first.Items), first.Next)
		}
		got := all(t, log, station, filter, 10)
		if len(got) != 2 || got[0].Seq == got[1].Seq || (got[0].Seq > got[1].Seq) != newest {
			t.Errorf("newest %v: got %d records", newest, len(got))
		}
	}
}

// Two stations whose fingerprints are the same stay apart.
func testFingerprintsMayCollide(t *testing.T, on database) {
	known := map[uint32]ident.StationID{}
	var one, other ident.StationID
	for i := 0; one == ""; i++ {
		station := testStation(i)
		print := fingerprint(station)
		if same, found := known[print]; found {
			one, other = same, station
		}
		known[print] = station
	}
	log := openTemporary(t, on)
	log.Append(Entry{Station: one, At: morning, Data: []byte("one")})
	for _, place := range places {
		place.move(t, log)
		if got := all(t, log, other, Filter{}, 10); len(got) != 0 {
			t.Errorf("in %s: %s sees %v", place.name, other, got)
		}
		if got := all(t, log, one, Filter{}, 10); len(got) != 1 {
			t.Errorf("in %s: got %v", place.name, got)
		}
	}
}

func testADamagedBlockIsNotSilent(t *testing.T, on database) {
	log := openTemporary(t, on)
	station := testStation(1)
	for i := range 5 {
		log.Append(Entry{Station: station, At: morning.Add(time.Duration(i) * time.Second), Direction: In, MessageID: fmt.Sprint(i)})
		flush(t, log)
	}
	if _, err := log.disk.writer.Exec(`UPDATE fresh_blocks SET data = substr(data, 1, length(data) - 1) WHERE first_seq = $1`, log.fresh[2].first); err != nil {
		t.Fatal(err)
	}
	check := func(where string, newest bool) {
		t.Helper()
		var got []string
		for _, r := range all(t, log, station, Filter{Newest: newest}, 2) {
			if r.Direction == Note {
				got = append(got, r.Type)
			} else {
				got = append(got, r.MessageID)
			}
		}
		want := []string{"0", "1", TypeDamaged, "3", "4"}
		if newest {
			slices.Reverse(want)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", where, got, want)
		}
	}
	check("fresh", false)
	check("fresh", true)
	merge(t, log)
	check("merged", false)
	check("merged", true)
	if got := log.Stats().Damaged; got != 1 {
		t.Errorf("got %d damaged, want 1", got)
	}
}

func FuzzBlock(f *testing.F) {
	w := newWorkload(3, time.Second)
	var records []*Record
	m := newMemory(0)
	for range 4 {
		call, answer := w.message()
		for _, e := range []Entry{call, answer} {
			r, _ := m.put(e)
			records = append(records, &r)
		}
	}
	slices.SortFunc(records, byStation)
	var p packer
	f.Add(slices.Clone(p.pack(records)))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := parse(raw)
		if err != nil {
			return
		}
		for i := range b.groups {
			records, err := b.records(nil, &b.groups[i])
			if err == nil && len(records) != b.groups[i].frames {
				t.Errorf("got %d records, want %d", len(records), b.groups[i].frames)
			}
		}
	})
}
