package billing

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
)

// work is the settlement of one session. Until it is put into the set, it only
// looks at what is there: the same session may be settled on trial.
type work struct {
	*Settler
	set   *change.Set
	view  *session.View
	tab   billing.Tab
	price *Price // that the tab names, when it is known already

	takeBack string         // see [Case.TakeBack]
	bill     *billing.Bill  // that stands; nil: there is none, or nobody has asked
	paying   *payer         // see [work.payer]; nil: nobody has asked
	purse    purse          // see own.go
	proof    *proof         // see [work.certified]; nil: nothing was signed, or nobody has asked
	rated    *billing.Rated // as it was billed, or would be; nil: nobody has asked

	site site.Site        // where the session is; zero: nowhere, or nobody has asked
	made station.Quirks   // of the station; zero: it is no more, or nobody has asked
	by   *tariff.Snapshot // that prices the session; nil: nothing does, or nobody has asked
}

// settle decides what becomes of the session's tab.
func (w *work) settle(ctx context.Context) (billing.Outcome, error) {
	facts, snapshot, err := w.facts(ctx)
	if err != nil {
		return billing.Outcome{}, err
	}
	standing, err := w.standing(ctx)
	if err != nil {
		return billing.Outcome{}, err
	}
	switch {
	case w.takeBack != "":
		return billing.TakeBack(w.tab, facts, w.takeBack, standing)
	case w.tab.Recalled(): // somebody took its bill back, and says when it is billed anew
		return billing.Outcome{}, nil
	case w.view.Status.Open():
		return billing.Reopen(w.tab, facts, standing)
	case w.tab.Snapshot == "" || w.view.Status == session.Failed: // nobody was authorised: nobody pays
		return billing.Free(w.tab, facts, standing)
	}
	if w.rated, err = w.rate(ctx, snapshot); err != nil {
		return billing.Outcome{}, err
	}
	w.attest(&facts.Charge, snapshot)
	return billing.Settle(w.tab, facts, w.rated, standing)
}

func (w *work) standing(ctx context.Context) (*billing.Bill, error) {
	if w.tab.Bill == "" || w.bill != nil {
		return w.bill, nil
	}
	bill, err := w.Store.Bill(ctx, w.tab.Organisation, w.tab.Bill)
	if err == nil {
		w.bill = &bill
	}
	return w.bill, err
}

// facts gathers what the bill says beside its amounts, and what prices it.
func (w *work) facts(ctx context.Context) (*billing.Facts, *tariff.Snapshot, error) {
	s := &w.view.Session
	snapshot, err := w.snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	profile, err := w.Store.Profile(ctx, s.Organisation)
	if err != nil {
		return nil, nil, err
	}
	who, err := w.payer(ctx)
	if err != nil {
		return nil, nil, err
	}
	at, err := w.Store.Site(ctx, s.Organisation, s.Site)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, nil, err
	}
	f := &billing.Facts{
		Now: w.Clock.Now(), Profile: profile, Country: s.Country, Doubts: doubts(s, &profile, &w.tab),
		Charge: billing.Charge{
			Transaction: s.TransactionID, Session: string(s.ID), Token: string(s.Token), Site: at.Name, Address: address(&at), Station: string(w.view.Identity), EVSE: strconv.Itoa(s.EVSE),
			Zone: s.TimeZone, Start: s.StartedAt, End: s.EndedAt,
			Begin: s.Begin.Energy, Finish: s.Last.Energy, Energy: s.Energy,
		},
	}
	w.site, w.by = at, snapshot
	who.pays(f)
	f.Charge.Tariff = words(snapshot, f.Profile.Language)
	return f, snapshot, nil
}

func address(at *site.Site) string {
	city := strings.TrimSpace(at.PostalCode + " " + at.City)
	return strings.Join(slices.DeleteFunc([]string{at.Address, city}, func(part string) bool { return part == "" }), ", ")
}

// words returns the tariff as its owner tells it, in a language when he does.
func words(s *tariff.Snapshot, language string) string {
	if s == nil || len(s.Terms.Texts) == 0 {
		return ""
	}
	for _, t := range s.Terms.Texts {
		if t.Language == language {
			return t.Text
		}
	}
	return s.Terms.Texts[0].Text
}

// snapshot reads what prices the session; nil when nothing does.
func (w *work) snapshot(ctx context.Context) (*tariff.Snapshot, error) {
	if w.price != nil {
		return &w.price.Snapshot, nil
	}
	if w.tab.Snapshot == "" {
		return nil, nil
	}
	text, err := w.Store.Snapshot(ctx, w.tab.Snapshot)
	if err != nil {
		return nil, err
	}
	s, err := tariff.ParseSnapshot(text, w.tab.Snapshot)
	return &s, err
}

// rate asks both raters. An error of theirs, or of the tariff, is part of what
// comes back: somebody has to look at it, and trying again would not help.
func (w *work) rate(ctx context.Context, snapshot *tariff.Snapshot) (*billing.Rated, error) {
	r := &billing.Rated{}
	question, err := w.question(ctx, snapshot, w.view.EndedAt)
	if err != nil && !fault.Is(err, fault.Invalid) {
		return nil, err
	}
	if err == nil {
		r.Question, r.Names = &question, w.purse.own.Names
		r.Answer, err = w.Raters[0](&question)
	}
	switch {
	case err != nil:
	case w.Raters[1] == nil:
		r.Other = r.Answer
	default:
		r.Other, err = w.Raters[1](&question)
	}
	r.Err = err
	return r, nil //nolint:nilerr // the error is part of the answer: trying again would not help
}

// question asks what the session costs until end; see [Settler.Question].
func (w *work) question(ctx context.Context, snapshot *tariff.Snapshot, end time.Time) (rating.Question, error) {
	s := &w.view.Session
	segments, err := w.Store.Segments(ctx, s.Station, s.ID)
	if err != nil {
		return rating.Question{}, err
	}
	frames, err := w.Store.AllFrames(ctx, s.Station, s.ID, framesMost)
	if err != nil {
		return rating.Question{}, err
	}
	of, err := w.Store.Station(ctx, s.Organisation, string(s.Station))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return rating.Question{}, err
	}
	w.made = of.Station.Quirks
	own, err := w.bring(ctx, snapshot, end)
	if err != nil {
		return rating.Question{}, err
	}
	if s, err = w.certified(ctx, snapshot, frames, &of.Station.Quirks); err != nil {
		return rating.Question{}, err
	}
	series, err := w.series(ctx, snapshot, end)
	if err != nil {
		return rating.Question{}, err
	}
	return snapshot.Question(s.Measured(segments, frames, &of.Station.Quirks, end), series, own.Adjustments...)
}

// keep sees to it that what prices the session is kept.
func (w *work) keep() {
	if w.price == nil || slices.ContainsFunc(w.set.Snapshots, func(s billing.Snapshot) bool { return s.Hash == w.price.Kept.Hash }) {
		return
	}
	w.set.Snapshots = append(w.set.Snapshots, w.price.Kept)
}

// put adds what the settlement changes, and what it tells.
func (w *work) put(out *billing.Outcome) {
	tab := out.Tab
	w.set.Bills = append(w.set.Bills, out.Bills...)
	w.set.Journals = append(w.set.Journals, out.Journals...)
	if len(out.Bills) > 0 {
		w.paying.stays(w.set)
	}
	for i := range out.Bills {
		w.set.Events = append(w.set.Events, Issued(&out.Bills[i], w.view.Site))
	}
	now := tab.ChangedAt
	if w.tab.Finding != "" {
		w.set.Resolved = append(w.set.Resolved, station.Resolution{Finding: w.tab.Finding, Station: tab.Station, Session: tab.Session, Code: station.BillHeld, At: now})
		tab.Finding = ""
	}
	if tab.State == billing.TabHeld {
		tab.Finding = ident.New[ident.FindingID](now)
		w.set.Findings = append(w.set.Findings, station.Finding{
			ID: tab.Finding, Organisation: tab.Organisation, Station: tab.Station, Session: tab.Session,
			Code: station.BillHeld, Detail: tab.Reason + ": " + out.Detail, At: now,
		})
		w.set.Events = append(w.set.Events, event.Event{
			Type: event.BillHeld, Organisation: tab.Organisation, Site: w.view.Site, Station: tab.Station, Subject: string(tab.Session),
			Version: tab.Version, At: now, Data: HeldNotice{Session: tab.Session, Reason: tab.Reason},
		})
		if tab.Reason == billing.HeldSeries || tab.Reason == billing.HeldUncertified {
			w.set.Events = append(w.set.Events, retry(tab, w.view.Site))
		}
	}
	w.set.Tabs = append(w.set.Tabs, *tab)
}

// begin lets the series begin that the journals take their numbers from.
func (w *work) begin(ctx context.Context, journals []ledger.Journal) error {
	if len(journals) == 0 {
		return nil
	}
	known, err := w.Store.Series(ctx, w.tab.Organisation)
	if err != nil {
		return err
	}
	known = append(known, w.set.Series...)
	for i := range journals {
		j := &journals[i]
		kind := billing.Receipt
		if j.Template == ledger.CreditNote {
			kind = billing.CreditNote
		}
		profile := billing.Profile{Organisation: w.tab.Organisation}
		s := profile.Series(kind, j.PostedAt)
		if !slices.ContainsFunc(known, func(k ledger.Series) bool { return k.ID() == s.ID() }) {
			s.Next = s.First
			w.set.Series = append(w.set.Series, s)
			known = append(known, s)
		}
	}
	return nil
}

// BillNotice is the data of bill.issued.
type BillNotice struct {
	ID       ident.BillID    `json:"id"`
	Session  ident.SessionID `json:"session_id"`
	Kind     billing.Kind    `json:"kind"`
	Credits  ident.BillID    `json:"credits,omitzero"`
	Revision int64           `json:"revision"`
	Currency string          `json:"currency"`
	Net      int64           `json:"net_minor"`
	Tax      int64           `json:"tax_minor"`
	Total    int64           `json:"total_minor"`
}

// HeldNotice is the data of bill.held.
type HeldNotice struct {
	Session ident.SessionID `json:"session_id"`
	Reason  string          `json:"reason"`
}

// Issued is the news of a bill, of a session at a site or of none.
func Issued(b *billing.Bill, of ident.SiteID) event.Event {
	d := &b.Document
	return event.Event{
		Type: event.BillIssued, Organisation: b.Organisation, Site: of, Station: b.Station, Subject: string(b.ID), Version: 1, At: d.IssuedAt,
		Data: BillNotice{
			ID: b.ID, Session: b.Session, Kind: d.Kind, Credits: b.Credits, Revision: b.Revision,
			Currency: string(d.Currency), Net: d.Net, Tax: d.Tax, Total: d.Total,
		},
	}
}
