package customer

import (
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
)

// Statement is what a customer is asked for a month, in one currency and with one
// country's tax: it takes the bills that are due until the month's end, those
// of months before that came late among them, and ends in one invoice.
type Statement struct {
	ID           ident.StatementID
	Organisation ident.OrganisationID
	Account
	Month     Month // the last one that it is about
	State     State
	Bills     int64        // that it has taken, credit notes among them
	Total     int64        // what they come to, in minor units
	Invoice   ident.BillID // "": none yet
	Problem   string       // the code of what kept its invoice from being made when it was last tried; "": nothing
	CreatedAt time.Time
	IssuedAt  time.Time // zero: it has no invoice yet
	Version   int64
}

// Account is what statements keep apart: an invoice has one currency, and its
// issuer's tax number is one country's.
type Account struct {
	Customer ident.CustomerID
	Currency money.Currency
	Country  string // whose tax it is
}

// State is how far a statement is.
type State string

// The states.
const (
	Open    State = "open"    // it takes bills
	Waiting State = "waiting" // they come to nothing or less: it takes those of another month, too
	Issued  State = "issued"  // its invoice is there: it takes no more
)

// Taken is a bill that a statement takes.
type Taken struct {
	Bill      ident.BillID
	Statement ident.StatementID
}

// StatementFilter chooses statements of an organisation; a zero field does not choose.
type StatementFilter struct {
	Customer ident.CustomerID
	Month    Month
	State    State
}

// Month is a month of the calendar as ISO 8601 writes it, such as 2026-05.
type Month string

const monthLayout = "2006-01"

// ParseMonth reads a month.
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse(monthLayout, s)
	if err != nil || t.Format(monthLayout) != s {
		return "", fault.InvalidField("", "pattern", "must be a month such as 2026-05")
	}
	return Month(s), nil
}

// MonthOf returns the month in which an instant is, somewhere.
func MonthOf(at time.Time, zone *time.Location) Month { return Month(at.In(zone).Format(monthLayout)) }

// Begins returns the first instant of the month, somewhere.
func (m Month) Begins(zone *time.Location) time.Time {
	t, err := time.ParseInLocation(monthLayout, string(m), zone)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// Ends returns the first instant of the next month, somewhere.
func (m Month) Ends(zone *time.Location) time.Time { return m.Next().Begins(zone) }

// Next returns the month after m.
func (m Month) Next() Month { return m.shifted(1) }

// Before returns the month before m.
func (m Month) Before() Month { return m.shifted(-1) }

func (m Month) shifted(by int) Month {
	return MonthOf(m.Begins(time.UTC).AddDate(0, by, 0), time.UTC)
}
