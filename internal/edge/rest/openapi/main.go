// Command openapi writes the API's OpenAPI document to the file that it is
// given.
package main

import (
	"fmt"
	"os"

	"pylon/internal/edge/rest"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: openapi FILE")
		os.Exit(2)
	}
	document, err := rest.Document()
	if err == nil {
		err = os.WriteFile(os.Args[1], document, 0o644) //nolint:gosec // a document for everybody
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}
