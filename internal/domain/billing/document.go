// Package billing holds what a customer is given for his money: receipts,
// invoices, credit notes and statements.
package billing

import (
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// Kind is what a document is.
type Kind string

// The kinds. A credit note has the amounts of what it takes back, positive.
const (
	Receipt    Kind = "receipt"     // of one session, to a person
	Invoice    Kind = "invoice"     // of one session or of many
	CreditNote Kind = "credit_note" // takes another document back, whole
	Settlement Kind = "settlement"  // of a site host's month: his invoice to us, which we write for him
)

// Document is what is handed out. All that it says is in it, so that it can be
// written again years later, in the same bytes, whatever has become of stations and customers.
type Document struct {
	Kind     Kind      `json:"kind"`
	Number   string    `json:"number"` // without gaps in its series
	IssuedAt time.Time `json:"issued_at"`
	DueAt    time.Time `json:"due_at,omitzero"` // zero: nothing is to be paid any more
	Zone     string    `json:"zone"`            // IANA: its own dates are written in it, those of a charge in the charge's
	Language string    `json:"language"`        // BCP 47, one of the catalogue's

	Issuer         Party     `json:"issuer"`
	Customer       Party     `json:"customer,omitzero"`        // zero: he is not known
	BuyerReference string    `json:"buyer_reference,omitzero"` // as he asked for, such as his cost centre or his order
	From           time.Time `json:"from,omitzero"`            // period that the document is about; zero: see the charges
	To             time.Time `json:"to,omitzero"`              // exclusive: the first instant of the next period
	Credits        Reference `json:"credits,omitzero"`         // what a credit note takes back
	Reason         string    `json:"reason,omitzero"`          // for which it does, in the words of who did; "": what is known has changed
	Replaces       Reference `json:"replaces,omitzero"`        // what was taken back before, and this stands for

	Currency money.Currency `json:"currency"`
	Gross    bool           `json:"lines_gross"` // amounts and prices of lines include tax
	Lines    []Line         `json:"lines"`
	Taxes    []rating.Tax   `json:"taxes"`           // by rising rate
	Relief   Relief         `json:"relief,omitzero"` // why a rate of 0 is one
	Net      int64          `json:"net"`             // minor units, all of them
	Tax      int64          `json:"tax"`
	Total    int64          `json:"total"` // Net and Tax
	Paid     []Payment      `json:"paid,omitzero"`

	Charges []Charge `json:"charges"` // in order of time
}

// Relief says why no tax is due at a rate of 0. The zero value is [ZeroRated].
type Relief struct {
	Category TaxCategory `json:"category,omitzero"`
	Reason   string      `json:"reason,omitzero"` // in the document's language, with the law; "": the catalogue's words
}

// TaxCategory is a category of VAT as e-invoices have it (UNTDID 5305).
type TaxCategory string

// The categories of a rate of 0; any other rate is of category S.
const (
	ZeroRated     TaxCategory = "Z"
	Exempt        TaxCategory = "E"
	ReverseCharge TaxCategory = "AE" // the customer owes the tax: both have their VAT ids
)

// Reference names another document.
type Reference struct {
	Number   string    `json:"number"`
	IssuedAt time.Time `json:"issued_at"`
}

// Party is the one who issues a document, or who gets it.
type Party struct {
	Name         string `json:"name"`
	Street       string `json:"street,omitzero"`
	PostalCode   string `json:"postal_code,omitzero"`
	City         string `json:"city,omitzero"`
	Country      string `json:"country,omitzero"`      // ISO 3166-1 alpha-2
	TaxID        string `json:"tax_id,omitzero"`       // for VAT, with its country's letters
	Registration string `json:"registration,omitzero"` // in the register of companies
	Endpoint     string `json:"endpoint,omitzero"`     // where e-invoices go, as scheme:id, such as 0088:4012345000009
	Mail         string `json:"mail,omitzero"`
	Phone        string `json:"phone,omitzero"`
	IBAN         string `json:"iban,omitzero"` // where to pay
}

// Line is one line of a document.
type Line struct {
	Charge     int              `json:"charge"`        // index of the charge it belongs to; -1: of none
	Item       Item             `json:"item"`          // what it is for: the catalogue names it
	Name       string           `json:"name,omitzero"` // of a plan or promotion, as its owner calls it
	CostCentre string           `json:"cost_centre,omitzero"`
	Quantity   decimal.Decimal  `json:"quantity"`
	Unit       Unit             `json:"unit"`
	Price      *decimal.Decimal `json:"price,omitzero"` // of a unit; nil: the amount is no product
	VAT        decimal.Decimal  `json:"vat"`            // per cent
	Amount     int64            `json:"amount"`         // minor units; a discount's is negative
	Of         *Turnover        `json:"of,omitzero"`    // what a share is a share of
}

// Turnover is what sessions came to that a share is of.
type Turnover struct {
	Sessions int64              `json:"sessions"`
	Energy   unit.MilliWattHour `json:"energy_mwh"`
	Net      int64              `json:"net"` // minor units
}

// Item is what a line is for.
type Item string

// The items.
const (
	ItemEnergy       Item = "energy"
	ItemTime         Item = "time"
	ItemParking      Item = "parking"
	ItemFixed        Item = "fixed"
	ItemReservation  Item = "reservation"
	ItemIdle         Item = "idle"
	ItemPriceLimit   Item = "price_limit"
	ItemDiscount     Item = "discount"
	ItemSurcharge    Item = "surcharge"
	ItemVoucher      Item = "voucher"
	ItemAllowance    Item = "allowance" // energy that was paid for before
	ItemSolar        Item = "solar"
	ItemCap          Item = "cap"
	ItemForgiven     Item = "forgiven" // a session that gave nothing
	ItemSubscription Item = "subscription"
	ItemRounding     Item = "rounding"   // by how much the tax of the whole differs from the taxes of its parts
	ItemHostShare    Item = "host_share" // of a site host
	ItemHostFixed    Item = "host_fixed" // what he gets whatever happens
	ItemHostLeast    Item = "host_least" // what is added so that he gets the least that was agreed
)

// Unit is what a quantity is counted in.
type Unit string

// The units.
const (
	KilowattHour Unit = "kWh"
	Hour         Unit = "h"
	Minute       Unit = "min"
	Piece        Unit = "piece"
)

// Payment is money that was paid for the document.
type Payment struct {
	Method    string    `json:"method"`             // card, terminal, wallet, promo, voucher, invoice, transfer, direct_debit: the catalogue names it
	Reference string    `json:"reference,omitzero"` // the provider's
	At        time.Time `json:"at"`
	Held      int64     `json:"held,omitzero"` // minor units that were reserved before, 0: none
	Amount    int64     `json:"amount"`        // minor units
}

// Charge is a session that a document is about.
type Charge struct {
	Transaction string `json:"transaction,omitzero"` // the station's number of it
	Session     string `json:"session"`              // our id
	Token       string `json:"token,omitzero"`       // our id of what was charged with
	Site        string `json:"site"`
	Address     string `json:"address,omitzero"`
	Station     string `json:"station"`
	EVSE        string `json:"evse"`               // eMI³ id, or the station's number for it
	Connector   string `json:"connector,omitzero"` // its kind
	Zone        string `json:"zone"`               // IANA: of the site

	Start  time.Time          `json:"start"`
	End    time.Time          `json:"end"`
	Begin  unit.MilliWattHour `json:"begin_mwh"` // registers
	Finish unit.MilliWattHour `json:"finish_mwh"`
	Energy unit.MilliWattHour `json:"energy_mwh"`

	// Of a charge on an invoice of many.
	Bill       string `json:"bill,omitzero"`        // number of its receipt, or of the credit note that takes it back
	CostCentre string `json:"cost_centre,omitzero"` // of the customer
	Total      int64  `json:"total,omitzero"`       // minor units, with tax; a credit note's is negative

	Tariff string          `json:"tariff"`         // in words, as it stood when the session began
	Steps  []rating.Step   `json:"steps,omitzero"` // how the amount came about
	Signed []SignedReading `json:"signed,omitzero"`
}

// SignedReading is what a meter signed, byte for byte.
type SignedReading struct {
	Nature    string             `json:"nature"` // begin, intermediate, end: the catalogue names it
	At        time.Time          `json:"at"`
	Energy    unit.MilliWattHour `json:"energy_mwh"`
	Format    string             `json:"format"`
	Data      string             `json:"data"`
	PublicKey string             `json:"public_key"`
	Verdict   string             `json:"verdict"` // verified, failed, not_verifiable
}
