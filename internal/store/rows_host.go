package store

import (
	"pylon/internal/domain/billing"
	"pylon/internal/domain/host"
	"pylon/internal/domain/roaming"
	"pylon/internal/kernel/trade"
)

var hosts = table[host.Host]{"hosts", 1, 2, func(to []column, h *host.Host) []column {
	return append(to,
		text("id", &h.ID),
		text("org", &h.Organisation),
		text("reference", &h.Reference),
		doc("party", &h.Party),
		text("language", &h.Language),
		text("currency", &h.Currency),
		text("tax", &h.Tax),
		doc("tax_rate", &h.Rate),
		always("created_at", &h.CreatedAt),
		number("version", &h.Version),
	)
}}

var agreements = table[host.Agreement]{"host_agreements", 1, 8, func(to []column, a *host.Agreement) []column {
	return append(to,
		text("id", &a.ID),
		text("org", &a.Organisation),
		text("host", &a.Host),
		text("site", &a.Site),
		number("number", &a.Number),
		always("valid_from", &a.From),
		doc("terms", &a.Terms),
		always("created_at", &a.CreatedAt),
		when("valid_until", &a.Until),
		number("version", &a.Version),
	)
}}

var supplies = table[host.Supply]{"site_supplies", 1, 7, func(to []column, s *host.Supply) []column {
	return append(to,
		text("id", &s.ID),
		text("org", &s.Organisation),
		text("site", &s.Site),
		number("number", &s.Number),
		always("valid_from", &s.From),
		doc("price", &s.Price),
		always("created_at", &s.CreatedAt),
		when("valid_until", &s.Until),
		number("version", &s.Version),
	)
}}

// earnings are written once: there is no way to change or remove one.
var earnings = table[host.Earning]{"earnings", 2, 20, func(to []column, e *host.Earning) []column {
	return append(to,
		text("bill", &e.Bill),
		flag("back", &e.Back),
		text("org", &e.Organisation),
		text("site", &e.Site),
		text("session", &e.Session),
		text("day", &e.Day),
		text("currency", &e.Currency),
		number("energy_mwh", &e.Energy),
		number("energy", &e.Income.Energy),
		number("charging", &e.Income.Time),
		number("parking", &e.Income.Parking),
		number("fixed", &e.Income.Fixed),
		number("reservation", &e.Income.Reservation),
		number("cost_micro", &e.Cost),
		text("host", &e.Host),
		text("agreement", &e.Agreement),
		number("share", &e.Share),
		text("month", &e.Month),
		text("journal", &e.Journal),
		always("at", &e.At),
	)
}}

// tallies are summed up by the database, see [planner.earn]; as rows they are only
// closed.
var tallies = table[host.Tally]{"host_tallies", 1, 7, func(to []column, t *host.Tally) []column {
	return append(to,
		derived("id", tallyID(t)),
		text("agreement", &t.Agreement),
		text("currency", &t.Currency),
		text("month", &t.Month),
		text("org", &t.Organisation),
		text("host", &t.Host),
		text("site", &t.Site),
		number("sessions", &t.Sessions),
		number("energy_mwh", &t.Energy),
		number("income", &t.Income),
		number("share", &t.Share),
		text("settlement", &t.Settlement),
		number("version", &t.Version),
	)
}}

// tallyID is what a tally is known by, as one text: sums need one.
func tallyID(t *host.Tally) string {
	return string(t.Agreement) + " " + string(t.Currency) + " " + string(t.Month)
}

// settlementRow is a settlement with what presses its document.
type settlementRow struct {
	host.Settlement
	packer packer
}

var settlements = table[settlementRow]{"settlements", 1, 16, func(to []column, s *settlementRow) []column {
	d := &s.Document
	paid := s.Paid()
	return append(to,
		text("id", &s.ID),
		text("org", &s.Organisation),
		text("host", &s.Host),
		text("currency", &s.Currency),
		text("month", &s.Month),
		number("sessions", &s.Sessions),
		number("energy_mwh", &s.Energy),
		number("income", &s.Income),
		number("share", &s.Share),
		number("beside", &s.Beside),
		number("net", &d.Net),
		number("tax", &d.Tax),
		number("total", &d.Total),
		text("journal", &s.Journal),
		always("issued_at", &d.IssuedAt),
		column{"body", pressedCell[billing.Document]{s.packer, d}},
		derived("paid", paid),
		doc("payments", &s.Payments),
		number("version", &s.Version),
	)
}}

// cdrRow is a CDR with what presses it.
type cdrRow struct {
	roaming.Kept
	packer packer
}

var cdrs = table[cdrRow]{"cdrs", 1, 7, func(to []column, c *cdrRow) []column {
	return append(to,
		text("id", &c.CDR.ID),
		text("org", &c.Organisation),
		text("session", &c.Session),
		text("token", &c.Token),
		text("credits", &c.CDR.Credits),
		always("updated_at", &c.CDR.UpdatedAt),
		column{"body", pressedCell[trade.CDR]{c.packer, &c.CDR}},
	)
}}
