package rating

import (
	"time"

	"pylon/internal/kernel/decimal"
)

// Adjustment is a rule beyond OCPI's tariffs that changes what is due: a fee, a
// discount, a bundle. It makes lines of its own (none when it comes to nothing). Exactly one of the pointers is set.
//
// Amounts are in the tariff's basis. The sum at a rate is that of all lines
// before, of the tariff, its limits and earlier adjustments, which have that
// rate of tax. No adjustment takes the sum at a rate below 0: what would is cut.
// An adjustment that shares an amount among rates does so in proportion to
// these sums (what is below 0 counts as 0), in rising order of rate, the unknown rate last. Where
// something is said to be taken off, or a percentage is reckoned, it is of what lines have come to, if that is more than 0. When no tax applies there is one rate for all. "Measured" is the
// session's energy as the meter has it, before any step size. An expired reservation has no session: what speaks of energy,
// of parking or of a short session does not act on it. No duration is negative.
// With a Spot or a Solar, the stretches between two neighbouring register readings have LengthsMost different lengths at most.
type Adjustment struct {
	ID  string           `json:"id"`           // names its lines: of a promotion, a plan, a voucher
	VAT *decimal.Decimal `json:"vat,omitzero"` // per cent, of what it adds; nil: the question's DefaultVAT

	Idle      *IdleFee   `json:"idle,omitzero"`
	Spot      *Spot      `json:"spot,omitzero"`
	Solar     *Solar     `json:"solar,omitzero"`
	Percent   *Percent   `json:"percent,omitzero"`
	Surcharge *Surcharge `json:"surcharge,omitzero"`
	Credit    *Credit    `json:"credit,omitzero"`
	Allowance *Allowance `json:"allowance,omitzero"`
	Cap       *Cap       `json:"cap,omitzero"`
	Short     *Short     `json:"short,omitzero"`
}

// IdleFee charges for parking time: one line of dimension Idle, quantity in
// seconds. Where a session has Periods, the first so many seconds of a period
// are parking as it says. Time inside a quiet window is not counted at all;
// then the first Grace of what is left is free.
type IdleFee struct {
	PerMinute decimal.Decimal  `json:"per_minute"` // by the second, or less; not negative
	Grace     Nanoseconds      `json:"grace_ns,omitzero"`
	Most      *decimal.Decimal `json:"most,omitzero"` // of the line; not negative
	Quiet     []Window         `json:"quiet,omitzero"`
}

// Window is a daily stretch of the location's wall clock, as in [Restrictions].
type Window struct {
	Start string `json:"start"` // HH:MM, inclusive
	End   string `json:"end"`   // HH:MM, exclusive
}

// Spot prices energy by a series: one line of dimension Energy over all that was
// measured. The price of a moment is point × (1 + MarkupPercent/100) + Markup, not
// below Floor, not above Ceiling; where there is no point it is Fallback as it stands.
type Spot struct {
	Points        []Point          `json:"points"` // each later than the one before
	Until         time.Time        `json:"until"`  // the last point's end, after its beginning; without points it says nothing
	MarkupPercent decimal.Decimal  `json:"markup_percent,omitzero"`
	Markup        decimal.Decimal  `json:"markup,omitzero"` // per kWh
	Floor         *decimal.Decimal `json:"floor,omitzero"`  // not above Ceiling
	Ceiling       *decimal.Decimal `json:"ceiling,omitzero"`
	Fallback      decimal.Decimal  `json:"fallback"` // per kWh
}

// Point is a value from a moment on, until the next point's. Moments lie in the years 1970 to 9999.
type Point struct {
	From  time.Time       `json:"from"`
	Value decimal.Decimal `json:"value"`
}

// Solar discounts energy that the sun over the site gave: PerKWh times the
// energy of each moment times its share. One amount, shared among the rates of the lines of
// dimension Energy in proportion to what these have come to, and at most that. The lines are of dimension Energy.
type Solar struct {
	Shares []Point         `json:"shares"`  // 0 to 1, each later than the one before; where there is none: 0
	Until  time.Time       `json:"until"`   // as in Spot
	PerKWh decimal.Decimal `json:"per_kwh"` // not negative
}

// Percent adds (or takes, when negative) a share of what the lines of some dimensions have come
// to so far: a line for each of their rates, of the dimension when there is one, else Total.
type Percent struct {
	Of   []Dimension     `json:"of,omitzero"` // each once; empty: of all lines
	Rate decimal.Decimal `json:"rate"`        // per cent
}

// Surcharge adds a fixed amount: a line of dimension Flat.
type Surcharge struct {
	Amount decimal.Decimal `json:"amount"` // not negative
}

// Credit takes a fixed amount off, at most what there is: a voucher, a reward. It is
// shared among all rates; the lines are of dimension Total.
type Credit struct {
	Amount decimal.Decimal `json:"amount"` // not negative
}

// Allowance gives energy that was paid for before: the share that it covers of
// what the lines of dimension Energy have come to is taken off, at each of their rates. With an Overage price the rest is taken
// off, too, and charged at that price instead, in one line. The volume is what the tariff billed as energy, or, when
// it has no such line, what was measured; of none, nothing is covered. The lines are of dimension Energy, the overage last.
type Allowance struct {
	KWh     decimal.Decimal  `json:"kwh"`              // what is left of it; not negative
	Overage *decimal.Decimal `json:"overage,omitzero"` // per kWh; not negative
}

// Cap lets the session come to no more than Most, in the tariff's basis: the rest is taken off,
// shared among all rates. The lines are of dimension Total.
type Cap struct {
	Most decimal.Decimal `json:"most"` // not negative
}

// Short forgives a session that gave nothing: when it lasted less than Below and
// measured at most KWh, then all that its lines of dimensions Flat, Time and Total
// (but none of a reservation) have come to is taken off, at each rate. The lines are of dimension Total.
type Short struct {
	Below Nanoseconds     `json:"below_ns"`
	KWh   decimal.Decimal `json:"kwh"` // not negative
}
