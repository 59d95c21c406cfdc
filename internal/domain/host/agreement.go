package host

import (
	"slices"
	"strconv"
	"time"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/unit"
)

// Agreement says what a host gets of what a site earns during a time. A site has
// one at most at any moment. What was agreed is never edited: it ends, and
// another begins, so every share can be told from the terms that it names.
type Agreement struct {
	ID           ident.AgreementID
	Organisation ident.OrganisationID
	Host         ident.HostID
	Site         ident.SiteID
	Number       int64 // of the site's agreements, from 1: who makes the next one has seen all before
	Term
	Terms     Terms
	CreatedAt time.Time
	Version   int64
}

// Term is a time: from an instant on, until another.
type Term struct {
	From  time.Time
	Until time.Time // exclusive; zero: for ever
}

// Holds reports whether a moment is in it.
func (t Term) Holds(at time.Time) bool {
	return !at.Before(t.From) && (t.Until.IsZero() || at.Before(t.Until))
}

// Meets reports whether two have a moment in common.
func (t Term) Meets(other Term) bool {
	return (t.Until.IsZero() || other.From.Before(t.Until)) && (other.Until.IsZero() || t.From.Before(other.Until))
}

// check refuses a term without a beginning, or that ends before it.
func (t Term) check() error {
	if t.From.IsZero() {
		return fault.InvalidField("/valid_from", "required", "says from when it holds")
	}
	if !t.Until.IsZero() && !t.Until.After(t.From) {
		return fault.InvalidField("/valid_until", "order", "must be after the start")
	}
	return nil
}

// End returns the term with its end at a moment. It may be made shorter, never
// longer: another may have begun behind it.
func (t Term) End(at time.Time) (Term, error) {
	if !t.Until.IsZero() && (at.IsZero() || at.After(t.Until)) {
		return t, fault.InvalidField("/valid_until", "longer", "may be made earlier only: what comes after it is another")
	}
	t.Until = at
	return t, t.check()
}

// Terms are what a host gets. Percentages are of the net income of a class, after
// all discounts; each kilowatt-hour counts as the meter has it.
type Terms struct {
	Percents []Percent        `json:"percents,omitzero"` // each class once
	PerKWh   *decimal.Decimal `json:"per_kwh,omitzero"`  // in the host's currency; nil: none. A bill in another has none of it: nothing is converted
	Fixed    int64            `json:"fixed,omitzero"`    // minor units a month, beside the shares
	Least    int64            `json:"least,omitzero"`    // minor units a month: where shares and Fixed come to less, the rest is added
	Beyond   bool             `json:"beyond,omitzero"`   // a share may be more than the bill's net; else it never is
}

// Percent is the host's part of a class of income.
type Percent struct {
	Class ledger.Class    `json:"class"`
	Rate  decimal.Decimal `json:"rate"` // per cent
}

// Classes returns the classes of income that a session has.
func Classes() []ledger.Class {
	return []ledger.Class{ledger.Energy, ledger.Time, ledger.Parking, ledger.Fixed, ledger.Reservation}
}

// Check returns the first thing that is wrong with an agreement, as
// [fault.Invalid].
func (a *Agreement) Check() error {
	if err := a.Term.check(); err != nil {
		return err
	}
	t := &a.Terms
	seen := map[ledger.Class]bool{}
	for i, p := range t.Percents {
		at := "/percents/" + strconv.Itoa(i)
		if !slices.Contains(Classes(), p.Class) || seen[p.Class] {
			return fault.InvalidField(at+"/class", "unknown_value", "is energy, time, parking, fixed or reservation, each once")
		}
		seen[p.Class] = true
		if err := within(at+"/percent", p.Rate, 0, percentMax); err != nil {
			return err
		}
	}
	if t.PerKWh != nil {
		if err := within("/per_kwh", *t.PerKWh, 0, priceMax); err != nil {
			return err
		}
	}
	for pointer, amount := range map[string]int64{"/fixed_minor": t.Fixed, "/least_minor": t.Least} {
		if amount < 0 || amount > ledger.AmountMax {
			return fault.InvalidField(pointer, "out_of_range", "is not negative, and at most ten billion in cents")
		}
	}
	if len(t.Percents) == 0 && t.PerKWh == nil && t.Fixed == 0 && t.Least == 0 {
		return fault.InvalidField("", "required", "the host gets nothing by it")
	}
	return nil
}

// Share returns what the host gets of a bill, in minor units of its currency: the
// sum of all that the terms say, rounded once, half away from zero, and then cut to
// between 0 and the bill's net, or, with Beyond, to no less than 0.
func (t *Terms) Share(in Income, energy unit.MilliWattHour, of, agreed money.Currency) (int64, error) {
	sum := exact.Number{} // in units of the currency
	for _, p := range t.Percents {
		part := money.Of(in.of(p.Class), of).Exact()
		sum = sum.Add(part.Mul(exact.Of(p.Rate)).Quo(exact.Int(percentMax)))
	}
	if t.PerKWh != nil && of == agreed {
		sum = sum.Add(kilowattHours(energy).Mul(exact.Of(*t.PerKWh)))
	}
	amount, err := money.Round(sum, of)
	if err != nil {
		return 0, err
	}
	share := max(amount.Minor, 0)
	if !t.Beyond {
		share = min(share, max(in.Net(), 0))
	}
	return share, nil
}

// kilowattHours returns an energy as prices count it.
func kilowattHours(e unit.MilliWattHour) exact.Number {
	const inOne = 1_000_000
	return exact.Fraction(int64(e), inOne)
}
