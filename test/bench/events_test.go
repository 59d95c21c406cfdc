package main

import (
	"bufio"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim/load"
)

// stream is what the server sends: an event named by its type, with an id.
func stream(events ...string) *bufio.Scanner {
	text := ": hello\nid: 1\n\n"
	for _, data := range events {
		text += "event: connector.status_changed\nid: 2\ndata: " + data + "\n\n"
	}
	return bufio.NewScanner(strings.NewReader(text))
}

func TestWatch(t *testing.T) {
	const (
		a       = `{"type":"connector.status_changed","station_id":"A","data":{}}`
		b       = `{"type":"connector.status_changed","station_id":"B","data":{}}`
		another = `{"type":"station.booted","station_id":"A","data":{}}`
		nobody  = `{"type":"station.deleted","station_id":null,"data":{}}`
	)
	ms := time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(clock.System{})
		w.sent("A")
		time.Sleep(5 * ms)
		w.sent("B")
		time.Sleep(10 * ms)
		if err := w.read(stream(another, nobody, b, b, a)); !errors.Is(err, errEnded) {
			t.Fatal(err)
		}
		got, missing := w.wait(2)
		if want := (load.Latencies{10 * ms, 15 * ms}); !slices.Equal(got, want) || missing != 0 {
			t.Errorf("got %v, %d missing; want %v, 0", got, missing, want)
		}
		began := clock.System{}.Now()
		if _, missing := w.wait(3); missing != 1 {
			t.Errorf("got %d missing, want 1", missing)
		}
		if waited := (clock.System{}).Now().Sub(began); waited != lateMax {
			t.Errorf("got %v of waiting, want %v", waited, lateMax)
		}
	})
}

// What comes late is not taken for what was sent since.
func TestWatchCountsFromTheOldest(t *testing.T) {
	const a = `{"type":"connector.status_changed","station_id":"A"}`
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(clock.System{})
		w.sent("A")
		time.Sleep(time.Second)
		w.sent("A")
		if err := w.read(stream(a, a)); !errors.Is(err, errEnded) {
			t.Fatal(err)
		}
		got, missing := w.wait(2)
		if want := (load.Latencies{0, time.Second}); !slices.Equal(got, want) || missing != 0 {
			t.Errorf("got %v, %d missing; want %v, 0", got, missing, want)
		}
	})
}

func TestWatchSeesAReset(t *testing.T) {
	lines := bufio.NewScanner(strings.NewReader("event: reset\nid: 2\ndata: {}\n\n"))
	if err := newWatch(clock.System{}).read(lines); !errors.Is(err, errReset) {
		t.Errorf("got error %v, want %v", err, errReset)
	}
}

func TestWatchRefusesGarbage(t *testing.T) {
	if err := newWatch(clock.System{}).read(stream("{")); err == nil || errors.Is(err, errEnded) {
		t.Errorf("got %v for data that are no JSON", err)
	}
}
