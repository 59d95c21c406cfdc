package power

import (
	"math/big"

	"pylon/internal/kernel/unit"
)

// microwatts in a watt: a milliampere at a millivolt is one of them.
const microwatts = 1_000_000

// Power returns what an outlet takes from the grid at a current in its lines, for a
// car that loads pins, rounded down.
func (o *Outlet) Power(current unit.MilliAmpere, pins Pins) unit.Watt {
	return unit.Watt(o.power(current, pins).Int64())
}

// Delivered returns what of it a car gets: all, or what a rectifier passes on.
func (o *Outlet) Delivered(current unit.MilliAmpere, pins Pins) unit.Watt {
	if o.Joint != DC {
		return o.Power(current, pins)
	}
	return o.Power(current, pins) * unit.Watt(o.Efficiency) / 1000
}

// CurrentFor returns the most current at which a car is delivered no more than a
// power.
func (o *Outlet) CurrentFor(power unit.Watt, pins Pins) unit.MilliAmpere {
	low, high := unit.MilliAmpere(0), o.Most
	for low < high {
		middle := low + (high-low+1)/2
		if o.Delivered(middle, pins) <= power {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low
}

// power returns watts, rounded down. A load between all three lines has √3 times the
// tension between two.
func (o *Outlet) power(current unit.MilliAmpere, pins Pins) *big.Int {
	over, linked := o.perAmpere(o.Used(pins))
	product := new(big.Int).Mul(big.NewInt(over), big.NewInt(int64(current)))
	if linked {
		product.Mul(product, product)
		product.Sqrt(product.Mul(product, big.NewInt(3)))
	}
	return product.Quo(product, big.NewInt(microwatts))
}

// perAmpere returns microwatts for each milliampere in a line, √3 times as many where
// linked.
func (o *Outlet) perAmpere(used Pins) (over int64, linked bool) {
	switch {
	case o.Joint == DC:
		return int64(lineCount) * int64(o.Tension), false
	case o.Joint == Delta:
		return int64(o.Tension), used.Count() == int(lineCount)
	}
	return int64(used.Count()) * int64(o.Tension), false
}
