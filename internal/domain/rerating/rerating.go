// Package rerating asks what sessions of the past would have cost by another
// tariff, and, when somebody wants that, has them billed by it: what was issued
// is credited and billed anew, never edited.
//
// A simulation comes first: it looks at each session once, notes what its bill
// says and what it would say, and changes nothing. It can then be confirmed: the
// correction takes exactly the sessions that the simulation found to change, by
// the very prices that were found, and leaves out each one whose bill is not the
// one that was compared any more.
package rerating

import (
	"time"

	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
)

// Rerating is the question what past sessions cost by another tariff, and how far
// it has been answered.
type Rerating struct {
	ID           ident.ReratingID
	Organisation ident.OrganisationID
	Mode         Mode
	Simulation   ident.ReratingID // that a correction confirms; "" of a simulation
	Choice       Choice
	Pricing      Pricing
	Reason       string // of a correction, for people: why customers get other bills
	By           ident.KeyID
	ByName       string
	CreatedAt    time.Time

	State     State
	Code      string           // why it failed
	Confirmed ident.ReratingID // the correction that confirms a simulation; "": none does
	Expected  int64            // sessions to be looked at, as they were counted at its start
	Counts    Counts
	Totals    []Sum // one for each currency, by code
	At        Place // of the last session that was looked at
	StartedAt time.Time
	EndedAt   time.Time
	Forgotten bool // its differences are not kept any more
	Version   int64
}

// Mode is what a re-rating is for.
type Mode string

// The modes.
const (
	Simulate Mode = "simulate" // changes nothing
	Correct  Mode = "correct"  // credits and bills anew
)

// State is how far a re-rating has come.
type State string

// The states.
const (
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Cancelled State = "cancelled" // what had been corrected stays so
	Failed    State = "failed"
)

// Choice chooses sessions of an organisation that have ended and that somebody
// pays for; a zero field does not choose.
type Choice struct {
	From     time.Time        `json:"from"`  // ended at or after; never zero
	Until    time.Time        `json:"until"` // ended before; never zero
	Site     ident.SiteID     `json:"site,omitzero"`
	Station  ident.StationID  `json:"station,omitzero"`
	Token    ident.TokenID    `json:"token,omitzero"`
	Customer ident.CustomerID `json:"customer,omitzero"` // who owes the bill
	Tariff   ident.TariffID   `json:"tariff,omitzero"`   // that priced it
}

// Pricing is by what sessions are priced: a tariff, terms that nobody has
// published, or whatever the assignments, as they are now, choose.
type Pricing struct {
	Tariff   ident.TariffID `json:"tariff,omitzero"`
	Edition  int            `json:"edition,omitzero"` // of the tariff; 0: the one that was valid when the session began
	Terms    *tariff.Terms  `json:"terms,omitzero"`
	Assigned bool           `json:"assigned,omitzero"`
}

// Place is where in the order of sessions a re-rating stands: a simulation's is by
// their ends, a correction's by their identifiers.
type Place struct {
	EndedAt time.Time
	Session ident.SessionID
}

// Counts are the sessions of a re-rating by what was found.
type Counts struct {
	Seen      int64    `json:"seen"` // looked at, those among them that were not chosen
	Changed   int64    `json:"changed"`
	Unchanged int64    `json:"unchanged"`
	Held      int64    `json:"held"`
	Skipped   int64    `json:"skipped"`
	Reasons   []Reason `json:"reasons,omitzero"` // of Held and Skipped, by code
}

// Reason is why sessions were left out.
type Reason struct {
	Code     string `json:"code"`
	Sessions int64  `json:"sessions"`
}

// Chosen is how many sessions were compared or left out.
func (c *Counts) Chosen() int64 { return c.Changed + c.Unchanged + c.Held + c.Skipped }

// Amounts are of a bill or of many, in minor units.
type Amounts struct {
	Net   int64 `json:"net"`
	Tax   int64 `json:"tax"`
	Total int64 `json:"total"`
}

func (a Amounts) plus(b Amounts) Amounts {
	return Amounts{a.Net + b.Net, a.Tax + b.Tax, a.Total + b.Total}
}

// Sum is what bills of one currency came to, before and after. What was held or
// skipped is in neither.
type Sum struct {
	Currency money.Currency `json:"currency"`
	Sessions int64          `json:"sessions"` // that have an amount of this currency before or after
	Changed  int64          `json:"changed"`
	Before   Amounts        `json:"before"`
	After    Amounts        `json:"after"`
}

// Difference returns what the bills come to more than before; below zero: less.
func (s *Sum) Difference() Amounts {
	return Amounts{s.After.Net - s.Before.Net, s.After.Tax - s.Before.Tax, s.After.Total - s.Before.Total}
}

// CustomerSum is a sum of one who pays.
type CustomerSum struct {
	Rerating     ident.ReratingID
	Organisation ident.OrganisationID
	Debtor       string // as the books call him
	Sum
}

// Ended reports whether nothing of the re-rating will change any more, but for what
// is forgotten in time.
func (r *Rerating) Ended() bool { return !r.EndedAt.IsZero() }

// Begin says that its sessions were counted, and are looked at from now on.
func (r Rerating) Begin(expected int64, now time.Time) Rerating {
	r.State, r.Expected, r.StartedAt = Running, expected, now
	r.Version++
	return r
}

// Cancel keeps more sessions from being looked at. One that has ended is Conflict.
func (r Rerating) Cancel(now time.Time) (Rerating, error) {
	if r.Ended() {
		return r, fault.New(fault.Conflict, "rerating_ended", "rerating", string(r.ID), "state", string(r.State))
	}
	r.Version++
	return r.end(Cancelled, now), nil
}

// Fail says that it cannot go on, as a code.
func (r Rerating) Fail(code string, now time.Time) Rerating {
	r.Code = code
	r.Version++
	return r.end(Failed, now)
}

// end is part of a change that raises the version.
func (r Rerating) end(s State, now time.Time) Rerating {
	r.State, r.EndedAt = s, now
	return r
}

// Confirm makes the correction that a simulation was for. It is asked for once,
// of a simulation that is done and by a tariff that was published.
func (r Rerating) Confirm(correction Rerating) (was, next Rerating, err error) {
	switch {
	case r.Mode != Simulate || r.State != Done:
		return r, r, fault.New(fault.Conflict, "rerating_not_done", "rerating", string(r.ID))
	case r.Confirmed != "":
		return r, r, fault.New(fault.Conflict, "rerating_confirmed", "rerating", string(r.ID), "correction", string(r.Confirmed))
	case r.Pricing.Terms != nil:
		return r, r, fault.New(fault.Conflict, "rerating_of_draft", "rerating", string(r.ID))
	case r.Forgotten:
		return r, r, fault.New(fault.Conflict, "rerating_forgotten", "rerating", string(r.ID))
	}
	correction.Mode, correction.Simulation, correction.Organisation = Correct, r.ID, r.Organisation
	correction.Choice, correction.Pricing, correction.State, correction.Version = r.Choice, r.Pricing, Queued, 1
	r.Confirmed = correction.ID
	r.Version++
	return r, correction, correction.Check()
}

// Forget says that its differences are not kept any more.
func (r Rerating) Forget() Rerating {
	r.Forgotten = true
	r.Version++
	return r
}

// Forgotten are differences of a re-rating up to a session that are not kept any
// more.
type Forgotten struct {
	Rerating ident.ReratingID
	Until    ident.SessionID
}

// Filter chooses differences; a zero field does not choose.
type Filter struct {
	Debtor  string
	Outcome Outcome
}
