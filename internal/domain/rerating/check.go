package rerating

import (
	"strings"
	"unicode/utf8"

	"pylon/internal/kernel/fault"
)

const (
	// SessionsMost bounds the sessions of a re-rating: as many as the largest
	// operators have in half a year. More are two re-ratings.
	SessionsMost = 5_000_000
	// reasonMost is what an auditor still reads.
	reasonMost = 500
)

// Check reports what is wrong with a new re-rating, naming the field as callers
// know it. Whether its tariff is there is not known here.
func (r *Rerating) Check() error {
	c := &r.Choice
	switch {
	case c.From.IsZero():
		return fault.InvalidField("/sessions/ended_from", "required", "says from when on sessions are chosen")
	case c.Until.IsZero():
		return fault.InvalidField("/sessions/ended_until", "required", "says until when sessions are chosen")
	case !c.From.Before(c.Until):
		return fault.InvalidField("/sessions/ended_until", "order", "must be after the start")
	}
	if err := r.Pricing.check(); err != nil {
		return err
	}
	if r.Mode != Correct {
		return nil
	}
	switch {
	case r.Pricing.Terms != nil:
		return fault.InvalidField("/pricing/terms", "not_allowed", "nobody is billed by terms that were not published")
	case strings.TrimSpace(r.Reason) == "":
		return fault.InvalidField("/reason", "required", "says why customers get other bills")
	case utf8.RuneCountInString(r.Reason) > reasonMost:
		return fault.InvalidField("/reason", "too_long", "has at most 500 characters")
	}
	return nil
}

func (p *Pricing) check() error {
	said := 0
	for _, is := range []bool{p.Tariff != "", p.Terms != nil, p.Assigned} {
		if is {
			said++
		}
	}
	switch {
	case said != 1:
		return fault.InvalidField("/pricing", "ambiguous", "is one of a tariff, terms and what is assigned")
	case p.Edition < 0:
		return fault.InvalidField("/pricing/edition", "out_of_range", "is 1 or above")
	case p.Edition > 0 && p.Tariff == "":
		return fault.InvalidField("/pricing/edition", "without_tariff", "is one of a tariff's, which has to be named, too")
	case p.Terms != nil:
		return fault.Below("/pricing/terms", p.Terms.Check())
	}
	return nil
}
