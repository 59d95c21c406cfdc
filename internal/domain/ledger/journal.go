package ledger

import (
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Bounds of a journal.
const (
	// AmountMax bounds a transfer, in minor units: ten billion euros. No balance
	// comes near the end of its numbers.
	AmountMax = 1_000_000_000_000

	// TransfersMax bounds a journal: a bill has a dozen lines, and what is posted
	// for many customers at once is a journal for each.
	TransfersMax = 999

	sourceMax = 64 // an identifier of ours has 30 characters, a partner's CDR 39
)

// Transfer takes an amount from one account to another. Both count the same
// unit and are of the same organisation, and the amount is positive, so it
// balances by itself.
type Transfer struct {
	Debit, Credit Account
	Amount        int64
}

// Source is what a journal is about: the type is a word like bill or session,
// the id is unique among all of that type.
type Source struct{ Type, ID string }

// Journal is something that happened to money.
//
// There is one journal at most for each (source, template, revision), and one
// that reverses another: the database sees to it.
type Journal struct {
	ID           ident.JournalID
	Organisation ident.OrganisationID
	Template     Template
	Source       Source
	Revision     int64 // of the source; posted anew after a correction it is the next
	PostedAt     time.Time
	EffectiveAt  time.Time       // to which day it belongs, which may be past
	Reverses     ident.JournalID // that it takes back; "": none
	Series       SeriesID        // from which its document takes a number; "": it has no document
	Number       int64           // of the document: the commit draws it
	Transfers    []Transfer
}

// Post returns a journal of what a template made, posted and effective now.
func Post(now time.Time, t Template, of Source, transfers []Transfer) Journal {
	j := Journal{ID: ident.New[ident.JournalID](now), Template: t, Source: of, PostedAt: now, EffectiveAt: now, Transfers: transfers}
	if len(transfers) > 0 {
		j.Organisation = transfers[0].Debit.Organisation
	}
	return j
}

// Reverse returns the mirror of a journal, which takes it back. With a template
// of [CreditNote] it is the document that a customer gets; else [Reversal].
func (j Journal) Reverse(now time.Time, t Template) Journal {
	mirror := make([]Transfer, len(j.Transfers))
	for i, of := range j.Transfers {
		mirror[i] = Transfer{Debit: of.Credit, Credit: of.Debit, Amount: of.Amount}
	}
	back := Post(now, t, j.Source, mirror)
	back.Revision, back.Reverses = j.Revision, j.ID
	return back
}

// Validate refuses a journal that must not be posted: an error of kind Invalid
// that names the field.
func (j Journal) Validate() error {
	switch {
	case j.ID == "":
		return fault.InvalidField("/id", "required", "a journal has an id")
	case !plain(string(j.Template), sourceMax) || j.Template == "":
		return fault.InvalidField("/template", "malformed", "is a word")
	case !plain(j.Source.Type, sourceMax) || j.Source.Type == "":
		return fault.InvalidField("/source/type", "malformed", "is a word")
	case !plain(j.Source.ID, sourceMax) || j.Source.ID == "":
		return fault.InvalidField("/source/id", "malformed", "has 1 to 64 printable characters of ASCII")
	case j.Revision < 0:
		return fault.InvalidField("/revision", "out_of_range", "is not negative")
	case j.PostedAt.IsZero() || j.EffectiveAt.IsZero():
		return fault.InvalidField("/posted_at", "required", "a journal says when it was posted, and to which day it belongs")
	case len(j.Transfers) == 0 || len(j.Transfers) > TransfersMax:
		return fault.InvalidField("/transfers", "out_of_range", "has 1 to 999 transfers")
	}
	for i := range j.Transfers {
		if err := j.Transfers[i].check(j.Organisation); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a transfer that is none, or of another organisation.
func (t *Transfer) check(of ident.OrganisationID) error {
	if err := t.Debit.check(); err != nil {
		return fault.Below("/transfers/debit", err)
	}
	if err := t.Credit.check(); err != nil {
		return fault.Below("/transfers/credit", err)
	}
	switch {
	case t.Amount < 1 || t.Amount > AmountMax:
		return fault.InvalidField("/transfers/amount", "out_of_range", "is positive and at most ten billion in cents")
	case t.Debit.Organisation != of || t.Credit.Organisation != of:
		return fault.InvalidField("/transfers", "organisations_mixed", "leads from an account to another of the same organisation")
	case t.Debit.Unit != t.Credit.Unit:
		return fault.InvalidField("/transfers", "units_mixed", "leads from an account to another of the same unit")
	case t.Debit == t.Credit:
		return fault.InvalidField("/transfers", "accounts_same", "leads from an account to another")
	}
	return nil
}

// Change is what a journal makes of a balance.
type Change struct {
	Account Account
	Amount  int64 // debits less credits; 0 when they are the same
}

// Changes returns what the journal makes of balances, in the order in which its
// accounts come first. Sums of a valid journal are far from overflowing.
func (j Journal) Changes() []Change {
	all := make([]Change, 0, len(j.Transfers)+1)
	at := make(map[Account]int, len(j.Transfers)+1)
	add := func(a Account, amount int64) {
		i, known := at[a]
		if !known {
			i = len(all)
			at[a] = i
			all = append(all, Change{Account: a})
		}
		all[i].Amount += amount
	}
	for _, t := range j.Transfers {
		add(t.Debit, t.Amount)
		add(t.Credit, -t.Amount)
	}
	return all
}
