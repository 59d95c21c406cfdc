package billing

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"pylon/internal/domain/ledger"
)

// told is a session's tab with the bill that stands, and everything that was ever
// issued and posted for it.
type told struct {
	*rapid.T
	tab      Tab
	standing *Bill
	bills    map[string]*Bill // by number
	credited map[string]string
	sums     map[ledger.Account]int64
}

// PROP-17: whatever comes late, and however often, the documents of a session are an unbroken chain: a credit note takes back the bill that
// stands and no other, what takes its place names it, and the books have what stands.
func TestChainOfCorrections(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &told{T: t, tab: running(), bills: map[string]*Bill{}, credited: map[string]string{}, sums: map[ledger.Account]int64{}}
		for range rapid.IntRange(1, 12).Draw(t, "news") {
			r := rated(rapid.Int64Range(0, 3).Draw(t, "kWh"))
			var out Outcome
			var err error
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0: // the raters differ
				r.Other = rated(17).Other
				out, err = Settle(s.tab, facts(), r, s.standing)
			case 1: // it runs after all
				out, err = Reopen(s.tab, facts(), s.standing)
			case 2: // nobody was authorised after all
				out, err = Free(s.tab, facts(), s.standing)
			default:
				out, err = Settle(s.tab, facts(), r, s.standing)
			}
			if err != nil {
				t.Fatal(err)
			}
			s.take(out)
		}
	})
}

// take holds an outcome against the chain so far.
func (s *told) take(out Outcome) {
	if out.Tab == nil {
		if len(out.Bills)+len(out.Journals) > 0 {
			s.Fatalf("the tab stays, and %d bills are issued", len(out.Bills))
		}
		return
	}
	s.tab = *out.Tab
	before := s.standing
	for i := range out.Bills {
		b := &out.Bills[i]
		if b.Document.Kind == CreditNote {
			s.takeBack(b)
			continue
		}
		b.Document.Number = fmt.Sprintf("B-%d", len(s.bills)+1)
		if s.standing != nil {
			s.Fatalf("bill %s is issued while %s stands", b.Document.Number, s.standing.Document.Number)
		}
		if want := numberOf(before); b.Document.Replaces.Number != want || b.Revision != int64(len(s.bills)+1) {
			s.Fatalf("bill %s of revision %d replaces %q, want %q", b.Document.Number, b.Revision, b.Document.Replaces.Number, want)
		}
		s.bills[b.Document.Number] = b
		s.standing = b
	}
	for _, j := range out.Journals {
		for _, c := range j.Changes() {
			s.sums[c.Account] += c.Amount
		}
	}
	if s.tab.Bill == "" {
		if s.standing != nil {
			s.Fatalf("nothing stands, and nobody took %s back", s.standing.Document.Number)
		}
	} else if s.standing == nil || s.tab.Bill != s.standing.ID {
		s.Fatalf("the tab names %s, and %v stands", s.tab.Bill, s.standing)
	}
	s.owed()
}

// takeBack holds a credit note against the bill that stands.
func (s *told) takeBack(note *Bill) {
	b := s.standing
	if b == nil || note.Credits != b.ID || note.Document.Credits.Number != b.Document.Number || note.Document.Total != b.Document.Total {
		s.Fatalf("credit note %+v of %+v", note, b)
	}
	if by := s.credited[b.Document.Number]; by != "" {
		s.Fatalf("%s was taken back by %s before", b.Document.Number, by)
	}
	s.credited[b.Document.Number] = string(note.ID)
	s.standing = nil
}

// owed holds the books against what stands.
func (s *told) owed() {
	var want, got, all int64
	if s.standing != nil {
		want = s.standing.Document.Total
	}
	for a, sum := range s.sums {
		all += sum
		if a.Class == ledger.ReceivableDriver {
			got += sum
		}
	}
	if got != want || all != 0 {
		s.Fatalf("the books have %d, and %d stands; all accounts come to %d", got, want, all)
	}
}

func numberOf(b *Bill) string {
	if b == nil {
		return ""
	}
	return b.Document.Number
}
