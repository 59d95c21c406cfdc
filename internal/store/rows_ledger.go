package store

import (
	"database/sql/driver"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/ident"
)

// journalRow is a journal with what is known when it is written.
type journalRow struct {
	ledger.Record
	digest ledger.Hash
	drawn  *draw // of the number of its document; nil: it has none

	place, number, hash driver.Value
}

var journals = table[journalRow]{"journals", 1, 13, func(to []column, j *journalRow) []column {
	return append(to,
		lately(column{"place", chainPlaceCell{&j.Place}}, &j.place),
		text("id", &j.ID),
		text("org", &j.Organisation),
		text("template", &j.Template),
		text("source_type", &j.Source.Type),
		text("source_id", &j.Source.ID),
		number("revision", &j.Revision),
		always("posted_at", &j.PostedAt),
		always("effective_at", &j.EffectiveAt),
		text("reverses", &j.Reverses),
		text("series", &j.Series),
		lately(number("number", &j.Number), &j.number),
		lately(digest((*[32]byte)(&j.Hash)), &j.hash),
	)
}}

// lineRow is a line with its organisation, which the line itself does not name.
type lineRow struct {
	org ident.OrganisationID
	ledger.Line
}

var transfers = table[lineRow]{"transfers", 2, 7, func(to []column, l *lineRow) []column {
	return append(to,
		text("journal", &l.Journal),
		number("line", &l.Index),
		text("org", &l.org),
		text("debit", &l.Debit),
		text("credit", &l.Credit),
		text("unit", &l.Unit),
		number("amount", &l.Amount),
	)
}}

var documentSeries = table[ledger.Series]{"document_series", 1, 7, func(to []column, s *ledger.Series) []column {
	return append(to,
		derived("series", string(s.ID())),
		text("org", &s.Organisation),
		text("name", &s.Name),
		text("format", &s.Format),
		number("first", &s.First),
		number("next", &s.Next),
		always("created_at", &s.CreatedAt),
	)
}}

var chains = table[ledger.Chain]{"ledger_chains", 1, 1, func(to []column, c *ledger.Chain) []column {
	return append(to, number("stream", &c.Stream), number("head", &c.Head), digest((*[32]byte)(&c.Hash)))
}}

var checks = table[ledger.Check]{"ledger_checks", 1, 6, func(to []column, c *ledger.Check) []column {
	return append(to,
		text("day", &c.Day),
		always("at", &c.At),
		number("journals", &c.Journals),
		number("transfers", &c.Transfers),
		number("accounts", &c.Accounts),
		number("breaches", &c.Breaches),
	)
}}

// late stands among the arguments for a value that is known when the job is
// written, and not when it is made.
type late struct{ of *driver.Value }

// lately is a column whose value is written late.
func lately(c column, of *driver.Value) column { return column{c.name, lateCell{c.cell, of}} }

type lateCell struct {
	cell
	of *driver.Value
}

func (c lateCell) value() (driver.Value, error) { return late{c.of}, nil }

// chainPlaceCell is a journal's place as one number.
type chainPlaceCell struct{ p *ledger.Place }

func (c chainPlaceCell) value() (driver.Value, error) { return placeOf(c.p.Stream, c.p.Number), nil }

func (c chainPlaceCell) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return unexpected(src, "a place")
	}
	*c.p = ledger.Place{Stream: v >> placeBits, Number: v & (1<<placeBits - 1)}
	return nil
}
