package remote

import (
	"context"
	"maps"
	"strings"

	"pylon/internal/client"
)

// Customer is the noun.
type Customer struct {
	Connection `embed:""`

	List     customerList     `cmd:"" help:"List customers." example:"pylon customer list --settlement monthly"`
	Get      customerGet      `cmd:"" help:"Show customers."`
	Create   customerCreate   `cmd:"" help:"Make a customer." example:"pylon customer create 'Kurierdienst Süd GmbH' --reference K-10017 --settlement monthly --due-days 14 --country DE"`
	Update   customerUpdate   `cmd:"" help:"Change a customer; what he was given stays as it is."`
	Benefits customerBenefits `cmd:"" help:"What customers have beyond the tariffs: plan, usage, points, vouchers."`
	Reward   customerReward   `cmd:"" help:"Give a customer a reward for his points." example:"pylon customer reward K-10017 '5 euros'"`
	Forget   customerForget   `cmd:"" help:"Forget who customers are: name and address. What they were given stays as it is."`
	Delete   customerDelete   `cmd:"" help:"Delete customers for whom nothing was ever billed."`
}

// findCustomer locates a customer by his id or by the operator's own number.
func findCustomer(ctx context.Context, api *client.Client, name string) (string, error) {
	id, err := customerID(ctx, api, name)
	return client.Path("/customers/", id), err
}

// customerID returns the id of a customer.
func customerID(ctx context.Context, api *client.Client, name string) (string, error) {
	if strings.HasPrefix(name, "cus_") {
		return name, nil
	}
	for thing, err := range api.Each(ctx, "/customers", query("reference", name)) {
		if err != nil {
			return "", err
		}
		var found struct {
			ID string `json:"id"`
		}
		return found.ID, unmarshal(thing, &found)
	}
	return "", outcomeError{"there is no customer " + name + "; `pylon customer list` shows them", ExitNotFound}
}

type customerList struct {
	Settlement string `help:"receipt or monthly."`
	Search     string `placeholder:"TEXT" help:"Part of reference, name or mail."`
	Limit      int    `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *customerList) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, "/customers", query("settlement", l.Settlement, "q", l.Search), l.Limit, []column{
		{"CUSTOMER", "id", nil},
		{"REFERENCE", "reference", nil},
		{"NAME", "party.name", nil},
		{"SETTLEMENT", "settlement", nil},
		{"DUE DAYS", "due_days", nil},
		{"CONTRACT", "contract", nil},
		{"LANGUAGE", "language", nil},
	})
}

type customerGet struct {
	Customer []string `arg:"" help:"References or identifiers, cus_…"`
}

// Run shows.
func (g *customerGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Customer, findCustomer)
}

// customerFields are what an operator says of a customer beside his name.
type customerFields struct {
	Reference      *string `help:"The operator's own number for him."`
	Settlement     *string `help:"receipt: each session by itself; monthly: by one invoice a month."`
	Language       *string `help:"Of his documents: de, en, es, fr, nl or sv."`
	Contract       *string `help:"With him: tariffs are assigned to it."`
	Groups         *string `help:"Of drivers, with commas: tariffs are assigned to them; '' for none."`
	BuyerReference *string `name:"buyer-reference" help:"That he wants on his invoices."`
	DueDays        *int    `name:"due-days" help:"From the issue of an invoice."`
}

func (f customerFields) body() map[string]any {
	body := fields(
		"reference", f.Reference, "settlement", f.Settlement, "language", f.Language, "contract", f.Contract,
		"buyer_reference", f.BuyerReference, "due_days", f.DueDays,
	)
	if f.Groups != nil {
		body["groups"] = strings.FieldsFunc(*f.Groups, func(r rune) bool { return r == ',' })
	}
	return body
}

// customerParty is how documents name him.
type customerParty struct {
	Street       *string `help:"Street and number."`
	PostalCode   *string `name:"postal-code" help:"Postal code."`
	City         *string `help:"City."`
	Country      *string `help:"ISO 3166, two letters."`
	TaxID        *string `name:"tax-id" help:"For VAT, with its country's letters."`
	Registration *string `help:"In the register of companies."`
	Endpoint     *string `help:"Where e-invoices go: scheme:id, such as 0088:4012345000009."`
	Mail         *string `help:"Where documents go."`
	Phone        *string `help:"Phone number."`
}

func (p customerParty) body(name *string) map[string]any {
	return fields(
		"name", name, "street", p.Street, "postal_code", p.PostalCode, "city", p.City, "country", p.Country, "tax_id", p.TaxID,
		"registration", p.Registration, "endpoint", p.Endpoint, "mail", p.Mail, "phone", p.Phone,
	)
}

type customerCreate struct {
	FromFile
	Name string `arg:"" optional:"" help:"As documents name him."`
	customerFields
	customerParty
}

// Run makes him.
func (n *customerCreate) Run(ctx context.Context, c *Connection) error {
	if (n.File == "") == (n.Name == "") {
		return usage("give the customer's name, or --file")
	}
	if n.File != "" {
		return n.create(ctx, c, "/customers")
	}
	body := n.customerFields.body()
	body["party"] = n.customerParty.body(&n.Name)
	return c.create(ctx, "/customers", body)
}

type customerUpdate struct {
	Customer string  `arg:"" help:"Reference or identifier, cus_…"`
	Name     *string `help:"As documents name him."`
	customerFields
	customerParty
}

// Run changes him: of name and address what no flag names stays as it is.
func (u *customerUpdate) Run(ctx context.Context, c *Connection) error {
	body, party := u.customerFields.body(), u.customerParty.body(u.Name)
	if len(party) == 0 {
		return c.update(ctx, []string{u.Customer}, findCustomer, body)
	}
	api, err := c.open()
	if err != nil {
		return err
	}
	path, err := findCustomer(ctx, api, u.Customer)
	if err != nil {
		return err
	}
	var now struct {
		Party map[string]any `json:"party"`
	}
	if _, err := api.Call(ctx, "GET", path, nil, &now); err != nil {
		return err
	}
	body["party"] = now.Party
	maps.Copy(now.Party, party)
	return c.update(ctx, []string{path}, func(context.Context, *client.Client, string) (string, error) { return path, nil }, body)
}

type customerForget struct {
	Customer []string `arg:"" help:"References or identifiers, cus_…"`
	Yes      bool     `short:"y" help:"Do not ask."`
}

// Run forgets who they are.
func (f *customerForget) Run(ctx context.Context, c *Connection) error {
	if err := c.confirm(f.Yes, "Forget who "+strings.Join(f.Customer, ", ")+" is, for ever?"); err != nil {
		return err
	}
	return c.update(ctx, f.Customer, findCustomer, map[string]any{"party": nil, "reference": nil, "buyer_reference": nil, "settlement": "receipt"})
}

type customerDelete struct {
	Customer []string `arg:"" help:"References or identifiers, cus_…"`
	Yes      bool     `short:"y" help:"Do not ask."`
}

// Run deletes.
func (d *customerDelete) Run(ctx context.Context, c *Connection) error {
	return c.remove(ctx, d.Customer, d.Yes, findCustomer)
}
