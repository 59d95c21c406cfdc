package ocpi

import (
	"regexp"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/trade"
)

// Limits of a CDR. OCPI names none.
const (
	maxPeriods    = 1 << 14 // a day has 8,640 times ten seconds
	maxDimensions = 32      // there are thirteen
	maxTariffs    = 64      // one for each change of the driver's preferences; more is a mistake
	maxSigned     = 1024    // a value for every minute of a long night
)

// Part is a version's own part of a CDR, by pointer.
type Part[V any] interface {
	comparable
	Object
	Trade() (V, error)
}

// CDR is what the CDRs of all versions have, with the version's tariffs T and prices P.
type CDR[T Part[trade.Tariff], P Part[trade.Price]] struct {
	CountryCode              string           `json:"country_code,omitzero"`
	PartyID                  string           `json:"party_id,omitzero"`
	ID                       string           `json:"id,omitzero"`
	StartDateTime            DateTime         `json:"start_date_time,omitzero"`
	EndDateTime              DateTime         `json:"end_date_time,omitzero"`
	SessionID                string           `json:"session_id,omitzero"`
	CdrToken                 *CdrToken        `json:"cdr_token,omitzero"`
	AuthMethod               string           `json:"auth_method,omitzero"`
	AuthorizationReference   string           `json:"authorization_reference,omitzero"`
	CdrLocation              *CdrLocation     `json:"cdr_location,omitzero"`
	MeterID                  string           `json:"meter_id,omitzero"`
	Currency                 string           `json:"currency,omitzero"`
	Tariffs                  []T              `json:"tariffs,omitzero"`
	ChargingPeriods          []ChargingPeriod `json:"charging_periods,omitzero"`
	SignedData               *SignedData      `json:"signed_data,omitzero"`
	TotalCost                P                `json:"total_cost,omitzero"`
	TotalFixedCost           P                `json:"total_fixed_cost,omitzero"`
	TotalEnergy              *decimal.Decimal `json:"total_energy,omitzero"`
	TotalEnergyCost          P                `json:"total_energy_cost,omitzero"`
	TotalTime                *decimal.Decimal `json:"total_time,omitzero"`
	TotalTimeCost            P                `json:"total_time_cost,omitzero"`
	TotalParkingTime         *decimal.Decimal `json:"total_parking_time,omitzero"`
	TotalParkingCost         P                `json:"total_parking_cost,omitzero"`
	TotalReservationCost     P                `json:"total_reservation_cost,omitzero"`
	Remark                   string           `json:"remark,omitzero"`
	InvoiceReferenceID       string           `json:"invoice_reference_id,omitzero"`
	Credit                   *bool            `json:"credit,omitzero"`
	CreditReferenceID        string           `json:"credit_reference_id,omitzero"`
	HomeChargingCompensation *bool            `json:"home_charging_compensation,omitzero"`
	LastUpdated              DateTime         `json:"last_updated,omitzero"`
}

// Check implements [Object].
func (c *CDR[T, P]) Check(r *Report) {
	r.CiString("country_code", c.CountryCode, maxCountry)
	r.CiString("party_id", c.PartyID, maxParty)
	c.checkIDs(r)
	r.Time("start_date_time", c.StartDateTime)
	r.Time("end_date_time", c.EndDateTime)
	r.Require("cdr_token", c.CdrToken != nil)
	Within(r, "cdr_token", c.CdrToken, (*CdrToken).Check)
	r.Require("auth_method", c.AuthMethod != "")
	r.Listed("auth_method", c.AuthMethod, "AUTH_REQUEST", "COMMAND", "WHITELIST")
	r.OptionalCiString("authorization_reference", c.AuthorizationReference, maxID)
	r.Require("cdr_location", c.CdrLocation != nil)
	Within(r, "cdr_location", c.CdrLocation, (*CdrLocation).Check)
	r.OptionalString("meter_id", c.MeterID, 255)
	r.Currency("currency", c.Currency)
	Each(r, "tariffs", c.Tariffs, maxTariffs, func(t *T, r *Report) { needPart(r, "", *t) })
	r.Require("charging_periods", len(c.ChargingPeriods) > 0)
	Each(r, "charging_periods", c.ChargingPeriods, maxPeriods, (*ChargingPeriod).Check)
	Within(r, "signed_data", c.SignedData, (*SignedData).Check)
	c.checkTotals(r)
	r.OptionalString("remark", c.Remark, 255)
	r.Time("last_updated", c.LastUpdated)
}

// checkIDs checks the names of the CDR and of what it refers to. The id of a credit may have 39
// characters, but what refers to it in an invoice 36: ours have no more.
func (c *CDR[T, P]) checkIDs(r *Report) {
	const credit = 39
	most := credit
	if r.Strict() {
		most = maxID
	}
	r.CiString("id", c.ID, most)
	r.OptionalCiString("session_id", c.SessionID, maxID)
	r.OptionalCiString("invoice_reference_id", c.InvoiceReferenceID, credit)
	r.OptionalCiString("credit_reference_id", c.CreditReferenceID, credit)
	if c.credit() {
		r.Require("credit_reference_id", c.CreditReferenceID != "")
	}
}

// credit reports whether the CDR takes another one back.
func (c *CDR[T, P]) credit() bool { return c.Credit != nil && *c.Credit }

func (c *CDR[T, P]) checkTotals(r *Report) {
	needPart(r, "total_cost", c.TotalCost)
	checkPart(r, "total_fixed_cost", c.TotalFixedCost)
	checkPart(r, "total_energy_cost", c.TotalEnergyCost)
	checkPart(r, "total_time_cost", c.TotalTimeCost)
	checkPart(r, "total_parking_cost", c.TotalParkingCost)
	checkPart(r, "total_reservation_cost", c.TotalReservationCost)
	r.Number("total_energy", c.TotalEnergy)
	r.Number("total_time", c.TotalTime)
	r.OptionalNumber("total_parking_time", c.TotalParkingTime)
}

// needPart checks a part that must be there; the item of a list has no name.
func needPart[V any, P Part[V]](r *Report, name string, part P) {
	var none P
	switch {
	case part == none:
		r.Break(name, ruleRequired, "is required")
	case name == "":
		part.Check(r)
	default:
		r.below(name, func() { part.Check(r) })
	}
}

// checkPart checks a part, if it is there.
func checkPart[P Part[trade.Price]](r *Report, name string, part P) {
	var none P
	if part != none {
		r.below(name, func() { part.Check(r) })
	}
}

// CdrToken is what a driver identified with.
type CdrToken struct {
	CountryCode string         `json:"country_code,omitzero"`
	PartyID     string         `json:"party_id,omitzero"`
	UID         string         `json:"uid,omitzero"`
	Type        string         `json:"type,omitzero"`
	ContractID  string         `json:"contract_id,omitzero"`
	Unknown     jsontext.Value `json:",embed"`
}

// Check implements [Object].
func (t *CdrToken) Check(r *Report) {
	r.CiString("country_code", t.CountryCode, maxCountry)
	r.CiString("party_id", t.PartyID, maxParty)
	r.CiString("uid", t.UID, maxID)
	r.Require("type", t.Type != "")
	r.Open("type", t.Type)
	r.CiString("contract_id", t.ContractID, maxID)
}

// CdrLocation is where a session was.
type CdrLocation struct {
	ID                 string         `json:"id,omitzero"`
	Name               string         `json:"name,omitzero"`
	Address            string         `json:"address,omitzero"`
	City               string         `json:"city,omitzero"`
	PostalCode         string         `json:"postal_code,omitzero"`
	State              string         `json:"state,omitzero"`
	Country            string         `json:"country,omitzero"`
	Coordinates        *GeoLocation   `json:"coordinates,omitzero"`
	EVSEUID            string         `json:"evse_uid,omitzero"`
	EVSEID             string         `json:"evse_id,omitzero"`
	ConnectorID        string         `json:"connector_id,omitzero"`
	ConnectorStandard  string         `json:"connector_standard,omitzero"`
	ConnectorFormat    string         `json:"connector_format,omitzero"`
	ConnectorPowerType string         `json:"connector_power_type,omitzero"`
	Unknown            jsontext.Value `json:",embed"`
}

// Check implements [Object]. A connector of a kind that came after the version may be named in it,
// too: a session must be paid for, whatever plug it was made with.
func (l *CdrLocation) Check(r *Report) {
	r.CiString("id", l.ID, maxID)
	r.OptionalString("name", l.Name, 255)
	r.String("address", l.Address, 45)
	r.String("city", l.City, 45)
	r.OptionalString("postal_code", l.PostalCode, 10)
	r.OptionalString("state", l.State, 20)
	r.String("country", l.Country, 3)
	r.Require("coordinates", l.Coordinates != nil)
	Within(r, "coordinates", l.Coordinates, (*GeoLocation).Check)
	r.CiString("evse_uid", l.EVSEUID, maxID)
	r.CiString("evse_id", l.EVSEID, 48)
	r.CiString("connector_id", l.ConnectorID, maxID)
	r.Require("connector_standard", l.ConnectorStandard != "")
	r.Open("connector_standard", l.ConnectorStandard)
	r.Require("connector_format", l.ConnectorFormat != "")
	r.Listed("connector_format", l.ConnectorFormat, "SOCKET", "CABLE")
	r.Require("connector_power_type", l.ConnectorPowerType != "")
	r.Listed("connector_power_type", l.ConnectorPowerType, "AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC")
}

// GeoLocation is a place on earth, in WGS 84.
type GeoLocation struct {
	Latitude  string         `json:"latitude,omitzero"`
	Longitude string         `json:"longitude,omitzero"`
	Unknown   jsontext.Value `json:",embed"`
}

// Check implements [Object]. A partner's degrees may be finer or coarser than OCPI wants.
func (g *GeoLocation) Check(r *Report) {
	const most = 32
	r.CiString("latitude", g.Latitude, most)
	r.CiString("longitude", g.Longitude, most)
	if !r.Strict() {
		return
	}
	if !regexp.MustCompile(`^-?[0-9]{1,2}\.[0-9]{5,7}$`).MatchString(g.Latitude) {
		r.Break("latitude", ruleFormat, "must be degrees with five to seven digits after the point")
	}
	if !regexp.MustCompile(`^-?[0-9]{1,3}\.[0-9]{5,7}$`).MatchString(g.Longitude) {
		r.Break("longitude", ruleFormat, "must be degrees with five to seven digits after the point")
	}
}

// ChargingPeriod is a stretch of a session, with what there was in it.
type ChargingPeriod struct {
	StartDateTime DateTime       `json:"start_date_time,omitzero"`
	Dimensions    []CdrDimension `json:"dimensions,omitzero"`
	TariffID      string         `json:"tariff_id,omitzero"`
	Unknown       jsontext.Value `json:",embed"`
}

// Check implements [Object].
func (p *ChargingPeriod) Check(r *Report) {
	r.Time("start_date_time", p.StartDateTime)
	r.Require("dimensions", len(p.Dimensions) > 0)
	Each(r, "dimensions", p.Dimensions, maxDimensions, (*CdrDimension).Check)
	r.OptionalCiString("tariff_id", p.TariffID, maxID)
}

// CdrDimension is how much there was of something.
type CdrDimension struct {
	Type    string           `json:"type,omitzero"`
	Volume  *decimal.Decimal `json:"volume,omitzero"`
	Unknown jsontext.Value   `json:",embed"`
}

// Check implements [Object]. Dimensions that are for sessions only are a partner's mistake, not ours.
func (d *CdrDimension) Check(r *Report) {
	r.Require("type", d.Type != "")
	r.Listed("type", d.Type, "ENERGY", "MAX_CURRENT", "MIN_CURRENT", "MAX_POWER", "MIN_POWER", "PARKING_TIME", "RESERVATION_TIME", "TIME")
	r.Number("volume", d.Volume)
}

// SignedData is what a meter signed.
type SignedData struct {
	EncodingMethod        string         `json:"encoding_method,omitzero"`
	EncodingMethodVersion *int64         `json:"encoding_method_version,omitzero"`
	PublicKey             string         `json:"public_key,omitzero"`
	SignedValues          []SignedValue  `json:"signed_values,omitzero"`
	URL                   string         `json:"url,omitzero"`
	Unknown               jsontext.Value `json:",embed"`
}

// Check implements [Object].
func (s *SignedData) Check(r *Report) {
	r.CiString("encoding_method", s.EncodingMethod, maxID)
	r.Integer("encoding_method_version", s.EncodingMethodVersion)
	r.OptionalString("public_key", s.PublicKey, 512)
	r.Require("signed_values", len(s.SignedValues) > 0)
	Each(r, "signed_values", s.SignedValues, maxSigned, (*SignedValue).Check)
	r.URL("url", s.URL, 512)
}

// SignedValue is one signed reading.
type SignedValue struct {
	Nature     string         `json:"nature,omitzero"`
	PlainData  string         `json:"plain_data,omitzero"`
	SignedData string         `json:"signed_data,omitzero"`
	Unknown    jsontext.Value `json:",embed"`
}

// Check implements [Object].
func (v *SignedValue) Check(r *Report) {
	const most = 5000
	r.CiString("nature", v.Nature, 32)
	r.Data("plain_data", v.PlainData, most)
	r.Data("signed_data", v.SignedData, most)
}
