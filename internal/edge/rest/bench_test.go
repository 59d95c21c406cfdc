package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"pylon/internal/domain/change"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
)

// benchStations is what the budget speaks of: 100,000 stations known.
const benchStations = 100_000

// crowd fills the first organisation with stations of two connectors each.
func (w *world) crowd(n int) {
	w.t.Helper()
	now := clock.System{}.Now()
	const batch = 2000
	for from := 0; from < n; from += batch {
		set := &change.Set{}
		for i := from; i < min(n, from+batch); i++ {
			set.Stations = append(set.Stations, station.Station{
				ID: ident.New[ident.StationID](now), Organisation: w.first.org.ID, Identity: ident.Identity(fmt.Sprintf("CP-%06d", i)),
				Name: "Bay", Registration: station.Accepted, Automation: true, Vendor: "Maker", Model: "One", OCPP: station.OCPP16, CreatedAt: now, Version: 1,
			})
		}
		if err := w.store.Commit(context.Background(), set); err != nil {
			w.t.Fatal(err)
		}
	}
}

func benchmark(b *testing.B, path func(i int) string) {
	w := newWorld(b, options{pace: 1_000_000})
	w.crowd(benchStations)
	took := make([]time.Duration, 0, b.N)
	c := clock.System{}
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		q := httptest.NewRequestWithContext(context.Background(), "GET", path(i), nil)
		q.Header.Set("Authorization", "Bearer "+w.first.key)
		answer := httptest.NewRecorder()
		began := c.Now()
		w.server.ServeHTTP(answer, q)
		took = append(took, c.Now().Sub(began))
		if answer.Code != http.StatusOK {
			b.Fatal(answer.Body)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

func BenchmarkGetStation(b *testing.B) {
	benchmark(b, func(i int) string { return fmt.Sprintf("/api/v1/stations/CP-%06d", i*7919%benchStations) })
}

func BenchmarkListStations(b *testing.B) {
	benchmark(b, func(int) string { return "/api/v1/stations?limit=50" })
}

// From the call of Commit to the event on an open stream.
func BenchmarkEventToStream(b *testing.B) {
	w := newWorld(b, options{})
	l := w.listen(b, w.first.key, "", "")
	took := make([]time.Duration, 0, b.N)
	c := clock.System{}
	for i := 0; b.Loop(); i++ {
		began := c.Now()
		w.events(1, i)
		l.next()
		took = append(took, c.Now().Sub(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}
