package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/event"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/ledger"
	"pylon/internal/edge/document"
	"pylon/internal/flow/statements"
	"pylon/internal/kernel/ident"
)

const (
	statementAsked = 100_000 // bills on the invoice of a month
	statementMonth = customer.Month("2026-05")
	patterns       = 20 // different bills, of which all others are copies
	billsAtOnce    = 50 // written in one change
)

// measureStatement tells how long the invoice of a large fleet's month takes, from
// the rows of its bills to what is handed out.
func measureStatement(ctx context.Context, l *lab) (rows []row, err error) {
	b, err := l.newBase("statement")
	if err != nil {
		return nil, err
	}
	n := l.size.money.statement
	l.say("statement: making %d bills", n)
	if err := l.withTill(ctx, b, false, func(ctx context.Context, t *till) error { return t.billsOfMonth(ctx, n) }); err != nil {
		return nil, err
	}
	l.say("statement: %d bills", n)
	err = l.withTill(ctx, b, true, func(ctx context.Context, t *till) error {
		var made month
		if err := l.profiled(ctx, "statement", func() (err error) {
			made, err = t.month(ctx)
			return err
		}); err != nil {
			return err
		}
		whole := made.issue + made.html + made.pdf + made.ubl
		rows = append(rows, row{
			figure: figure{name: "statement of 100,000 sessions", unit: "s", target: 60},
			value:  whole.Seconds() * statementAsked / float64(n),
			detail: fmt.Sprintf("%s; %d bills: taken, added up, invoice issued and posted in %s s, HTML (%s MB) in %s s, PDF (%s MB) in %s s, UBL in %s s",
				scaled(n, statementAsked), n, number(made.issue.Seconds()), megabytes(made.page), number(made.html.Seconds()),
				megabytes(made.paper), number(made.pdf.Seconds()), number(made.ubl.Seconds())),
		})
		return nil
	})
	return rows, err
}

// scaled says whether a figure was measured or follows in proportion.
func scaled(n, asked int) string {
	if n == asked {
		return "measured"
	}
	return fmt.Sprintf("in proportion to %s", number(float64(n)))
}

func megabytes(bytes int) string { return number(float64(bytes) / 1e6) }

// month is how long the parts of an invoice took, and how large they are.
type month struct {
	issue, html, pdf, ubl time.Duration
	page, paper           int // bytes
}

// month makes the invoice of the fleet.
func (t *till) month(ctx context.Context) (m month, err error) {
	makes := statements.New(t.Store, t.clock, slog.New(slog.DiscardHandler))
	var invoice billing.Bill
	if m.issue, err = t.took(func() error {
		st, err := makes.Ask(ctx, account.System(t.org, "bench"), statements.Wish{Customer: fleet(), Month: statementMonth}, nil)
		if err == nil {
			err = makes.Work(ctx, lease.Grant{})
		}
		if err == nil {
			st, err = t.CustomerStatement(ctx, t.org, st.ID)
		}
		if err == nil {
			invoice, err = t.Bill(ctx, t.org, st.Invoice)
		}
		return err
	}); err != nil {
		return m, fmt.Errorf("invoice: %w", err)
	}
	press, err := document.New()
	if err != nil {
		return m, err
	}
	written := func(write func(*billing.Document) ([]byte, error), size *int) time.Duration {
		took, failed := t.took(func() error {
			text, err := write(&invoice.Document)
			*size = len(text)
			return err
		})
		err = errors.Join(err, failed)
		return took
	}
	var ubl int
	m.html, m.pdf, m.ubl = written(press.HTML, &m.page), written(press.PDF, &m.paper), written(press.UBL, &ubl)
	return m, err
}

// fleet is who pays by invoice.
func fleet() ident.CustomerID { return ident.Derive[ident.CustomerID]("fleet") }

// billsOfMonth has some sessions of a fleet billed, and copies their bills with
// their postings until there are n.
func (t *till) billsOfMonth(ctx context.Context, n int) error {
	party := func(name, endpoint string) billing.Party {
		return billing.Party{Name: name, Street: "Kai 1", PostalCode: "20457", City: "Hamburg", Country: "DE", TaxID: "DE123456789", Endpoint: endpoint}
	}
	cards := append(t.cards[:0:0], t.cards...)
	for i := range cards {
		cards[i].Customer, cards[i].CostCentre, cards[i].Version = fleet(), fmt.Sprintf("KST %d", i%10), 2
	}
	if err := t.Commit(ctx, &change.Set{
		Customers: []customer.Customer{{
			ID: fleet(), Organisation: t.org, Party: party("Fleet", "0088:4012345000016"), Language: "de", Settlement: customer.Monthly,
			BuyerReference: "4711", DueDays: 14, CreatedAt: benchDay(), Version: 1,
		}},
		Tokens:   cards,
		Profiles: []billing.Profile{{Organisation: t.org, Issuer: party("Bench", "0088:4012345000009"), Language: "de", Version: 1}},
	}); err != nil {
		return err
	}
	sessions, err := t.ends(ctx, 0, patterns)
	if err != nil {
		return err
	}
	news := make([]event.Recorded, len(sessions))
	for i, id := range sessions {
		news[i].Event = event.Event{Type: event.SessionCompleted, Organisation: t.org, Subject: string(id)}
	}
	set, err := t.biller.Decide(ctx, news)
	if err != nil || len(set.Bills) != patterns || len(set.Journals) != patterns {
		return fmt.Errorf("the first bills: %d of %d, %w", len(set.Bills), patterns, err)
	}
	bills, journals := append([]billing.Bill{}, set.Bills...), append([]ledger.Journal{}, set.Journals...)
	if err := t.Commit(ctx, set); err != nil {
		return err
	}
	rest := n - patterns
	return inParallel(ctx, (rest+billsAtOnce-1)/billsAtOnce, tillStations, func(ctx context.Context, i int) error {
		set := new(change.Set)
		for at := i * billsAtOnce; at < min((i+1)*billsAtOnce, rest); at++ {
			b, j := copied(bills[at%patterns], journals[at%patterns], at)
			set.Bills, set.Journals = append(set.Bills, b), append(set.Journals, j)
		}
		return t.Commit(ctx, set)
	})
}

// copied returns a bill and its journal as those of another session of the month.
func copied(b billing.Bill, j ledger.Journal, i int) (billing.Bill, ledger.Journal) {
	charge := b.Document.Charges[0]
	later := time.Duration(i%20_000) * time.Minute
	charge.Start, charge.End = charge.Start.Add(later), charge.End.Add(later)
	b.ID, b.Session = ident.New[ident.BillID](charge.End), ident.New[ident.SessionID](charge.Start)
	j.ID, j.Source.ID, j.EffectiveAt = ident.New[ident.JournalID](charge.End), string(b.Session), charge.End
	charge.Session = string(b.Session)
	b.Journal, b.Document.Charges = j.ID, []billing.Charge{charge}
	return b, j
}
