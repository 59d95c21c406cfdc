// Package rating is the language in which Pylon asks what a session costs: the
// [Question] holds all that the price may depend on, the [Answer] all that
// somebody may want to know of it. The package computes nothing, so that raters
// which share no code can be asked the same and be held against each other
// (see [Differ]).
//
// The words are OCPI's (2.2.1 and 2.3.0, modules tariffs and cdrs), and so are the
// rules, as far as they go. Where they are silent or say two things, the comments here decide.
package rating

import (
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/unit"
)

// Question is all that the price of a session depends on. The same question has the
// same answer on any machine, in any zone and language.
type Question struct {
	Tariff      Tariff           `json:"tariff"`
	Zone        string           `json:"zone"`                 // of the location, IANA, neither "" nor "Local": wall clock and calendar are its
	DefaultVAT  *decimal.Decimal `json:"default_vat,omitzero"` // per cent, of what names no rate; nil: not known. No rate of tax is negative
	Session     Session          `json:"session"`
	Adjustments []Adjustment     `json:"adjustments,omitzero"` // made one after the other, after the tariff's limits
}

// Tariff is the part of an OCPI tariff that prices.
type Tariff struct {
	Currency    money.Currency `json:"currency"`
	TaxIncluded TaxIncluded    `json:"tax_included"`
	Elements    []Element      `json:"elements"`
	MinPrice    Limit          `json:"min_price,omitzero"`
	MaxPrice    Limit          `json:"max_price,omitzero"`
}

// TaxIncluded says what the tariff's prices are.
type TaxIncluded string

// The possibilities. All sums are made in the tariff's basis: gross with TaxYes,
// else net; the other side follows from the rate of each line.
const (
	TaxNo   TaxIncluded = "NO"  // prices exclude tax
	TaxYes  TaxIncluded = "YES" // prices include tax
	TaxNone TaxIncluded = "N/A" // no tax applies: gross is net, whatever rate a component names
)

// Limit is a least or a greatest price of a whole session, reservation included;
// it does not act on a reservation that expired. Each side acts by itself on the total of the CDR,
// and not on one that is not known. With TaxNone both sides are limits of one amount: of the least price's the greater, of the greatest price's the lesser acts on both totals. The least price comes first, the greatest has the last word. No side is negative, and none of the least is above that of the greatest.
type Limit struct {
	Excl *decimal.Decimal `json:"excl,omitzero"` // before taxes; nil: none
	Incl *decimal.Decimal `json:"incl,omitzero"` // after taxes; nil: none
}

// Element is a group of prices that apply while all its restrictions are met. Of each
// dimension, the first element that has a component for it and is met gives the price: this component is
// active, whatever the state of the session is. Of two components of a dimension in one element the first counts.
type Element struct {
	Components   []Component  `json:"components"`
	Restrictions Restrictions `json:"restrictions,omitzero"`
}

// Component is the price of one dimension.
//
// The step size acts on the whole volume of ENERGY with an active component, once, and is that of the last component that gave volume
// of it; what is added has its price. For PARKING_TIME the same, when any with an active component was given, else for TIME; the
// TIME of a reservation apart. FLAT is billed once in the reservation and once in the session: the first that becomes active.
type Component struct {
	Dimension Dimension        `json:"dimension"`
	Price     decimal.Decimal  `json:"price"`        // per kWh, per hour, or once; not negative
	VAT       *decimal.Decimal `json:"vat,omitzero"` // per cent; nil: the question's DefaultVAT
	StepSize  int64            `json:"step_size"`    // Wh or seconds; 0 is taken as 1; not negative
}

// Dimension is what is priced.
type Dimension string

// The dimensions; the last two are of extra lines only.
const (
	Flat        Dimension = "FLAT"
	Energy      Dimension = "ENERGY"
	Time        Dimension = "TIME"         // charging
	ParkingTime Dimension = "PARKING_TIME" // connected, and the car asks for no power
	Idle        Dimension = "IDLE"         // an idle fee
	Total       Dimension = "TOTAL"        // of no dimension: limits, vouchers, discounts on everything
)

// Restrictions say when an element applies. All that are set must be met at the
// instant. Wall clock and calendar are the location's. A start and an end of the same HH:MM are a mistake, but for 00:00, the whole day.
type Restrictions struct {
	StartTime   string           `json:"start_time,omitzero"`  // HH:MM, inclusive; "": 00:00
	EndTime     string           `json:"end_time,omitzero"`    // HH:MM, exclusive; "" and 00:00: the day's end; before StartTime: wraps
	StartDate   string           `json:"start_date,omitzero"`  // YYYY-MM-DD, inclusive
	EndDate     string           `json:"end_date,omitzero"`    // exclusive
	Days        []time.Weekday   `json:"days,omitzero"`        // of the calendar day of the instant; empty: all
	MinKWh      *decimal.Decimal `json:"min_kwh,omitzero"`     // consumed since the session's start, inclusive
	MaxKWh      *decimal.Decimal `json:"max_kwh,omitzero"`     // exclusive
	MinCurrent  *decimal.Decimal `json:"min_current,omitzero"` // A; against the least current of the period, inclusive
	MaxCurrent  *decimal.Decimal `json:"max_current,omitzero"` // against its greatest, exclusive
	MinPower    *decimal.Decimal `json:"min_power,omitzero"`   // kW
	MaxPower    *decimal.Decimal `json:"max_power,omitzero"`
	MinDuration *int64           `json:"min_duration,omitzero"` // seconds of real time since the session's (in the reservation: its) start, inclusive
	MaxDuration *int64           `json:"max_duration,omitzero"` // exclusive
	Reservation Reserved         `json:"reservation,omitzero"`
}

// Reserved says that an element is for reservations.
type Reserved string

// The kinds.
const (
	ReservedNot     Reserved = ""
	ReservedUsed    Reserved = "RESERVATION"
	ReservedExpired Reserved = "RESERVATION_EXPIRES" // for one that expired, before any RESERVATION of the same dimension
)

// Session is what happened. It has Periods, when they are known, or else a Timeline;
// neither, when its reservation expired (then nothing here is looked at but the Reservation).
// Times lie in the years 1970 to 9999; an End may be the Start.
type Session struct {
	Start       time.Time    `json:"start"`
	End         time.Time    `json:"end"`
	Reservation *Reservation `json:"reservation,omitzero"`
	Periods     []Period     `json:"periods,omitzero"`
	Timeline    *Timeline    `json:"timeline,omitzero"`
}

// Reservation precedes the session (its End is not after the session's Start), or there was none after it.
// Only FLAT and TIME are priced in it, by the second, split where the active components change.
type Reservation struct {
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"`
	Expired bool      `json:"expired,omitzero"` // nobody came: nothing but the reservation is charged
}

// Period is a stretch in which the same components apply throughout: they are
// looked for at its first instant. The first starts with the session, each lasts until the next one starts (later; the last
// one before the session's End, if that is not its Start). A
// restriction on a quantity that was not reported is not met; what it consumed is even over it. Volumes are not negative, and need not fit its
// length; but the charging times of all periods together are SessionMost at most, and so are the parking times.
type Period struct {
	Start      time.Time        `json:"start"`
	Energy     *decimal.Decimal `json:"energy_kwh,omitzero"`
	Charging   *decimal.Decimal `json:"charging_s,omitzero"`
	Parking    *decimal.Decimal `json:"parking_s,omitzero"`
	MinCurrent *decimal.Decimal `json:"min_current,omitzero"` // A
	MaxCurrent *decimal.Decimal `json:"max_current,omitzero"`
	MinPower   *decimal.Decimal `json:"min_power,omitzero"` // kW
	MaxPower   *decimal.Decimal `json:"max_power,omitzero"`
}

// Timeline is a session as it was measured, before anybody has split it.
//
// A rater starts a period at every instant where the set of active components (of all four dimensions) changes, or
// the state, and nowhere else. Such an instant is exact, as are the volumes that it divides, be it where energy reaches a threshold between two
// nanoseconds; Split.Start tells it as the later of them. Energy is linear between two neighbouring readings of the register, and
// none before the first and after the last. From a reading of current (or power) until the next one the least is the lesser
// of both, the greatest the greater; outside them it is not reported, and nor is it of a period which reaches there.
type Timeline struct {
	Spans    []Span      `json:"spans"`                // from Start to End without a gap, in order, each of some length (a session of none has one of none)
	Readings []Reading   `json:"readings,omitzero"`    // each later than the one before; SessionMost around the session at most
	GapMost  Nanoseconds `json:"gap_most_ns,omitzero"` // a start of a period (not the first) within a longer stretch between two register readings is flagged; 0: never
}

// Span is a stretch of time in one state.
type Span struct {
	State State     `json:"state"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
}

// State is what a moment of a session counts as.
type State string

// The states.
const (
	Charging State = "CHARGING"
	Parking  State = "PARKING" // the car takes nothing by its own will
	Paused   State = "PAUSED"  // our load management, the station or a fault holds it back: neither charging nor parking time; its energy counts
)

// Reading is what the meter showed. Registers never go back.
type Reading struct {
	At      time.Time           `json:"at"`
	Energy  *unit.MilliWattHour `json:"energy_mwh,omitzero"` // register of import
	Current *unit.MilliAmpere   `json:"current_ma,omitzero"`
	Power   *unit.Watt          `json:"power_w,omitzero"`
}

// Nanoseconds is a length of time, written as a whole number.
type Nanoseconds int64

// Duration returns n for reckoning.
func (n Nanoseconds) Duration() time.Duration { return time.Duration(n) }
