package powerlab

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"pylon/internal/domain/power/solve"
	"pylon/internal/domain/power/solve/limit"
	"pylon/internal/kernel/fault"
)

// scenarioFile is evload-scenario/1 as it is written: the members that something
// follows from. Pointers are members that must be there and may be 0.
type scenarioFile struct {
	Name string `json:"name"`
	Time struct {
		StepS float64 `json:"step_s"`
		Steps int     `json:"steps"`
	} `json:"time"`
	Network struct {
		EVSEs       []evse       `json:"evses"`
		Constraints []constraint `json:"constraints"`
	} `json:"network"`
	Overrides []override `json:"limit_overrides"`
	Sessions  []session  `json:"sessions"`
	Signals   *signals   `json:"signals"`
}

type evse struct {
	ID   string  `json:"id"`
	MaxA float64 `json:"max_a"`
	KW   float64 `json:"volts_per_amp_kw"`
}

type constraint struct {
	Name   string                `json:"name"`
	LimitA *float64              `json:"limit_a"`
	Phasor bool                  `json:"phasor"`
	Coef   map[string][2]float64 `json:"coef"`
}

type override struct {
	Constraint string   `json:"constraint"`
	From       *int     `json:"from"`
	To         int      `json:"to"`
	LimitA     *float64 `json:"limit_a"`
}

type session struct {
	ID        string   `json:"id"`
	EVSE      string   `json:"evse"`
	Arrival   *int     `json:"arrival"`
	Departure int      `json:"departure"`
	EnergyKWh float64  `json:"energy_kwh"`
	MaxKW     float64  `json:"max_kw"`
	Weight    *float64 `json:"weight"`
}

type signals struct {
	Price   []float64 `json:"price_per_kwh"`
	Solar   []float64 `json:"solar_kw"`
	Demand  float64   `json:"demand_charge_per_kw"`
	Penalty float64   `json:"unmet_energy_penalty_per_kwh"`
}

const secondsPerHour = 3600

// parseScenario reads a scenario and checks it.
func parseScenario(text []byte) (*Scenario, error) {
	var f scenarioFile
	if err := decode(text, &f); err != nil {
		return nil, err
	}
	s := &Scenario{Name: f.Name, Hours: f.Time.StepS / secondsPerHour, Steps: f.Time.Steps}
	for _, part := range []struct {
		at   string
		read func(*scenarioFile) error
	}{
		{"/time", s.readTime},
		{"/network", s.readNetwork},
		{"/limit_overrides", s.readOverrides},
		{"/sessions", s.readSessions},
		{"/signals", s.readSignals},
	} {
		if err := part.read(&f); err != nil {
			return nil, fault.Below(part.at, err)
		}
	}
	return s, nil
}

func (s *Scenario) readTime(f *scenarioFile) error {
	if f.Time.Steps < 1 || f.Time.Steps > stepsMax {
		return fault.InvalidField("/steps", "out_of_range", fmt.Sprintf("is a number of steps from 1 to %d", stepsMax))
	}
	return positive("/step_s", f.Time.StepS)
}

func (s *Scenario) readNetwork(f *scenarioFile) error {
	n := &f.Network
	if err := count("/evses", len(n.EVSEs), 1, evsesMax); err != nil {
		return err
	}
	if err := count("/constraints", len(n.Constraints), 0, constraintsMax); err != nil {
		return err
	}
	outlets := named{}
	for i, e := range n.EVSEs {
		at := fmt.Sprintf("/evses/%d", i)
		if err := cmp.Or(outlets.add(at+"/id", e.ID), positive(at+"/max_a", e.MaxA), positive(at+"/volts_per_amp_kw", e.KW)); err != nil {
			return err
		}
	}
	s.Limits = &limit.Set{Outlets: len(n.EVSEs)}
	rows := named{}
	for i := range n.Constraints {
		at := fmt.Sprintf("/constraints/%d", i)
		if err := rows.add(at+"/name", n.Constraints[i].Name); err != nil {
			return err
		}
		row, err := n.Constraints[i].row(outlets)
		if err != nil {
			return fault.Below(at, err)
		}
		s.Limits.Rows = append(s.Limits.Rows, row)
	}
	return s.Limits.Check()
}

// row returns the limit that a constraint is.
func (c *constraint) row(outlets named) (limit.Row, error) {
	if err := amount("/limit_a", c.LimitA); err != nil {
		return limit.Row{}, err
	}
	r := limit.Row{Name: c.Name, Limit: *c.LimitA, Terms: make([]limit.Term, 0, len(c.Coef))}
	for _, id := range slices.Sorted(maps.Keys(c.Coef)) {
		z, at := c.Coef[id], "/coef/"+escape(id)
		outlet, err := outlets.find(at, id)
		switch {
		case err != nil:
			return r, err
		case !(math.Abs(z[0]) <= numberMax && math.Abs(z[1]) <= numberMax):
			return r, fault.InvalidField(at, "out_of_range", fmt.Sprintf("are two numbers of at most %g", numberMax))
		case !c.Phasor && (z[0] < 0 || z[1] != 0):
			return r, fault.InvalidField(at, "no_phasor", "is [re, 0] with re not below 0, unless phasor is true")
		}
		r.Terms = append(r.Terms, limit.Term{Outlet: outlet, Re: z[0], Im: z[1]})
	}
	slices.SortFunc(r.Terms, func(a, b limit.Term) int { return cmp.Compare(a.Outlet, b.Outlet) })
	return r, nil
}

func (s *Scenario) readOverrides(f *scenarioFile) error {
	if err := count("", len(f.Overrides), 0, overridesMax); err != nil {
		return err
	}
	rows := named{}
	for i := range s.Limits.Rows {
		rows[s.Limits.Rows[i].Name] = i
	}
	for i, o := range f.Overrides {
		at := fmt.Sprintf("/%d", i)
		row, err := rows.find(at+"/constraint", o.Constraint)
		if err := cmp.Or(err, s.span(at, span{"from", "to", o.From, o.To}), amount(at+"/limit_a", o.LimitA)); err != nil {
			return err
		}
		s.Overrides = append(s.Overrides, solve.Override{Row: row, From: *o.From, To: o.To, Limit: *o.LimitA})
	}
	return nil
}

func (s *Scenario) readSessions(f *scenarioFile) error {
	if err := count("", len(f.Sessions), 0, sessionsMax); err != nil {
		return err
	}
	outlets, ids := named{}, named{}
	for i, e := range f.Network.EVSEs {
		outlets[e.ID] = i
	}
	for i := range f.Sessions {
		in, at := &f.Sessions[i], fmt.Sprintf("/%d", i)
		if in.Weight == nil {
			in.Weight = new(1.0)
		}
		outlet, err := outlets.find(at+"/evse", in.EVSE)
		err = cmp.Or(ids.add(at+"/id", in.ID), err, s.span(at, span{"arrival", "departure", in.Arrival, in.Departure}),
			positive(at+"/energy_kwh", in.EnergyKWh), positive(at+"/max_kw", in.MaxKW), positive(at+"/weight", *in.Weight))
		if err != nil {
			return err
		}
		e := &f.Network.EVSEs[outlet]
		s.Sessions = append(s.Sessions, Session{
			ID: in.ID, Outlet: outlet, Arrival: *in.Arrival, Departure: in.Departure,
			Energy: in.EnergyKWh, Max: min(e.MaxA, in.MaxKW/e.KW), KW: e.KW, Weight: *in.Weight,
		})
	}
	slices.SortStableFunc(s.Sessions, func(a, b Session) int { return cmp.Compare(a.Arrival, b.Arrival) })
	return s.alone(ids)
}

// alone refuses two sessions at one outlet at a time: an EVSE charges one car.
// places are those of the sessions in the file, by id.
func (s *Scenario) alone(places named) error {
	free := make([]int, s.Limits.Outlets) // from which step on, by outlet
	for i := range s.Sessions {
		in := &s.Sessions[i]
		if in.Arrival < free[in.Outlet] {
			return fault.InvalidField(fmt.Sprintf("/%d/arrival", places[in.ID]), "overlap", "is before the one who is at the EVSE has left")
		}
		free[in.Outlet] = in.Departure
	}
	return nil
}

func (s *Scenario) readSignals(f *scenarioFile) error {
	if f.Signals == nil {
		return nil
	}
	for _, series := range []struct {
		at    string
		of    []float64
		least float64
	}{{"/price_per_kwh", f.Signals.Price, -numberMax}, {"/solar_kw", f.Signals.Solar, 0}} {
		if len(series.of) != s.Steps {
			return fault.InvalidField(series.at, "length", fmt.Sprintf("has %d values for %d steps", len(series.of), s.Steps))
		}
		for i, v := range series.of {
			if !(v >= series.least && v <= numberMax) {
				return outOfRange(fmt.Sprintf("%s/%d", series.at, i), series.least)
			}
		}
	}
	if err := cmp.Or(amount("/demand_charge_per_kw", &f.Signals.Demand), amount("/unmet_energy_penalty_per_kwh", &f.Signals.Penalty)); err != nil {
		return err
	}
	s.Signals = &solve.Money{Price: f.Signals.Price, Solar: f.Signals.Solar, Demand: f.Signals.Demand, Penalty: f.Signals.Penalty}
	return nil
}
