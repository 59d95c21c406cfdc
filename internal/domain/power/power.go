// Package power is the load manager's model of a site: what limits what, who may take
// what, and why an outlet got what it got.
//
// A [Site] is a tree of limits with outlets as leaves. [Site.Check] says what is wrong
// with it, [Site.Compile] makes the rows of it that the kernels of power sharing read,
// and [Compiled.At] the limits that hold at a time. [Compiled.Explain] tells in data and
// in words what kept an outlet from more, and [Compiled.Silence] what a site draws at
// most when stations fall silent.
//
// All quantities are whole: milliamperes, millivolts, watts. Currents turn and scale on
// their way up, which [wiring] counts.
package power

import (
	"math/bits"
	"strconv"
	"strings"

	"pylon/internal/kernel/fault"
)

// Line is one of the three lines of a network, from 0.
type Line int

// The lines.
const (
	L1 Line = iota
	L2
	L3
	lineCount
)

// String returns L1, L2 or L3.
func (l Line) String() string { return "L" + strconv.Itoa(int(l)+1) }

// MarshalText returns the line as [Line.String] does.
func (l Line) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads L1, L2 or L3; else it is [fault.Invalid].
func (l *Line) UnmarshalText(text []byte) error {
	for line := range lineCount {
		if line.String() == string(text) {
			*l = line
			return nil
		}
	}
	return fault.InvalidField("", "unknown_value", "must be L1, L2 or L3")
}

// Lines is a set of lines.
type Lines uint8

// The sets that have names.
const (
	NoLines  Lines = 0
	AllLines Lines = 1<<lineCount - 1
)

// LinesOf returns a set of lines.
func LinesOf(lines ...Line) Lines {
	var set Lines
	for _, l := range lines {
		set |= 1 << l
	}
	return set
}

// Has tells whether a line is in the set.
func (s Lines) Has(l Line) bool { return s&(1<<l) != 0 }

// Count returns how many lines are in the set.
func (s Lines) Count() int { return bits.OnesCount8(uint8(s)) }

// Pins is a set of a connector's three contacts for line current: those that a car
// loads. A car of one phase loads [Pin1].
type Pins uint8

// The contacts. Of a car that nobody knows, each and every set of them is thought of.
const (
	UnknownPins Pins = 0
	Pin1        Pins = 1
	Pin2        Pins = 2
	Pin3        Pins = 4
	TwoPins          = Pin1 | Pin2
	AllPins          = Pin1 | Pin2 | Pin3
)

// Count returns how many contacts are in the set.
func (p Pins) Count() int { return bits.OnesCount8(uint8(p)) }

// Rotation tells to which line each contact of a connector is joined: three letters of
// R (L1), S (L2), T (L3), and x for a contact that is joined to none. "RST" is the
// usual one, "Rxx" an outlet of one phase, "STx" one between L2 and L3.
// Source: OCPP 2.0.1 part 2 appendix 3, PhaseRotation; 1.6, ConnectorPhaseRotation.
type Rotation string

// ParseRotation returns s as a rotation, or [fault.Invalid].
func ParseRotation(s string) (Rotation, error) {
	seen := NoLines
	for i := range len(s) {
		at := strings.IndexByte("RST", s[i])
		if at < 0 && s[i] != 'x' || at >= 0 && seen.Has(Line(at)) {
			return "", fault.InvalidField("", "rotation", "must be three of R, S, T (each once) and x")
		}
		if at >= 0 {
			seen |= 1 << at
		}
	}
	if len(s) != int(lineCount) || seen == NoLines {
		return "", fault.InvalidField("", "rotation", "must be three of R, S, T (each once) and x")
	}
	return Rotation(s), nil
}

// Pins returns the contacts that are joined to a line.
func (r Rotation) Pins() Pins {
	var joined Pins
	for pin := range len(r) {
		if r[pin] != 'x' {
			joined |= 1 << pin
		}
	}
	return joined
}

// Lines returns the lines that a set of contacts is joined to.
func (r Rotation) Lines(pins Pins) Lines {
	lines := NoLines
	for pin := range len(r) {
		if at := strings.IndexByte("RST", r[pin]); at >= 0 && pins&(1<<pin) != 0 {
			lines |= 1 << at
		}
	}
	return lines
}

// each returns the lines of a set as numbers.
func (s Lines) each() []int {
	var lines []int
	for l := range lineCount {
		if s.Has(l) {
			lines = append(lines, int(l))
		}
	}
	return lines
}
