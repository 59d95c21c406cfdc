package nodes

import (
	"context"
	"database/sql"
	"net/http"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver's name

	"pylon/test/program"
)

// nextRelease is what the next release's migration may do while this one runs: add
// tables, and columns that have a default or may be missing. The last statement is
// what the migrations' own table gets.
func nextRelease() []string {
	return []string{
		"ALTER TABLE sessions ADD COLUMN of_the_next_release TEXT NOT NULL DEFAULT 'x'",
		"ALTER TABLE stations ADD COLUMN of_the_next_release BIGINT",
		"CREATE TABLE of_the_next_release (id TEXT PRIMARY KEY, n BIGINT NOT NULL)",
		"INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)",
	}
}

// A node goes on when the next release has brought the tables up to date under it,
// and one of the old release can be started again: a rolling upgrade may be
// stopped half-way and taken back.
func twoReleases(t *testing.T, w *network) {
	a, b := w.two()
	f := charging(t, fleetSize, a, b)

	db, err := sql.Open("pgx", w.config.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range nextRelease() {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}

	if got := a.Command(t, "CS12", "after", map[string]string{"type": "clear_cache"}); got != "accepted" {
		t.Errorf("a command after the migration: got %s, want accepted", got)
	}
	b.Stop(t)
	b = w.node(func(c *program.Config) { c.Address = b.Address() })
	if got, err := b.Do(context.WithoutCancel(t.Context()), program.Request{Method: http.MethodGet, Path: "/readyz"}); err != nil || got.Status != http.StatusOK {
		t.Errorf("a node of the old release on the new tables: got %d %v, want ready", got.Status, err)
	}
	f.finish(a, b)
}
