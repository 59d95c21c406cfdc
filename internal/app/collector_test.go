package app

import "testing"

func TestCollectorPercent(t *testing.T) {
	const mib = 1 << 20
	for _, tt := range []struct {
		name            string
		perSecond, live uint64
		want            int
	}{
		{"idle node with many stations: little garbage", mib / 2, 300 * mib, percentLeast},
		{"small idle node: room that costs nothing to speak of", 0, 10 * mib, 160},
		{"nothing is known yet", 0, 0, percentMost},
		{"busy small node: all that helps", 110 * mib, 16 * mib, percentMost},
		{"busy node of middle size: no more than the room", 200 * mib, 32 * mib, 200},
		{"busy large node: as usual", 100 * mib, 500 * mib, percentUsual},
		{"half busy large node: what the share of a processor asks for", 20 * mib, 500 * mib, 78},
	} {
		if got := collectorPercent(tt.perSecond, tt.live); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestMemoryOfMachine(t *testing.T) {
	if got := memoryOfMachine(); got < 64<<20 || got > 1<<50 {
		t.Errorf("got %d bytes, which is no machine that runs tests", got)
	}
}
