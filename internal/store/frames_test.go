package store_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
)

// aFrame is one that came in a session, or outside when ses is "".
func aFrame(id ident.StationID, ses ident.SessionID, number int64, at time.Time) meter.Frame {
	sent := at.Format(time.RFC3339)
	return meter.Frame{
		Station: id, Session: ses, Number: number, EVSE: 1, Connector: 1, Source: meter.SourceUpdate, SeqNo: number, Digest: fmt.Appendf(nil, "%08d digest!!!", number)[:16],
		ReceivedAt: at.Add(40 * time.Millisecond), OccurredAt: at, AsSent: sent, Answer: "Accepted",
		Samples: []meter.Sample{
			{At: at, AtAsSent: sent, Measurand: meter.EnergyImportRegister, Unit: "Wh", Value: decimal.FromInt(1000+number, 1)},
			{At: at, AtAsSent: sent, Measurand: meter.PowerImport, Unit: "W", Value: decimal.FromInt(11000, 0), Signed: &meter.SignedValue{
				Data: fmt.Sprintf("OCMF|%d", number), SigningMethod: "ECDSA", EncodingMethod: "OCMF", PublicKey: "04ab",
			}},
		},
	}
}

// send commits the next frames of a session, one by one.
func (db *database) send(owner change.Owner, s *session.Session, n int) []meter.Frame {
	db.t.Helper()
	frames := make([]meter.Frame, n)
	for i := range frames {
		s.Version++
		s.Frames++
		frames[i] = aFrame(s.Station, s.ID, s.Frames, t0.Add(time.Duration(s.Frames)*time.Minute))
		db.commit(&change.Set{Owner: owner, Progress: []session.Session{*s}, Frames: frames[i : i+1]})
	}
	return frames
}

// compact makes blocks of everything that is there: two hours from now all of
// it is old.
func (db *database) compact() {
	db.t.Helper()
	if err := db.Compact(db.t.Context(), clock.System{}.Now().Add(2*time.Hour)); err != nil {
		db.t.Fatal(err)
	}
}

// pages reads all frames of a session, limit at a time.
func (db *database) pages(id ident.StationID, ses ident.SessionID, limit int) []meter.Frame {
	db.t.Helper()
	var found []meter.Frame
	q := page.Query{Limit: limit}
	for {
		part, err := db.Frames(db.t.Context(), id, ses, q)
		if err != nil {
			db.t.Fatal(err)
		}
		if len(part.Items) > limit {
			db.t.Fatalf("got %d frames, want at most %d", len(part.Items), limit)
		}
		found = append(found, part.Items...)
		if q.Cursor = part.Next; q.Cursor == "" {
			return found
		}
	}
}

// alike reports whether frames are the same but for the end of their digests,
// which blocks do not keep.
func alike(got, want []meter.Frame) bool {
	cut := func(frames []meter.Frame) []meter.Frame {
		frames = slices.Clone(frames)
		for i := range frames {
			frames[i].Digest = frames[i].Digest[:min(len(frames[i].Digest), meter.BlockDigest)]
		}
		return frames
	}
	return len(got) == len(want) && (len(want) == 0 || reflect.DeepEqual(cut(got), cut(want)))
}

// TestFramesComeBack follows the frames of one session through blocks, restarts
// and a second station that writes in between.
func TestFramesComeBack(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st, other := db.station(org.ID, "CP-1"), db.station(org.ID, "CP-2")
		owner, noise := db.own(st), db.own(other)
		ses, loud := db.session(owner, "tx", t0), db.session(noise, "tx", t0)
		var want []meter.Frame
		check := func(when string) {
			t.Helper()
			for _, limit := range []int{1, 3, 500} {
				if got := db.pages(st.ID, ses.ID, limit); !alike(got, want) {
					t.Fatalf("%s, %d at a time: got %d frames, want %d", when, limit, len(got), len(want))
				}
			}
			for _, f := range want {
				if got, err := db.FrameBySeq(t.Context(), st.ID, ses.ID, f.SeqNo); err != nil || !alike([]meter.Frame{got}, []meter.Frame{f}) {
					t.Fatalf("%s: seqNo %d: got %+v, %v", when, f.SeqNo, got, err)
				}
				if got, err := db.FrameByDigest(t.Context(), st.ID, ses.ID, f.Digest); err != nil || !reflect.DeepEqual(got, f) {
					t.Fatalf("%s: digest %s: got %+v, %v", when, f.Digest, got, err)
				}
			}
			if _, err := db.FrameBySeq(t.Context(), st.ID, ses.ID, 999); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: seqNo 999: got %v, want not found", when, err)
			}
			if _, err := db.FrameByDigest(t.Context(), st.ID, ses.ID, []byte("none")); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: an unknown digest: got %v, want not found", when, err)
			}
		}
		check("none")
		for round := range 3 {
			for range 4 {
				want = append(want, db.send(owner, &ses, 1)...)
				db.send(noise, &loud, 2)
			}
			check(fmt.Sprintf("round %d as rows", round))
			db.compact()
			check(fmt.Sprintf("round %d in blocks", round))
			want = append(want, db.send(owner, &ses, 2)...)
			check(fmt.Sprintf("round %d in blocks and rows", round))
			db.restart()
			check(fmt.Sprintf("round %d after a restart", round))
		}
		ses.Version++
		ses.Status, ses.EndedAt = session.Completed, t0.Add(time.Hour)
		ses.Frames++
		last := aFrame(st.ID, ses.ID, ses.Frames, t0.Add(time.Hour))
		want = append(want, last)
		db.commit(&change.Set{Owner: owner, Sessions: []session.Session{ses}, Frames: []meter.Frame{last}})
		check("ended")
		db.compact()
		check("ended, in blocks")
		if got := len(db.pages(other.ID, loud.ID, 500)); got != int(loud.Frames) {
			t.Errorf("the other station: got %d frames, want %d", got, loud.Frames)
		}
	})
}

// TestRowsGo counts the rows of frames: those in blocks go, those of a session
// whose block is not made yet stay, though they are younger than others.
func TestRowsGo(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		one, two := db.own(db.station(org.ID, "CP-1")), db.own(db.station(org.ID, "CP-2"))
		first, second := db.session(one, "tx", t0), db.session(two, "tx", t0)
		db.send(one, &first, 3)
		db.send(two, &second, 2)
		db.send(one, &first, 3)
		expect := func(when string, rows, blocks int64) {
			t.Helper()
			if got := db.count("meter_frames"); got != rows {
				t.Errorf("%s: got %d rows, want %d", when, got, rows)
			}
			if got := db.count("meter_blocks"); got != blocks {
				t.Errorf("%s: got %d blocks, want %d", when, got, blocks)
			}
		}
		if err := db.Compact(t.Context(), clock.System{}.Now().Add(59*time.Minute)); err != nil {
			t.Fatal(err)
		}
		expect("within the hour", 8, 0)
		db.compact()
		expect("after the hour", 0, 2)
		db.send(two, &second, 1)
		db.send(one, &first, 1500)
		db.restart()
		db.send(one, &first, 1)
		db.compact()
		expect("many, of two streams", 0, 5) // of 1, 1024 and 477 frames
		if got := len(db.pages(one.Station, first.ID, 500)); got != int(first.Frames) {
			t.Errorf("got %d frames, want %d", got, first.Frames)
		}
	})
}

// TestFramesOfASet puts several frames of several sessions into one set, one of
// them new.
func TestFramesOfASet(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		owner := db.own(st)
		known := db.session(owner, "known", t0)
		fresh := aSession(owner, "fresh", t0)
		fresh.Frames = 2
		known.Version, known.Frames = 2, 3
		of := func(ses ident.SessionID, numbers ...int64) (frames []meter.Frame) {
			for _, n := range numbers {
				frames = append(frames, aFrame(st.ID, ses, n, t0))
			}
			return frames
		}
		mixed := append(append(of(fresh.ID, 1), of(known.ID, 1, 2)...), append(of(fresh.ID, 2), of(known.ID, 3)...)...)
		db.commit(&change.Set{Owner: owner, Sessions: []session.Session{fresh}, Progress: []session.Session{known}, Frames: mixed})
		for _, when := range []string{"rows", "blocks"} {
			if got, want := db.pages(st.ID, known.ID, 10), of(known.ID, 1, 2, 3); !alike(got, want) {
				t.Errorf("%s of the known session: got %+v, want %+v", when, got, want)
			}
			if got, want := db.pages(st.ID, fresh.ID, 10), of(fresh.ID, 1, 2); !alike(got, want) {
				t.Errorf("%s of the new session: got %+v, want %+v", when, got, want)
			}
			db.compact()
		}
		got, err := db.Session(t.Context(), org.ID, known.ID)
		if err != nil || got.Version != 2 || got.Frames != 3 {
			t.Errorf("got version %d, %d frames, %v", got.Version, got.Frames, err)
		}
	})
}

// TestFramesOutsideSessions asks by EVSE and time, in rows and in blocks.
func TestFramesOutsideSessions(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		owner := db.own(st)
		var sent []meter.Frame
		for i := range 8 {
			at := t0.Add(time.Duration(i) * 15 * time.Minute)
			f := aFrame(st.ID, "", at.UnixMicro(), at)
			f.ReceivedAt, f.EVSE, f.SeqNo, f.Digest = at, i%2, -1, nil
			sent = append(sent, f)
			db.commit(&change.Set{Owner: owner, Frames: []meter.Frame{f}})
			if i == 4 {
				db.compact()
			}
		}
		for _, when := range []string{"blocks and rows", "blocks"} {
			for _, tt := range []struct {
				name     string
				evse     int
				from, to time.Time
				want     []meter.Frame
			}{
				{"the station's meter", 0, time.Time{}, time.Time{}, []meter.Frame{sent[0], sent[2], sent[4], sent[6]}},
				{"EVSE 1", 1, t0, t0.Add(24 * time.Hour), []meter.Frame{sent[1], sent[3], sent[5], sent[7]}},
				{"from the very time", 0, sent[2].ReceivedAt, time.Time{}, []meter.Frame{sent[2], sent[4], sent[6]}},
				{"just after", 0, sent[2].ReceivedAt.Add(time.Microsecond), time.Time{}, []meter.Frame{sent[4], sent[6]}},
				{"to the very time", 0, time.Time{}, sent[4].ReceivedAt, []meter.Frame{sent[0], sent[2]}},
				{"just after the end", 0, time.Time{}, sent[4].ReceivedAt.Add(time.Microsecond), []meter.Frame{sent[0], sent[2], sent[4]}},
				{"another EVSE", 2, time.Time{}, time.Time{}, nil},
			} {
				got, err := db.StationFrames(t.Context(), st.ID, tt.evse, tt.from, tt.to, all)
				if err != nil || !reflect.DeepEqual(got.Items, tt.want) {
					t.Errorf("%s, %s: got %d frames, %v, want %d", when, tt.name, len(got.Items), err, len(tt.want))
				}
			}
			db.compact()
		}
		first, err := db.StationFrames(t.Context(), st.ID, 1, time.Time{}, time.Time{}, page.Query{Limit: 3})
		if err != nil || len(first.Items) != 3 || first.Next == "" {
			t.Fatalf("got %d frames, %v", len(first.Items), err)
		}
		rest, err := db.StationFrames(t.Context(), st.ID, 1, time.Time{}, time.Time{}, page.Query{Limit: 3, Cursor: first.Next})
		if err != nil || !reflect.DeepEqual(rest.Items, sent[7:]) || rest.Next != "" {
			t.Errorf("got %d frames, next %q, %v, want the last", len(rest.Items), rest.Next, err)
		}
	})
}

// TestCompactionMeetsAFrame lets a frame arrive between the reading of a chain
// and the commit of its block: the block is not written, and nothing is lost.
func TestCompactionMeetsAFrame(t *testing.T) {
	gate := &broken{}
	db := open(t, store.Options{Path: filepath.Join(t.TempDir(), "pylon.db"), Between: gate.between})
	org := db.organisation("one")
	st := db.station(org.ID, "CP-1")
	owner := db.own(st)
	ses := db.session(owner, "tx", t0)
	want := db.send(owner, &ses, 3)

	release := db.hold(gate, 2) // the block first, then the frame: put them the other way round
	sent := make(chan error, 1)
	ses.Version++
	ses.Frames++
	late := aFrame(st.ID, ses.ID, ses.Frames, t0.Add(time.Hour))
	want = append(want, late)
	go func() {
		sent <- db.Commit(t.Context(), &change.Set{Owner: owner, Progress: []session.Session{ses}, Frames: []meter.Frame{late}})
	}()
	for db.Waiting() < 1 {
		yield()
	}
	compacted := make(chan error, 1)
	go func() { compacted <- db.Compact(t.Context(), clock.System{}.Now().Add(2*time.Hour)) }()
	release()
	if err := errors.Join(<-sent, <-compacted); err != nil {
		t.Fatal(err)
	}
	if got := db.pages(st.ID, ses.ID, 10); !alike(got, want) {
		t.Errorf("got %d frames, want %d", len(got), len(want))
	}
	db.compact()
	if got := db.pages(st.ID, ses.ID, 10); !alike(got, want) {
		t.Errorf("after the next: got %d frames, want %d", len(got), len(want))
	}
}

// TestFrameCursor takes a cursor of another session, and a spoilt one.
func TestFrameCursor(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		st := db.station(org.ID, "CP-1")
		owner := db.own(st)
		one, two := db.session(owner, "one", t0), db.session(owner, "two", t0)
		db.send(owner, &one, 3)
		got, err := db.Frames(t.Context(), st.ID, one.ID, page.Query{Limit: 1})
		if err != nil || got.Next == "" {
			t.Fatal(got.Next, err)
		}
		for name, q := range map[string]page.Query{"spoilt": {Cursor: got.Next + "A"}, "sorted": {Sort: "number"}} {
			if _, err := db.Frames(t.Context(), st.ID, one.ID, q); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: got %v, want invalid", name, err)
			}
		}
		if _, err := db.Frames(t.Context(), st.ID, two.ID, page.Query{Cursor: got.Next}); !fault.Is(err, fault.Invalid) {
			t.Errorf("of another session: got %v, want invalid", err)
		}
	})
}

// BenchmarkBlockSize prints what a sample takes on the disk once its session is
// in blocks: the file's pages, with all that belongs to them.
func BenchmarkBlockSize(b *testing.B) {
	for _, samples := range []int{4, 9} {
		b.Run(fmt.Sprintf("%d samples a minute", samples), func(b *testing.B) {
			for b.Loop() {
				measureBlocks(b, samples)
			}
		})
	}
}

func measureBlocks(b *testing.B, samples int) {
	db := open(b, store.Options{Path: filepath.Join(b.TempDir(), "pylon.db"), Synchronous: "off"})
	all := fleet(b, db, 200)
	empty := size(b, db)
	const frames = 60
	for _, c := range all {
		set := &change.Set{Owner: c.owner}
		for n := range int64(frames) {
			set.Frames = append(set.Frames, noisy(c.next(n).Frames[0], samples))
		}
		c.session.Version = 2
		set.Progress = []session.Session{c.session}
		db.commit(set)
	}
	rows := size(b, db)
	db.compact()
	blocks := size(b, db)
	total := float64(len(all) * frames * samples)
	b.ReportMetric(float64(rows-empty)/total, "row-bytes/sample")
	b.ReportMetric(float64(blocks-empty)/total, "block-bytes/sample")
	b.ReportMetric(0, "ns/op")
	db.end()
}

// noisy gives a frame what no compressor foresees: a digest, a delay, values
// that go up and down, and more of them.
func noisy(f meter.Frame, samples int) meter.Frame {
	sum := sha256.Sum256([]byte(f.AsSent + string(f.Session)))
	f.Digest = sum[:16]
	f.ReceivedAt = f.OccurredAt.Add(time.Duration(20_000+binary.BigEndian.Uint16(sum[16:])) * time.Microsecond)
	values := []meter.Sample{
		{Measurand: "Energy.Active.Import.Register", Unit: "Wh", Value: decimal.FromInt(12_345_678+f.Number*183+int64(sum[18]%8), 0)},
		{Measurand: "Power.Active.Import", Unit: "W", Value: decimal.FromInt(10_900+int64(sum[19]), 0)},
		{Measurand: "Current.Import", Phase: "L1", Unit: "A", Value: decimal.FromInt(1580+int64(sum[20]%32), 2)},
		{Measurand: "Voltage", Phase: "L1-N", Unit: "V", Value: decimal.FromInt(2295+int64(sum[21]%16), 1)},
		{Measurand: "Current.Import", Phase: "L2", Unit: "A", Value: decimal.FromInt(1580+int64(sum[22]%32), 2)},
		{Measurand: "Voltage", Phase: "L2-N", Unit: "V", Value: decimal.FromInt(2295+int64(sum[23]%16), 1)},
		{Measurand: "Current.Import", Phase: "L3", Unit: "A", Value: decimal.FromInt(1580+int64(sum[24]%32), 2)},
		{Measurand: "Voltage", Phase: "L3-N", Unit: "V", Value: decimal.FromInt(2295+int64(sum[25]%16), 1)},
		{Measurand: "SoC", Unit: "Percent", Value: decimal.FromInt(20+f.Number/2, 0)},
	}
	f.Samples = values[:samples]
	for i := range f.Samples {
		f.Samples[i].At, f.Samples[i].AtAsSent, f.Samples[i].Context = f.OccurredAt, f.AsSent, "Sample.Periodic"
	}
	return f
}

// size returns what the database takes when all of it is written as it should be.
func size(b *testing.B, db *database) int64 {
	b.Helper()
	path := filepath.Join(b.TempDir(), string(newID[ident.FindingID]()))
	raw := db.raw()
	defer raw.Close()
	if _, err := raw.ExecContext(b.Context(), "VACUUM INTO $1", path); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}
