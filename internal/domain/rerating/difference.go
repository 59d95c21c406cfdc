package rerating

import (
	"cmp"
	"slices"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
)

// Difference is what was found of one session.
type Difference struct {
	Rerating     ident.ReratingID
	Organisation ident.OrganisationID
	Session      ident.SessionID
	Station      ident.StationID
	Debtor       string // who owes it, as the books call him; of one without a bill, before and after, who charged
	Outcome      Outcome
	Reason       string         // why it was held or skipped, as a code
	Tariff       ident.TariffID // that it was priced by now; "": by terms that nobody has published, or by none
	Edition      int
	Bill         ident.BillID // that stood and was compared; "": there was none
	Replacement  ident.BillID // that a correction issued
	Before       Price        // of the bill that stood
	After        Price        // of the one that stands, or would
}

// Price is what a bill asks for; the zero Price is of none.
type Price struct {
	Currency money.Currency
	Amounts
}

// Outcome is what was found of a session.
type Outcome string

// The outcomes.
const (
	Changed   Outcome = "changed"   // its bill says something else; of a correction: it was billed anew
	Unchanged Outcome = "unchanged" // its bill says the same
	Held      Outcome = "held"      // no bill can be made of it by the other tariff
	Skipped   Outcome = "skipped"   // of a correction: its bill is not the one that was compared
)

// Reasons for which a session is left out, beside those for which a tab is held.
const (
	NoTariff    = "no_tariff"           // nothing prices it
	NotValid    = "tariff_not_valid"    // the tariff was not valid when it began
	OutOfRange  = "amount_out_of_range" // it comes to more than anybody pays
	BillChanged = "bill_changed"        // another bill stands than the one that was compared
	Gone        = "session_gone"
	Refused     = "refused" // the books did not take it
)

// amountMost is what a session may come to, in minor units: a billion of most
// currencies. As many as a re-rating may look at do not overflow a sum then.
const amountMost = 100_000_000_000

// Priced returns the difference with what bills of it say: before is the bill that
// stands, nil when none does, tab is the session's before the settlement, out the settlement.
func (d Difference) Priced(before *billing.Bill, tab *billing.Tab, out *billing.Outcome) Difference {
	d = d.Against(before)
	if out.Tab != nil {
		tab = out.Tab
	}
	switch tab.State {
	case billing.TabHeld:
		return d.Out(Held, tab.Reason)
	case billing.TabFree, billing.TabOpen: // nothing prices it, or its bill was taken back
		return d.Out(Held, cmp.Or(tab.Reason, NoTariff))
	case billing.TabBilled:
	}
	d.Outcome, d.After = Unchanged, d.Before
	if n := len(out.Bills); n > 0 {
		made := &out.Bills[n-1]
		d.Outcome, d.Replacement, d.After = Changed, made.ID, priceOf(&made.Document)
		if before == nil {
			d.Debtor = made.Debtor
		}
	}
	if !d.Before.sane() || !d.After.sane() {
		return d.Out(Held, OutOfRange)
	}
	return d
}

// Against returns the difference with the bill that stands; nil: none does.
func (d Difference) Against(before *billing.Bill) Difference {
	d.Bill, d.Before = "", Price{}
	if before != nil {
		d.Bill, d.Debtor, d.Before = before.ID, before.Debtor, priceOf(&before.Document)
	}
	return d
}

// Out returns the difference of a session that is left out.
func (d Difference) Out(o Outcome, reason string) Difference {
	d.Outcome, d.Reason, d.Replacement, d.After = o, reason, "", Price{}
	return d
}

func priceOf(d *billing.Document) Price {
	return Price{d.Currency, Amounts{d.Net, d.Tax, d.Total}}
}

func (p Price) sane() bool {
	for _, n := range []int64{p.Net, p.Tax, p.Total} {
		if n > amountMost || n < -amountMost {
			return false
		}
	}
	return true
}

// Add counts what was found of the sessions of a chunk, of which seen were looked
// at, the last of them at a place. over says that there are no more.
func (r Rerating) Add(found []Difference, seen int, at Place, over bool, now time.Time) Rerating {
	r.Counts.Seen += int64(seen)
	r.Counts.Reasons, r.Totals = slices.Clone(r.Counts.Reasons), slices.Clone(r.Totals)
	for i := range found {
		d := &found[i]
		switch d.Outcome {
		case Changed:
			r.Counts.Changed++
		case Unchanged:
			r.Counts.Unchanged++
		case Held:
			r.Counts.Held++
		case Skipped:
			r.Counts.Skipped++
		}
		if d.Reason != "" {
			r.Counts.because(d.Reason)
		}
		r.Totals = add(r.Totals, d)
	}
	if seen > 0 {
		r.At = at
	}
	r.Version++
	if over {
		return r.end(Done, now)
	}
	return r
}

func (c *Counts) because(code string) {
	at, known := slices.BinarySearchFunc(c.Reasons, code, func(r Reason, code string) int { return cmp.Compare(r.Code, code) })
	if !known {
		c.Reasons = slices.Insert(c.Reasons, at, Reason{Code: code})
	}
	c.Reasons[at].Sessions++
}

// add adds a session to the sums of its currencies: when the other tariff is of
// another one, it is in two.
func add(sums []Sum, d *Difference) []Sum {
	if d.Outcome != Changed && d.Outcome != Unchanged {
		return sums
	}
	for _, currency := range slices.Compact([]money.Currency{d.Before.Currency, d.After.Currency}) {
		if currency == "" {
			continue
		}
		at, known := slices.BinarySearchFunc(sums, currency, func(s Sum, c money.Currency) int { return cmp.Compare(s.Currency, c) })
		if !known {
			sums = slices.Insert(sums, at, Sum{Currency: currency})
		}
		s := &sums[at]
		s.Sessions++
		if d.Outcome == Changed {
			s.Changed++
		}
		if d.Before.Currency == currency {
			s.Before = s.Before.plus(d.Before.Amounts)
		}
		if d.After.Currency == currency {
			s.After = s.After.plus(d.After.Amounts)
		}
	}
	return sums
}

// ByCustomer returns what found comes to for each who pays, by his name in the
// books and the currency.
func ByCustomer(found []Difference) []CustomerSum {
	sums := map[string][]Sum{}
	for i := range found {
		sums[found[i].Debtor] = add(sums[found[i].Debtor], &found[i])
	}
	var all []CustomerSum
	for debtor, of := range sums {
		for _, s := range of {
			all = append(all, CustomerSum{Rerating: found[0].Rerating, Organisation: found[0].Organisation, Debtor: debtor, Sum: s})
		}
	}
	slices.SortFunc(all, func(a, b CustomerSum) int {
		return cmp.Or(cmp.Compare(a.Debtor, b.Debtor), cmp.Compare(a.Currency, b.Currency))
	})
	return all
}
