package load

import (
	"slices"
	"time"
)

// Tally is what came of a load.
type Tally struct {
	Done      int   // answered
	Failed    int   // refused, lost or not answered in time
	First     error // the first of the failures in no particular order; nil when there is none
	Elapsed   time.Duration
	Latencies Latencies // of what was answered, sorted
}

// PerSecond is the rate at which things were done.
func (t Tally) PerSecond() float64 {
	if t.Elapsed <= 0 {
		return 0
	}
	return float64(t.Done) / t.Elapsed.Seconds()
}

// Latencies are durations in rising order.
type Latencies []time.Duration

// At returns the smallest latency that so many per mille of all do not exceed: 500
// is the median, 1000 the greatest. It is 0 when there are none.
func (l Latencies) At(permille int) time.Duration {
	if len(l) == 0 {
		return 0
	}
	rank := (len(l)*permille + 999) / 1000
	return l[min(max(rank, 1), len(l))-1]
}

// count is what one goroutine adds to a Tally.
type count struct {
	latencies []time.Duration
	failed    int
	first     error
}

func (c *count) add(latency time.Duration, err error) {
	if err == nil {
		c.latencies = append(c.latencies, latency)
		return
	}
	c.failed++
	if c.first == nil {
		c.first = err
	}
}

// tally sums up.
func tally(counts []count, elapsed time.Duration) Tally {
	t := Tally{Elapsed: elapsed}
	for _, c := range counts {
		t.Done += len(c.latencies)
		t.Failed += c.failed
		t.Latencies = append(t.Latencies, c.latencies...)
		if t.First == nil {
			t.First = c.first
		}
	}
	slices.Sort(t.Latencies)
	return t
}
