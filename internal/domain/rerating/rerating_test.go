package rerating

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

func question() Rerating {
	return Rerating{
		ID: "rrt_1", Organisation: "org_1", Mode: Simulate, State: Queued, Version: 1,
		Choice: Choice{From: noon(), Until: noon().Add(time.Hour)}, Pricing: Pricing{Tariff: "trf_1"},
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name    string
		is      func(*Rerating)
		pointer string // of the broken field; "": none
	}{
		{"a tariff", func(*Rerating) {}, ""},
		{"an edition", func(r *Rerating) { r.Pricing.Edition = 1 }, ""},
		{"what is assigned", func(r *Rerating) { r.Pricing = Pricing{Assigned: true} }, ""},
		{"no start", func(r *Rerating) { r.Choice.From = time.Time{} }, "/sessions/ended_from"},
		{"no end", func(r *Rerating) { r.Choice.Until = time.Time{} }, "/sessions/ended_until"},
		{"of no length", func(r *Rerating) { r.Choice.Until = noon() }, "/sessions/ended_until"},
		{"of a microsecond", func(r *Rerating) { r.Choice.Until = noon().Add(time.Microsecond) }, ""},
		{"backwards", func(r *Rerating) { r.Choice.Until = noon().Add(-time.Hour) }, "/sessions/ended_until"},
		{"by nothing", func(r *Rerating) { r.Pricing = Pricing{} }, "/pricing"},
		{"by two things", func(r *Rerating) { r.Pricing.Assigned = true }, "/pricing"},
		{"an edition below 0", func(r *Rerating) { r.Pricing.Edition = -1 }, "/pricing/edition"},
		{"an edition of nothing", func(r *Rerating) { r.Pricing = Pricing{Assigned: true, Edition: 1} }, "/pricing/edition"},
		{"terms that are none", func(r *Rerating) { r.Pricing = Pricing{Terms: &tariff.Terms{}} }, "/pricing/terms/currency"},
		{"a correction without a reason", func(r *Rerating) { r.Mode, r.Reason = Correct, " " }, "/reason"},
		{"with one", func(r *Rerating) { r.Mode, r.Reason = Correct, strings.Repeat("ß", reasonMost) }, ""},
		{"with one that nobody reads", func(r *Rerating) { r.Mode, r.Reason = Correct, strings.Repeat("ß", reasonMost+1) }, "/reason"},
	} {
		r := question()
		tt.is(&r)
		err := r.Check()
		if tt.pointer == "" {
			if err != nil {
				t.Errorf("%s: got %v", tt.name, err)
			}
			continue
		}
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || e.Kind != fault.Invalid || len(e.Fields) == 0 || e.Fields[0].Pointer != tt.pointer {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.pointer)
		}
	}
}

func TestConfirm(t *testing.T) {
	done := question().Begin(1, noon()).Add(nil, 0, Place{}, true, noon())
	for _, tt := range []struct {
		name string
		is   func(*Rerating)
		want string
	}{
		{"one that is done", func(*Rerating) {}, ""},
		{"one that runs", func(r *Rerating) { r.State = Running }, "rerating_not_done"},
		{"one that was cancelled", func(r *Rerating) { r.State = Cancelled }, "rerating_not_done"},
		{"a correction", func(r *Rerating) { r.Mode = Correct }, "rerating_not_done"},
		{"again", func(r *Rerating) { r.Confirmed = "rrt_9" }, "rerating_confirmed"},
		{"by a draft", func(r *Rerating) { r.Pricing = Pricing{Terms: &tariff.Terms{}} }, "rerating_of_draft"},
		{"one that is forgotten", func(r *Rerating) { *r = r.Forget() }, "rerating_forgotten"},
	} {
		r := done
		tt.is(&r)
		was, next, err := r.Confirm(Rerating{ID: "rrt_2", Reason: "why"})
		if tt.want != "" {
			if fault.CodeOf(err) != tt.want {
				t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
			}
			continue
		}
		if err != nil || was.Confirmed != "rrt_2" || was.Version != r.Version+1 || next.Mode != Correct || next.Simulation != "rrt_1" || next.Organisation != "org_1" || next.State != Queued || next.Version != 1 {
			t.Errorf("%s: got %+v and %+v, %v", tt.name, was, next, err)
		}
	}
}

func bill(currency money.Currency, total int64) *billing.Bill {
	return &billing.Bill{ID: "bil_1", Debtor: "cus_1", Document: billing.Document{Currency: currency, Net: total, Total: total}}
}

func TestPriced(t *testing.T) {
	billed, held := billing.Tab{State: billing.TabBilled}, billing.Tab{State: billing.TabHeld, Reason: billing.HeldTax}
	other := *bill("EUR", 700)
	other.ID, other.Debtor = "bil_2", "cus_2"
	vast := *bill("EUR", amountMost+1)
	for _, tt := range []struct {
		name   string
		before *billing.Bill
		tab    billing.Tab
		out    billing.Outcome
		want   Outcome
		reason string
		debtor string
		after  int64
	}{
		{"the same", bill("EUR", 500), billed, billing.Outcome{}, Unchanged, "", "cus_1", 500},
		{"another bill", bill("EUR", 500), billed, billing.Outcome{Tab: &billed, Bills: []billing.Bill{other}}, Changed, "", "cus_1", 700},
		{"a first bill", nil, held, billing.Outcome{Tab: &billed, Bills: []billing.Bill{other}}, Changed, "", "cus_2", 700},
		{"held from now on", bill("EUR", 500), billed, billing.Outcome{Tab: &held}, Held, billing.HeldTax, "cus_1", 0},
		{"held as before", nil, held, billing.Outcome{}, Held, billing.HeldTax, "tok_1", 0},
		{"free", nil, billing.Tab{State: billing.TabFree}, billing.Outcome{}, Held, NoTariff, "tok_1", 0},
		{"more than anybody pays", bill("EUR", 500), billed, billing.Outcome{Tab: &billed, Bills: []billing.Bill{vast}}, Held, OutOfRange, "cus_1", 0},
	} {
		d := Difference{Debtor: "tok_1"}.Priced(tt.before, &tt.tab, &tt.out)
		if d.Outcome != tt.want || d.Reason != tt.reason || d.Debtor != tt.debtor || d.After.Total != tt.after {
			t.Errorf("%s: got %+v, want %s %s %s %d", tt.name, d, tt.want, tt.reason, tt.debtor, tt.after)
		}
	}
}

// A tariff of another currency is a difference in two.
func TestTwoCurrencies(t *testing.T) {
	d := Difference{Debtor: "a", Outcome: Changed, Before: Price{"EUR", Amounts{Total: 5}}, After: Price{"SEK", Amounts{Total: 60}}}
	r := question().Begin(1, noon()).Add([]Difference{d}, 1, Place{Session: "ses_1"}, true, noon())
	want := []Sum{{Currency: "EUR", Sessions: 1, Changed: 1, Before: Amounts{Total: 5}}, {Currency: "SEK", Sessions: 1, Changed: 1, After: Amounts{Total: 60}}}
	if !reflect.DeepEqual(r.Totals, want) || r.State != Done || r.Counts.Chosen() != 1 || r.At.Session != "ses_1" {
		t.Errorf("got %+v, want %+v", r, want)
	}
}

// However sessions are cut into chunks, the totals are the same, and the customers'
// sums come to them.
func TestChunksAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		found := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Difference {
			price := func(name string) Price {
				total := rapid.Int64Range(-amountMost, amountMost).Draw(t, name)
				return Price{rapid.SampledFrom([]money.Currency{"EUR", "SEK"}).Draw(t, name+" in"), Amounts{Net: total, Total: total}}
			}
			return Difference{
				Debtor: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "debtor"), Outcome: rapid.SampledFrom([]Outcome{Changed, Unchanged, Held, Skipped}).Draw(t, "outcome"),
				Before: price("before"), After: price("after"),
			}
		}), 0, 50).Draw(t, "sessions")
		whole := question().Add(found, len(found), Place{}, false, noon())
		parts := question()
		sums := map[money.Currency]Sum{}
		for chunk := range slices.Chunk(found, rapid.IntRange(1, 20).Draw(t, "chunk")) {
			parts = parts.Add(chunk, len(chunk), Place{}, false, noon())
			for _, c := range ByCustomer(chunk) {
				s := sums[c.Currency]
				s.Currency, s.Sessions, s.Changed = c.Currency, s.Sessions+c.Sessions, s.Changed+c.Changed
				s.Before, s.After = s.Before.plus(c.Before), s.After.plus(c.After)
				sums[c.Currency] = s
			}
		}
		if !reflect.DeepEqual(parts.Totals, whole.Totals) || parts.Counts.Chosen() != int64(len(found)) {
			t.Fatalf("got %+v, want %+v", parts.Totals, whole.Totals)
		}
		for _, s := range whole.Totals {
			if sums[s.Currency] != s {
				t.Fatalf("customers come to %+v, want %+v", sums[s.Currency], s)
			}
		}
	})
}
