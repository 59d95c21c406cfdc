package fill

import "math"

// ramp is how one current, or the sum of several, rises with the level: not at all
// before from, then by slope, no further than to.
type ramp struct{ from, to, slope float64 }

// levelOf returns the level at which ramps together have risen by room. They rise
// further than that, and room is above 0. Their order changes.
//
// It halves the levels in question at a bend of one of the ramps that bend between
// them, as quickselect does: all others are a straight line there, whose height and
// slope are known. So it takes O(ramps) on average, and no sorting; nothing is ever
// subtracted from a sum, so that a steep ramp does not drown a flat one.
func levelOf(ramps []ramp, room float64) float64 {
	low, high := math.Inf(1), math.Inf(1)
	for i := range ramps {
		low = min(low, ramps[i].from)
	}
	var height, slope float64 // at low, and from low to high, of those that are straight there
	for len(ramps) > 0 {
		level := bend(ramps, high)
		at := split(ramps, level)
		straight := height + slope*(level-low)
		if straight+at.endedHeight+at.height > room {
			high, ramps = level, ramps[:at.begun]
		} else {
			low, height, ramps = level, straight+at.endedHeight, ramps[at.ended:]
		}
		bent := 0
		for i, r := range ramps {
			switch {
			case r.from >= high: // as short as roundings
			case r.from <= low && r.to >= high:
				height += r.slope * (low - r.from)
				slope += r.slope
			default:
				ramps[i], ramps[bent] = ramps[bent], r
				bent++
			}
		}
		ramps = ramps[:bent]
	}
	if slope <= 0 {
		return low
	}
	return min(max(low+(room-height)/slope, low), high)
}

// parts are ramps at a level: the first have ended, the last, from begun on, have not
// yet begun, and the others rise.
type parts struct {
	ended, begun        int
	endedHeight, height float64 // of the first, and of those that rise
}

// split orders ramps by where they are at a level.
func split(ramps []ramp, level float64) parts {
	p := parts{begun: len(ramps)}
	for i := 0; i < p.begun; {
		r := ramps[i]
		switch {
		case r.to <= level:
			p.endedHeight += r.slope * (r.to - r.from)
			ramps[i], ramps[p.ended] = ramps[p.ended], r
			p.ended++
			i++
		case r.from < level:
			p.height += r.slope * (level - r.from)
			i++
		default:
			p.begun--
			ramps[i], ramps[p.begun] = ramps[p.begun], r
		}
	}
	return p
}

// bend returns a level below high at which one of the ramps bends: the middle one of
// three.
func bend(ramps []ramp, high float64) float64 {
	of := func(r *ramp) float64 {
		if r.to < high {
			return r.to
		}
		return r.from
	}
	a, b, c := of(&ramps[0]), of(&ramps[len(ramps)/2]), of(&ramps[len(ramps)-1])
	return max(min(a, b), min(max(a, b), c))
}

// cut returns the ramps as they are when their level stops: none rises above it.
// Those that it stops and that began together are one from now on.
func cut(ramps []ramp, level float64) []ramp {
	kept, stopped := ramps[:0], -1
	for _, r := range ramps {
		if r.from >= level {
			continue
		}
		if r.to > level {
			r.to = level
			if stopped >= 0 && kept[stopped].from == r.from {
				kept[stopped].slope += r.slope
				continue
			}
			stopped = len(kept)
		}
		kept = append(kept, r)
	}
	return kept
}
