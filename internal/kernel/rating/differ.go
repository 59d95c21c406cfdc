package rating

import (
	"fmt"
	"slices"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
)

// Differ names every point in which two answers are not the same: none, when a
// bill may be made of them. Steps are not compared.
func Differ(a, b *Answer) []string {
	if a == b { // it is one answer
		return nil
	}
	d := differ{}
	d.number("billed energy", &a.Billed.Energy, &b.Billed.Energy)
	d.number("billed charging time", &a.Billed.Charging, &b.Billed.Charging)
	d.number("billed parking time", &a.Billed.Parking, &b.Billed.Parking)
	d.number("billed reservation time", &a.Billed.Reservation, &b.Billed.Reservation)
	if d.count("periods", len(a.Periods), len(b.Periods)) {
		for i := range a.Periods {
			d.period(i, &a.Periods[i], &b.Periods[i])
		}
	}
	d.lines("line", a.Lines, b.Lines)
	d.lines("extra", a.Extras, b.Extras)
	d.sum("sum before limits", a.Before, b.Before)
	d.sum("total", a.Total, b.Total)
	d.sum("due", a.Due, b.Due)
	d.value("limits", fmt.Sprint(a.Limits), fmt.Sprint(b.Limits))
	d.invoice(a.Invoice, b.Invoice)
	if !slices.EqualFunc(a.Flags, b.Flags, func(x, y Flag) bool { return x.Code == y.Code && x.At.Equal(y.At) }) {
		d.value("flags", fmt.Sprint(a.Flags), fmt.Sprint(b.Flags))
	}
	return d.found
}

type differ struct{ found []string }

func (d *differ) value(what, a, b string) {
	if a != b {
		d.found = append(d.found, what+": "+a+" and "+b)
	}
}

func (d *differ) count(what string, a, b int) (same bool) {
	d.value("number of "+what, fmt.Sprint(a), fmt.Sprint(b))
	return a == b
}

func (d *differ) number(what string, a, b *exact.Number) { d.value(what, number(a), number(b)) }

func number(n *exact.Number) string {
	if n == nil {
		return "unknown"
	}
	return n.String()
}

func (d *differ) sum(what string, a, b Sum) {
	d.number(what+" excluding tax", a.Excl, b.Excl)
	d.number(what+" including tax", a.Incl, b.Incl)
}

func (d *differ) period(i int, a, b *Split) {
	what := fmt.Sprintf("period %d: ", i)
	d.value(what+"start", a.Start.UTC().String(), b.Start.UTC().String())
	d.value(what+"end", a.End.UTC().String(), b.End.UTC().String())
	d.number(what+"energy", &a.Energy, &b.Energy)
	d.number(what+"charging time", &a.Charging, &b.Charging)
	d.number(what+"parking time", &a.Parking, &b.Parking)
	d.number(what+"least current", a.MinCurrent, b.MinCurrent)
	d.number(what+"greatest current", a.MaxCurrent, b.MaxCurrent)
	d.number(what+"least power", a.MinPower, b.MinPower)
	d.number(what+"greatest power", a.MaxPower, b.MaxPower)
	d.value(what+"interpolated", fmt.Sprint(a.Interpolated), fmt.Sprint(b.Interpolated))
}

func (d *differ) lines(name string, a, b []Line) {
	if !d.count(name+"s", len(a), len(b)) {
		return
	}
	for i := range a {
		x, y, what := &a[i], &b[i], fmt.Sprintf("%s %d: ", name, i)
		d.value(what+"place", place(x), place(y))
		d.number(what+"quantity", &x.Quantity, &y.Quantity)
		d.value(what+"price", rate(x.Price), rate(y.Price))
		d.value(what+"rate of tax", rate(x.VAT), rate(y.VAT))
		d.sum(what+"sum", x.Sum, y.Sum)
	}
}

func place(l *Line) string {
	return fmt.Sprintf("%s %s %s %s %d", l.Kind, l.ID, l.Phase, l.Dimension, l.Element)
}

// rate returns what a decimal says, not how it is written.
func rate(d *decimal.Decimal) string {
	if d == nil {
		return "unknown"
	}
	return exact.Of(*d).String()
}

func (d *differ) invoice(a, b *Invoice) {
	if (a == nil) != (b == nil) {
		d.value("invoice known", fmt.Sprint(a != nil), fmt.Sprint(b != nil))
	}
	if a == nil || b == nil {
		return
	}
	d.value("currency", string(a.Currency), string(b.Currency))
	d.value("invoice lines", fmt.Sprint(a.Gross, a.Lines), fmt.Sprint(b.Gross, b.Lines))
	if d.count("taxes", len(a.Taxes), len(b.Taxes)) {
		for i, x := range a.Taxes {
			y, what := b.Taxes[i], fmt.Sprintf("tax %d", i)
			d.value(what, fmt.Sprint(rate(&x.Rate), x.Taxable, x.Tax), fmt.Sprint(rate(&y.Rate), y.Taxable, y.Tax))
		}
	}
	d.value("invoice sums", fmt.Sprint(a.Net, a.Tax, a.Total), fmt.Sprint(b.Net, b.Tax, b.Total))
}
