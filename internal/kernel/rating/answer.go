package rating

import (
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
)

// Answer is what a session costs, and why.
type Answer struct {
	Billed  Billed  `json:"billed"`
	Periods []Split `json:"periods"` // the question's, or what its timeline was split into

	// The tariff's part, which is all that a partner's CDR has.
	Lines  []Line `json:"lines"`
	Before Sum    `json:"before_limits"`
	Limits []Side `json:"limits,omitzero"` // that changed a total, in the order of the constants
	Total  Sum    `json:"total"`           // exact; a CDR has it with four digits

	// What is due: the lines, what its limits came to at each rate, and the adjustments.
	Extras  []Line   `json:"extras,omitzero"`
	Due     Sum      `json:"due"`              // of Lines and Extras, exact
	Invoice *Invoice `json:"invoice,omitzero"` // nil: some rate of tax is not known

	Flags []Flag `json:"flags,omitzero"` // of the session's periods, in their order; of one period once each, in the order of the constants
	Steps []Step `json:"steps,omitzero"` // how it came about; not every rater tells
}

// Billed is what was charged for, after the step sizes: volume with an active
// component only, be its price 0.
type Billed struct {
	Energy      exact.Number `json:"energy_kwh"`
	Charging    exact.Number `json:"charging_s"`
	Parking     exact.Number `json:"parking_s"`
	Reservation exact.Number `json:"reservation_s"` // 0 without a reservation
}

// Split is a charging period with what it measured. A current or power that was not reported is nil.
type Split struct {
	Start        time.Time     `json:"start"`
	End          time.Time     `json:"end"`
	Energy       exact.Number  `json:"energy_kwh"`
	Charging     exact.Number  `json:"charging_s"`
	Parking      exact.Number  `json:"parking_s"`
	MinCurrent   *exact.Number `json:"min_current,omitzero"` // A
	MaxCurrent   *exact.Number `json:"max_current,omitzero"`
	MinPower     *exact.Number `json:"min_power,omitzero"` // kW
	MaxPower     *exact.Number `json:"max_power,omitzero"`
	Interpolated bool          `json:"interpolated,omitzero"` // it starts or ends between two register readings, so its energy was reckoned
}

// Phase is a part of a session that is priced by itself.
type Phase string

// The phases.
const (
	InReservation Phase = "RESERVATION"
	InSession     Phase = "SESSION"
)

// LineKind says where a line comes from.
type LineKind string

// The kinds.
const (
	FromTariff     LineKind = "tariff"
	FromLimit      LineKind = "limit" // of the tariff's least or greatest price
	FromAdjustment LineKind = "adjustment"
)

// Line is one line of a bill: a line of the tariff for each phase, dimension and
// element that gave volume (more than 0, or 1 of FLAT), even at price 0, in the order in which they first did (reservation first; of one period: FLAT, ENERGY, TIME,
// PARKING_TIME), then those of limits and adjustments, in the order of Adjustments, then of rising rate, the unknown one last. Limits and
// adjustments make no line that comes to 0; theirs are in the phase of the session.
type Line struct {
	Kind      LineKind         `json:"kind"`
	ID        string           `json:"id,omitzero"` // of the adjustment
	Phase     Phase            `json:"phase"`
	Dimension Dimension        `json:"dimension"`
	Element   int              `json:"element"`        // index in the tariff; -1: of none
	Quantity  exact.Number     `json:"quantity"`       // kWh (of the tariff, spot and overage), seconds, 1 for all that has no volume
	Price     *decimal.Decimal `json:"price,omitzero"` // per kWh, per hour, once: of the tariff, an idle fee (per minute; nil when Most cut it), a surcharge, overage; else nil
	VAT       *decimal.Decimal `json:"vat,omitzero"`   // per cent; nil: not known, or none applies
	Sum       Sum              `json:"sum"`
}

// Sum is an amount before and after taxes, exact. A side that cannot be known, because a rate is not, is nil.
type Sum struct {
	Excl *exact.Number `json:"excl"`
	Incl *exact.Number `json:"incl"`
}

// Side is one side of a tariff's limit.
type Side string

// The sides.
const (
	MinExcl Side = "MIN_EXCL"
	MinIncl Side = "MIN_INCL"
	MaxExcl Side = "MAX_EXCL"
	MaxIncl Side = "MAX_INCL"
)

// Invoice is what is paid, in minor units: each line is rounded, tax is reckoned and rounded for
// each rate on the sum of its rounded lines (when they include it: as the part of it that is tax), and gross is net and tax.
//
// When a limit changed a total, its lines are those of FromLimit: for each rate the sum of its lines of the tariff × (f - 1), f being
// the factor that brings the whole to the limit. With a least price for both sides there are two such factors
// and the lower one is taken, but no less than 1; with a greatest price for both sides the lower one again, but no more than that of the least price,
// or 1. When the lines come to 0, there is nothing to
// scale: the least price is one line at the rate of the first line, or without lines at the DefaultVAT; the lowest gross of its sides
// and those of the greatest price is taken, of those that can be told in the tariff's basis (of the least price none: no line).
type Invoice struct {
	Currency money.Currency `json:"currency"`
	Gross    bool           `json:"lines_gross"` // lines include tax, as the tariff's prices do
	Lines    []int64        `json:"lines"`       // of Answer.Lines, then of Answer.Extras
	Taxes    []Tax          `json:"taxes"`       // by rising rate; without rates (TaxNone): one of rate 0
	Net      int64          `json:"net"`
	Tax      int64          `json:"tax"`
	Total    int64          `json:"gross"`
}

// Tax is the tax at one rate, in minor units.
type Tax struct {
	Rate    decimal.Decimal `json:"rate"` // per cent, written without trailing zeros
	Taxable int64           `json:"taxable"`
	Tax     int64           `json:"tax"`
}

// Flag is something that a person should know of who reads the bill.
type Flag struct {
	Code FlagCode  `json:"code"`
	At   time.Time `json:"at"` // the beginning of the period that it is about
}

// FlagCode names a flag.
type FlagCode string

// The flags.
const (
	FlagGap FlagCode = "interpolated_over_gap" // a split within a stretch without readings that is longer than allowed
	// FlagUnreported: while the price of a dimension was looked for that the period gave volume of (FLAT: that was
	// not billed yet), an element was passed over for nothing but restrictions on quantities that were not reported.
	FlagUnreported FlagCode = "restriction_unreported"
)

// Step is a step of the calculation, to be told in any language.
type Step struct {
	Code   string   `json:"code"`            // stable, of the catalogue
	Values []string `json:"values,omitzero"` // name, value, name, value …
}
