package store_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/device"
	"pylon/internal/domain/signal"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

func someSeries(of ident.OrganisationID, site ident.SiteID) signal.Series {
	return signal.Series{
		ID: newID[ident.SeriesID](), Organisation: of, Site: site, Name: "spot", Kind: signal.Price, Currency: "EUR", Resolution: 60,
		Description: "Of the exchange", CreatedAt: t0, Version: 1,
	}
}

// pointAt holds for an hour.
func pointAt(of signal.Series, hour int, value string) signal.Point {
	d, err := decimal.Parse(value)
	if err != nil {
		panic(err) // a text of the test
	}
	from := t0.Add(time.Duration(hour) * time.Hour)
	return signal.Point{Series: of.ID, From: from, Until: from.Add(time.Hour), Value: d, First: d, ToldAt: t0}
}

// A series comes back as it was written, its points digit by digit; the site's own goes first.
func TestSignals(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org, other := db.organisation("one"), db.organisation("two")
		all, own, foreign := someSeries(org.ID, ""), someSeries(org.ID, "sit_1"), someSeries(other.ID, "")
		db.commit(&change.Set{Signals: []signal.Series{all, own, foreign}})
		for site, want := range map[ident.SiteID]signal.Series{"": all, "sit_1": own, "sit_2": all} {
			if got, err := db.SignalFor(t.Context(), org.ID, site, "spot"); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("at %q: got %+v, %v, want %+v", site, got, err, want)
			}
		}
		if _, err := db.SignalFor(t.Context(), org.ID, "", "sun"); !fault.Is(err, fault.NotFound) {
			t.Errorf("no such name: got %v", err)
		}
		if n, err := db.CountSignals(t.Context(), org.ID); err != nil || n != 2 {
			t.Errorf("got %d, %v, want 2", n, err)
		}
		if err := db.Commit(t.Context(), &change.Set{Signals: []signal.Series{someSeries(org.ID, "")}}); !fault.Is(err, fault.Conflict) {
			t.Errorf("the same name twice: got %v", err)
		}
		if _, err := db.Signal(t.Context(), other.ID, all.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another organisation: got %v", err)
		}
		found, err := db.Signals(t.Context(), org.ID, signal.Filter{Name: "spot", Site: "sit_1"}, page.Query{})
		if err != nil || len(found.Items) != 1 || found.Items[0].ID != own.ID {
			t.Errorf("list: got %+v, %v", found.Items, err)
		}
	})
}

func TestPoints(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		org := db.organisation("one")
		s := someSeries(org.ID, "")
		corrected := pointAt(s, 2, "-0.10")
		corrected.CorrectedAt = t0.Add(time.Minute)
		db.commit(&change.Set{Signals: []signal.Series{s}})
		if has, err := db.HasPoints(t.Context(), s.ID); err != nil || has {
			t.Errorf("at first: got %t, %v", has, err)
		}
		s.Version++
		written := []signal.Point{pointAt(s, 0, "0.100"), pointAt(s, 1, "1e-3"), corrected, pointAt(s, 5, "0")}
		db.commit(&change.Set{Signals: []signal.Series{s}, Points: written})
		if has, err := db.HasPoints(t.Context(), s.ID); err != nil || !has {
			t.Errorf("then: got %t, %v", has, err)
		}
		for _, c := range []struct {
			from, to time.Duration
			want     []signal.Point
		}{
			{0, 24 * time.Hour, written},
			{30 * time.Minute, time.Hour, written[:1]},
			{90 * time.Minute, 2*time.Hour + time.Microsecond, written[1:3]},
			{3 * time.Hour, 5 * time.Hour, nil},
			{4 * time.Hour, 6 * time.Hour, written[3:]},
			{-time.Hour, 0, nil},
		} {
			got, err := db.Points(t.Context(), s.ID, t0.Add(c.from), t0.Add(c.to), 10)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s to %s: got %+v, %v, want %+v", c.from, c.to, got, err, c.want)
			}
		}
		s.Version++
		db.commit(&change.Set{Signals: []signal.Series{s}, Points: []signal.Point{pointAt(s, 0, "0.2")}, PointsGone: written[1:2]})
		list, err := db.ListPoints(t.Context(), s.ID, t0.Add(30*time.Minute), t0.Add(3*time.Hour), page.Query{Limit: 1})
		if err != nil || len(list.Items) != 1 || list.Items[0].Value.String() != "0.2" {
			t.Fatalf("the first: got %+v, %v", list.Items, err)
		}
		list, err = db.ListPoints(t.Context(), s.ID, t0.Add(30*time.Minute), t0.Add(3*time.Hour), page.Query{Limit: 1, Cursor: list.Next})
		if err != nil || len(list.Items) != 1 || !reflect.DeepEqual(list.Items[0], corrected) || list.Next != "" {
			t.Errorf("the next: got %+v, %q, %v", list.Items, list.Next, err)
		}
		stale := s
		if err := db.Commit(t.Context(), &change.Set{Signals: []signal.Series{stale}, Points: written[:1]}); !fault.Is(err, fault.Stale) {
			t.Errorf("by a version that has moved: got %v", err)
		}
	})
}

// A key is kept once, however often it is told.
func TestMeterKeys(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		key := func(evse int, text string, after time.Duration) device.MeterKey {
			return device.MeterKey{Station: "sta_1", Organisation: "org_1", EVSE: evse, Serial: "MT-1", Key: text, ToldAt: t0.Add(after)}
		}
		long := strings.Repeat("30", device.MeterKeyMax/2)
		one, again, three := key(1, long, 0), key(1, long, time.Hour), key(2, long, time.Minute)
		db.commit(&change.Set{MeterKeys: []device.MeterKey{one}})
		db.commit(&change.Set{MeterKeys: []device.MeterKey{again, three}})
		got, err := db.MeterKeys(t.Context(), "sta_1")
		if err != nil || !reflect.DeepEqual(got, []device.MeterKey{three, one}) {
			t.Errorf("got %d keys, %v", len(got), err)
		}
	})
}

// Those that wait for one thing are found by it, in pages.
func TestHeldTabs(t *testing.T) {
	each(t, func(t *testing.T, db *database) {
		tab := func(session ident.SessionID, state billing.TabState, reason string) billing.Tab {
			return billing.Tab{Session: session, Station: "sta_1", Organisation: "org_1", State: state, Reason: reason, ChangedAt: t0, Version: 1}
		}
		db.commit(&change.Set{Tabs: []billing.Tab{
			tab("ses_1", billing.TabHeld, billing.HeldSeries), tab("ses_2", billing.TabHeld, billing.HeldTax), tab("ses_3", billing.TabOpen, ""), tab("ses_4", billing.TabHeld, billing.HeldSeries),
		}})
		got, err := db.HeldFor(t.Context(), "org_1", billing.HeldSeries, "ses_1", 10)
		if err != nil || len(got) != 1 || got[0].Session != "ses_4" {
			t.Errorf("for a reason: got %+v, %v", got, err)
		}
		got, err = db.HeldAt(t.Context(), "sta_1", "", 2)
		if err != nil || len(got) != 2 || got[1].Session != "ses_2" {
			t.Errorf("at a station: got %+v, %v", got, err)
		}
	})
}
