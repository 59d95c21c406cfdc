package solve

import (
	"fmt"
	"math"

	"pylon/internal/kernel/fault"
)

// check returns what is wrong with a step, as [fault.Invalid].
func (e *Engine) check(step *Step) error {
	taken := make([]bool, e.set.Outlets)
	for i := range step.Cars {
		c, at := &step.Cars[i], fmt.Sprintf("/cars/%d", i)
		switch {
		case c.Outlet < 0 || c.Outlet >= len(taken):
			return fault.InvalidField(at+"/outlet", "unknown_value", "names an outlet that is not there")
		case taken[c.Outlet]:
			return fault.InvalidField(at+"/outlet", "unknown_value", "names an outlet that has a car already")
		case !finite(c.Max, c.KW, c.Energy, c.Weight) || c.Weight < 0:
			return fault.InvalidField(at, "out_of_range", "has a number that is none, or a weight below 0")
		}
		taken[c.Outlet] = true
	}
	for i, o := range step.Overrides {
		at := fmt.Sprintf("/overrides/%d", i)
		if o.Row < 0 || o.Row >= len(e.set.Rows) {
			return fault.InvalidField(at+"/row", "unknown_value", "names a row that is not there")
		}
		if !finite(o.Limit) || o.Limit < 0 {
			return fault.InvalidField(at+"/limit", "out_of_range", "is a number of amperes, 0 or more")
		}
	}
	if m := step.Money; m != nil && (!finite(m.Demand, m.Peak, m.Penalty) || !finite(m.Price...) || !finite(m.Solar...)) {
		return fault.InvalidField("/money", "out_of_range", "has a number that is none")
	}
	return nil
}

func finite(numbers ...float64) bool {
	for _, f := range numbers {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}
