package billing

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
)

// Facts are what a bill says beside its amounts.
type Facts struct {
	Now            time.Time
	Profile        Profile
	Customer       Party  // zero: not known
	Debtor         string // who owes it, as the books call him
	Monthly        bool   // he pays by one invoice a month
	CostCentre     string // of the customer
	BuyerReference string // that the customer wants on what he is given
	Country        string // of the site: whose tax it is
	Charge         Charge
	Doubts         []string // findings for whose sake somebody has to look before the session is billed, as codes
}

// Rated is a session's price as both raters see it.
type Rated struct {
	Question *rating.Question
	Answer   *rating.Answer // of the rater that explains
	Other    *rating.Answer
	Names    map[string]string // of the customer's own adjustments, by their ids
	Err      error             // why there is no answer of one of them
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
// What the raters do not agree on is not billed, nor, before somebody has looked,
// what [Facts.Doubts] speak against: the tab is held, and the bill that stands goes on to stand.
func Settle(t Tab, f *Facts, r *Rated, standing *Bill) (Outcome, error) {
	if t.Snapshot == "" {
		return Free(t, f, standing)
	}
	if reason, detail := r.doubt(); reason != "" {
		return t.become(TabHeld, reason, detail, f.Now), nil
	}
	d, err := document(f, r)
	switch {
	case err != nil:
		return t.become(TabHeld, HeldInvalid, err.Error(), f.Now), nil
	case standing != nil && f.Debtor == standing.Debtor && d.same(&standing.Document):
		return t.become(TabBilled, "", "", f.Now), nil
	case len(f.Doubts) > 0:
		return t.become(TabHeld, HeldReview, "its findings make people look before it is billed: "+strings.Join(f.Doubts, ", "), f.Now), nil
	}
	out := t.next(TabBilled, "", "", f.Now)
	switch err := out.bill(d, f, standing); {
	case fault.Is(err, fault.Invalid): // more than the books can hold
		return t.become(TabHeld, HeldInvalid, err.Error(), f.Now), nil
	case err != nil:
		return Outcome{}, err
	}
	return out, nil
}

// bill makes a document the bill that stands, in place of the one that did.
func (out *Outcome) bill(d Document, f *Facts, standing *Bill) error {
	if standing != nil {
		if err := out.credit(standing, f); err != nil {
			return err
		}
		d.Replaces = Reference{Number: standing.Document.Number, IssuedAt: standing.Document.IssuedAt}
	}
	t := out.Tab
	t.Revision++
	bill := Bill{
		ID: ident.New[ident.BillID](f.Now), Organisation: t.Organisation, Station: t.Station, Session: t.Session,
		Revision: t.Revision, Debtor: f.Debtor, Country: f.Country, Monthly: f.Monthly, Document: d,
	}
	t.Bill = bill.ID
	journal, err := bill.journal(f.Now)
	if err != nil {
		return err
	}
	if len(journal.Transfers) > 0 {
		journal.Series = f.Profile.Series(Receipt, f.Now).ID()
		bill.Journal = journal.ID
		out.Journals = append(out.Journals, journal)
	}
	out.Bills = append(out.Bills, bill)
	return nil
}

// Free says that there is nothing to pay, and takes back what was billed. What
// prices the session is kept: it may turn out that somebody was authorised after all.
func Free(t Tab, f *Facts, standing *Bill) (Outcome, error) {
	return t.without(TabFree, "", f, standing)
}

// Reopen takes back what was billed of a session that runs after all.
func Reopen(t Tab, f *Facts, standing *Bill) (Outcome, error) {
	return t.without(TabOpen, "", f, standing)
}

// TakeBack takes back the bill that stands because somebody says so, for a reason
// that the credit note tells. The tab is free until somebody has it billed anew.
func TakeBack(t Tab, f *Facts, reason string, standing *Bill) (Outcome, error) {
	out, err := t.without(TabFree, TakenBack, f, standing)
	for i := range out.Bills {
		out.Bills[i].Document.Reason = reason
	}
	return out, err
}

// without returns the tab in a state in which no bill stands.
func (t Tab) without(state TabState, reason string, f *Facts, standing *Bill) (Outcome, error) {
	out := t.become(state, reason, "", f.Now)
	if out.Tab == nil || standing == nil {
		return out, nil
	}
	out.Tab.Bill = ""
	err := out.credit(standing, f)
	return out, err
}

// become returns the tab in a state, or nothing when it is in it already.
func (t Tab) become(state TabState, reason, detail string, now time.Time) Outcome {
	if t.State == state && t.Reason == reason {
		return Outcome{}
	}
	return t.next(state, reason, detail, now)
}

// next returns the tab in its next version.
func (t Tab) next(state TabState, reason, detail string, now time.Time) Outcome {
	t.State, t.Reason = state, reason
	return Outcome{Tab: new(t.Next(now)), Detail: detail}
}

// Next returns the tab as the row is to be written next.
func (t Tab) Next(now time.Time) Tab {
	t.ChangedAt = now
	t.Version++
	return t
}

// Waits reports whether the tab waits for somebody who has it billed: because it
// is held, or because its bill was taken back by hand.
func (t *Tab) Waits() bool { return t.State == TabHeld || t.Recalled() }

// Recalled reports whether somebody took the tab's bill back.
func (t *Tab) Recalled() bool { return t.State == TabFree && t.Reason == TakenBack }

// Release returns the tab for another settlement, as somebody wants it who has
// looked at its findings: those that he has seen hold it no more.
func (t Tab) Release(seen []string) Tab {
	t.Released = slices.Concat(t.Released, seen)
	slices.Sort(t.Released)
	t.Released = slices.Compact(t.Released)
	t.State, t.Reason = TabOpen, ""
	return t
}

// doubt returns why no bill can be made of the answers, "" when one can.
func (r *Rated) doubt() (reason, detail string) {
	if r.Err != nil {
		if e, ok := errors.AsType[*fault.Error](r.Err); ok && slices.Contains([]string{HeldSeries, HeldUncertified, HeldZone}, e.Code) {
			return e.Code, r.Err.Error()
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

// name returns how people call an adjustment: the tariff's have names for ids.
func (r *Rated) name(id string) string {
	if name, own := r.Names[id]; own {
		return name
	}
	return id
}

// steps returns how the answer came about, with names for the ids of adjustments.
func (r *Rated) steps() []rating.Step {
	if len(r.Names) == 0 {
		return r.Answer.Steps
	}
	steps := slices.Clone(r.Answer.Steps)
	for i := range steps {
		steps[i].Values = slices.Clone(steps[i].Values)
		for n := 0; n+1 < len(steps[i].Values); n += 2 {
			if steps[i].Values[n] == "id" {
				steps[i].Values[n+1] = r.name(steps[i].Values[n+1])
			}
		}
	}
	return steps
}

// document returns what the answer comes to on paper.
func document(f *Facts, r *Rated) (Document, error) {
	lines, err := linesOf(r.Question, r.Answer)
	if err != nil {
		return Document{}, err
	}
	for i := range lines {
		lines[i].CostCentre, lines[i].Name = f.CostCentre, r.name(lines[i].Name)
	}
	invoice := r.Answer.Invoice
	charge := f.Charge
	charge.Steps = r.steps()
	return Document{
		Kind: Receipt, IssuedAt: f.Now, Zone: charge.Zone, Language: f.Profile.Language,
		Issuer: f.Profile.Issuer, Customer: f.Customer, BuyerReference: f.BuyerReference,
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
			Session: c.Session, Start: c.Start.UTC(), End: c.End.UTC(), Begin: c.Begin, Finish: c.Finish, Energy: c.Energy, Signed: carried(c.Signed),
		})
	}
	text, err := json.Marshal(told)
	if err != nil {
		panic(fmt.Sprintf("billing: a document that is not JSON: %v", err)) // all its types are ours
	}
	return text
}

// carried returns what the meter sent of signed readings. What we read in it, and what
// became of checking it, may be more tomorrow: a key that a station tells late
// is no reason to take a bill back.
func carried(all []SignedReading) []SignedReading {
	var sent []SignedReading
	for _, r := range all {
		sent = append(sent, SignedReading{Data: r.Data})
	}
	return sent
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
	j := ledger.Post(now, ledger.BillIssued, b.about(), transfers)
	j.Organisation, j.Revision, j.EffectiveAt = b.Organisation, b.Revision, b.EffectiveAt()
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
	note.ID, note.Credits, note.Journal, note.Statement = ident.New[ident.BillID](f.Now), b.ID, back.ID, ""
	note.Document.Kind, note.Document.Number, note.Document.IssuedAt = CreditNote, "", f.Now
	note.Document.Paid, note.Document.DueAt, note.Document.Replaces = nil, time.Time{}, Reference{}
	note.Document.Credits = Reference{Number: b.Document.Number, IssuedAt: b.Document.IssuedAt}
	out.Bills = append(out.Bills, note)
	out.Journals = append(out.Journals, back)
	return nil
}
