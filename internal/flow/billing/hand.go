package billing

import (
	"context"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Desk is where people do by hand what the consumer leaves to them: they release
// what is held, and take back what was billed. Both go the consumer's way, so a
// session has one bill that stands, or none, whoever settles it.
type Desk struct {
	*Settler
	commit func(ctx context.Context, set *change.Set) error
}

// NewDesk returns a Desk that writes with commit.
func NewDesk(s *Settler, commit func(ctx context.Context, set *change.Set) error) *Desk {
	return &Desk{s, commit}
}

// reasonMax is the longest reason that a credit note tells in a few lines.
const reasonMax = 200

// Keep renders the answer to a request, which is written with what it has changed;
// nil: nobody repeats the request.
type Keep func(billing.Tab) *change.Idempotency

// Release settles a session whose tab waits for somebody: its findings do not
// hold it any more, what was taken back is billed anew, and where the site's clocks
// have changed they are taken as they go by now. What else holds it
// goes on to do so unless it was mended. One that waits for nobody is Conflict tab_not_waiting.
func (d *Desk) Release(ctx context.Context, by account.Actor, id ident.SessionID, keep Keep) (billing.Tab, error) {
	return d.settle(ctx, by, id, keep, deed{action: "bill.release", prepare: func(ctx context.Context, c *Case) error {
		if !c.Tab.Waits() {
			return fault.New(fault.Conflict, "tab_not_waiting", "session", string(id), "state", string(c.Tab.State))
		}
		profile, err := d.Store.Profile(ctx, c.Tab.Organisation)
		if err != nil {
			return err
		}
		if c.Tab.Reason == billing.HeldZone {
			if c.Price, err = d.byClocksOfNow(ctx, c); err != nil {
				return err
			}
		}
		c.Tab = c.Tab.Release(doubts(&c.View.Session, &profile, &c.Tab))
		return nil
	}})
}

// byClocksOfNow returns what prices a session, with the clocks as they go by now.
func (d *Desk) byClocksOfNow(ctx context.Context, c *Case) (*Price, error) {
	w := work{Settler: d.Settler, tab: c.Tab}
	s, err := w.snapshot(ctx)
	if err != nil || s == nil {
		return nil, err
	}
	return PriceOf(s.WithClocks(c.View.StartedAt))
}

// TakeBack takes a session's bill back, for a reason that the credit note tells.
// The session stays without one until somebody releases it. A bill that does not
// stand, or is of no session, is Conflict bill_not_standing.
func (d *Desk) TakeBack(ctx context.Context, by account.Actor, id ident.BillID, reason string, keep Keep) (billing.Tab, error) {
	if err := by.Can(account.BillsWrite); err != nil {
		return billing.Tab{}, err
	}
	if err := checkReason(reason); err != nil {
		return billing.Tab{}, err
	}
	bill, err := d.Store.Bill(ctx, by.Organisation, id)
	if err != nil {
		return billing.Tab{}, err
	}
	gone := fault.New(fault.Conflict, "bill_not_standing", "bill", string(id))
	if bill.Session == "" {
		return billing.Tab{}, gone
	}
	return d.settle(ctx, by, bill.Session, keep, deed{action: "bill.take_back", bill: id, prepare: func(_ context.Context, c *Case) error {
		if c.Tab.Bill != id {
			return gone
		}
		c.TakeBack = reason
		return nil
	}})
}

func checkReason(reason string) error {
	if reason == "" {
		return fault.InvalidField("/reason", "required", "is told to the customer")
	}
	if utf8.RuneCountInString(reason) > reasonMax {
		return fault.InvalidField("/reason", "length", "has at most 200 characters")
	}
	return billing.Text("/reason", reason, reasonMax)
}

// deed is what somebody does by hand.
type deed struct {
	action  string
	bill    ident.BillID // that it is about; "": none
	prepare func(ctx context.Context, c *Case) error
}

// triesMax is how often a settlement is made anew because the consumer, or
// somebody else, was quicker.
const triesMax = 8

// settle settles a session as a deed wants it, and returns its tab as it is then.
func (d *Desk) settle(ctx context.Context, by account.Actor, id ident.SessionID, keep Keep, do deed) (billing.Tab, error) {
	if err := by.Can(account.BillsWrite); err != nil {
		return billing.Tab{}, err
	}
	for range triesMax {
		tab, err := d.try(ctx, by, id, keep, do)
		if !fault.Is(err, fault.Stale) {
			return tab, err
		}
	}
	return billing.Tab{}, fault.New(fault.Unavailable, "too_much_contention")
}

func (d *Desk) try(ctx context.Context, by account.Actor, id ident.SessionID, keep Keep, do deed) (billing.Tab, error) {
	c, err := d.Case(ctx, by.Organisation, id)
	if err != nil {
		return billing.Tab{}, err
	}
	if c.Fresh {
		return billing.Tab{}, fault.New(fault.NotFound, "tab_not_found", "session", string(id))
	}
	if err := do.prepare(ctx, &c); err != nil {
		return billing.Tab{}, err
	}
	set := new(change.Set)
	settled, err := d.Settler.Settle(ctx, set, &c)
	if err != nil {
		return billing.Tab{}, err
	}
	if settled.Tab == nil { // the session runs again, and is billed when it has ended
		settled.Tab = new(c.Tab.Next(d.Clock.Now()))
	}
	if err := settled.Put(ctx); err != nil {
		return billing.Tab{}, err
	}
	tab := *settled.Tab
	if err := d.audit(set, by, &tab, do); err != nil {
		return billing.Tab{}, err
	}
	if keep != nil {
		set.Idempotency = keep(tab)
	}
	return tab, d.commit(ctx, set)
}

// audit adds the line that says who did it. A reason may name people: the credit
// note has it, and the trail has not.
func (d *Desk) audit(set *change.Set, by account.Actor, t *billing.Tab, do deed) error {
	detail, err := json.Marshal(struct {
		Bill     ident.BillID     `json:"bill_id,omitzero"`
		State    billing.TabState `json:"state"`
		Reason   string           `json:"reason,omitzero"`
		Released []string         `json:"released,omitzero"`
	}{do.bill, t.State, t.Reason, t.Released})
	if err != nil {
		return err
	}
	now := t.ChangedAt
	set.Audits = append(set.Audits, account.Audit{
		ID: ident.New[ident.AuditID](now), Organisation: by.Organisation, By: by.Key, ByName: by.Name,
		Action: do.action, Subject: string(t.Session), At: now, Detail: string(detail),
	})
	return nil
}
