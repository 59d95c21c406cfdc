package billing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/domain/signal"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
)

// noon is when the world's sessions begin.
func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

// extra makes the tariff one of an extra over energy that costs so much.
func (w *world) extra(kwh string, e tariff.Extra) {
	w.Helper()
	w.price(kwh)
	w.priced.Editions[0].Terms.Extras = []tariff.Extra{e}
	w.priced.Editions[0].Terms.DefaultVAT = new(dec(w, "19"))
}

// spot makes the tariff one of a series of prices, 1.00 where there is none.
func (w *world) spot() { w.spotBy("spot") }

// spotBy is spot of a series.
func (w *world) spotBy(name string) {
	w.Helper()
	w.extra("0", tariff.Extra{Series: name, Adjustment: rating.Adjustment{ID: "spot", Spot: &rating.Spot{Fallback: dec(w, "1")}}})
}

// series makes a series of prices, of a site or of all.
func (w *world) series(name string, at ident.SiteID) *signal.Series {
	w.Helper()
	s := &signal.Series{
		ID: ident.New[ident.SeriesID](now()), Organisation: w.org, Site: at, Name: name, Kind: signal.Price, Currency: "EUR", CreatedAt: now(), Version: 1,
	}
	w.commit(&change.Set{Signals: []signal.Series{*s}})
	return s
}

// tells writes points of a series, each a quarter of an hour or until the next, by minutes from noon, and the news of them.
func (w *world) tells(s *signal.Series, values map[int]string) {
	w.Helper()
	s.Version++
	set := &change.Set{Signals: []signal.Series{*s}}
	for from, value := range values {
		p := signal.Point{Series: s.ID, From: noon().Add(time.Duration(from) * time.Minute), Value: dec(w, value), First: dec(w, value), ToldAt: now()}
		p.Until = p.From.Add(15 * time.Minute)
		set.Points = append(set.Points, p)
	}
	w.commit(set)
	w.news(event.Event{Type: event.SeriesUpdated, Organisation: w.org, Subject: string(s.ID), Version: s.Version, Data: struct {
		Name string `json:"name"`
	}{s.Name}})
}

// news lets the consumer decide about an event, and about those that come of it.
func (w *world) news(e event.Event) {
	w.Helper()
	text, err := json.Marshal(e.Data)
	if err != nil {
		w.Fatal(err)
	}
	set, err := w.bill.Decide(w.Context(), []event.Recorded{{Event: e, JSON: text}})
	if err != nil {
		w.Fatal(err)
	}
	if set == nil {
		return
	}
	w.commit(set)
	for _, next := range set.Events {
		if next.Type == event.TabRetried {
			w.news(next)
		}
	}
}

// hour is a value for each quarter of the hour.
func hour(values ...string) map[int]string {
	all := map[int]string{}
	for i, v := range values {
		all[15*i] = v
	}
	return all
}

// The price of a moment is that of the moment's point, and the fallback's where there is none.
func TestSpotPrice(t *testing.T) {
	cases := []struct {
		name   string
		values map[int]string
		net    int64 // of 10 kWh over the hour
	}{
		{"one price", hour("0.1", "0.1", "0.1", "0.1"), 100},
		{"two prices", hour("0.1", "0.1", "0.3", "0.3"), 200},
		{"below nothing", hour("-0.1", "-0.1", "0.3", "0.3"), 100},
		{"told before the session", map[int]string{-15: "9", 0: "0.1", 15: "0.1", 30: "0.1", 45: "0.1", 60: "9"}, 100},
		{"told until half past", hour("0.1", "0.1"), 550},
		{"told from half past on", map[int]string{30: "0.1", 45: "0.1"}, 550},
		{"told of another day", map[int]string{24 * 60: "0.1"}, 1000},
	}
	each(t, func(w *world) {
		for _, c := range cases {
			w.spotBy(c.name)
			w.tells(w.series(c.name, ""), c.values)
			s := w.ends(10)
			w.hears(event.SessionStarted, s)
			w.hears(event.SessionCompleted, s)
			if got := w.bills(s, 1)[0].Document.Net; got != c.net {
				w.Errorf("%s: got %d, want %d", c.name, got, c.net)
			}
		}
	})
}

// A site's own series goes before the organisation's of the same name.
func TestSeriesOfTheSite(t *testing.T) {
	each(t, func(w *world) {
		w.spot()
		w.tells(w.series("spot", ""), hour("0.1", "0.1", "0.1", "0.1"))
		w.tells(w.series("spot", w.site), hour("0.2", "0.2", "0.2", "0.2"))
		w.tells(w.series("spot", "sit_other"), hour("0.3", "0.3", "0.3", "0.3"))
		s := w.ends(10)
		w.hears(event.SessionCompleted, s)
		if got := w.bills(s, 1)[0].Document.Net; got != 200 {
			w.Errorf("got %d, want 200", got)
		}
	})
}

// What waits for a series is billed as soon as it comes, once, and the finding is explained.
func TestHeldForASeries(t *testing.T) {
	each(t, func(w *world) {
		w.spot()
		s := w.ends(10)
		w.hears(event.SessionStarted, s)
		w.hears(event.SessionCompleted, s)
		w.bills(s, 0)
		tab := w.tab(s)
		if tab.State != billing.TabHeld || tab.Reason != billing.HeldSeries {
			w.Fatalf("the tab: %+v", tab)
		}
		w.finding(tab.Finding, false)
		series := w.series("spot", "")
		w.news(event.Event{Type: event.SeriesUpdated, Organisation: w.org, Subject: string(series.ID), Data: struct {
			Name string `json:"name"`
		}{"spot"}})
		if again := w.tab(s); again.State != billing.TabHeld || again.Version != tab.Version {
			w.Errorf("nothing was told yet: %+v", again)
		}
		w.tells(w.series("another", ""), hour("0.7"))
		w.bills(s, 0)
		w.tells(series, map[int]string{0: "0.1", 45: "0.1"}) // with a hole
		w.bills(s, 0)
		w.tells(series, map[int]string{15: "0.1", 30: "0.1"})
		if got := w.bills(s, 1)[0].Document.Net; got != 100 {
			w.Errorf("got %d, want 100", got)
		}
		w.finding(tab.Finding, true)
		w.tells(series, hour("0.5")) // what was billed stays so: that was the price when it was told
		w.bills(s, 1)
		w.balances(119)
	})
}

// Who brought the series while the session was settled saw no tab that waits: it is looked at once more.
func TestSeriesThatComesMeanwhile(t *testing.T) {
	each(t, func(w *world) {
		w.spot()
		s := w.ends(10)
		set, err := w.bill.Decide(w.Context(), []event.Recorded{{Event: event.Event{Type: event.SessionCompleted, Organisation: w.org, Subject: string(s.ID)}}})
		if err != nil {
			w.Fatal(err)
		}
		w.tells(w.series("spot", ""), hour("0.1", "0.1", "0.1", "0.1"))
		w.commit(set)
		w.bills(s, 0)
		for _, e := range set.Events {
			if e.Type == event.TabRetried {
				w.news(e)
			}
		}
		w.bills(s, 1)
	})
}

// However many wait, each is billed once, in batches.
func TestManyHeldForASeries(t *testing.T) {
	each(t, func(w *world) {
		const many = 130 // more than one event releases
		w.spot()
		var all []session.Session
		for range many {
			s := w.ends(1)
			w.hears(event.SessionCompleted, s)
			all = append(all, s)
		}
		w.tells(w.series("spot", ""), hour("0.1", "0.1", "0.1", "0.1"))
		for _, s := range all {
			w.bills(s, 1)
		}
		w.balances(many * 12)
	})
}

// A price in another currency is none, and neither is a share one.
func TestSeriesOfAnotherKind(t *testing.T) {
	each(t, func(w *world) {
		for name, change := range map[string]func(*signal.Series){
			"another currency": func(s *signal.Series) { s.Currency = "SEK" },
			"a share":          func(s *signal.Series) { s.Kind, s.Currency = signal.Share, "" },
		} {
			w.spotBy(name)
			series := w.series(name, "")
			change(series)
			w.commitSeries(series)
			w.tells(series, hour("0.1", "0.1", "0.1", "0.1"))
			s := w.ends(10)
			w.hears(event.SessionCompleted, s)
			if tab := w.tab(s); tab.Reason != billing.HeldSeries {
				w.Errorf("%s: the tab: %+v", name, tab)
			}
		}
	})
}

func (w *world) commitSeries(s *signal.Series) {
	w.Helper()
	s.Version++
	w.commit(&change.Set{Signals: []signal.Series{*s}})
}

// What the sun gave is known when it was measured: until then the session waits.
func TestSolarShare(t *testing.T) {
	each(t, func(w *world) {
		w.extra("0.50", tariff.Extra{Series: "sun", Adjustment: rating.Adjustment{ID: "sun", Solar: &rating.Solar{PerKWh: dec(w, "0.20")}}})
		series := w.series("sun", w.site)
		series.Kind, series.Currency = signal.Share, ""
		w.commitSeries(series)
		w.tells(series, hour("1", "0.5"))
		s := w.ends(10)
		w.hears(event.SessionCompleted, s)
		if tab := w.tab(s); tab.Reason != billing.HeldSeries {
			w.Fatalf("the tab: %+v", tab)
		}
		w.tells(series, map[int]string{30: "0.5", 45: "0"})
		d := w.bills(s, 1)[0].Document
		if d.Net != 400 || !strings.Contains(fmt.Sprint(d.Lines), string(billing.ItemSolar)) {
			w.Errorf("got %d, %+v, want 5.00 less 10 kWh × ½ × 0.20", d.Net, d.Lines)
		}
	})
}
