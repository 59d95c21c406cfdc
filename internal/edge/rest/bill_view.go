package rest

import (
	"fmt"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/rating"
)

// BillDetail is a bill with all that it says.
type BillDetail struct {
	Bill
	DueAt          Time           `json:"due_at" doc:"null: nothing is to be paid any more"`
	TimeZone       string         `json:"time_zone" example:"Europe/Berlin" doc:"IANA: that of its own dates"`
	Language       string         `json:"language" example:"de" doc:"BCP 47"`
	Issuer         Party          `json:"issuer"`
	Customer       *Party         `json:"customer" doc:"null: not known"`
	BuyerReference *string        `json:"buyer_reference" doc:"As the customer asked for"`
	From           Time           `json:"from" doc:"Period that it is about; null: see the charges"`
	To             Time           `json:"to" doc:"Exclusive"`
	Credits        *BillReference `json:"credits" doc:"What a credit note takes back"`
	Reason         *string        `json:"reason" doc:"For which a credit note takes it back, in the words of who did; null: what is known has changed"`
	Replaces       *BillReference `json:"replaces" doc:"What was taken back before, and this stands for"`
	LinesGross     bool           `json:"lines_gross" doc:"Amounts and prices of lines include tax"`
	Lines          []BillLine     `json:"lines"`
	Taxes          []BillTax      `json:"taxes" doc:"By rising rate"`
	Relief         *TaxRelief     `json:"relief" doc:"Why a rate of 0 is one"`
	Paid           []BillPayment  `json:"paid"`
	Charges        []BillCharge   `json:"charges" doc:"In order of time"`
}

// BillReference names another bill by its number.
type BillReference struct {
	Number   string `json:"number" example:"B2026-0000017"`
	IssuedAt Time   `json:"issued_at" nullable:"false"`
}

// BillLine is one line of a bill.
type BillLine struct {
	Charge      *int    `json:"charge" example:"0" doc:"Place in charges, from 0; null: of none"`
	Item        string  `json:"item" example:"energy" doc:"energy, time, parking, fixed, reservation, idle, price_limit, discount, surcharge, voucher, allowance, solar, cap, forgiven, subscription …"`
	Name        *string `json:"name" doc:"Of a plan or promotion, as its owner calls it"`
	CostCentre  *string `json:"cost_centre"`
	Quantity    string  `json:"quantity" example:"12.345" doc:"Decimal"`
	Unit        string  `json:"unit" enum:"kWh,h,min,piece"`
	Price       *string `json:"price" example:"0.49" doc:"Decimal, of a unit, in the currency itself; null: the amount is no product"`
	TaxPercent  string  `json:"tax_percent" example:"19" doc:"Decimal"`
	AmountMinor int64   `json:"amount_minor" doc:"A discount's is negative"`
}

// BillTax is the tax at one rate.
type BillTax struct {
	RatePercent  string `json:"rate_percent" example:"19" doc:"Decimal"`
	TaxableMinor int64  `json:"taxable_minor"`
	TaxMinor     int64  `json:"tax_minor"`
}

// TaxRelief says why no tax is due at a rate of 0.
type TaxRelief struct {
	Category string `json:"category" enum:"Z,E,AE" doc:"UNTDID 5305"`
	Reason   string `json:"reason"`
}

// BillPayment is money that was paid for a bill.
type BillPayment struct {
	Method      string  `json:"method" example:"card"`
	Reference   *string `json:"reference" doc:"The provider's"`
	PaidAt      Time    `json:"paid_at" nullable:"false"`
	HeldMinor   int64   `json:"held_minor" doc:"Reserved before; 0: nothing was"`
	AmountMinor int64   `json:"amount_minor"`
}

// BillCharge is a session as a bill tells it.
type BillCharge struct {
	SessionID     string          `json:"session_id"`
	TransactionID *string         `json:"transaction_id" doc:"The station's"`
	Site          string          `json:"site" doc:"Its name then"`
	Address       *string         `json:"address"`
	StationID     string          `json:"station_id" example:"CP-1" doc:"The OCPP identity then"`
	EVSE          string          `json:"evse" doc:"eMI³ id, or the station's number for it"`
	ConnectorType *string         `json:"connector_type"`
	TimeZone      string          `json:"time_zone" example:"Europe/Berlin" doc:"Of the site"`
	StartedAt     Time            `json:"started_at" nullable:"false"`
	EndedAt       Time            `json:"ended_at" nullable:"false"`
	BeginMWh      int64           `json:"begin_register_mwh" doc:"Milliwatt-hours"`
	EndMWh        int64           `json:"end_register_mwh"`
	EnergyMWh     int64           `json:"energy_mwh"`
	BillNumber    *string         `json:"bill_number" doc:"On an invoice of many sessions: of the receipt, or of the credit note that takes it back"`
	CostCentre    *string         `json:"cost_centre" doc:"On an invoice of many sessions: of the customer"`
	TotalMinor    *int64          `json:"total_minor" doc:"On an invoice of many sessions: with tax; a credit note's is negative"`
	Tariff        *string         `json:"tariff" doc:"In words, as it stood when the session began"`
	Steps         []PriceStep     `json:"steps" doc:"How the amount came about"`
	Signed        []SignedReading `json:"signed_readings"`
}

// PriceStep is one step of a calculation.
type PriceStep struct {
	Code   string      `json:"code" example:"line" doc:"Stable"`
	Values []StepValue `json:"values"`
	Text   string      `json:"text" doc:"In the bill's language"`
}

// StepValue is a value of a step, such as a time, a number or a code.
type StepValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// SignedReading is what a meter signed, byte for byte.
type SignedReading struct {
	Nature    string `json:"nature" example:"begin"`
	At        Time   `json:"at" nullable:"false"`
	EnergyMWh int64  `json:"energy_mwh"`
	Format    string `json:"format" example:"OCMF"`
	Data      string `json:"data"`
	PublicKey string `json:"public_key"`
	Verdict   string `json:"verdict" enum:"verified,failed,not_verifiable"`
}

// viewBillDetail shows all of a bill, the steps in its own language.
func (s *Server) viewBillDetail(b *billing.Bill) (BillDetail, error) {
	d := &b.Document
	v := BillDetail{
		Bill: viewBill(*b), DueAt: Time{d.DueAt}, TimeZone: d.Zone, Language: d.Language, Issuer: viewParty(d.Issuer),
		BuyerReference: orNull(d.BuyerReference), From: Time{d.From}, To: Time{d.To},
		Credits: viewReference(d.Credits), Reason: orNull(d.Reason), Replaces: viewReference(d.Replaces), LinesGross: d.Gross,
	}
	if d.Customer != (billing.Party{}) {
		v.Customer = new(viewParty(d.Customer))
	}
	if d.Relief != (billing.Relief{}) {
		v.Relief = &TaxRelief{Category: string(d.Relief.Category), Reason: d.Relief.Reason}
	}
	for i := range d.Lines {
		v.Lines = append(v.Lines, viewLine(&d.Lines[i]))
	}
	for _, t := range d.Taxes {
		v.Taxes = append(v.Taxes, viewTax(t))
	}
	for _, p := range d.Paid {
		v.Paid = append(v.Paid, BillPayment{Method: p.Method, Reference: orNull(p.Reference), PaidAt: Time{p.At}, HeldMinor: p.Held, AmountMinor: p.Amount})
	}
	for i := range d.Charges {
		c, err := s.viewCharge(d, &d.Charges[i])
		if err != nil {
			return BillDetail{}, fmt.Errorf("bill %s: charge %d: %w", b.ID, i, err)
		}
		v.Charges = append(v.Charges, c)
	}
	return v, nil
}

func viewReference(r billing.Reference) *BillReference {
	if r == (billing.Reference{}) {
		return nil
	}
	return &BillReference{Number: r.Number, IssuedAt: Time{r.IssuedAt}}
}

func viewTax(t rating.Tax) BillTax {
	return BillTax{RatePercent: t.Rate.String(), TaxableMinor: t.Taxable, TaxMinor: t.Tax}
}

func viewLine(l *billing.Line) BillLine {
	v := BillLine{
		Item: string(l.Item), Name: orNull(l.Name), CostCentre: orNull(l.CostCentre), Quantity: l.Quantity.String(), Unit: string(l.Unit),
		TaxPercent: l.VAT.String(), AmountMinor: l.Amount,
	}
	if l.Charge >= 0 {
		v.Charge = &l.Charge
	}
	if l.Price != nil {
		v.Price = new(l.Price.String())
	}
	return v
}

func (s *Server) viewCharge(of *billing.Document, c *billing.Charge) (BillCharge, error) {
	v := BillCharge{
		SessionID: c.Session, TransactionID: orNull(c.Transaction), Site: c.Site, Address: orNull(c.Address), StationID: c.Station, EVSE: c.EVSE, ConnectorType: orNull(c.Connector),
		TimeZone: c.Zone, StartedAt: Time{c.Start}, EndedAt: Time{c.End}, BeginMWh: int64(c.Begin), EndMWh: int64(c.Finish), EnergyMWh: int64(c.Energy),
		Tariff: orNull(c.Tariff), BillNumber: orNull(c.Bill), CostCentre: orNull(c.CostCentre), TotalMinor: someOf(c.Total),
	}
	var err error
	if v.Steps, err = s.viewSteps(of, c); err != nil {
		return BillCharge{}, err
	}
	for _, r := range c.Signed {
		v.Signed = append(v.Signed, SignedReading{
			Nature: r.Nature, At: Time{r.At}, EnergyMWh: int64(r.Energy), Format: r.Format, Data: r.Data, PublicKey: r.PublicKey, Verdict: r.Verdict,
		})
	}
	return v, nil
}

// viewSteps tells how a charge's amount came about. On an invoice of very many
// nothing is told, and no zone is looked up.
func (s *Server) viewSteps(of *billing.Document, c *billing.Charge) ([]PriceStep, error) {
	if len(c.Steps) == 0 {
		return nil, nil
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return nil, err
	}
	texts, err := s.press.Steps(c.Steps, of.Language, zone, of.Currency)
	if err != nil {
		return nil, err
	}
	var steps []PriceStep
	for i, step := range c.Steps {
		told := PriceStep{Code: step.Code, Text: texts[i]}
		for n := 0; n+1 < len(step.Values); n += 2 {
			told.Values = append(told.Values, StepValue{step.Values[n], step.Values[n+1]})
		}
		steps = append(steps, told)
	}
	return steps, nil
}
