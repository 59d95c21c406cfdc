package remote

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/client"
)

// Plan is the noun.
type Plan struct {
	Connection `embed:""`

	List   planList   `cmd:"" help:"List plans."`
	Get    planGet    `cmd:"" help:"Show plans with all that they cost and give."`
	Create planCreate `cmd:"" help:"Make what a file describes: terms never change." example:"pylon plan create --file home-50.json"`
	Close  planClose  `cmd:"" help:"Let nobody subscribe any more, from a moment on; who has the plan keeps it." example:"pylon plan close pln_01J… 2026-12-31T23:00:00Z"`
	Delete planDelete `cmd:"" help:"Delete plans that nobody ever subscribed to."`
}

const plansPath = "/plans"

type planList struct {
	Limit int `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *planList) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, plansPath, nil, l.Limit, []column{
		{"PLAN", "id", nil},
		{"NAME", "name", nil},
		{"FEE", "terms.fee.amount_minor", nil},
		{"CURRENCY", "currency", nil},
		{"KWH", "terms.allowance.kwh", nil},
		{"FROM", "valid_from", when},
		{"UNTIL", "valid_until", when},
	})
}

type planGet struct {
	Plan []string `arg:"" help:"Identifiers, pln_…"`
}

// Run shows.
func (g *planGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Plan, below(plansPath+"/"))
}

type planCreate struct{ FromFile }

// Run makes it.
func (n *planCreate) Run(ctx context.Context, c *Connection) error {
	if n.File == "" {
		return usage("give --file")
	}
	return n.create(ctx, c, plansPath)
}

type planClose struct {
	Plan string `arg:"" help:"Identifier, pln_…"`
	At   string `arg:"" help:"When: RFC 3339, or a date (UTC)."`
}

// Run closes it.
func (p *planClose) Run(ctx context.Context, c *Connection) error {
	return c.end(ctx, plansPath+"/", p.Plan, p.At)
}

type planDelete struct {
	Plan []string `arg:"" help:"Identifiers, pln_…"`
	Yes  bool     `short:"y" help:"Do not ask."`
}

// Run deletes.
func (d *planDelete) Run(ctx context.Context, c *Connection) error {
	return c.remove(ctx, d.Plan, d.Yes, below(plansPath+"/"))
}

// Subscription is the noun.
type Subscription struct {
	Connection `embed:""`

	List   subscriptionList   `cmd:"" help:"List customers' subscriptions." example:"pylon subscription list --customer K-10017"`
	Get    subscriptionGet    `cmd:"" help:"Show subscriptions."`
	Create subscriptionCreate `cmd:"" help:"Let a customer have a plan." example:"pylon subscription create K-10017 pln_01J…"`
	Pause  subscriptionPause  `cmd:"" help:"Let a subscription cost and give nothing for a while."`
	Resume subscriptionResume `cmd:"" help:"End the pause of a subscription."`
	End    subscriptionEnd    `cmd:"" help:"End a subscription, with the month or at a moment."`
}

const subscriptionsPath = "/subscriptions"

type subscriptionList struct {
	Customer string `placeholder:"CUSTOMER" help:"Of this customer: reference or identifier."`
	Plan     string `placeholder:"ID" help:"Of this plan."`
	Limit    int    `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *subscriptionList) Run(ctx context.Context, c *Connection) error {
	id, err := c.someCustomer(ctx, l.Customer)
	if err != nil {
		return err
	}
	return c.list(ctx, subscriptionsPath, query("customer_id", id, "plan_id", l.Plan), l.Limit, []column{
		{"SUBSCRIPTION", "id", nil},
		{"CUSTOMER", "customer_id", nil},
		{"PLAN", "plan_id", nil},
		{"STATE", "state", nil},
		{"FROM", "valid_from", when},
		{"UNTIL", "valid_until", when},
		{"DUE", "due_at", when},
	})
}

// someCustomer returns the identifier of a customer; "" for none.
func (c *Connection) someCustomer(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	api, err := c.open()
	if err != nil {
		return "", err
	}
	return customerID(ctx, api, name)
}

type subscriptionGet struct {
	Subscription []string `arg:"" help:"Identifiers, sub_…"`
}

// Run shows.
func (g *subscriptionGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Subscription, below(subscriptionsPath+"/"))
}

type subscriptionCreate struct {
	Customer string  `arg:"" help:"Reference or identifier, cus_…"`
	Plan     string  `arg:"" help:"Identifier, pln_…"`
	From     *string `placeholder:"TIME" help:"When it begins: RFC 3339; now when left out."`
}

// Run makes it.
func (n *subscriptionCreate) Run(ctx context.Context, c *Connection) error {
	id, err := c.someCustomer(ctx, n.Customer)
	if err != nil {
		return err
	}
	return c.create(ctx, subscriptionsPath, fields("customer_id", &id, "plan_id", &n.Plan, "valid_from", n.From))
}

// turned is a subscription that is turned, and when.
type turned struct {
	Subscription string `arg:"" help:"Identifier, sub_…"`
	At           string `placeholder:"TIME" help:"When: RFC 3339, or a date (UTC)."`
}

// turn does something with the subscription as it is.
func (t *turned) turn(ctx context.Context, c *Connection, what string) error {
	return c.each(ctx, []string{t.Subscription}, func(ctx context.Context, api *client.Client, id string) (jsontext.Value, error) {
		body := map[string]any{}
		if t.At != "" {
			body["at"] = moment(t.At, time.Time{})
		}
		return api.ActWith(ctx, client.Path(subscriptionsPath+"/", id, "/"+what), "*", body)
	})
}

type subscriptionPause struct{ turned }

// Run pauses it.
func (p *subscriptionPause) Run(ctx context.Context, c *Connection) error {
	return p.turn(ctx, c, "pause")
}

type subscriptionResume struct{ turned }

// Run resumes it.
func (r *subscriptionResume) Run(ctx context.Context, c *Connection) error {
	return r.turn(ctx, c, "resume")
}

type subscriptionEnd struct{ turned }

// Run ends it.
func (e *subscriptionEnd) Run(ctx context.Context, c *Connection) error {
	return e.turn(ctx, c, "end")
}

// Voucher is the noun.
type Voucher struct {
	Connection `embed:""`

	List   voucherList   `cmd:"" help:"List vouchers; their codes are kept nowhere."`
	Get    voucherGet    `cmd:"" help:"Show vouchers."`
	Create voucherCreate `cmd:"" help:"Make vouchers: the codes are in the answer and nowhere else." example:"pylon voucher create --amount 2000 --currency EUR --count 50 --batch 'fair 2026'"`
	Find   voucherFind   `cmd:"" help:"Find the voucher that a code is of."`
	Redeem voucherRedeem `cmd:"" help:"Redeem a code for a customer." example:"pylon voucher redeem 3F7K-9QWE-RT5M-7K2M K-10017"`
	End    voucherEnd    `cmd:"" help:"Let a voucher be worth nothing from a moment on."`
}

const vouchersPath = "/vouchers"

type voucherList struct {
	Batch string `help:"Those that were made together under this name."`
	Limit int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *voucherList) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, vouchersPath, query("batch", l.Batch), l.Limit, []column{
		{"VOUCHER", "id", nil},
		{"NAME", "name", nil},
		{"BATCH", "batch", nil},
		{"CODE", "hint", nil},
		{"AMOUNT", "value.amount_minor", nil},
		{"CURRENCY", "value.currency", nil},
		{"KWH", "value.kwh", nil},
		{"%", "value.percent", nil},
		{"REDEEMED", "holders", nil},
		{"OF", "holders_max", nil},
		{"UNTIL", "valid_until", when},
	})
}

type voucherGet struct {
	Voucher []string `arg:"" help:"Identifiers, vch_…"`
}

// Run shows.
func (g *voucherGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Voucher, below(vouchersPath+"/"))
}

type voucherCreate struct {
	Amount   *int    `placeholder:"MINOR" help:"What it is worth, in minor units of the currency."`
	Currency *string `help:"ISO 4217, of the amount."`
	KWh      *string `name:"kwh" help:"Or: energy."`
	Percent  *string `help:"Or: a share of what sessions cost."`
	Sessions *int    `help:"It acts on so many sessions at most."`
	Name     *string `help:"As bills have it."`
	From     *string `placeholder:"TIME" help:"For sessions from then on: RFC 3339."`
	Until    *string `placeholder:"TIME" help:"And before: RFC 3339."`
	Holders  *int    `help:"How many customers may redeem it; one when left out."`
	Customer string  `placeholder:"CUSTOMER" help:"Who alone may redeem it: reference or identifier."`
	Code     *string `help:"That you choose, such as SUMMER26."`
	Batch    *string `help:"A name for many."`
	Count    *int    `help:"How many; with --batch."`
}

// Run makes them.
func (n *voucherCreate) Run(ctx context.Context, c *Connection) error {
	value := fields("amount_minor", n.Amount, "currency", n.Currency, "kwh", n.KWh, "percent", n.Percent, "sessions_max", n.Sessions)
	body := fields("name", n.Name, "valid_from", n.From, "valid_until", n.Until, "holders_max", n.Holders)
	body["value"] = value
	if (n.Count == nil) != (n.Batch == nil) {
		return usage("--batch and --count go together")
	}
	if n.Count != nil {
		if n.Code != nil || n.Customer != "" {
			return usage("many vouchers have codes of their own, and are for anybody")
		}
		body["batch"], body["count"] = *n.Batch, *n.Count
		return c.create(ctx, "/voucher-batches", body)
	}
	id, err := c.someCustomer(ctx, n.Customer)
	if err != nil {
		return err
	}
	if id != "" {
		body["customer_id"] = id
	}
	if n.Code != nil {
		body["code"] = *n.Code
	}
	return c.create(ctx, vouchersPath, body)
}

type voucherFind struct {
	Code string `arg:"" help:"However it is written."`
}

// Run finds it.
func (f *voucherFind) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	var thing jsontext.Value
	_, err = api.Call(ctx, "POST", vouchersPath+"/lookup", map[string]any{"code": f.Code}, &thing)
	return c.replaced(thing, err)
}

type voucherRedeem struct {
	Code     string `arg:"" help:"However it is written."`
	Customer string `arg:"" help:"Reference or identifier, cus_…"`
}

// Run redeems it.
func (r *voucherRedeem) Run(ctx context.Context, c *Connection) error {
	id, err := c.someCustomer(ctx, r.Customer)
	if err != nil {
		return err
	}
	return c.create(ctx, vouchersPath+"/redeem", fields("code", &r.Code, "customer_id", &id))
}

type voucherEnd struct {
	Voucher string `arg:"" help:"Identifier, vch_…"`
	At      string `arg:"" help:"When: RFC 3339, or a date (UTC)."`
}

// Run ends it.
func (e *voucherEnd) Run(ctx context.Context, c *Connection) error {
	return c.end(ctx, vouchersPath+"/", e.Voucher, e.At)
}

type customerBenefits struct {
	Customer []string `arg:"" help:"References or identifiers, cus_…"`
}

// Run shows.
func (b *customerBenefits) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, b.Customer, func(ctx context.Context, api *client.Client, name string) (string, error) {
		path, err := findCustomer(ctx, api, name)
		return path + "/benefits", err
	})
}

type customerReward struct {
	Customer string `arg:"" help:"Reference or identifier, cus_…"`
	Reward   string `arg:"" help:"Its name in the customer's plan."`
}

// Run gives it.
func (r *customerReward) Run(ctx context.Context, c *Connection) error {
	id, err := c.someCustomer(ctx, r.Customer)
	if err != nil {
		return err
	}
	return c.create(ctx, client.Path("/customers/", id, "/rewards"), fields("reward", &r.Reward))
}
