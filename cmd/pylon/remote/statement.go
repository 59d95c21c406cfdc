package remote

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/client"
)

// Statement is the noun.
type Statement struct {
	Connection `embed:""`

	List     statementList     `cmd:"" help:"List what customers are asked for month by month, the newest first."`
	Get      statementGet      `cmd:"" help:"Show statements."`
	Preview  statementPreview  `cmd:"" help:"See what the invoice of a month would be by now." example:"pylon statement preview K-10017 2026-05"`
	Create   statementCreate   `cmd:"" help:"Invoice a month that is over now, and not some days after its end." example:"pylon statement create K-10017 2026-05"`
	Document statementDocument `cmd:"" help:"Get a statement's invoice as a file." example:"pylon statement document stm_01J… --format pdf --to invoice.pdf"`
}

type statementList struct {
	Customer string `placeholder:"NAME" help:"Of this customer: reference or identifier, cus_…"`
	Month    string `help:"Of this month, such as 2026-05."`
	State    string `help:"open, waiting or issued."`
	Limit    int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *statementList) Run(ctx context.Context, c *Connection) error {
	of := l.Customer
	if of != "" {
		api, err := c.open()
		if err != nil {
			return err
		}
		if of, err = customerID(ctx, api, of); err != nil {
			return err
		}
	}
	return c.list(ctx, "/statements", query("customer_id", of, "month", l.Month, "state", l.State), l.Limit, []column{
		{"STATEMENT", "id", nil},
		{"MONTH", "month", nil},
		{"CUSTOMER", "customer_id", nil},
		{"STATE", "state", nil},
		{"BILLS", "bills", nil},
		{"TOTAL", "total_minor", nil},
		{"CURRENCY", "currency", nil},
		{"COUNTRY", "country", nil},
		{"INVOICE", "invoice_id", nil},
		{"ISSUED", "issued_at", when},
		{"PROBLEM", "problem", nil},
	})
}

type statementGet struct {
	Statement []string `arg:"" help:"Identifiers, stm_…"`
}

// Run shows.
func (g *statementGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Statement, below("/statements/"))
}

// statementOf is what a statement is about.
type statementOf struct {
	Customer string  `arg:"" help:"Reference or identifier, cus_…"`
	Month    string  `arg:"" help:"Such as 2026-05, in the organisation's zone."`
	Currency *string `help:"ISO 4217; the organisation's when left out."`
	Country  *string `help:"Whose tax it is, ISO 3166; the organisation's when left out."`
}

// ask posts it.
func (s statementOf) ask(ctx context.Context, c *Connection, post func(api *client.Client, body map[string]any) (jsontext.Value, error)) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	id, err := customerID(ctx, api, s.Customer)
	if err != nil {
		return err
	}
	thing, err := post(api, fields("customer_id", &id, "month", &s.Month, "currency", s.Currency, "country", s.Country))
	if err != nil {
		return err
	}
	return c.one(thing)
}

type statementPreview struct{ statementOf }

// Run shows.
func (p *statementPreview) Run(ctx context.Context, c *Connection) error {
	return p.ask(ctx, c, func(api *client.Client, body map[string]any) (thing jsontext.Value, err error) {
		_, err = api.Call(ctx, "POST", "/statements/preview", body, &thing)
		return thing, err
	})
}

type statementCreate struct{ statementOf }

// Run makes it.
func (n *statementCreate) Run(ctx context.Context, c *Connection) error {
	return n.ask(ctx, c, func(api *client.Client, body map[string]any) (jsontext.Value, error) {
		return api.Create(ctx, "/statements", body)
	})
}

type statementDocument struct {
	Statement string `arg:"" help:"Identifier, stm_…"`
	Format    string `default:"html" enum:"html,pdf,ubl" help:"${enum}: a page, a PDF, or an e-invoice."`
	To        string `placeholder:"FILE" type:"path" help:"Write it there, instead of to standard output."`
}

// Run gets the file.
func (d *statementDocument) Run(ctx context.Context, c *Connection) error {
	return c.file(ctx, client.Path("/statements/", d.Statement, "/document?format="+d.Format), d.Format == "pdf", d.To)
}
