package billing

import (
	"time"

	"pylon/internal/domain/ledger"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
)

// Bill is a document as it is kept: issued once and never changed. Its number is
// drawn by the commit that posts it, so Document has none until it is read.
type Bill struct {
	ID           ident.BillID
	Organisation ident.OrganisationID
	Station      ident.StationID
	Session      ident.SessionID
	Source       ledger.Source     // what it is about when it is of no session; zero: the session
	Revision     int64             // of the session's tab; a credit note has that of what it takes back
	Credits      ident.BillID      // that a credit note takes back
	Journal      ident.JournalID   // that posts it; "": it is of nothing
	Debtor       string            // who owes it, as the books call him
	Country      string            // whose tax it is
	Monthly      bool              // it is to be on a statement, and is not paid by itself
	Statement    ident.StatementID // that has taken it, or whose invoice it is; "": none
	Document     Document
}

// EffectiveAt returns when what the bill is about was over: that of a credit note is
// that of what it takes back, so that both are of one month.
func (b *Bill) EffectiveAt() time.Time {
	d := &b.Document
	switch {
	case len(d.Charges) > 0:
		return d.Charges[0].End
	case !d.From.IsZero():
		return d.From
	}
	return d.IssuedAt
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
	Released     []string        // codes of findings that somebody has looked at: they hold the tab no more
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
	TabFree   TabState = "free"   // there is nothing to bill: no tariff applies, nobody was authorised, or see [TakenBack]
)

// The reasons for which a tab is held.
const (
	HeldRaters      = "raters_differ"      // two raters came to two answers
	HeldTax         = "tax_unknown"        // a line has no rate of tax
	HeldInvalid     = "session_invalid"    // a rater refuses what was measured, or the tariff
	HeldSeries      = "series_missing"     // prices or signals that the tariff names are not there
	HeldUncertified = "energy_uncertified" // the tariff demands energy that the meter has signed, and nothing proves it
	HeldReview      = "review"             // findings make its energy or its times doubtful
	HeldZone        = "zone_changed"       // the site's clock is another one than when the session began
)

// TakenBack is the reason for which a tab is free whose bill somebody took back.
const TakenBack = "taken_back"

// Profile is how an organisation bills.
type Profile struct {
	Organisation ident.OrganisationID `json:"-"`
	Issuer       Party                `json:"issuer"`
	Language     string               `json:"language"` // of documents whose customer has none

	// Review are the findings for whose sake somebody looks at a session before it
	// is billed; nil: see [Reviewed].
	Review []station.FindingCode `json:"review,omitzero"`
	// Short says which sessions are so short that neither fee nor time is charged;
	// nil: see [Forgiven].
	Short *rating.Short `json:"short,omitzero"`

	Version int64 `json:"-"`
}

// Reviewed are the findings that are reviewed as long as nobody says which: those
// that make it doubtful how much was charged, or for how long.
func Reviewed() []station.FindingCode {
	return []station.FindingCode{
		station.ClockChanged, station.MeterBackwards, station.MeterJumped, station.ClosedFromEvidence, station.TransactionReplaced, station.TransactionsInOne,
	}
}

// Reviews returns the findings for whose sake somebody looks at a session before it is billed.
func (p *Profile) Reviews() []station.FindingCode {
	if p.Review == nil {
		return Reviewed()
	}
	return p.Review
}

// Forgiven is the session that is short as long as nobody says which: one that
// has given nothing within a minute.
func Forgiven() rating.Short { return rating.Short{Below: rating.Nanoseconds(time.Minute)} }

// Forgives returns which sessions are short; the zero value: none.
func (p *Profile) Forgives() rating.Short {
	if p.Short == nil {
		return Forgiven()
	}
	return *p.Short
}

// Tag is the version as callers name it: one more, for theirs begins at 1 and 0
// means any.
func (p *Profile) Tag() int64 { return p.Version + 1 }

// Series returns the series from which documents of a kind take their numbers: one a
// year, so that a year's books close.
func (p *Profile) Series(k Kind, at time.Time) ledger.Series {
	year := at.UTC().Format("2006")
	name, letter := "bill-"+year, "B"
	switch k {
	case CreditNote:
		name, letter = "credit-"+year, "C"
	case Invoice:
		name, letter = "invoice-"+year, "I"
	case Receipt:
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
	Session   ident.SessionID
	Debtor    string
	Statement ident.StatementID // that has taken it, or whose invoice it is
	Kind      Kind
}
