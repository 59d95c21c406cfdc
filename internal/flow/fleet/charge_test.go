package fleet_test

import (
	"errors"
	"sync"
	"testing"

	"pylon/internal/domain/change"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/flow/fleet"
)

func TestSessionFromStartToEnd(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	tok := w.token("04AA", 0)
	o, _ := w.connect(id, station.OCPP201)
	started, err := o.Report(t.Context(), start(w, "tx-1", "04aa", 1000))
	if err != nil {
		t.Fatal(err)
	}
	if started.Token == nil || !started.Token.OK() {
		t.Errorf("answer to the start: %+v, want accepted", started.Token)
	}
	if got, err := w.store.Token(t.Context(), w.org.ID, tok); err != nil || got.Running != 1 {
		t.Errorf("token runs %d sessions (%v), want 1", got.Running, err)
	}
	if _, err := o.Report(t.Context(), report(w, session.Updated, "tx-1", 1, 1500).Seal()); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Report(t.Context(), report(w, session.Ended, "tx-1", 2, 4200).Seal()); err != nil {
		t.Fatal(err)
	}
	got, err := w.store.Session(t.Context(), w.org.ID, started.Session)
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != session.Completed || got.Energy.WattHours() != 3200 || got.Token != tok {
		t.Errorf("session: %s, %d Wh, token %s; want completed, 3200 Wh, %s", got.Status, got.Energy.WattHours(), got.Token, tok)
	}
	if got, err := w.store.Token(t.Context(), w.org.ID, tok); err != nil || got.Running != 0 {
		t.Errorf("token runs %d sessions after the end (%v), want 0", got.Running, err)
	}
}

func TestRepeatAfterReconnectGetsTheFirstAnswer(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	w.token("04AA", 0)
	o, _ := w.connect(id, station.OCPP201)
	begin := start(w, "tx-1", "04AA", 1000)
	first, err := o.Report(t.Context(), begin)
	if err != nil {
		t.Fatal(err)
	}
	o, _ = w.connect(id, station.OCPP201) // nothing is in memory now
	again, err := o.Report(t.Context(), begin)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Repeat || again.Session != first.Session {
		t.Errorf("answer to the repeat: %+v, want a repeat of session %s", again, first.Session)
	}
	frames, err := w.store.Frames(t.Context(), id, first.Session, pageAll)
	if err != nil || len(frames.Items) != 1 {
		t.Errorf("%d frames (%v), want 1", len(frames.Items), err)
	}
}

func TestOlderOwnerWritesNothing(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	w.token("04AA", 0)
	older, closed := w.connect(id, station.OCPP201)
	newer, _ := w.connect(id, station.OCPP201)
	if got := <-closed.closed; got != "superseded" {
		t.Errorf("older socket closed because of %q, want superseded", got)
	}
	if _, err := older.Report(t.Context(), start(w, "tx-1", "04AA", 0)); !errors.Is(err, change.ErrSuperseded) {
		t.Errorf("older owner: %v, want superseded", err)
	}
	if _, err := newer.Report(t.Context(), start(w, "tx-2", "04AA", 0)); err != nil {
		t.Errorf("newer owner: %v", err)
	}
	older.Release(t.Context(), "gone")
	if d := w.detail(id); !d.Online {
		t.Error("the release of an older owner took the station offline")
	}
}

func TestOneSessionAtATime(t *testing.T) {
	const stations = 6
	w := newWorld(t)
	tok := w.token("04AA", 1)
	var owners []*fleet.Owner
	for i := range stations {
		o, _ := w.connect(w.station(identityOf(i)), station.OCPP201)
		owners = append(owners, o)
	}
	verdicts := make([]token.Verdict, stations)
	var all sync.WaitGroup
	for i, o := range owners {
		all.Go(func() {
			a, err := o.Report(t.Context(), start(w, "tx-1", "04AA", 0))
			if err != nil {
				t.Error(err)
				return
			}
			verdicts[i] = a.Token.Verdict
		})
	}
	all.Wait()
	counts := map[token.Verdict]int{}
	for _, v := range verdicts {
		counts[v]++
	}
	if counts[token.VerdictAccepted] != 1 || counts[token.VerdictConcurrentTx] != stations-1 {
		t.Errorf("verdicts of %d starts at once: %v, want one accepted, the others in use", stations, counts)
	}
	if got, err := w.store.Token(t.Context(), w.org.ID, tok); err != nil || got.Running != 1 {
		t.Errorf("token runs %d sessions (%v), want 1", got.Running, err)
	}
}

func TestUnknownTokenIsListed(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	o, _ := w.connect(id, station.OCPP16)
	for range 3 {
		d, err := o.Authorize(t.Context(), token.Presented{UID: "cafe01"}, fleet.Place{})
		if err != nil || d.Verdict != token.VerdictUnknown {
			t.Fatalf("verdict %q (%v), want Unknown", d.Verdict, err)
		}
	}
	got, err := w.store.TokenByUID(t.Context(), w.org.ID, "CAFE01")
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != token.Unknown || got.SeenStation != id || got.Version != 1 {
		t.Errorf("listed as %s at %s in version %d, want unknown at %s in version 1", got.Status, got.SeenStation, got.Version, id)
	}
	if open, err := w.store.Sessions(t.Context(), w.org.ID, session.Filter{}, pageAll); err != nil || len(open.Items) != 0 {
		t.Errorf("a refused Authorize left %d sessions (%v)", len(open.Items), err)
	}
}
