package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
	"pylon/internal/store/archive"
	"pylon/internal/store/framelog"
)

func newID[T ident.ID]() T { return ident.New[T](clock.System{}.Now()) }

// running is a store of facts and a log of frames that work, as in a server.
type running struct {
	*store.Store
	frames *framelog.Log
}

// run opens a place as a server does, until the test ends.
func run(t *testing.T, at archive.Place) *running {
	t.Helper()
	node := newID[ident.NodeID]()
	facts := store.Options{URL: at.DatabaseURL, Clock: clock.System{}, Node: node}
	frames := framelog.Options{URL: at.DatabaseURL, Clock: clock.System{}, Node: node}
	if at.DatabaseURL == "" {
		if err := os.MkdirAll(at.Folder, 0o700); err != nil {
			t.Fatal(err)
		}
		facts.Path, frames.Path = at.Folder+"/pylon.db", at.Folder+"/frames.db"
	}
	s, err := store.Open(t.Context(), facts)
	if err != nil {
		t.Fatal(err)
	}
	log, err := framelog.Open(t.Context(), frames)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var parts sync.WaitGroup
	for _, part := range []func(context.Context) error{s.Run, log.Run} {
		parts.Go(func() {
			if err := part(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		stop()
		parts.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return &running{Store: s, frames: log}
}

// paired is an event's data.
type paired struct {
	Pair int `json:"pair"`
}

// pair commits two tokens and an event at once, and a frame beside them.
func (r *running) pair(ctx context.Context, org ident.OrganisationID, n int) error {
	now := clock.System{}.Now()
	set := change.Set{Events: []event.Event{{Type: "token.created", Organisation: org, At: now, Data: paired{n}}}}
	for _, half := range []string{"left", "right"} {
		set.Tokens = append(set.Tokens, token.Token{
			ID: newID[ident.TokenID](), Organisation: org, UID: fmt.Sprintf("%s-%d", half, n), Type: "Central", Status: token.Accepted, CreatedAt: now, Version: 1,
		})
	}
	r.frames.Append(framelog.Entry{Station: "sta_1", Organisation: org, At: now, Direction: framelog.In, Type: "call", Data: []byte(fmt.Sprint(n))})
	return r.Commit(ctx, &set)
}

// A backup beside writers at full speed has each commit whole or not at all, and
// every one that was acknowledged before it began.
func TestBackupBesideWriters(t *testing.T) {
	for name, place := range databases(t) {
		t.Run(name, func(t *testing.T) {
			at := place()
			server := run(t, at)
			org := newID[ident.OrganisationID]()
			var next, acknowledged atomic.Int64
			ctx, stop := context.WithCancel(t.Context())
			var writers sync.WaitGroup
			enough := make(chan struct{})
			var once sync.Once
			for range 8 {
				writers.Go(func() {
					for ctx.Err() == nil {
						if err := server.pair(context.WithoutCancel(ctx), org, int(next.Add(1))); err != nil {
							t.Error(err)
							return
						}
						if acknowledged.Add(1) >= 2000 {
							once.Do(func() { close(enough) })
						}
					}
				})
			}
			<-enough
			before := acknowledged.Load()
			data := write(t, at)
			during := acknowledged.Load() - before
			stop()
			writers.Wait()
			t.Logf("%d pairs before, %d while it was written", before, during)
			if during == 0 {
				t.Error("nobody wrote meanwhile: nothing was tried")
			}
			checkPairs(t, contents(t, data, nil), before)
			for into, target := range databases(t) {
				t.Run("to "+into, func(t *testing.T) { restoredServes(t, data, target(), org) })
			}
		})
	}
}

// checkPairs looks for the tokens and events of commits: all that were
// acknowledged, and none in half.
func checkPairs(t *testing.T, rows map[string]int, acknowledged int64) {
	t.Helper()
	halves := map[string]int64{`uid="left-`: 0, `uid="right-`: 0, `{\"pair\":`: 0}
	for row := range rows {
		for of := range halves {
			if strings.Contains(row, of) {
				halves[of]++
			}
		}
	}
	left := halves[`uid="left-`]
	for of, n := range halves {
		if n != left {
			t.Errorf("%d rows have %s, and %d the other half", n, of, left)
		}
	}
	if left < acknowledged {
		t.Errorf("%d pairs, and %d were acknowledged before the backup began", left, acknowledged)
	}
}

// restoredServes restores an archive, compares every row, and works on it.
func restoredServes(t *testing.T, data []byte, to archive.Place, org ident.OrganisationID) {
	t.Helper()
	c, err := archive.Restore(t.Context(), bytes.NewReader(data), archive.RestoreOptions{To: to, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	lived := func(table archive.Table) bool { return table.Name != "nodes" && table.Name != "streams" }
	again := write(t, to)
	compare(t, contents(t, again, lived), contents(t, data, lived))
	for row := range contents(t, again, nil) {
		if (strings.HasPrefix(row, "nodes ") || strings.HasPrefix(row, "streams ")) && strings.Contains(row, "ended_at=<nil>") {
			t.Errorf("it lives on: %s", row)
		}
	}
	server := run(t, to)
	for n := range 20 {
		if _, err := server.TokenByUID(t.Context(), org, fmt.Sprintf("left-%d", n+1)); err != nil {
			t.Errorf("token of pair %d: %v", n+1, err)
		}
	}
	if err := server.pair(t.Context(), org, int(c.Rows())*10); err != nil {
		t.Errorf("it takes no commit: %v", err)
	}
}
