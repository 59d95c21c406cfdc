package remote

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/client"
)

// Tariff is the noun, without what looks at files and needs no server.
type Tariff struct {
	Connection `embed:""`

	List     tariffList       `cmd:"" group:"On the server" help:"List tariffs." example:"pylon tariff list"`
	Get      tariffGet        `cmd:"" group:"On the server" help:"Show tariffs with their drafts."`
	Editions tariffEditions   `cmd:"" group:"On the server" help:"What a tariff asked for, and since when: all that was published."`
	Create   tariffCreate     `cmd:"" group:"On the server" help:"Make a tariff with a draft, from a file in OCPI's form or the API's." example:"pylon tariff create 'Fast, ad hoc' --ocpi tariff.json"`
	Edit     tariffEdit       `cmd:"" group:"On the server" help:"Change a tariff's name, type or draft; what was published stays."`
	Notices  tariffNotices    `cmd:"" group:"On the server" help:"What to know of a draft before it is published." example:"pylon tariff notices 'Fast, ad hoc' --ad-hoc --power 150 --country DE"`
	Publish  tariffPublish    `cmd:"" group:"On the server" help:"Publish the draft: it is the next edition, and never changes." example:"pylon tariff publish 'Fast, ad hoc'"`
	End      tariffEnd        `cmd:"" group:"On the server" help:"Let a tariff end: sessions that begin later are not priced by it." example:"pylon tariff end 'Fast, ad hoc' --at 2027-01-01"`
	Delete   tariffDelete     `cmd:"" group:"On the server" help:"Delete tariffs that never were published."`
	Simulate reratingSimulate `cmd:"" group:"On the server" help:"See what past sessions would have cost; the same as pylon rerating simulate."`
}

const tariffsPath = "/tariffs"

// findTariff locates a tariff by its id or, when only one has it, its name.
func findTariff(ctx context.Context, api *client.Client, name string) (string, error) {
	if strings.HasPrefix(name, "trf_") {
		return client.Path(tariffsPath+"/", name), nil
	}
	var found []string
	for thing, err := range api.Each(ctx, tariffsPath, paged(nil, 0)) {
		if err != nil {
			return "", err
		}
		var t struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		}
		if err := unmarshal(thing, &t); err != nil {
			return "", err
		}
		if t.Name == name {
			found = append(found, t.ID)
		}
	}
	switch len(found) {
	case 0:
		return "", outcomeError{"there is no tariff " + name + "; `pylon tariff list` shows them", ExitNotFound}
	case 1:
		return client.Path(tariffsPath+"/", found[0]), nil
	}
	return "", usage("tariffs %s are all called %s: name one by its identifier", strings.Join(found, ", "), name)
}

type tariffList struct {
	Limit int `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *tariffList) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, tariffsPath, nil, l.Limit, []column{
		{"TARIFF", "id", nil},
		{"NAME", "name", nil},
		{"TYPE", "type", nil},
		{"EDITIONS", "published", nil},
		{"DRAFT", "draft.elements", prices},
		{"ENDS", "ends_at", when},
	})
}

// prices tells the prices of elements in a few words.
func prices(value any) string {
	elements, _ := value.([]any)
	var said []string
	for _, e := range elements {
		components, _ := member(e, "price_components").([]any)
		for _, p := range components {
			said = append(said, text(member(p, "type"))+" "+text(member(p, "price")))
		}
	}
	const most = 4
	if more := len(said) - most; more > 0 {
		said = append(said[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(said, ", ")
}

type tariffGet struct {
	Tariff []string `arg:"" help:"Identifiers, trf_…, or names."`
}

// Run shows.
func (g *tariffGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Tariff, findTariff)
}

type tariffEditions struct {
	Tariff string `arg:"" help:"Identifier, trf_…, or name."`
}

// Run lists.
func (e *tariffEditions) Run(ctx context.Context, c *Connection) error {
	return c.whole(ctx, e.Tariff, "/editions", []column{
		{"EDITION", "number", nil}, {"FROM", "start_date_time", when}, {"UNTIL", "end_date_time", when}, {"PRICES", "elements", prices}, {"CURRENCY", "currency", nil},
	})
}

// whole shows a list that belongs to a tariff and has no pages.
func (c *Connection) whole(ctx context.Context, tariff, path string, columns []column) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	at, err := findTariff(ctx, api, tariff)
	if err != nil {
		return err
	}
	whole, err := api.Get(ctx, at+path)
	if err != nil {
		return err
	}
	var list struct {
		Data []jsontext.Value `json:"data"`
	}
	if err := unmarshal(whole, &list); err != nil {
		return err
	}
	return c.rows(func(yield func(jsontext.Value, error) bool) {
		for _, thing := range list.Data {
			if !yield(thing, nil) {
				return
			}
		}
	}, columns)
}

// drafted is where a draft comes from.
type drafted struct {
	OCPI  string `name:"ocpi" placeholder:"FILE" help:"The draft is this tariff of OCPI 2.2.1 or 2.3.0; - is standard input."`
	Draft string `placeholder:"FILE" help:"The draft, as the API takes it; - is standard input."`
}

// into reads the file and puts it into the body of a request.
func (d drafted) into(body map[string]any, to Terminal) error {
	if d.OCPI != "" && d.Draft != "" {
		return usage("give --ocpi or --draft, not both")
	}
	for name, path := range map[string]string{"ocpi": d.OCPI, "draft": d.Draft} {
		if path == "" {
			continue
		}
		text, err := to.read(path)
		if err != nil {
			return err
		}
		if !jsontext.Value(text).IsValid() {
			return usage("%s: this is no JSON", path)
		}
		body[name] = jsontext.Value(text)
	}
	return nil
}

type tariffCreate struct {
	FromFile
	drafted
	Name string  `arg:"" optional:"" help:"For people."`
	Type *string `help:"OCPI's: REGULAR, AD_HOC_PAYMENT, PROFILE_CHEAP, PROFILE_FAST or PROFILE_GREEN; for all sessions when left out."`
}

// Run makes it.
func (n *tariffCreate) Run(ctx context.Context, c *Connection) error {
	if (n.File == "") == (n.Name == "") {
		return usage("give the tariff's name, or --file")
	}
	if n.File != "" {
		return n.create(ctx, c, tariffsPath)
	}
	body := fields("name", &n.Name, "type", n.Type)
	if err := n.into(body, c.terminal); err != nil {
		return err
	}
	return c.create(ctx, tariffsPath, body)
}

type tariffEdit struct {
	drafted
	Tariff  string  `arg:"" help:"Identifier, trf_…, or name."`
	Name    *string `help:"For people."`
	Type    *string `help:"OCPI's; '' for all sessions."`
	NoDraft bool    `name:"no-draft" help:"Drop the draft."`
}

// Run changes it.
func (e *tariffEdit) Run(ctx context.Context, c *Connection) error {
	body := fields("name", e.Name, "type", e.Type)
	if e.Type != nil && *e.Type == "" {
		body["type"] = nil
	}
	if err := e.into(body, c.terminal); err != nil {
		return err
	}
	if e.NoDraft {
		if e.OCPI != "" || e.Draft != "" {
			return usage("a draft is given or dropped, not both")
		}
		body["draft"] = nil
	}
	return c.update(ctx, []string{e.Tariff}, findTariff, body)
}

type tariffNotices struct {
	Tariff  string `arg:"" help:"Identifier, trf_…, or name."`
	AdHoc   bool   `name:"ad-hoc" help:"Drivers without a contract pay by it; so too when the tariff says so."`
	Power   int64  `placeholder:"KW" help:"The most that one of its EVSEs gives, in kW."`
	Country string `placeholder:"CODE" help:"Where it is to be: ISO 3166-1 alpha-2, such as DE."`
	NEVI    bool   `name:"nevi" help:"The stations were paid for by the United States' NEVI programme."`
	Clock   bool   `name:"certified-clock" help:"The stations' clocks are certified for billing time."`
	Zone    string `placeholder:"ZONE" help:"Where it is to be, for changes of the clocks: IANA, such as Europe/Berlin."`
}

// Run shows them.
func (n *tariffNotices) Run(ctx context.Context, c *Connection) error {
	q := url.Values{}
	for name, value := range map[string]string{
		"country": n.Country, "time_zone": n.Zone, "ad_hoc": said(n.AdHoc), "nevi": said(n.NEVI), "certified_clock": said(n.Clock),
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if n.Power > 0 {
		q.Set("power_w", strconv.FormatInt(n.Power*1000, 10))
	}
	return c.whole(ctx, n.Tariff, "/notices?"+q.Encode(), []column{{"SEVERITY", "severity", nil}, {"WHERE", "pointer", nil}, {"WHAT", "text", nil}})
}

// said is what a flag that was given is in a query, "" for one that was not.
func said(given bool) string {
	if given {
		return "true"
	}
	return ""
}

type tariffPublish struct {
	Tariff string `arg:"" help:"Identifier, trf_…, or name."`
	Yes    bool   `short:"y" help:"Do not ask."`
}

// Run publishes what it has shown, and nothing that somebody has changed since.
func (p *tariffPublish) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	at, err := findTariff(ctx, api, p.Tariff)
	if err != nil {
		return err
	}
	var t map[string]any
	header, err := api.Call(ctx, "GET", at, nil, &t)
	if err != nil {
		return err
	}
	draft := prices(member(t, "draft.elements"))
	if draft == "" {
		return outcomeError{p.Tariff + " has no draft: give it one with `pylon tariff edit`", ExitConflict}
	}
	if err := c.confirm(p.Yes, fmt.Sprintf("Publish %s (%s)? It never changes then.", text(t["name"]), draft)); err != nil {
		return err
	}
	return c.replaced(api.Act(ctx, at+"/publish", header.Get("ETag")))
}

type tariffEnd struct {
	Tariff string `arg:"" help:"Identifier, trf_…, or name."`
	At     string `placeholder:"TIME" help:"When: RFC 3339, or a date (UTC)."`
	Never  bool   `help:"Let it go on after all."`
}

// Run ends it.
func (e *tariffEnd) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	if e.Never == (e.At != "") {
		return usage("it ends, or it does not: give --at or --never")
	}
	body := map[string]any{"ends_at": nil}
	if !e.Never {
		body["ends_at"] = moment(e.At, api.Now())
	}
	return c.update(ctx, []string{e.Tariff}, findTariff, body)
}

type tariffDelete struct {
	Tariff []string `arg:"" help:"Identifiers, trf_…, or names."`
	Yes    bool     `short:"y" help:"Do not ask."`
}

// Run deletes.
func (d *tariffDelete) Run(ctx context.Context, c *Connection) error {
	return c.remove(ctx, d.Tariff, d.Yes, findTariff)
}
