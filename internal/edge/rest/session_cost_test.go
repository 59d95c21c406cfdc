package rest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/screen"
	"pylon/internal/flow/running"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
)

// costs tells what a test says that sessions cost.
type costs struct {
	mu   sync.Mutex
	cost *running.Cost
	err  error
}

func (c *costs) Of(context.Context, ident.OrganisationID, ident.SessionID) (*running.Cost, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cost, c.err
}

func (c *costs) say(cost *running.Cost, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cost, c.err = cost, err
}

func TestSessionCost(t *testing.T) {
	of := new(costs)
	w := newWorld(t, options{costs: of})
	th := w.fill(w.first)
	path := "/api/v1/sessions/" + string(th.session)
	get := func(status int, header ...string) reply {
		t.Helper()
		return w.expect(status, w.first.key, "GET", path, "", header...)
	}
	if got := get(200); got.member(t, "cost") != nil {
		t.Errorf("without a cost: got %s", got.body)
	}
	energy, night, noon := decimal.FromInt(49, 2), decimal.FromInt(29, 2), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	of.say(&running.Cost{
		AsOf: noon, Currency: "EUR", Net: 500, Tax: 95, Total: 595, Parts: []running.Part{{Dimension: rating.Energy, Amount: 500}}, Text: "0.49",
		Prices: &screen.Prices{Energy: &energy, Grace: 2 * time.Minute}, Next: &screen.Change{At: noon.Add(time.Hour), Prices: screen.Prices{Energy: &night}},
	}, nil)
	got := get(200)
	const want = `"cost":{"currency":"EUR","net_minor":500,"tax_minor":95,"total_minor":595,"as_of":"2026-03-01T12:00:00.000Z","provisional":true,"bill_id":null,` +
		`"parts_gross":false,"parts":[{"dimension":"ENERGY","amount_minor":500}],"price_text":"0.49",` +
		`"prices":{"per_kwh":"0.49","per_hour_charging":null,"per_hour_parking":null,"idle_grace_s":120},` +
		`"next_prices":{"at":"2026-03-01T13:00:00.000Z","per_kwh":"0.29","per_hour_charging":null,"per_hour_parking":null,"idle_grace_s":0},"idle_since":null}`
	if !strings.Contains(string(got.body), want) {
		t.Errorf("got %s\nwant %s in it", got.body, want)
	}
	get(304, "If-None-Match", got.Header.Get("ETag"))
	of.say(&running.Cost{AsOf: noon, Currency: "EUR", Net: 500, Tax: 95, Total: 595, Bill: "bil_1"}, nil)
	billed := get(200, "If-None-Match", got.Header.Get("ETag"))
	if cost := billed.member(t, "cost").(map[string]any); cost["provisional"] != false || cost["bill_id"] != "bil_1" || cost["prices"] != nil {
		t.Errorf("with a bill: got %v", cost)
	}
	of.say(nil, fault.New(fault.Unavailable, "database_unavailable"))
	get(503)
	w.expect(404, w.other.key, "GET", path, "")
}
