package settlements_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/host"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/site"
	"pylon/internal/flow/settlements"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/page"
)

// hosts is a database with hosts who get a fixed amount every month; the agreements
// of some cannot be read.
type hosts struct {
	settlements.Store
	all     []host.Host
	broken  map[ident.HostID]error
	settled map[ident.HostID]customer.Month
}

func (h *hosts) Organisations(context.Context, page.Query) (page.Result[account.Organisation], error) {
	return page.Result[account.Organisation]{Items: []account.Organisation{{ID: "org_1"}}}, nil
}

func (h *hosts) Hosts(context.Context, ident.OrganisationID, page.Query) (page.Result[host.Host], error) {
	return page.Result[host.Host]{Items: h.all}, nil
}

func (h *hosts) OpenTallies(context.Context, ident.HostID, customer.Month) ([]host.Tally, error) {
	return nil, nil
}

func (h *hosts) AgreementsOf(_ context.Context, id ident.HostID) ([]host.Agreement, error) {
	from := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	return []host.Agreement{{Organisation: "org_1", Host: id, Site: "sit_1", Term: host.Term{From: from}, Terms: host.Terms{Fixed: 5000}}}, h.broken[id]
}

func (h *hosts) LastSettled(_ context.Context, id ident.HostID, _ money.Currency) (customer.Month, error) {
	if m, known := h.settled[id]; known {
		return m, nil
	}
	return "", fault.New(fault.NotFound, "no_settlement")
}

func (h *hosts) Profile(context.Context, ident.OrganisationID) (billing.Profile, error) {
	return billing.Profile{Issuer: billing.Party{Name: "Operator"}}, nil
}

func (h *hosts) Site(context.Context, ident.OrganisationID, ident.SiteID) (site.Site, error) {
	return site.Site{ID: "sit_1", Name: "Yard", TimeZone: "Europe/Berlin"}, nil
}

func (h *hosts) Commit(_ context.Context, set *change.Set) error {
	for i := range set.Settlements {
		h.settled[set.Settlements[i].Host] = set.Settlements[i].Month
	}
	return nil
}

type may struct{ clock.System }

func (may) Now() time.Time { return time.Date(2026, 5, 10, 0, 0, 0, 0, time.UTC) }

// A host with whom it fails leaves the others alone; when the database is away, or
// another node has the lease, the round is over.
func TestOneHostKeepsNobodyFromHisSettlement(t *testing.T) {
	for _, c := range []struct {
		name    string
		err     error
		settled bool // the host behind him is
	}{
		{"nothing fails", nil, true},
		{"what is kept of him is broken", errors.New("broken"), true},
		{"he has moved too often", change.ErrStale, true},
		{"the database is away", fault.New(fault.Unavailable, "database_unavailable"), false},
		{"the lease is another's", change.ErrLeaseLost, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &hosts{broken: map[ident.HostID]error{"hst_1": c.err}, settled: map[ident.HostID]customer.Month{}}
			for _, id := range []ident.HostID{"hst_1", "hst_2"} {
				h.all = append(h.all, host.Host{ID: id, Organisation: "org_1", Party: billing.Party{Name: string(id)}, Currency: "EUR", Version: 1})
			}
			err := settlements.New(h, may{}, slog.New(slog.DiscardHandler)).Settle(t.Context(), lease.Grant{})
			if got := h.settled["hst_2"] == "2026-04"; got != c.settled || (err == nil) != c.settled {
				t.Errorf("the next is settled with: %t, %v; want %t", got, err, c.settled)
			}
			if _, first := h.settled["hst_1"]; first != (c.err == nil) {
				t.Errorf("he is settled with: %t", first)
			}
		})
	}
}
