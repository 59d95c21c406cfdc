package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

// What was changed in the database is named, without a server.
func TestLedgerVerify(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	settings := []string{"PYLON_DATA=" + data}
	code, _, said := invoke(t, []string{"ledger", "verify"}, settings)
	if code != exitError || !strings.Contains(said, "no database to verify") {
		t.Errorf("of nothing: exit code %d: %s", code, said)
	}
	if code, _, said := invoke(t, []string{"serve", "--listen", "127.0.0.1:0", "--drain", "0s"}, settings); code != exitOK {
		t.Fatalf("serve: exit code %d: %s", code, said)
	}
	code, out, said := invoke(t, []string{"ledger", "verify"}, settings)
	if code != exitOK || out != "All is as it was written.\njournals 0, transfers 0, accounts 0\n" {
		t.Errorf("exit code %d: %s%s", code, out, said)
	}
	raw, err := sql.Open("sqlite", filepath.Join(data, "pylon.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.ExecContext(t.Context(), `INSERT INTO accounts (account, shard, org, class, owner, unit, least, most, balance)
		VALUES ('acc_forged', 0, 'org_x', 'wallet', 'drv_a', 'EUR', -100000, 0, -5000)`); err != nil {
		t.Fatal(err)
	}
	code, out, said = invoke(t, []string{"ledger", "verify"}, settings)
	if code != exitError || !strings.Contains(out, "balance_wrong  acc_forged") || !strings.Contains(said, "not as they were written") {
		t.Errorf("after a forgery: exit code %d: %s%s", code, out, said)
	}
	code, out, _ = invoke(t, []string{"ledger", "verify", "--json", "--data", data}, nil)
	if code != exitError || !strings.Contains(out, `"subject": "acc_forged"`) {
		t.Errorf("as JSON: exit code %d: %s", code, out)
	}
}
