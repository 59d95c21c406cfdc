package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/page"
)

// askMoney calls everything that reads what charging costs, and what was paid.
func askMoney(t *testing.T, s *Store) {
	t.Helper()
	askTariffs(t, s)
	askSignals(t, s)
	askBilling(t, s)
	askHosts(t, s)
	askCustomers(t, s)
	askPlans(t, s)
	askReratings(t, s)
	askLedger(t, s)
}

// askLedger calls everything that reads the books.
func askLedger(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	two := func(_ any, err error) {
		t.Helper()
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
	}
	two(s.Journal(ctx, "org_x", "x"))
	two(s.withLines(ctx, journalRow{}))
	two(s.JournalOf(ctx, "org_x", ledger.Source{}, "x", 1))
	for _, f := range []ledger.Filter{{}, {Template: "x"}, {Source: ledger.Source{Type: "x", ID: "x"}}} {
		two(s.Journals(ctx, "org_x", f, page.Query{}))
	}
	two(s.LedgerAccount(ctx, "org_x", "x"))
	two(s.BalanceOf(ctx, ledger.Account{}))
	for _, f := range []ledger.AccountFilter{{}, {Class: "x"}, {Owner: "x"}} {
		two(s.LedgerAccounts(ctx, "org_x", f, page.Query{}))
	}
	two(s.TrialBalance(ctx, "org_x"))
	two(s.Statement(ctx, "org_x", "x", page.Query{}))
	two(s.Series(ctx, "org_x"))
	two(s.LedgerCheck(ctx, "x"))
	two(s.VerifyLedger(ctx))
	two(s.linesBetween(ctx, 0, 1))
}

// changing finds texts that change or take out rows of journals and transfers.
var changing = regexp.MustCompile(`(?is)\b(UPDATE|DELETE\s+FROM|REPLACE\s+INTO|TRUNCATE(\s+TABLE)?|DROP\s+TABLE(\s+IF\s+EXISTS)?|ALTER\s+TABLE)\s+"?(journals|transfers)\b|` +
	`INTO\s+"?(journals|transfers)\b[^;` + "`" + `]*\bDO\s+UPDATE`)

// TestNothingChangesTheBooks reads every statement that the committer knows, and
// every line of SQL and Go that ships.
func TestNothingChangesTheBooks(t *testing.T) {
	for _, d := range []dialect{sqliteDialect(), postgresDialect()} {
		for _, s := range newCatalogue(d, packer{}).all {
			if found := changing.FindString(s.text); found != "" {
				t.Errorf("a statement of the committer: %s", s.text)
			}
		}
	}
	read := 0
	err := filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := e.Name()
		if e.IsDir() && (strings.HasPrefix(name, ".") && len(name) > 2 || name == "testdata" || name == "node_modules") {
			return filepath.SkipDir
		}
		if e.IsDir() || strings.HasSuffix(name, "_test.go") || !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".sql") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		read++
		if found := changing.Find(text); found != nil {
			t.Errorf("%s: %s", path, found)
		}
		return nil
	})
	if err != nil || read < 100 {
		t.Errorf("read %d files: %v", read, err)
	}
	for _, text := range []string{
		"UPDATE journals SET hash = $1", "delete from transfers where id = $1", "INSERT INTO journals (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET id = id",
	} {
		if !changing.MatchString(text) {
			t.Errorf("%s is not seen", text)
		}
	}
}
