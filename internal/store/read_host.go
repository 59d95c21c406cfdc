package store

import (
	"context"
	"strings"

	"pylon/internal/domain/customer"
	"pylon/internal/domain/host"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/roaming"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/page"
)

// Host returns a host of org.
func (s *Store) Host(ctx context.Context, org ident.OrganisationID, id ident.HostID) (host.Host, error) {
	return oneOf(ctx, s, hosts, org, string(id))
}

// Hosts lists the hosts of org, oldest first.
func (s *Store) Hosts(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[host.Host], error) {
	return plainList("hosts", hosts, "").page(ctx, s, q, of(org))
}

// Agreement returns an agreement of org.
func (s *Store) Agreement(ctx context.Context, org ident.OrganisationID, id ident.AgreementID) (host.Agreement, error) {
	return oneOf(ctx, s, agreements, org, string(id))
}

// AgreementsAt returns all agreements of a site, by their number.
func (s *Store) AgreementsAt(ctx context.Context, site ident.SiteID) ([]host.Agreement, error) {
	return few(ctx, s, agreements.from()+"WHERE t.site = $1 ORDER BY t.number", agreements.columns, string(site))
}

// AgreementsOf returns all agreements with a host, oldest first.
func (s *Store) AgreementsOf(ctx context.Context, id ident.HostID) ([]host.Agreement, error) {
	return few(ctx, s, agreements.from()+"WHERE t.host = $1 ORDER BY t.id", agreements.columns, string(id))
}

// Agreements lists the agreements of org, oldest first.
func (s *Store) Agreements(ctx context.Context, org ident.OrganisationID, f host.Filter, q page.Query) (page.Result[host.Agreement], error) {
	c := of(org)
	if f.Host != "" {
		c.where("t.host = ?", string(f.Host))
	}
	if f.Site != "" {
		c.where("t.site = ?", string(f.Site))
	}
	return plainList("host_agreements", agreements, "").page(ctx, s, q, c)
}

// Supply returns a supply of org.
func (s *Store) Supply(ctx context.Context, org ident.OrganisationID, id ident.SupplyID) (host.Supply, error) {
	return oneOf(ctx, s, supplies, org, string(id))
}

// SuppliesAt returns all supplies of a site, by their number.
func (s *Store) SuppliesAt(ctx context.Context, site ident.SiteID) ([]host.Supply, error) {
	return few(ctx, s, supplies.from()+"WHERE t.site = $1 ORDER BY t.number", supplies.columns, string(site))
}

// Supplies lists the supplies of org, oldest first.
func (s *Store) Supplies(ctx context.Context, org ident.OrganisationID, f host.Filter, q page.Query) (page.Result[host.Supply], error) {
	c := of(org)
	if f.Site != "" {
		c.where("t.site = ?", string(f.Site))
	}
	return plainList("site_supplies", supplies, "").page(ctx, s, q, c)
}

// Earning returns what a bill has earned.
func (s *Store) Earning(ctx context.Context, id ident.BillID) (host.Earning, error) {
	return one(ctx, s, earnings.from()+"WHERE t.bill = $1 AND NOT t.back", earnings.columns, string(id))
}

// ClosedMonth returns the last month of an agreement in a currency that was
// settled, or NotFound.
func (s *Store) ClosedMonth(ctx context.Context, id ident.AgreementID, currency money.Currency) (customer.Month, error) {
	t, err := one(ctx, s, tallies.from()+"WHERE t.agreement = $1 AND t.currency = $2 AND t.settlement <> '' ORDER BY t.month DESC LIMIT 1",
		tallies.columns, string(id), string(currency))
	return t.Month, err
}

// OpenTallies returns what a host has earned until a month, that included, and was
// not settled.
func (s *Store) OpenTallies(ctx context.Context, id ident.HostID, until customer.Month) ([]host.Tally, error) {
	return few(ctx, s, tallies.from()+"WHERE t.host = $1 AND t.month <= $2 AND t.settlement = '' ORDER BY t.currency, t.month", tallies.columns, string(id), string(until))
}

// Earned lists what bills have earned that a settlement has, credits among them, by
// agreement, month and bill.
func (s *Store) Earned(ctx context.Context, id ident.SettlementID, q page.Query) (page.Result[host.Earning], error) {
	c := conditions{}
	c.where("s.settlement = ?", string(id))
	c.where("s.settlement <> ''") // so says the index on tallies
	c.where("t.agreement <> ''")  // so says the index on earnings
	return listing[host.Earning]{
		name: "earnings", fields: earnings.list("t"), columns: earnings.columns,
		from: "host_tallies s JOIN earnings t ON t.agreement = s.agreement AND t.currency = s.currency AND t.month = s.month",
		id:   "CASE WHEN t.back THEN t.bill || '-C' ELSE t.bill END", sorts: map[string]order{"": {by: "CASE WHEN t.back THEN t.bill || '-C' ELSE t.bill END"}},
	}.page(ctx, s, q, c)
}

// numberedSettlement is a settlement with what its number is written by.
type numberedSettlement struct {
	settlementRow
	number int64
	series ledger.Series
}

func (n *numberedSettlement) settlement() host.Settlement {
	if n.number > 0 {
		n.Document.Number = n.series.Written(n.number)
	}
	return n.Settlement
}

func settlementFields() string {
	return settlements.list("t") + ", coalesce(j.number, 0), coalesce(d.format, '')"
}

const settlementFrom = "settlements t LEFT JOIN journals j ON j.id = t.journal LEFT JOIN document_series d ON d.series = j.series AND j.series <> ''"

func (s *Store) settlementColumns(to []column, n *numberedSettlement) []column {
	n.packer = s.packer
	return append(settlements.columns(to, &n.settlementRow), number("number", &n.number), text("format", &n.series.Format))
}

// Settlement returns a settlement of org.
func (s *Store) Settlement(ctx context.Context, org ident.OrganisationID, id ident.SettlementID) (host.Settlement, error) {
	found, err := one(ctx, s, "SELECT "+settlementFields()+" FROM "+settlementFrom+" WHERE t.id = $1 AND t.org = $2", s.settlementColumns, string(id), string(org))
	return found.settlement(), err
}

// Settlements lists the settlements of org, newest first.
func (s *Store) Settlements(ctx context.Context, org ident.OrganisationID, f host.Filter, q page.Query) (page.Result[host.Settlement], error) {
	c := of(org)
	if f.Host != "" {
		c.where("t.host = ?", string(f.Host))
	}
	found, err := listing[numberedSettlement]{
		name: "settlements", fields: settlementFields(), columns: s.settlementColumns, from: settlementFrom, id: "t.id", sorts: map[string]order{"id": {by: "t.id"}}, usual: "-id",
	}.page(ctx, s, q, c)
	result := page.Result[host.Settlement]{Next: found.Next}
	for i := range found.Items {
		result.Items = append(result.Items, found.Items[i].settlement())
	}
	return result, err
}

// LastSettled returns the last month for which a host has a settlement in a
// currency, or NotFound.
func (s *Store) LastSettled(ctx context.Context, id ident.HostID, currency money.Currency) (customer.Month, error) {
	var month customer.Month
	_, err := one(ctx, s, "SELECT t.month FROM settlements t WHERE t.host = $1 AND t.currency = $2 ORDER BY t.month DESC LIMIT 1",
		func(to []column, _ *struct{}) []column { return append(to, text("month", &month)) }, string(id), string(currency))
	return month, err
}

// Margins lists what sites of org have earned and what is left, by site or by month
// and by currency, of some days.
func (s *Store) Margins(ctx context.Context, org ident.OrganisationID, by host.MarginBy, days host.Days, q page.Query) (page.Result[host.Margin], error) {
	key, month := "b.site", "''"
	if by == host.ByMonth {
		key, month = "''", "substr(b.day, 1, 7)"
	}
	sums := append(siteDaySums(), "fees")
	for i, name := range sums {
		sums[i] = "CAST(SUM(b." + name + ") AS BIGINT) AS " + name
	}
	c := conditions{args: []any{string(org)}}
	where := []string{"b.org = ?"}
	for _, bound := range []struct{ text, day string }{{"b.day >= ?", days.From}, {"b.day <= ?", days.To}} {
		if bound.day != "" {
			where = append(where, bound.text)
			c.args = append(c.args, bound.day)
		}
	}
	return listing[host.Margin]{
		name: "margins", fields: "o.site, o.month, o.currency, o." + strings.Join(append(siteDaySums(), "fees"), ", o."), columns: marginColumns,
		from: "(SELECT " + key + " AS site, " + month + " AS month, b.currency AS currency, " + strings.Join(sums, ", ") +
			" FROM site_days b WHERE " + strings.Join(where, " AND ") + " GROUP BY 1, 2, 3) o",
		id: "o.site || o.month || o.currency", sorts: map[string]order{"": {by: "o.site || o.month || o.currency"}},
	}.page(ctx, s, q, c)
}

func marginColumns(to []column, m *host.Margin) []column {
	return append(to,
		text("site", &m.Site),
		text("month", &m.Month),
		text("currency", &m.Currency),
		number("sessions", &m.Sessions),
		number("energy_mwh", &m.Energy),
		number("energy", &m.Income.Energy),
		number("charging", &m.Income.Time),
		number("parking", &m.Income.Parking),
		number("fixed", &m.Income.Fixed),
		number("reservation", &m.Income.Reservation),
		number("cost_micro", &m.Cost),
		number("share", &m.Share),
		number("fees", &m.Fees),
	)
}

func (s *Store) cdrColumns(to []column, c *cdrRow) []column {
	c.packer = s.packer
	return cdrs.columns(to, c)
}

// CDR returns a CDR of org.
func (s *Store) CDR(ctx context.Context, org ident.OrganisationID, id string) (roaming.Kept, error) {
	found, err := one(ctx, s, cdrs.from()+"WHERE t.id = $1 AND t.org = $2", s.cdrColumns, id, string(org))
	return found.Kept, err
}

// CDRs lists CDRs of org, those that were made first before the others.
func (s *Store) CDRs(ctx context.Context, org ident.OrganisationID, f roaming.Filter, q page.Query) (page.Result[roaming.Kept], error) {
	c := of(org)
	if !f.From.IsZero() {
		c.where("t.updated_at >= ?", f.From.UnixMicro())
	}
	if !f.To.IsZero() {
		c.where("t.updated_at < ?", f.To.UnixMicro())
	}
	if f.Session != "" {
		c.where("t.session = ?", string(f.Session))
	}
	found, err := listing[cdrRow]{
		name: "cdrs", fields: cdrs.list("t"), columns: s.cdrColumns, from: "cdrs t", id: "t.id", sorts: map[string]order{"updated_at": {by: "t.updated_at", number: true}}, usual: "updated_at",
	}.page(ctx, s, q, c)
	result := page.Result[roaming.Kept]{Next: found.Next}
	for i := range found.Items {
		result.Items = append(result.Items, found.Items[i].Kept)
	}
	return result, err
}
