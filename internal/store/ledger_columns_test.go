package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pylon/internal/domain/change"
	"pylon/internal/domain/ledger"
	"pylon/internal/store"
)

// booked is a row of the books that somebody tampers with.
type booked struct {
	table string
	where string            // finds the row
	other map[string]string // finds it when that column is another one, which is part of where
	names []string          // as a verification may name it
}

// bookedRows returns a row of each table of the ledger.
func bookedRows(all []ledger.Journal) []booked {
	third := all[2]
	wallet := string(eur().Account(ledger.Wallet, "drv_a").ID())
	journal := string(third.ID)
	return []booked{
		{
			table: "journals", where: "id = '" + journal + "'", other: map[string]string{"id": "source_id = '" + third.Source.ID + "'"},
			names: []string{journal, journal + "x", "1/3"}, // as it is called now, or its place when it is not there any more
		},
		{
			table: "transfers", where: "journal = '" + journal + "' AND line = 0",
			other: map[string]string{"journal": "amount = 1002 AND line = 0", "line": "amount = 1002"},
			names: []string{journal, journal + "/0"},
		},
		{
			table: "accounts", where: "account = '" + wallet + "'", other: map[string]string{"account": "class = 'wallet'"},
			names: []string{wallet},
		},
	}
}

// PROP-2: whatever column of a row of the books is another one than it was, a verification names the row: in the
// running program, and of one who has nothing but the database.
func TestProperty02EveryColumnCounts(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		series := db.series("2026")
		var all []ledger.Journal
		for i := range int64(5) {
			set := db.billed("drv_a", 1000+i, series)
			db.commit(set)
			all = append(all, set.Journals...)
		}
		db.commit(&change.Set{Journals: []ledger.Journal{ledger.Post(t0, ledger.ToppedUp, source("payment"), eur().TopUp("drv_a", "stripe", 500))}})
		db.sound()
		raw := db.raw()
		defer raw.Close()
		for _, row := range bookedRows(all) {
			for _, column := range slices.Sorted(maps.Keys(row.values(t, raw))) {
				t.Run(row.table+"."+column, func(t *testing.T) { db.tampered(t, raw, row, column) })
			}
		}
		db.sound()
	})
}

// tampered changes a column of a row, wants that seen, and puts it back.
func (db *database) tampered(t *testing.T, raw *sql.DB, row booked, column string) {
	was := row.values(t, raw)[column]
	row.set(t, raw, column, another(column, was), false)
	defer row.set(t, raw, column, was, true)
	r, err := db.VerifyLedger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(r.Breaches, func(b ledger.Breach) bool { return slices.Contains(row.names, b.Subject) }) {
		t.Errorf("%v became %v: got %+v, want it of one of %v", was, another(column, was), r.Breaches, row.names)
	}
	beside, err := store.VerifyLedgerAt(t.Context(), db.options)
	if err != nil || !slices.Equal(beside.Breaches, r.Breaches) {
		t.Errorf("beside the store: got %+v, %v", beside.Breaches, err)
	}
}

// values returns the row by its columns: all that the table has.
func (b booked) values(t *testing.T, raw *sql.DB) map[string]any {
	t.Helper()
	rows, err := raw.QueryContext(t.Context(), "SELECT * FROM "+b.table+" WHERE "+b.where)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || !rows.Next() {
		t.Fatalf("%s: no row: %v, %v", b.table, err, rows.Err())
	}
	values, to := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		to[i] = &values[i]
	}
	if err := rows.Scan(to...); err != nil {
		t.Fatal(err)
	}
	found := map[string]any{}
	for i, name := range columns {
		found[name] = values[i]
	}
	return found
}

// set gives a column of the row a value; back says that it has another one by now.
func (b booked) set(t *testing.T, raw *sql.DB, column string, value any, back bool) {
	t.Helper()
	where := b.where
	if other := b.other[column]; back && other != "" {
		where = other
	}
	done, err := raw.ExecContext(context.WithoutCancel(t.Context()), "UPDATE "+b.table+" SET "+column+" = $1 WHERE "+where, value)
	if err != nil {
		t.Fatalf("%s.%s: %v", b.table, column, err)
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		t.Fatalf("%s.%s: changed %d rows, %v", b.table, column, n, err)
	}
}

// another returns a value of the same kind that no other row has, and that the
// constraints of the table let through.
func another(column string, value any) any {
	switch v := value.(type) {
	case int64:
		if column == "balance" { // of a wallet, which is not above nothing
			return v - 1000
		}
		return v + 1000
	case string:
		return v + "x"
	case []byte:
		return bytes.Repeat([]byte{'x'}, len(v))
	}
	panic(fmt.Sprintf("a column of type %T", value))
}
