package store

import (
	"database/sql/driver"
	"fmt"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/billing"
)

var snapshots = table[billing.Snapshot]{"price_snapshots", 1, 2, func(to []column, s *billing.Snapshot) []column {
	return append(to, text("hash", &s.Hash), blob("body", &s.Text))
}}

var tabs = table[billing.Tab]{"tabs", 1, 3, func(to []column, t *billing.Tab) []column {
	return append(to,
		text("session", &t.Session),
		text("station", &t.Station),
		text("org", &t.Organisation),
		text("snapshot", &t.Snapshot),
		text("state", &t.State),
		text("reason", &t.Reason),
		text("finding", &t.Finding),
		number("revision", &t.Revision),
		text("bill", &t.Bill),
		doc("released", &t.Released),
		always("changed_at", &t.ChangedAt),
		number("version", &t.Version),
	)
}}

// billRow is a bill with what presses its document.
type billRow struct {
	billing.Bill
	packer packer
}

var bills = table[billRow]{"bills", 1, 21, func(to []column, b *billRow) []column {
	d := &b.Document
	return append(to,
		text("id", &b.ID),
		text("org", &b.Organisation),
		text("station", &b.Station),
		text("session", &b.Session),
		number("revision", &b.Revision),
		text("kind", &d.Kind),
		text("credits", &b.Credits),
		text("journal", &b.Journal),
		text("debtor", &b.Debtor),
		text("country", &b.Country),
		text("currency", &d.Currency),
		number("net", &d.Net),
		number("tax", &d.Tax),
		number("total", &d.Total),
		always("issued_at", &d.IssuedAt),
		flag("monthly", &b.Monthly),
		text("statement", &b.Statement),
		text("source_type", &b.Source.Type),
		text("source_id", &b.Source.ID),
		derived("effective_at", b.EffectiveAt().UnixMicro()),
		column{"body", pressedCell[billing.Document]{b.packer, d}}, // the last: it has the others, too
	)
}}

var profiles = table[billing.Profile]{"billing_profiles", 1, 1, func(to []column, p *billing.Profile) []column {
	return append(to, text("org", &p.Organisation), doc("body", p), number("version", &p.Version))
}}

// pressedCell is a value as compressed JSON.
type pressedCell[T any] struct {
	packer packer
	d      *T
}

func (c pressedCell[T]) value() (driver.Value, error) {
	text, err := json.Marshal(c.d)
	if err != nil {
		return nil, fmt.Errorf("%T: %w", c.d, err)
	}
	return c.packer.texts.EncodeAll(text, nil), nil
}

func (c pressedCell[T]) Scan(src any) error {
	body, ok := src.([]byte)
	if !ok {
		return unexpected(src, "a document")
	}
	text, err := c.packer.decoder.DecodeAll(body, nil)
	if err != nil {
		return fmt.Errorf("%T: %w", c.d, err)
	}
	if err := json.Unmarshal(text, c.d); err != nil {
		return fmt.Errorf("%T: %w", c.d, err)
	}
	return nil
}
