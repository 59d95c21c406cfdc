package sim

import (
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/kernel/decimal"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// Screen says what a station can show its driver of prices.
type Screen string

// The screens.
const (
	NoScreen     Screen = ""
	ShowsCost    Screen = "cost"    // prices and costs, and it says so
	RefusesCosts Screen = "refuses" // it says so, and takes none
)

// Shown is something of prices that a station's screen showed.
type Shown struct {
	At          time.Time
	What        ShownKind
	Transaction string // as the server knows it; "" of a price
	Cost        decimal.Decimal
	Text        string // of a price, and in 1.6 of a final cost
	Data        string // 1.6: all that came
}

// ShownKind is what was shown.
type ShownKind string

// The kinds.
const (
	ShownPrice   ShownKind = "price"
	ShownRunning ShownKind = "running"
	ShownFinal   ShownKind = "final"
)

// shownMost bounds what a station remembers of its screen: a long day.
const shownMost = 10_000

// Showed returns what the screen showed so far, the oldest first.
func (s *Station) Showed() []Shown {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.showed)
}

// show puts something on the screen, if there is one. The lock is held, here and below.
func (s *Station) show(x Shown) {
	if s.config.Screen == NoScreen || len(s.showed) >= shownMost {
		return
	}
	x.At = s.clock.Now()
	s.showed = append(s.showed, x)
	s.touch()
}

// screenLines are the settings of a station with a screen.
func screenLines(c Config) []line {
	if c.Screen == NoScreen {
		return nil
	}
	controller := func(variable, instance string, kind kind, value string) line {
		return line{component: "TariffCostCtrlr", variable: variable, instance: instance, kind: kind, access: readOnly, preset: value}
	}
	switch c.Version {
	case ocppj.V16:
		key := func(key string, kind kind, value string) line {
			return line{key: key, kind: kind, access: readOnly, preset: value}
		}
		return []line{
			key("CustomDisplayCostAndPrice", boolean, "true"), key("NumberOfDecimalsForCostValues", integer, "4"),
			{key: "DefaultPrice", kind: text, access: readWrite},
		}
	case ocppj.V201:
		return []line{
			controller("Available", "Tariff", boolean, "true"), controller("Enabled", "Tariff", boolean, "true"),
			controller("Available", "Cost", boolean, "true"), controller("Enabled", "Cost", boolean, "true"),
			controller("Currency", "", text, "EUR"),
			controller("TariffFallbackMessage", "", text, ""), controller("TotalCostFallbackMessage", "", text, ""),
		}
	}
	return []line{ // it reckons nothing by itself
		controller("Available", "Cost", boolean, "false"), controller("Enabled", "Cost", boolean, "false"),
		controller("Currency", "", text, "EUR"),
		controller("TariffFallbackMessage", "en", text, ""), controller("TotalCostFallbackMessage", "en", text, ""),
	}
}

// costUpdated shows a running cost. Source: OCPP 2.x I02.FR.03.
func (d *dialect2) costUpdated(r *ocpp21.CostUpdatedRequest) Reply {
	d.s.show(Shown{What: ShownRunning, Transaction: r.TransactionID, Cost: r.TotalCost})
	return Reply{Message: &ocpp21.CostUpdatedResponse{}}
}

// showAnswer shows what an answer to a transaction message says of its cost.
func (s *Station) showAnswer(tx *transaction, h happening, response schema.Message) {
	r, ok := response.(*ocpp21.TransactionEventResponse)
	if !ok || r.TotalCost == nil {
		return
	}
	x := Shown{What: ShownRunning, Transaction: tx.id, Cost: *r.TotalCost}
	if h.event == ended {
		x.What = ShownFinal
	}
	s.show(x)
}

// The messages of the Open Charge Alliance with which 1.6 stations show costs.
const costVendor = "org.openchargealliance.costmsg"

// cost16 is the data of any of them.
type cost16 struct {
	TransactionID *int            `json:"transactionId"`
	Cost          decimal.Decimal `json:"cost"`
	IDToken       string          `json:"idToken"`
	PriceText     string          `json:"priceText"`
}

// showCost shows what came in a message of the vendor; what is about no transaction
// that the station has had is rejected.
func (d dialect16) showCost(r *ocpp16.DataTransferRequest) ocpp16.DataTransferStatus {
	var c cost16
	if json.Unmarshal([]byte(value(r.Data)), &c) != nil {
		return ocpp16.DataTransferStatusRejected
	}
	x := Shown{Cost: c.Cost, Text: c.PriceText, Data: value(r.Data)}
	switch value(r.MessageID) {
	case "SetUserPrice":
		x.What = ShownPrice
	case "RunningCost":
		x.What = ShownRunning
	case "FinalCost":
		x.What = ShownFinal
	default:
		return ocpp16.DataTransferStatusUnknownMessageId
	}
	if x.What != ShownPrice {
		if c.TransactionID == nil || !d.s.had(strconv.Itoa(*c.TransactionID)) {
			return ocpp16.DataTransferStatusRejected
		}
		x.Transaction = strconv.Itoa(*c.TransactionID)
	}
	d.s.show(x)
	return ocpp16.DataTransferStatusAccepted
}

// had says whether the station has had a transaction, as the server knows it; one that
// has just been answered may not have its number yet.
func (s *Station) had(transaction string) bool {
	return slices.ContainsFunc(s.sessions, func(session *Session) bool { return session.TransactionID == transaction }) ||
		slices.ContainsFunc(s.evses, func(e *evse) bool { return e.tx != nil && !e.tx.named })
}
