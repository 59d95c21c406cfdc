package plan

import (
	"cmp"
	"slices"
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Subscription is a customer's plan.
type Subscription struct {
	ID           ident.SubscriptionID
	Organisation ident.OrganisationID
	Customer     ident.CustomerID
	Plan         ident.PlanID
	From         time.Time
	Until        time.Time // exclusive; zero: goes on
	Pauses       []Pause   // in order, and apart
	Next         Month     // whose fee is billed next; "": no more
	DueAt        time.Time // when it is: the month is over; zero: never
	CreatedAt    time.Time
	Version      int64
}

// Pause is a stretch in which a subscription costs and gives nothing.
type Pause struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"` // exclusive; zero: goes on
}

// State is where a subscription is in its life.
type State string

// The states.
const (
	Coming State = "coming" // it has not begun
	Active State = "active"
	Paused State = "paused"
	Ended  State = "ended"
)

// State returns where the subscription is at a moment.
func (s *Subscription) State(at time.Time) State {
	switch {
	case !s.Until.IsZero() && !at.Before(s.Until):
		return Ended
	case at.Before(s.From):
		return Coming
	}
	for _, p := range s.Pauses {
		if within(p.From, p.Until, at) {
			return Paused
		}
	}
	return Active
}

// Begin returns the subscription as it begins: the fee of its first month is billed
// when that is over.
func (s Subscription) Begin(zone *time.Location) Subscription {
	return s.billing(MonthOf(s.From, zone), zone)
}

// Billed returns the subscription with its next month's fee billed.
func (s Subscription) Billed(zone *time.Location) Subscription { return s.billing(s.Next.Add(1), zone) }

// billing sets the month whose fee is billed next, if there is one.
func (s Subscription) billing(next Month, zone *time.Location) Subscription {
	s.Next, s.DueAt = next, next.End(zone)
	if !s.Until.IsZero() && !s.Until.After(next.Begin(zone)) {
		s.Next, s.DueAt = "", time.Time{}
	}
	return s
}

// Overlaps reports whether two subscriptions are ever in force together, paused
// or not.
func (s *Subscription) Overlaps(other *Subscription) bool {
	return (s.Until.IsZero() || other.From.Before(s.Until)) && (other.Until.IsZero() || s.From.Before(other.Until)) && !s.void() && !other.void()
}

// void reports whether it ended before it began.
func (s *Subscription) void() bool { return !s.Until.IsZero() && !s.Until.After(s.From) }

// pausesMax bounds the pauses of a subscription: one a month for eight years.
const pausesMax = 100

// Pause returns the subscription paused from a moment on, which has not passed.
func (s Subscription) Pause(at, now time.Time) (Subscription, error) {
	if err := s.may(at, now); err != nil {
		return s, err
	}
	last := len(s.Pauses) - 1
	switch {
	case last >= 0 && s.Pauses[last].Until.IsZero():
		return s, fault.New(fault.Conflict, "subscription_paused")
	case last >= 0 && at.Before(s.Pauses[last].Until):
		return s, fault.InvalidField("/at", "order", "must not be before the end of the last pause")
	case len(s.Pauses) == pausesMax:
		return s, fault.New(fault.Exhausted, "subscription_pauses_exhausted", "max", "100")
	}
	s.Pauses = append(slices.Clip(s.Pauses), Pause{From: at})
	return s, nil
}

// Resume returns the subscription in force again from a moment on, which has not
// passed.
func (s Subscription) Resume(at, now time.Time) (Subscription, error) {
	if err := s.may(at, now); err != nil {
		return s, err
	}
	last := len(s.Pauses) - 1
	if last < 0 || !s.Pauses[last].Until.IsZero() {
		return s, fault.New(fault.Conflict, "subscription_not_paused")
	}
	pauses := slices.Clone(s.Pauses)
	if pauses[last].Until = at; !at.After(pauses[last].From) { // it never came to it
		pauses = pauses[:last]
	}
	s.Pauses = pauses
	return s, nil
}

// may refuses a change that would be in the past, or behind the end.
func (s *Subscription) may(at, now time.Time) error {
	switch {
	case !s.Until.IsZero() && !at.Before(s.Until):
		return fault.New(fault.Conflict, "subscription_ended")
	case at.Before(now):
		return fault.InvalidField("/at", "past", "must not be in the past")
	case at.Before(s.From):
		return fault.InvalidField("/at", "order", "must not be before the beginning")
	}
	return nil
}

// End returns the subscription with its end at a moment, which has not passed; a
// later end can be moved. One that has not begun ends where it would begin.
func (s Subscription) End(at, now time.Time, zone *time.Location) (Subscription, error) {
	switch {
	case s.State(now) == Ended:
		return s, fault.New(fault.Conflict, "subscription_ended")
	case at.Before(now):
		return s, fault.InvalidField("/at", "past", "must not be in the past")
	}
	s.Until = at
	if at.Before(s.From) {
		s.Until = s.From
	}
	return s.billing(cmp.Or(s.Next, MonthOf(s.From, zone)), zone), nil // without a next month it ended before it began, until now
}

// Filter chooses subscriptions of an organisation; a zero field does not choose.
type Filter struct {
	Customer ident.CustomerID
	Plan     ident.PlanID
}
