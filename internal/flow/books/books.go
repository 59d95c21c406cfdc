// Package books has the ledger verified once a day: one node computes every
// hash, every balance and every series anew, and an organisation whose books are
// not as they were written has a finding that names the first row.
package books

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Store is what the verification needs of the database. Look-ups that find
// nothing return an error of kind NotFound.
type Store interface {
	Commit(ctx context.Context, set *change.Set) error
	VerifyLedger(ctx context.Context) (ledger.Report, error)
	LedgerCheck(ctx context.Context, day string) (ledger.Check, error)
	FirstOrganisation(ctx context.Context) (account.Organisation, error)
	Findings(ctx context.Context, org ident.OrganisationID, f station.FindingFilter, q page.Query) (page.Result[station.Finding], error)
}

// Watch verifies the books.
type Watch struct {
	store Store
	clock clock.Clock
	log   *slog.Logger
}

// New returns a watch; it needs all three.
func New(store Store, c clock.Clock, log *slog.Logger) *Watch { return &Watch{store, c, log} }

// lookEvery is how often the watch looks whether it is another day: a day that
// begins while the database is away is not lost.
const lookEvery = time.Hour

// Run verifies the books on each day of UTC that has begun, until ctx ends. It
// is done under a lease, and counts only once for a day whoever holds it.
func (w *Watch) Run(ctx context.Context, g lease.Grant) error {
	ticks, stop := w.clock.Ticker(lookEvery)
	defer stop()
	for {
		if err := w.Check(ctx, g); err != nil && ctx.Err() == nil {
			w.log.Warn("the books were not verified", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
	}
}

// Check verifies the books, unless somebody has done so today.
func (w *Watch) Check(ctx context.Context, g lease.Grant) error {
	now := w.clock.Now().UTC()
	day := now.Format(time.DateOnly)
	if _, err := w.store.LedgerCheck(ctx, day); !fault.Is(err, fault.NotFound) {
		return err
	}
	r, err := w.store.VerifyLedger(ctx)
	if err != nil {
		return err
	}
	set := &change.Set{Under: g, Checks: []ledger.Check{{
		Day: day, At: now, Journals: r.Journals, Transfers: r.Transfers, Accounts: r.Accounts, Breaches: int64(len(r.Breaches)),
	}}}
	if err := w.tell(ctx, set, &r, now); err != nil {
		return err
	}
	if err := w.store.Commit(ctx, set); err != nil {
		return err
	}
	if len(r.Breaches) > 0 {
		first := r.Breaches[0]
		w.log.Error("the books are not as they were written", "rows", len(r.Breaches), "code", string(first.Code), "subject", first.Subject)
	}
	return nil
}

// tell adds a finding for each organisation whose books are broken, unless one
// still lies there. What nobody's row tells of is told to the first organisation.
func (w *Watch) tell(ctx context.Context, set *change.Set, r *ledger.Report, now time.Time) error {
	firsts, counts := map[ident.OrganisationID]ledger.Breach{}, map[ident.OrganisationID]int{}
	var order []ident.OrganisationID
	for _, b := range r.Breaches {
		if b.Organisation == "" {
			first, err := w.store.FirstOrganisation(ctx)
			if err != nil {
				return err
			}
			b.Organisation = first.ID
		}
		if counts[b.Organisation] == 0 {
			firsts[b.Organisation], order = b, append(order, b.Organisation)
		}
		counts[b.Organisation]++
	}
	for _, org := range order {
		open, err := w.store.Findings(ctx, org, station.FindingFilter{Code: []station.FindingCode{station.LedgerBroken}, Open: true}, page.Query{Limit: 1})
		if err != nil {
			return err
		}
		if len(open.Items) > 0 {
			continue
		}
		b := firsts[org]
		set.Findings = append(set.Findings, station.Finding{
			ID: ident.New[ident.FindingID](now), Organisation: org, Code: station.LedgerBroken, At: now,
			Detail: fmt.Sprintf("%s %s: %s; rows that are broken: %d", b.Code, b.Subject, b.Detail, counts[org]),
		})
	}
	return nil
}
