package swift

import (
	"sort"
	"time"
)

// flow is the least and the greatest current and power of a stretch.
type flow struct {
	value    [flows]fixed // A, kW
	reported [flows]bool
}

const (
	minCurrent = iota
	maxCurrent
	minPower
	maxPower
	flows
)

// set names the element (its place in the plan) that gives the price of each dimension.
type set [dimensions]int32

const none = -1

// looker finds the prices of one moment after another.
type looker struct {
	plan       *plan
	wall       wall
	day        int64
	today      []int32 // elements that the calendar lets apply on this day
	met        []int32 // those of them that the clock lets apply, too,
	until      int64   // as long as this
	durations  int     // thresholds that are reached
	energies   int
	last       set // what the last look found
	same       bool
	unreported uint8 // dimensions for whose price an element was passed over for want of a report
}

func newLooker(p *plan, zone *time.Location, origin time.Time) looker {
	l := looker{plan: p, met: make([]int32, 0, len(p.elements))}
	if len(p.edges) > 0 {
		l.wall = newWall(zone, origin)
		l.until, l.day = -never, -never
		return l
	}
	l.until = never
	for i := range p.elements {
		l.met = append(l.met, int32(i))
	}
	return l
}

// advance moves to an instant that is not before the last one.
func (l *looker) advance(at int64) {
	if at >= l.until {
		l.read(at)
		l.same = false
	}
	for l.durations < len(l.plan.durations) && l.plan.durations[l.durations] <= at {
		l.durations++
		l.same = false
	}
}

// consume tells how much energy was consumed by now.
func (l *looker) consume(kWh fixed) {
	for l.energies < len(l.plan.energies) && l.plan.energies[l.energies].cmp(kWh) <= 0 {
		l.energies++
		l.same = false
	}
}

// read finds the elements that clock and calendar let apply, and until when.
func (l *looker) read(at int64) {
	r := l.wall.at(at)
	if r.day != l.day {
		l.day, l.today = r.day, l.today[:0]
		for i := range l.plan.elements {
			if l.plan.elements[i].on(r) {
				l.today = append(l.today, int32(i))
			}
		}
	}
	l.met = l.met[:0]
	for _, i := range l.today {
		if l.plan.elements[i].window.contains(r.time) {
			l.met = append(l.met, i)
		}
	}
	next := int64(day)
	if i := sort.Search(len(l.plan.edges), func(i int) bool { return l.plan.edges[i] > r.time }); i < len(l.plan.edges) {
		next = l.plan.edges[i]
	}
	l.until = min(at+next-r.time, l.wall.until)
}

// look finds the prices of this moment: for each dimension the first element that has one and is met.
func (l *looker) look(f *flow) set {
	if l.same && !l.plan.flows {
		return l.last
	}
	l.last, l.same, l.unreported = set{none, none, none, none}, true, 0
	open := l.plan.dims
	for _, i := range l.met {
		e := &l.plan.elements[i]
		found := e.dims & open
		if found == 0 || l.durations < e.minDuration || l.durations >= e.maxDuration ||
			l.energies < e.minEnergy || l.energies >= e.maxEnergy {
			continue
		}
		if len(e.flows) > 0 {
			met, known := f.meets(e.flows)
			if met && !known {
				l.unreported |= found
			}
			if !met || !known {
				continue
			}
		}
		for d := range dimensions {
			if found&(1<<d) != 0 {
				l.last[d] = i
			}
		}
		if open &^= found; open == 0 {
			break
		}
	}
	return l.last
}

// meets reports whether all thresholds on what was reported are met, and whether all was reported.
func (f *flow) meets(all []threshold) (met, known bool) {
	known = true
	for i := range all {
		t := &all[i]
		switch {
		case !f.reported[t.of]:
			known = false
		case t.max && f.value[t.of].cmp(t.than) >= 0, !t.max && f.value[t.of].cmp(t.than) < 0:
			return false, true
		}
	}
	return true, known
}
