package remote

import (
	"context"
	"os"
	"strings"

	"pylon/internal/client"
)

// Host is the noun.
type Host struct {
	Connection `embed:""`

	List   hostList   `cmd:"" help:"List site hosts."`
	Get    hostGet    `cmd:"" help:"Show site hosts."`
	Create hostCreate `cmd:"" help:"Make a site host." example:"pylon host create 'Parkhaus Elbtor GmbH' --country DE --iban DE89370400440532013000 --tax taxed --tax-percent 19"`
	Edit   hostEdit   `cmd:"" help:"Change a site host; what was settled stays as it is."`
}

type hostList struct {
	Limit int `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *hostList) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, "/hosts", nil, l.Limit, []column{
		{"HOST", "id", nil}, {"REFERENCE", "reference", nil}, {"NAME", "party.name", nil}, {"CURRENCY", "currency", nil}, {"TAX", "tax", nil}, {"TAX %", "tax_percent", nil},
	})
}

type hostGet struct {
	Host []string `arg:"" help:"Identifiers, hst_…"`
}

// Run shows.
func (g *hostGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Host, below("/hosts/"))
}

// hostFields are what an operator says of a host beside his name.
type hostFields struct {
	Reference  *string `help:"The operator's own number for him."`
	Language   *string `help:"Of his settlements: de, en, es, fr, nl or sv."`
	Tax        *string `help:"taxed, exempt or reverse_charge."`
	TaxPercent *string `name:"tax-percent" help:"Of a host who is taxed."`
}

func (f hostFields) body() map[string]any {
	return fields("reference", f.Reference, "language", f.Language, "tax", f.Tax, "tax_percent", f.TaxPercent)
}

type hostCreate struct {
	FromFile
	Name string `arg:"" optional:"" help:"As settlements name him."`
	hostFields
	Currency   *string `help:"ISO 4217; the organisation's when left out."`
	Street     *string `help:"Street and number."`
	PostalCode *string `name:"postal-code" help:"Postal code."`
	City       *string `help:"City."`
	Country    *string `help:"ISO 3166, two letters."`
	TaxID      *string `name:"tax-id" help:"For VAT, with its country's letters."`
	Mail       *string `help:"Where settlements go."`
	IBAN       *string `name:"iban" help:"Where he is paid, without spaces."`
}

// Run makes him.
func (n *hostCreate) Run(ctx context.Context, c *Connection) error {
	if (n.File == "") == (n.Name == "") {
		return usage("give the host's name, or --file")
	}
	if n.File != "" {
		return n.create(ctx, c, "/hosts")
	}
	body := n.body()
	if n.Currency != nil {
		body["currency"] = *n.Currency
	}
	body["party"] = fields(
		"name", &n.Name, "street", n.Street, "postal_code", n.PostalCode, "city", n.City, "country", n.Country, "tax_id", n.TaxID, "mail", n.Mail, "iban", n.IBAN,
	)
	return c.create(ctx, "/hosts", body)
}

type hostEdit struct {
	Host string `arg:"" help:"Identifier, hst_…"`
	hostFields
}

// Run changes him.
func (e *hostEdit) Run(ctx context.Context, c *Connection) error {
	return c.update(ctx, []string{e.Host}, below("/hosts/"), e.body())
}

// Agreement is the noun.
type Agreement struct {
	Connection `embed:""`

	List   agreementList   `cmd:"" help:"List what hosts get of sites." example:"pylon agreement list --host hst_01J…"`
	Get    agreementGet    `cmd:"" help:"Show agreements."`
	Create agreementCreate `cmd:"" help:"Agree with a host about a site." example:"pylon agreement create hst_01J… sit_01J… --percent energy=20 --fixed 50.00"`
	End    agreementEnd    `cmd:"" help:"End an agreement; what was shared stays."`
}

// siteOnly chooses things of a site.
type siteOnly struct {
	Site  string `placeholder:"ID" help:"Of this site."`
	Limit int    `default:"0" help:"At most so many; 0 for all."`
}

type agreementList struct {
	siteOnly
	Host string `placeholder:"ID" help:"With this host."`
}

// Run lists.
func (l *agreementList) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, "/agreements", query("host_id", l.Host, "site_id", l.Site), l.Limit, []column{
		{"AGREEMENT", "id", nil},
		{"HOST", "host_id", nil},
		{"SITE", "site_id", nil},
		{"FROM", "valid_from", when},
		{"UNTIL", "valid_until", when},
		{"PER KWH", "per_kwh", nil},
		{"FIXED", "fixed_minor", nil},
		{"LEAST", "least_minor", nil},
	})
}

type agreementGet struct {
	Agreement []string `arg:"" help:"Identifiers, agr_…"`
}

// Run shows.
func (g *agreementGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Agreement, below("/agreements/"))
}

// span is a time in flags.
type span struct {
	From  *string `placeholder:"TIME" help:"From then on: RFC 3339, or a date (UTC); now when left out."`
	Until *string `placeholder:"TIME" help:"Until then, in the same words."`
}

// into writes the time into a request.
func (s span) into(body map[string]any, api *client.Client) {
	for name, text := range map[string]*string{"valid_from": s.From, "valid_until": s.Until} {
		if text != nil {
			body[name] = moment(*text, api.Now())
		}
	}
}

type agreementCreate struct {
	FromFile
	Host string `arg:"" optional:"" help:"Identifier, hst_…"`
	Site string `arg:"" optional:"" help:"Identifier, sit_…"`
	span
	Percent []string `placeholder:"CLASS=N" help:"Of net income: energy, time, parking, fixed or reservation; several times."`
	PerKWh  *string  `name:"per-kwh" help:"An amount per kWh, in the host's currency."`
	Fixed   int64    `placeholder:"MINOR" help:"An amount a month, in minor units (cents)."`
	Least   int64    `placeholder:"MINOR" help:"The least that he gets a month, in minor units."`
	Beyond  bool     `help:"A share may be more than the bill's net."`
}

// Run makes it.
func (n *agreementCreate) Run(ctx context.Context, c *Connection) error {
	if n.File != "" {
		return n.create(ctx, c, "/agreements")
	}
	if n.Host == "" || n.Site == "" {
		return usage("give the host and the site, or --file")
	}
	body := fields("host_id", &n.Host, "site_id", &n.Site, "per_kwh", n.PerKWh)
	var percents []any
	for _, p := range n.Percent {
		class, rate, ok := strings.Cut(p, "=")
		if !ok {
			return usage("--percent %s: write class=number, such as energy=20", p)
		}
		percents = append(percents, map[string]any{"class": class, "percent": rate})
	}
	if percents != nil {
		body["percents"] = percents
	}
	body["fixed_minor"], body["least_minor"], body["beyond_net"] = n.Fixed, n.Least, n.Beyond
	api, err := c.open()
	if err != nil {
		return err
	}
	n.into(body, api)
	return c.create(ctx, "/agreements", body)
}

type agreementEnd struct {
	Agreement string `arg:"" help:"Identifier, agr_…"`
	At        string `arg:"" help:"RFC 3339, or a date (UTC): from then on it holds no more."`
}

// Run ends it.
func (e *agreementEnd) Run(ctx context.Context, c *Connection) error {
	return c.end(ctx, "/agreements/", e.Agreement, e.At)
}

// end says when something holds no more.
func (c *Connection) end(ctx context.Context, path, id, at string) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	return c.update(ctx, []string{id}, below(path), map[string]any{"valid_until": moment(at, api.Now())})
}

// Supply is the noun.
type Supply struct {
	Connection `embed:""`

	List   supplyList   `cmd:"" help:"List what the energy of sites costs."`
	Get    supplyGet    `cmd:"" help:"Show supplies."`
	Create supplyCreate `cmd:"" help:"Say what the energy of a site costs." example:"pylon supply create sit_01J… 0.2142 --currency EUR --losses 3"`
	End    supplyEnd    `cmd:"" help:"End a supply; what bills have cost stays."`
}

type supplyList struct{ siteOnly }

// Run lists.
func (l *supplyList) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, "/supplies", query("site_id", l.Site), l.Limit, []column{
		{"SUPPLY", "id", nil},
		{"SITE", "site_id", nil},
		{"FROM", "valid_from", when},
		{"UNTIL", "valid_until", when},
		{"PER KWH", "per_kwh", nil},
		{"CURRENCY", "currency", nil},
		{"SERIES", "series", nil},
		{"MARKUP", "markup", nil},
		{"LOSSES %", "losses_percent", nil},
	})
}

type supplyGet struct {
	Supply []string `arg:"" help:"Identifiers, sup_…"`
}

// Run shows.
func (g *supplyGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Supply, below("/supplies/"))
}

type supplyCreate struct {
	FromFile
	Site   string `arg:"" optional:"" help:"Identifier, sit_…"`
	PerKWh string `arg:"" optional:"" name:"per-kwh" help:"Price of a kWh; where a series is named, of the times of which it says nothing."`
	span
	Currency      *string `help:"ISO 4217, of the bills that it counts for."`
	Series        *string `help:"A series of prices, by its name."`
	MarkupPercent *string `name:"markup-percent" help:"On the price of the series."`
	Markup        *string `help:"Per kWh, on the price of the series."`
	Losses        *string `placeholder:"PERCENT" help:"Of what stations give, which is bought beside it."`
}

// Run makes it.
func (n *supplyCreate) Run(ctx context.Context, c *Connection) error {
	if n.File != "" {
		return n.create(ctx, c, "/supplies")
	}
	if n.Site == "" || n.PerKWh == "" || n.Currency == nil {
		return usage("give the site, the price and --currency, or --file")
	}
	body := fields(
		"site_id", &n.Site, "per_kwh", &n.PerKWh, "currency", n.Currency, "series", n.Series,
		"markup_percent", n.MarkupPercent, "markup", n.Markup, "losses_percent", n.Losses,
	)
	api, err := c.open()
	if err != nil {
		return err
	}
	n.into(body, api)
	return c.create(ctx, "/supplies", body)
}

type supplyEnd struct {
	Supply string `arg:"" help:"Identifier, sup_…"`
	At     string `arg:"" help:"RFC 3339, or a date (UTC): from then on it holds no more."`
}

// Run ends it.
func (e *supplyEnd) Run(ctx context.Context, c *Connection) error {
	return c.end(ctx, "/supplies/", e.Supply, e.At)
}

// Settlement is the noun.
type Settlement struct {
	Connection `embed:""`

	List     settlementList     `cmd:"" help:"List what hosts are paid, the newest first."`
	Get      settlementGet      `cmd:"" help:"Show settlements."`
	Earnings settlementEarnings `cmd:"" help:"List what bills have earned for a settlement."`
	Document settlementDocument `cmd:"" help:"Get a settlement as a file."`
	Pay      settlementPay      `cmd:"" help:"Record that a host was paid." example:"pylon settlement pay stl_01J… 11900 --bank giro --reference 'SEPA 4711'"`
}

type settlementList struct {
	Host  string `placeholder:"ID" help:"Of this host."`
	Limit int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *settlementList) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, "/settlements", query("host_id", l.Host), l.Limit, []column{
		{"SETTLEMENT", "id", nil},
		{"NUMBER", "number", nil},
		{"HOST", "host_id", nil},
		{"MONTH", "month", nil},
		{"SESSIONS", "sessions", nil},
		{"INCOME", "income_minor", nil},
		{"NET", "net_minor", nil},
		{"TAX", "tax_minor", nil},
		{"TOTAL", "total_minor", nil},
		{"PAID", "paid_minor", nil},
		{"CURRENCY", "currency", nil},
	})
}

type settlementGet struct {
	Settlement []string `arg:"" help:"Identifiers, stl_…"`
}

// Run shows.
func (g *settlementGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Settlement, below("/settlements/"))
}

type settlementEarnings struct {
	Settlement string `arg:"" help:"Identifier, stl_…"`
	Limit      int    `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *settlementEarnings) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, client.Path("/settlements/", l.Settlement, "/earnings"), nil, l.Limit, []column{
		{"BILL", "bill_id", nil},
		{"TAKEN BACK", "taken_back", nil},
		{"SESSION", "session_id", nil},
		{"DAY", "day", nil},
		{"KWH", "energy_mwh", fromMilli},
		{"INCOME", "income_minor", nil},
		{"SHARE", "share_minor", nil},
		{"CURRENCY", "currency", nil},
	})
}

type settlementDocument struct {
	Settlement string `arg:"" help:"Identifier, stl_…"`
	Format     string `default:"html" enum:"html,pdf" help:"${enum}: a page or a PDF."`
	To         string `placeholder:"FILE" type:"path" help:"Write it there, instead of to standard output."`
}

// Run gets the file.
func (d *settlementDocument) Run(ctx context.Context, c *Connection) error {
	return c.file(ctx, client.Path("/settlements/", d.Settlement, "/document?format="+d.Format), d.Format == "pdf", d.To)
}

// file gets a file. What is binary is not written on a screen.
func (c *Connection) file(ctx context.Context, path string, binary bool, to string) error {
	if to == "" && binary && c.terminal.Person {
		return usage("this is nothing for a screen: add --to FILE")
	}
	api, err := c.open()
	if err != nil {
		return err
	}
	var text []byte
	if _, err := api.Call(ctx, "GET", path, nil, &text); err != nil {
		return err
	}
	if to == "" {
		_, err = c.terminal.Out.Write(text)
		return err
	}
	if err := os.WriteFile(to, text, documentMode); err != nil {
		return err
	}
	c.say("%s: %d bytes", to, len(text))
	return nil
}

type settlementPay struct {
	Settlement string  `arg:"" help:"Identifier, stl_…"`
	Amount     int64   `arg:"" help:"In minor units (cents): all that is open, or a part of it."`
	Bank       string  `required:"" help:"Account of ours, as the ledger calls it."`
	Reference  *string `help:"Of the transfer."`
	At         *string `placeholder:"TIME" help:"When: RFC 3339, or a date (UTC); now when left out."`
}

// Run records it.
func (p *settlementPay) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	body := fields("bank", &p.Bank, "reference", p.Reference)
	body["amount_minor"] = p.Amount
	if p.At != nil {
		body["paid_at"] = moment(*p.At, api.Now())
	}
	return c.create(ctx, client.Path("/settlements/", p.Settlement, "/payments"), body)
}

// Report is the noun.
type Report struct {
	Connection `embed:""`

	Margin reportMargin `cmd:"" help:"What is left of what sites earn." example:"pylon report margin --from 2026-05-01 --to 2026-05-31 --group site"`
}

type reportMargin struct {
	From  string `placeholder:"DAY" help:"Sessions that ended on this day or later: YYYY-MM-DD."`
	To    string `placeholder:"DAY" help:"And on this day or earlier."`
	Group string `default:"site" enum:"site,month" help:"A line for each ${enum}."`
	Limit int    `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (r *reportMargin) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, "/reports/margin", query("from", r.From, "to", r.To, "group", r.Group), r.Limit, []column{
		{"SITE", "site_id", nil},
		{"MONTH", "month", nil},
		{"SESSIONS", "sessions", nil},
		{"KWH", "energy_mwh", fromMilli},
		{"NET", "net_minor", nil},
		{"ENERGY COST", "energy_cost_minor", nil},
		{"HOST SHARE", "host_share_minor", nil},
		{"FEES", "provider_fee_minor", nil},
		{"MARGIN", "margin_minor", nil},
		{"CURRENCY", "currency", nil},
	})
}

// CDR is the noun.
type CDR struct {
	Connection `embed:""`

	List cdrList `cmd:"" help:"List charge detail records, the oldest first." example:"pylon cdr list --from 24h"`
	Get  cdrGet  `cmd:"" help:"Get a CDR as a partner gets it."`
}

type cdrList struct {
	From    string `placeholder:"TIME" help:"Made at or after: RFC 3339, a date (UTC), or so long ago, such as 24h."`
	To      string `placeholder:"TIME" help:"Made before, in the same words."`
	Session string `placeholder:"ID" help:"Of this session."`
	Limit   int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *cdrList) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	return c.list(ctx, "/cdrs", query("from", moment(l.From, api.Now()), "to", moment(l.To, api.Now()), "session_id", l.Session), l.Limit, []column{
		{"CDR", "id", nil},
		{"CREDITS", "credits_cdr_id", nil},
		{"STARTED", "started_at", when},
		{"ENDED", "ended_at", when},
		{"KWH", "energy_kwh", nil},
		{"BEFORE TAXES", "total_before_taxes", nil},
		{"WITH TAXES", "total_with_taxes", nil},
		{"CURRENCY", "currency", nil},
	})
}

type cdrGet struct {
	CDR     string `arg:"" help:"Identifier: the bill's, with -C of its credit."`
	Version string `default:"2.3.0" enum:"2.2.1,2.3.0" help:"Of OCPI: ${enum}."`
}

// Run gets it.
func (g *cdrGet) Run(ctx context.Context, c *Connection) error {
	return c.file(ctx, client.Path("/cdrs/", g.CDR, "?version="+g.Version), false, "")
}
