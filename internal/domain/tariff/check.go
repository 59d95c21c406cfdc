package tariff

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// Bounds of what a tariff may hold.
const (
	extrasMax  = 20      // more than anybody can explain on a bill
	textsMax   = 50      // languages
	textMax    = 512     // OCPI's DisplayText
	urlMax     = 255     // OCPI's URL
	sourcesMax = 20      // OCPI knows eight
	numberMax  = 1 << 30 // a kilowatt-hour costs some thousands in the smallest of currencies
	digits     = 4       // after the point: OCPI's number
	secondsMax = 86_400  // a step of a day
	energyMax  = 100_000 // Wh, a step of a large battery
	daysMax    = 30 * 86_400
)

// checker collects what is wrong, so that somebody who edits a tariff hears all of
// it at once.
type checker struct{ fields []fault.Field }

// fieldsMax bounds what one answer tells.
const fieldsMax = 50

func (c *checker) add(pointer, code, detail string) {
	if len(c.fields) < fieldsMax {
		c.fields = append(c.fields, fault.Field{Pointer: pointer, Code: code, Detail: detail})
	}
}

// rule adds what is wrong when a rule does not hold.
func (c *checker) rule(holds bool, pointer, code, detail string) {
	if !holds {
		c.add(pointer, code, detail)
	}
}

func (c *checker) err() error {
	if len(c.fields) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Code: "invalid_input", Fields: c.fields}
}

// number checks a number that is there: not negative, below most, and with OCPI's digits.
func (c *checker) number(pointer string, d *decimal.Decimal, most int64) {
	if d == nil {
		return
	}
	_, exact, err := d.Scaled(digits)
	c.rule(d.Sign() >= 0, pointer, "negative", "must not be negative")
	c.rule(d.CmpInt(most) <= 0, pointer, "out_of_range", "must not be above "+strconv.FormatInt(most, 10))
	c.rule(err == nil && exact, pointer, "digits", "has at most 4 digits after the point")
}

const percentMax = 100

// Check returns all that is wrong with the terms, as [fault.Invalid]. The
// pointers are into a tariff in OCPI's form; what OCPI does not have is beside it, below /extras and /default_vat.
func (t *Terms) Check() error {
	var c checker
	p := &t.Priced
	_, err := money.ParseCurrency(string(p.Currency))
	c.rule(err == nil, "/currency", "currency", "must be the code of a currency in ISO 4217, such as EUR")
	switch p.TaxIncluded {
	case rating.TaxNo, rating.TaxYes, rating.TaxNone:
	default:
		c.add("/tax_included", "unknown_value", "must be YES, NO or N/A")
	}
	c.number("/default_vat", t.DefaultVAT, percentMax)
	c.number("/preauthorize_amount", t.Hold, numberMax)
	c.limits(p)
	c.rule(len(p.Elements) > 0, "/elements", "required", "has at least one element")
	c.rule(len(p.Elements) <= rating.ElementsMost, "/elements", "too_many", "at most 1000 elements")
	c.rule(rates(p) <= rating.RatesMost, "/elements", "too_many", "at most 20 different rates of tax")
	for i := range p.Elements {
		c.element("/elements/"+strconv.Itoa(i), &p.Elements[i])
	}
	c.extras(t.Extras)
	c.told(t)
	return c.err()
}

// rates counts the different rates of tax that prices name.
func rates(t *rating.Tariff) int {
	seen := map[string]bool{}
	for _, e := range t.Elements {
		for _, c := range e.Components {
			if c.VAT != nil {
				seen[exact.Of(*c.VAT).String()] = true
			}
		}
	}
	return len(seen)
}

func (c *checker) limits(t *rating.Tariff) {
	for _, l := range []struct {
		at    string
		limit rating.Limit
	}{{"/min_price", t.MinPrice}, {"/max_price", t.MaxPrice}} {
		c.number(l.at+"/before_taxes", l.limit.Excl, numberMax)
		c.number(l.at+"/after_taxes", l.limit.Incl, numberMax)
		c.order(l.at+"/after_taxes", l.limit.Excl, l.limit.Incl, "must not be below the price before taxes")
	}
	c.order("/max_price/before_taxes", t.MinPrice.Excl, t.MaxPrice.Excl, "must not be below the least price")
	c.order("/max_price/after_taxes", t.MinPrice.Incl, t.MaxPrice.Incl, "must not be below the least price")
}

// order checks that the lesser of two numbers, if both are there, is not above the other.
func (c *checker) order(pointer string, lesser, greater *decimal.Decimal, detail string) {
	c.rule(lesser == nil || greater == nil || lesser.Cmp(*greater) <= 0, pointer, "order", detail)
}

func (c *checker) element(at string, e *rating.Element) {
	c.rule(len(e.Components) > 0, at+"/price_components", "required", "has at least one price")
	var seen []rating.Dimension
	for i := range e.Components {
		p, here := &e.Components[i], at+"/price_components/"+strconv.Itoa(i)
		c.number(here+"/price", &p.Price, numberMax)
		c.number(here+"/vat", p.VAT, percentMax)
		c.rule(!slices.Contains(seen, p.Dimension), here+"/type", "duplicate", "is priced twice in this element")
		seen = append(seen, p.Dimension)
		c.step(here, p)
		reserves := e.Restrictions.Reservation != rating.ReservedNot
		c.rule(!reserves || p.Dimension == rating.Flat || p.Dimension == rating.Time, here+"/type", "reservation", "a reservation costs FLAT or TIME")
	}
	c.restrictions(at+"/restrictions", &e.Restrictions)
}

func (c *checker) step(at string, p *rating.Component) {
	least, most := int64(1), int64(0)
	switch p.Dimension {
	case rating.Flat: // has no volume: whatever is written there says nothing
		least, most = 0, secondsMax
	case rating.Energy:
		most = energyMax
	case rating.Time, rating.ParkingTime:
		most = secondsMax
	case rating.Idle, rating.Total: // of extra lines only
		fallthrough
	default:
		c.add(at+"/type", "unknown_value", "must be FLAT, ENERGY, TIME or PARKING_TIME")
		return
	}
	c.rule(p.StepSize >= least && p.StepSize <= most, at+"/step_size", "out_of_range",
		"must be "+strconv.FormatInt(least, 10)+" to "+strconv.FormatInt(most, 10))
}

func (c *checker) restrictions(at string, r *rating.Restrictions) {
	c.clock(at+"/start_time", r.StartTime)
	c.clock(at+"/end_time", r.EndTime)
	c.rule(r.StartTime == "" || r.StartTime != r.EndTime, at+"/end_time", "empty", "must not be the start time")
	c.date(at+"/start_date", r.StartDate)
	c.date(at+"/end_date", r.EndDate)
	c.rule(r.StartDate == "" || r.EndDate == "" || r.StartDate < r.EndDate, at+"/end_date", "empty", "must be after the start date")
	days := slices.Clone(r.Days)
	slices.Sort(days)
	c.rule(len(slices.Compact(days)) == len(r.Days), at+"/day_of_week", "duplicate", "names a day twice")
	for _, span := range []struct {
		name     string
		min, max *decimal.Decimal
	}{{"kwh", r.MinKWh, r.MaxKWh}, {"current", r.MinCurrent, r.MaxCurrent}, {"power", r.MinPower, r.MaxPower}} {
		c.number(at+"/min_"+span.name, span.min, numberMax)
		c.number(at+"/max_"+span.name, span.max, numberMax)
		c.rule(span.min == nil || span.max == nil || span.min.Cmp(*span.max) < 0, at+"/max_"+span.name, "empty", "must be above the least")
	}
	for _, d := range []struct {
		name    string
		seconds *int64
	}{{"min", r.MinDuration}, {"max", r.MaxDuration}} {
		c.rule(d.seconds == nil || *d.seconds >= 0 && *d.seconds <= daysMax, at+"/"+d.name+"_duration", "out_of_range", "must be 0 to 2592000 seconds")
	}
	c.rule(r.MinDuration == nil || r.MaxDuration == nil || *r.MinDuration < *r.MaxDuration, at+"/max_duration", "empty", "must be above the least")
	switch r.Reservation {
	case rating.ReservedNot, rating.ReservedUsed, rating.ReservedExpired:
	default:
		c.add(at+"/reservation", "unknown_value", "must be RESERVATION or RESERVATION_EXPIRES")
	}
}

// clock checks a time of day; empty is none.
func (c *checker) clock(pointer, text string) {
	_, ok := minute(text)
	c.rule(text == "" || ok, pointer, "time_of_day", "must be HH:MM, 00:00 to 23:59")
}

// minute returns the minute of the day that HH:MM is.
func minute(text string) (int, bool) {
	const form = "15:04"
	at, err := time.Parse(form, text)
	return at.Hour()*60 + at.Minute(), err == nil && at.Format(form) == text
}

// date checks a calendar day; empty is none.
func (c *checker) date(pointer, text string) {
	at, err := time.Parse(time.DateOnly, text)
	c.rule(text == "" || err == nil && at.Format(time.DateOnly) == text, pointer, "date", "must be a day, YYYY-MM-DD")
}

func (c *checker) extras(all []Extra) {
	c.rule(len(all) <= extrasMax, "/extras", "too_many", "at most 20")
	var seen []string
	for i := range all {
		e, at := &all[i], "/extras/"+strconv.Itoa(i)
		c.rule(e.ID != "" && len(e.ID) <= wordMax, at+"/id", "required", "names it, in at most 64 bytes")
		c.rule(!slices.Contains(seen, e.ID), at+"/id", "duplicate", "names another, too")
		seen = append(seen, e.ID)
		c.number(at+"/vat", e.VAT, percentMax)
		c.extra(at, e)
	}
}

// extra checks that exactly one thing is said, and that it can be meant.
func (c *checker) extra(at string, e *Extra) {
	said := 0
	for _, is := range []bool{
		e.Idle != nil, e.Spot != nil, e.Solar != nil, e.Percent != nil, e.Surcharge != nil, e.Credit != nil, e.Allowance != nil, e.Cap != nil, e.Short != nil,
	} {
		if is {
			said++
		}
	}
	c.rule(said == 1, at, "ambiguous", "is one of idle, spot, solar, percent, surcharge, cap and short")
	c.rule(e.Credit == nil && e.Allowance == nil, at, "of_customer", "vouchers and allowances belong to a customer, not to a tariff")
	moving := e.Spot != nil || e.Solar != nil
	c.rule(moving == (e.Series != ""), at+"/series", "series", "names the series of a spot price or a solar discount, and of nothing else")
	c.rule(len(e.Series) <= wordMax, at+"/series", "too_long", "has at most 64 bytes")
	switch {
	case e.Idle != nil:
		c.idle(at+"/idle", e.Idle)
	case e.Spot != nil:
		c.spot(at+"/spot", e.Spot)
	case e.Solar != nil:
		c.rule(len(e.Solar.Shares) == 0, at+"/solar/shares", "of_series", "come from the series")
		c.number(at+"/solar/per_kwh", &e.Solar.PerKWh, numberMax)
	case e.Percent != nil:
		c.rule(e.Percent.Rate.CmpInt(-percentMax) >= 0 && e.Percent.Rate.CmpInt(percentMax) <= 0, at+"/percent/rate", "out_of_range", "must be -100 to 100")
	case e.Surcharge != nil:
		c.number(at+"/surcharge/amount", &e.Surcharge.Amount, numberMax)
	case e.Cap != nil:
		c.number(at+"/cap/most", &e.Cap.Most, numberMax)
	case e.Short != nil:
		c.rule(e.Short.Below > 0 && e.Short.Below.Duration() <= time.Hour, at+"/short/below_s", "out_of_range", "must be above 0, and an hour at most")
		c.number(at+"/short/kwh", &e.Short.KWh, numberMax)
	}
}

func (c *checker) idle(at string, f *rating.IdleFee) {
	c.number(at+"/per_minute", &f.PerMinute, numberMax)
	c.number(at+"/most", f.Most, numberMax)
	c.rule(f.Grace >= 0 && f.Grace.Duration() <= 24*time.Hour, at+"/grace_s", "out_of_range", "must not be negative, and a day at most")
	for i, w := range f.Quiet {
		here := at + "/quiet/" + strconv.Itoa(i)
		_, start := minute(w.Start)
		_, end := minute(w.End)
		c.rule(start, here+"/start", "time_of_day", "must be HH:MM, 00:00 to 23:59")
		c.rule(end, here+"/end", "time_of_day", "must be HH:MM, 00:00 to 23:59")
		c.rule(w.Start != w.End, here+"/end", "empty", "must not be the start")
	}
}

func (c *checker) spot(at string, s *rating.Spot) {
	c.rule(len(s.Points) == 0, at+"/points", "of_series", "come from the series")
	c.rule(s.MarkupPercent.CmpInt(-percentMax) >= 0 && s.MarkupPercent.CmpInt(numberMax) <= 0, at+"/markup_percent", "out_of_range", "must be -100 or above")
	c.number(at+"/floor", s.Floor, numberMax)
	c.number(at+"/ceiling", s.Ceiling, numberMax)
	c.number(at+"/fallback", &s.Fallback, numberMax)
	c.order(at+"/ceiling", s.Floor, s.Ceiling, "must not be below the floor")
}

// told checks what is told to people.
func (c *checker) told(t *Terms) {
	c.rule(len(t.Texts) <= textsMax, "/tariff_alt_text", "too_many", "at most 50 languages")
	var seen []string
	for i, text := range t.Texts {
		at := "/tariff_alt_text/" + strconv.Itoa(i)
		c.rule(language(text.Language), at+"/language", "language", "must be a language of ISO 639-1, such as en")
		c.rule(!slices.Contains(seen, text.Language), at+"/language", "duplicate", "has a text already")
		seen = append(seen, text.Language)
		c.rule(text.Text != "" && len(text.Text) <= textMax, at+"/text", "length", "has 1 to 512 bytes")
	}
	if t.URL != "" {
		page, err := url.Parse(t.URL)
		c.rule(err == nil && page.Host != "" && (page.Scheme == "https" || page.Scheme == "http"), "/tariff_alt_url", "url", "must be the address of a page")
		c.rule(len(t.URL) <= urlMax, "/tariff_alt_url", "too_long", "has at most 255 bytes")
	}
	if t.Mix != nil {
		c.mix("/energy_mix", t.Mix)
	}
}

func language(code string) bool {
	const letters = 2
	return len(code) == letters && strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") == ""
}

func (c *checker) mix(at string, m *trade.EnergyMix) {
	c.rule(len(m.Sources) <= sourcesMax && len(m.Impacts) <= sourcesMax, at, "too_many", "at most 20 of each")
	c.rule(len(m.Supplier) <= wordMax, at+"/supplier_name", "too_long", "has at most 64 bytes")
	c.rule(len(m.Product) <= wordMax, at+"/energy_product_name", "too_long", "has at most 64 bytes")
	var sum int64
	for i := range m.Sources {
		s := &m.Sources[i]
		c.rule(s.Source != "", at+"/energy_sources/"+strconv.Itoa(i)+"/source", "required", "names the source")
		c.number(at+"/energy_sources/"+strconv.Itoa(i)+"/percentage", &s.Percentage, percentMax)
		part, _, _ := s.Percentage.Scaled(digits) // what does not fit was told above
		sum += part
	}
	const whole = percentMax * 10_000
	c.rule(len(m.Sources) == 0 || sum == whole, at+"/energy_sources", "sum", "must come to 100 per cent")
	for i := range m.Impacts {
		c.number(at+"/environ_impact/"+strconv.Itoa(i)+"/amount", &m.Impacts[i].Amount, numberMax)
	}
}
