// Package screen holds what stations can show their drivers of prices, and what they
// are to show.
package screen

import (
	"context"
	"strconv"
	"strings"
	"time"

	"pylon/internal/domain/device"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/unit"
)

// Station is a station with a screen, as whoever owns it offers it. Its methods are
// safe for concurrent use.
type Station interface {
	// Display returns what the station can show; a blank one when it is not to be
	// spoken to.
	Display(ctx context.Context) (Display, error)
	// Show gives the station something to show, after the answers that it waits for.
	// It returns at once; what waited there of the same transaction gives way.
	Show(Shown) error
}

// Display is what a station can show its driver of prices, as it says itself. The
// zero value shows nothing.
type Display struct {
	Cost     bool   // what the session costs, as we reckon it
	Tariff   bool   // the tariff in words
	Prices   bool   // it wants to know what holds now: it reckons by itself between two costs
	Places   int    // digits after the point that it takes at most
	Currency string // in which it shows all amounts; "": it did not say
}

// Blank reports whether the station shows nothing.
func (d Display) Blank() bool { return !d.Cost && !d.Tariff }

// placesUsual is how many digits a station takes that does not say.
const placesUsual = 3

// placesMost bounds what a station says.
const placesMost = 6

// DisplayOf reads it from what is known of a station's variables.
//
// OCPP 1.6: the key CustomDisplayCostAndPrice of the application note on
// California's pricing requirements. OCPP 2.0.1: TariffCostCtrlr's Enabled, or where
// that is not there Available, of Cost and Tariff. OCPP 2.1 gave Enabled[Cost] another
// meaning, that the station reckons the cost by itself: then we do not meddle. A
// 2.1 station shows ours when it has TotalCostFallbackMessage, which those must have
// that show costs, or one of the others and none is on; the same with TariffFallbackMessage.
// Source: OCPP 2.0.1 part 2, 2.10; 2.1 part 2, 2.12 with its errata.
func DisplayOf(m device.Model, v station.Version) Display {
	d := Display{Places: placesUsual}
	if v == station.OCPP16 {
		d.Cost = truth(m.Text(device.Name{Variable: "CustomDisplayCostAndPrice"}))
		d.Tariff, d.Prices = d.Cost, d.Cost
		d.places(m.Text(device.Name{Variable: "NumberOfDecimalsForCostValues"}))
		return d
	}
	of := func(variable, instance string) string {
		return m.Text(device.Name{Component: controller, Variable: variable, VariableInstance: instance})
	}
	d.Currency = of("Currency", "")
	d.places(of("NumberOfDecimalsForCostValues", ""))
	if v == station.OCPP201 {
		d.Cost = truth(either(of("Enabled", "Cost"), of("Available", "Cost")))
		d.Tariff = truth(either(of("Enabled", "Tariff"), of("Available", "Tariff")))
		return d
	}
	local := truth(of("Enabled", "Cost"))
	d.Cost = !local && (reports(m, "TotalCostFallbackMessage") || of("Enabled", "Cost") != "")
	d.Tariff = reports(m, "TariffFallbackMessage") || truth(either(of("Enabled", "Tariff"), of("Available", "Tariff")))
	return d
}

const controller = "TariffCostCtrlr"

// reports reports whether a variable of the controller is known, in any language.
func reports(m device.Model, variable string) bool {
	for i := range m {
		for j := range m[i].Variables {
			if v := &m[i].Variables[j]; strings.EqualFold(v.Variable, variable) && strings.EqualFold(v.Component, controller) {
				return true
			}
		}
	}
	return false
}

func (d *Display) places(text string) {
	if n, err := strconv.Atoi(text); err == nil {
		d.Places = min(max(n, 0), placesMost)
	}
}

func truth(text string) bool { return strings.EqualFold(text, "true") }

func either(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

// Kind is what is shown.
type Kind int

// The kinds.
const (
	Offer   Kind = iota // to who was authorised: what charging will cost
	Running             // what the session costs so far
	Final               // what it came to
)

// Shown is what a station is to show. Amounts are with tax, in the digits that the
// station takes.
type Shown struct {
	Kind        Kind
	Transaction string // the station's id; "" of an offer
	IDTag       string // of an offer: what the station presented
	Text        string // of an offer and a final cost
	URL         string // of a final cost: where the receipt is; "": nowhere
	Cost        decimal.Decimal
	AsOf        time.Time
	Register    unit.WattHour // of the last reading
	Idle        bool          // the car asks for nothing
	Prices      Prices
	Next        *Change
}

// Takes reports whether the station can show amounts of a currency.
func (d Display) Takes(c money.Currency) bool {
	return d.Currency == "" || strings.EqualFold(d.Currency, string(c))
}

// Amount writes a total with the digits that the station takes, but never with more
// than the currency has.
func (d Display) Amount(minor int64, c money.Currency) decimal.Decimal {
	a := money.Of(minor, c)
	short, err := money.Digits(a.Exact(), min(d.Places, c.Exponent()))
	if err != nil {
		return a.Decimal() // it is in range: it was an amount
	}
	return short
}

// Told returns prices with the digits that the station takes.
func (d Display) Told(p Prices) Prices {
	for _, price := range []**decimal.Decimal{&p.Energy, &p.Time, &p.Parking} {
		if *price == nil {
			continue
		}
		if short, err := money.Digits(exact.Of(**price), d.Places); err == nil {
			*price = &short
		}
	}
	return p
}

// Prices are what a moment is priced by, with tax: what a driver pays for one more
// unit. Discounts on the whole, caps and what was paid for before are not in them;
// they show in the cost. Each has six digits after the point at most; nil: none.
type Prices struct {
	Energy  *decimal.Decimal // per kWh
	Time    *decimal.Decimal // per hour of charging
	Parking *decimal.Decimal // per hour in which the car asks for nothing, idle fees included
	Grace   time.Duration    // before an idle fee begins
}

// Change is the next moment at which prices change.
type Change struct {
	At time.Time
	Prices
}

// Same reports whether two moments have the same prices.
func (p *Prices) Same(other *Prices) bool {
	return equal(p.Energy, other.Energy) && equal(p.Time, other.Time) && equal(p.Parking, other.Parking) && p.Grace == other.Grace
}

func equal(a, b *decimal.Decimal) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Cmp(*b) == 0
}

// Same reports whether a screen that shows one need not be told of the other.
func (x *Shown) Same(other *Shown) bool {
	return x.Kind == other.Kind && x.Cost.Cmp(other.Cost) == 0 && x.Idle == other.Idle && x.Prices.Same(&other.Prices)
}
