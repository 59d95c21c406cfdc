package swift

// Code names a step of a calculation: what rating.Step.Code holds when this package explains.
// A step's values are named; each is an instant (RFC 3339, UTC), a number (a decimal, or
// p/q where none is exact), or a word of OCPI or of package rating. Values in brackets are left out when there is
// none. Amounts are in the tariff's basis, in units of its currency; energy is in kWh, time in seconds.
type Code string

// What was asked.
const (
	StepTariff  Code = "tariff"  // currency, tax_included, zone, elements, [default_vat]
	StepSession Code = "session" // start, end, seconds, from (PERIODS, TIMELINE)
	// StepReservation: start, end, seconds, outcome (USED, EXPIRED).
	StepReservation Code = "reservation"
)

// What was measured.
const (
	// StepReading is a reading of the register that counts: at, kwh (the register), role (BEGIN, END: the
	// first and the last that bear on the session).
	StepReading Code = "reading"
	// StepInterpolated is a value of the register that nobody read, on the line between its
	// neighbours: at, kwh, before_at, before_kwh, after_at, after_kwh.
	StepInterpolated Code = "interpolated"
	// StepPeriod is a period: number (from 1), start, end, kwh, charging, parking,
	// [state (of a timeline: CHARGING, PARKING, PAUSED)], [min_current, max_current], [min_power, max_power].
	StepPeriod Code = "period"
	// StepGap: a period starts within a long stretch without readings: at, seconds, allowed.
	StepGap Code = "gap"
)

// Which price when.
const (
	// StepElement: from this period on an element gives the price of a dimension: phase, dimension, element (from 0), from, to,
	// price, [vat], consumed (at from), elapsed (at from, since the phase began), local_time and weekday (at from, where clock or calendar decide),
	// and every restriction of the element by its name in OCPI: [start_time, end_time, start_date, end_date, day_of_week,
	// min_kwh, max_kwh, min_current, max_current, min_power, max_power, min_duration, max_duration, reservation].
	StepElement Code = "element"
	// StepUnreported: an element was taken as not met, since current or power was not reported: start (of the period), dimension.
	StepUnreported Code = "unreported"
	// StepNotCharged: something that cost nothing: what (ENERGY, CHARGING, PARKING, RESERVATION, PAUSED: time in that state), quantity, from, to, reason:
	// NO_COMPONENT (no element gives a price), PAUSE (the car was held back, and not by its own will).
	StepNotCharged Code = "not_charged"
)

// How much.
const (
	// StepSize: a volume was rounded up: phase, dimension, element (of which the step is, and which pays for what is added), step (Wh or seconds),
	// measured, billed, added.
	StepSize Code = "step_size"
	// StepSizeParking: time of charging was not rounded, for parking was billed, too: measured.
	StepSizeParking Code = "step_size_parking"
	// StepLine: number (from 1), phase, dimension, element, quantity, price, amount, [vat], [excl], [incl].
	StepLine Code = "line"
	// StepSum is the sum of the lines: [excl], [incl].
	StepSum Code = "sum"
)

// Limits and adjustments.
const (
	StepLimit       Code = "limit"        // a side that changed: side (MIN_EXCL, …), limit, before
	StepLimitFactor Code = "limit_factor" // what all lines are multiplied by to come to the limit: factor
	// StepExtra is a line of a limit or an adjustment: number (from 1, after the tariff's lines), kind (limit, adjustment), dimension,
	// quantity, [id], [price], amount, [vat], [excl], [incl].
	StepExtra Code = "extra"
	// StepIdle: id, parking (all), quiet (of it), grace, counted, per_minute, [most].
	StepIdle Code = "idle"
	// StepSpot is a stretch of one price in which there was energy: id, from, to, price (as charged, with mark-up and bounds), source (POINT, or FALLBACK
	// where there is none), quantity, amount.
	StepSpot      Code = "spot"
	StepSolar     Code = "solar"     // id, from, to, share, quantity, amount
	StepPercent   Code = "percent"   // id, of (TOTAL, or dimensions with spaces between), rate
	StepCredit    Code = "credit"    // id, amount, taken
	StepAllowance Code = "allowance" // id, kwh (left), volume, covered (kWh), [overage (price)]
	StepCap       Code = "cap"       // id, most, before
	StepShort     Code = "short"     // id, seconds, below, kwh, most (kWh)
	// StepCut: an amount was cut, so that the sum at its rate is not below 0: id, amount (before), cut.
	StepCut Code = "cut"
	// StepNoEffect: an adjustment changed nothing: id.
	StepNoEffect Code = "no_effect"
)

// What is paid.
const (
	StepDue   Code = "due"   // [excl], [incl]: exact
	StepRound Code = "round" // a line in the currency's smallest unit: number, exact, rounded
	StepTax   Code = "tax"   // rate, taxable, tax
	StepTotal Code = "total" // net, tax, gross
	// StepNoInvoice: a rate of tax is not known, so nothing can be rounded.
	StepNoInvoice Code = "no_invoice"
)

// Codes lists all codes, in the order of a calculation.
func Codes() []Code {
	return []Code{
		StepTariff, StepSession, StepReservation, StepReading, StepInterpolated, StepPeriod, StepGap, StepElement, StepUnreported,
		StepNotCharged, StepSize, StepSizeParking, StepLine, StepSum, StepLimit, StepLimitFactor, StepExtra, StepIdle, StepSpot, StepSolar,
		StepPercent, StepCredit, StepAllowance, StepCap, StepShort, StepCut, StepNoEffect, StepDue, StepRound, StepTax, StepTotal, StepNoInvoice,
	}
}
