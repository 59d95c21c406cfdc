package ledger_test

import (
	"fmt"
	"slices"
	"testing"

	"pylon/internal/domain/ledger"
)

// chained are journals of streams as a committer would have written them, in the
// order of their places, and the heads of their chains.
func chained(t *testing.T, lengths ...int) (all []*ledger.Record, heads []ledger.Chain) {
	t.Helper()
	for stream, length := range lengths {
		chain := ledger.Chain{Stream: int64(stream + 1)}
		for n := range length {
			j := ledger.Post(at(), ledger.ToppedUp, ledger.Source{Type: "payment", ID: fmt.Sprint(stream, "-", n)}, book().TopUp("drv", "stripe", int64(n+1)))
			if err := j.Validate(); err != nil {
				t.Fatal(err)
			}
			r := j.Record()
			chain.Head++
			r.Place = ledger.Place{Stream: chain.Stream, Number: chain.Head}
			chain.Hash = ledger.Link(chain.Hash, r.Place, r.Number, r.Digest())
			r.Hash = chain.Hash
			all = append(all, &r)
		}
		heads = append(heads, chain)
	}
	return all, heads
}

// walk returns what a walk finds.
func walk(all []*ledger.Record, before, after []ledger.Chain) []ledger.Breach {
	w := ledger.NewWalk(before)
	for _, r := range all {
		w.Next(r)
	}
	w.End(after)
	return w.Breaches
}

// Of two chains of five, the third journal of the first is what is wrong.
func TestWalkNamesTheFirstBrokenRow(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(all []*ledger.Record, heads []ledger.Chain) []*ledger.Record
		code   ledger.BreachCode
		named  string // "": the third journal's id
	}{
		{"an amount", func(all []*ledger.Record, _ []ledger.Chain) []*ledger.Record { all[2].Lines[0].Amount++; return all }, ledger.JournalChanged, ""},
		{"a hash", func(all []*ledger.Record, _ []ledger.Chain) []*ledger.Record { all[2].Hash[0]++; return all }, ledger.JournalChanged, ""},
		{"a number", func(all []*ledger.Record, _ []ledger.Chain) []*ledger.Record { all[2].Number = 1; return all }, ledger.JournalChanged, ""},
		{"gone", func(all []*ledger.Record, _ []ledger.Chain) []*ledger.Record { return slices.Delete(all, 2, 3) }, ledger.JournalMissing, "1/3"},
		{"all of a chain gone", func(all []*ledger.Record, _ []ledger.Chain) []*ledger.Record { return all[5:] }, ledger.JournalMissing, "1/1"},
		{"its end gone", func(all []*ledger.Record, _ []ledger.Chain) []*ledger.Record { return slices.Delete(all, 4, 5) }, ledger.JournalMissing, "1/5"},
		{"the whole chain made anew", func(all []*ledger.Record, heads []ledger.Chain) []*ledger.Record {
			all[2].Lines[0].Amount++
			before := all[1].Hash
			for _, r := range all[2:5] {
				r.Hash = ledger.Link(before, r.Place, r.Number, r.Digest())
				before = r.Hash
			}
			return all
		}, ledger.JournalChanged, "the last"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all, heads := chained(t, 5, 5)
			want := tt.named
			switch want {
			case "":
				want = string(all[2].ID)
			case "the last":
				want = string(all[4].ID)
			}
			got := walk(tt.change(all, heads), heads, heads)
			if len(got) != 1 || got[0].Code != tt.code || got[0].Subject != want {
				t.Errorf("got %+v, want %s of %s", got, tt.code, want)
			}
		})
	}
}

// What is posted while the walk goes on is no breach; what stands behind the end
// of a chain is.
func TestWalkBesideThoseWhoPost(t *testing.T) {
	all, after := chained(t, 5, 3, 1)
	before := []ledger.Chain{{Stream: 1, Head: 2, Hash: all[1].Hash}, {Stream: 2, Head: 3, Hash: all[7].Hash}}
	if got := walk(all, before, after); len(got) != 0 {
		t.Errorf("got %+v, want none", got)
	}
	after[0].Head = 4
	if got := walk(all, before, after); len(got) != 1 || got[0].Code != ledger.JournalUnknown || got[0].Subject != string(all[4].ID) {
		t.Errorf("got %+v, want that %s is unknown", got, all[4].ID)
	}
	if got := walk(all, before, after[:2]); len(got) != 2 || got[1].Subject != string(all[8].ID) {
		t.Errorf("a stream that there is not: got %+v", got)
	}
	if got := walk(nil, nil, nil); len(got) != 0 {
		t.Errorf("empty books: got %+v", got)
	}
}

// Fields cannot run into one another: each makes another hash.
func TestDigest(t *testing.T) {
	j := ledger.Post(at(), ledger.ToppedUp, ledger.Source{Type: "payment", ID: "p"}, book().TopUp("drv", "stripe", 100))
	seen := map[ledger.Hash]string{}
	for name, change := range map[string]func(r *ledger.Record){
		"as it is":     func(*ledger.Record) {},
		"id":           func(r *ledger.Record) { r.ID += "x" },
		"organisation": func(r *ledger.Record) { r.Organisation = "org_b" },
		"template":     func(r *ledger.Record) { r.Template += "p" },
		"type":         func(r *ledger.Record) { r.Source = ledger.Source{Type: "paymentp", ID: ""} },
		"source":       func(r *ledger.Record) { r.Source.ID = "q" },
		"revision":     func(r *ledger.Record) { r.Revision = 1 },
		"posted":       func(r *ledger.Record) { r.PostedAt = r.PostedAt.AddDate(0, 0, 1) },
		"effective":    func(r *ledger.Record) { r.EffectiveAt = r.EffectiveAt.AddDate(0, 0, 1) },
		"reverses":     func(r *ledger.Record) { r.Reverses = "jnl_x" },
		"series":       func(r *ledger.Record) { r.Series = "org_a/x" },
		"line":         func(r *ledger.Record) { r.Lines[0].Index++ },
		"debit":        func(r *ledger.Record) { r.Lines[0].Debit += "x" },
		"credit":       func(r *ledger.Record) { r.Lines[0].Credit += "x" },
		"unit":         func(r *ledger.Record) { r.Lines[0].Unit = "SEK" },
		"amount":       func(r *ledger.Record) { r.Lines[0].Amount++ },
		"a line less":  func(r *ledger.Record) { r.Lines = nil },
	} {
		r := j.Record()
		change(&r)
		if other, known := seen[r.Digest()]; known {
			t.Errorf("%s and %s have the same hash", name, other)
		}
		seen[r.Digest()] = name
		plain := j.Record()
		same := name == "as it is" || name == "id" || name == "posted" || name == "effective" || name == "line"
		if got := r.Same(&plain); got != same {
			t.Errorf("%s: says the same: got %t, want %t", name, got, same)
		}
	}
	if got, want := j.Record().Lines[0].ID(), string(j.ID)+"/0"; got != want {
		t.Errorf("line: got %s, want %s", got, want)
	}
}
