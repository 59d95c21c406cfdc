package rest

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// read and shown turn numbers into those of the domain and back.
func read(d *Decimal) *decimal.Decimal {
	if d == nil {
		return nil
	}
	return &d.Decimal
}

func shown(d *decimal.Decimal) *Decimal {
	if d == nil {
		return nil
	}
	return &Decimal{*d}
}

// orZero is the number, 0 when there is none.
func orZero(d *Decimal) decimal.Decimal {
	if d == nil {
		return decimal.Decimal{}
	}
	return d.Decimal
}

// unlessZero is the number, none when it is 0.
func unlessZero(d decimal.Decimal) *Decimal {
	if d.Sign() == 0 {
		return nil
	}
	return &Decimal{d}
}

// each returns what f makes of each; none of none.
func each[T, V any](list []T, f func(*T) V) []V {
	var made []V
	for i := range list {
		made = append(made, f(&list[i]))
	}
	return made
}

// if1 returns what f makes of what is there.
func if1[T, V any](p *T, f func(*T) V) *V {
	if p == nil {
		return nil
	}
	made := f(p)
	return &made
}

func (t *TariffTerms) domain() tariff.Terms {
	return tariff.Terms{
		Priced: rating.Tariff{
			Currency: money.Currency(t.Currency), TaxIncluded: rating.TaxIncluded(t.TaxIncluded),
			Elements: each(t.Elements, (*TariffElement).domain), MinPrice: t.MinPrice.domain(), MaxPrice: t.MaxPrice.domain(),
		},
		DefaultVAT: read(t.DefaultVAT), Extras: each(t.Extras, (*TariffExtra).domain), URL: t.URL, Hold: read(t.Hold),
		Texts:     each(t.Texts, func(x *TariffText) trade.Text { return trade.Text(*x) }),
		Mix:       if1(t.EnergyMix, (*EnergyMix).domain),
		Certified: t.Certified,
	}
}

func viewTerms(t *tariff.Terms) TariffTerms {
	p := &t.Priced
	return TariffTerms{
		Currency: string(p.Currency), TaxIncluded: string(p.TaxIncluded), Elements: each(p.Elements, viewElement),
		MinPrice: viewLimit(p.MinPrice), MaxPrice: viewLimit(p.MaxPrice),
		DefaultVAT: shown(t.DefaultVAT), Extras: each(t.Extras, viewExtra), URL: t.URL, Hold: shown(t.Hold),
		Texts:     each(t.Texts, func(x *trade.Text) TariffText { return TariffText(*x) }),
		EnergyMix: if1(t.Mix, viewMix),
		Certified: t.Certified,
	}
}

func (l *TariffLimit) domain() rating.Limit {
	if l == nil {
		return rating.Limit{}
	}
	return rating.Limit{Excl: read(l.BeforeTaxes), Incl: read(l.AfterTaxes)}
}

func viewLimit(l rating.Limit) *TariffLimit {
	if l == (rating.Limit{}) {
		return nil
	}
	return &TariffLimit{BeforeTaxes: shown(l.Excl), AfterTaxes: shown(l.Incl)}
}

func (e *TariffElement) domain() rating.Element {
	out := rating.Element{Components: each(e.PriceComponents, func(p *TariffPrice) rating.Component {
		step := p.StepSize
		if p.Type != string(rating.Flat) {
			step = max(step, 1)
		}
		return rating.Component{Dimension: rating.Dimension(p.Type), Price: p.Price.Decimal, VAT: read(p.VAT), StepSize: step}
	})}
	if e.Restrictions != nil {
		out.Restrictions = e.Restrictions.domain()
	}
	return out
}

func viewElement(e *rating.Element) TariffElement {
	out := TariffElement{PriceComponents: each(e.Components, func(c *rating.Component) TariffPrice {
		return TariffPrice{Type: string(c.Dimension), Price: Decimal{c.Price}, VAT: shown(c.VAT), StepSize: c.StepSize}
	})}
	if r := viewRestrictions(&e.Restrictions); !reflect.ValueOf(r).IsZero() {
		out.Restrictions = &r
	}
	return out
}

func (r *TariffRestrictions) domain() rating.Restrictions {
	return rating.Restrictions{
		StartTime: r.StartTime, EndTime: r.EndTime, StartDate: r.StartDate, EndDate: r.EndDate,
		Days: each(r.DayOfWeek, func(name *string) time.Weekday {
			return time.Weekday(slices.IndexFunc(weekdays(), func(day string) bool { return day == *name })) // one of them: the schema says so
		}),
		MinKWh: read(r.MinKWh), MaxKWh: read(r.MaxKWh), MinCurrent: read(r.MinCurrent), MaxCurrent: read(r.MaxCurrent),
		MinPower: read(r.MinPower), MaxPower: read(r.MaxPower), MinDuration: r.MinDuration, MaxDuration: r.MaxDuration,
		Reservation: rating.Reserved(r.Reservation),
	}
}

func viewRestrictions(r *rating.Restrictions) TariffRestrictions {
	return TariffRestrictions{
		StartTime: r.StartTime, EndTime: r.EndTime, StartDate: r.StartDate, EndDate: r.EndDate,
		DayOfWeek: each(r.Days, func(day *time.Weekday) string { return weekdays()[*day] }),
		MinKWh:    shown(r.MinKWh), MaxKWh: shown(r.MaxKWh), MinCurrent: shown(r.MinCurrent), MaxCurrent: shown(r.MaxCurrent),
		MinPower: shown(r.MinPower), MaxPower: shown(r.MaxPower), MinDuration: r.MinDuration, MaxDuration: r.MaxDuration,
		Reservation: string(r.Reservation),
	}
}

// weekdays are the days by [time.Weekday].
func weekdays() []string {
	var days []string
	for day := range time.Saturday + 1 {
		days = append(days, strings.ToUpper(day.String()))
	}
	return days
}

func (e *TariffExtra) domain() tariff.Extra {
	return tariff.Extra{Series: e.Series, Adjustment: rating.Adjustment{
		ID: e.ID, VAT: read(e.VAT),
		Idle: if1(e.Idle, func(f *TariffIdleFee) rating.IdleFee {
			return rating.IdleFee{
				PerMinute: f.PerMinute.Decimal, Grace: rating.Nanoseconds(f.GraceS) * rating.Nanoseconds(time.Second), Most: read(f.Most),
				Quiet: each(f.Quiet, func(w *TariffWindow) rating.Window { return rating.Window(*w) }),
			}
		}),
		Spot: if1(e.Spot, func(s *TariffSpot) rating.Spot {
			return rating.Spot{
				MarkupPercent: orZero(s.MarkupPercent), Markup: orZero(s.Markup), Floor: read(s.Floor), Ceiling: read(s.Ceiling), Fallback: s.Fallback.Decimal,
			}
		}),
		Solar: if1(e.Solar, func(s *TariffSolar) rating.Solar { return rating.Solar{PerKWh: s.PerKWh.Decimal} }),
		Percent: if1(e.Percent, func(p *TariffPercent) rating.Percent {
			return rating.Percent{Of: each(p.Of, func(d *string) rating.Dimension { return rating.Dimension(*d) }), Rate: p.Rate.Decimal}
		}),
		Surcharge: if1(e.Surcharge, func(s *TariffSurcharge) rating.Surcharge { return rating.Surcharge{Amount: s.Amount.Decimal} }),
		Cap:       if1(e.Cap, func(c *TariffCap) rating.Cap { return rating.Cap{Most: c.Most.Decimal} }),
		Short: if1(e.Short, func(s *TariffShort) rating.Short {
			return rating.Short{Below: rating.Nanoseconds(s.BelowS) * rating.Nanoseconds(time.Second), KWh: s.KWh.Decimal}
		}),
	}}
}

func viewExtra(e *tariff.Extra) TariffExtra {
	return TariffExtra{
		ID: e.ID, VAT: shown(e.VAT), Series: e.Series,
		Idle: if1(e.Idle, func(f *rating.IdleFee) TariffIdleFee {
			return TariffIdleFee{
				PerMinute: Decimal{f.PerMinute}, GraceS: int64(f.Grace / rating.Nanoseconds(time.Second)), Most: shown(f.Most),
				Quiet: each(f.Quiet, func(w *rating.Window) TariffWindow { return TariffWindow(*w) }),
			}
		}),
		Spot: if1(e.Spot, func(s *rating.Spot) TariffSpot {
			return TariffSpot{
				MarkupPercent: unlessZero(s.MarkupPercent), Markup: unlessZero(s.Markup), Floor: shown(s.Floor), Ceiling: shown(s.Ceiling), Fallback: Decimal{s.Fallback},
			}
		}),
		Solar: if1(e.Solar, func(s *rating.Solar) TariffSolar { return TariffSolar{Decimal{s.PerKWh}} }),
		Percent: if1(e.Percent, func(p *rating.Percent) TariffPercent {
			return TariffPercent{Of: each(p.Of, func(d *rating.Dimension) string { return string(*d) }), Rate: Decimal{p.Rate}}
		}),
		Surcharge: if1(e.Surcharge, func(s *rating.Surcharge) TariffSurcharge { return TariffSurcharge{Decimal{s.Amount}} }),
		Cap:       if1(e.Cap, func(c *rating.Cap) TariffCap { return TariffCap{Decimal{c.Most}} }),
		Short: if1(e.Short, func(s *rating.Short) TariffShort {
			return TariffShort{BelowS: int64(s.Below / rating.Nanoseconds(time.Second)), KWh: Decimal{s.KWh}}
		}),
	}
}

func (m *EnergyMix) domain() trade.EnergyMix {
	return trade.EnergyMix{
		Green: m.Green, Supplier: m.Supplier, Product: m.Product,
		Sources: each(m.Sources, func(s *EnergySource) trade.Share {
			return trade.Share{Source: s.Source, Percentage: s.Percentage.Decimal}
		}),
		Impacts: each(m.Impacts, func(i *EnvironmentalImpact) trade.Impact {
			return trade.Impact{Category: i.Category, Amount: i.Amount.Decimal}
		}),
	}
}

func viewMix(m *trade.EnergyMix) EnergyMix {
	return EnergyMix{
		Green: m.Green, Supplier: m.Supplier, Product: m.Product,
		Sources: each(m.Sources, func(s *trade.Share) EnergySource {
			return EnergySource{Source: s.Source, Percentage: Decimal{s.Percentage}}
		}),
		Impacts: each(m.Impacts, func(i *trade.Impact) EnvironmentalImpact {
			return EnvironmentalImpact{Category: i.Category, Amount: Decimal{i.Amount}}
		}),
	}
}
