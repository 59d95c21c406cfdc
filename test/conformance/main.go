// Command conformance writes docs/conformance: for each version of OCPP, which
// requirement is shown by which test, and which test shows what Pylon does in the
// hard cases of the field. It runs in the repository's root, compiles nothing, and
// looks at the names of tests alone, and at the comments of the hard cases'
// conversations (see docs/conformance/README.md for how they are written).
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// run writes one page per version, and that of the hard cases, below root.
func run(root string) error {
	proofs, err := Collect(root)
	if err != nil {
		return err
	}
	for _, v := range versions {
		if err := os.WriteFile(filepath.Join(root, v.page()), Page(v, proofs), 0o644); err != nil {
			return fmt.Errorf("write %s: %w", v, err)
		}
	}
	cases, err := CollectHardCases(root)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, hardCasesPage), HardCasesPage(cases), 0o644); err != nil {
		return fmt.Errorf("write the hard cases: %w", err)
	}
	return nil
}
