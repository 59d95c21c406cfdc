package host

import (
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/unit"
)

// Earning is what a bill has earned at a site. When the bill is taken back there
// is another one with the same amounts, negative.
type Earning struct {
	Bill         ident.BillID // that earned it
	Back         bool         // it is taken back
	Organisation ident.OrganisationID
	Site         ident.SiteID // "": the session's station stood nowhere
	Session      ident.SessionID
	Day          string // on which the session ended, by the site's clock: YYYY-MM-DD
	Currency     money.Currency
	Energy       unit.MilliWattHour
	Income       Income
	Cost         int64 // of the energy, in millionths of the currency

	Host      ident.HostID      // who has a share; "": nobody, and what follows is empty
	Agreement ident.AgreementID // that held when the session ended
	Share     int64             // minor units
	Month     customer.Month    // of the settlement that it belongs to: that of Day, or, when that was closed, the first one that was not
	Journal   ident.JournalID   // that posts the share; "": it is of nothing
	At        time.Time
}

// Sessions is how many sessions the earning counts for.
func (e *Earning) Sessions() int64 {
	if e.Back {
		return -1
	}
	return 1
}

// TakenBack returns the mirror of an earning. Its month and its journal are the
// caller's to say.
func (e Earning) TakenBack(at time.Time) Earning {
	e.Back, e.At, e.Journal = true, at, ""
	e.Energy, e.Cost, e.Share = -e.Energy, -e.Cost, -e.Share
	e.Income = e.Income.negative()
	return e
}

// Income is net income by class, in minor units.
type Income struct {
	Energy, Time, Parking, Fixed, Reservation int64
}

// IncomeOf returns the net income of a bill: all of it. What has no class of its
// own counts as fixed.
func IncomeOf(b *billing.Bill) Income {
	var in Income
	for class, net := range b.Sale().Income {
		switch class {
		case ledger.Energy:
			in.Energy += net
		case ledger.Time:
			in.Time += net
		case ledger.Parking:
			in.Parking += net
		case ledger.Reservation:
			in.Reservation += net
		default:
			in.Fixed += net
		}
	}
	return in
}

// Net returns the sum of all classes.
func (in Income) Net() int64 { return in.Energy + in.Time + in.Parking + in.Fixed + in.Reservation }

func (in Income) negative() Income {
	return Income{-in.Energy, -in.Time, -in.Parking, -in.Fixed, -in.Reservation}
}

// of returns the income of a class of [Classes].
func (in Income) of(c ledger.Class) int64 {
	switch c {
	case ledger.Energy:
		return in.Energy
	case ledger.Time:
		return in.Time
	case ledger.Parking:
		return in.Parking
	case ledger.Reservation:
		return in.Reservation
	case ledger.Fixed:
		return in.Fixed
	}
	return 0
}

// Tally is what earnings of one agreement come to in a month and a currency.
// Whoever settles it closes it, and nothing is added to it any more.
type Tally struct {
	Organisation ident.OrganisationID
	Host         ident.HostID
	Agreement    ident.AgreementID
	Site         ident.SiteID
	Currency     money.Currency
	Month        customer.Month
	Sessions     int64 // less those that were taken back
	Energy       unit.MilliWattHour
	Income       int64 // net, of the bills, in minor units
	Share        int64
	Settlement   ident.SettlementID // that has closed it; "": it is open
	Version      int64              // moves with every earning
}

// Margin is what a site, or all of them, earned in a time and a currency, and what
// is left of it.
type Margin struct {
	Site     ident.SiteID   // "": of all sites
	Month    customer.Month // "": of the whole time
	Currency money.Currency
	Sessions int64
	Energy   unit.MilliWattHour
	Income   Income
	Cost     int64 // of the energy, in millionths of the currency
	Share    int64 // of hosts
	Fees     int64 // of payment providers
}

// CostMinor returns what the energy cost in minor units: the sum is rounded, not
// its parts.
func (m *Margin) CostMinor() (int64, error) {
	amount, err := money.Round(millionths(m.Cost), m.Currency)
	return amount.Minor, err
}

// Left returns what is left of the income, in minor units.
func (m *Margin) Left() (int64, error) {
	cost, err := m.CostMinor()
	return m.Income.Net() - cost - m.Share - m.Fees, err
}

// MarginBy says what a report of margins has a line for.
type MarginBy string

// The possibilities; each has a line for each currency.
const (
	BySite  MarginBy = "site"
	ByMonth MarginBy = "month"
)

// Days is a stretch of days, YYYY-MM-DD: both inclusive, "" without an end.
type Days struct{ From, To string }
