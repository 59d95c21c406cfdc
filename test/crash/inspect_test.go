package crash

import (
	"fmt"
	"slices"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/event"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/unit"
)

// inspect judges what there is when a plan has come to its end: PROP-4, and with it PROP-1, PROP-2 and PROP-17.
func (n *node) inspect(p plan) {
	var owed, posted, kwh int64
	var all []billing.Bill
	for i, states := range p {
		found, err := n.Bills(n.Context(), n.Org, billing.Filter{Session: n.session(i)}, page.Query{Limit: page.Max})
		if err != nil {
			n.Fatal(err)
		}
		all = append(all, found.Items...)
		owed += n.chain(i, states, found.Items)
		kwh += states[len(states)-1].kwh
	}
	for i := range all {
		if all[i].Journal == "" {
			continue
		}
		posted++
		n.posted(&all[i])
	}
	n.told(all)
	n.books(owed, posted)
	n.shares(kwh, posted)
	n.nothingWaits()
}

// chain holds the documents of a session against what was told of it, and returns what is owed for it.
func (n *node) chain(i int, states []state, documents []billing.Bill) (owed int64) {
	receipts, notes := map[int64]*billing.Bill{}, map[ident.BillID]*billing.Bill{}
	for at := range documents {
		d := &documents[at]
		switch {
		case d.Document.Kind == billing.CreditNote && notes[d.Credits] == nil:
			notes[d.Credits] = d
		case d.Document.Kind == billing.Receipt && receipts[d.Revision] == nil:
			receipts[d.Revision] = d
		default:
			n.Errorf("session %d: %s of revision %d comes twice", i, d.Document.Kind, d.Revision)
		}
	}
	var energies []unit.MilliWattHour
	for revision := int64(1); revision <= int64(len(receipts)); revision++ {
		r := receipts[revision]
		if r == nil {
			n.Fatalf("session %d: no bill of revision %d among %d", i, revision, len(receipts))
		}
		energies = append(energies, r.Document.Charges[0].Energy)
		if replaces := r.Document.Replaces.Number; replaces != "" && (revision == 1 || replaces != receipts[revision-1].Document.Number) {
			n.Errorf("session %d: bill %d stands for %q", i, revision, replaces)
		}
		note, last := notes[r.ID], revision == int64(len(receipts))
		switch {
		case last:
			owed = r.Document.Total
			if tab, err := n.Tab(n.Context(), n.session(i)); err != nil || tab.Bill != r.ID || note != nil {
				n.Errorf("session %d: the last bill does not stand: tab %+v, %v", i, tab, err)
			}
		case (note == nil) != (r.Journal == ""):
			n.Errorf("session %d: bill %d was posted by %q and taken back by %v", i, revision, r.Journal, note)
		case note != nil && (note.Document.Total != r.Document.Total || note.Document.Credits.Number != r.Document.Number):
			n.Errorf("session %d: credit note %+v of %+v", i, note, r)
		}
		delete(notes, r.ID)
	}
	if len(notes) > 0 {
		n.Errorf("session %d: %d credit notes of no bill", i, len(notes))
	}
	if want := billed(states); !n.Hasty && !slices.Equal(energies, want) {
		n.Errorf("session %d: got bills of %v mWh, want %v", i, energies, want)
	}
	return owed
}

// billed returns the energies of a session's bills when each state was seen.
func billed(states []state) (energies []unit.MilliWattHour) {
	standing := unit.MilliWattHour(-1)
	for _, s := range states {
		energy := unit.WattHour(s.kwh * 1000).Milli()
		switch {
		case !s.ended:
			standing = -1
		case energy != standing:
			standing = energy
			energies = append(energies, energy)
		}
	}
	return energies
}

// posted holds a document against its journal.
func (n *node) posted(b *billing.Bill) {
	j, err := n.Journal(n.Context(), n.Org, b.Journal)
	if err != nil {
		n.Errorf("%s %s: %v", b.Document.Kind, b.ID, err)
		return
	}
	debtor := ledger.Book{Organisation: n.Org, Unit: "EUR"}.Account(ledger.ReceivableDriver, b.Debtor).ID()
	var sum int64
	for _, l := range j.Lines {
		switch debtor {
		case l.Debit:
			sum += l.Amount
		case l.Credit:
			sum -= l.Amount
		}
	}
	want := b.Document.Total
	if b.Document.Kind == billing.CreditNote {
		want = -want
	}
	if sum != want || j.Number == 0 || b.Document.Number == "" {
		n.Errorf("%s %q: %d was posted under number %d, want %d", b.Document.Kind, b.Document.Number, sum, j.Number, want)
	}
}

// told checks that the news of each document was told once.
func (n *node) told(all []billing.Bill) {
	events, err := n.EventsAfter(n.Context(), n.Org, nil, 1000)
	if err != nil {
		n.Fatal(err)
	}
	times := map[string]int{}
	for i := range events {
		if events[i].Type == event.BillIssued {
			times[events[i].Subject]++
		}
	}
	for i := range all {
		if got := times[string(all[i].ID)]; got != 1 {
			n.Errorf("the news of %s was told %d times", all[i].ID, got)
		}
	}
	if len(times) != len(all) {
		n.Errorf("news of %d documents, of which there are %d", len(times), len(all))
	}
}

// books holds the ledger against the documents, and against itself.
func (n *node) books(owed, documents int64) {
	n.journals("session", documents)
	if got := n.balance(ledger.ReceivableDriver, string(n.token())); got != owed {
		n.Errorf("the driver owes %d, want %d", got, owed)
	}
	sums, err := n.TrialBalance(n.Context(), n.Org)
	if err != nil {
		n.Fatal(err)
	}
	var total int64
	for _, s := range sums {
		total += s.Balance
	}
	if total != 0 {
		n.Errorf("balances add up to %d: %+v", total, sums)
	}
	report, err := n.VerifyLedger(n.Context()) // gaps in the numbers among it
	if err != nil || len(report.Breaches) > 0 {
		n.Errorf("the books: %+v, %v", report.Breaches, err)
	}
}

// shares checks that the host has his part of what stands, once.
func (n *node) shares(kwh, documents int64) {
	n.journals("host_share", documents)
	if got, want := n.balance(ledger.PayableSiteHost, string(n.host())), -hostCents*kwh; got != want {
		n.Errorf("the host has %d, want %d", got, want)
	}
}

// journals checks how many there are of a type of source.
func (n *node) journals(of string, want int64) {
	found, err := n.Journals(n.Context(), n.Org, ledger.Filter{Source: ledger.Source{Type: of}}, page.Query{Limit: page.Max})
	if err != nil || int64(len(found.Items)) != want {
		n.Errorf("%d journals of %s, %v, want %d", len(found.Items), of, err, want)
	}
}

func (n *node) balance(of ledger.Class, owner string) int64 {
	sum, err := n.BalanceOf(n.Context(), ledger.Book{Organisation: n.Org, Unit: "EUR"}.Account(of, owner))
	if err != nil {
		n.Fatal(err)
	}
	return sum
}

// nothingWaits looks for what somebody would have to look after.
func (n *node) nothingWaits() {
	letters, err := n.DeadLetters(n.Context(), "", true, page.Query{Limit: page.Max})
	if err != nil || len(letters.Items) > 0 {
		n.Errorf("dead letters: %+v, %v", letters.Items, err)
	}
	findings, err := n.Findings(n.Context(), n.Org, station.FindingFilter{Open: true}, page.Query{Limit: page.Max})
	if err != nil || len(findings.Items) > 0 {
		n.Errorf("findings: %s, %v", fmt.Sprint(findings.Items), err)
	}
}
