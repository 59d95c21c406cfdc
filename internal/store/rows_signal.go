package store

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"fmt"

	"pylon/internal/domain/device"
	"pylon/internal/domain/signal"
	"pylon/internal/kernel/decimal"
)

var signals = table[signal.Series]{"series", 1, 2, func(to []column, s *signal.Series) []column {
	return append(to,
		text("id", &s.ID),
		text("org", &s.Organisation),
		text("site", &s.Site),
		text("name", &s.Name),
		text("kind", &s.Kind),
		text("currency", &s.Currency),
		number("resolution_minutes", &s.Resolution),
		text("description", &s.Description),
		always("created_at", &s.CreatedAt),
		number("version", &s.Version),
	)
}}

var points = table[signal.Point]{"series_points", 2, 2, func(to []column, p *signal.Point) []column {
	return append(to,
		text("series", &p.Series),
		always("starts_at", &p.From),
		always("ends_at", &p.Until),
		digits("value", &p.Value),
		digits("first_value", &p.First),
		always("told_at", &p.ToldAt),
		when("corrected_at", &p.CorrectedAt),
	)
}}

// meterKeys are written once: a key stays one.
var meterKeys = table[device.MeterKey]{"meter_keys", 3, 7, func(to []column, k *device.MeterKey) []column {
	digest := sha256.Sum256([]byte(k.Key))
	return append(to,
		text("station", &k.Station),
		number("evse", &k.EVSE),
		derived("digest", hex.EncodeToString(digest[:])),
		text("org", &k.Organisation),
		text("serial", &k.Serial),
		text("public_key", &k.Key),
		always("told_at", &k.ToldAt),
	)
}}

// digits is a decimal number as it was written.
func digits(name string, p *decimal.Decimal) column { return column{name, digitsCell{p}} }

type digitsCell struct{ p *decimal.Decimal }

func (c digitsCell) value() (driver.Value, error) { return c.p.String(), nil }

func (c digitsCell) Scan(src any) (err error) {
	var written string
	if err := (textCell[string]{&written}).Scan(src); err != nil {
		return err
	}
	if *c.p, err = decimal.Parse(written); err != nil {
		return fmt.Errorf("decimal: %w", err)
	}
	return nil
}
