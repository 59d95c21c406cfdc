package store_test

import (
	"strings"

	"pylon/internal/kernel/decimal"
)

func nineteen() decimal.Decimal { return decimal.FromInt(19, 0) }

// tamper changes the database behind the store's back.
func (db *database) tamper(text string, names map[string]string) {
	db.t.Helper()
	for name, is := range names {
		text = strings.ReplaceAll(text, name, is)
	}
	raw := db.raw()
	defer raw.Close()
	if _, err := raw.ExecContext(db.t.Context(), text); err != nil {
		db.t.Fatalf("%s: %v", text, err)
	}
}
