package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/client"
	"pylon/internal/domain/account"
	"pylon/internal/kernel/decimal"
	"pylon/internal/sim"
	"pylon/internal/wire/ocppj"
)

// costSpeed makes minutes seconds.
const costSpeed = 20

// priced is a node that prices with the demonstration's tariff, 0.49 EUR a kilowatt-hour,
// on a fast clock.
func priced(t *testing.T) *served {
	t.Helper()
	c := configuration(t)
	c.SQLiteSynchronous, c.ReceiptURL = "off", "https://receipts.example/{session}"
	s := serveAt(t, Clock(costSpeed), c)
	<-s.node.ready
	org, err := s.node.store.FirstOrganisation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.node.furnishPrices(t.Context(), account.System(org.ID, "test")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.api.CreateToken(t.Context(), map[string]any{"uid": "04AA01", "type": "ISO14443"}); err != nil {
		t.Fatal(err)
	}
	return s
}

// screen is a station of a version that shows something, or nothing, and has told what
// it is made of.
func (s *served) screen(identity string, v ocppj.Version, shows sim.Screen) *sim.Station {
	s.t.Helper()
	s.station(identity, nil)
	st := s.power(sim.Config{
		Endpoint: sim.Endpoint{URL: "ws://" + s.node.Addr() + "/ocpp", Identity: identity, Version: v},
		Hardware: sim.DC150(), SampleInterval: 10 * time.Second, Screen: shows,
		Backoff: sim.Backoff{Wait: time.Second, Random: time.Second, Doublings: 1}, Patience: 5 * time.Minute,
	})
	if err := st.Online(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.reported(identity)
	return st
}

// reported waits until a station has told what it is made of.
func (s *served) reported(station string) {
	s.t.Helper()
	await(s.t, "the device of "+station, func(ctx context.Context) (bool, error) {
		p, err := s.api.Variables(ctx, station, client.Query{"q": "HeartbeatInterval"})
		return len(p.Data) > 0, err
	})
}

// charge lets a driver charge at each of some stations for some minutes.
func charge(t *testing.T, stay time.Duration, stations ...*sim.Station) {
	t.Helper()
	visits := make(chan error, len(stations))
	for _, st := range stations {
		go func() {
			visits <- errors.Join(st.Charge(t.Context(), sim.Visit{
				Token: sim.Token{UID: "04AA01", Type: "ISO14443"}, Stay: stay,
				Car: sim.Car{Phases: 3, MaxCurrent: 500_000, MaxPower: 150_000, Battery: 80_000, Charge: 100, Target: 900},
			}), st.Settled(t.Context()))
		}()
	}
	for range stations {
		if err := <-visits; err != nil {
			t.Fatal(err)
		}
	}
}

// owed is what the API tells of the cost of a session.
type owed struct {
	ID   string `json:"id"`
	Cost *struct {
		Currency    string  `json:"currency"`
		Total       int64   `json:"total_minor"`
		Provisional bool    `json:"provisional"`
		Bill        *string `json:"bill_id"`
		Text        *string `json:"price_text"`
		Prices      *struct {
			Energy  *string `json:"per_kwh"`
			Parking *string `json:"per_hour_parking"`
		} `json:"prices"`
	} `json:"cost"`
}

// owes returns what the only session of a station costs, "" when there is none.
func (s *served) owes(ctx context.Context, station string) (o owed, err error) {
	p, err := s.api.Sessions(ctx, client.Query{"station_id": station})
	if err != nil || len(p.Data) == 0 {
		return o, err
	}
	text, err := s.api.Get(ctx, "/sessions/"+p.Data[0].ID)
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	return o, err
}

// billed waits until the only session of a station has its bill.
func (s *served) billed(station string) owed {
	s.t.Helper()
	var last owed
	await(s.t, "the bill", func(ctx context.Context) (done bool, err error) {
		last, err = s.owes(ctx, station)
		return last.Cost != nil && last.Cost.Bill != nil, err
	})
	return last
}

// minor returns an amount of euros in cents.
func minor(t *testing.T, d decimal.Decimal) int64 {
	t.Helper()
	cents, exact, err := d.Scaled(2)
	if err != nil || !exact {
		t.Errorf("%s is no amount of cents: %v", d, err)
	}
	return cents
}

// TestDriversSeeCosts charges at a station of each version that shows costs: the
// driver is told the price, sees the cost grow, and in the end what the bill says.
// I01.FR.01, I02.FR.01, I03.FR.02; for 1.6 the application note on California's
// pricing requirements, 3.1.
func TestDriversSeeCosts(t *testing.T) {
	s := priced(t)
	live := s.listens("session.cost_updated")
	versions := map[string]ocppj.Version{"CP-16": ocppj.V16, "CP-201": ocppj.V201, "CP-21": ocppj.V21}
	var stations []*sim.Station
	for identity, v := range versions {
		stations = append(stations, s.screen(identity, v, sim.ShowsCost))
	}
	lost := s.clk.AfterFunc(80*time.Second, func() { // everybody loses the network for a moment
		for _, st := range stations {
			st.Drop()
		}
	})
	defer lost.Stop()
	charge(t, 3*time.Minute, stations...)
	for _, st := range stations {
		bill := s.billed(st.Identity())
		if c := bill.Cost; c.Provisional || c.Currency != "EUR" || c.Total < 100 || c.Prices != nil {
			t.Errorf("%s: the bill: got %+v", st.Identity(), c)
		}
		final := awaitFinal(t, st)
		if got := minor(t, final.Cost); got != bill.Cost.Total {
			t.Errorf("%s: I03.FR.02: the screen says %d at the end, the bill %d", st.Identity(), got, bill.Cost.Total)
		}
		if url := "https://receipts.example/" + bill.ID; st.Version() == ocppj.V16 && !strings.Contains(final.Data, `"qrCodeText":"`+url+`"`) {
			t.Errorf("the final cost: got %s, want %s", final.Data, url)
		}
		watched(t, st, bill.Cost.Total)
	}
	if n := live(); n < 3*len(stations) {
		t.Errorf("the live feed told of %d costs", n)
	}
}

// watched looks at what a driver saw before the end: a price, and a cost that grew.
func watched(t *testing.T, st *sim.Station, total int64) {
	t.Helper()
	prices, grew, before := 0, 0, int64(-1)
	for _, x := range st.Showed() {
		switch x.What {
		case sim.ShownPrice:
			if !strings.HasPrefix(x.Text, "0.49 EUR per kWh.") {
				t.Errorf("%s: the price: got %q", st.Identity(), x.Text)
			}
			prices++
		case sim.ShownRunning:
			now := minor(t, x.Cost)
			if now < before || now > total {
				t.Errorf("%s: the cost went from %d to %d, of %d", st.Identity(), before, now, total)
			}
			if now > before {
				grew++
			}
			before = now
		case sim.ShownFinal:
		}
	}
	if prices == 0 || grew < 3 {
		t.Errorf("%s: %d prices were shown, and the cost grew %d times: %+v", st.Identity(), prices, grew, st.Showed())
	}
}

// awaitFinal waits for the final cost on a screen.
func awaitFinal(t *testing.T, st *sim.Station) (final sim.Shown) {
	t.Helper()
	await(t, "the final cost", func(context.Context) (bool, error) {
		for _, x := range st.Showed() {
			if x.What == sim.ShownFinal {
				final = x
				return true, nil
			}
		}
		return false, nil
	})
	return final
}

// listens counts events of a type from now on.
func (s *served) listens(what string) (heard func() int) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	counted := make(chan int, 1)
	go func() {
		n := 0
		for e, err := range s.api.Events(ctx, []string{"sessions"}, "") {
			if err == nil && e.Type == what {
				n++
			}
		}
		counted <- n
	}()
	return func() int {
		cancel()
		return <-counted
	}
}

// TestSilentScreens charges where nothing may be shown: no word about costs goes out. A
// station that says it shows costs and takes none is asked once.
func TestSilentScreens(t *testing.T) {
	s := priced(t)
	var silent, refusing []*sim.Station
	for identity, v := range map[string]ocppj.Version{"CP-16": ocppj.V16, "CP-201": ocppj.V201, "CP-21": ocppj.V21} { // I01.FR.02
		silent = append(silent, s.screen(identity, v, sim.NoScreen))
	}
	left := s.screen("CP-LEFT", ocppj.V201, sim.ShowsCost)
	if _, err := s.api.UpdateStation(t.Context(), "CP-LEFT", map[string]any{"automation": "off"}); err != nil {
		t.Fatal(err)
	}
	silent = append(silent, left)
	for identity, v := range map[string]ocppj.Version{"CP-R16": ocppj.V16, "CP-R201": ocppj.V201} {
		refusing = append(refusing, s.screen(identity, v, sim.RefusesCosts))
	}
	charge(t, 2*time.Minute, append(slices.Clone(silent), refusing...)...)
	for _, st := range silent {
		s.billed(st.Identity())
		if shown := st.Showed(); len(shown) != 0 {
			t.Errorf("%s: got %+v", st.Identity(), shown)
		}
		for _, word := range []string{"CostUpdated", "costmsg", "totalCost", "personalMessage"} {
			if n := s.said(st.Identity(), word); n != 0 {
				t.Errorf("%s: it was sent %s %d times", st.Identity(), word, n)
			}
		}
	}
	for _, st := range refusing {
		s.billed(st.Identity())
		word := map[ocppj.Version]string{ocppj.V16: "costmsg", ocppj.V201: `"CostUpdated",{`}[st.Version()]
		if calls, notes := s.said(st.Identity(), word), s.said(st.Identity(), "are not shown until the next boot"); calls != 1 || notes != 1 {
			t.Errorf("%s: it was sent costs %d times, and %d notes say that it took none", st.Identity(), calls, notes)
		}
	}
}

// said counts the lines in a station's log with a word in them.
func (s *served) said(station, word string) (n int) {
	s.t.Helper()
	lines, err := s.api.Log(s.t.Context(), station, client.Query{"limit": "200"})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, l := range lines.Data {
		text, err := json.Marshal(l)
		if err != nil {
			s.t.Fatal(err)
		}
		if strings.Contains(string(text), word) {
			n++
		}
	}
	return n
}
