package billing

import (
	"slices"
	"testing"

	"pylon/internal/domain/ledger"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/rating"
)

// billed is a session of ten kilowatt-hours with its bill, which has a number.
func billed(t *testing.T) (Tab, *Bill, ledger.Journal) {
	t.Helper()
	out := settle(t, running(), rated(10), nil)
	out.Bills[0].Document.Number = "B2026-0000001"
	return *out.Tab, &out.Bills[0], out.Journals[0]
}

// A bill of nobody is taken back: nobody was authorised after all.
func TestFreeTakesBack(t *testing.T) {
	tab, standing, posted := billed(t)
	out, err := Free(tab, facts(), standing)
	if err != nil || out.Tab == nil || out.Tab.State != TabFree || out.Tab.Reason != "" || out.Tab.Bill != "" || out.Tab.Version != tab.Version+1 {
		t.Fatalf("got %+v, %v", out.Tab, err)
	}
	if len(out.Bills) != 1 || out.Bills[0].Document.Kind != CreditNote || out.Bills[0].Credits != standing.ID || out.Journals[0].Reverses != posted.ID {
		t.Errorf("got %+v, want a credit note of %s", out.Bills, standing.ID)
	}
	if again, err := Free(*out.Tab, facts(), nil); err != nil || again.Tab != nil {
		t.Errorf("again: got %+v, %v, want nothing", again, err)
	}
	if anew := settle(t, *out.Tab, rated(10), nil); len(anew.Bills) != 1 || anew.Tab.Revision != 2 {
		t.Errorf("somebody was, in the end: got %+v", anew)
	}
}

// What somebody takes back tells his reason, and stays taken back.
func TestTakeBack(t *testing.T) {
	tab, standing, _ := billed(t)
	out, err := TakeBack(tab, facts(), "Wrong card", standing)
	if err != nil || !out.Tab.Recalled() || !out.Tab.Waits() || out.Tab.Bill != "" || len(out.Journals) != 1 {
		t.Fatalf("got %+v, %v", out, err)
	}
	if d := out.Bills[0].Document; d.Reason != "Wrong card" || d.Kind != CreditNote || d.Credits.Number != "B2026-0000001" {
		t.Errorf("the credit note: %+v", d)
	}
	released := out.Tab.Release(nil)
	anew := settle(t, released, rated(10), nil)
	if len(anew.Bills) != 1 || anew.Tab.State != TabBilled || anew.Tab.Revision != 2 || anew.Tab.Version != out.Tab.Version+1 || anew.Bills[0].Document.Reason != "" {
		t.Errorf("billed anew: %+v", anew)
	}
}

// What findings speak against is held until somebody has seen it; the bill that
// stands goes on to stand, and what says the same needs nobody.
func TestReview(t *testing.T) {
	doubtful := func(kwh int64, tab Tab, standing *Bill) Outcome {
		t.Helper()
		f := facts()
		f.Doubts = []string{"clock_changed", "meter_jumped"}
		out, err := Settle(tab, f, rated(kwh), standing)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	out := doubtful(10, running(), nil)
	if out.Tab == nil || out.Tab.State != TabHeld || out.Tab.Reason != HeldReview || out.Bills != nil || out.Detail == "" {
		t.Fatalf("got %+v, want it held", out)
	}
	if again := doubtful(10, *out.Tab, nil); again.Tab != nil {
		t.Errorf("told twice: %+v", again.Tab)
	}
	released := out.Tab.Release([]string{"meter_jumped", "clock_changed"}).Release([]string{"clock_changed"})
	if !slices.Equal(released.Released, []string{"clock_changed", "meter_jumped"}) || released.Version != out.Tab.Version {
		t.Errorf("released: %+v", released)
	}
	first := settle(t, released, rated(10), nil)
	if len(first.Bills) != 1 || first.Tab.State != TabBilled || !slices.Equal(first.Tab.Released, released.Released) {
		t.Fatalf("got %+v, want a bill", first)
	}
	if same := doubtful(10, *first.Tab, &first.Bills[0]); same.Tab != nil {
		t.Errorf("nothing else is known: got %+v", same.Tab)
	}
	if more := doubtful(12, *first.Tab, &first.Bills[0]); more.Tab == nil || more.Tab.State != TabHeld || more.Tab.Bill != first.Bills[0].ID || more.Bills != nil {
		t.Errorf("more is known: got %+v, want it held, and the bill standing", more)
	}
}

// What raters do not agree on nobody can release, so that is told before what is doubtful.
func TestDoubtsOfRatersGoFirst(t *testing.T) {
	differ := rated(10)
	differ.Other = rated(11).Other
	f := facts()
	f.Doubts = []string{"meter_jumped"}
	out, err := Settle(running(), f, differ, nil)
	if err != nil || out.Tab.Reason != HeldRaters {
		t.Errorf("got %+v, %v, want %s", out.Tab, err, HeldRaters)
	}
}

func TestProfileDefaults(t *testing.T) {
	var p Profile
	if got := p.Reviews(); !slices.Equal(got, Reviewed()) || len(got) == 0 {
		t.Errorf("review: got %v", got)
	}
	if got := p.Forgives(); got.Below.Duration().Seconds() != 60 || got.KWh.Sign() != 0 {
		t.Errorf("T20: got %+v, want below 60 s and 0 Wh", got)
	}
	p.Review, p.Short = []station.FindingCode{}, &rating.Short{}
	if len(p.Reviews()) != 0 || p.Forgives().Below != 0 {
		t.Errorf("none: got %v, %+v", p.Reviews(), p.Forgives())
	}
}
