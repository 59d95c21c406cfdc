package trade

import (
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/money"
)

// NotAvailable stands in a field that must be there and has no value, such as the EVSE of a
// reservation that nobody came for.
const NotAvailable = "#NA"

// CDR is a charge detail record: what a session was and what it costs the one
// who has the contract with the driver. Once sent it is never changed: a credit takes it back, whole.
type CDR struct {
	Party                  Party     `json:"party"` // the operator
	ID                     string    `json:"id"`    // unique with its party
	Start                  time.Time `json:"start"` // of the reservation, when there was one
	End                    time.Time `json:"end"`
	Session                string    `json:"session,omitzero"` // "": none, such as when a reservation expired
	Token                  Token     `json:"token"`
	AuthMethod             string    `json:"auth_method"` // the last one used: AUTH_REQUEST, COMMAND, WHITELIST
	AuthorizationReference string    `json:"authorization_reference,omitzero"`
	Location               Location  `json:"location"` // as it was when the session began
	Meter                  string    `json:"meter,omitzero"`

	Currency money.Currency `json:"currency"`
	Tariffs  []Tariff       `json:"tariffs,omitzero"`
	Periods  []Period       `json:"periods"`
	Signed   *SignedData    `json:"signed,omitzero"`

	Total           Price  `json:"total"` // a credit's is negative, and nothing else of it
	FixedCost       *Price `json:"fixed_cost,omitzero"`
	EnergyCost      *Price `json:"energy_cost,omitzero"`
	TimeCost        *Price `json:"time_cost,omitzero"`
	ParkingCost     *Price `json:"parking_cost,omitzero"`
	ReservationCost *Price `json:"reservation_cost,omitzero"`

	Energy      decimal.Decimal  `json:"energy_kwh"`              // measured
	Time        decimal.Decimal  `json:"time_h"`                  // of the session by the clock, parking included, the reservation not
	ParkingTime *decimal.Decimal `json:"parking_time_h,omitzero"` // by the clock, free parking included
	Remark      string           `json:"remark,omitzero"`         // for people, 255 characters at most
	Invoice     string           `json:"invoice,omitzero"`        // reference of the invoice that it will be on
	Credits     string           `json:"credits,omitzero"`        // id of the CDR that this one takes back; "": it is no credit
	HomeCharger bool             `json:"home_charger,omitzero"`   // the driver is to be paid for his energy
	UpdatedAt   time.Time        `json:"updated_at"`
}

// Price is an amount with and without taxes.
type Price struct {
	Excl decimal.Decimal  `json:"excl"`
	Incl *decimal.Decimal `json:"incl,omitzero"` // nil: not known
	// Taxes are what lies between the two: their sum is Incl - Excl. nil: not known one by one;
	// empty: there are none.
	Taxes []Tax `json:"taxes"`
}

// Tax is an amount of one tax.
type Tax struct {
	Name       string           `json:"name"`
	Account    string           `json:"account,omitzero"`    // of the one who remits it
	Percentage *decimal.Decimal `json:"percentage,omitzero"` // nil: not known, or no percentage
	Amount     decimal.Decimal  `json:"amount"`
}

// Token is what a driver identified with, and the contract behind it.
type Token struct {
	Party    Party  `json:"party"` // the provider whose it is
	UID      string `json:"uid"`
	Type     string `json:"type"` // AD_HOC_USER, APP_USER, EMAID, OTHER, RFID; a partner's may be another
	Contract string `json:"contract"`
}

// Location is where a session was.
type Location struct {
	ID         string `json:"id"`
	Name       string `json:"name,omitzero"`
	Address    string `json:"address"`
	City       string `json:"city"`
	PostalCode string `json:"postal_code,omitzero"`
	State      string `json:"state,omitzero"`
	Country    string `json:"country"`   // ISO 3166-1 alpha-3
	Latitude   string `json:"latitude"`  // degrees, five to seven digits after the point
	Longitude  string `json:"longitude"` // likewise

	EVSEUID   string `json:"evse_uid"`
	EVSEID    string `json:"evse_id"` // as people read it
	Connector string `json:"connector"`
	Standard  string `json:"standard"`   // IEC_62196_T2, …
	Format    string `json:"format"`     // SOCKET, CABLE
	PowerType string `json:"power_type"` // AC_3_PHASE, DC, …
}

// Period is a stretch of a session. It lasts until the next one starts, the last one until the end.
type Period struct {
	Start   time.Time `json:"start"`
	Volumes []Volume  `json:"volumes"`
	Tariff  string    `json:"tariff,omitzero"` // id of the tariff that it was priced by
}

// Volume is how much there was of a dimension in a period.
type Volume struct {
	Dimension Dimension       `json:"dimension"`
	Amount    decimal.Decimal `json:"amount"`
}

// Dimension is what is counted.
type Dimension string

// The dimensions of CDRs. A partner's may have another.
const (
	Energy          Dimension = "ENERGY"           // kWh
	Time            Dimension = "TIME"             // h, charging
	ParkingTime     Dimension = "PARKING_TIME"     // h, the vehicle requests no power
	ReservationTime Dimension = "RESERVATION_TIME" // h
	MinCurrent      Dimension = "MIN_CURRENT"      // A, of all phases together
	MaxCurrent      Dimension = "MAX_CURRENT"
	MinPower        Dimension = "MIN_POWER" // kW
	MaxPower        Dimension = "MAX_POWER"
)

// SignedData is what a meter signed of a session.
type SignedData struct {
	Encoding  string        `json:"encoding"`         // OCMF, …
	Version   *int64        `json:"version,omitzero"` // of the encoding
	PublicKey string        `json:"public_key,omitzero"`
	Values    []SignedValue `json:"values"`
	URL       string        `json:"url,omitzero"` // where a driver can check it
}

// SignedValue is one signed reading.
type SignedValue struct {
	Nature string `json:"nature"` // Start, End, Intermediate
	Plain  string `json:"plain"`
	Signed string `json:"signed"` // base64
}
