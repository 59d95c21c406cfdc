package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A backup takes the settings of serve, and says what is wrong.
func TestBackupAndRestore(t *testing.T) {
	data, place := filepath.Join(t.TempDir(), "data"), t.TempDir()
	file := filepath.Join(place, "pylon.backup")
	if code, _, said := invoke(t, []string{"serve", "--listen", "127.0.0.1:0", "--drain", "0s"}, []string{"PYLON_DATA=" + data}); code != exitOK {
		t.Fatalf("serve: exit code %d: %s", code, said)
	}
	settings := []string{"PYLON_DATA=" + data, "PYLON_LISTEN=127.0.0.1:0"}
	for _, tt := range []struct {
		name    string
		args    []string
		environ []string
		want    int
		says    string
	}{
		{"without a file", []string{"backup"}, settings, exitUsage, "--to"},
		{"of nothing", []string{"backup", "--to", file}, nil, exitError, "no database to back up"},
		{"a setting that is none", []string{"backup", "--to", file}, []string{"PYLON_DATUM=x"}, exitUsage, `did you mean "data"?`},
		{"a flag is no setting", []string{"backup"}, []string{"PYLON_TO=x"}, exitUsage, "is no setting"},
		{"a URL that is none", []string{"backup", "--to", file, "--database-url", "mysql://x"}, nil, exitError, "database-url"},
		{"by the environment", []string{"backup", "--to", file}, settings, exitOK, "rows of"},
		{"over a file", []string{"backup", "--to", file}, settings, exitError, "is there already"},
		{"verified", []string{"backup", "verify", file}, nil, exitOK, ""},
		{"verified, of nothing", []string{"backup", "verify", file + "x"}, nil, exitError, "no such file"},
		{"restored over data", []string{"restore", "--from", file}, settings, exitError, "into an empty one only"},
		{"restored", []string{"restore", "--from", file, "--data", filepath.Join(place, "new")}, settings, exitOK, "as they were at"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, _, said := invoke(t, tt.args, tt.environ)
			if code != tt.want || !strings.Contains(said, tt.says) {
				t.Errorf("exit code %d, want %d with %q; it says:\n%s", code, tt.want, tt.says, said)
			}
		})
	}
	code, out, said := invoke(t, []string{"backup", "--to", "-", "--data", filepath.Join(place, "new")}, nil)
	if code != exitOK || !bytes.HasPrefix([]byte(out), []byte("\x28\xb5\x2f\xfd")) {
		t.Errorf("to standard output: exit code %d, %d bytes: %s", code, len(out), said)
	}
	if entries, err := os.ReadDir(place); err != nil || len(entries) != 2 {
		t.Errorf("the folder has %v, %v; want the backup and what was restored", entries, err)
	}
}
