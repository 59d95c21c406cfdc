package load

import (
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"pylon/internal/kernel/clock"
)

// Gather connects stations, at most atOnce at a time, and lets each step once:
// it has arrived when that was answered. The stations that have come back
// are those that arrived; the latency of each counts from its dialling.
func Gather(ctx context.Context, clk clock.Clock, configs []Config, atOnce int, step func(*Station) error) ([]*Station, Tally) {
	arrived := make([]*Station, len(configs))
	counts := make([]count, len(configs))
	next := make(chan int)
	begin := clk.Now()
	var running sync.WaitGroup
	for range min(atOnce, len(configs)) {
		running.Go(func() {
			for i := range next {
				from := clk.Now()
				s, err := arrive(ctx, configs[i], step)
				arrived[i] = s
				counts[i].add(clk.Now().Sub(from), err)
			}
		})
	}
	for i := range configs {
		next <- i
	}
	close(next)
	running.Wait()
	t := tally(counts, clk.Now().Sub(begin))
	return slices.DeleteFunc(arrived, func(s *Station) bool { return s == nil }), t
}

// arrive connects one station; nil when it or its step failed.
func arrive(ctx context.Context, c Config, step func(*Station) error) (*Station, error) {
	s, err := Connect(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := step(s); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Idle keeps stations listening, as most stations do most of the time, until
// their sockets end or stop is called. How many ended before is returned.
func Idle(stations []*Station) (stop func() (lost int)) {
	var running sync.WaitGroup
	var ended atomic.Int64
	for _, s := range stations {
		running.Go(func() {
			_ = s.Listen() // that it ended says enough
			ended.Add(1)
		})
	}
	return func() int {
		lost := int(ended.Load())
		for _, s := range stations {
			s.Close()
		}
		running.Wait()
		return lost
	}
}

// sources is how many addresses of the loopback network stations come from. One
// address has some 28,000 ports towards a server, and those just closed stay
// taken for a minute.
const sources = 16

// Source returns the address on the loopback network for the i-th station:
// 127.0.0.2 to 127.0.0.17.
func Source(i int) net.IP { return net.IPv4(127, 0, 0, byte(2+i%sources)) } //nolint:gosec // 2 to 17
