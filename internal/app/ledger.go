package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"pylon/internal/store"
)

// Books is what a verification of the ledger has seen.
type Books struct {
	Journals  int64    `json:"journals"`
	Transfers int64    `json:"transfers"`
	Accounts  int64    `json:"accounts"`
	Breaches  []Breach `json:"breaches"` // of each chain the first
	Cut       bool     `json:"cut"`      // there are more
}

// Breach is a row that is not as it was written, or not there.
type Breach struct {
	Code    string `json:"code"`
	Subject string `json:"subject"` // identifier of the row, or its place
	Detail  string `json:"detail"`
}

// VerifyLedger computes every hash and every balance of an installation anew. It
// may be running, and is not changed.
func VerifyLedger(ctx context.Context, at Storage) (Books, error) {
	if err := at.check(); err != nil {
		return Books{}, err
	}
	o := store.Options{URL: at.DatabaseURL, Node: "nod_verify"}
	if at.DatabaseURL == "" {
		o.Path = filepath.Join(at.Data, "pylon.db")
		if _, err := os.Stat(o.Path); err != nil { // which opening it would make
			return Books{}, fmt.Errorf("no database to verify: %w", err)
		}
	}
	r, err := store.VerifyLedgerAt(ctx, o)
	if err != nil {
		return Books{}, err
	}
	b := Books{Journals: r.Journals, Transfers: r.Transfers, Accounts: r.Accounts, Breaches: []Breach{}, Cut: r.Cut}
	for _, of := range r.Breaches {
		b.Breaches = append(b.Breaches, Breach{string(of.Code), of.Subject, of.Detail})
	}
	return b, nil
}
