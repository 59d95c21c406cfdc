package rating

// Limits of a question. What is beyond them is a fault.Invalid, as is all that
// breaks a rule which stands at its field: the error names the field by its JSON pointer.
const (
	ElementsMost    = 1_000           // a week of quarters of an hour has 672
	ComponentsMost  = 16              // of an element; there are four dimensions
	DaysMost        = 7               // of a restriction
	RatesMost       = 20              // different rates of tax in a tariff, by value: what is shared among all of them grows with each share
	PeriodsMost     = 5_000           // given, or split into: every ten minutes for a month
	SpansMost       = 5_000           // states that change as often
	LengthsMost     = 5_000           // of time: each is a divisor of an exact sum
	ReadingsMost    = 50_000          // one each minute for a month
	PointsMost      = 50_000          // of a series: quarters of an hour for a year
	WindowsMost     = 100             // quiet hours
	AdjustmentsMost = 100             // each goes through all the lines before it
	SessionMost     = 366 * 24 * 3600 // seconds that a session or a reservation lasts: a car that was left for a year
	DigitsMost      = 18              // after the point of any number
	WholeDigitsMost = 12              // before it
)
