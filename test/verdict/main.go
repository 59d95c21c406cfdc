// Command verdict reads the output of `go test -json` and says how it went: what
// failed in full, one line per package, what was skipped and why, and a closing
// line that counts. It exits with 1 when a test failed, when none ran, and on CI
// (CI=true) when one was skipped: a skipped test proves nothing.
package main

import (
	"fmt"
	"os"
)

func main() {
	tally, err := Read(os.Stdin, os.Stdout)
	if err == nil {
		err = tally.Verdict(os.Getenv("CI") == "true")
	}
	fmt.Println(tally)
	if err != nil {
		fmt.Fprintln(os.Stderr, "verdict:", err)
		os.Exit(1)
	}
}
