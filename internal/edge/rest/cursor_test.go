package rest

import (
	"maps"
	"testing"

	"pylon/internal/domain/event"
)

func TestPlaces(t *testing.T) {
	tests := []struct {
		name string
		id   string
		want places
		ok   bool
	}{
		{"what we write", places{"nod_B/2": 7, "nod_A/1": 1 << 40}.String(), places{"nod_A/1": 1 << 40, "nod_B/2": 7}, true},
		{"nothing seen yet", places{}.String(), places{}, true},
		{"a stream with an equals sign", places{"a=b": 3}.String(), places{"a=b": 3}, true},
		{"not base 64", "*", nil, false},
		{"no number", "bm9k", nil, false},
		{"negative number", "YT0tMQ", nil, false},
		{"no stream", "PTE", nil, false},
		{"a stream that is no text", places{"a\x00": 3}.String(), nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := parsePlaces(tt.id)
			if ok != tt.ok || !maps.Equal(got, tt.want) {
				t.Errorf("parsePlaces(%q) = %v, %v; want %v, %v", tt.id, got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestPlacesPass(t *testing.T) {
	p := places{"a": 3, "b": 0}
	steps := []struct {
		at   event.Position
		want bool
	}{
		{event.Position{Stream: "a", Number: 3}, false},
		{event.Position{Stream: "a", Number: 4}, true},
		{event.Position{Stream: "a", Number: 2}, false},
		{event.Position{Stream: "b", Number: 1}, true},
		{event.Position{Stream: "b", Number: 1}, false},
		{event.Position{Stream: "c", Number: 1}, false}, // not met yet, or done with
		{event.Position{Stream: "a", Number: 9}, true},  // others' events are between
	}
	for _, step := range steps {
		if got := p.pass(step.at); got != step.want {
			t.Errorf("pass(%v) = %v, want %v", step.at, got, step.want)
		}
	}
	if want := (places{"a": 9, "b": 1}); !maps.Equal(p, want) {
		t.Errorf("places are %v, want %v", p, want)
	}
}

func TestPlacesLeaveOutWhatIsDoneWith(t *testing.T) {
	p := endOf([]event.Stream{{Name: "1", Head: 9, Ended: true}, {Name: "2", Head: 5}, {Name: "3", Head: 2, Ended: true}})
	if want := (places{"2": 5, "3": 2}); !maps.Equal(p, want) {
		t.Fatalf("the end is %v, want %v", p, want)
	}
	steps := []struct {
		name     string
		streams  []event.Stream
		met      places
		complete bool
		settled  places
	}{
		{
			"an old one ends, with events that were not read yet",
			[]event.Stream{{Name: "1", Head: 9, Ended: true}, {Name: "2", Head: 7, Ended: true}, {Name: "3", Head: 2, Ended: true}},
			places{"2": 5, "3": 2},
			true,
			places{"3": 2},
		},
		{
			"two begin, of which one has events",
			[]event.Stream{{Name: "2", Head: 7, Ended: true}, {Name: "3", Head: 2, Ended: true}, {Name: "4"}, {Name: "5", Head: 1}},
			places{"3": 2, "4": 0, "5": 0},
			true,
			places{"4": 0, "5": 1},
		},
		{
			"the log forgets those that are done with",
			[]event.Stream{{Name: "4", Head: 1}, {Name: "5", Head: 1}},
			places{"4": 0, "5": 1},
			true,
			places{"4": 1, "5": 1},
		},
		{
			"the log forgets one that is not",
			[]event.Stream{{Name: "5", Head: 1}},
			places{"4": 1, "5": 1},
			false,
			places{"4": 1, "5": 1},
		},
	}
	for _, step := range steps {
		if complete := p.meet(step.streams); complete != step.complete || !maps.Equal(p, step.met) {
			t.Errorf("%s: met %v, %t, want %v, %t", step.name, p, complete, step.met, step.complete)
		}
		if p.settle(step.streams); !maps.Equal(p, step.settled) {
			t.Errorf("%s: settled at %v, want %v", step.name, p, step.settled)
		}
	}
}

// FuzzPlaces reads any id: what comes out is written as an id that reads the same.
func FuzzPlaces(f *testing.F) {
	f.Add(places{"nod_B/2": 7, "nod_A/1": 1 << 40}.String())
	f.Add("PTE")
	f.Fuzz(func(t *testing.T, id string) {
		p, ok := parsePlaces(id)
		if !ok {
			return
		}
		if again, ok := parsePlaces(p.String()); !ok || !maps.Equal(again, p) {
			t.Errorf("%q: got %v back, want %v", id, again, p)
		}
	})
}
