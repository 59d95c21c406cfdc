package billing

import (
	"context"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/host"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/roaming"
	"pylon/internal/domain/signal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// earnings adds what the bill has earned that stands from now on, and takes back what
// the one before it had, with the CDRs of both: in the set of the bill itself, so
// each is done once, however often it is decided.
func (w *work) earnings(ctx context.Context, out *billing.Outcome) error {
	if w.tab.Bill != "" && w.tab.Bill != out.Tab.Bill {
		if err := w.unearn(ctx, out.Tab.ChangedAt); err != nil {
			return err
		}
		if err := w.creditCDR(ctx, out.Tab.ChangedAt); err != nil {
			return err
		}
	}
	for i := range out.Bills {
		b := &out.Bills[i]
		if b.ID != out.Tab.Bill {
			continue
		}
		if err := w.earned(ctx, b); err != nil {
			return err
		}
		if err := w.makeCDR(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// earned adds what a new bill has earned: its income by class, what the energy cost,
// and what the host gets by the agreement that held when the session ended.
func (w *work) earned(ctx context.Context, b *billing.Bill) error {
	d, charge := &b.Document, &b.Document.Charges[0]
	e := host.Earning{
		Bill: b.ID, Organisation: b.Organisation, Site: w.view.Site, Session: b.Session, Day: dayOf(charge.End, charge.Zone),
		Currency: d.Currency, Energy: charge.Energy, Income: host.IncomeOf(b), At: d.IssuedAt,
	}
	if e.Site != "" {
		var err error
		if e.Cost, err = w.cost(ctx, charge, d.Currency); err != nil {
			return err
		}
		if err := w.share(ctx, b, &e); err != nil {
			return err
		}
	}
	w.set.Earnings = append(w.set.Earnings, e)
	return nil
}

// share fills in what the host of the site gets of a bill, and posts it.
func (w *work) share(ctx context.Context, b *billing.Bill, e *host.Earning) error {
	charge := &b.Document.Charges[0]
	agreements, err := w.Store.AgreementsAt(ctx, e.Site)
	if err != nil {
		return err
	}
	for i := range agreements {
		a := &agreements[i]
		if !a.Holds(charge.End) {
			continue
		}
		h, err := w.Store.Host(ctx, e.Organisation, a.Host)
		if err != nil {
			return err
		}
		e.Host, e.Agreement = h.ID, a.ID
		if e.Share, err = a.Terms.Share(e.Income, e.Energy, e.Currency, h.Currency); err != nil {
			return err
		}
		if e.Month, err = w.openMonth(ctx, e, monthOf(charge.End, charge.Zone)); err != nil {
			return err
		}
		if e.Share > 0 {
			j := shared(e, b.Revision)
			j.EffectiveAt, e.Journal = charge.End, j.ID
			w.set.Journals = append(w.set.Journals, j)
		}
		return nil
	}
	return nil
}

// shared returns what posts the share of an earning.
func shared(e *host.Earning, revision int64) ledger.Journal {
	book := ledger.Book{Organisation: e.Organisation, Unit: ledger.UnitOf(e.Currency)}
	j := ledger.Post(e.At, ledger.HostShared, ledger.Source{Type: "host_share", ID: string(e.Session)}, book.ShareWithHost(string(e.Host), e.Share))
	j.Revision = revision
	return j
}

// unearn takes back what the bill that stood has earned. A bill of before anybody
// reckoned so has no earning.
func (w *work) unearn(ctx context.Context, now time.Time) error {
	e, err := w.Store.Earning(ctx, w.tab.Bill)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	back := e.TakenBack(now)
	if e.Agreement != "" {
		if back.Month, err = w.openMonth(ctx, &e, e.Month); err != nil {
			return err
		}
	}
	if e.Journal != "" {
		posted := shared(&e, w.tab.Revision)
		posted.ID = e.Journal
		j := posted.Reverse(now, ledger.Reversal)
		back.Journal = j.ID
		w.set.Journals = append(w.set.Journals, j)
	}
	w.set.Earnings = append(w.set.Earnings, back)
	return nil
}

// openMonth returns the month of whose settlement an earning is: its own, or the
// first one behind those that were closed.
func (w *work) openMonth(ctx context.Context, e *host.Earning, own customer.Month) (customer.Month, error) {
	closed, err := w.Store.ClosedMonth(ctx, e.Agreement, e.Currency)
	if fault.Is(err, fault.NotFound) {
		return own, nil
	}
	return max(own, closed.Next()), err
}

// cost returns what the energy of the session cost at its site, in millionths of a
// currency; 0 where nobody has said.
func (w *work) cost(ctx context.Context, charge *billing.Charge, of money.Currency) (int64, error) {
	supplies, err := w.Store.SuppliesAt(ctx, w.view.Site)
	if err != nil {
		return 0, err
	}
	for i := range supplies {
		if s := &supplies[i]; s.Holds(charge.End) && s.Price.Currency == of {
			return w.costBy(ctx, &s.Price, charge)
		}
	}
	return 0, nil
}

// costBy returns what the energy cost at a price. A series that there is not, or that
// does not say enough, says nothing.
func (w *work) costBy(ctx context.Context, p *host.EnergyPrice, charge *billing.Charge) (int64, error) {
	var points []rating.Point
	var until time.Time
	if p.Series != "" {
		var err error
		points, until, err = PointsOf(ctx, w.Store, &Wanted{
			Organisation: w.view.Organisation, Site: w.view.Site, Name: p.Series, Kind: signal.Price, Currency: p.Currency, From: charge.Start, To: charge.End,
		})
		if err != nil && !fault.Is(err, fault.Invalid) {
			return 0, err
		}
	}
	return p.Cost(&w.rated.Question.Session, charge.Energy, host.Rater(w.Raters[0]), points, until)
}

// dayOf returns the day of an instant by a site's clock; a zone that this machine
// does not know counts as UTC.
func dayOf(at time.Time, zone string) string { return at.In(located(zone)).Format(time.DateOnly) }

func monthOf(at time.Time, zone string) customer.Month { return customer.MonthOf(at, located(zone)) }

func located(zone string) *time.Location {
	if at, err := time.LoadLocation(zone); err == nil {
		return at
	}
	return time.UTC
}

// earningStore is what earnings and CDRs need of the database.
type earningStore interface {
	AgreementsAt(ctx context.Context, site ident.SiteID) ([]host.Agreement, error)
	SuppliesAt(ctx context.Context, site ident.SiteID) ([]host.Supply, error)
	Host(ctx context.Context, org ident.OrganisationID, id ident.HostID) (host.Host, error)
	Earning(ctx context.Context, id ident.BillID) (host.Earning, error)
	ClosedMonth(ctx context.Context, id ident.AgreementID, currency money.Currency) (customer.Month, error)
	CDR(ctx context.Context, org ident.OrganisationID, id string) (roaming.Kept, error)
}
