package rest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/tariff/swift"
	settle "pylon/internal/flow/billing"
	flow "pylon/internal/flow/rerating"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
)

// reratings takes questions; nobody answers them, unless a test does.
func (w *world) reratings() *flow.Service {
	return flow.New(flow.Options{
		Store: w.store, Clock: clock.System{}, Log: discard(), Quick: swift.Rate,
		Settling: settle.Options{Raters: [2]settle.Rater{swift.Explain, swift.Explain}},
	})
}

// rerated gives an organisation a simulation that is done: a session would cost a
// euro more.
func (w *world) rerated(of tenant, th things) ident.ReratingID {
	w.t.Helper()
	r := rerating.Rerating{
		ID: ident.New[ident.ReratingID](at(800)), Organisation: of.org.ID, Mode: rerating.Simulate, Choice: rerating.Choice{From: at(0), Until: at(900)},
		Pricing: rerating.Pricing{Tariff: th.tariff}, State: rerating.Queued, CreatedAt: at(800), Version: 1,
	}
	r = r.Begin(1, at(801))
	price := func(net, tax int64) rerating.Price {
		return rerating.Price{Currency: "EUR", Amounts: rerating.Amounts{Net: net, Tax: tax, Total: net + tax}}
	}
	found := []rerating.Difference{{
		Rerating: r.ID, Organisation: of.org.ID, Session: th.session, Station: th.station.Station.ID, Debtor: string(th.token.ID), Outcome: rerating.Changed,
		Tariff: th.tariff, Edition: 1, Bill: th.bill, Before: price(500, 95), After: price(600, 114),
	}}
	r = r.Add(found, 1, rerating.Place{EndedAt: at(600), Session: th.session}, true, at(802))
	r.Version = 1
	w.must(w.store.Commit(w.t.Context(), &change.Set{Reratings: []rerating.Rerating{r}, Differences: found, CustomerSums: rerating.ByCustomer(found)}))
	return r.ID
}

func TestRerating(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	path := "/api/v1/re-ratings/" + string(th.rerating)
	sum := `"before":{"net_minor":500,"tax_minor":95,"total_minor":595},"after":{"net_minor":600,"tax_minor":114,"total_minor":714},` +
		`"difference":{"net_minor":100,"tax_minor":19,"total_minor":119}`
	for _, tt := range []struct{ path, want string }{
		{path, `"counts":{"changed":1,"unchanged":0,"held":0,"skipped":0,"reasons":[]},"totals":[{"currency":"EUR","sessions":1,"changed":1,` + sum + `}]`},
		{path, `"mode":"simulate","simulation_id":null,"correction_id":null,"sessions":{"ended_from":"2026-03-01T08:00:00.000Z","ended_until":"2026-03-01T08:15:00.000Z"},"pricing":{"tariff_id":"` + string(th.tariff)},
		{"/api/v1/re-ratings", string(th.rerating)},
		{path + "/customers", `{"debtor":"` + string(th.token.ID) + `","currency":"EUR","sessions":1,"changed":1,` + sum + `}`},
		{path + "/differences", `"outcome":"changed","reason":null,"tariff_id":"` + string(th.tariff) + `","edition":1,"bill_id":"` + string(th.bill) + `","replacement_bill_id":null,"before":{"currency":"EUR","net_minor":500`},
		{path + "/differences?outcome=held", `"data":[]`},
		{path + "/differences?debtor=" + string(th.token.ID), string(th.session)},
		{path + "/differences?debtor=nobody", `"data":[]`},
	} {
		if got := w.expect(200, w.first.key, "GET", tt.path, ""); !strings.Contains(string(got.body), tt.want) {
			t.Errorf("%s: got %s, want %s in it", tt.path, got.body, tt.want)
		}
	}
}

// A question is asked, answered, and confirmed by who may; once, whatever is repeated.
func TestReratingLife(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	body := `{"sessions":{"ended_from":"2026-01-01T00:00:00Z","ended_until":"2027-01-01T00:00:00Z","station":"` + string(th.station.Identity) + `"},"pricing":{"tariff_id":"` + string(th.tariff) + `"}}`
	made := w.expect(201, w.first.key, "POST", "/api/v1/re-ratings", body, "Idempotency-Key", "once")
	again := w.expect(201, w.first.key, "POST", "/api/v1/re-ratings", body, "Idempotency-Key", "once")
	if string(made.body) != string(again.body) {
		t.Errorf("repeated: got %s, want %s", again.body, made.body)
	}
	id, _ := made.member(t, "id").(string)
	path := "/api/v1/re-ratings/" + id
	if made.member(t, "state") != "queued" || made.Header.Get("Location") != path {
		t.Errorf("got %s at %s", made.body, made.Header.Get("Location"))
	}
	w.refused(409, "rerating_not_done", w.first.key, "POST", path+"/confirm", `{"reason":"why"}`)
	w.expect(200, w.first.key, "POST", path+"/cancel", "")
	w.refused(409, "rerating_ended", w.first.key, "POST", path+"/cancel", "")

	done := "/api/v1/re-ratings/" + string(th.rerating)
	writer := w.keyWith(account.BillsWrite)
	w.refused(403, "scope_missing", writer, "POST", done+"/confirm", `{"reason":"why"}`)
	w.refused(422, "invalid_input", w.first.key, "POST", done+"/confirm", `{"reason":" "}`)
	correction := w.expect(201, w.keyWith(account.BillsCorrect), "POST", done+"/confirm", `{"reason":"why"}`)
	if correction.member(t, "mode") != "correct" || correction.member(t, "simulation_id") != string(th.rerating) || correction.member(t, "reason") != "why" {
		t.Errorf("got %s", correction.body)
	}
	if was := w.expect(200, w.first.key, "GET", done, ""); was.member(t, "correction_id") != correction.member(t, "id") {
		t.Errorf("got %s", was.body)
	}
	w.refused(409, "rerating_confirmed", w.first.key, "POST", done+"/confirm", `{"reason":"why"}`)
	if audits := w.expect(200, w.first.key, "GET", "/api/v1/audit", ""); !strings.Contains(string(audits.body), `"rerating.correct"`) {
		t.Errorf("the trail tells nothing of it: %s", audits.body)
	}
}

func TestReratingRefuses(t *testing.T) {
	w := newWorld(t, options{})
	th, others := w.fill(w.first), w.fill(w.other)
	const may = `"ended_from":"2026-05-01T00:00:00Z","ended_until":"2026-06-01T00:00:00Z"`
	tariff := `{"tariff_id":"` + string(th.tariff) + `"}`
	terms := func(price string) string {
		return `{"terms":{"currency":"EUR","tax_included":"NO","elements":[{"price_components":[{"type":"ENERGY","price":"` + price + `"}]}]}}`
	}
	for _, tt := range []struct{ name, sessions, pricing, pointer string }{
		{"from after until", `{"ended_from":"2026-06-01T00:00:00Z","ended_until":"2026-05-01T00:00:00Z"}`, tariff, "/sessions/ended_until"},
		{"from until", `{"ended_from":"2026-06-01T00:00:00Z","ended_until":"2026-06-01T00:00:00Z"}`, tariff, "/sessions/ended_until"},
		{"no end", `{"ended_from":"2026-06-01T00:00:00Z"}`, tariff, "/sessions/ended_until"},
		{"an unknown member", `{` + may + `,"colour":"red"}`, tariff, "/sessions/colour"},
		{"another's station", `{` + may + `,"station":"` + string(others.station.Identity) + `"}`, tariff, "/sessions/station"},
		{"an unknown tariff", `{` + may + `}`, `{"tariff_id":"trf_none"}`, "/pricing/tariff_id"},
		{"another's tariff", `{` + may + `}`, `{"tariff_id":"` + string(others.tariff) + `"}`, "/pricing/tariff_id"},
		{"an edition that there is not", `{` + may + `}`, `{"tariff_id":"` + string(th.tariff) + `","edition":99}`, "/pricing/edition"},
		{"an edition of nothing", `{` + may + `}`, `{"assigned":true,"edition":1}`, "/pricing/edition"},
		{"nothing", `{` + may + `}`, `{}`, "/pricing"},
		{"two things", `{` + may + `}`, `{"assigned":true,"tariff_id":"` + string(th.tariff) + `"}`, "/pricing"},
		{"a price below 0", `{` + may + `}`, terms("-1"), "/pricing/terms/elements/0/price_components/0/price"},
		{"an absurd price", `{` + may + `}`, terms("1" + strings.Repeat("0", 40)), "/pricing/terms/elements/0/price_components/0/price"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := w.refused(422, "invalid_input", w.first.key, "POST", "/api/v1/re-ratings", `{"sessions":`+tt.sessions+`,"pricing":`+tt.pricing+`}`)
			if !strings.Contains(string(got.body), `"pointer":"`+tt.pointer+`"`) {
				t.Errorf("got %s, want %s in it", got.body, tt.pointer)
			}
		})
	}
}

// What is asked over the API is answered by who has the lease.
func TestReratingIsAnswered(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	made := w.expect(201, w.first.key, "POST", "/api/v1/re-ratings",
		`{"sessions":{"ended_from":"2026-01-01T00:00:00Z","ended_until":"2027-01-01T00:00:00Z"},"pricing":{"tariff_id":"`+string(th.tariff)+`"}}`)
	live, cancel := w.bus.Subscribe(w.first.org.ID)
	defer cancel()
	g, err := w.store.Lease(t.Context(), "reratings")
	w.must(err)
	under, err := w.store.TakeLease(t.Context(), g, "nod_x")
	w.must(err)
	service := w.reratings()
	w.run(func(ctx context.Context) error { return service.Run(ctx, under) })
	for over := time.After(20 * time.Second); ; {
		select {
		case e := <-live:
			if e.Type != "rerating.finished" {
				continue
			}
			if got := w.expect(200, w.first.key, "GET", "/api/v1/re-ratings/"+e.Subject, ""); got.member(t, "state") != "done" || e.Subject != made.member(t, "id") {
				t.Errorf("got %s", got.body)
			}
			return
		case <-over:
			t.Fatal("nobody answers")
		}
	}
}
