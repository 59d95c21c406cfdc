package lease_test

import (
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/lease"
)

// look is one look of a watcher at a and b, after since the last one.
type look struct {
	after time.Duration
	a, b  int64
	dead  []string
}

// looks are n looks, a beat apart, at which a beats and b does not.
func looks(n int, a, b int64) []look {
	all := make([]look, n)
	for i := range all {
		all[i] = look{after: lease.Beat, a: a + int64(i), b: b}
	}
	return all
}

func TestWatch(t *testing.T) {
	const still = int(lease.Term / lease.Beat) // looks that are not enough yet
	b := []string{"b"}
	for _, c := range []struct {
		name  string
		looks []look
	}{
		{"one beat stands still", append(looks(1+still, 1, 1), look{after: lease.Beat, a: 99, b: 1, dead: b})},
		{"it moves in time", append(looks(1+still, 1, 1), look{after: lease.Beat, a: 99, b: 2}, look{after: lease.Beat, a: 100, b: 2})},
		{"it moves again after its death", append(looks(1+still, 1, 1), look{after: lease.Beat, a: 99, b: 1, dead: b}, look{after: lease.Beat, a: 100, b: 2})},
		{"the watcher sleeps for an hour", append(looks(3, 1, 1), look{after: time.Hour, a: 99, b: 1}, look{after: lease.Beat, a: 100, b: 2})},
		{"the watcher's first look", []look{{after: time.Hour, a: 1, b: 1}}},
		{"the clock jumps ahead three times", append(looks(1, 1, 1),
			look{after: time.Hour, a: 2, b: 1}, look{after: time.Hour, a: 3, b: 1}, look{after: time.Hour, a: 4, b: 1}, look{after: 3 * time.Second, a: 5, b: 1, dead: b})},
		{"the clock steps back and forth", append(looks(1+still, 1, 1),
			look{after: -time.Hour, a: 90, b: 1}, look{after: 0, a: 91, b: 1}, look{after: time.Second, a: 92, b: 1, dead: b})},
		{"the clock steps back and stands", append(looks(2, 1, 1), look{after: -24 * time.Hour, a: 90, b: 1}, look{a: 91, b: 1}, look{a: 92, b: 1})},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w lease.Watch[string]
			now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			for i, l := range c.looks {
				now = now.Add(l.after)
				got := w.Dead(now, []lease.Sign[string]{{Of: "a", Beat: l.a}, {Of: "b", Beat: l.b}})
				if !slices.Equal(got, l.dead) {
					t.Errorf("look %d: got %q dead, want %q", i, got, l.dead)
				}
			}
		})
	}
}

// Who was away and is seen again begins anew: its old standstill is forgotten.
func TestWatchForgets(t *testing.T) {
	var w lease.Watch[string]
	now := time.Time{}
	signs := []lease.Sign[string]{{Of: "a", Beat: 1}}
	for range int(lease.Term/lease.Beat) + 1 {
		now = now.Add(lease.Beat)
		w.Dead(now, signs)
	}
	w.Dead(now.Add(lease.Beat), nil)
	if got := w.Dead(now.Add(2*lease.Beat), signs); got != nil {
		t.Errorf("got %q dead at its first sight", got)
	}
}

func TestFree(t *testing.T) {
	for _, c := range []struct {
		name string
		of   lease.Lease
		want bool
	}{
		{"nobody ever had it", lease.Lease{}, true},
		{"given back", lease.Lease{Epoch: 3, Beat: 9}, true},
		{"held", lease.Lease{Holder: "nod_a", Epoch: 3}, false},
		{"held by a dead node", lease.Lease{Holder: "nod_a", Epoch: 3, Orphan: true}, true},
	} {
		if got := c.of.Free(); got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
	}
}
