package ocpi

import (
	"strings"
	"time"

	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// Trade returns what the tariff says, its limits and what its prices include left out. The tariff must have
// been checked.
func (t *Tariff) Trade() trade.Tariff {
	return trade.Tariff{
		Party:     trade.Party{CountryCode: t.CountryCode, ID: t.PartyID},
		ID:        t.ID,
		Type:      trade.TariffType(t.Type),
		AltText:   each(t.TariffAltText, func(d *DisplayText) trade.Text { return trade.Text{Language: d.Language, Text: d.Text} }),
		AltURL:    t.TariffAltURL,
		Prices:    rating.Tariff{Currency: money.Currency(t.Currency), Elements: each(t.Elements, (*TariffElement).rating)},
		From:      t.StartDateTime.Moment(),
		Until:     t.EndDateTime.Moment(),
		EnergyMix: t.EnergyMix.trade(),
		UpdatedAt: t.LastUpdated.Moment(),
	}
}

// TariffOf is the way back from [Tariff.Trade].
func TariffOf(t *trade.Tariff) Tariff {
	return Tariff{
		CountryCode:   t.Party.CountryCode,
		PartyID:       t.Party.ID,
		ID:            t.ID,
		Currency:      string(t.Prices.Currency),
		Type:          string(t.Type),
		TariffAltText: each(t.AltText, func(d *trade.Text) DisplayText { return DisplayText{Language: d.Language, Text: d.Text} }),
		TariffAltURL:  t.AltURL,
		Elements:      each(t.Prices.Elements, elementOf),
		StartDateTime: DateTimeOf(t.From),
		EndDateTime:   DateTimeOf(t.Until),
		EnergyMix:     mixOf(t.EnergyMix),
		LastUpdated:   DateTimeOf(t.UpdatedAt),
	}
}

// each returns what f makes of each item; of none, nil.
func each[T, V any](list []T, f func(*T) V) []V {
	if len(list) == 0 {
		return nil
	}
	made := make([]V, len(list))
	for i := range list {
		made[i] = f(&list[i])
	}
	return made
}

func (e *TariffElement) rating() rating.Element {
	element := rating.Element{Components: each(e.PriceComponents, (*PriceComponent).rating)}
	if e.Restrictions != nil {
		element.Restrictions = e.Restrictions.rating()
	}
	return element
}

func elementOf(e *rating.Element) TariffElement {
	return TariffElement{PriceComponents: each(e.Components, componentOf), Restrictions: restrictionsOf(&e.Restrictions)}
}

func (c *PriceComponent) rating() rating.Component {
	return rating.Component{Dimension: rating.Dimension(c.Type), Price: *c.Price, VAT: c.VAT, StepSize: *c.StepSize}
}

func componentOf(c *rating.Component) PriceComponent {
	step := c.StepSize
	if c.Dimension != rating.Flat {
		step = max(step, 1) // to us 0 is 1, to others it is a division by nothing
	}
	return PriceComponent{Type: string(c.Dimension), Price: new(c.Price), VAT: c.VAT, StepSize: &step}
}

func (t *TariffRestrictions) rating() rating.Restrictions {
	return rating.Restrictions{
		StartTime: t.StartTime, EndTime: t.EndTime, StartDate: t.StartDate, EndDate: t.EndDate,
		Days: each(t.DayOfWeek, func(name *string) time.Weekday {
			day, _ := weekday(*name) // it was checked
			return day
		}),
		MinKWh: t.MinKWh, MaxKWh: t.MaxKWh,
		MinCurrent: t.MinCurrent, MaxCurrent: t.MaxCurrent,
		MinPower: t.MinPower, MaxPower: t.MaxPower,
		MinDuration: t.MinDuration, MaxDuration: t.MaxDuration,
		Reservation: rating.Reserved(t.Reservation),
	}
}

// restrictionsOf returns nil when there are none.
func restrictionsOf(r *rating.Restrictions) *TariffRestrictions {
	t := TariffRestrictions{
		StartTime: r.StartTime, EndTime: r.EndTime, StartDate: r.StartDate, EndDate: r.EndDate,
		DayOfWeek: each(r.Days, func(day *time.Weekday) string { return strings.ToUpper(day.String()) }),
		MinKWh:    r.MinKWh, MaxKWh: r.MaxKWh,
		MinCurrent: r.MinCurrent, MaxCurrent: r.MaxCurrent,
		MinPower: r.MinPower, MaxPower: r.MaxPower,
		MinDuration: r.MinDuration, MaxDuration: r.MaxDuration,
		Reservation: string(r.Reservation),
	}
	if t.empty() {
		return nil
	}
	return &t
}

// empty reports whether nothing is restricted.
func (t *TariffRestrictions) empty() bool {
	return t.StartTime == "" && t.EndTime == "" && t.StartDate == "" && t.EndDate == "" &&
		t.MinKWh == nil && t.MaxKWh == nil && t.MinCurrent == nil && t.MaxCurrent == nil && t.MinPower == nil && t.MaxPower == nil &&
		t.MinDuration == nil && t.MaxDuration == nil && len(t.DayOfWeek) == 0 && t.Reservation == ""
}

// weekday returns the day that OCPI calls name.
func weekday(name string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.ToUpper(day.String()) == name {
			return day, true
		}
	}
	return 0, false
}

func (m *EnergyMix) trade() *trade.EnergyMix {
	if m == nil {
		return nil
	}
	return &trade.EnergyMix{
		Green: *m.IsGreenEnergy,
		Sources: each(m.EnergySources, func(s *EnergySource) trade.Share {
			return trade.Share{Source: s.Source, Percentage: *s.Percentage}
		}),
		Impacts: each(m.EnvironImpact, func(i *EnvironmentalImpact) trade.Impact {
			return trade.Impact{Category: i.Category, Amount: *i.Amount}
		}),
		Supplier: m.SupplierName,
		Product:  m.EnergyProductName,
	}
}

func mixOf(m *trade.EnergyMix) *EnergyMix {
	if m == nil {
		return nil
	}
	return &EnergyMix{
		IsGreenEnergy: new(m.Green),
		EnergySources: each(m.Sources, func(s *trade.Share) EnergySource {
			return EnergySource{Source: s.Source, Percentage: new(s.Percentage)}
		}),
		EnvironImpact: each(m.Impacts, func(i *trade.Impact) EnvironmentalImpact {
			return EnvironmentalImpact{Category: i.Category, Amount: new(i.Amount)}
		}),
		SupplierName:      m.Supplier,
		EnergyProductName: m.Product,
	}
}
