package horizon

import (
	"math"
)

// What is taken off is searched for by steps of Newton, which end after a few unless
// they go round in circles; then by halves: 2^-50 of a kWh is below all meters.
const (
	newtons = 20
	halves  = 50
)

// project moves a wish to the nearest quantities within [0, most] whose sum is at most
// energy. It returns what was taken off each; level is a guess of that.
func project(wish, most []float64, energy, level float64) float64 {
	sum, low, high := 0.0, 0.0, 0.0
	for b, w := range wish {
		sum += clip(w, most[b])
		high = max(high, w)
	}
	if sum <= energy {
		for b, w := range wish {
			wish[b] = clip(w, most[b])
		}
		return 0
	}
	for i := range newtons + halves {
		if level < low || level > high || i > 0 && (level == low || level == high) || i >= newtons { // it led back to where it came from
			level = (low + high) / 2
		}
		sum, free := 0.0, 0
		for b, w := range wish {
			x := w - level
			switch {
			case x <= 0:
			case x >= most[b]:
				sum += most[b]
			default:
				sum += x
				free++
			}
		}
		over := sum - energy
		if over > 0 {
			low = level
		}
		if over <= 1e-12*energy {
			high = level
		}
		if math.Abs(over) <= 1e-12*energy {
			break
		}
		if free > 0 {
			level += over / float64(free)
		} else {
			level = -1
		}
		if high-low <= 1e-15*high {
			break
		}
	}
	for b, w := range wish {
		wish[b] = clip(w-high, most[b])
	}
	return high
}

func clip(x, most float64) float64 { return min(max(x, 0), most) }

// magnitude is [math.Hypot] where nothing is near the ends of what a float can hold.
func magnitude(re, im float64) float64 {
	if im == 0 {
		return math.Abs(re)
	}
	return math.Sqrt(re*re + im*im)
}
