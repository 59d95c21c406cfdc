package store_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/store"
)

// used returns the processor time of this process.
func used() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
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
	for _, stations := range []int{300, 5000} {
		for _, callers := range []int{1, 16, 64, 256} {
			b.Run(fmt.Sprintf("%d of %d", callers, stations), func(b *testing.B) { benchmarkCommit(b, stations, callers) })
		}
	}
}

func benchmarkCommit(b *testing.B, stations, callers int) {
	var commits atomic.Int64
	db := open(b, store.Options{Path: filepath.Join(b.TempDir(), "pylon.db"), OnCommitted: func([]event.Recorded) { commits.Add(1) }})
	all := fleet(b, db, stations)
	var n atomic.Int64
	before := commits.Load()
	b.ResetTimer()
	start := used()
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
	b.ReportMetric(float64(b.N)/float64(commits.Load()-before), "sets/commit")
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sets/s")
}

var _ ident.NodeID
