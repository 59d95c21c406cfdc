package running_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	bills "pylon/internal/domain/billing"
	"pylon/internal/domain/event"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	"pylon/internal/flow/running"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// follow runs a test with a service that works and a station with a screen.
func follow(t *testing.T, test func(w *world, d *display)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.run()
		test(w, newDisplay())
	})
}

// amounts are the costs that were shown, by their kind.
func amounts(all []screen.Shown, of screen.Kind) string {
	text := ""
	for _, x := range all {
		if x.Kind == of {
			text += x.Cost.String() + " "
		}
	}
	return text
}

// I02.FR.01: a screen is told what a session costs at a rhythm, and at once when
// something else than the register changes.
func TestScreenIsTold(t *testing.T) {
	follow(t, func(w *world, d *display) {
		told := func(what, want string) {
			t.Helper()
			synctest.Wait()
			if got := amounts(d.takes(), screen.Running); got != want {
				t.Errorf("%s: got %q, want %q", what, got, want)
			}
		}
		report := func(s session.Session) { w.service.Changed(d, &s, false) }
		report(w.s)
		told("the start", "0.00 ")
		time.Sleep(5 * time.Second)
		report(w.reading(1))
		told("a reading a moment later", "")
		time.Sleep(24 * time.Second)
		report(w.reading(2))
		told("before half a minute", "")
		time.Sleep(time.Second)
		told("after half a minute", "1.20 ")
		time.Sleep(5 * time.Second)
		w.reading(3)
		report(w.change(func(s *session.Session) { s.ChargingState = session.StateSuspendedEV }))
		told("another state", "1.80 ")
		time.Sleep(2 * time.Minute)
		told("nothing new", "")
	})
}

// What grows by time alone is told without a reading.
func TestIdleFeeGrows(t *testing.T) {
	follow(t, func(w *world, d *display) {
		w.terms.Priced.Elements[0].Components = append(w.terms.Priced.Elements[0].Components, component(t, rating.Time, "60"))
		time.Sleep(time.Second)
		s := w.reading(1) // one that gave nothing would be forgiven at first
		w.service.Changed(d, &s, true)
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if got, want := amounts(d.takes(), screen.Running), "0.64 1.24 1.84 "; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// What the station gets in its answer is not sent, too; nothing delays an answer that is not to tell.
func TestAnswered(t *testing.T) {
	follow(t, func(w *world, d *display) {
		ask := func(over bool) string {
			cost, ok := w.service.Answer(w.t.Context(), d, org, ses, over)
			if !ok {
				return ""
			}
			return cost.String()
		}
		if got := ask(false); got != "" {
			t.Errorf("before anything was reported: got %s", got)
		}
		s := w.reading(1)
		w.service.Changed(d, &s, true)
		if got := ask(false); got != "0.60" {
			t.Errorf("I02.FR.01 an update: got %q, want 0.60", got)
		}
		time.Sleep(10 * time.Second)
		s = w.reading(2)
		w.service.Changed(d, &s, true)
		if got := ask(false); got != "" {
			t.Errorf("a moment later: got %q, want nothing", got)
		}
		if shown := d.takes(); len(shown) != 0 {
			t.Errorf("sent, too: %+v", shown)
		}
		w.reading(3)
		s = w.ends()
		w.service.Changed(d, &s, true)
		if got := ask(true); got != "1.80" {
			t.Errorf("I03.FR.02 the end: got %q, want 1.80", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if shown := d.takes(); len(shown) != 0 {
			t.Errorf("after the end: %+v", shown)
		}
	})
}

// An answer goes out without the cost when that takes too long.
func TestAnswerInTime(t *testing.T) {
	follow(t, func(w *world, d *display) {
		w.waits = time.Minute
		s := w.ends()
		began := now()
		if _, ok := w.service.Answer(w.t.Context(), d, org, ses, true); ok || now().Sub(began) != 500*time.Millisecond {
			t.Errorf("got %t after %s, want none after half a second", ok, now().Sub(began))
		}
		s.Status = session.Active
		w.service.Changed(d, &s, true)
		began = now()
		if _, ok := w.service.Answer(w.t.Context(), d, org, ses, false); ok || now().Sub(began) != 100*time.Millisecond {
			t.Errorf("got %t after %s, want none after a tenth of a second", ok, now().Sub(began))
		}
	})
}

// Nothing is shown to a station that cannot show it, and nothing is done for it but
// for who listens.
func TestNotShown(t *testing.T) {
	for name, set := range map[string]func(*world, *display){
		"no screen":            func(_ *world, d *display) { d.can = screen.Display{} },
		"words alone":          func(_ *world, d *display) { d.can = screen.Display{Tariff: true} },
		"another currency":     func(_ *world, d *display) { d.can.Currency = "USD" },
		"nothing prices it":    func(w *world, _ *display) { w.tab = &bills.Tab{State: bills.TabOpen} },
		"nothing is priced":    func(w *world, _ *display) { w.priced = false },
		"the database is away": func(w *world, _ *display) { w.err = errors.New("away") },
	} {
		t.Run(name, func(t *testing.T) {
			follow(t, func(w *world, d *display) {
				set(w, d)
				w.service.Changed(d, &w.s, false)
				synctest.Wait()
				s := w.ends()
				w.service.Changed(d, &s, false)
				synctest.Wait()
				if _, ok := w.service.Answer(w.t.Context(), d, org, ses, true); ok {
					t.Error("the answer tells")
				}
				if shown := d.takes(); len(shown) != 0 {
					t.Errorf("got %+v", shown)
				}
			})
		})
	}
}

// A session that nothing prices is looked at once; where nothing has a price, none is.
func TestNoWorkWithoutPrice(t *testing.T) {
	follow(t, func(w *world, d *display) {
		w.tab = &bills.Tab{State: bills.TabOpen}
		for range 10 {
			w.service.Changed(d, &w.s, false)
			time.Sleep(time.Minute)
		}
		if w.reads != 1 || d.asked != 0 || len(w.told()) != 0 {
			t.Errorf("it was read %d times, the station asked %d times, and %d events told", w.reads, d.asked, len(w.told()))
		}
	})
	follow(t, func(w *world, d *display) {
		w.priced = false
		for range 10 {
			w.service.Changed(d, &w.s, false)
			time.Sleep(2 * time.Second)
		}
		if w.reads != 1 || d.asked != 0 {
			t.Errorf("unpriced: it was read %d times, the station asked %d times", w.reads, d.asked)
		}
		w.priced = true
		time.Sleep(30 * time.Second)
		w.service.Changed(d, &w.s, false)
		synctest.Wait()
		if got := len(w.told()); got != 1 {
			t.Errorf("after a tariff was published: %d events, want 1", got)
		}
	})
}

// Who listens hears of the cost, as often as a screen would.
func TestLiveFeed(t *testing.T) {
	follow(t, func(w *world, d *display) {
		d.can = screen.Display{}
		for i := range 60 {
			s := w.reading(i)
			w.service.Changed(d, &s, false)
			time.Sleep(999 * time.Millisecond)
		}
		got := w.told()
		if len(got) != 2 {
			t.Fatalf("%d events of a minute, want 2", len(got))
		}
		e := got[1]
		var n running.Notice
		if err := json.Unmarshal(e.JSON, &n); err != nil {
			t.Fatal(err)
		}
		want := running.Notice{Currency: "EUR", Net: 1500, Tax: 300, Total: 1800, AsOf: n.AsOf, Provisional: true}
		if e.Type != event.SessionCost || !e.Live || e.Organisation != org || e.Subject != string(ses) || e.Version == 0 || n != want {
			t.Errorf("got %+v %s, want %+v", e, e.JSON, want)
		}
	})
}

// A 1.6 station is told what it came to, and where the receipt is; not long after.
func TestFinal(t *testing.T) {
	for name, c := range map[string]struct {
		late time.Duration
		want string
	}{"at once": {0, "6.00 "}, "told within minutes": {5 * time.Minute, "6.00 "}, "the driver has left": {5*time.Minute + time.Second, ""}} {
		t.Run(name, func(t *testing.T) {
			follow(t, func(w *world, d *display) {
				w.service.Changed(d, &w.s, false)
				time.Sleep(90 * time.Minute)
				w.reading(10)
				s := w.ends()
				s = w.change(func(s *session.Session) { s.EndReceivedAt = s.EndedAt.Add(c.late) })
				w.service.Changed(d, &s, false)
				synctest.Wait()
				shown := d.takes()
				if got := amounts(shown, screen.Final); got != c.want {
					t.Fatalf("got %q, want %q", got, c.want)
				}
				if x := shown[len(shown)-1]; c.want != "" && (x.Text != "10.000 kWh, 1:30 h, 6.00 EUR" || x.URL != "https://r.example/ses_1") {
					t.Errorf("got %+v", x)
				}
			})
		})
	}
}

// Of drivers who are offered a price.
func TestOffer(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*world, *display)
		want string // "": nothing is shown
		in   string
	}{
		"I01.FR.01 the tariff's first words": {func(*world, *display) {}, "0.60 EUR a kWh", "en"},
		"in the driver's language":           {func(w *world, _ *display) { w.speaks = "de-AT" }, "0,60 EUR je kWh", "de"},
		"in one that it has not":             {func(w *world, _ *display) { w.speaks = "fr" }, "0.60 EUR a kWh", "en"},
		"without words of its own":           {func(w *world, _ *display) { w.terms.Texts = nil }, "0.60 EUR/kWh", ""},
		"I01.FR.02 not on a screen without":  {func(_ *world, d *display) { d.can.Tariff = false }, "", ""},
		"nothing has a price":                {func(w *world, _ *display) { w.priced = false }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			follow(t, func(w *world, d *display) {
				c.set(w, d)
				v := session.View{Session: session.Session{Organisation: org, Station: "sta_1", Token: card, TimeZone: "Europe/Berlin", StartedAt: now()}}
				if got, ok := w.service.Words(w.t.Context(), d, v); ok != (c.want != "") || got.Text != c.want || got.Language != c.in {
					t.Errorf("got %+v, %t, want %q in %q", got, ok, c.want, c.in)
				}
				w.service.Offer(d, v, "04A1")
				synctest.Wait()
				shown := d.takes()
				if c.want == "" {
					if len(shown) != 0 {
						t.Errorf("got %+v", shown)
					}
					return
				}
				if len(shown) != 1 || shown[0].Kind != screen.Offer || shown[0].Text != c.want || shown[0].IDTag != "04A1" {
					t.Errorf("got %+v", shown)
				}
			})
		})
	}
}

// What holds now, and what comes: by clock, energy and idle fee, with tax and without
// steps and limits.
func TestOutlook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it is midnight in UTC, 01:00 in Berlin
		w := newWorld(t)
		night := component(t, rating.Energy, "0.20")
		day := component(t, rating.Energy, "0.50")
		day.StepSize = 5000
		w.terms.Priced.MaxPrice.Incl = new(dec(t, "0.01"))
		w.terms.Priced.Elements = []rating.Element{
			{Components: []rating.Component{component(t, rating.ParkingTime, "1.00")}},
			{Components: []rating.Component{night}, Restrictions: rating.Restrictions{StartTime: "22:00", EndTime: "06:00"}},
			{Components: []rating.Component{day, component(t, rating.Time, "2.00")}},
		}
		w.terms.Extras = append(w.terms.Extras, tariff.Extra{Adjustment: rating.Adjustment{
			ID: "idle", VAT: new(dec(t, "20")), Idle: &rating.IdleFee{PerMinute: dec(t, "0.10"), Grace: rating.Nanoseconds(10 * time.Minute)},
		}})
		w.change(func(s *session.Session) { s.ChargingState, s.StateSince = session.StateSuspendedEV, now() })
		time.Sleep(time.Hour)
		got := w.cost()
		text := func(p *screen.Prices) string {
			said := p.Grace.String()
			for _, d := range []any{p.Energy, p.Time, p.Parking} {
				b, _ := json.Marshal(d)
				said += " " + string(b)
			}
			return said
		}
		if want := `10m0s 0.24 2.4 8.4`; text(got.Prices) != want {
			t.Errorf("now: got %s, want %s", text(got.Prices), want)
		}
		if got.Next == nil || !got.Next.At.Equal(now().Add(4*time.Hour)) || text(&got.Next.Prices) != `10m0s 0.6 2.4 8.4` {
			t.Errorf("next: got %+v", got.Next)
		}
		if !got.IdleFrom.Equal(now().Add(-time.Hour)) {
			t.Errorf("idle since %s", got.IdleFrom)
		}
		d := screen.Display{Cost: true, Places: 1}
		if told := d.Told(*got.Prices); text(&told) != "10m0s 0.2 2.4 8.4" {
			t.Errorf("with one digit: got %s", text(&told))
		}
		if a := d.Amount(123, money.Currency("EUR")); a.String() != "1.2" {
			t.Errorf("an amount with one digit: got %s", a)
		}
	})
}
