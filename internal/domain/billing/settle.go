package billing

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
)

// Facts are what a bill says beside its amounts.
type Facts struct {
	Now      time.Time
	Profile  Profile
	Customer Party  // zero: not known
	Debtor   string // who owes it, as the books call him
	Country  string // of the site: whose tax it is
	Charge   Charge
}

// Rated is a session's price as both raters see it.
type Rated struct {
	Question *rating.Question
	Answer   *rating.Answer // of the rater that explains
	Other    *rating.Answer
	Err      error // why there is no answer of one of them
}

// Outcome is what a settlement changes; nothing when Tab is nil.
type Outcome struct {
	Tab      *Tab
	Bills    []Bill // a credit note goes before what takes the place
	Journals []ledger.Journal
	Detail   string // what people are told of a tab that is held
}

// Settle decides what becomes of a session that has ended: its first bill, or,
// when the one that stands says something else than is known by now, a credit
// note and another bill. standing is that bill, nil when there is none.
//
// What the raters do not agree on is not billed: the tab is held, and the bill
// that stands goes on to stand.
func Settle(t Tab, f *Facts, r *Rated, standing *Bill) (Outcome, error) {
	if t.Snapshot == "" {
		return Free(t, f), nil
	}
	if reason, detail := r.doubt(); reason != "" {
		return t.become(TabHeld, reason, detail, f.Now), nil
	}
	d, err := document(f, r)
	if err != nil {
		return t.become(TabHeld, HeldInvalid, err.Error(), f.Now), nil
	}
	if standing != nil && d.same(&standing.Document) {
		return t.become(TabBilled, "", "", f.Now), nil
	}
	out := t.become(TabBilled, "", "", f.Now)
	if out.Tab == nil { // it is billed already, and will be billed anew
		next := t
		next.ChangedAt = f.Now
		next.Version++
		out.Tab = &next
	}
	if standing != nil {
		if err := out.credit(standing, f); err != nil {
			return Outcome{}, err
		}
		d.Replaces = Reference{Number: standing.Document.Number, IssuedAt: standing.Document.IssuedAt}
	}
	out.Tab.Revision++
	bill := Bill{
		ID: ident.New[ident.BillID](f.Now), Organisation: t.Organisation, Station: t.Station, Session: t.Session,
		Revision: out.Tab.Revision, Debtor: f.Debtor, Country: f.Country, Document: d,
	}
	out.Tab.Bill = bill.ID
	journal, err := bill.journal(f.Now)
	if err != nil {
		return Outcome{}, err
	}
	if len(journal.Transfers) > 0 {
		journal.Series = f.Profile.Series(Receipt, f.Now).ID()
		bill.Journal = journal.ID
		out.Journals = append(out.Journals, journal)
	}
	out.Bills = append(out.Bills, bill)
	return out, nil
}

// Free says that there is nothing to pay. What prices the session is kept: it may
// turn out that somebody was authorised after all.
func Free(t Tab, f *Facts) Outcome { return t.become(TabFree, "", "", f.Now) }

// Reopen takes back what was billed of a session that runs after all.
func Reopen(t Tab, f *Facts, standing *Bill) (Outcome, error) {
	out := t.become(TabOpen, "", "", f.Now)
	if out.Tab == nil || standing == nil {
		return out, nil
	}
	out.Tab.Bill = ""
	return out, out.credit(standing, f)
}

// become returns the tab in a state, or nothing when it is in it already.
func (t Tab) become(state TabState, reason, detail string, now time.Time) Outcome {
	if t.State == state && t.Reason == reason {
		return Outcome{}
	}
	t.State, t.Reason, t.ChangedAt = state, reason, now
	t.Version++
	return Outcome{Tab: &t, Detail: detail}
}

// doubt returns why no bill can be made of the answers, "" when one can.
func (r *Rated) doubt() (reason, detail string) {
	if r.Err != nil {
		if e, ok := errors.AsType[*fault.Error](r.Err); ok && e.Code == HeldSeries {
			return HeldSeries, r.Err.Error()
		}
		return HeldInvalid, r.Err.Error()
	}
	if points := rating.Differ(r.Answer, r.Other); len(points) > 0 {
		return HeldRaters, points[0]
	}
	if r.Answer.Invoice == nil {
		return HeldTax, "a line of the tariff names no rate of tax, and the tariff no other"
	}
	return "", ""
}

// document returns what the answer comes to on paper.
func document(f *Facts, r *Rated) (Document, error) {
	lines, err := linesOf(r.Question, r.Answer)
	if err != nil {
		return Document{}, err
	}
	invoice := r.Answer.Invoice
	charge := f.Charge
	charge.Steps = r.Answer.Steps
	return Document{
		Kind: Receipt, IssuedAt: f.Now, Zone: charge.Zone, Language: f.Profile.Language,
		Issuer: f.Profile.Issuer, Customer: f.Customer,
		Currency: invoice.Currency, Gross: invoice.Gross, Lines: lines, Taxes: invoice.Taxes,
		Net: invoice.Net, Tax: invoice.Tax, Total: invoice.Total, Charges: []Charge{charge},
	}, nil
}

// same reports whether two documents say the same of a session: what was
// measured, and what it costs.
func (d *Document) same(other *Document) bool { return bytes.Equal(d.said(), other.said()) }

func (d *Document) said() []byte {
	told := Document{Currency: d.Currency, Gross: d.Gross, Lines: d.Lines, Taxes: d.Taxes, Net: d.Net, Tax: d.Tax, Total: d.Total}
	for _, c := range d.Charges {
		told.Charges = append(told.Charges, Charge{
			Session: c.Session, Start: c.Start.UTC(), End: c.End.UTC(), Begin: c.Begin, Finish: c.Finish, Energy: c.Energy, Signed: c.Signed,
		})
	}
	text, err := json.Marshal(told)
	if err != nil {
		panic(fmt.Sprintf("billing: a document that is not JSON: %v", err)) // all its types are ours
	}
	return text
}

// journal returns what posts the bill; it has no transfers when the bill is of
// nothing.
func (b *Bill) journal(now time.Time) (ledger.Journal, error) {
	d := &b.Document
	book := ledger.Book{Organisation: b.Organisation, Unit: ledger.UnitOf(d.Currency)}
	transfers, err := book.Bill(b.Debtor, saleOf(d, b.Country))
	if err != nil {
		return ledger.Journal{}, err
	}
	j := ledger.Post(now, ledger.BillIssued, ledger.Source{Type: "session", ID: string(b.Session)}, transfers)
	j.Organisation, j.Revision, j.EffectiveAt = b.Organisation, b.Revision, d.Charges[0].End
	return j, nil
}

// credit takes a bill back, whole.
func (out *Outcome) credit(b *Bill, f *Facts) error {
	if b.Journal == "" { // of nothing: it is replaced, and there is nothing to give back
		return nil
	}
	posted, err := b.journal(b.Document.IssuedAt)
	if err != nil {
		return err
	}
	posted.ID = b.Journal
	back := posted.Reverse(f.Now, ledger.CreditNote)
	back.Series = f.Profile.Series(CreditNote, f.Now).ID()
	note := *b
	note.ID, note.Credits, note.Journal = ident.New[ident.BillID](f.Now), b.ID, back.ID
	note.Document.Kind, note.Document.Number, note.Document.IssuedAt = CreditNote, "", f.Now
	note.Document.Paid, note.Document.DueAt, note.Document.Replaces = nil, time.Time{}, Reference{}
	note.Document.Credits = Reference{Number: b.Document.Number, IssuedAt: b.Document.IssuedAt}
	out.Bills = append(out.Bills, note)
	out.Journals = append(out.Journals, back)
	return nil
}
