package rest

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/decimal"
)

// Decimal is a number with its digits, as a text.
type Decimal struct{ decimal.Decimal }

// MarshalJSONTo writes the digits as they were written.
func (d Decimal) MarshalJSONTo(enc *jsontext.Encoder) error {
	return enc.WriteToken(jsontext.String(d.String()))
}

// UnmarshalJSONFrom reads them.
func (d *Decimal) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var text string
	if err := json.UnmarshalDecode(dec, &text); err != nil {
		return err
	}
	parsed, err := decimal.Parse(text)
	d.Decimal = parsed
	return err
}

// Schema tells the OpenAPI document what a Decimal is.
func (Decimal) Schema(huma.Registry) *huma.Schema {
	most := decimal.MaxLength
	return &huma.Schema{Type: huma.TypeString, Format: "decimal", MaxLength: &most, Description: "Decimal number; its digits are kept", Examples: []any{"0.49"}}
}

// TariffTerms are what an edition asks for and tells, in OCPI's words where it
// has some.
type TariffTerms struct {
	Currency    string          `json:"currency" minLength:"3" maxLength:"3" example:"EUR" doc:"ISO 4217"`
	TaxIncluded string          `json:"tax_included" enum:"YES,NO,N/A" doc:"Whether prices include tax; N/A: there is none"`
	Elements    []TariffElement `json:"elements" minItems:"1" maxItems:"1000" doc:"Of each dimension, the first that has a price for it and whose restrictions are met gives the price"`
	MinPrice    *TariffLimit    `json:"min_price,omitzero" doc:"Of a whole session"`
	MaxPrice    *TariffLimit    `json:"max_price,omitzero" doc:"Of a whole session"`
	DefaultVAT  *Decimal        `json:"default_vat,omitzero" doc:"Per cent, of what names no rate; left out: not known, and no bill can be made of such a price"`
	Extras      []TariffExtra   `json:"extras,omitzero" maxItems:"20" doc:"What OCPI has no words for, made one after the other; partners do not see it"`
	Texts       []TariffText    `json:"tariff_alt_text,omitzero" maxItems:"50"`
	URL         string          `json:"tariff_alt_url,omitzero" maxLength:"255"`
	Hold        *Decimal        `json:"preauthorize_amount,omitzero" doc:"What a terminal reserves on a card"`
	EnergyMix   *EnergyMix      `json:"energy_mix,omitzero"`
	Certified   bool            `json:"certified,omitzero" doc:"Energy is billed that the meter has signed, and no other: a session without proof is not billed before somebody has looked"`
}

// TariffLimit is a least or a greatest price. Each side acts by itself.
type TariffLimit struct {
	BeforeTaxes *Decimal `json:"before_taxes,omitzero"`
	AfterTaxes  *Decimal `json:"after_taxes,omitzero"`
}

// TariffElement is prices with the restrictions under which they apply.
type TariffElement struct {
	PriceComponents []TariffPrice       `json:"price_components" minItems:"1" maxItems:"4"`
	Restrictions    *TariffRestrictions `json:"restrictions,omitzero"`
}

// TariffPrice is the price of a dimension.
type TariffPrice struct {
	Type     string   `json:"type" enum:"ENERGY,FLAT,PARKING_TIME,TIME"`
	Price    Decimal  `json:"price" doc:"Per kWh, per hour, or once"`
	VAT      *Decimal `json:"vat,omitzero" doc:"Per cent"`
	StepSize int64    `json:"step_size,omitzero" minimum:"0" maximum:"100000" doc:"Wh or seconds; 1 when left out"`
}

// TariffRestrictions say when prices apply. All of them must be met; clock and
// calendar are the site's.
type TariffRestrictions struct {
	StartTime   string   `json:"start_time,omitzero" example:"22:00" doc:"Inclusive"`
	EndTime     string   `json:"end_time,omitzero" example:"06:00" doc:"Exclusive; before start_time: through midnight"`
	StartDate   string   `json:"start_date,omitzero" example:"2026-03-01" doc:"Inclusive"`
	EndDate     string   `json:"end_date,omitzero" example:"2026-04-01" doc:"Exclusive"`
	DayOfWeek   []string `json:"day_of_week,omitzero" enum:"MONDAY,TUESDAY,WEDNESDAY,THURSDAY,FRIDAY,SATURDAY,SUNDAY" maxItems:"7"`
	MinKWh      *Decimal `json:"min_kwh,omitzero" doc:"Consumed so far, inclusive"`
	MaxKWh      *Decimal `json:"max_kwh,omitzero" doc:"Exclusive"`
	MinCurrent  *Decimal `json:"min_current,omitzero" doc:"A, inclusive"`
	MaxCurrent  *Decimal `json:"max_current,omitzero" doc:"Exclusive"`
	MinPower    *Decimal `json:"min_power,omitzero" doc:"kW, inclusive"`
	MaxPower    *Decimal `json:"max_power,omitzero" doc:"Exclusive"`
	MinDuration *int64   `json:"min_duration,omitzero" doc:"Seconds since the start, inclusive"`
	MaxDuration *int64   `json:"max_duration,omitzero" doc:"Exclusive"`
	Reservation string   `json:"reservation,omitzero" enum:"RESERVATION,RESERVATION_EXPIRES" doc:"These prices are for a reservation"`
}

// TariffExtra is one of idle, spot, solar, percent, surcharge, cap and short.
type TariffExtra struct {
	ID        string           `json:"id" minLength:"1" maxLength:"64" doc:"Names its lines on a bill"`
	VAT       *Decimal         `json:"vat,omitzero" doc:"Per cent, of what it adds; default_vat when left out"`
	Series    string           `json:"series,omitzero" maxLength:"64" doc:"The series of prices (spot) or of shares of the sun (solar)"`
	Idle      *TariffIdleFee   `json:"idle,omitzero"`
	Spot      *TariffSpot      `json:"spot,omitzero"`
	Solar     *TariffSolar     `json:"solar,omitzero"`
	Percent   *TariffPercent   `json:"percent,omitzero"`
	Surcharge *TariffSurcharge `json:"surcharge,omitzero"`
	Cap       *TariffCap       `json:"cap,omitzero"`
	Short     *TariffShort     `json:"short,omitzero"`
}

// TariffIdleFee charges for time in which the car takes nothing by its own will.
type TariffIdleFee struct {
	PerMinute Decimal        `json:"per_minute"`
	GraceS    int64          `json:"grace_s,omitzero" minimum:"0" maximum:"86400" doc:"Seconds that are free"`
	Most      *Decimal       `json:"most,omitzero"`
	Quiet     []TariffWindow `json:"quiet,omitzero" maxItems:"20" doc:"Hours that do not count"`
}

// TariffWindow is a stretch of the site's clock, each day.
type TariffWindow struct {
	Start string `json:"start" example:"22:00"`
	End   string `json:"end" example:"06:00"`
}

// TariffSpot prices energy by a series of prices per kWh.
type TariffSpot struct {
	MarkupPercent *Decimal `json:"markup_percent,omitzero"`
	Markup        *Decimal `json:"markup,omitzero" doc:"Per kWh"`
	Floor         *Decimal `json:"floor,omitzero"`
	Ceiling       *Decimal `json:"ceiling,omitzero"`
	Fallback      Decimal  `json:"fallback" doc:"Per kWh, where the series has none"`
}

// TariffSolar takes something off energy that the sun over the site gave.
type TariffSolar struct {
	PerKWh Decimal `json:"per_kwh"`
}

// TariffPercent adds a share of what some dimensions have come to, or takes it off.
type TariffPercent struct {
	Of   []string `json:"of,omitzero" enum:"ENERGY,FLAT,PARKING_TIME,TIME,IDLE,TOTAL" maxItems:"6" doc:"Left out: of everything"`
	Rate Decimal  `json:"rate" doc:"Per cent"`
}

// TariffSurcharge adds a fixed amount.
type TariffSurcharge struct {
	Amount Decimal `json:"amount"`
}

// TariffCap lets no session come to more.
type TariffCap struct {
	Most Decimal `json:"most"`
}

// TariffShort forgives a session that gave nothing.
type TariffShort struct {
	BelowS int64   `json:"below_s" minimum:"1" maximum:"3600" doc:"Shorter than so many seconds"`
	KWh    Decimal `json:"kwh" doc:"With no more than so much"`
}

// TariffText explains a tariff to drivers.
type TariffText struct {
	Language string `json:"language" minLength:"2" maxLength:"2" example:"en" doc:"ISO 639-1"`
	Text     string `json:"text" minLength:"1" maxLength:"512"`
}

// EnergyMix is where energy comes from.
type EnergyMix struct {
	Green    bool                  `json:"is_green_energy"`
	Sources  []EnergySource        `json:"energy_sources,omitzero" maxItems:"20"`
	Impacts  []EnvironmentalImpact `json:"environ_impact,omitzero" maxItems:"20"`
	Supplier string                `json:"supplier_name,omitzero" maxLength:"64"`
	Product  string                `json:"energy_product_name,omitzero" maxLength:"64"`
}

// EnergySource is a part of an energy mix.
type EnergySource struct {
	Source     string  `json:"source" example:"WIND"`
	Percentage Decimal `json:"percentage"`
}

// EnvironmentalImpact is what a kWh leaves behind.
type EnvironmentalImpact struct {
	Category string  `json:"category" example:"CARBON_DIOXIDE"`
	Amount   Decimal `json:"amount" doc:"g/kWh"`
}

// Closed is a T that somebody asks with: the same members, and no others. The
// document has T open, and every structure in it a second time, closed, under a
// name that begins with New.
type Closed[T any] struct{ value T }

// UnmarshalJSONFrom reads a T.
func (c *Closed[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	return json.UnmarshalDecode(dec, &c.value)
}

// Schema is T's, closed.
func (Closed[T]) Schema(r huma.Registry) *huma.Schema {
	return closed(r, huma.SchemaFromType(r, reflect.TypeFor[T]()))
}

// closed returns a copy of a schema whose references are to closed ones.
func closed(r huma.Registry, s *huma.Schema) *huma.Schema {
	out := *s
	if s.Ref != "" {
		at := strings.LastIndex(s.Ref, "/") + 1
		name := "New" + s.Ref[at:]
		out.Ref = s.Ref[:at] + name
		if r.Map()[name] == nil {
			r.Map()[name] = closed(r, r.SchemaFromRef(s.Ref))
		}
		return &out
	}
	if s.Items != nil {
		out.Items = closed(r, s.Items)
	}
	if s.Properties != nil {
		out.Properties = map[string]*huma.Schema{}
		for name, member := range s.Properties {
			out.Properties[name] = closed(r, member)
		}
	}
	return &out
}
