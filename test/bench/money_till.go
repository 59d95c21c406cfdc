package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/domain/token"
	"pylon/internal/edge/signed"
	"pylon/internal/flow/billing"
	"pylon/internal/flow/consume"
	"pylon/internal/flow/leases"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
	"pylon/internal/kernel/unit"
	"pylon/internal/store"
	"pylon/test/ground"
)

// till is an operator whose sessions are billed, on a database of its own.
type till struct {
	*lab
	*store.Store
	org      ident.OrganisationID
	site     ident.SiteID
	stations []station.Station
	cards    []token.Token
	biller   consume.Consumer
	follow   *consume.Service

	issued func(session ident.SessionID) // hears of each bill, once it is durable
}

const (
	tillStations = 64 // sessions of as many stations end at a time
	readingsEach = 12 // of a session: one every five minutes
)

// withTill works with a till; durable as in production, or without waiting for the
// disk, for what only prepares a measurement.
func (l *lab) withTill(ctx context.Context, b base, durable bool, work func(ctx context.Context, t *till) error) error {
	t := &till{lab: l, issued: func(ident.SessionID) {}}
	node := ident.New[ident.NodeID](l.clock.Now())
	o := store.Options{Path: b.file(), URL: b.url, Clock: l.clock, Node: node, OnCommitted: t.hears}
	if !durable {
		o.Synchronous = "off"
	}
	var err error
	if t.Store, err = store.Open(ctx, o); err != nil {
		return err
	}
	silent := slog.New(slog.DiscardHandler)
	t.biller = billing.New(t.settling())
	t.follow = consume.New(consume.Options{
		Store: t.Store, Leases: leases.New(t.Store, l.clock, silent, node), Hints: &ground.Hints{}, Clock: l.clock, Log: silent,
		Consumers: []consume.Consumer{t.biller},
	})
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- t.Run(running) }()
	if err = t.open(ctx); err == nil {
		err = work(ctx, t)
	}
	stop()
	return errors.Join(err, <-ended, t.Store.Close())
}

// settling is what a bill is made of, as the program has it.
func (t *till) settling() billing.Options {
	return billing.Options{Store: t.Store, Clock: t.clock, Raters: [2]billing.Rater{swift.Explain, plain.Rate}, Signed: signed.Values}
}

// hears tells who waits for bills.
func (t *till) hears(events []event.Recorded) {
	for i := range events {
		if notice, is := events[i].Data.(billing.BillNotice); is {
			t.issued(notice.Session)
		}
	}
	t.follow.Committed()
}

// followed lets the log be followed while work runs.
func (t *till) followed(ctx context.Context, work func(ctx context.Context) error) error {
	running, stop := context.WithCancel(ctx)
	var parts sync.WaitGroup
	for _, part := range []func(context.Context) error{t.follow.Run, t.follow.Tell} {
		parts.Go(func() { _ = part(running) }) // they return nil
	}
	err := work(ctx)
	stop()
	parts.Wait()
	return err
}

// open makes the operator, or finds him.
func (t *till) open(ctx context.Context) error {
	const name = "till"
	t.org, t.site = ident.Derive[ident.OrganisationID](name), ident.Derive[ident.SiteID](name)
	since := benchDay().AddDate(0, -1, 0)
	set := &change.Set{
		Organisations: []account.Organisation{{ID: t.org, Slug: name, Name: "Bench", Country: "DE", Currency: "EUR", TimeZone: "Europe/Berlin", CreatedAt: since, Version: 1}},
		Sites:         []site.Site{{ID: t.site, Organisation: t.org, Name: "Yard", Country: "DE", TimeZone: "Europe/Berlin", CreatedAt: since, Version: 1}},
	}
	for i := range tillStations {
		id := identity(i)
		t.stations = append(t.stations, station.Station{ID: ident.Derive[ident.StationID](id), Organisation: t.org, Site: t.site, Identity: ident.Identity(id), Registration: station.Accepted, CreatedAt: since, Version: 1})
		t.cards = append(t.cards, token.Token{ID: ident.Derive[ident.TokenID](id), Organisation: t.org, UID: uid(i), Status: token.Accepted, CreatedAt: since, Version: 1})
	}
	set.Stations, set.Tokens = t.stations, t.cards
	t.priced(set, name, since, dayTariff())
	set.Assignments = []tariff.Assignment{{ID: ident.Derive[ident.AssignmentID](name), Organisation: t.org, Tariff: set.Tariffs[0].ID, CreatedAt: since, Version: 1}}
	if _, err := t.Organisation(ctx, name); err == nil {
		return nil
	}
	return t.Commit(ctx, set)
}

// priced adds a tariff.
func (t *till) priced(set *change.Set, name string, since time.Time, by rating.Tariff) {
	id := ident.Derive[ident.TariffID](name)
	set.Tariffs = append(set.Tariffs, tariff.Tariff{ID: id, Organisation: t.org, Name: name, Type: trade.TariffRegular, Published: 1, CreatedAt: since, Version: 1})
	set.Editions = append(set.Editions, tariff.Edition{Tariff: id, Organisation: t.org, Number: 1, Terms: tariff.Terms{Priced: by}})
}

// ended returns the change by which the i-th session is there, has ended, and is
// told of.
func (t *till) ended(i int) (*change.Set, ident.SessionID) {
	st, card := &t.stations[i%tillStations], &t.cards[(i/7)%tillStations]
	const between = 5 * time.Minute
	s := session.Session{
		ID: ident.New[ident.SessionID](t.clock.Now()), Organisation: t.org, Site: t.site, Station: st.ID, EVSE: 1, Connector: 1,
		TransactionID: fmt.Sprint(i), Status: session.Completed, Token: card.ID, ReservationID: -1, RemoteStartID: -1,
		TimeZone: "Europe/Berlin", Country: "DE", StateOfCharge: -1, LastSeqNo: -1, EndedBy: session.ByStation, Frames: readingsEach, Version: 1,
	}
	s.StartedAt = benchDay().Add(time.Duration(i%20_000) * time.Minute)
	s.EndedAt = s.StartedAt.Add((readingsEach - 1) * between)
	s.StartReceivedAt, s.EndReceivedAt = s.StartedAt, s.EndedAt
	begin, each := int64(100_000+i), int64(900+i%200) // Wh
	set := &change.Set{Owner: change.Owner{Organisation: t.org, Station: st.ID}}
	for n := range int64(readingsEach) {
		at := s.StartedAt.Add(time.Duration(n) * between)
		set.Frames = append(set.Frames, meter.Frame{
			Station: st.ID, Session: s.ID, Number: n + 1, EVSE: 1, Connector: 1, Source: meter.SourceMeterValues, SeqNo: -1, ReceivedAt: at, OccurredAt: at,
			Samples: []meter.Sample{
				{At: at, Measurand: meter.EnergyImportRegister, Unit: "Wh", Value: decimal.FromInt(begin+n*each, 0)},
				{At: at, Measurand: meter.PowerImport, Unit: "W", Value: decimal.FromInt(each*12, 0)},
			},
		})
	}
	s.Begin = session.Register{Known: true, Energy: unit.WattHour(begin).Milli(), At: s.StartedAt}
	s.Energy = unit.WattHour((readingsEach - 1) * each).Milli()
	s.Last = session.Register{Known: true, Energy: s.Begin.Energy + s.Energy, At: s.EndedAt}
	set.Segments = []session.Segment{{Station: st.ID, Session: s.ID, Number: 1, State: session.StateCharging, From: s.StartedAt, To: s.EndedAt}}
	set.Sessions = []session.Session{s}
	set.Events = []event.Event{{
		Type: event.SessionCompleted, Organisation: t.org, Site: t.site, Station: st.ID, Subject: string(s.ID), Version: 1, At: t.clock.Now(), Data: struct{}{},
	}}
	return set, s.ID
}

// ends makes n sessions that have ended, from the i-th on, and returns them.
func (t *till) ends(ctx context.Context, from, n int) ([]ident.SessionID, error) {
	ids := make([]ident.SessionID, n)
	return ids, inParallel(ctx, n, 2*tillStations, func(ctx context.Context, i int) error {
		set, id := t.ended(from + i)
		ids[i] = id
		return t.Commit(ctx, set)
	})
}

// bills has sessions billed and posted, as the consumer does when it hears of
// their ends.
func (t *till) bills(ctx context.Context, sessions ...ident.SessionID) error {
	news := make([]event.Recorded, len(sessions))
	for i, id := range sessions {
		news[i].Event = event.Event{Type: event.SessionCompleted, Organisation: t.org, Subject: string(id)}
	}
	set, err := t.biller.Decide(ctx, news)
	if err != nil {
		return err
	}
	if set == nil || len(set.Bills) != len(sessions) {
		return fmt.Errorf("not all of %d sessions are billed", len(sessions))
	}
	return t.Commit(ctx, set)
}

// counted returns something that hears of bills, and is closed after so many.
func counted(n int) (heard func(ident.SessionID), all <-chan struct{}) {
	var count atomic.Int64
	done := make(chan struct{})
	return func(ident.SessionID) {
		if count.Add(1) == int64(n) {
			close(done)
		}
	}, done
}
