package usage_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/report"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/flow/consume"
	"pylon/internal/flow/usage"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/unit"
	"pylon/internal/store"
	"pylon/test/postgres"
)

const (
	org    = ident.OrganisationID("org_one")
	berlin = "Europe/Berlin"
)

// world is a database with one station.
type world struct {
	*testing.T
	store *store.Store
	count consume.Consumer
	owner change.Owner
	made  int
}

// each runs a test on every database.
func each(t *testing.T, test func(w *world)) {
	for name, options := range map[string]func() store.Options{
		"sqlite": func() store.Options {
			return store.Options{Path: filepath.Join(t.TempDir(), "pylon.db"), Synchronous: "off"}
		},
		"postgres": func() store.Options { return store.Options{URL: postgres.Database(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.Clock, o.Node = clock.System{}, ident.New[ident.NodeID](clock.System{}.Now())
			s, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
			done := make(chan error, 1)
			go func() { done <- s.Run(ctx) }()
			t.Cleanup(func() {
				stop()
				if err := errors.Join(<-done, s.Close()); err != nil {
					t.Error(err)
				}
			})
			w := &world{T: t, store: s, count: usage.New(s)}
			w.station()
			test(w)
		})
	}
}

func (w *world) station() {
	w.Helper()
	id := ident.New[ident.StationID](clock.System{}.Now())
	w.commit(&change.Set{Stations: []station.Station{{ID: id, Organisation: org, Identity: "CP-1", Registration: station.Accepted, CreatedAt: clock.System{}.Now(), Version: 1}}})
	link, err := w.store.TakeEpoch(w.Context(), id, "nod_x", station.Link{Online: true, Since: clock.System{}.Now()})
	if err != nil {
		w.Fatal(err)
	}
	w.owner = change.Owner{Organisation: org, Station: id, Epoch: link.Epoch}
}

func (w *world) commit(set *change.Set) {
	w.Helper()
	if err := w.store.Commit(w.Context(), set); err != nil {
		w.Fatal(err)
	}
}

func moment(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// ended makes a session that began at a time, took an hour and 1.5 Wh, and
// charged for half of the hour.
func (w *world) ended(at, zone string) session.Session {
	w.Helper()
	began := moment(w, at)
	zero := session.Register{Value: decimal.FromInt(0, 0)}
	s := session.Session{
		ID: ident.New[ident.SessionID](clock.System{}.Now()), Organisation: org, Site: "sit_one", Station: w.owner.Station, EVSE: 1, Connector: 1,
		TransactionID: string(rune('a' + w.made)), Status: session.Completed, ReservationID: -1, RemoteStartID: -1,
		StartedAt: began, StartReceivedAt: began, EndedAt: began.Add(time.Hour), EndReceivedAt: began.Add(time.Hour), TimeZone: zone,
		Energy: 1500, StateOfCharge: -1, Begin: zero, Last: zero, LastSeqNo: -1, Version: 1,
	}
	w.made++
	w.commit(&change.Set{Owner: w.owner, Sessions: []session.Session{s}, Segments: []session.Segment{
		{Station: s.Station, Session: s.ID, Number: 1, State: session.StateCharging, From: began, To: began.Add(30 * time.Minute)},
		{Station: s.Station, Session: s.ID, Number: 2, State: session.StateSuspendedEV, From: began.Add(30 * time.Minute), To: began.Add(time.Hour)},
	}})
	return s
}

// told is the news of a session.
func told(of event.Type, s session.Session) event.Recorded {
	return event.Recorded{Event: event.Event{Type: of, Organisation: s.Organisation, Station: s.Station, Subject: string(s.ID)}}
}

// hears lets the consumer decide about news, and makes that durable.
func (w *world) hears(events ...event.Recorded) {
	w.Helper()
	set, err := w.count.Decide(w.Context(), events)
	if err != nil {
		w.Fatal(err)
	}
	if set != nil {
		w.commit(set)
	}
}

// is checks a day: its sessions, each of 1.5 Wh and half an hour.
func (w *world) is(date report.Date, sessions int64) {
	w.Helper()
	days, err := w.store.UsageOf(w.Context(), w.owner.Station, date)
	if err != nil {
		w.Fatal(err)
	}
	var got report.Day
	for _, d := range days {
		got = d
	}
	if got.Sessions != sessions || got.Energy != unit.MilliWattHour(1500*sessions) || got.Charging != time.Duration(sessions)*30*time.Minute {
		w.Errorf("%s: got %d sessions, %d mWh, %s; want %d sessions", date, got.Sessions, got.Energy, got.Charging, sessions)
	}
}

// The order of the news does not matter, nor how often it comes, nor who else
// has it: the rows are counted.
func TestCountsRows(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.ended("2026-03-01T10:00:00Z", berlin), w.ended("2026-03-01T12:00:00Z", berlin)
		c := w.ended("2026-03-02T12:00:00Z", berlin)
		w.hears(told(event.SessionCompleted, c))
		w.is("2026-03-01", 0)
		for range 2 {
			w.hears(told(event.SessionFailed, b), told(event.SessionStarted, c), told(event.SessionCompleted, a))
			w.is("2026-03-01", 2)
			w.is("2026-03-02", 1)
		}
		if set, err := w.count.Decide(w.Context(), []event.Recorded{told(event.SessionCompleted, a)}); set != nil || err != nil {
			w.Errorf("what is counted already changes %+v, %v", set, err)
		}
		nobody := told(event.SessionCompleted, session.Session{ID: "ses_nobody", Organisation: org})
		if set, err := w.count.Decide(w.Context(), []event.Recorded{nobody}); set != nil || err != nil {
			w.Errorf("a session that is not there: %+v, %v", set, err)
		}
	})
}

// A session belongs to the local day on which it began, on the day that has 23
// hours and on the one that has 25.
func TestDaysOfChangingClocks(t *testing.T) {
	each(t, func(w *world) {
		var news []event.Recorded
		for _, at := range []string{
			"2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z", // 23 hours
			"2026-10-24T21:59:59Z", "2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z", // 25
		} {
			news = append(news, told(event.SessionCompleted, w.ended(at, berlin)))
		}
		slices.Reverse(news)
		w.hears(news...)
		for date, want := range map[report.Date]int64{
			"2026-03-28": 1, "2026-03-29": 2, "2026-03-30": 1, "2026-10-24": 1, "2026-10-25": 4, "2026-10-26": 1,
		} {
			w.is(date, want)
		}
	})
}

// A correction that moves the start over midnight moves the session, and one
// that lets it run after all takes it away.
func TestCorrection(t *testing.T) {
	each(t, func(w *world) {
		s := w.ended("2026-03-01T22:30:00Z", berlin)
		w.hears(told(event.SessionCompleted, s))
		w.is("2026-03-01", 1)
		s.StartedAt, s.Version = s.StartedAt.Add(time.Hour), 2
		w.commit(&change.Set{Owner: w.owner, Sessions: []session.Session{s}})
		w.hears(told(event.SessionCorrected, s))
		w.is("2026-03-01", 0)
		w.is("2026-03-02", 1)
		s.Status, s.EndedAt, s.Version = session.Active, time.Time{}, 3
		w.commit(&change.Set{Owner: w.owner, Sessions: []session.Session{s}})
		w.hears(told(event.SessionCorrected, s))
		w.is("2026-03-02", 0)
	})
}

// Two count the same day at once, and the slower has not seen the last session:
// its count is refused, and made again.
func TestTwoCountOneDay(t *testing.T) {
	each(t, func(w *world) {
		for round, date := range []report.Date{"2026-03-01", "2026-03-02"} {
			if round == 1 { // the row is there already
				w.hears(told(event.SessionCompleted, w.ended(string(date)+"T08:00:00Z", berlin)))
			}
			a := w.ended(string(date)+"T10:00:00Z", berlin)
			slow, err := w.count.Decide(w.Context(), []event.Recorded{told(event.SessionCompleted, a)})
			if err != nil {
				w.Fatal(err)
			}
			w.hears(told(event.SessionCompleted, w.ended(string(date)+"T12:00:00Z", berlin)))
			if err := w.store.Commit(w.Context(), slow); !errors.Is(err, change.ErrStale) && !errors.Is(err, change.ErrExists) {
				w.Errorf("the slower count: got %v, want it refused", err)
			}
			w.is(date, int64(2+round))
			w.hears(told(event.SessionCompleted, a))
			w.is(date, int64(2+round))
		}
	})
}
