package billing

import (
	"time"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/ident"
)

// Bill is a document as it is kept: issued once and never changed. Its number is
// drawn by the commit that posts it, so Document has none until it is read.
type Bill struct {
	ID           ident.BillID
	Organisation ident.OrganisationID
	Station      ident.StationID
	Session      ident.SessionID
	Revision     int64           // of the session's tab; a credit note has that of what it takes back
	Credits      ident.BillID    // that a credit note takes back
	Journal      ident.JournalID // that posts it; "": it is of nothing
	Debtor       string          // who owes it, as the books call him
	Country      string          // whose tax it is
	Document     Document
}

// Tab is what a session owes, as far as we have got with it. There is one for
// each session, from its start on.
type Tab struct {
	Session      ident.SessionID
	Station      ident.StationID
	Organisation ident.OrganisationID
	Snapshot     string // hash of what prices it, see [pylon/internal/domain/tariff.Snapshot]; "": nothing does
	State        TabState
	Reason       string          // why it is held, as a code
	Finding      ident.FindingID // that tells people of it
	Revision     int64           // of the bill that stands; 0: there was none
	Bill         ident.BillID    // that stands; "": none does
	ChangedAt    time.Time
	Version      int64
}

// TabState is where a tab is.
type TabState string

// The states.
const (
	TabOpen   TabState = "open"   // the session runs
	TabBilled TabState = "billed" // a bill stands
	TabHeld   TabState = "held"   // no bill can be made, and somebody has to look
	TabFree   TabState = "free"   // no tariff applies: there is nothing to bill
)

// The reasons for which a tab is held.
const (
	HeldRaters  = "raters_differ"   // two raters came to two answers
	HeldTax     = "tax_unknown"     // a line has no rate of tax
	HeldInvalid = "session_invalid" // a rater refuses what was measured, or the tariff
	HeldSeries  = "series_missing"  // prices or signals that the tariff names are not there
)

// Profile is how an organisation bills.
type Profile struct {
	Organisation ident.OrganisationID `json:"-"`
	Issuer       Party                `json:"issuer"`
	Language     string               `json:"language"` // of documents whose customer has none
	Version      int64                `json:"-"`
}

// Tag is the version as callers name it: one more, for theirs begins at 1 and 0
// means any.
func (p *Profile) Tag() int64 { return p.Version + 1 }

// Series returns the series from which documents of a kind take their numbers: one a
// year, so that a year's books close.
func (p *Profile) Series(k Kind, at time.Time) ledger.Series {
	year := at.UTC().Format("2006")
	name, letter := "bill-"+year, "B"
	if k == CreditNote {
		name, letter = "credit-"+year, "C"
	}
	return ledger.Series{Organisation: p.Organisation, Name: name, Format: letter + year + "-#######", First: 1, CreatedAt: at}
}

// Snapshot is what prices sessions, kept once for all that it prices.
type Snapshot struct {
	Hash string // of Text
	Text []byte
}

// Language is that of documents as long as nobody says another.
const Language = "en"

// Languages returns those that documents are written in, by their tags.
func Languages() []string { return []string{"de", "en", "es", "fr", "nl", "sv"} }

// Filter chooses bills of an organisation; a zero field does not choose.
type Filter struct {
	Session ident.SessionID
	Debtor  string
	Kind    Kind
}
