package ocpp

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/screen"
	"pylon/internal/kernel/decimal"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/schema"
)

// costVendor is the vendor of the messages of the application note "OCPP & California
// Pricing Requirements" of the Open Charge Alliance, with which 1.6 stations show
// prices and costs. Their data is JSON in a text.
const costVendor = "org.openchargealliance.costmsg"

// show16 is what 1.6 stations are sent.
func show16(x *screen.Shown) schema.Message {
	number, err := strconv.Atoi(x.Transaction)
	switch {
	case x.Kind == screen.Offer:
		return cost16("SetUserPrice", userPrice16{x.IDTag, x.Text})
	case err != nil: // no transaction of 1.6
		return nil
	case x.Kind == screen.Running:
		return cost16("RunningCost", runningCost(number, x))
	}
	text := x.Text
	if x.URL != "" {
		text += ", " + x.URL
	}
	return cost16("FinalCost", finalCost16{number, x.Cost, text, x.URL})
}

func cost16(message string, data any) schema.Message {
	text, err := json.Marshal(data)
	if err != nil {
		panic("ocpp: a cost that is not JSON: " + err.Error()) // all its types are ours
	}
	return &ocpp16.DataTransferRequest{VendorID: costVendor, MessageID: &message, Data: new(string(text))}
}

// userPrice16 tells a driver what charging costs, after he was authorised.
type userPrice16 struct {
	IDToken   string `json:"idToken"`
	PriceText string `json:"priceText"`
}

// runningCost16 tells what a transaction has come to, and the prices with which the
// station reckons on until the next.
type runningCost16 struct {
	TransactionID int              `json:"transactionId"`
	Timestamp     schema.Timestamp `json:"timestamp"`
	MeterValue    int64            `json:"meterValue"` // Wh
	Cost          decimal.Decimal  `json:"cost"`
	State         string           `json:"state"` // Charging, Idle
	Charging      chargingPrice16  `json:"chargingPrice"`
	Idle          *idlePrice16     `json:"idlePrice,omitzero"`
	Next          *nextPeriod16    `json:"nextPeriod,omitzero"`
	Trigger       *triggers16      `json:"triggerMeterValue,omitzero"`
}

type chargingPrice16 struct {
	KWh  *decimal.Decimal `json:"kWhPrice,omitzero"`
	Hour *decimal.Decimal `json:"hourPrice,omitzero"`
}

type idlePrice16 struct {
	GraceMinutes int              `json:"graceMinutes,omitzero"`
	Hour         *decimal.Decimal `json:"hourPrice,omitzero"`
}

type nextPeriod16 struct {
	At       schema.Timestamp `json:"atTime"`
	Charging chargingPrice16  `json:"chargingPrice"`
	Idle     *idlePrice16     `json:"idlePrice,omitzero"`
}

// triggers16 asks for a reading where the price changes, beside the usual ones.
type triggers16 struct {
	At     *schema.Timestamp `json:"atTime,omitzero"`
	Status []string          `json:"atCPStatus,omitzero"`
}

// finalCost16 tells what a transaction came to.
type finalCost16 struct {
	TransactionID int             `json:"transactionId"`
	Cost          decimal.Decimal `json:"cost"`
	PriceText     string          `json:"priceText"`
	QRCode        string          `json:"qrCodeText,omitzero"`
}

func runningCost(number int, x *screen.Shown) runningCost16 {
	r := runningCost16{
		TransactionID: number, Timestamp: schema.TimestampOf(x.AsOf), MeterValue: int64(x.Register), Cost: x.Cost, State: "Charging",
		Charging: chargingPrice16{x.Prices.Energy, x.Prices.Time}, Idle: idlePrice(&x.Prices),
	}
	if x.Idle {
		r.State = "Idle"
	}
	var t triggers16
	if n := x.Next; n != nil {
		at := schema.TimestampOf(n.At)
		r.Next = &nextPeriod16{at, chargingPrice16{n.Energy, n.Time}, idlePrice(&n.Prices)}
		t.At = &at
	}
	if r.Idle != nil { // what it did until then, and does from then on, has two prices
		t.Status = []string{"Charging", "SuspendedEV", "SuspendedEVSE"}
	}
	if t.At != nil || t.Status != nil {
		r.Trigger = &t
	}
	return r
}

func idlePrice(p *screen.Prices) *idlePrice16 {
	if p.Parking == nil || p.Parking.Sign() == 0 {
		return nil
	}
	return &idlePrice16{int(p.Grace / time.Minute), p.Parking}
}
