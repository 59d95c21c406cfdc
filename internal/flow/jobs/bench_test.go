package jobs_test

import (
	"testing"

	"pylon/internal/domain/job"
	"pylon/internal/flow/jobs"
	"pylon/internal/kernel/clock"
)

// BenchmarkCreate makes jobs for 10,000 stations: a tenth of the most.
func BenchmarkCreate(b *testing.B) {
	w := newWorld(b)
	w.stations(10_000)
	for b.Loop() {
		w.create(jobs.NewJob{Filter: job.Filter{Vendor: "*"}})
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/10_000, "µs/target")
}

// BenchmarkRun carries out a job at 2,000 stations that answer at once, as fast
// as a job may go.
func BenchmarkRun(b *testing.B) {
	const n = 2000
	w := newWorldAt(b, clock.NewWarped(start(), 1))
	for _, id := range w.stations(n) {
		w.connect(id, yes)
	}
	w.work()
	for b.Loop() {
		made := w.create(jobs.NewJob{Filter: job.Filter{Vendor: "*"}, Concurrency: job.ConcurrencyMax})
		w.until(made.ID, job.Job.Finished)
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "stations/s")
}
