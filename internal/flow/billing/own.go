package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/plan"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// What a customer brings to the price of his session (his plan, his vouchers) is
// read for the question and written with the bill. Both see the same version of
// the rows: whoever else used something of them meanwhile makes the commit stale, and
// the session is settled anew.

// Plans is what billing reads of customers' plans and vouchers. Look-ups that find
// nothing return an error of kind NotFound.
type Plans interface {
	Organisation(ctx context.Context, ref string) (account.Organisation, error)
	Offer(ctx context.Context, org ident.OrganisationID, id ident.PlanID) (plan.Plan, error)
	Subscription(ctx context.Context, org ident.OrganisationID, id ident.SubscriptionID) (plan.Subscription, error)
	CustomerSubscriptions(ctx context.Context, id ident.CustomerID, at time.Time) ([]plan.Subscription, error)
	PlanMonth(ctx context.Context, id ident.SubscriptionID, m plan.Month) (plan.Usage, error)
	PlanMonths(ctx context.Context, id ident.CustomerID, from, before plan.Month) ([]plan.Usage, error)
	Living(ctx context.Context, org ident.OrganisationID, id ident.CustomerID, at time.Time) ([]plan.Held, error)
	Redemption(ctx context.Context, id ident.RedemptionID) (plan.Held, error)
	Uses(ctx context.Context, id ident.SessionID) ([]plan.Use, error)
	BalanceOf(ctx context.Context, a ledger.Account) (int64, error)
}

// purse is what a settlement has read of what customers have.
type purse struct {
	before []plan.Use   // what the session used as it was settled before
	months []plan.Usage // as they were read
	held   []plan.Held  // likewise
	member *plan.Membership
	own    *plan.Own // nil: nobody we know pays, or nobody has asked
}

// bring returns what the customer brings to the price of the session until end.
func (w *work) bring(ctx context.Context, by *tariff.Snapshot, end time.Time) (*plan.Own, error) {
	if w.purse.own != nil {
		return w.purse.own, nil
	}
	if err := w.remember(ctx); err != nil {
		return nil, err
	}
	h := plan.Holding{Start: w.view.StartedAt, End: end, Zone: time.UTC}
	who, err := w.payer(ctx)
	if err != nil {
		return nil, err
	}
	if h.Customer = who.ID; h.Customer != "" {
		err = errors.Join(w.membership(ctx, &h), w.vouchers(ctx, &h))
	}
	if err != nil {
		return nil, err
	}
	w.purse.member = h.Month
	w.purse.own = h.Own(by.Terms.Priced.Currency, by.Terms.DefaultVAT != nil)
	return w.purse.own, nil
}

// remember reads what the session used before: while no bill stands, nothing.
func (w *work) remember(ctx context.Context) (err error) {
	if w.tab.Bill != "" && w.purse.before == nil {
		w.purse.before, err = w.Store.Uses(ctx, w.view.ID)
	}
	return err
}

// membership reads the subscription that is in force when the session begins.
func (w *work) membership(ctx context.Context, h *plan.Holding) error {
	all, err := w.Store.CustomerSubscriptions(ctx, h.Customer, h.Start)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(s plan.Subscription) bool { return s.State(h.Start) != plan.Active })
	if len(all) == 0 {
		return nil
	}
	s := slices.MaxFunc(all, func(a, b plan.Subscription) int { return a.From.Compare(b.From) })
	of, err := w.Store.Organisation(ctx, string(s.Organisation))
	if err != nil {
		return err
	}
	if h.Zone, err = time.LoadLocation(of.TimeZone); err != nil {
		return fmt.Errorf("organisation %s: %w", of.ID, err)
	}
	m := &plan.Membership{Subscription: s}
	if m.Plan, err = w.Store.Offer(ctx, s.Organisation, s.Plan); err != nil {
		return fmt.Errorf("plan %s of subscription %s: %w", s.Plan, s.ID, err)
	}
	month := plan.MonthOf(h.Start, h.Zone)
	if l := m.Plan.Terms.Loyalty; l != nil {
		if m.Before, err = w.Store.PlanMonths(ctx, h.Customer, month.Add(-l.Months), month); err != nil {
			return err
		}
	}
	read, err := w.month(ctx, plan.Usage{Subscription: s.ID, Month: month, Organisation: s.Organisation, Customer: s.Customer})
	if err != nil {
		return err
	}
	m.Usage = *read
	for i := range w.purse.before {
		if u := &w.purse.before[i]; u.Source == string(s.ID) && u.Month == month {
			m.Usage.Return(u)
		}
	}
	h.Month = m
	return nil
}

// vouchers reads the vouchers that the customer has, and those that the session
// used before.
func (w *work) vouchers(ctx context.Context, h *plan.Holding) error {
	living, err := w.Store.Living(ctx, w.view.Organisation, h.Customer, h.Start)
	if err != nil {
		return err
	}
	for i := range living {
		w.hold(living[i])
	}
	for i := range w.purse.before {
		u := &w.purse.before[i]
		if id, err := ident.Parse[ident.RedemptionID](u.Source); err == nil && u.Sessions > 0 {
			if _, err := w.redemption(ctx, id); err != nil {
				return err
			}
			h.Had = append(h.Had, u.Source)
		}
	}
	h.Held = slices.Clone(w.purse.held)
	for i := range h.Held {
		v := &h.Held[i]
		for n := range w.purse.before {
			if u := &w.purse.before[n]; u.Source == string(v.ID) {
				v.Return(u)
			}
		}
	}
	h.Held = slices.DeleteFunc(h.Held, func(v plan.Held) bool { return v.Customer != h.Customer })
	return nil
}

// month reads what a month has come to: as it is about to be written, or else as it
// stands.
func (w *work) month(ctx context.Context, of plan.Usage) (*plan.Usage, error) {
	same := func(u plan.Usage) bool { return u.Key() == of.Key() }
	if i := slices.IndexFunc(w.purse.months, same); i >= 0 {
		return &w.purse.months[i], nil
	}
	if i := slices.IndexFunc(w.set.Usages, same); i >= 0 {
		of = w.set.Usages[i]
	} else {
		u, err := w.Store.PlanMonth(ctx, of.Subscription, of.Month)
		switch {
		case err == nil:
			of = u
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	w.purse.months = append(w.purse.months, of)
	return &w.purse.months[len(w.purse.months)-1], nil
}

// redemption reads a voucher in somebody's hands, likewise.
func (w *work) redemption(ctx context.Context, id ident.RedemptionID) (*plan.Held, error) {
	if i := slices.IndexFunc(w.purse.held, func(h plan.Held) bool { return h.ID == id }); i >= 0 {
		return &w.purse.held[i], nil
	}
	h, err := w.Store.Redemption(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("redemption %s: %w", id, err)
	}
	return w.hold(h), nil
}

// hold keeps a voucher that was read: as it is about to be written, if it is.
func (w *work) hold(h plan.Held) *plan.Held {
	for _, r := range w.set.Redemptions {
		if r.ID == h.ID {
			h.Redemption = r
		}
	}
	w.purse.held = append(w.purse.held, h)
	return &w.purse.held[len(w.purse.held)-1]
}

// turn is what a session used of a source and uses of it from now on.
type turn struct{ was, now plan.Use }

// spend adds to the set what the session uses from now on, in place of what it
// used before, and the points that it earns: when another bill stands, or none.
func (w *work) spend(ctx context.Context, out *billing.Outcome) error {
	if out.Tab.Bill == w.tab.Bill {
		return nil
	}
	if err := w.remember(ctx); err != nil {
		return err
	}
	now := out.Tab.ChangedAt
	var uses []plan.Use
	if out.Tab.Bill != "" && w.purse.own != nil && w.rated != nil {
		uses = w.purse.own.Uses(w.rated.Question, w.rated.Answer, w.view.ID, now)
		w.reward(uses, out)
	}
	for _, t := range turns(w.purse.before, uses, now) {
		if err := w.move(ctx, &t); err != nil {
			return err
		}
		if err := w.forfeit(ctx, &t.was, now); err != nil {
			return err
		}
		w.set.Uses = append(w.set.Uses, t.now)
	}
	return nil
}

// turns pairs what was used with what is used now.
func turns(before, uses []plan.Use, now time.Time) []turn {
	var all []turn
	for _, u := range uses {
		all = append(all, turn{was: plan.Use{Source: u.Source, Month: u.Month}, now: u})
	}
	for _, b := range before {
		i := slices.IndexFunc(all, func(t turn) bool { return t.was.Source == b.Source && t.was.Month == b.Month })
		if i < 0 {
			all = append(all, turn{now: b.Back(now)})
			i = len(all) - 1
		}
		all[i].was = b
	}
	return all
}

// move writes the row of which the session uses something.
func (w *work) move(ctx context.Context, t *turn) error {
	if t.was.Month != "" {
		read, err := w.month(ctx, plan.Usage{
			Subscription: ident.SubscriptionID(t.now.Source), Month: t.now.Month, Organisation: t.now.Organisation, Customer: t.now.Customer,
		})
		if err != nil {
			return err
		}
		next := *read
		next.Return(&t.was)
		next.Take(&t.now)
		w.set.Usages, err = written(w.set.Usages, *read, next)
		return err
	}
	read, err := w.redemption(ctx, ident.RedemptionID(t.now.Source))
	if err != nil {
		return err
	}
	next := *read
	next.Return(&t.was)
	next.Take(&t.now)
	w.set.Redemptions, err = written(w.set.Redemptions, read.Redemption, next.Redemption)
	return err
}

// written returns the rows of a set with one as it is next that was read before. One
// that has changed in the set since then is [change.ErrStale].
func written[T interface {
	comparable
	Key() string
	Next() T
}](rows []T, read, next T,
) ([]T, error) {
	i := slices.IndexFunc(rows, func(r T) bool { return r.Key() == read.Key() })
	switch {
	case i >= 0 && rows[i] != read:
		return rows, change.ErrStale
	case i >= 0:
		rows[i] = next
	case read != next:
		rows = append(rows, next.Next())
	}
	return rows, nil
}

// pointsOf is what journals of a session's points are about.
func (w *work) pointsOf() ledger.Source { return ledger.Source{Type: "points", ID: string(w.view.ID)} }

// reward posts the points that the session earns with its bill, and notes them.
func (w *work) reward(uses []plan.Use, out *billing.Outcome) {
	m := w.purse.member
	if m == nil || len(out.Bills) == 0 {
		return
	}
	u, d := &uses[0], &out.Bills[len(out.Bills)-1].Document // those of the subscription; the bill that stands
	points := m.Plan.Earned(u.Energy, d.Net, d.Currency)
	if points == 0 {
		return
	}
	j := ledger.Post(u.At, ledger.PointsEarned, w.pointsOf(), w.pointsBook().EarnPoints(string(u.Customer), string(m.Plan.ID), points))
	j.Revision, j.EffectiveAt = out.Tab.Revision, w.view.EndedAt
	u.Points, u.Journal = points, j.ID
	w.set.Journals = append(w.set.Journals, j)
}

func (w *work) pointsBook() ledger.Book {
	return ledger.Book{Organisation: w.view.Organisation, Unit: ledger.Points}
}

// forfeit takes back the points that the session earned with the bill that is taken
// back. What he has spent of them meanwhile stays his: nobody owes points.
func (w *work) forfeit(ctx context.Context, was *plan.Use, now time.Time) error {
	if was.Points == 0 {
		return nil
	}
	s, err := w.Store.Subscription(ctx, was.Organisation, ident.SubscriptionID(was.Source))
	if err != nil {
		return fmt.Errorf("points of subscription %s: %w", was.Source, err)
	}
	has, err := w.pointsHeld(ctx, was.Customer)
	if err != nil || has <= 0 {
		return err
	}
	posted := ledger.Post(was.At, ledger.PointsEarned, w.pointsOf(), w.pointsBook().EarnPoints(string(was.Customer), string(s.Plan), min(was.Points, has)))
	posted.ID, posted.Revision = was.Journal, w.tab.Revision
	w.set.Journals = append(w.set.Journals, posted.Reverse(now, ledger.Reversal))
	return nil
}

// pointsHeld returns the points that a customer has when the set is written.
func (w *work) pointsHeld(ctx context.Context, id ident.CustomerID) (int64, error) {
	account := w.pointsBook().Account(ledger.PointsHeld, string(id))
	balance, err := w.Store.BalanceOf(ctx, account)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return 0, err
	}
	for i := range w.set.Journals {
		for _, c := range w.set.Journals[i].Changes() {
			if c.Account == account {
				balance += c.Amount
			}
		}
	}
	return -balance, nil
}
