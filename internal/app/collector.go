package app

import (
	"bytes"
	"context"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"time"

	"pylon/internal/kernel/clock"
)

// How much room the garbage collector gets. Its work for a byte that is
// allocated is what lives, divided by the room that garbage has until the next
// cycle. A node with many idle stations has much that lives and allocates
// little: little room costs it nothing. A busy one allocates a hundred
// megabytes a second: much room saves it a tenth of its CPU.
const (
	// collectorShare is what the collector may take of one processor, as one in
	// so many.
	collectorShare = 40
	// markedPerSecond is what one processor marks of the heap in a second.
	markedPerSecond = 1 << 30
	roomLeast       = 16 << 20 // bytes; a small heap would be collected all the time
	roomMost        = 64 << 20 // bytes, where that is more than percentUsual: more helps little and is scattered among what lives
	percentLeast    = 20
	percentUsual    = 100
	percentMost     = 400
	// collectorPause is between two looks at how much is allocated: a storm of
	// connects begins within a second.
	collectorPause = time.Second
	// machineQuarters is how many quarters of the memory that we may have the heap
	// may take before the collector works harder, whatever it costs.
	machineQuarters = 3
)

// TendCollector gives the garbage collector of this process as much room as its
// work asks for, until ctx ends: an idle node gives memory back, a busy one
// spends it. What the operator has set (GOGC, GOMEMLIMIT) stays.
func TendCollector(ctx context.Context) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		if most := memoryOfMachine(); most > 0 {
			debug.SetMemoryLimit(most / 4 * machineQuarters)
		}
	}
	percent := debug.SetGCPercent(percentUsual)
	if percent != percentUsual {
		debug.SetGCPercent(percent)
		return
	}
	clk := clock.System{}
	ticks, stop := clk.Ticker(collectorPause)
	defer stop()
	allocated, _ := heap()
	for {
		select {
		case <-ticks:
		case <-ctx.Done():
			return
		}
		now, live := heap()
		next := collectorPercent((now-allocated)/uint64(collectorPause/time.Second), live)
		allocated = now
		if next >= percent+percent/4 || next <= percent-percent/4 { // each change stops the world for some microseconds
			debug.SetGCPercent(next)
			percent = next
		}
	}
}

// collectorPercent is how much garbage there may be, in per cent of what lives,
// when so many bytes are allocated a second.
func collectorPercent(perSecond, live uint64) int {
	percent := perSecond * 100 * collectorShare / markedPerSecond
	live = max(live, 1)
	percent = min(percent, percentMost, max(percentUsual, roomMost*100/live))
	return int(min(max(percent, percentLeast, roomLeast*100/live), percentMost))
}

// heap returns how many bytes were ever allocated, and how many lived at the end
// of the last cycle.
func heap() (allocated, live uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), samples[1].Value.Uint64()
}

// memoryOfMachine returns how much memory this process may have, in bytes: the
// machine's, or less if its control group says so; 0 when nobody knows.
func memoryOfMachine() int64 {
	most := int64(0)
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		if fields := bytes.Fields(text); len(fields) > 1 && string(fields[0]) == "MemTotal:" {
			kib, _ := strconv.ParseInt(string(fields[1]), 10, 64) // 0 is not known
			most = kib << 10
		}
	}
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if group, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil { // else it says max
			most = min(most, group)
		}
	}
	return most
}
