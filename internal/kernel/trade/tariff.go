// Package trade holds what charging networks settle their accounts by, tariffs
// and charge detail records, as every version of OCPI has them and in the shape
// of none: each version's package turns them into its own and back, and whoever
// decides about them knows these only.
//
// The words are OCPI's. Nothing is computed here. Times are in UTC; amounts and volumes are
// decimals as somebody wrote them, so what came from a partner goes back digit by digit.
package trade

import (
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
)

// Party is an operator or a provider, as the market knows it.
type Party struct {
	CountryCode string `json:"country_code"` // ISO 3166-1 alpha-2
	ID          string `json:"party_id"`     // three characters
}

// Tariff is a tariff as it is published to partners.
type Tariff struct {
	Party        Party            `json:"party"` // the operator whose it is
	ID           string           `json:"id"`    // unique with its party
	Type         TariffType       `json:"type,omitzero"`
	AltText      []Text           `json:"alt_text,omitzero"` // more about it, for people
	AltURL       string           `json:"alt_url,omitzero"`
	Prices       rating.Tariff    `json:"prices"`
	Preauthorize *decimal.Decimal `json:"preauthorize,omitzero"` // what a terminal holds on a card; 2.3.0 only
	From         time.Time        `json:"from,omitzero"`         // zero: since ever
	Until        time.Time        `json:"until,omitzero"`        // exclusive; zero: for ever
	EnergyMix    *EnergyMix       `json:"energy_mix,omitzero"`
	UpdatedAt    time.Time        `json:"updated_at"` // zero: a partner's that does not say
}

// TariffType says for which sessions a tariff is.
type TariffType string

// The types. A partner's may be another.
const (
	TariffAny     TariffType = "" // for all sessions
	TariffAdHoc   TariffType = "AD_HOC_PAYMENT"
	TariffCheap   TariffType = "PROFILE_CHEAP"
	TariffFast    TariffType = "PROFILE_FAST"
	TariffGreen   TariffType = "PROFILE_GREEN"
	TariffRegular TariffType = "REGULAR"
)

// Text is a text for people in one language.
type Text struct {
	Language string `json:"language"` // ISO 639-1
	Text     string `json:"text"`     // plain, 512 characters at most
}

// EnergyMix says where energy comes from.
type EnergyMix struct {
	Green    bool     `json:"green"`             // all of it from regenerative sources
	Sources  []Share  `json:"sources,omitzero"`  // per cent
	Impacts  []Impact `json:"impacts,omitzero"`  // what a kWh leaves behind
	Supplier string   `json:"supplier,omitzero"` // 64 characters at most
	Product  string   `json:"product,omitzero"`  // of the supplier
}

// Share is what a source has in the mix.
type Share struct {
	Source     string          `json:"source"` // SOLAR, WIND, …
	Percentage decimal.Decimal `json:"percentage"`
}

// Impact is what a kWh leaves behind.
type Impact struct {
	Category string          `json:"category"` // CARBON_DIOXIDE, NUCLEAR_WASTE, …
	Amount   decimal.Decimal `json:"amount"`   // g/kWh
}
