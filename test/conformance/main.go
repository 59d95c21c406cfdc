// Command conformance writes docs/conformance: for each version of OCPP, which
// requirement is shown by which test. It runs in the repository's root, compiles
// nothing, and looks at the names of tests alone (see docs/conformance/README.md
// for how they are written).
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

// run writes one page per version below root.
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
	return nil
}
