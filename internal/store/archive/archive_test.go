package archive_test

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver

	"pylon/internal/store"
	"pylon/internal/store/archive"
	"pylon/internal/store/framelog"
	"pylon/test/postgres"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// databases are the kinds of database, each with a new empty one.
func databases(tb testing.TB) map[string]func() archive.Place {
	return map[string]func() archive.Place{
		"sqlite":     func() archive.Place { return archive.Place{Folder: filepath.Join(tb.TempDir(), "data")} },
		"postgresql": func() archive.Place { return archive.Place{DatabaseURL: postgres.Database(tb)} },
	}
}

// open opens the facts or the frame log of a place for SQL.
func open(tb testing.TB, at archive.Place, frames bool) *sql.DB {
	tb.Helper()
	driver, dsn := "pgx", at.DatabaseURL
	switch {
	case dsn == "" && frames:
		driver, dsn = "sqlite", filepath.Join(at.Folder, "frames.db")
	case dsn == "":
		driver, dsn = "sqlite", filepath.Join(at.Folder, "pylon.db")+"?_pragma=journal_mode(wal)"
	case frames:
		dsn += "&search_path=" + framelog.PostgresSchema
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// prepare makes the tables of a version in an empty place.
func prepare(tb testing.TB, at archive.Place, version int64) {
	tb.Helper()
	if at.DatabaseURL == "" {
		if err := os.MkdirAll(at.Folder, 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	if err := store.Migrate(tb.Context(), open(tb, at, false), at.DatabaseURL, version); err != nil {
		tb.Fatal(err)
	}
	text := framelog.Schema(at.DatabaseURL)
	if at.DatabaseURL != "" {
		text = "CREATE SCHEMA frames; " + text
	}
	if _, err := open(tb, at, true).ExecContext(tb.Context(), text); err != nil {
		tb.Fatal(err)
	}
}

func newest(tb testing.TB) int64 {
	tb.Helper()
	version, err := store.SchemaVersion()
	if err != nil {
		tb.Fatal(err)
	}
	return version
}

// write returns an archive of a place.
func write(tb testing.TB, at archive.Place) []byte {
	tb.Helper()
	var out bytes.Buffer
	if _, err := archive.Write(tb.Context(), &out, archive.Options{From: at, Frames: true, Program: "test", Now: noon}); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// rows is a [archive.Sink] that keeps everything, so that two databases can be
// compared: table, columns and values, each row once for each time it is there.
type rows struct {
	table archive.Table
	all   map[string]int
	keep  func(archive.Table) bool
	later []string // columns that are left out, as table.column
}

func (*rows) Manifest(archive.Manifest) error { return nil }
func (r *rows) Table(t archive.Table) error   { r.table = t; return nil }
func (*rows) TableEnd(int64) error            { return nil }
func (r *rows) Row(row []any) error {
	if r.keep != nil && !r.keep(r.table) {
		return nil
	}
	var text strings.Builder
	text.WriteString(r.table.Name)
	for i, v := range row {
		if slices.Contains(r.later, r.table.Name+"."+r.table.Columns[i].Name) {
			continue
		}
		fmt.Fprintf(&text, " %s=%#v", r.table.Columns[i].Name, v)
	}
	r.all[text.String()]++
	return nil
}

func contents(tb testing.TB, data []byte, keep func(archive.Table) bool, later ...string) map[string]int {
	tb.Helper()
	r := &rows{all: map[string]int{}, keep: keep, later: later}
	if _, err := archive.Read(bytes.NewReader(data), r); err != nil {
		tb.Fatal(err)
	}
	return r.all
}

// compare says which rows are in one only.
func compare(tb testing.TB, got, want map[string]int) {
	tb.Helper()
	said := 0
	for _, row := range slices.Sorted(maps.Keys(want)) {
		if got[row] != want[row] && said < 5 {
			tb.Errorf("%d times, want %d: %.300s", got[row], want[row], row)
			said++
		}
	}
	for _, row := range slices.Sorted(maps.Keys(got)) {
		if want[row] == 0 && said < 10 {
			tb.Errorf("nobody wrote: %.300s", row)
			said++
		}
	}
}

// value invents a value of a kind: the extremes often.
func value(random *rand.Rand, kind archive.Kind, key bool) any {
	switch kind {
	case archive.BigInt:
		if key || random.IntN(2) == 0 {
			return random.Int64() - random.Int64()
		}
		return []int64{0, 1, -1, math.MaxInt64, math.MinInt64, 1 << 53, 1<<53 + 1}[random.IntN(7)]
	case archive.Boolean:
		return random.IntN(2) == 0
	case archive.Bytea:
		data := make([]byte, random.IntN(300))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		if key {
			data = binary.BigEndian.AppendUint64(data, random.Uint64())
		}
		return data
	}
	text := []string{"", "ü€🜂", "'; DROP TABLE stations; --", "\\N\t\n\r\"", "null", "1e999", strings.Repeat("long ", 2000)}[random.IntN(7)]
	if key {
		text += fmt.Sprint(random.Uint64())
	}
	return text
}

// fill puts invented rows into every table of a place. What had lived is over.
func fill(tb testing.TB, at archive.Place, random *rand.Rand, each int) {
	tb.Helper()
	c := &catalogue{}
	if _, err := archive.Read(bytes.NewReader(write(tb, at)), c); err != nil {
		tb.Fatal(err)
	}
	for _, t := range c.tables {
		db := open(tb, at, t.Frames)
		names, places := []string{}, []string{}
		for i, column := range t.Columns {
			names, places = append(names, column.Name), append(places, fmt.Sprintf("$%d", i+1))
		}
		text := "INSERT INTO " + t.Name + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(places, ", ") + ")"
		for range each {
			args := make([]any, len(t.Columns))
			for i, column := range t.Columns {
				args[i] = value(random, column.Kind, true)
				if strings.HasSuffix(column.Name, "_at") || column.Name == "raw" || column.Name == "payload" || column.Name == "old_value" {
					args[i] = value(random, column.Kind, false)
				}
				checked, ok := checked()[t.Name+"."+column.Name]
				switch {
				case t.Frames && column.Kind == archive.BigInt: // times, of which differences are indexed
					args[i] = random.Int64N(1 << 51)
				case column.Name == "is_first":
					args[i] = false
				case t.Name == "leases" && column.Name == "holder":
					args[i] = ""
				case ok:
					args[i] = checked
				case t.Name == "transfers" && column.Name == "amount":
					args[i] = 1 + random.Int64N(math.MaxInt64)
				case nullable(t.Name, column.Name) && random.IntN(2) == 0:
					args[i] = nil
				}
			}
			if _, err := db.ExecContext(tb.Context(), text, args...); err != nil {
				tb.Fatalf("%s: %v", t.Name, err)
			}
		}
	}
}

// checked are values that tables take which hold columns against one another.
func checked() map[string]int64 {
	return map[string]int64{
		"accounts.least": math.MinInt64, "accounts.most": math.MaxInt64,
		"bills.net": 0, "bills.tax": 0, "bills.total": 0,
		"settlements.net": -3, "settlements.tax": 4, "settlements.total": 1, "settlements.paid": 1,
		"vouchers.holders_most": math.MaxInt64,
	}
}

// nullable names some columns that may be NULL.
func nullable(table, column string) bool {
	return slices.Contains([]string{
		"findings.raw", "findings.resolved_at", "commands.payload", "commands.sent_at", "idempotency.body", "links.since", "links.last_seen",
		"sessions.ended_at", "sessions.ended_energy_mwh", "device_changes.old_value", "device_changes.new_value",
	}, table+"."+column)
}

// catalogue is a [archive.Sink] that keeps the tables.
type catalogue struct{ tables []archive.Table }

func (*catalogue) Manifest(archive.Manifest) error { return nil }
func (c *catalogue) Table(t archive.Table) error   { c.tables = append(c.tables, t); return nil }
func (*catalogue) TableEnd(int64) error            { return nil }
func (*catalogue) Row([]any) error                 { return nil }

// Every value of every table comes back as it was, from each database into each.
func TestEveryValueComesBack(t *testing.T) {
	for from, source := range databases(t) {
		at := source()
		prepare(t, at, newest(t))
		fill(t, at, rand.New(rand.NewPCG(1, 2)), 40)
		if err := store.Retire(t.Context(), open(t, at, false), noon); err != nil {
			t.Fatal(err)
		}
		data := write(t, at)
		want := contents(t, data, nil)
		if len(want) < 1000 {
			t.Fatalf("%d rows are too few", len(want))
		}
		for into, target := range databases(t) {
			t.Run(from+" to "+into, func(t *testing.T) {
				to := target()
				if _, err := archive.Restore(t.Context(), bytes.NewReader(data), archive.RestoreOptions{To: to, Now: noon}); err != nil {
					t.Fatal(err)
				}
				compare(t, contents(t, write(t, to), nil), want)
				_, err := archive.Restore(t.Context(), bytes.NewReader(data), archive.RestoreOptions{To: to, Now: noon})
				if !errors.Is(err, archive.ErrNotEmpty) {
					t.Errorf("a second time: got %v, want that it is not empty", err)
				}
			})
		}
	}
}
