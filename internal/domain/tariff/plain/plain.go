// Package plain says what a session costs, the slow and plain way.
//
// It is one of two raters, and the one to be read: it goes through the text of
// OCPI's modules tariffs and cdrs, and through the comments of package rating, in
// their own words. It cuts a session at every instant that could matter, asks of
// each small stretch by itself what applies there, and puts neighbours together
// again that turn out the same. All numbers are exact until the invoice. It shares
// nothing with the other rater but the kernel.
package plain

import (
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
)

// Rate answers a question. What breaks a rule or a limit of package rating is
// fault.Invalid, with the pointer of the field; so are amounts that no invoice holds.
func Rate(q *rating.Question) (*rating.Answer, error) {
	s, err := read(q)
	if err != nil {
		return nil, err
	}
	periods, err := s.periods()
	if err != nil {
		return nil, err
	}
	reserved := s.charge(rating.InReservation, s.reserved())
	charged := s.charge(rating.InSession, periods)
	b := &bill{tax: q.Tariff.TaxIncluded, fallback: q.DefaultVAT}
	for _, t := range append(reserved, charged...) {
		b.charge(t, s.tariff.components[t.element][t.dimension])
	}
	a := &rating.Answer{
		Billed: rating.Billed{
			Energy:      volume(charged, rating.Energy),
			Charging:    volume(charged, rating.Time),
			Parking:     volume(charged, rating.ParkingTime),
			Reservation: volume(reserved, rating.Time),
		},
		Periods: s.splits(periods),
		Lines:   b.lines,
		Flags:   s.flags(periods),
		Before:  total(b.lines),
	}
	a.Total = a.Before
	if !s.expired() {
		a.Total, a.Limits = limit(a.Before, &q.Tariff)
	}
	if len(a.Limits) > 0 {
		b.limit(a.Before, &q.Tariff)
	}
	for i := range q.Adjustments {
		s.adjust(b, &q.Adjustments[i], a.Billed.Energy)
	}
	a.Lines, a.Extras = b.lines[:len(a.Lines):len(a.Lines)], b.lines[len(a.Lines):]
	a.Due = total(b.lines)
	if a.Invoice, err = b.invoice(q.Tariff.Currency); err != nil {
		return nil, fault.InvalidField("/session", "range", "costs more than an invoice holds: "+err.Error())
	}
	return a, nil
}

// tally is the volume that one component of the tariff gave in one phase.
type tally struct {
	phase     rating.Phase
	dimension rating.Dimension
	element   int
	volume    exact.Number // kWh, seconds, or 1
}

// volume adds up what there is of a dimension.
func volume(tallies []tally, of rating.Dimension) exact.Number {
	var sum exact.Number
	for _, t := range tallies {
		if t.dimension == of {
			sum = sum.Add(t.volume)
		}
	}
	return sum
}

// charge counts the volumes of a phase with an active component, in the order in
// which the components first gave one, step sizes included.
func (s *session) charge(phase rating.Phase, periods []period) []tally {
	var tallies []tally
	last := map[rating.Dimension]int{} // the tally of the last component that gave volume
	for _, p := range periods {
		for _, dimension := range dimensions() {
			element, active := p.active[dimension]
			volume := p.volume(dimension)
			if _, billed := last[rating.Flat]; billed && dimension == rating.Flat {
				volume = exact.Number{} // FLAT is billed once in each phase
			}
			if !active || volume.Sign() == 0 {
				continue
			}
			at := find(tallies, dimension, element)
			if at == len(tallies) {
				tallies = append(tallies, tally{phase, dimension, element, exact.Number{}})
			}
			tallies[at].volume = tallies[at].volume.Add(volume)
			last[dimension] = at
		}
	}
	s.step(tallies, last, rating.Energy)
	// TIME is not rounded when parking was billed, too: "step_size is only taken into account for the total parking duration".
	if _, parked := last[rating.ParkingTime]; parked {
		s.step(tallies, last, rating.ParkingTime)
	} else {
		s.step(tallies, last, rating.Time)
	}
	return tallies
}

func find(tallies []tally, dimension rating.Dimension, element int) int {
	for i, t := range tallies {
		if t.dimension == dimension && t.element == element {
			return i
		}
	}
	return len(tallies)
}

// step rounds the whole volume of a dimension up to the step size of the last component that
// gave volume of it, and adds what is missing to this one.
func (s *session) step(tallies []tally, last map[rating.Dimension]int, dimension rating.Dimension) {
	at, given := last[dimension]
	if !given {
		return
	}
	const wattHours = 1000 // of a kWh
	step := exact.Int(max(1, s.tariff.components[tallies[at].element][dimension].StepSize))
	if dimension == rating.Energy {
		step = step.Quo(exact.Int(wattHours))
	}
	whole := volume(tallies, dimension)
	tallies[at].volume = tallies[at].volume.Add(whole.Ceil(step).Sub(whole))
}
