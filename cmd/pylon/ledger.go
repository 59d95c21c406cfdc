package main

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/cmd/pylon/remote"
	"pylon/internal/app"
)

type ledgerCmd struct {
	remote.Ledger `embed:""`

	Verify ledgerVerify `cmd:"" help:"Compute every hash and every balance in the database anew, while everything runs." example:"pylon ledger verify --data /var/lib/pylon"`
}

type ledgerVerify struct {
	app.Storage `embed:""`
}

// Run verifies; a row that is not as it was written is an error. It reads the
// database itself: whoever does not trust the server need not ask it.
func (v *ledgerVerify) Run(ctx context.Context, to terminal, c *remote.Connection) error {
	r, err := app.VerifyLedger(ctx, v.Storage)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		if err := json.MarshalWrite(to.out, r, jsontext.WithIndent("  ")); err != nil {
			return err
		}
		fmt.Fprintln(to.out)
	} else {
		for _, b := range r.Breaches {
			fmt.Fprintf(to.out, "%s  %s: %s\n", b.Code, b.Subject, b.Detail)
		}
		if len(r.Breaches) == 0 {
			fmt.Fprintln(to.out, "All is as it was written.")
		}
		fmt.Fprintf(to.out, "journals %d, transfers %d, accounts %d\n", r.Journals, r.Transfers, r.Accounts)
	}
	switch {
	case r.Cut:
		return fmt.Errorf("the books are not as they were written; more rows than %d", len(r.Breaches))
	case len(r.Breaches) > 0:
		return fmt.Errorf("the books are not as they were written; rows: %d", len(r.Breaches))
	}
	return nil
}
