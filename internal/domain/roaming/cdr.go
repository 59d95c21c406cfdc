// Package roaming decides what Pylon and its partners tell one another of charging,
// and whether what they say adds up.
//
// A charge detail record is made once, from the facts of a session and what the rater said, in
// the form of package trade; each version of OCPI is made of that when it is sent. So
// all partners are told the same, whatever they speak.
package roaming

import (
	"fmt"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// Facts is what a CDR tells of a session beyond what it was rated by.
type Facts struct {
	Party                  trade.Party
	ID                     string // of the CDR; 36 characters at most
	Session                string // left out when the reservation expired
	Token                  trade.Token
	AuthMethod             string
	AuthorizationReference string
	Location               trade.Location
	Meter                  string
	Tariff                 trade.Tariff // its prices are the question's
	Tax                    Tax
	Signed                 *trade.SignedData
	Remark                 string
	Invoice                string
	HomeCharger            bool
	At                     time.Time // when the CDR is made
}

// Tax is what the taxes of the CDR are called.
type Tax struct {
	Name    string // "": VAT
	Account string // of the one who remits it
}

// NewCDR returns the CDR of a session: of the tariff alone, since adjustments are between a provider
// and his driver. Amounts are rounded once, to four digits. What cannot be told is [fault.Invalid]: a total
// before taxes that nobody knows, for there is no CDR without it.
//
// A fixed price within a reservation is part of its cost, any other is fixed cost. Time is by the clock; the
// reservation is not part of it. Volumes are those measured, not those billed, and their sums are the
// totals to the last digit.
func NewCDR(f *Facts, q *rating.Question, a *rating.Answer) (*trade.CDR, error) {
	c := &trade.CDR{
		Party: f.Party, ID: f.ID, Session: f.Session, Token: f.Token,
		AuthMethod: f.AuthMethod, AuthorizationReference: f.AuthorizationReference,
		Location: f.Location, Meter: f.Meter,
		Currency: q.Tariff.Currency, Tariffs: []trade.Tariff{snapshot(f.Tariff, q)},
		Signed: f.Signed, Remark: f.Remark, Invoice: f.Invoice, HomeCharger: f.HomeCharger,
		Start: tick(q.Session.Start), End: tick(q.Session.End), UpdatedAt: tick(f.At),
	}
	if r := q.Session.Reservation; r != nil {
		c.Start = tick(r.Start)
		if r.Expired {
			expire(c, r)
		}
	}
	if err := measure(c, q, a); err != nil {
		return nil, fmt.Errorf("CDR %s: volumes: %w", f.ID, err)
	}
	if err := price(c, f.Tax, q, a); err != nil {
		return nil, fmt.Errorf("CDR %s: costs: %w", f.ID, err)
	}
	return c, nil
}

// tick returns a time as a CDR has it: to the millisecond.
func tick(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// snapshot returns the tariff as the session was rated by it: with all rates of tax that were known.
func snapshot(t trade.Tariff, q *rating.Question) trade.Tariff {
	t.Prices = q.Tariff
	if q.DefaultVAT == nil || q.Tariff.TaxIncluded == rating.TaxNone {
		return t
	}
	t.Prices.Elements = make([]rating.Element, len(q.Tariff.Elements))
	for i, e := range q.Tariff.Elements {
		components := make([]rating.Component, len(e.Components))
		for j, component := range e.Components {
			if component.VAT == nil {
				component.VAT = q.DefaultVAT
			}
			components[j] = component
		}
		t.Prices.Elements[i] = rating.Element{Components: components, Restrictions: e.Restrictions}
	}
	return t
}

// remarkExpired tells what no field of a CDR can: nobody came.
const remarkExpired = "Reservation expired unused"

// expire makes c the CDR of a reservation that nobody came for.
func expire(c *trade.CDR, r *rating.Reservation) {
	c.End, c.Session = tick(r.End), ""
	if c.Remark == "" {
		c.Remark = remarkExpired
	}
	for _, field := range []*string{&c.Location.EVSEUID, &c.Location.EVSEID, &c.Location.Connector} {
		if *field == "" {
			*field = trade.NotAvailable
		}
	}
}

// CreditID returns the id of the CDR that takes back the one with this id. With the ids that we give
// it has no more than the 36 characters that invoices leave for it.
func CreditID(id string) string { return id + "-C" }

// Credit returns the CDR that takes c back, whole: all of it, with its total negative. It has the id
// of [CreditID]. A credit cannot be taken back: [fault.Conflict].
func Credit(c *trade.CDR, at time.Time) (*trade.CDR, error) {
	if c.Credits != "" {
		return nil, fault.New(fault.Conflict, "credit_of_credit", "cdr", c.ID)
	}
	credit := *c
	credit.ID, credit.Credits, credit.UpdatedAt = CreditID(c.ID), c.ID, tick(at)
	total, err := negative(&c.Total)
	if err != nil {
		return nil, fmt.Errorf("credit of CDR %s: %w", c.ID, err)
	}
	credit.Total = *total
	return &credit, nil
}

// negative returns a price with every amount turned round.
func negative(p *trade.Price) (*trade.Price, error) {
	turned := &trade.Price{}
	var err error
	if turned.Excl, err = minus(p.Excl); err != nil {
		return nil, err
	}
	if p.Incl != nil {
		incl, err := minus(*p.Incl)
		if err != nil {
			return nil, err
		}
		turned.Incl = &incl
	}
	if p.Taxes != nil {
		turned.Taxes = []trade.Tax{}
	}
	for _, tax := range p.Taxes {
		if tax.Amount, err = minus(tax.Amount); err != nil {
			return nil, err
		}
		turned.Taxes = append(turned.Taxes, tax)
	}
	return turned, nil
}

func minus(d decimal.Decimal) (decimal.Decimal, error) {
	return money.Digits(exact.Of(d).Neg(), digits)
}
