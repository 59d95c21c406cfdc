package cluster

import (
	"context"
	"syscall"
	"testing"
	"time"
)

// cpu returns what the process has spent, on all its threads.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// measured runs f for the benchmark and reports the CPU time of one.
func measured(b *testing.B, f func()) {
	b.Helper()
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
}

// BenchmarkAsk is a question and its answer: of the node itself, of another on
// the server in the process, and over TCP.
func BenchmarkAsk(b *testing.B) {
	first, second := pair(b)
	serve(b, second, echo)
	s := listen(b, 0, nil)
	third, fourth := open(b, Options{URL: s.ClientURL(), Node: one}), open(b, Options{URL: s.ClientURL(), Node: two})
	serve(b, fourth, echo)
	body := make([]byte, 500)
	for name, asker := range map[string]*Bus{"itself": second, "in_process": first, "tcp": third} {
		b.Run(name, func(b *testing.B) {
			measured(b, func() {
				if _, err := asker.Ask(b.Context(), two, "call", station, body); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkPublish is one event: that nobody reads, that somebody reads on this
// node, and on another.
func BenchmarkPublish(b *testing.B) {
	batch := events(orgA, 1, 1)
	b.Run("nobody", func(b *testing.B) {
		bus := open(b, Options{Node: one})
		measured(b, func() { bus.Publish(batch) })
	})
	b.Run("nobody_by_16", func(b *testing.B) {
		bus := open(b, Options{Node: one})
		many := events(orgA, 1, 16)
		measured(b, func() { bus.Publish(many) })
	})
	for _, where := range []string{"here", "there"} {
		b.Run(where, func(b *testing.B) {
			first, second := pair(b)
			reader := first
			if where == "there" {
				reader = second
			}
			feed, cancel := reader.Subscribe(orgA)
			defer cancel()
			measured(b, func() {
				first.Publish(batch)
				<-feed
			})
		})
	}
}

// BenchmarkNotify is a hint that somebody on another node waits for.
func BenchmarkNotify(b *testing.B) {
	first, second := pair(b)
	woken, cancel, err := second.Watch("cmd_1")
	if err != nil {
		b.Fatal(err)
	}
	defer cancel()
	measured(b, func() {
		if err := first.Notify("cmd_1"); err != nil {
			b.Fatal(err)
		}
		<-woken
	})
}

// BenchmarkOpen is what the server in the process adds to a start and an end.
func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		bus, err := Open(context.Background(), Options{Node: one})
		if err != nil {
			b.Fatal(err)
		}
		if err := bus.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
