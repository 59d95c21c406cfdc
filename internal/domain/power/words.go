package power

import (
	"strconv"
	"strings"
	"time"

	"pylon/internal/kernel/unit"
)

// Words returns an explanation as an operator reads it, with times as at the site:
//
//	9 A: feeder F2/L1 at 61 of 63 A; rank 3 of 5; more at 18:40
//
// Numbers have one decimal at most. The same explanation has the same words.
func (e *Explanation) Words(at *time.Location) string {
	var parts []string
	if causes := e.causes(at); causes != "" {
		parts = append(parts, causes)
	}
	if e.Of > 0 {
		parts = append(parts, "rank "+strconv.Itoa(e.Rank)+" of "+strconv.Itoa(e.Of))
	}
	if e.Later != nil {
		parts = append(parts, "more at "+e.clock(e.Later.At, at))
	}
	return amps(e.Current) + ": " + strings.Join(parts, "; ")
}

func (e *Explanation) causes(at *time.Location) string {
	said := make([]string, len(e.Causes))
	for i, c := range e.Causes {
		said[i] = e.cause(&c, at)
	}
	text := strings.Join(said, ", ")
	if e.Least && e.Next > 0 {
		return amps(e.Next) + " does not fit; " + text
	}
	return text
}

func (e *Explanation) cause(c *Cause, at *time.Location) string {
	switch c.Kind {
	case ByNobody:
		return "no car wants current"
	case ByCar:
		return "the car takes " + amps(c.Most.Current) + " at most"
	case ByOutlet:
		return "the outlet has " + amps(c.Most.Current) + " at most"
	case ByPlan:
		return "as planned"
	case ByLimit:
	}
	text := string(c.Place.Kind) + " " + c.Place.String() + " at " + c.beside()
	if c.Place.Quantity == Unbalance {
		text += " of difference"
	}
	text += c.Source.words()
	if !c.Until.IsZero() {
		text += " until " + e.clock(c.Until, at)
	}
	return text
}

// words returns who limits, "" for the site itself.
func (s Source) words() string {
	text := ""
	switch s.Kind {
	case Configured:
	case Planned:
		text = ", planned"
	case Manual:
		text = ", by hand"
	case DemandResponse:
		text = ", by demand response"
	}
	if s.Name != "" {
		text += " (" + s.Name + ")"
	}
	return text
}

// clock returns a time of the site's day, with the day where it is another.
func (e *Explanation) clock(t time.Time, at *time.Location) string {
	local, now := t.In(at), e.At.In(at)
	if local.YearDay() == now.YearDay() && local.Year() == now.Year() {
		return local.Format("15:04")
	}
	return local.Format("2 January 15:04")
}

// beside returns what flows beside what may.
func (c *Cause) beside() string {
	if c.Place.Quantity == TotalPower {
		return tenths(int64(c.Flows.Power)) + " of " + tenths(int64(c.Most.Power)) + " kW"
	}
	return tenths(int64(c.Flows.Current)) + " of " + amps(c.Most.Current)
}

// tenths returns thousandths as whole or with one decimal, rounded half up.
func tenths(milli int64) string {
	const milliPerTenth = 100
	n := (milli + milliPerTenth/2) / milliPerTenth
	text := strconv.FormatInt(n/10, 10)
	if n%10 != 0 {
		text += "." + strconv.FormatInt(n%10, 10)
	}
	return text
}

// amps returns a current as people write it.
func amps(current unit.MilliAmpere) string { return tenths(int64(current)) + " A" }
