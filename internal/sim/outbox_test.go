package sim

import (
	"testing"
	"time"
)

func TestOutboxKeepsTheOrderOfWhatItKeeps(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := outbox{wake: make(chan struct{}, 1)}
	waiting := &parcel{kept: true, after: now.Add(time.Minute)}
	behind, passing, asked := &parcel{kept: true}, &parcel{}, &parcel{triggered: true}
	for _, p := range []*parcel{waiting, behind, passing, asked} {
		o.put(p)
	}
	steps := []struct {
		name     string
		at       time.Time
		accepted bool
		want     *parcel
		wait     time.Duration
	}{
		{"one that passes overtakes the one that waits", now, true, passing, 0},
		{"before it was accepted, what was asked for", now, false, asked, 0},
		{"a moment too early", now.Add(time.Minute - 1), true, passing, 0},
		{"its time has come", now.Add(time.Minute), true, waiting, 0},
	}
	for _, tt := range steps {
		if got, wait := o.next(tt.at, tt.accepted); got != tt.want || wait != tt.wait {
			t.Errorf("%s: got %p after %v, want %p after %v", tt.name, got, wait, tt.want, tt.wait)
		}
	}
	if dropped := o.drop(func(p *parcel) bool { return !p.kept }); len(dropped) != 2 {
		t.Errorf("%d dropped, want 2", len(dropped))
	}
	if got, wait := o.next(now, true); got != nil || wait != time.Minute {
		t.Errorf("got %p after %v, want none for a minute: the others keep their order", got, wait)
	}
	o.remove(waiting)
	if got, _ := o.next(now, true); got != behind {
		t.Errorf("got %p, want the next in order, %p", got, behind)
	}
}

func TestOutboxIsBounded(t *testing.T) {
	o := outbox{wake: make(chan struct{}, 1)}
	first := &parcel{}
	o.put(first)
	for range passingMax - 1 {
		if dropped := o.put(&parcel{}); dropped != nil {
			t.Fatal("dropped below the limit")
		}
	}
	if dropped := o.put(&parcel{}); dropped != first {
		t.Error("beyond the limit the oldest that passes must go")
	}
	for range keptMax {
		if dropped := o.put(&parcel{kept: true}); dropped != nil {
			t.Fatal("dropped below the limit")
		}
	}
	newest := &parcel{kept: true}
	if dropped := o.put(newest); dropped != newest {
		t.Error("beyond the limit the newest that is kept must go")
	}
	if got := len(o.parcels); got != passingMax+keptMax {
		t.Errorf("%d parcels, want %d", got, passingMax+keptMax)
	}
}
