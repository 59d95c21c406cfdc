package plain

import (
	"math/big"
	"slices"
	"strconv"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// reader checks a question and keeps the first mistake.
type reader struct {
	err   error
	rates map[string]bool // of tax, that components name
}

// require keeps a mistake unless ok.
func (r *reader) require(ok bool, pointer, code, detail string) {
	if !ok && r.err == nil {
		r.err = fault.InvalidField(pointer, code, detail)
	}
}

// atMost checks a count.
func (r *reader) atMost(count, most int, pointer string) {
	if count > most && r.err == nil {
		r.err = tooMany(pointer, most)
	}
}

// number checks that a number, if there is one, has a sensible size, and returns it.
func (r *reader) number(d *decimal.Decimal, pointer string) *exact.Number {
	if d == nil {
		return nil
	}
	n := exact.Of(*d)
	p, q := n.Ratio()
	fraction := new(big.Int).Exp(big.NewInt(10), big.NewInt(rating.DigitsMost), nil)
	whole := new(big.Int).Exp(big.NewInt(10), big.NewInt(rating.WholeDigitsMost), nil)
	r.require(fraction.Mod(fraction, q).Sign() == 0, pointer, "range", "has more than "+strconv.Itoa(rating.DigitsMost)+" digits after the point")
	r.require(p.Abs(p).Cmp(whole.Mul(whole, q)) < 0, pointer, "range", "has more than "+strconv.Itoa(rating.WholeDigitsMost)+" digits before the point")
	return &n
}

// amount checks a number that must not be negative.
func (r *reader) amount(d *decimal.Decimal, pointer string) *exact.Number {
	n := r.number(d, pointer)
	r.require(n == nil || n.Sign() >= 0, pointer, "range", "must not be negative")
	return n
}

// number returns what was checked before.
func number(d *decimal.Decimal) *exact.Number {
	if d == nil {
		return nil
	}
	n := exact.Of(*d)
	return &n
}

// reported returns a volume that was checked before, 0 when none was reported.
func reported(d *decimal.Decimal) exact.Number {
	if n := number(d); n != nil {
		return *n
	}
	return exact.Number{}
}

// read checks a question and prepares what is asked of it again and again.
func read(q *rating.Question) (*session, error) {
	r := &reader{}
	s := &session{question: q}
	zone, err := time.LoadLocation(q.Zone)
	r.require(err == nil && q.Zone != "" && q.Zone != "Local", "/zone", "time_zone_unknown", "must be a name of the IANA time zone database")
	r.amount(q.DefaultVAT, "/default_vat")
	s.tariff = r.tariff(&q.Tariff)
	s.calendar = calendar{zone, q.Session.Start}
	if reservation := q.Session.Reservation; reservation != nil {
		r.stretch(reservation.Start, reservation.End, "/session/reservation")
	}
	if !s.expired() {
		r.session(s)
	}
	r.adjustments(q.Adjustments)
	if r.err == nil && slices.ContainsFunc(q.Adjustments, func(a rating.Adjustment) bool { return a.Spot != nil || a.Solar != nil }) {
		r.atMost(s.energy.lengths(), rating.LengthsMost, "/session/timeline/readings")
	}
	if r.err != nil {
		return nil, r.err
	}
	return s, nil
}

func (r *reader) tariff(t *rating.Tariff) *tariff {
	_, err := money.ParseCurrency(string(t.Currency))
	r.require(err == nil, "/tariff/currency", "currency", "must be the code of a currency in ISO 4217, such as EUR")
	r.require(slices.Contains([]rating.TaxIncluded{rating.TaxYes, rating.TaxNo, rating.TaxNone}, t.TaxIncluded),
		"/tariff/tax_included", "enumeration", "must be one of YES, NO, N/A")
	r.atMost(len(t.Elements), rating.ElementsMost, "/tariff/elements")
	for _, side := range []struct {
		name     string
		min, max *exact.Number
	}{
		{"excl", r.amount(t.MinPrice.Excl, "/tariff/min_price/excl"), r.amount(t.MaxPrice.Excl, "/tariff/max_price/excl")},
		{"incl", r.amount(t.MinPrice.Incl, "/tariff/min_price/incl"), r.amount(t.MaxPrice.Incl, "/tariff/max_price/incl")},
	} {
		r.require(side.min == nil || side.max == nil || side.min.Cmp(*side.max) <= 0,
			"/tariff/min_price/"+side.name, "range", "must not be above the greatest price")
	}
	result := &tariff{}
	for i := range t.Elements {
		if r.err != nil {
			break // there may be many more
		}
		pointer := "/tariff/elements/" + strconv.Itoa(i)
		result.components = append(result.components, r.components(t.Elements[i].Components, pointer+"/components"))
		result.rules = append(result.rules, r.rule(&t.Elements[i].Restrictions, pointer+"/restrictions"))
	}
	return result
}

func (r *reader) components(components []rating.Component, pointer string) map[rating.Dimension]rating.Component {
	r.atMost(len(components), rating.ComponentsMost, pointer)
	first := map[rating.Dimension]rating.Component{}
	for i, component := range components {
		at := pointer + "/" + strconv.Itoa(i)
		r.require(slices.Contains(dimensions(), component.Dimension), at+"/dimension", "enumeration", "must be one of FLAT, ENERGY, TIME, PARKING_TIME")
		r.require(component.StepSize >= 0, at+"/step_size", "range", "must not be negative")
		r.amount(&component.Price, at+"/price")
		if vat := r.amount(component.VAT, at+"/vat"); vat != nil {
			if r.rates == nil {
				r.rates = map[string]bool{}
			}
			r.rates[vat.String()] = true
			r.atMost(len(r.rates), rating.RatesMost, at+"/vat")
		}
		if _, taken := first[component.Dimension]; !taken {
			first[component.Dimension] = component
		}
	}
	return first
}

func (r *reader) rule(given *rating.Restrictions, pointer string) rule {
	seconds := func(n *int64) *exact.Number {
		if n == nil {
			return nil
		}
		whole := exact.Int(*n)
		return &whole
	}
	result := rule{
		days:        given.Days,
		kWh:         between{r.number(given.MinKWh, pointer+"/min_kwh"), r.number(given.MaxKWh, pointer+"/max_kwh")},
		current:     between{r.number(given.MinCurrent, pointer+"/min_current"), r.number(given.MaxCurrent, pointer+"/max_current")},
		power:       between{r.number(given.MinPower, pointer+"/min_power"), r.number(given.MaxPower, pointer+"/max_power")},
		duration:    between{seconds(given.MinDuration), seconds(given.MaxDuration)},
		reservation: given.Reservation,
	}
	result.window = r.window(given.StartTime, given.EndTime, pointer+"/start_time", pointer+"/end_time")
	var ok bool
	result.start, ok = parseDate(given.StartDate)
	r.require(ok, pointer+"/start_date", "date", "must be a day as YYYY-MM-DD")
	result.end, ok = parseDate(given.EndDate)
	r.require(ok, pointer+"/end_date", "date", "must be a day as YYYY-MM-DD")
	r.atMost(len(given.Days), rating.DaysMost, pointer+"/days")
	for i, day := range given.Days {
		r.require(time.Sunday <= day && day <= time.Saturday, pointer+"/days/"+strconv.Itoa(i), "range", "must be 0 (Sunday) to 6 (Saturday)")
	}
	r.require(slices.Contains([]rating.Reserved{rating.ReservedNot, rating.ReservedUsed, rating.ReservedExpired}, given.Reservation),
		pointer+"/reservation", "enumeration", "must be RESERVATION or RESERVATION_EXPIRES")
	return result
}

func (r *reader) window(start, end, startPointer, endPointer string) window {
	w, startOK, endOK := parseWindow(start, end)
	r.require(startOK, startPointer, "time", "must be HH:MM")
	r.require(endOK, endPointer, "time", "must be HH:MM, and another one than the start")
	return w
}

// The years in which a session may be; the zero time, which nobody meant, is not in them.
const (
	firstYear = 1970
	lastYear  = 9999
)

func (r *reader) time(t time.Time, pointer string) {
	year := t.UTC().Year()
	r.require(firstYear <= year && year <= lastYear, pointer, "range", "must be in the years 1970 to 9999")
}

// stretch checks a beginning and an end.
func (r *reader) stretch(start, end time.Time, pointer string) {
	r.time(start, pointer+"/start")
	r.time(end, pointer+"/end")
	r.require(!end.Before(start), pointer+"/end", "order", "must not be before the start")
	r.require(end.Sub(start) <= sessionMost, pointer+"/end", "range", "must be at most "+strconv.Itoa(rating.SessionMost)+" seconds after the start")
}

const sessionMost = rating.SessionMost * time.Second

func (r *reader) session(s *session) {
	given := &s.question.Session
	r.stretch(given.Start, given.End, "/session")
	s.length = s.calendar.moment(given.End)
	if given.Reservation != nil {
		r.require(!given.Reservation.End.After(given.Start), "/session/reservation/end", "order", "must not be after the session's start")
	}
	r.require((len(given.Periods) > 0) != (given.Timeline != nil), "/session", "choice", "must have periods or a timeline, and not both")
	if r.err != nil {
		return
	}
	if given.Timeline == nil {
		r.periods(given)
		return
	}
	r.spans(given)
	r.readings(given)
	if r.err != nil {
		return
	}
	readings := given.Timeline.Readings
	s.energy = s.calendar.series(readings, func(at *rating.Reading) *exact.Number { return turned(at.Energy, kiloWattHours) })
	s.current = s.calendar.series(readings, func(at *rating.Reading) *exact.Number { return turned(at.Current, kilo) })
	s.power = s.calendar.series(readings, func(at *rating.Reading) *exact.Number { return turned(at.Power, kilo) })
}

// turned turns a quantity that was read into a number.
func turned[N ~int64](read *N, turn func(N) exact.Number) *exact.Number {
	if read == nil {
		return nil
	}
	n := turn(*read)
	return &n
}

func (r *reader) periods(given *rating.Session) {
	r.atMost(len(given.Periods), rating.PeriodsMost, "/session/periods")
	charging, parking := &exact.Number{}, &exact.Number{}
	for i := range given.Periods {
		p, pointer := &given.Periods[i], "/session/periods/"+strconv.Itoa(i)
		if i == 0 {
			r.require(p.Start.Equal(given.Start), pointer+"/start", "order", "must be the session's start")
		} else {
			r.require(p.Start.After(given.Periods[i-1].Start), pointer+"/start", "order", "must be after the period before")
			r.require(p.Start.Before(given.End), pointer+"/start", "order", "must be before the session's end")
		}
		r.amount(p.Energy, pointer+"/energy_kwh")
		charging = r.times(charging, p.Charging, pointer+"/charging_s")
		parking = r.times(parking, p.Parking, pointer+"/parking_s")
		r.number(p.MinCurrent, pointer+"/min_current")
		r.number(p.MaxCurrent, pointer+"/max_current")
		r.number(p.MinPower, pointer+"/min_power")
		r.number(p.MaxPower, pointer+"/max_power")
	}
}

// times adds the time of a period to that of those before.
func (r *reader) times(before *exact.Number, d *decimal.Decimal, pointer string) *exact.Number {
	n := r.amount(d, pointer)
	if n == nil {
		return before
	}
	sum := before.Add(*n)
	r.require(sum.Cmp(exact.Int(rating.SessionMost)) <= 0, pointer, "range",
		"must not bring the time of all periods above "+strconv.Itoa(rating.SessionMost)+" seconds")
	return &sum
}

func (r *reader) spans(given *rating.Session) {
	spans := given.Timeline.Spans
	r.atMost(len(spans), rating.SpansMost, "/session/timeline/spans")
	r.require(len(spans) > 0, "/session/timeline/spans", "required", "must reach from the session's start to its end")
	end := given.Start
	for i, span := range spans {
		pointer := "/session/timeline/spans/" + strconv.Itoa(i)
		r.require(span.From.Equal(end), pointer+"/from", "order", "must be where the one before ends, the first where the session starts")
		r.require(span.To.After(span.From) || len(spans) == 1 && span.To.Equal(span.From), pointer+"/to", "order", "must be after its beginning")
		r.require(slices.Contains([]rating.State{rating.Charging, rating.Parking, rating.Paused}, span.State),
			pointer+"/state", "enumeration", "must be one of CHARGING, PARKING, PAUSED")
		end = span.To
	}
	r.require(end.Equal(given.End), "/session/timeline/spans/"+strconv.Itoa(len(spans)-1)+"/to", "order", "must be the session's end")
	r.require(given.Timeline.GapMost >= 0, "/session/timeline/gap_most_ns", "range", "must not be negative")
}

func (r *reader) readings(given *rating.Session) {
	readings := given.Timeline.Readings
	r.atMost(len(readings), rating.ReadingsMost, "/session/timeline/readings")
	register := -1 // the last reading that has one
	for i, reading := range readings {
		if r.err != nil {
			return // there may be many more
		}
		pointer := "/session/timeline/readings/" + strconv.Itoa(i)
		r.require(i == 0 || reading.At.After(readings[max(i, 1)-1].At), pointer+"/at", "order", "must be after the one before")
		r.require(given.Start.Sub(reading.At) <= sessionMost && reading.At.Sub(given.End) <= sessionMost,
			pointer+"/at", "range", "must be at most "+strconv.Itoa(rating.SessionMost)+" seconds from the session")
		if reading.Energy == nil {
			continue
		}
		r.require(register < 0 || *reading.Energy >= *readings[max(register, 0)].Energy, pointer+"/energy_mwh", "order", "must not be less than before")
		register = i
	}
}
