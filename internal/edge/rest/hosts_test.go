package rest_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/host"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/roaming"
	"pylon/internal/domain/site"
	"pylon/internal/flow/admin"
	"pylon/internal/flow/settlements"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// hosted is what an organisation has of a host.
type hosted struct {
	host       host.Host
	agreement  host.Agreement
	supply     host.Supply
	settlement ident.SettlementID
	cdr        string
}

func (w *world) settling() *settlements.Service {
	return settlements.New(w.store, clock.System{}, slog.New(slog.DiscardHandler))
}

// hosts gives a site a host, who has earned something and was settled with.
func (w *world) hosts(of tenant, th things) hosted {
	w.t.Helper()
	ctx, hst := w.t.Context(), hosted{}
	var err error
	hst.host, err = w.admin.CreateHost(ctx, of.by, admin.HostPatch{Party: &billing.Party{Name: "Host of " + of.org.Slug}}, nil)
	w.must(err)
	term := host.Term{From: at(0)}
	hst.agreement, err = w.admin.CreateAgreement(ctx, of.by, admin.NewAgreement{
		Host: hst.host.ID, Site: ident.SiteID(th.site), Term: term, Terms: host.Terms{Percents: []host.Percent{{Class: ledger.Energy, Rate: decimal.FromInt(10, 0)}}},
	}, nil)
	w.must(err)
	hst.supply, err = w.admin.CreateSupply(ctx, of.by, admin.NewSupply{
		Site: ident.SiteID(th.site), Term: term, Price: host.EnergyPrice{Currency: "EUR", PerKWh: decimal.FromInt(20, 2)},
	}, nil)
	w.must(err)
	cdr := w.record(th)
	book := ledger.Book{Organisation: of.org.ID, Unit: "EUR"}
	e := host.Earning{
		Bill: th.bill, Organisation: of.org.ID, Site: ident.SiteID(th.site), Session: th.session, Day: "2026-03-01", Currency: "EUR", Energy: 10_000_000,
		Income: host.Income{Energy: 1000}, Cost: 2_000_000, Host: hst.host.ID, Agreement: hst.agreement.ID, Share: 100, Month: "2026-03", At: at(90),
	}
	j := ledger.Post(at(90), ledger.HostShared, ledger.Source{Type: "host_share", ID: string(th.session)}, book.ShareWithHost(string(hst.host.ID), e.Share))
	e.Journal = j.ID
	w.must(w.store.Commit(ctx, &change.Set{Earnings: []host.Earning{e}, Journals: []ledger.Journal{j}, CDRs: []roaming.Kept{cdr}}))
	tallies, err := w.store.OpenTallies(ctx, hst.host.ID, "2026-03")
	w.must(err)
	out, err := host.Settle(&host.Month{
		Now: at(100), Host: hst.host, Month: "2026-03", Currency: "EUR", Tallies: tallies, Agreements: []host.Agreement{hst.agreement},
		Profile: billing.Profile{Issuer: billing.Party{Name: "Operator"}}, Places: map[ident.SiteID]host.Place{ident.SiteID(th.site): {Name: "Harbour", Zone: time.UTC}},
	})
	w.must(err)
	w.must(w.store.Commit(ctx, &change.Set{
		Settlements: []host.Settlement{*out.Settlement}, Tallies: out.Tallies, Journals: []ledger.Journal{out.Journal}, Series: []ledger.Series{host.Series(of.org.ID, at(100))},
	}))
	hst.settlement, hst.cdr = out.Settlement.ID, cdr.CDR.ID
	return hst
}

// record makes the CDR of a bill.
func (w *world) record(th things) roaming.Kept {
	w.t.Helper()
	vat, energy := decimal.FromInt(19, 0), decimal.FromInt(10, 0)
	sum := func(n int64) *exact.Number { return new(exact.Fraction(n, 100)) }
	q := &rating.Question{
		Tariff:  rating.Tariff{Currency: "EUR", TaxIncluded: rating.TaxNo, Elements: []rating.Element{{Components: []rating.Component{{Dimension: rating.Energy, Price: decimal.FromInt(1, 0), VAT: &vat, StepSize: 1}}}}},
		Session: rating.Session{Start: at(0), End: at(60), Periods: []rating.Period{{Start: at(0), Energy: &energy}}},
	}
	a := &rating.Answer{
		Periods: []rating.Split{{Start: at(0), End: at(60), Energy: exact.Int(10)}}, Total: rating.Sum{Excl: sum(1000), Incl: sum(1190)},
		Lines: []rating.Line{{Phase: rating.InSession, Dimension: rating.Energy, VAT: &vat, Sum: rating.Sum{Excl: sum(1000), Incl: sum(1190)}}},
	}
	party := roaming.PartyOf("DE", "Operator")
	made, err := roaming.NewCDR(&roaming.Facts{
		Party: party, ID: string(th.bill), Session: string(th.session), Token: trade.Token{Party: party, Type: "RFID", Contract: string(th.token.ID)}, AuthMethod: "WHITELIST",
		Location: roaming.LocationOf(&site.Site{ID: ident.SiteID(th.site), Country: "DE"}, roaming.Socket{Station: th.station.Station.ID, Identity: th.station.Identity, EVSE: 1, Connector: 1}),
		Tariff:   trade.Tariff{Party: party, ID: string(th.tariff), UpdatedAt: at(0)}, At: at(90),
	}, q, a)
	w.must(err)
	return roaming.Kept{CDR: *made, Organisation: th.station.Organisation, Session: th.session, Token: th.token.ID}
}

func TestHosts(t *testing.T) {
	w := newWorld(t, options{})
	th, key := w.fill(w.first), w.first.key
	host := string(th.hosted.host.ID)
	again := fmt.Sprintf(`{"host_id":%q,"site_id":%q,"least_minor":1}`, host, th.site)
	w.refused(409, "agreement_overlaps", key, "POST", "/api/v1/agreements", again)
	w.refused(409, "supply_overlaps", key, "POST", "/api/v1/supplies", fmt.Sprintf(`{"site_id":%q,"currency":"EUR","per_kwh":"0.1"}`, th.site))
	w.refused(422, "invalid_input", key, "POST", "/api/v1/agreements", fmt.Sprintf(`{"host_id":%q,"site_id":%q}`, host, th.site))
	w.refused(422, "invalid_input", key, "POST", "/api/v1/hosts", `{"party":{"name":"x","iban":"DE00"}}`)
	ended := w.expect(200, key, "PATCH", "/api/v1/agreements/"+string(th.hosted.agreement.ID), `{"valid_until":"2026-06-01T00:00:00Z"}`, "If-Match", "*")
	if ended.member(t, "valid_until") != "2026-06-01T00:00:00.000Z" {
		t.Errorf("got %s", ended.body)
	}
	w.refused(422, "invalid_input", key, "PATCH", "/api/v1/agreements/"+string(th.hosted.agreement.ID), `{"valid_until":null}`, "If-Match", "*")
	w.expect(201, key, "POST", "/api/v1/agreements", fmt.Sprintf(`{"host_id":%q,"site_id":%q,"least_minor":1,"valid_from":"2026-06-01T00:00:00Z"}`, host, th.site))
}

func TestSettlementsAPI(t *testing.T) {
	w := newWorld(t, options{})
	th, key := w.fill(w.first), w.first.key
	path := "/api/v1/settlements/" + string(th.hosted.settlement)
	got := w.expect(200, key, "GET", path, "")
	if got.member(t, "number") != "S2026-0000001" || got.member(t, "share_minor") != 100.0 || got.member(t, "total_minor") != 100.0 {
		t.Errorf("got %s", got.body)
	}
	if page := w.expect(200, key, "GET", path+"/document?format=html", ""); !strings.Contains(string(page.body), "Settlement (self-billing)") || !strings.Contains(string(page.body), "Harbour, 2026-03") {
		t.Errorf("the page: %.300s", page.body)
	}
	if paper := w.expect(200, key, "GET", path+"/document?format=pdf", ""); !strings.HasPrefix(string(paper.body), "%PDF") {
		t.Errorf("the paper: %.20s", paper.body)
	}
	if earned := w.expect(200, key, "GET", path+"/earnings", ""); !strings.Contains(string(earned.body), string(th.bill)) {
		t.Errorf("earnings: %s", earned.body)
	}
	w.refused(409, "settlement_overpaid", key, "POST", path+"/payments", `{"bank":"giro","amount_minor":101}`, "Idempotency-Key", "a")
	for range 2 { // the second is the first one again
		w.expect(201, key, "POST", path+"/payments", `{"bank":"giro","amount_minor":60}`, "Idempotency-Key", "b")
	}
	if paid := w.expect(200, key, "GET", path, ""); paid.member(t, "paid_minor") != 60.0 {
		t.Errorf("got %s", paid.body)
	}
	margin := w.expect(200, key, "GET", "/api/v1/reports/margin?from=2026-03-01&to=2026-03-31&group=month", "")
	var report struct {
		Data []struct {
			Margin int64  `json:"margin_minor"`
			Month  string `json:"month"`
		} `json:"data"`
	}
	if err := json.Unmarshal(margin.body, &report); err != nil || len(report.Data) != 1 || report.Data[0].Margin != 700 || report.Data[0].Month != "2026-03" {
		t.Errorf("got %s, %v", margin.body, err)
	}
}

func TestCDRsAPI(t *testing.T) {
	w := newWorld(t, options{})
	th, key := w.fill(w.first), w.first.key
	path := "/api/v1/cdrs/" + th.hosted.cdr
	for version, field := range map[string]string{"2.2.1": `"excl_vat":10.0000`, "2.3.0": `"before_taxes":10.0000`} {
		got := w.expect(200, key, "GET", path+"?version="+version, "")
		if !strings.Contains(string(got.body), field) || !strings.Contains(string(got.body), `"uid":"`+th.token.UID+`"`) {
			t.Errorf("%s: got %s", version, got.body)
		}
	}
	list := w.expect(200, key, "GET", "/api/v1/cdrs?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&session_id="+string(th.session), "")
	if !strings.Contains(string(list.body), `"id":"`+th.hosted.cdr+`"`) || strings.Contains(string(list.body), th.token.UID) {
		t.Errorf("got %s", list.body)
	}
	if none := w.expect(200, key, "GET", "/api/v1/cdrs?to=2026-03-01T00:00:00Z", ""); strings.Contains(string(none.body), th.hosted.cdr) {
		t.Errorf("made later: got %s", none.body)
	}
}
