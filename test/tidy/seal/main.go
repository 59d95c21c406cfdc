// Command seal records the digests of new migrations below the current folder, the
// repository's root. A sealed migration never changes: the house rules see to it.
package main

import (
	"fmt"
	"os"

	"pylon/test/tidy"
)

func main() {
	sealed, err := tidy.Seal(".")
	for _, path := range sealed {
		fmt.Println("sealed", path)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "seal:", err)
		os.Exit(1)
	}
}
