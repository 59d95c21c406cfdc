package framelog

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/page"
)

// cpu returns what the process has spent, garbage collection and all.
func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchFrames is the whole cost of a frame: append, write once a second, merge;
// server is what a database in another process has spent, its background work
// too. Bytes are those that the data takes after merging.
func BenchFrames(b *testing.B, on func(testing.TB) Place, server func() time.Duration) {
	b.Helper()
	for _, load := range []struct {
		name                string
		stations, perSecond int
	}{
		{"200stations_1000msgs", 200, 1000},
		{"1000stations_33msgs", 1000, 33},
		{"20stations_1msg", 20, 1},
		{"10000stations_1000msgs", 10000, 1000},
	} {
		b.Run(load.name, func(b *testing.B) {
			w := newWorkload(load.stations, time.Second/time.Duration(load.perSecond))
			log := openTest(b, on(b), &setClock{now: w.now})
			var spent time.Duration
			serverBefore := server()
			var raw, frames int
			entries := make([]Entry, 0, 2*load.perSecond)
			for b.Loop() {
				b.StopTimer()
				entries = entries[:0]
				for range load.perSecond {
					call, answer := w.message()
					raw += len(call.Data) + len(answer.Data)
					entries = append(entries, call, answer)
				}
				frames += len(entries)
				log.clock.(*setClock).now = w.now
				b.StartTimer()
				before := cpu(b)
				for _, e := range entries {
					log.Append(e)
				}
				if err := log.flush(b.Context()); err != nil {
					b.Fatal(err)
				}
				if err := log.mergeIfDue(b.Context()); err != nil {
					b.Fatal(err)
				}
				spent += cpu(b) - before
			}
			fresh, merged := sizes(b, log)
			b.ReportMetric(float64(spent.Nanoseconds())/1000/float64(frames), "cpu-µs/frame")
			if other := server() - serverBefore; other > 0 {
				b.ReportMetric(float64(other.Nanoseconds())/1000/float64(frames), "server-µs/frame")
			}
			b.ReportMetric(float64(raw)/float64(frames), "raw-B/frame")
			b.ReportMetric(fresh, "fresh-B/frame")
			b.ReportMetric(merged, "merged-B/frame")
		})
	}
}

// BenchmarkAppend is what the caller waits.
func BenchmarkAppend(b *testing.B) {
	w := newWorkload(200, time.Millisecond)
	log := openTest(b, Place{Path: filepath.Join(b.TempDir(), "frames.db")}, clock.System{})
	call, _ := w.message()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		log.Append(call)
		if i%1000 == 0 {
			log.memory = newMemory(log.memory.last)
		}
	}
}

// BenchmarkQuery is one page of a station among 1,000, of a day with 33 messages/s.
func BenchmarkQuery(b *testing.B) {
	w := newWorkload(1000, time.Second/33)
	log := openTest(b, Place{Path: filepath.Join(b.TempDir(), "frames.db")}, &setClock{now: w.now})
	for range 6 * 3600 {
		for range 33 {
			call, answer := w.message()
			log.Append(call)
			log.Append(answer)
		}
		log.clock.(*setClock).now = w.now
		if err := log.flush(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := log.mergeIfDue(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	for _, q := range []struct {
		name   string
		filter Filter
	}{
		{"newest50", Filter{Newest: true}},
		{"oldest50", Filter{}},
		{"hour_amid", Filter{From: w.now.Add(-4 * time.Hour), To: w.now.Add(-3 * time.Hour), Newest: true}},
		{"text_nowhere", Filter{Text: "nowhere to be found"}},
	} {
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				r, err := log.Query(b.Context(), w.stations[7].id, q.filter, page.Query{})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(r.Items)), "items")
			}
		})
	}
}

// sizes returns the bytes that a frame takes in fresh and in merged blocks.
func sizes(b *testing.B, l *Log) (fresh, merged float64) {
	b.Helper()
	row := l.disk.reader.QueryRowContext(b.Context(), `SELECT
		(SELECT CAST(SUM(length(data) + length(stations)) AS DOUBLE PRECISION) / SUM(frames) FROM fresh_blocks),
		(SELECT CAST(SUM(length(data)) AS DOUBLE PRECISION) / SUM(frames) FROM merged_blocks)`)
	var f, m *float64
	if err := row.Scan(&f, &m); err != nil {
		b.Fatal(err)
	}
	if f != nil {
		fresh = *f
	}
	if m != nil {
		merged = *m
	}
	return fresh, merged
}
