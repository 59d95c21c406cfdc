package vector

import (
	"strings"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// Digits after the point.
const (
	digitsLeast = 2 // that a file writes, be they zeros
	digitsMost  = 6 // of quantities, prices and sums of lines
	digitsTotal = 4 // of totals: OCPI's number has no more
)

// Answer is what a session costs, as a file has it. Numbers are texts with two
// to six digits after the point, rounded half up; nil is null, which says that
// the tariff does not let it be known.
type Answer struct {
	Billed       Billed        `json:"billed"`
	Lines        []Line        `json:"lines"`
	Subtotals    Subtotals     `json:"subtotals"`
	BeforeLimits Sum           `json:"before_limits"`
	Limits       []rating.Side `json:"limits_applied"`
	Total        Sum           `json:"total"`
	TotalExact   Exact         `json:"total_exact"`
	Invoice      *Invoice      `json:"invoice_minor"` // nil, too, when a limit changed the total
}

// Billed is what was charged for, after the step sizes.
type Billed struct {
	Reservation *string `json:"reservation_s,omitzero"` // nil: there was none
	Energy      string  `json:"energy_kwh"`
	Charging    string  `json:"charging_s"`
	Parking     string  `json:"parking_s"`
}

// Line is one line of the calculation.
type Line struct {
	Phase     rating.Phase     `json:"phase"`
	Dimension rating.Dimension `json:"dimension"`
	Element   int              `json:"element"`
	Quantity  string           `json:"quantity"`
	Unit      string           `json:"unit"` // kWh, s, 1
	Price     *string          `json:"unit_price"`
	PricePer  string           `json:"price_per"` // kWh, h, 1
	VAT       *string          `json:"vat"`
	Excl      *string          `json:"excl"`
	Incl      *string          `json:"incl"`
}

// Subtotals are the sums of kinds of lines; nil: there is no such line.
type Subtotals struct {
	Fixed       *Sum `json:"fixed"`
	Energy      *Sum `json:"energy"`
	Time        *Sum `json:"time"`
	Parking     *Sum `json:"parking"`
	Reservation *Sum `json:"reservation"` // all that belongs to it, its fixed price too
}

// Sum is an amount before and after taxes.
type Sum struct {
	Excl *string `json:"excl"`
	Incl *string `json:"incl"`
}

// Exact is a Sum as fractions.
type Exact struct {
	Excl *exact.Number `json:"excl"`
	Incl *exact.Number `json:"incl"`
}

// Invoice is what would be paid, in minor units.
type Invoice struct {
	Exponent    int     `json:"exponent"`
	LineAmounts string  `json:"line_amounts"` // net, gross
	Lines       []int64 `json:"lines"`        // in the order of Answer.Lines
	Taxes       []Tax   `json:"tax_breakdown"`
	Net         int64   `json:"net"`
	Tax         int64   `json:"tax"`
	Gross       int64   `json:"gross"`
}

// Tax is the tax at one rate.
type Tax struct {
	Rate    string `json:"rate"`
	Taxable int64  `json:"taxable"`
	Tax     int64  `json:"tax"`
}

// Of returns what a rater answered to a question, as a file has it. It tells the
// tariff's part: files know no adjustments. A number of more than 10^12 is [decimal.ErrRange].
func Of(q *rating.Question, a *rating.Answer) (*Answer, error) {
	var w writer
	out := &Answer{
		Billed: Billed{Energy: w.text(a.Billed.Energy), Charging: w.text(a.Billed.Charging), Parking: w.text(a.Billed.Parking)},
		Lines:  []Line{}, Limits: append([]rating.Side{}, a.Limits...),
		Subtotals: w.subtotals(a.Lines), BeforeLimits: w.sum(a.Before, digitsMost),
		Total: w.sum(a.Total, digitsTotal), TotalExact: Exact(a.Total),
	}
	if q.Session.Reservation != nil {
		seconds := w.text(a.Billed.Reservation)
		out.Billed.Reservation = &seconds
	}
	for i := range a.Lines {
		out.Lines = append(out.Lines, w.line(&a.Lines[i]))
	}
	if a.Invoice != nil && len(a.Limits) == 0 {
		out.Invoice = w.invoice(a.Invoice, len(a.Lines))
	}
	return out, w.err
}

// writer writes numbers and keeps the first error.
type writer struct{ err error }

// text returns n with two to six digits after the point.
func (w *writer) text(n exact.Number) string { return w.upTo(digitsMost, n) }

func (w *writer) upTo(most int, n exact.Number) string {
	rounded, err := money.Digits(n, most)
	if err != nil && w.err == nil {
		w.err = err
	}
	text := rounded.String()
	for drop := most - digitsLeast; drop > 0 && strings.HasSuffix(text, "0"); drop-- {
		text = text[:len(text)-1]
	}
	return text
}

func (w *writer) decimal(d *decimal.Decimal) *string {
	if d == nil {
		return nil
	}
	text := w.text(exact.Of(*d))
	return &text
}

func (w *writer) sum(s rating.Sum, most int) Sum {
	side := func(n *exact.Number) *string {
		if n == nil {
			return nil
		}
		text := w.upTo(most, *n)
		return &text
	}
	return Sum{side(s.Excl), side(s.Incl)}
}

func (w *writer) line(l *rating.Line) Line {
	sum := w.sum(l.Sum, digitsMost)
	out := Line{
		Phase: l.Phase, Dimension: l.Dimension, Element: l.Element,
		Quantity: w.text(l.Quantity), Price: w.decimal(l.Price), VAT: w.decimal(l.VAT), Excl: sum.Excl, Incl: sum.Incl,
	}
	switch l.Dimension {
	case rating.Energy:
		out.Unit, out.PricePer = "kWh", "kWh"
	case rating.Time, rating.ParkingTime, rating.Idle:
		out.Unit, out.PricePer = "s", "h"
	case rating.Flat, rating.Total:
		out.Quantity, out.Unit, out.PricePer = l.Quantity.String(), "1", "1"
	}
	return out
}

func (w *writer) subtotals(lines []rating.Line) Subtotals {
	add := func(belongs func(*rating.Line) bool) *Sum {
		var sum *rating.Sum
		for i := range lines {
			if l := &lines[i]; belongs(l) {
				sum = plus(sum, l.Sum)
			}
		}
		if sum == nil {
			return nil
		}
		out := w.sum(*sum, digitsMost)
		return &out
	}
	of := func(d rating.Dimension) *Sum {
		return add(func(l *rating.Line) bool { return l.Phase == rating.InSession && l.Dimension == d })
	}
	return Subtotals{
		Fixed: of(rating.Flat), Energy: of(rating.Energy), Time: of(rating.Time), Parking: of(rating.ParkingTime),
		Reservation: add(func(l *rating.Line) bool { return l.Phase == rating.InReservation }),
	}
}

// plus adds to a sum, nil for none yet. A side that is unknown stays so.
func plus(to *rating.Sum, s rating.Sum) *rating.Sum {
	if to == nil {
		return &s
	}
	side := func(a, b *exact.Number) *exact.Number {
		if a == nil || b == nil {
			return nil
		}
		sum := a.Add(*b)
		return &sum
	}
	return &rating.Sum{Excl: side(to.Excl, s.Excl), Incl: side(to.Incl, s.Incl)}
}

// invoice leaves out what is no line of the tariff.
func (w *writer) invoice(in *rating.Invoice, lines int) *Invoice {
	out := &Invoice{
		Exponent: in.Currency.Exponent(), LineAmounts: "net", Lines: append([]int64{}, in.Lines[:min(lines, len(in.Lines))]...),
		Net: in.Net, Tax: in.Tax, Gross: in.Total, Taxes: []Tax{},
	}
	if in.Gross {
		out.LineAmounts = "gross"
	}
	for _, t := range in.Taxes {
		out.Taxes = append(out.Taxes, Tax{Rate: w.text(exact.Of(t.Rate)), Taxable: t.Taxable, Tax: t.Tax})
	}
	return out
}
