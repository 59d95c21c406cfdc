package remote

import (
	"context"
	"fmt"
	"maps"
	"os"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/client"
)

// Bill is the noun.
type Bill struct {
	Connection `embed:""`

	List     billList     `cmd:"" help:"List receipts, invoices and credit notes, the newest first." example:"pylon bill list --session ses_01J…"`
	Get      billGet      `cmd:"" help:"Show bills with all that they say, and how the amount came about."`
	Document billDocument `cmd:"" help:"Get a bill as a file." example:"pylon bill document bil_01J… --format pdf --to receipt.pdf"`
	Tab      billTab      `cmd:"" help:"What sessions owe: open, billed, held or free."`
}

type billList struct {
	Session string `placeholder:"ID" help:"Of this session."`
	Debtor  string `placeholder:"ID" help:"Owed by this token, or by the session when the station named none."`
	Kind    string `help:"receipt, invoice or credit_note."`
	Limit   int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *billList) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, "/bills", query("session_id", l.Session, "debtor", l.Debtor, "kind", l.Kind), l.Limit, []column{
		{"BILL", "id", nil},
		{"NUMBER", "number", nil},
		{"KIND", "kind", nil},
		{"ISSUED", "issued_at", when},
		{"NET", "net_minor", nil},
		{"TAX", "tax_minor", nil},
		{"TOTAL", "total_minor", nil},
		{"CURRENCY", "currency", nil},
		{"SESSION", "session_id", nil},
		{"DEBTOR", "debtor", nil},
	})
}

type billGet struct {
	Bill []string `arg:"" help:"Identifiers, bil_…"`
}

// Run shows.
func (g *billGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Bill, below("/bills/"))
}

type billDocument struct {
	Bill   string `arg:"" help:"Identifier, bil_…"`
	Format string `default:"html" enum:"html,pdf,ubl" help:"${enum}: a page, a PDF, or an e-invoice."`
	To     string `placeholder:"FILE" type:"path" help:"Write it there, instead of to standard output."`
}

// documentMode lets nobody else read what a customer was given.
const documentMode = 0o600

// Run gets the file. A PDF is not written on a screen.
func (d *billDocument) Run(ctx context.Context, c *Connection) error {
	if d.To == "" && d.Format == "pdf" && c.terminal.Person {
		return usage("a PDF is nothing for a screen: add --to FILE")
	}
	api, err := c.open()
	if err != nil {
		return err
	}
	var text []byte
	if _, err := api.Call(ctx, "GET", client.Path("/bills/", d.Bill, "/document?format="+d.Format), nil, &text); err != nil {
		return err
	}
	if d.To == "" {
		_, err = c.terminal.Out.Write(text)
		return err
	}
	if err := os.WriteFile(d.To, text, documentMode); err != nil {
		return err
	}
	c.say("%s: %d bytes", d.To, len(text))
	return nil
}

type billTab struct {
	Session []string `arg:"" help:"Identifiers, ses_…"`
}

// Run shows.
func (g *billTab) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Session, func(_ context.Context, _ *client.Client, id string) (string, error) {
		return client.Path("/sessions/", id, "/tab"), nil
	})
}

// BillingProfile is the noun.
type BillingProfile struct {
	Connection `embed:""`

	Get profileGet `cmd:"" help:"Show who issues bills, and in which language."`
	Set profileSet `cmd:"" help:"Say who issues bills, and in which language." example:"pylon billing-profile set --name 'Stadtstrom Nord GmbH' --tax-id DE123456789 --language de"`
}

const profilePath = "/billing-profile"

type profileGet struct{}

// Run shows.
func (*profileGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, []string{profilePath}, func(_ context.Context, _ *client.Client, path string) (string, error) { return path, nil })
}

type profileSet struct {
	File         string  `short:"f" placeholder:"FILE" help:"Set what this file says, as the API takes it, in place of all that was said. - reads standard input."`
	Name         *string `help:"Of the issuer."`
	Street       *string `help:"Street and number; '' for none, as for all that follow."`
	PostalCode   *string `name:"postal-code" help:"Postal code."`
	City         *string `help:"City."`
	Country      *string `help:"ISO 3166, two letters."`
	TaxID        *string `name:"tax-id" help:"For VAT, with its country's letters."`
	Registration *string `help:"In the register of companies."`
	Endpoint     *string `help:"Where e-invoices go: scheme:id, such as 0088:4012345000009."`
	Mail         *string `help:"For customers."`
	Phone        *string `help:"For customers."`
	IBAN         *string `name:"iban" help:"Where to pay, without spaces."`
	Language     *string `help:"Of documents: de, en, es, fr, nl or sv."`
}

// Run sets it: what no flag names stays as it is.
func (p *profileSet) Run(ctx context.Context, c *Connection) error {
	issuer := fields(
		"name", p.Name, "street", p.Street, "postal_code", p.PostalCode, "city", p.City, "country", p.Country, "tax_id", p.TaxID,
		"registration", p.Registration, "endpoint", p.Endpoint, "mail", p.Mail, "phone", p.Phone, "iban", p.IBAN,
	)
	flags := len(issuer) > 0 || p.Language != nil
	if flags == (p.File != "") {
		return usage("give what changes, or --file")
	}
	api, err := c.open()
	if err != nil {
		return err
	}
	if p.File != "" {
		text, err := c.terminal.read(p.File)
		if err != nil {
			return err
		}
		if !jsontext.Value(text).IsValid() {
			return usage("%s: this is no JSON", p.File)
		}
		return c.replaced(api.Replace(ctx, profilePath, "*", text))
	}
	var now struct {
		Issuer   map[string]any `json:"issuer"`
		Language string         `json:"language"`
	}
	header, err := api.Call(ctx, "GET", profilePath, nil, &now)
	if err != nil {
		return fmt.Errorf("the profile as it is: %w", err)
	}
	maps.Copy(now.Issuer, issuer)
	maps.DeleteFunc(now.Issuer, func(name string, value any) bool { return value == "" && name != "name" })
	if p.Language != nil {
		now.Language = *p.Language
	}
	return c.replaced(api.Replace(ctx, profilePath, header.Get("ETag"), now))
}

// replaced shows what stands now.
func (c *Connection) replaced(thing jsontext.Value, err error) error {
	if err != nil {
		return err
	}
	return c.one(thing)
}
