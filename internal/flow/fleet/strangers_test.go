package fleet_test

import (
	"fmt"
	"testing"
	"time"

	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/ident"
)

// A station cannot fill the list of unknown tokens, by whatever message and
// however often it connects. What it may list comes again with time, and what
// is not listed is answered as before.
func TestStationCannotFloodTheTokens(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	o, _ := w.connect(id, station.OCPP16)
	present := func(o *fleet.Owner, uid string) {
		t.Helper()
		d, err := o.Authorize(t.Context(), token.Presented{UID: uid}, fleet.Place{})
		if err != nil || d.Verdict != token.VerdictUnknown {
			t.Fatalf("verdict %q (%v), want Unknown", d.Verdict, err)
		}
	}
	listed := func() int {
		t.Helper()
		tokens, err := w.store.Tokens(t.Context(), w.org.ID, token.Filter{}, pageAll)
		if err != nil {
			t.Fatal(err)
		}
		return len(tokens.Items)
	}
	for n := range fleet.StrangersMax + 2 {
		present(o, fmt.Sprintf("EVIL%d", n))
	}
	if got := listed(); got != fleet.StrangersMax {
		t.Errorf("listed %d, want %d", got, fleet.StrangersMax)
	}
	if _, err := o.Report(t.Context(), start16(w, "EVIL-START", 1)); err != nil {
		t.Errorf("a start with one more: %v", err)
	}
	again, _ := w.connect(id, station.OCPP16)
	present(again, "EVIL-AGAIN")
	if got := listed(); got != fleet.StrangersMax {
		t.Errorf("after a start and a new connection: listed %d, want %d", got, fleet.StrangersMax)
	}
	if open, err := w.store.Sessions(t.Context(), w.org.ID, session.Filter{}, pageAll); err != nil || len(open.Items) != 1 {
		t.Errorf("the start left %d sessions (%v), want 1", len(open.Items), err)
	}
	w.toldOnce(id, station.TokensTooMany)

	neighbour, _ := w.connect(w.station("CP-2"), station.OCPP16)
	present(neighbour, "FRIEND1")
	w.clock.forward(time.Hour)
	present(again, "FRIEND2")
	if got := listed(); got != fleet.StrangersMax+2 {
		t.Errorf("with a neighbour's and an hour later: listed %d, want %d", got, fleet.StrangersMax+2)
	}
}

// toldOnce checks that a station has exactly one finding of a code.
func (w *world) toldOnce(id ident.StationID, code station.FindingCode) {
	w.t.Helper()
	found, err := w.store.Findings(w.t.Context(), w.org.ID, station.FindingFilter{Station: id}, pageAll)
	if err != nil {
		w.t.Fatal(err)
	}
	got := 0
	for _, f := range found.Items {
		if f.Code == code {
			got++
		}
	}
	if got != 1 {
		w.t.Errorf("found %s %d times, want once", code, got)
	}
}
