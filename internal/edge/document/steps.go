package document

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"pylon/internal/edge/document/locale"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// Steps tells how an amount came about, a sentence for each step, with times in
// the zone and amounts in the currency. An unknown language is [fault.Invalid].
func (p *Press) Steps(steps []rating.Step, language string, zone *time.Location, currency money.Currency) ([]string, error) {
	l, ok := locale.Find(p.languages, language)
	if !ok {
		return nil, errLanguage(language)
	}
	if _, err := money.ParseCurrency(string(currency)); err != nil {
		return nil, fmt.Errorf("currency %q: %w", currency, err)
	}
	tell := teller{l, zone, currency}
	texts := make([]string, len(steps))
	for i := range steps {
		texts[i] = tell.step(&steps[i])
	}
	return texts, nil
}

// teller tells steps. What a value is counted in follows from its name, and of a
// volume from the dimension that the step is about.
type teller struct {
	l        *locale.Language
	zone     *time.Location
	currency money.Currency
}

// step tells a step. One that the catalogue does not know is told by its code and
// values, rather than not at all.
func (t teller) step(s *rating.Step) string {
	dimension := about(s)
	var values, conditions, all []string
	for i := 0; i+1 < len(s.Values); i += 2 {
		name := s.Values[i]
		value := t.value(s.Code, name, dimension, s.Values[i+1])
		if name == "dimension" {
			value = t.word(name, dimension)
		}
		values = append(values, name, value)
		all = append(all, clean(name)+" "+value)
		if key := "condition." + name; s.Code == "element" && t.l.Has(key) {
			conditions = append(conditions, t.l.Text(key, "value", value))
		}
	}
	if key := "step." + s.Code; t.l.Has(key) {
		text := t.l.Text(key, append(values, "conditions", strings.Join(conditions, ", "))...)
		return capital(text)
	}
	return strings.ReplaceAll(clean(s.Code), "_", " ") + ": " + strings.Join(all, ", ")
}

// about returns the dimension that a step is about, "" when it names none. A line of
// a limit is about the limit, and not about all.
func about(s *rating.Step) (dimension string) {
	for i := 0; i+1 < len(s.Values); i += 2 {
		switch {
		case s.Values[i] == "dimension" && dimension == "", s.Values[i] == "what":
			dimension = s.Values[i+1]
		case s.Values[i] == "kind" && s.Values[i+1] == "limit":
			dimension = "LIMIT"
		}
	}
	if s.Code == "step_size_parking" {
		return "TIME"
	}
	return dimension
}

// capital begins a sentence.
func capital(text string) string {
	for i, r := range text {
		return strings.ToUpper(string(r)) + text[i+len(string(r)):]
	}
	return text
}

// The names of values, by what they are counted in.
const (
	namesMoney = " amount excl incl limit before net tax gross taxable exact rounded taken per_minute cut overage most "
	namesRate  = " vat default_vat rate "
	namesKWh   = " kwh consumed volume covered before_kwh after_kwh min_kwh max_kwh "
	namesTime  = " seconds charging parking elapsed allowed below quiet grace counted min_duration max_duration "
	namesAmp   = " min_current max_current "
	namesPower = " min_power max_power "
	namesPart  = " quantity measured billed added step "
)

func among(names, name string) bool { return strings.Contains(names, " "+name+" ") }

// value writes one value.
func (t teller) value(code, name, dimension, value string) string {
	if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
		return t.l.Moment(at.In(t.zone))
	}
	if day, err := time.Parse(time.DateOnly, value); err == nil {
		return t.l.Date(day)
	}
	if clock, err := time.Parse(time.TimeOnly, value); err == nil {
		return t.l.Time(clock)
	}
	n, err := exact.Parse(value)
	if d, bad := decimal.Parse(value); bad == nil {
		n, err = exact.Of(d), nil
	}
	if err != nil {
		return t.word(name, value)
	}
	timed := slices.Contains([]string{"TIME", "PARKING_TIME", "IDLE", "CHARGING", "PARKING", "PAUSED"}, dimension)
	switch {
	case code == "short" && name == "most":
		return t.plain(n) + kWh
	case name == "price":
		return t.price(n, dimension)
	case among(namesMoney, name):
		return t.money(n)
	case among(namesRate, name):
		return t.percent(n)
	case among(namesKWh, name), among(namesPart, name) && (dimension == "ENERGY" || code == "spot" || code == "solar") && name != "step":
		return t.plain(n) + kWh
	case name == "step" && !timed:
		return t.plain(n) + "\u00a0Wh"
	case among(namesTime, name), among(namesPart, name) && timed:
		return t.duration(n)
	case among(namesAmp, name):
		return t.plain(n) + "\u00a0A"
	case among(namesPower, name):
		return t.plain(n) + "\u00a0kW"
	case name == "element": // people count from one
		return t.plain(n.Add(exact.Int(1)))
	}
	return t.plain(n)
}

const kWh = "\u00a0kWh"

// word writes what is no number: a code in the catalogue's words, several with commas, else as it is.
func (t teller) word(name, value string) string {
	codes := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' })
	known := func(code string) bool { return t.l.Has("code." + code) }
	if name == "id" || name == "zone" || len(codes) == 0 || !slices.ContainsFunc(codes, known) {
		return clean(value)
	}
	for i, code := range codes {
		codes[i] = clean(t.l.Choose("code", code))
	}
	return strings.Join(codes, ", ")
}

// plain writes a number; one without an end has four digits and says so.
func (t teller) plain(n exact.Number) string { return t.number(n, t.l.Number) }

func (t teller) money(n exact.Number) string {
	return t.number(n, func(d decimal.Decimal) string { return t.l.Price(d, t.currency) })
}

func (t teller) percent(n exact.Number) string { return t.number(n, t.l.Percent) }

// number writes a number with as many digits as it needs, up to nine; one that needs
// more has four, and one that is beyond all that is measured or paid is told as the fraction it is.
func (t teller) number(n exact.Number, write func(decimal.Decimal) string) string {
	const enough, few = 9, 4
	for places := range enough + 1 {
		if d, err := money.Digits(n, places); err == nil && exact.Of(d).Equal(n) {
			return write(d)
		}
	}
	d, err := money.Digits(n, few)
	if err != nil {
		return n.String()
	}
	return "≈\u00a0" + write(d)
}

// price writes a price with what it is for.
func (t teller) price(n exact.Number, dimension string) string {
	unit := "piece"
	switch dimension {
	case "ENERGY", "":
		unit = "kWh"
	case "TIME", "PARKING_TIME":
		unit = "h"
	case "IDLE":
		unit = "min"
	}
	return t.l.Text("per."+unit, "price", t.money(n))
}

// duration writes seconds.
func (t teller) duration(n exact.Number) string {
	p, q := n.Ratio()
	if q.IsInt64() && q.Int64() == 1 && p.IsInt64() {
		if seconds := p.Int64(); seconds >= 0 && seconds <= int64(hoursMost*time.Hour/time.Second) {
			return t.l.Duration(time.Duration(seconds) * time.Second)
		}
	}
	const minute = 60
	minutes := new(big.Int).Div(p, new(big.Int).Mul(q, big.NewInt(minute)))
	if minutes.Sign() <= 0 || !minutes.IsInt64() {
		return t.plain(n) + "\u00a0s"
	}
	rest := n.Sub(exact.Int(minutes.Int64()).Mul(exact.Int(minute)))
	return minutes.String() + "\u00a0min " + t.plain(rest) + "\u00a0s"
}

// hoursMost is the longest time that is told in hours: a century, well within a Duration.
const hoursMost = 876_000
