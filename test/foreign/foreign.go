// Package foreign finds the programs of others that tests speak with. `make deps`
// installs what they need.
package foreign

import (
	"os"
	"testing"
)

// Python is the interpreter with the package `ocpp`, seen from a folder below test.
const Python = "../../.cache/python/bin/python"

// Needs ends a test for which something is not installed: as failed in continuous
// integration, as skipped elsewhere.
func Needs(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			continue
		} else if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%s is missing; `make deps` installs it", path)
	}
}
