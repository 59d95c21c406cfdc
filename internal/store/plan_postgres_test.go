package store_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"pylon/internal/store"
	"pylon/test/postgres"
)

// TestNoQueryMustWalkATable asks PostgreSQL for a way to answer each query
// without walking along a table that grows: in an empty database it would rather
// walk, so that is made dear.
func TestNoQueryMustWalkATable(t *testing.T) {
	url := postgres.Database(t)
	db := open(t, store.Options{URL: url})
	small := []string{ // a row for each run, tenant, task; what a query has made itself
		"nodes", "streams", "organisations", "organisations_first", "leases", "cursors", "chain", "o", "few",
		// What is under way: whether that is walked along or asked for a station, its size decides.
		"commands_open", "commands_due", "jobs_open", "reratings_open", "sessions_open", "links_node",
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, setting := range []string{"enable_seqscan = off", "enable_mergejoin = off", "enable_hashjoin = off", "plan_cache_mode = force_generic_plan"} {
		if _, err := conn.Exec(t.Context(), "SET "+setting); err != nil {
			t.Fatal(err)
		}
	}
	for _, query := range store.Queries(t, db.Store) {
		steps := explain(t, conn, query)
		for i, step := range steps {
			if of := walked(steps[i:]); of != nil && !slices.ContainsFunc(of, func(name string) bool { return slices.Contains(small, name) }) {
				t.Errorf("%s\n  %s", query, step)
			}
		}
	}
}

// walked returns the names of what the first of steps walks along from end to
// end, index and table; nil when it does not.
func walked(steps []string) []string {
	names := regexp.MustCompile(`Scan (?:Backward )?(?:using (\w+) )?on (\w+)`).FindStringSubmatch(steps[0])
	if names == nil || strings.Contains(steps[0], "Bitmap Heap") { // that reads what an index has found
		return nil
	}
	for _, step := range steps[1:] {
		if strings.Contains(step, "Index Cond") {
			return nil
		}
		if strings.Contains(step, "->") {
			break
		}
	}
	return names[1:]
}

// explain returns the steps of the plan of a query, whatever its arguments.
func explain(t *testing.T, conn *pgx.Conn, query string) []string {
	t.Helper()
	if _, err := conn.Exec(t.Context(), "PREPARE asked AS "+query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer conn.Exec(t.Context(), "DEALLOCATE asked")
	execute := "EXPLAIN (COSTS OFF) EXECUTE asked"
	if n := strings.Count(query, "$"); n > 0 { // each stands once
		execute += "(NULL" + strings.Repeat(", NULL", n-1) + ")"
	}
	rows, err := conn.Query(t.Context(), execute, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	steps, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return steps
}
