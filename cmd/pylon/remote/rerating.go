package remote

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/client"
)

// Rerating is the noun.
type Rerating struct {
	Connection `embed:""`

	Simulate    reratingSimulate    `cmd:"" help:"See what past sessions would have cost by another tariff; nothing changes." example:"pylon rerating simulate --from 2026-05-01 --until 2026-06-01 --tariff trf_01J…"`
	Confirm     reratingConfirm     `cmd:"" help:"Have bills corrected as a simulation found: credit notes, and other bills." example:"pylon rerating confirm rrt_01J… --reason 'The sign said 0.49'"`
	List        reratingList        `cmd:"" help:"List simulations and corrections, the newest first."`
	Get         reratingGet         `cmd:"" help:"Show simulations and corrections: how far they are, and totals."`
	Customers   reratingCustomers   `cmd:"" help:"What each customer would owe, and in total."`
	Differences reratingDifferences `cmd:"" help:"What was found of each session."`
	Cancel      reratingCancel      `cmd:"" help:"Stop some; what was corrected stays so."`
}

// reratingSimulate says which sessions, and by what they are priced.
type reratingSimulate struct {
	From     string   `required:"" placeholder:"TIME" help:"Sessions that ended from then on: a date, a time or so long ago, such as 720h." group:"Which sessions"`
	Until    string   `placeholder:"TIME" help:"And before then; now when left out." group:"Which sessions"`
	Site     *string  `placeholder:"ID" help:"At this site." group:"Which sessions"`
	Station  *string  `placeholder:"ID" help:"At this station." group:"Which sessions"`
	Token    *string  `placeholder:"UID" help:"With this token." group:"Which sessions"`
	Customer *string  `placeholder:"NAME" help:"That this customer pays: reference or identifier, cus_…" group:"Which sessions"`
	Of       *string  `placeholder:"ID" help:"That this tariff priced." group:"Which sessions"`
	Tariff   *string  `xor:"pricing" placeholder:"ID" help:"By this tariff." group:"By what"`
	Edition  *int     `help:"By this edition of it; else by the one that was valid when the session began." group:"By what"`
	Terms    string   `xor:"pricing" placeholder:"JSON" help:"By terms that nobody has published, as the API takes them; @FILE reads a file, - standard input." group:"By what"`
	Assigned bool     `xor:"pricing" help:"By what the assignments, as they are now, choose." group:"By what"`
	Wait     Patience `embed:""`
}

// Patience is how long a command waits for a re-rating.
type Patience struct {
	Wait time.Duration `default:"10m" help:"Wait so long for its end; 0 does not wait."`
}

// Run asks, waits for the answer, and shows it.
func (r *reratingSimulate) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	sessions := fields("site_id", r.Site, "station", r.Station, "tariff_id", r.Of)
	sessions["ended_from"], sessions["ended_until"] = moment(r.From, api.Now()), api.Now().UTC().Format(time.RFC3339)
	if r.Until != "" {
		sessions["ended_until"] = moment(r.Until, api.Now())
	}
	if err := r.who(ctx, api, sessions); err != nil {
		return err
	}
	pricing, err := r.pricing(c.terminal)
	if err != nil {
		return err
	}
	made, err := api.Create(ctx, "/re-ratings", map[string]any{"sessions": sessions, "pricing": pricing})
	if err != nil {
		return err
	}
	return r.Wait.follow(ctx, c, api, made)
}

// who adds whose sessions they are.
func (r *reratingSimulate) who(ctx context.Context, api *client.Client, sessions map[string]any) error {
	if r.Token != nil {
		path, err := findToken(ctx, api, *r.Token)
		if err != nil {
			return err
		}
		sessions["token_id"] = strings.TrimPrefix(path, "/tokens/")
	}
	if r.Customer != nil {
		id, err := customerID(ctx, api, *r.Customer)
		if err != nil {
			return err
		}
		sessions["customer_id"] = id
	}
	return nil
}

func (r *reratingSimulate) pricing(to Terminal) (map[string]any, error) {
	pricing := fields("tariff_id", r.Tariff, "edition", r.Edition)
	if r.Assigned {
		pricing["assigned"] = true
	}
	if r.Terms != "" {
		terms, err := to.readJSON(r.Terms)
		if err != nil {
			return nil, err
		}
		pricing["terms"] = terms
	}
	if len(pricing) == 0 {
		return nil, usage("say by what: --tariff, --terms or --assigned")
	}
	return pricing, nil
}

// rerating is of one what the command line decides by.
type rerating struct {
	ID       string           `json:"id"`
	State    string           `json:"state"`
	Error    string           `json:"error_code"`
	Expected int64            `json:"expected"`
	Seen     int64            `json:"seen"`
	Totals   []jsontext.Value `json:"totals"`
	Counts   struct {
		Changed   int64 `json:"changed"`
		Unchanged int64 `json:"unchanged"`
		Held      int64 `json:"held"`
		Skipped   int64 `json:"skipped"`
		Reasons   []struct {
			Code     string `json:"code"`
			Sessions int64  `json:"sessions"`
		} `json:"reasons"`
	} `json:"counts"`
}

func (r *rerating) ended() bool { return r.State != "queued" && r.State != "running" }

// follow waits for the end of a re-rating, says how far it is, and shows what it
// came to.
func (p Patience) follow(ctx context.Context, c *Connection, api *client.Client, made jsontext.Value) error {
	began, said := api.Now(), int64(-1)
	for {
		var now rerating
		if err := unmarshal(made, &now); err != nil {
			return err
		}
		if now.Seen != said && now.Expected > 0 {
			said = now.Seen
			c.say("%s: %d of %d sessions", now.ID, now.Seen, now.Expected)
		}
		switch {
		case now.State == "failed":
			return outcomeError{now.ID + " failed: " + now.Error, ExitError}
		case now.State == "cancelled":
			return outcomeError{"somebody cancelled it", ExitConflict}
		case now.ended():
			c.summary(&now)
			return c.customers(ctx, api, &now, 0)
		case api.Now().Sub(began) >= p.Wait:
			c.say("%s: not over yet; pylon rerating customers %s", now.ID, now.ID)
			return c.one(made)
		case !api.Wait(ctx, stateEvery):
			return ctx.Err()
		}
		var err error
		if made, err = api.Get(ctx, client.Path("/re-ratings/", now.ID)); err != nil {
			return err
		}
	}
}

// summary says what was found of how many sessions.
func (c *Connection) summary(r *rerating) {
	n := &r.Counts
	c.say("%s: %d changed, %d unchanged, %d held, %d skipped", r.ID, n.Changed, n.Unchanged, n.Held, n.Skipped)
	for _, reason := range n.Reasons {
		c.say("  %d sessions: %s", reason.Sessions, reason.Code)
	}
}

// customers shows what each who pays would owe, and the totals below.
func (c *Connection) customers(ctx context.Context, api *client.Client, r *rerating, limit int) error {
	each := c.upTo(api.Each(ctx, client.Path("/re-ratings/", r.ID, "/customers"), paged(nil, limit)), limit)
	return c.rows(followed(each, r.Totals), []column{
		{"CUSTOMER", "debtor", nil},
		{"SESSIONS", "sessions", nil},
		{"CHANGED", "changed", nil},
		{"NET BEFORE", "before.net_minor", nil},
		{"NET AFTER", "after.net_minor", nil},
		{"BEFORE", "before.total_minor", nil},
		{"AFTER", "after.total_minor", nil},
		{"DIFFERENCE", "difference.total_minor", nil},
		{"CURRENCY", "currency", nil},
	})
}

// followed yields things, and behind them the totals, which are nobody's.
func followed(things iter.Seq2[jsontext.Value, error], totals []jsontext.Value) iter.Seq2[jsontext.Value, error] {
	return func(yield func(jsontext.Value, error) bool) {
		for thing, err := range things {
			if !yield(thing, err) || err != nil {
				return
			}
		}
		for _, total := range totals {
			var sum map[string]jsontext.Value
			if err := unmarshal(total, &sum); err != nil {
				yield(nil, err)
				return
			}
			sum["debtor"] = jsontext.Value(`"total"`)
			text, err := marshal(sum)
			if !yield(text, err) || err != nil {
				return
			}
		}
	}
}

type reratingConfirm struct {
	Rerating string   `arg:"" help:"The simulation's identifier, rrt_…"`
	Reason   string   `required:"" placeholder:"TEXT" help:"Why; the audit trail keeps it."`
	Yes      bool     `short:"y" help:"Do not ask."`
	Wait     Patience `embed:""`
}

// Run confirms, after saying how many bills it will be and asking.
func (k *reratingConfirm) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	thing, err := api.Get(ctx, client.Path("/re-ratings/", k.Rerating))
	if err != nil {
		return err
	}
	var of rerating
	if err := unmarshal(thing, &of); err != nil {
		return err
	}
	c.summary(&of)
	if err := c.confirm(k.Yes, "Credit these bills and issue others? It cannot be undone."); err != nil {
		return err
	}
	made, err := api.Create(ctx, client.Path("/re-ratings/", k.Rerating, "/confirm"), map[string]any{"reason": k.Reason})
	if err != nil {
		return err
	}
	return k.Wait.follow(ctx, c, api, made)
}

type reratingList struct {
	Watch
	Limit int `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *reratingList) Run(ctx context.Context, c *Connection) error {
	return l.repeat(ctx, c, func(ctx context.Context) error {
		return c.list(ctx, "/re-ratings", nil, l.Limit, []column{
			{"RE-RATING", "id", nil},
			{"MODE", "mode", nil},
			{"STATE", "state", nil},
			{"SEEN", "seen", nil},
			{"OF", "expected", nil},
			{"CHANGED", "counts.changed", nil},
			{"HELD", "counts.held", nil},
			{"SKIPPED", "counts.skipped", nil},
			{"CREATED", "created_at", when},
			{"FINISHED", "finished_at", when},
		})
	})
}

type reratingGet struct {
	Rerating []string `arg:"" help:"Identifiers, rrt_…"`
}

// Run shows.
func (g *reratingGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Rerating, below("/re-ratings/"))
}

type reratingCustomers struct {
	Rerating string `arg:"" help:"Identifier, rrt_…"`
	Limit    int    `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *reratingCustomers) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	thing, err := api.Get(ctx, client.Path("/re-ratings/", l.Rerating))
	if err != nil {
		return err
	}
	var of rerating
	if err := unmarshal(thing, &of); err != nil {
		return err
	}
	return c.customers(ctx, api, &of, l.Limit)
}

type reratingDifferences struct {
	Rerating string `arg:"" help:"Identifier, rrt_…"`
	Debtor   string `placeholder:"ID" help:"Owed by this customer or token."`
	Outcome  string `help:"Only of this outcome: changed, unchanged, held, skipped."`
	Limit    int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *reratingDifferences) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, client.Path("/re-ratings/", l.Rerating, "/differences"), query("debtor", l.Debtor, "outcome", l.Outcome), l.Limit, []column{
		{"SESSION", "session_id", nil},
		{"DEBTOR", "debtor", nil},
		{"OUTCOME", "outcome", nil},
		{"REASON", "reason", nil},
		{"BEFORE", "before.total_minor", nil},
		{"AFTER", "after.total_minor", nil},
		{"CURRENCY", "after.currency", nil},
		{"BILL", "bill_id", nil},
		{"REPLACEMENT", "replacement_bill_id", nil},
	})
}

type reratingCancel struct {
	Rerating []string `arg:"" help:"Identifiers, rrt_…"`
}

// Run cancels.
func (k *reratingCancel) Run(ctx context.Context, c *Connection) error {
	return c.each(ctx, k.Rerating, func(ctx context.Context, api *client.Client, id string) (jsontext.Value, error) {
		return api.Create(ctx, client.Path("/re-ratings/", id, "/cancel"), nil)
	})
}
