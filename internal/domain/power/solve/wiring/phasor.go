// Package wiring knows what a current at an outlet is in the lines above it: where it
// flows, turned and scaled by star and delta loads and by transformers, and what rows
// of a [limit.Set] follow.
//
// Angles are those of the ideal three-phase network: line L1's voltage to neutral is at
// 0 degrees, L2's at -120, L3's at +120, and a load draws in phase with its voltage. All
// currents then lie on multiples of 30 degrees and are counted exactly, in numbers
// a + b·√3; rounding begins where a row is written. Whole units go in and come out, so
// that callers have no floating point of their own.
package wiring

import (
	"cmp"
	"math/big"
)

// surd is whole + root·√3.
type surd struct{ whole, root int64 }

func (a surd) plus(b surd) surd  { return surd{a.whole + b.whole, a.root + b.root} }
func (a surd) minus(b surd) surd { return surd{a.whole - b.whole, a.root - b.root} }
func (a surd) times(b surd) surd {
	return surd{a.whole*b.whole + 3*a.root*b.root, a.whole*b.root + a.root*b.whole}
}
func (a surd) half() surd             { return surd{a.whole / 2, a.root / 2} }
func (a surd) approximately() float64 { return float64(a.whole) + float64(a.root)*root3 }

const root3 = 1.7320508075688772935

// sign returns -1, 0 or 1, exactly: √3 is no fraction, so the squares decide.
func (a surd) sign() int {
	w, r := cmp.Compare(a.whole, 0), cmp.Compare(a.root, 0)
	if w == r || r == 0 {
		return w
	}
	if w == 0 || 3*a.root*a.root > a.whole*a.whole {
		return r
	}
	return w
}

// Phasor is what an ampere becomes: (re + j·im)/2. It is a sum of whole amperes at
// multiples of 30 degrees; the sums and turns here keep it one, so halving is exact.
type Phasor struct{ re, im surd }

// At returns one ampere at twelfths times 30 degrees.
func At(twelfths int) Phasor { return Phasor{re: surd{whole: 2}}.turned(twelfths) }

func (p Phasor) plus(q Phasor) Phasor  { return Phasor{p.re.plus(q.re), p.im.plus(q.im)} }
func (p Phasor) minus(q Phasor) Phasor { return Phasor{p.re.minus(q.re), p.im.minus(q.im)} }

// turned returns p turned by twelfths times 30 degrees.
func (p Phasor) turned(twelfths int) Phasor {
	root, one := surd{root: 1}, surd{whole: 1}
	for range (twelfths%12 + 12) % 12 { // (√3 + j)/2 each
		p = Phasor{
			p.re.times(root).minus(p.im.times(one)).half(),
			p.re.times(one).plus(p.im.times(root)).half(),
		}
	}
	return p
}

// along returns four times the part of p in the direction of q, times the length of q.
func (p Phasor) along(q Phasor) surd { return p.re.times(q.re).plus(p.im.times(q.im)) }

// across returns the same at a right angle: 0 where p and q lie on one line.
func (p Phasor) across(q Phasor) surd { return p.re.times(q.im).minus(p.im.times(q.re)) }

// Lines is what one ampere at an outlet is in each of the three lines at some place
// above it.
type Lines struct {
	of    [3]Phasor
	scale *big.Rat // of all three; nil: 1
}

// Star returns the currents of loads of one ampere each between lines and neutral.
func Star(lines ...int) Lines {
	var l Lines
	for _, line := range lines {
		l.of[line] = At(-4 * line)
	}
	return l
}

// Between returns the currents of a load of one ampere between two lines.
func Between(a, b int) Lines {
	if (a+1)%3 != b {
		a, b = b, a
	}
	var l Lines
	l.of[a] = At(1 - 4*a)
	l.of[b] = l.of[a].turned(6)
	return l
}

// Group is how the windings of a transformer are joined, as IEC 60076-1 writes it: the
// high side, the low side, and by how many twelfths of a turn the low side is behind.
type Group string

// The vector groups that distribution has between a grid and its chargers.
const (
	YNyn0 Group = "YNyn0" // star to star
	Dyn1  Group = "Dyn1"  // delta to star, usual in North America
	Dyn11 Group = "Dyn11" // delta to star, usual in Europe beside Dyn5, which has the currents of Dyn11 with lines renamed
)

// Through returns the currents in the lines of a transformer's primary side, whose
// windings have the given tensions: between lines in a delta, to neutral in a star.
// Magnetising current is left out.
func (l Lines) Through(group Group, primary, secondary int64) Lines {
	up := Lines{of: l.of, scale: big.NewRat(secondary, primary)}
	if l.scale != nil {
		up.scale.Mul(up.scale, l.scale)
	}
	// A delta's winding of line i goes on to the line behind it (Dyn11) or before it, and
	// the low side's tension is in phase with what is between these two.
	back, ahead := 0, 0
	switch group {
	case YNyn0:
		return up
	case Dyn1:
		back, ahead = 1, -1
	case Dyn11:
		back, ahead = 2, 1
	}
	for i := range up.of {
		up.of[i] = l.of[i].minus(l.of[(i+back)%3]).turned(ahead)
	}
	return up
}

// Line returns what flows in one line.
func (l Lines) Line(line int) Flow { return Flow{l.of[line], l.scale} }

// Neutral returns what flows in the neutral.
func (l Lines) Neutral() Flow { return Flow{l.of[0].plus(l.of[1]).plus(l.of[2]), l.scale} }

// Unbalance returns by what the currents of two lines differ, each seen from its own
// line's voltage. The magnitudes of two lines differ by at most the magnitude of it
// (the triangle inequality), and by exactly that where all loads are to neutral.
func (l Lines) Unbalance(a, b int) Flow {
	return Flow{l.of[a].turned(4 * a).minus(l.of[b].turned(4 * b)), l.scale}
}

// Flow is what one ampere of an outlet becomes in a row.
type Flow struct {
	phasor Phasor
	scale  *big.Rat // nil: 1
}

// Power returns a flow of over/under units for each ampere, √3 times as many where
// linked: a balanced load that is told by the tension between lines.
func Power(over, under int64, linked bool) Flow {
	f := Flow{phasor: At(0), scale: big.NewRat(over, under)}
	if linked {
		f.phasor.re = surd{root: 2}
	}
	return f
}

// Zero tells whether nothing flows.
func (f Flow) Zero() bool { return f.phasor == Phasor{} }

// number returns a part of a flow, which is told in halves.
func (f Flow) number(part surd) float64 { return f.factor() * part.approximately() / 2 }

func (f Flow) factor() float64 {
	if f.scale == nil {
		return 1
	}
	n, _ := f.scale.Float64()
	return n
}
