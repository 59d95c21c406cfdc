package store_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/store"
	"pylon/test/postgres"
)

// ownUsed returns the processor time of this process.
func ownUsed() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// labs are the databases that benchmarks run on: options for an empty one, and
// what gives its processor time, ours included. PostgreSQL syncs here.
func labs(b *testing.B) map[string]func() (store.Options, func() time.Duration) {
	var server *postgres.Server
	databases := 0
	return map[string]func() (store.Options, func() time.Duration){
		"sqlite": func() (store.Options, func() time.Duration) {
			return store.Options{Path: filepath.Join(b.TempDir(), "pylon.db")}, ownUsed
		},
		"postgres": func() (store.Options, func() time.Duration) {
			if server == nil {
				server = postgres.Start(b, postgres.Options{})
			}
			databases++
			return store.Options{URL: server.URL(fmt.Sprintf("bench_%d", databases))}, func() time.Duration { return ownUsed() + server.CPU() }
		},
	}
}

// charging is a station in a session that sends a reading after the other.
type charging struct {
	owner   change.Owner
	session session.Session
}

// fleet makes n of them.
func fleet(b *testing.B, db *database, n int) []*charging {
	b.Helper()
	org := db.organisation("bench")
	all := make([]*charging, n)
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() {
			st := aStation(org.ID, fmt.Sprintf("CP-%05d", i))
			if err := db.Commit(b.Context(), &change.Set{Stations: []station.Station{st}}); err != nil {
				b.Error(err)
				return
			}
			link, err := db.TakeEpoch(b.Context(), st.ID, db.options.Node, station.Link{Online: true, Since: t0})
			if err != nil {
				b.Error(err)
				return
			}
			owner := change.Owner{Organisation: org.ID, Station: st.ID, Epoch: link.Epoch}
			ses := aSession(owner, "8f3b1c9a-5d1e-4a55-9f0e-3a2b1c0d9e8f", t0)
			if err := db.Commit(b.Context(), &change.Set{Owner: owner, Sessions: []session.Session{ses}}); err != nil {
				b.Error(err)
				return
			}
			all[i] = &charging{owner, ses}
		})
	}
	wait.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return all
}

// next is what a TransactionEvent with four samples changes: the guard of the
// owner's epoch, the session's progress, a frame and an event.
func (c *charging) next(n int64) *change.Set {
	s := &c.session
	s.Version++
	s.Frames++
	s.LastSeqNo++
	at := t0.Add(time.Duration(s.Frames) * time.Minute)
	sent := at.Format(time.RFC3339)
	s.Energy += 183_000 + 100
	s.PowerW, s.PowerAt, s.LastEventAt = 11_000, at, at
	s.Last = session.Register{Known: true, Energy: s.Energy, Value: decimal.FromInt(int64(s.Energy), 3), Unit: "Wh", Context: "Sample.Periodic", At: at, AsSent: sent}
	sample := func(measurand, phase, unit string, value int64, scale int) meter.Sample {
		return meter.Sample{At: at, AtAsSent: sent, Measurand: measurand, Context: "Sample.Periodic", Phase: phase, Unit: unit, Value: decimal.FromInt(value, scale)}
	}
	return &change.Set{
		Owner: c.owner, Progress: []session.Session{*s},
		Frames: []meter.Frame{{
			Station: s.Station, Session: s.ID, Number: s.Frames, EVSE: 1, Connector: 1, Source: meter.SourceUpdate, SeqNo: s.LastSeqNo,
			Digest: []byte("0123456789abcdef"), ReceivedAt: at.Add(40 * time.Millisecond), OccurredAt: at, AsSent: sent,
			Samples: []meter.Sample{
				sample(meter.EnergyImportRegister, "", "Wh", int64(s.Energy), 3), sample(meter.PowerImport, "", "W", 11_000+n%50, 0),
				sample("Current.Import", "L1", "A", 1590+n%7, 2), sample("Voltage", "L1-N", "V", 2300+n%11, 1),
			},
		}},
		Events: []event.Event{{
			Type: event.SessionUpdated, Organisation: s.Organisation, Station: s.Station, Subject: string(s.ID), Version: s.Version, At: at,
			Data: session.Notice{
				ID: s.ID, Status: s.Status, EVSE: 1, Connector: 1, TransactionID: s.TransactionID, EnergyWh: int64(s.Energy.WattHours()),
				PowerW: 11_000, ChargingState: s.ChargingState,
			},
		}},
	}
}

// BenchmarkCommit is a TransactionEvent of a running session, from n stations at
// a time, each of which waits for its commit. It prints the processor time of a
// set, all of it: building the job, writing, syncing and waking.
func BenchmarkCommit(b *testing.B) {
	for name, lab := range labs(b) {
		for _, stations := range []int{300, 5000} {
			for _, callers := range []int{1, 16, 64, 256} {
				b.Run(fmt.Sprintf("%s/%d of %d", name, callers, stations), func(b *testing.B) {
					o, used := lab()
					benchmarkCommit(b, o, used, [2]int{stations, callers})
				})
			}
		}
	}
}

func benchmarkCommit(b *testing.B, o store.Options, used func() time.Duration, size [2]int) {
	stations, callers := size[0], size[1]
	var commits atomic.Int64
	o.OnCommitted = func([]event.Recorded) { commits.Add(1) }
	db := open(b, o)
	all := fleet(b, db, stations)
	var n atomic.Int64
	before := commits.Load()
	b.ResetTimer()
	start, own := used(), ownUsed()
	var wait sync.WaitGroup
	for w := range callers {
		wait.Go(func() {
			for i := w; ; i += callers { // a caller has stations of its own
				turn := n.Add(1)
				if turn > int64(b.N) {
					return
				}
				if i >= len(all) {
					i = w
				}
				if err := db.Commit(b.Context(), all[i].next(turn)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	b.StopTimer()
	b.ReportMetric(float64((used()-start).Nanoseconds())/1000/float64(b.N), "cpu-µs/set")
	b.ReportMetric(float64((ownUsed()-own).Nanoseconds())/1000/float64(b.N), "own-cpu-µs/set")
	b.ReportMetric(float64(b.N)/float64(commits.Load()-before), "sets/commit")
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sets/s")
}

// BenchmarkLatency sends 1,000 TransactionEvents a second, whether or not those
// before are committed, and prints how long a commit takes to return.
func BenchmarkLatency(b *testing.B) {
	for name, lab := range labs(b) {
		b.Run(name, func(b *testing.B) {
			o, _ := lab()
			benchmarkLatency(b, o)
		})
	}
}

func benchmarkLatency(b *testing.B, o store.Options) {
	const perSecond = 1000
	db := open(b, o)
	all := fleet(b, db, perSecond)
	took := make([]time.Duration, b.N)
	clk := clock.System{}
	ticks, stop := clk.Ticker(time.Second / perSecond)
	defer stop()
	b.ResetTimer()
	var wait sync.WaitGroup
	for i := range took {
		due := <-ticks
		set := all[i%len(all)].next(int64(i))
		wait.Go(func() {
			if err := db.Commit(b.Context(), set); err != nil {
				b.Error(err)
			}
			took[i] = clk.Now().Sub(due)
		})
	}
	wait.Wait()
	slices.Sort(took)
	for name, at := range map[string]int{"p50": 50, "p99": 99, "max": 100} {
		b.ReportMetric(float64(took[min(len(took)*at/100, len(took)-1)].Microseconds())/1000, name+"-ms")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkConnect is what a connecting station asks of the store: its next
// epoch, its state with a running session, its open commands, and that it is
// online now.
func BenchmarkConnect(b *testing.B) {
	for name, lab := range labs(b) {
		b.Run(name, func(b *testing.B) {
			o, used := lab()
			benchmarkConnect(b, o, used)
		})
	}
}

func benchmarkConnect(b *testing.B, o store.Options, used func() time.Duration) {
	db := open(b, o)
	all := fleet(b, db, 3000)
	var n atomic.Int64
	b.ResetTimer()
	start := used()
	var wait sync.WaitGroup
	for range 64 {
		wait.Go(func() {
			for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
				if err := connect(b, db, all[int(i)%len(all)].owner); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	b.ReportMetric(float64((used()-start).Nanoseconds())/1000/float64(b.N), "cpu-µs/connect")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "connects/s")
	b.ReportMetric(0, "ns/op")
}

func connect(b *testing.B, db *database, owner change.Owner) error {
	link, err := db.TakeEpoch(b.Context(), owner.Station, db.options.Node, station.Link{Online: true, Since: t0, LastSeen: t0, RemoteAddr: "192.0.2.7:40000"})
	if err != nil {
		return err
	}
	if _, open, err := db.Owned(b.Context(), owner.Station); err != nil || len(open) != 1 {
		return fmt.Errorf("%d sessions: %w", len(open), err)
	}
	if _, err := db.OpenCommands(b.Context(), owner.Station); err != nil {
		return err
	}
	owner.Epoch = link.Epoch
	return db.Commit(b.Context(), &change.Set{
		Owner:     owner,
		Intervals: []station.Interval{{Station: owner.Station, Status: station.Online, From: t0.Add(time.Duration(link.Epoch) * time.Second)}},
		Events:    []event.Event{{Type: event.StationConnected, Organisation: owner.Organisation, Station: owner.Station, Subject: string(owner.Station), At: t0, Data: station.LinkNotice{Status: "online"}}},
	})
}

// BenchmarkRead asks a database of 100,000 stations, each with a connector, and
// as many sessions.
func BenchmarkRead(b *testing.B) {
	for name, lab := range labs(b) {
		b.Run(name, func(b *testing.B) {
			o, _ := lab()
			o.Synchronous = "off"
			benchmarkRead(b, o)
		})
	}
}

func benchmarkRead(b *testing.B, o store.Options) {
	const stations = 100_000
	db := open(b, o)
	org := crowd(b, db, stations)
	some, err := db.Station(b.Context(), org, "CP-050000")
	if err != nil {
		b.Fatal(err)
	}
	_, open, err := db.Owned(b.Context(), some.Station.ID)
	if err != nil {
		b.Fatal(err)
	}
	yes := true
	stationsBy := func(f station.Filter) func() error {
		return func() error { return second(db.Stations(b.Context(), org, f, page.Query{})) }
	}
	sessionsBy := func(f session.Filter) func() error {
		return func() error { return second(db.Sessions(b.Context(), org, f, page.Query{})) }
	}
	middle, err := db.Stations(b.Context(), org, station.Filter{}, page.Query{Limit: 500})
	if err != nil {
		b.Fatal(err)
	}
	for _, read := range []struct {
		name string
		do   func() error
	}{
		{"station by identity", func() error { return second(db.Station(b.Context(), org, "CP-050000")) }},
		{"station at the door", func() error { _, err := db.StationByIdentity(b.Context(), "", "CP-050000"); return err }},
		{"owned", func() error { _, _, err := db.Owned(b.Context(), some.Station.ID); return err }},
		{"token", func() error { _, err := db.TokenByUID(b.Context(), org, "UID-050000"); return ignoreMissing(err) }},
		{"session", func() error { return second(db.Session(b.Context(), org, open[0].ID)) }},
		{"list of stations", stationsBy(station.Filter{})},
		{"page of stations", func() error {
			return second(db.Stations(b.Context(), org, station.Filter{}, page.Query{Cursor: middle.Next, Limit: 500}))
		}},
		{"list of faulted stations", stationsBy(station.Filter{Status: []station.Status{station.Faulted}})},
		{"list of online stations", stationsBy(station.Filter{Online: &yes})},
		{"search that finds one", stationsBy(station.Filter{Query: "p-099999"})},
		{"list of sessions", sessionsBy(session.Filter{})},
		{"list of active sessions", sessionsBy(session.Filter{Status: []session.Status{session.Active}})},
		{"list of open sessions", sessionsBy(session.Filter{Status: []session.Status{session.Active, session.Pending}})},
		{"sessions of a station", sessionsBy(session.Filter{Station: some.Station.ID})},
		{"totals", func() error { return second(db.Totals(b.Context(), org, t0)) }},
	} {
		b.Run(read.name, func(b *testing.B) {
			for b.Loop() {
				if err := read.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func ignoreMissing(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// crowd makes n stations of the first organisation with a connector and a
// session each; one in a thousand is faulted, one in a hundred charges.
func crowd(b *testing.B, db *database, n int) ident.OrganisationID {
	b.Helper()
	org := account.Organisation{ID: newID[ident.OrganisationID](), Slug: "crowd", First: true, CreatedAt: t0, Version: 1}
	db.commit(&change.Set{Organisations: []account.Organisation{org}})
	var wait sync.WaitGroup
	for w := range 64 {
		wait.Go(func() {
			for i := w; i < n; i += 64 {
				st := aStation(org.ID, fmt.Sprintf("CP-%06d", i))
				if err := db.Commit(b.Context(), &change.Set{Stations: []station.Station{st}}); err != nil {
					b.Error(err)
					return
				}
				owner := change.Owner{Organisation: org.ID, Station: st.ID}
				ses := aSession(owner, "tx", t0.Add(time.Duration(i)*time.Second))
				status := station.Available
				switch {
				case i%1000 == 0:
					status = station.Faulted
				case i%100 == 0:
					status = station.Charging
				default:
					ses.Status, ses.EndedAt = session.Completed, t0
				}
				if i == n/2 {
					ses.Status, ses.EndedAt = session.Active, time.Time{}
				}
				set := &change.Set{
					Owner: owner, Sessions: []session.Session{ses},
					Connectors: []station.Connector{{Station: st.ID, EVSE: 1, Connector: 1, Status: status, Version: 1}},
				}
				if err := db.Commit(b.Context(), set); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return org.ID
}
