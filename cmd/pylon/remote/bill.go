package remote

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/client"
)

// Bill is the noun.
type Bill struct {
	Connection `embed:""`

	List     billList     `cmd:"" help:"List receipts, invoices and credit notes, the newest first." example:"pylon bill list --session ses_01J…"`
	Get      billGet      `cmd:"" help:"Show bills with all that they say, and how the amount came about."`
	Document billDocument `cmd:"" help:"Get a bill as a file." example:"pylon bill document bil_01J… --format pdf --to receipt.pdf"`
	Signed   billSigned   `cmd:"" help:"Get the file with which the driver checks what the meter signed." example:"pylon bill signed bil_01J… --to meter.xml"`
	Tab      billTab      `cmd:"" help:"What sessions owe: open, billed, held or free."`
	Release  billRelease  `cmd:"" help:"Have sessions billed that wait for somebody: held for review, or their bill taken back." example:"pylon bill release ses_01J…"`
	TakeBack billTakeBack `cmd:"" name:"take-back" help:"Take a session's bill back: a credit note, and the session is free." example:"pylon bill take-back bil_01J… --reason 'The wrong card'"`
}

type billList struct {
	Session   string `placeholder:"ID" help:"Of this session."`
	Debtor    string `placeholder:"ID" help:"Owed by this customer, else token, or by the session when the station named none."`
	Statement string `placeholder:"ID" help:"That this statement has taken, and its invoice."`
	Kind      string `help:"receipt, invoice or credit_note."`
	Limit     int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *billList) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, "/bills", query("session_id", l.Session, "debtor", l.Debtor, "statement_id", l.Statement, "kind", l.Kind), l.Limit, []column{
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
	return c.file(ctx, client.Path("/bills/", d.Bill, "/document?format="+d.Format), d.Format == "pdf", d.To)
}

type billSigned struct {
	Bill string `arg:"" help:"Identifier, bil_…"`
	To   string `placeholder:"FILE" type:"path" help:"Write it there, instead of to standard output."`
}

// Run gets the file.
func (s *billSigned) Run(ctx context.Context, c *Connection) error {
	return c.file(ctx, client.Path("/bills/", s.Bill, "/transparency"), false, s.To)
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

type billRelease struct {
	Session []string `arg:"" help:"Identifiers, ses_…"`
}

// Run releases.
func (r *billRelease) Run(ctx context.Context, c *Connection) error {
	return c.each(ctx, r.Session, func(ctx context.Context, api *client.Client, id string) (jsontext.Value, error) {
		return api.Create(ctx, client.Path("/sessions/", id, "/tab/release"), nil)
	})
}

type billTakeBack struct {
	Bill   string `arg:"" help:"Identifier, bil_…"`
	Reason string `required:"" placeholder:"TEXT" help:"Why; the credit note tells it to the customer."`
	Yes    bool   `short:"y" help:"Do not ask."`
}

// Run takes it back.
func (t *billTakeBack) Run(ctx context.Context, c *Connection) error {
	if err := c.confirm(t.Yes, "Take "+t.Bill+" back? A credit note cannot be undone."); err != nil {
		return err
	}
	return c.create(ctx, client.Path("/bills/", t.Bill, "/take-back"), map[string]any{"reason": t.Reason})
}

// BillingProfile is the noun.
type BillingProfile struct {
	Connection `embed:""`

	Get profileGet `cmd:"" help:"Show who issues bills, in which language, what is looked at before and what forgiven."`
	Set profileSet `cmd:"" help:"Say who issues bills, in which language, what is looked at before and what forgiven." example:"pylon billing-profile set --name 'Stadtstrom Nord GmbH' --tax-id DE123456789 --language de"`
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
	Review       *string `placeholder:"CODES" help:"Findings for whose sake somebody looks at a session before it is billed, such as meter_jumped,clock_changed; '' for none."`
	ShortSeconds *int    `name:"short-seconds" placeholder:"N" help:"Neither fee nor time is charged for sessions shorter than this, where the tariff itself does not say; 0: for all. 60 when only --short-kwh is given."`
	ShortKWh     string  `name:"short-kwh" placeholder:"KWH" help:"… that gave no more than this; 0 when only --short-seconds is given."`
}

// Run sets it: what no flag names stays as it is.
func (p *profileSet) Run(ctx context.Context, c *Connection) error {
	issuer := fields(
		"name", p.Name, "street", p.Street, "postal_code", p.PostalCode, "city", p.City, "country", p.Country, "tax_id", p.TaxID,
		"registration", p.Registration, "endpoint", p.Endpoint, "mail", p.Mail, "phone", p.Phone, "iban", p.IBAN,
	)
	rules := p.rules()
	if (len(issuer)+len(rules) > 0) == (p.File != "") {
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
	var now map[string]any
	header, err := api.Call(ctx, "GET", profilePath, nil, &now)
	if err != nil {
		return fmt.Errorf("the profile as it is: %w", err)
	}
	known, _ := now["issuer"].(map[string]any)
	maps.Copy(known, issuer)
	maps.DeleteFunc(known, func(name string, value any) bool { return value == "" && name != "name" })
	maps.Copy(now, rules)
	return c.replaced(api.Replace(ctx, profilePath, header.Get("ETag"), now))
}

// rules returns the members beside the issuer that the flags name.
func (p *profileSet) rules() map[string]any {
	rules := fields("language", p.Language)
	if p.Review != nil {
		rules["review"] = strings.FieldsFunc(*p.Review, func(c rune) bool { return c == ',' || c == ' ' })
	}
	if p.ShortSeconds != nil || p.ShortKWh != "" {
		short := map[string]any{"below_s": 60, "kwh": "0"}
		if p.ShortSeconds != nil {
			short["below_s"] = *p.ShortSeconds
		}
		if p.ShortKWh != "" {
			short["kwh"] = p.ShortKWh
		}
		rules["short"] = short
	}
	return rules
}

// replaced shows what stands now.
func (c *Connection) replaced(thing jsontext.Value, err error) error {
	if err != nil {
		return err
	}
	return c.one(thing)
}
