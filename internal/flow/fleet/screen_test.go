package fleet_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"pylon/internal/domain/device"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/trade"
)

// costs notes what the fleet tells of sessions, and asks.
type costs struct {
	mu      sync.Mutex
	changed []session.Status
	asked   []string
	visitor session.View
}

func (c *costs) Changed(_ screen.Station, of *session.Session, answered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed = append(c.changed, of.Status)
	if answered {
		c.asked = append(c.asked, "may answer")
	}
}

func (c *costs) Answer(context.Context, screen.Station, ident.OrganisationID, ident.SessionID, bool) (decimal.Decimal, bool) {
	return decimal.FromInt(595, 2), true
}

func (c *costs) Words(_ context.Context, _ screen.Station, of session.View) (trade.Text, bool) {
	c.visitor = of
	return trade.Text{Text: "0.49"}, true
}

func (c *costs) Offer(_ screen.Station, _ session.View, tag string) { c.asked = append(c.asked, tag) }

// displays returns what a station can show by now.
func displays(t *testing.T, o *fleet.Owner) screen.Display {
	t.Helper()
	d, err := o.Display(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// keys is the whole configuration of a 1.6 station that says whether it shows costs.
func keys(at time.Time, shows string) device.Part {
	return device.Part{Scope: device.ScopeFull, OccurredAt: at, ReceivedAt: at, Variables: []device.Variable{{
		Name: device.Name{Variable: "CustomDisplayCostAndPrice"}, Values: []device.Value{{Attribute: device.Actual, Text: &shows}},
	}}}
}

// What a station can show is what it says by now, and nothing while it is to be left alone.
func TestDisplay(t *testing.T) {
	w := newWorld(t)
	id := w.station("CP-1")
	o, _ := w.connect(id, station.OCPP16)
	want := func(what string, cost bool) {
		t.Helper()
		if got := displays(t, o); got.Cost != cost {
			t.Errorf("%s: got %+v, want costs %t", what, got, cost)
		}
	}
	report := func(shows string) {
		t.Helper()
		if err := o.Inventory(t.Context(), keys(w.clock.Now(), shows)); err != nil {
			t.Fatal(err)
		}
	}
	patch := func(on bool) {
		t.Helper()
		if _, err := w.fleet.UpdateStation(t.Context(), w.by, string(id), station.Patch{Automation: &on}, 0); err != nil {
			t.Fatal(err)
		}
	}
	want("before it has said anything", false)
	report("true")
	want("when it says so", true)
	patch(false)
	want("while it is not automated", false)
	patch(true)
	want("again", true)
	o.ShowRefused()
	want("after it has refused", false)
	if _, err := o.Boot(t.Context(), station.BootReport{At: w.clock.Now(), OCPP: station.OCPP16, Vendor: "V", Model: "M"}); err != nil {
		t.Fatal(err)
	}
	want("after it has booted", true)
	report("false")
	want("when it takes that back", false)
	report("true")
	next, _ := w.connect(id, station.OCPP16)
	if got := displays(t, next); !got.Cost {
		t.Errorf("at its next socket: got %+v, want what is known of it", got)
	}
	next.Release(t.Context(), "gone")
	if got := displays(t, next); !got.Blank() {
		t.Errorf("offline: got %+v", got)
	}
}

// The fleet tells of each session that a station reports of, and of no repeat.
func TestCostsAreTold(t *testing.T) {
	w := newWorld(t)
	told := new(costs)
	w.costs = told
	w.restart()
	o, _ := w.connect(w.station("CP-1"), station.OCPP201)
	card := w.token("04A1", 0)
	if got, ok := o.Words(t.Context(), token.Decision{Verdict: token.VerdictBlocked}); ok {
		t.Errorf("a driver who may not charge: got %+v", got)
	}
	d, err := o.Authorize(t.Context(), token.Presented{UID: "04A1"}, fleet.Place{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := o.Words(t.Context(), d); !ok || told.visitor.Token != card || told.visitor.TimeZone == "" || told.visitor.StartedAt.IsZero() {
		t.Errorf("the visitor: got %+v", told.visitor.Session)
	}
	at := w.clock.Now()
	r := session.Report{
		Kind: session.Started, Version: station.OCPP201, TransactionID: "t1", EVSE: 1, Connector: 1, OccurredAt: at, ReceivedAt: at,
		Token: &token.Presented{UID: "04A1"}, RemoteStartID: -1, ReservationID: -1, Samples: []meter.Sample{},
	}
	for range 2 { // the second is a repeat
		if _, err := o.Report(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	r.Kind, r.SeqNo, r.OccurredAt, r.Token = session.Ended, 1, at.Add(time.Minute), nil
	a, err := o.Report(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if len(told.changed) != 2 || told.changed[0] != session.Active || told.changed[1] != session.Completed || len(told.asked) != 2 {
		t.Errorf("got %v, %v", told.changed, told.asked)
	}
	if cost, ok := o.Owed(t.Context(), a.Session, true); !ok || cost.String() != "5.95" {
		t.Errorf("got %s, %t", cost, ok)
	}
	if _, ok := o.Owed(t.Context(), "", true); ok {
		t.Error("a session that is none has a cost")
	}
}
