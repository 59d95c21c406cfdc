package ocpi

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/decimal"
)

// Limits of a tariff. OCPI names none.
const (
	maxElements   = 4096 // a month has 2,976 quarters of an hour
	maxComponents = 16   // there are four dimensions
	maxDays       = 7
	maxTexts      = 200 // ISO 639-1 has 184 languages
	maxShares     = 64  // there are eight sources
)

// Tariff is what the tariffs of all versions have.
type Tariff struct {
	CountryCode   string          `json:"country_code,omitzero"`
	PartyID       string          `json:"party_id,omitzero"`
	ID            string          `json:"id,omitzero"`
	Currency      string          `json:"currency,omitzero"`
	Type          string          `json:"type,omitzero"`
	TariffAltText []DisplayText   `json:"tariff_alt_text,omitzero"`
	TariffAltURL  string          `json:"tariff_alt_url,omitzero"`
	Elements      []TariffElement `json:"elements,omitzero"`
	StartDateTime DateTime        `json:"start_date_time,omitzero"`
	EndDateTime   DateTime        `json:"end_date_time,omitzero"`
	EnergyMix     *EnergyMix      `json:"energy_mix,omitzero"`
	LastUpdated   DateTime        `json:"last_updated,omitzero"`
}

// Check implements [Object]. Tolerated is a tariff that does not say when it was last updated: the
// specification's own example does not.
func (t *Tariff) Check(r *Report) {
	r.CiString("country_code", t.CountryCode, maxCountry)
	r.CiString("party_id", t.PartyID, maxParty)
	r.CiString("id", t.ID, maxID)
	r.Currency("currency", t.Currency)
	r.Listed("type", t.Type, "AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN", "REGULAR")
	Each(r, "tariff_alt_text", t.TariffAltText, maxTexts, (*DisplayText).Check)
	r.URL("tariff_alt_url", t.TariffAltURL, maxURL)
	r.Require("elements", len(t.Elements) > 0)
	Each(r, "elements", t.Elements, maxElements, (*TariffElement).Check)
	r.OptionalTime("start_date_time", t.StartDateTime)
	r.OptionalTime("end_date_time", t.EndDateTime)
	Within(r, "energy_mix", t.EnergyMix, (*EnergyMix).Check)
	r.OptionalTime("last_updated", t.LastUpdated)
	r.Require("last_updated", t.LastUpdated != "" || !r.Strict())
}

// The lengths of what names parties and objects.
const (
	maxCountry = 2
	maxParty   = 3
	maxID      = 36
)

// DisplayText is a text for people in one language.
type DisplayText struct {
	Language string         `json:"language,omitzero"`
	Text     string         `json:"text,omitzero"`
	Unknown  jsontext.Value `json:",embed"` // fields beyond the specification, as an object
}

// Check implements [Object].
func (d *DisplayText) Check(r *Report) {
	r.String("language", d.Language, 2)
	r.String("text", d.Text, 512)
}

// TariffElement is a group of prices with the restrictions under which they apply.
type TariffElement struct {
	PriceComponents []PriceComponent    `json:"price_components,omitzero"`
	Restrictions    *TariffRestrictions `json:"restrictions,omitzero"`
	Unknown         jsontext.Value      `json:",embed"`
}

// Check implements [Object].
func (e *TariffElement) Check(r *Report) {
	r.Require("price_components", len(e.PriceComponents) > 0)
	Each(r, "price_components", e.PriceComponents, maxComponents, (*PriceComponent).Check)
	Within(r, "restrictions", e.Restrictions, (*TariffRestrictions).Check)
}

// PriceComponent is the price of one dimension.
type PriceComponent struct {
	Type     string           `json:"type,omitzero"`
	Price    *decimal.Decimal `json:"price,omitzero"`
	VAT      *decimal.Decimal `json:"vat,omitzero"`
	StepSize *int64           `json:"step_size,omitzero"`
	Unknown  jsontext.Value   `json:",embed"`
}

// Check implements [Object].
func (c *PriceComponent) Check(r *Report) {
	r.Require("type", c.Type != "")
	r.OneOf("type", c.Type, "ENERGY", "FLAT", "PARKING_TIME", "TIME")
	r.Number("price", c.Price)
	r.OptionalNumber("vat", c.VAT)
	r.Require("step_size", c.StepSize != nil)
	r.Integer("step_size", c.StepSize)
}

// TariffRestrictions says when an element applies.
type TariffRestrictions struct {
	StartTime   string           `json:"start_time,omitzero"`
	EndTime     string           `json:"end_time,omitzero"`
	StartDate   string           `json:"start_date,omitzero"`
	EndDate     string           `json:"end_date,omitzero"`
	MinKWh      *decimal.Decimal `json:"min_kwh,omitzero"`
	MaxKWh      *decimal.Decimal `json:"max_kwh,omitzero"`
	MinCurrent  *decimal.Decimal `json:"min_current,omitzero"`
	MaxCurrent  *decimal.Decimal `json:"max_current,omitzero"`
	MinPower    *decimal.Decimal `json:"min_power,omitzero"`
	MaxPower    *decimal.Decimal `json:"max_power,omitzero"`
	MinDuration *int64           `json:"min_duration,omitzero"`
	MaxDuration *int64           `json:"max_duration,omitzero"`
	DayOfWeek   []string         `json:"day_of_week,omitzero"`
	Reservation string           `json:"reservation,omitzero"`
	Unknown     jsontext.Value   `json:",embed"`
}

// Check implements [Object].
func (t *TariffRestrictions) Check(r *Report) {
	checkClock(r, "start_time", t.StartTime)
	checkClock(r, "end_time", t.EndTime)
	checkDate(r, "start_date", t.StartDate)
	checkDate(r, "end_date", t.EndDate)
	r.OptionalNumber("min_kwh", t.MinKWh)
	r.OptionalNumber("max_kwh", t.MaxKWh)
	r.OptionalNumber("min_current", t.MinCurrent)
	r.OptionalNumber("max_current", t.MaxCurrent)
	r.OptionalNumber("min_power", t.MinPower)
	r.OptionalNumber("max_power", t.MaxPower)
	r.Integer("min_duration", t.MinDuration)
	r.Integer("max_duration", t.MaxDuration)
	Each(r, "day_of_week", t.DayOfWeek, maxDays, checkDay)
	r.OneOf("reservation", t.Reservation, "RESERVATION", "RESERVATION_EXPIRES")
}

// checkClock checks an optional time of day.
func checkClock(r *Report, name, s string) {
	const shape = "15:04"
	if s == "" {
		return
	}
	if _, err := time.Parse(shape, s); err != nil || len(s) != len(shape) {
		r.Break(name, ruleFormat, "must be a time of day, such as 13:30")
	}
}

// checkDate checks an optional day.
func checkDate(r *Report, name, s string) {
	if s == "" {
		return
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		r.Break(name, ruleFormat, "must be a day, such as 2015-12-24")
	}
}

// checkDay checks a day of the week.
func checkDay(day *string, r *Report) {
	if _, ok := weekday(*day); !ok {
		r.Break("", ruleEnum, "must be a day of the week, such as MONDAY")
	}
}

// EnergyMix says where energy comes from.
type EnergyMix struct {
	IsGreenEnergy     *bool                 `json:"is_green_energy,omitzero"`
	EnergySources     []EnergySource        `json:"energy_sources,omitzero"`
	EnvironImpact     []EnvironmentalImpact `json:"environ_impact,omitzero"`
	SupplierName      string                `json:"supplier_name,omitzero"`
	EnergyProductName string                `json:"energy_product_name,omitzero"`
	Unknown           jsontext.Value        `json:",embed"`
}

// Check implements [Object].
func (m *EnergyMix) Check(r *Report) {
	r.Require("is_green_energy", m.IsGreenEnergy != nil)
	Each(r, "energy_sources", m.EnergySources, maxShares, (*EnergySource).Check)
	Each(r, "environ_impact", m.EnvironImpact, maxShares, (*EnvironmentalImpact).Check)
	r.OptionalString("supplier_name", m.SupplierName, 64)
	r.OptionalString("energy_product_name", m.EnergyProductName, 64)
}

// EnergySource is what a source has in an energy mix.
type EnergySource struct {
	Source     string           `json:"source,omitzero"`
	Percentage *decimal.Decimal `json:"percentage,omitzero"`
	Unknown    jsontext.Value   `json:",embed"`
}

// Check implements [Object].
func (s *EnergySource) Check(r *Report) {
	r.Require("source", s.Source != "")
	r.Listed("source", s.Source, "NUCLEAR", "GENERAL_FOSSIL", "COAL", "GAS", "GENERAL_GREEN", "SOLAR", "WIND", "WATER")
	r.Number("percentage", s.Percentage)
	if p := s.Percentage; p != nil && (p.Sign() < 0 || p.CmpInt(100) > 0) {
		r.Break("percentage", ruleRange, "must be between 0 and 100")
	}
}

// EnvironmentalImpact is what a kWh leaves behind.
type EnvironmentalImpact struct {
	Category string           `json:"category,omitzero"`
	Amount   *decimal.Decimal `json:"amount,omitzero"`
	Unknown  jsontext.Value   `json:",embed"`
}

// Check implements [Object].
func (i *EnvironmentalImpact) Check(r *Report) {
	r.Require("category", i.Category != "")
	r.Open("category", i.Category)
	r.Number("amount", i.Amount)
}
