package simtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// tailMax is how much of a trace a failure shows.
const tailMax = 80

// trace is what happened, turn by turn. Within a turn goroutines run side by
// side, so what they tell is put into order before it counts.
type trace struct {
	chance *regexp.Regexp

	mu   sync.Mutex
	turn []string
	sum  hash.Hash
	all  []string // nil: only the tail is kept
	keep bool
}

func newTrace(keep bool) *trace {
	return &trace{
		// Identifiers, and numbers that nodes draw, are chance that decides nothing.
		chance: regexp.MustCompile(`[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}|(remoteStartId|requestId)\\*":\d+`),
		sum:    sha256.New(), keep: keep,
	}
}

func (t *trace) note(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn = append(t.turn, fmt.Sprintf(format, args...))
}

// close ends a turn, in which the driver did what.
func (t *trace) close(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := make([]string, 0, len(t.turn)+1)
	for _, l := range t.turn {
		lines = append(lines, "    "+t.chance.ReplaceAllStringFunc(l, func(id string) string { return id[:3] + "*" }))
	}
	slices.Sort(lines)
	t.turn = t.turn[:0]
	for _, l := range append([]string{t.chance.ReplaceAllStringFunc(what, func(id string) string { return id[:3] + "*" })}, lines...) {
		_, _ = t.sum.Write([]byte(l + "\n"))
		t.all = append(t.all, l)
	}
	if !t.keep && len(t.all) > 10*tailMax {
		t.all = append(t.all[:0], t.all[len(t.all)-tailMax:]...)
	}
}

// digest tells two traces apart.
func (t *trace) digest() string { return hex.EncodeToString(t.sum.Sum(nil)[:8]) }

// tail is the end of the trace.
func (t *trace) tail() string {
	return strings.Join(t.all[max(0, len(t.all)-tailMax):], "\n")
}

// difference is where two traces part, with what came before.
func difference(a, b *trace) string {
	for i := range min(len(a.all), len(b.all)) {
		if a.all[i] != b.all[i] {
			before := strings.Join(a.all[max(0, i-20):i], "\n")
			return before + "\n first: " + a.all[i] + "\n again: " + b.all[i]
		}
	}
	return fmt.Sprintf("one is longer: %d and %d lines", len(a.all), len(b.all))
}
