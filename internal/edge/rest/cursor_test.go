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
	p := places{"a": 3}
	steps := []struct {
		at   event.Position
		want bool
	}{
		{event.Position{Stream: "a", Number: 3}, false},
		{event.Position{Stream: "a", Number: 4}, true},
		{event.Position{Stream: "a", Number: 2}, false},
		{event.Position{Stream: "b", Number: 1}, true},
		{event.Position{Stream: "b", Number: 1}, false},
		{event.Position{Stream: "a", Number: 9}, true}, // others' events are between
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
