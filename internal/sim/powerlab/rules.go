package powerlab

import (
	"fmt"
	"strings"

	"pylon/internal/kernel/fault"
)

// named finds things by their names, each of which is there once.
type named map[string]int

func (n named) add(at, name string) error {
	if name == "" {
		return fault.InvalidField(at, "required", "is a name")
	}
	if _, twice := n[name]; twice {
		return fault.InvalidField(at, "duplicate", "stands there before")
	}
	n[name] = len(n)
	return nil
}

func (n named) find(at, name string) (int, error) {
	i, there := n[name]
	if !there {
		return 0, fault.InvalidField(at, "unknown_value", "names nothing that the file has")
	}
	return i, nil
}

// span is from one step to before another, under the names that a file has for them.
type span struct {
	fromName, toName string
	from             *int
	to               int
}

// span wants at least one step, and all of them in the scenario.
func (s *Scenario) span(at string, p span) error {
	switch {
	case p.from == nil:
		return fault.InvalidField(at+"/"+p.fromName, "required", "is a step")
	case *p.from < 0:
		return fault.InvalidField(at+"/"+p.fromName, "out_of_range", "is a step, the first is 0")
	case p.to <= *p.from:
		return fault.InvalidField(at+"/"+p.toName, "order", "is a step behind "+p.fromName)
	case p.to > s.Steps:
		return fault.InvalidField(at+"/"+p.toName, "out_of_range", fmt.Sprintf("is at most the number of steps, %d", s.Steps))
	}
	return nil
}

func count(at string, n, least, most int) error {
	if n < least || n > most {
		return fault.InvalidField(at, "length", fmt.Sprintf("has from %d to %d entries", least, most))
	}
	return nil
}

// positive wants a number above 0. One that is missing is 0.
func positive(at string, v float64) error {
	if !(v > 0 && v <= numberMax) {
		return fault.InvalidField(at, "out_of_range", fmt.Sprintf("is a number above 0, at most %g", numberMax))
	}
	return nil
}

// amount wants a number that is there and not below 0.
func amount(at string, v *float64) error {
	if v == nil {
		return fault.InvalidField(at, "required", "is a number")
	}
	if !(*v >= 0 && *v <= numberMax) {
		return outOfRange(at, 0)
	}
	return nil
}

func outOfRange(at string, least float64) error {
	return fault.InvalidField(at, "out_of_range", fmt.Sprintf("is a number from %g to %g", least, numberMax))
}

// escape writes a name as a part of a pointer.
// Source: RFC 6901, section 3.
func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }
