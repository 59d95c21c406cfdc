package tariff

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// LintFor says where and for whom a tariff is to be, as far as rules depend on it.
type LintFor struct {
	AdHoc   bool      // drivers without a contract pay by it
	Power   unit.Watt // the most that an EVSE gives at which it will be; 0: not known
	Country string    // ISO 3166-1 alpha-2; "": no country's rules
	NEVI    bool      // the stations were paid for by the United States' NEVI programme
	Clock   bool      // the stations' clocks are certified for billing time
	Zone    string    // IANA; "": changes of the clocks are not looked at
	From    time.Time // it is valid from then: what was before is not looked at
}

// Severity is how much a notice matters.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // it must not be published: a law forbids it, or no bill can be made
	Warning Severity = "warning" // somebody will be surprised
	Hint    Severity = "hint"    // worth knowing
)

// Notice is something that is worth knowing of a tariff before it is published.
// [Notice.Words] tells it.
type Notice struct {
	Code     Code
	Severity Severity
	Pointer  string   // RFC 6901, into the tariff in OCPI's form
	Values   []string // name, value, name, value …
}

// Code names what a notice tells. Codes are stable.
type Code string

// The codes.
const (
	AFIREnergy      Code = "afir_energy"
	AFIRTime        Code = "afir_time"
	AFIRFlat        Code = "afir_flat"
	AFIRLeast       Code = "afir_least_price"
	AFIROrder       Code = "afir_order"
	AFIRPower       Code = "afir_power_unknown"
	NEVIEnergy      Code = "nevi_energy"
	NEVIFixed       Code = "nevi_not_fixed"
	UKPence         Code = "uk_pence_per_kwh"
	UKTotal         Code = "uk_total_per_kwh"
	UKCurrency      Code = "uk_currency"
	NetPrices       Code = "net_prices"
	GermanEnergy    Code = "pangv_energy"
	EichrechtClock  Code = "eichrecht_clock"
	EichrechtLength Code = "eichrecht_duration"
	EichrechtEnergy Code = "eichrecht_energy"
	CertifiedNone   Code = "certified_none"
	VATMissing      Code = "vat_missing"
	LimitOneSide    Code = "limit_one_side"
	StepLarge       Code = "step_large"
	StepDiffers     Code = "step_differs"
	StepParking     Code = "step_parking"
	Gap             Code = "gap"
	Overlap         Code = "overlap"
	Unreachable     Code = "unreachable"
	TooManyCases    Code = "too_many_cases"
	ClockEdge       Code = "clock_edge"
	ClockRepeated   Code = "clock_repeated"
	ClockSkipped    Code = "clock_skipped"
	ZoneUnknown     Code = "zone_unknown"
)

// perCodeMax bounds the notices of a code: who has seen ten knows.
const perCodeMax = 10

// Lint returns what is worth knowing of terms that pass [Terms.Check], errors
// first.
//
// Laws are told as we read them, and no more than what a tariff itself can
// break: Regulation (EU) 2023/1804 (AFIR), Article 5(4); Directive 2011/83/EU,
// Article 5(1)(c); 23 CFR 680.116(a) (NEVI); the United Kingdom's Public Charge
// Point Regulations 2023, regulation 11; the German Mess- und Eichgesetz, section
// 33(1), and Preisangabenverordnung, section 14.
func Lint(t *Terms, about LintFor) []Notice {
	l := linter{terms: t, about: about, count: map[Code]int{}}
	l.afir()
	l.nevi()
	l.kingdom()
	l.germany()
	l.certified()
	l.taxes()
	l.steps()
	l.coverage()
	l.clockChanges()
	slices.SortStableFunc(l.found, func(a, b Notice) int { return a.Severity.rank() - b.Severity.rank() })
	return l.found
}

func (s Severity) rank() int { return slices.Index([]Severity{Error, Warning, Hint}, s) }

type linter struct {
	terms *Terms
	about LintFor
	found []Notice
	count map[Code]int
}

func (l *linter) add(s Severity, code Code, pointer string, values ...string) {
	if l.count[code]++; l.count[code] <= perCodeMax {
		l.found = append(l.found, Notice{code, s, pointer, values})
	}
}

// spot is a component with its place.
type spot struct {
	*rating.Component
	element   int
	component int
	when      *rating.Restrictions
}

func (s *spot) pointer() string {
	return elementPointer(s.element) + "/price_components/" + strconv.Itoa(s.component)
}

func elementPointer(i int) string { return "/elements/" + strconv.Itoa(i) }

func extraPointer(i int) string { return "/extras/" + strconv.Itoa(i) }

// spots returns the components of charging, or of reservations.
func (l *linter) spots(reserved bool) []spot {
	var all []spot
	for i := range l.terms.Priced.Elements {
		e := &l.terms.Priced.Elements[i]
		if (e.Restrictions.Reservation != rating.ReservedNot) != reserved {
			continue
		}
		for j := range e.Components {
			all = append(all, spot{&e.Components[j], i, j, &e.Restrictions})
		}
	}
	return all
}

// perKWh reports whether energy has a price, in an element or by a series.
func (l *linter) perKWh() bool {
	return slices.ContainsFunc(l.spots(false), func(s spot) bool { return s.Dimension == rating.Energy }) ||
		slices.ContainsFunc(l.terms.Extras, func(e Extra) bool { return e.Spot != nil })
}

func costs(s *spot, d rating.Dimension) bool { return s.Dimension == d && s.Price.Sign() > 0 }

// Source: Regulation (EU) 2023/1804, Article 5(4), of publicly accessible points
// that were deployed from 13 April 2024 on: from 50 kW on the ad hoc price is per
// kWh, with an occupancy fee per minute if any; below, its components are told in
// the order per kWh, per minute, per session, any other.
func (l *linter) afir() {
	const fast = 50_000 // W
	switch {
	case !l.about.AdHoc || !inUnion(l.about.Country):
		return
	case l.about.Power == 0:
		l.add(Hint, AFIRPower, "")
		return
	case l.about.Power < fast:
		l.afirOrder()
		return
	}
	if !l.perKWh() {
		l.add(Error, AFIREnergy, "/elements")
	}
	for _, s := range l.spots(false) {
		if costs(&s, rating.Time) {
			l.add(Error, AFIRTime, s.pointer())
		}
		if costs(&s, rating.Flat) {
			l.add(Error, AFIRFlat, s.pointer())
		}
	}
	for i, e := range l.terms.Extras {
		if e.Surcharge != nil {
			l.add(Error, AFIRFlat, extraPointer(i))
		}
	}
	if least := l.terms.Priced.MinPrice; positive(least.Excl) || positive(least.Incl) {
		l.add(Warning, AFIRLeast, "/min_price")
	}
}

func positive(d *decimal.Decimal) bool { return d != nil && d.Sign() > 0 }

func (l *linter) afirOrder() {
	rank := func(d rating.Dimension) int {
		if d == rating.ParkingTime {
			d = rating.Time // per minute, too
		}
		return slices.Index([]rating.Dimension{rating.Energy, rating.Time, rating.Flat}, d)
	}
	before := -1
	for _, s := range l.spots(false) {
		if s.component == 0 {
			before = -1
		}
		if rank(s.Dimension) < before {
			l.add(Hint, AFIROrder, s.pointer())
		}
		before = max(before, rank(s.Dimension))
	}
}

// inUnion reports whether a country is a member of the European Union.
func inUnion(country string) bool {
	const members = " AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK "
	return country != "" && strings.Contains(members, " "+country+" ")
}

// Source: 23 CFR 680.116(a): (1) the price is based on that of electricity in
// $/kWh; (2) it is the one at that moment, and cannot change during the session;
// (3) other fees are displayed and explained.
func (l *linter) nevi() {
	if !l.about.NEVI {
		return
	}
	if !l.perKWh() {
		l.add(Error, NEVIEnergy, "/elements")
	}
	for _, s := range l.spots(false) {
		if (costs(&s, rating.Energy) || costs(&s, rating.Time)) && moves(s.when) {
			l.add(Error, NEVIFixed, s.pointer())
		}
	}
	for i, e := range l.terms.Extras {
		if e.Spot != nil {
			l.add(Error, NEVIFixed, extraPointer(i))
		}
	}
}

// moves reports whether restrictions may begin or cease to be met during a
// session.
func moves(r *rating.Restrictions) bool {
	return r.StartTime != "" || r.EndTime != "" || r.StartDate != "" || r.EndDate != "" || len(r.Days) > 0 ||
		r.MinKWh != nil || r.MaxKWh != nil || r.MinCurrent != nil || r.MaxCurrent != nil || r.MinPower != nil || r.MaxPower != nil ||
		r.MinDuration != nil || r.MaxDuration != nil
}

// Source: the Public Charge Point Regulations 2023, regulation 11: the total price
// of charging is displayed in pence per kilowatt-hour; of what is bundled with
// something else, its equivalent. The government's guidance: a fee for staying on
// after charging is no part of it.
func (l *linter) kingdom() {
	if l.about.Country != "GB" {
		return
	}
	if !l.perKWh() {
		l.add(Error, UKPence, "/elements")
	}
	if l.terms.Priced.Currency != "GBP" {
		l.add(Warning, UKCurrency, "/currency")
	}
	for _, s := range l.spots(false) {
		if costs(&s, rating.Time) || costs(&s, rating.Flat) {
			l.add(Warning, UKTotal, s.pointer())
		}
	}
	for i, e := range l.terms.Extras {
		if e.Surcharge != nil {
			l.add(Warning, UKTotal, extraPointer(i))
		}
	}
}

// Source: Preisangabenverordnung, section 14(2) and (4): who charges ad hoc is
// told the price of energy per kilowatt-hour. Mess- und Eichgesetz, section 33(1): no
// value is billed that no certified instrument has measured.
func (l *linter) germany() {
	if l.about.Country != "DE" {
		return
	}
	if l.about.AdHoc && !l.perKWh() {
		l.add(Error, GermanEnergy, "/elements")
	}
	if l.about.Clock {
		return
	}
	for _, s := range l.spots(false) {
		if costs(&s, rating.Time) || costs(&s, rating.ParkingTime) {
			l.add(Error, EichrechtClock, s.pointer())
		} else if s.when.MinDuration != nil || s.when.MaxDuration != nil {
			l.add(Warning, EichrechtLength, elementPointer(s.element)+"/restrictions")
		}
	}
	for i, e := range l.terms.Extras {
		if e.Idle != nil {
			l.add(Error, EichrechtClock, extraPointer(i))
		}
	}
}

// certified looks at whether energy has to be proven, and is. Who charges ad hoc is a
// stranger: the law on measuring is for him above all.
func (l *linter) certified() {
	switch {
	case l.terms.Certified && !l.perKWh():
		l.add(Warning, CertifiedNone, "/certified")
	case !l.terms.Certified && l.perKWh() && l.about.AdHoc && l.about.Country == "DE":
		l.add(Hint, EichrechtEnergy, "/certified")
	}
}

func (l *linter) taxes() {
	p := &l.terms.Priced
	if p.TaxIncluded == rating.TaxNone {
		return
	}
	for _, s := range slices.Concat(l.spots(false), l.spots(true)) {
		if s.VAT == nil && l.terms.DefaultVAT == nil {
			l.add(Error, VATMissing, s.pointer())
		}
	}
	if l.about.AdHoc && p.TaxIncluded == rating.TaxNo && (inUnion(l.about.Country) || l.about.Country == "GB") {
		l.add(Hint, NetPrices, "/tax_included")
	}
	for _, limit := range []struct {
		pointer string
		rating.Limit
	}{{"/min_price", p.MinPrice}, {"/max_price", p.MaxPrice}} {
		if (limit.Excl == nil) != (limit.Incl == nil) {
			l.add(Warning, LimitOneSide, limit.pointer)
		}
	}
}

// Steps that nobody is surprised by.
const (
	energyStep = 100 // Wh: some cents
	timeStep   = 60  // s: drivers are used to minutes
)

func (l *linter) steps() {
	for _, reserved := range []bool{false, true} {
		first := map[rating.Dimension]*spot{}
		spots := l.spots(reserved)
		for i := range spots {
			s := &spots[i]
			if s.Dimension == rating.Flat {
				continue
			}
			l.stepLarge(s)
			before, known := first[s.Dimension]
			if !known {
				first[s.Dimension] = s
				continue
			}
			if before.StepSize != s.StepSize {
				l.add(Warning, StepDiffers, s.pointer()+"/step_size", "step", itoa(s.StepSize), "other", itoa(before.StepSize))
			}
		}
		charging, parking := first[rating.Time], first[rating.ParkingTime]
		if charging != nil && parking != nil && charging.StepSize != parking.StepSize {
			l.add(Warning, StepParking, parking.pointer()+"/step_size", "step", itoa(parking.StepSize), "other", itoa(charging.StepSize))
		}
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func (l *linter) stepLarge(s *spot) {
	most, counted, whole := int64(timeStep), "s", int64(3600)
	if s.Dimension == rating.Energy {
		most, counted, whole = energyStep, "Wh", 1000
	}
	if s.StepSize > most && s.Price.Sign() > 0 {
		cost := exact.Of(s.Price).Mul(exact.Fraction(s.StepSize, whole))
		l.add(Warning, StepLarge, s.pointer()+"/step_size",
			"step", itoa(s.StepSize), "unit", counted, "cost", brief(cost), "currency", string(l.terms.Priced.Currency))
	}
}

// brief writes an amount with two to four digits after the point.
func brief(n exact.Number) string {
	const most, least = 4, 2
	rounded, err := money.Digits(n, most)
	if err != nil {
		return n.String() // no step of a price that passed Check costs as much
	}
	text := rounded.String()
	for drop := most - least; drop > 0 && strings.HasSuffix(text, "0"); drop-- {
		text = text[:len(text)-1]
	}
	return text
}
