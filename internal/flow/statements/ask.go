package statements

import (
	"cmp"
	"context"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/event"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
)

// Wish is a statement that somebody wants.
type Wish struct {
	Customer ident.CustomerID
	Month    customer.Month
	Currency money.Currency // "": the organisation's
	Country  string         // whose tax it is; "": the organisation's
}

// Ask begins the statement of a month that is over, without waiting for the grace
// to end. Its invoice follows some seconds later. One that is there is statement_exists,
// and when nothing is due it is statement_empty (both [fault.Conflict]).
func (s *Service) Ask(ctx context.Context, by account.Actor, w Wish, keep func(customer.Statement) *change.Idempotency) (customer.Statement, error) {
	if err := by.Can(account.BillsWrite); err != nil {
		return customer.Statement{}, err
	}
	asked, err := s.asked(ctx, by, w)
	if err != nil {
		return customer.Statement{}, err
	}
	due, err := s.store.DueBills(ctx, by.Organisation, asked.Account, asked.until, 1)
	if err != nil {
		return customer.Statement{}, err
	}
	next, err := s.begun(ctx, by.Organisation, asked.Account, w.Month)
	switch {
	case err != nil:
		return customer.Statement{}, err
	case next == nil:
		return customer.Statement{}, errExists()
	case len(due) == 0:
		return customer.Statement{}, billing.ErrNothing
	}
	now := s.clock.Now()
	set := &change.Set{Audits: []account.Audit{{
		ID: ident.New[ident.AuditID](now), Organisation: by.Organisation, By: by.Key, ByName: by.Name,
		Action: "statement.create", Subject: string(next.ID), At: now, Detail: `{"month":"` + string(next.Month) + `"}`,
	}}}
	if keep != nil {
		set.Idempotency = keep(*next)
	}
	err = s.commitBegun(ctx, next, set)
	if fault.CodeOf(err) == change.ErrExists.Code { // somebody else was quicker
		err = errExists()
	}
	return *next, err
}

func errExists() error { return fault.New(fault.Conflict, "statement_exists") }

// Preview returns what the invoice of a month would be if it were made now; the
// month need not be over. Nothing is written.
func (s *Service) Preview(ctx context.Context, by account.Actor, w Wish) (customer.Statement, billing.Document, error) {
	if err := by.Can(account.BillsRead); err != nil {
		return customer.Statement{}, billing.Document{}, err
	}
	asked, err := s.asked(ctx, by, w)
	if fault.CodeOf(err) == errNotOver {
		err = nil
	}
	if err != nil {
		return customer.Statement{}, billing.Document{}, err
	}
	sum := billing.NewSummary(asked.Currency, asked.Country)
	add := func(b *billing.Bill) error {
		if sum.Bills() == billsMax {
			return fault.New(fault.Exhausted, "statement_too_long")
		}
		return sum.Add(b)
	}
	st := customer.Statement{Organisation: by.Organisation, Account: asked.Account, Month: w.Month}
	latest, err := s.store.StatementsOf(ctx, by.Organisation, asked.Account, 1)
	if err == nil && len(latest) > 0 && latest[0].State != customer.Issued { // goes on
		err = s.store.EachTaken(ctx, latest[0].ID, add)
	}
	if err == nil {
		err = s.store.EachDue(ctx, by.Organisation, asked.Account, asked.until, add)
	}
	if err != nil {
		return st, billing.Document{}, err
	}
	st.Bills, st.Total = sum.Bills(), sum.Total()
	if st.Bills == 0 {
		return st, billing.Document{}, billing.ErrNothing
	}
	heading, err := s.heading(ctx, &st, asked.zone)
	if err != nil {
		return st, billing.Document{}, err
	}
	d, err := sum.Document(&heading)
	return st, d, err
}

// asked is a wish with what it leaves out.
type asked struct {
	customer.Account
	zone  *time.Location
	until time.Time // exclusive: the month's end
}

// errNotOver is the code for a month that is not over.
const errNotOver = "month_not_over"

// asked completes a wish. A month that is not over is month_not_over
// ([fault.Conflict]), and all else is there.
func (s *Service) asked(ctx context.Context, by account.Actor, w Wish) (asked, error) {
	if _, err := customer.ParseMonth(string(w.Month)); err != nil {
		return asked{}, fault.Below("/month", err)
	}
	org, err := s.store.Organisation(ctx, string(by.Organisation))
	if err != nil {
		return asked{}, err
	}
	if _, err := s.store.Customer(ctx, by.Organisation, w.Customer); fault.Is(err, fault.NotFound) {
		return asked{}, fault.InvalidField("/customer_id", "unknown_value", "names no customer")
	} else if err != nil {
		return asked{}, err
	}
	zone, err := zoneOf(&org)
	if err != nil {
		return asked{}, err
	}
	a := asked{
		Account: customer.Account{Customer: w.Customer, Currency: cmp.Or(w.Currency, money.Currency(org.Currency)), Country: cmp.Or(w.Country, org.Country)},
		zone:    zone, until: w.Month.Ends(zone),
	}
	if s.clock.Now().Before(a.until) {
		return a, fault.New(fault.Conflict, errNotOver, "ends", a.until.Format(time.RFC3339))
	}
	return a, nil
}

// Notice is the data of a statement event.
type Notice struct {
	ID       ident.StatementID `json:"id"`
	Customer ident.CustomerID  `json:"customer_id"`
	Month    customer.Month    `json:"month"`
	State    customer.State    `json:"state"`
	Invoice  ident.BillID      `json:"invoice_id,omitzero"`
	Problem  string            `json:"problem,omitzero"`
	Currency string            `json:"currency"`
	Total    int64             `json:"total_minor"`
}

func told(t event.Type, st *customer.Statement, at time.Time) event.Event {
	return event.Event{
		Type: t, Organisation: st.Organisation, Subject: string(st.ID), Version: st.Version, At: at,
		Data: Notice{st.ID, st.Customer, st.Month, st.State, st.Invoice, st.Problem, string(st.Currency), st.Total},
	}
}
