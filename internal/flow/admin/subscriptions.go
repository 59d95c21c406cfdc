package admin

import (
	"context"
	"fmt"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/plan"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// NewSubscription is a subscription to be made.
type NewSubscription struct {
	Customer ident.CustomerID `json:"customer_id"`
	Plan     ident.PlanID     `json:"plan_id"`
	From     time.Time        `json:"valid_from,omitzero"` // not in the past; zero: now
}

// SubscriptionNotice is the data of a subscription event.
type SubscriptionNotice struct {
	ID       ident.SubscriptionID `json:"id"`
	Customer ident.CustomerID     `json:"customer_id"`
	Plan     ident.PlanID         `json:"plan_id"`
	State    plan.State           `json:"state"` // at the time of the event
}

// Subscribe lets a customer have a plan. He has one at a time: else
// subscription_overlaps ([fault.Conflict]), as plan_closed is for a plan that is not
// offered then.
func (s *Service) Subscribe(ctx context.Context, by account.Actor, in NewSubscription, keep Keep[plan.Subscription]) (plan.Subscription, error) {
	if err := by.Can(account.SubscriptionsWrite); err != nil {
		return plan.Subscription{}, err
	}
	var made plan.Subscription
	err := decide(0, func() error {
		now := s.clock.Now()
		from := in.From
		if from.IsZero() {
			from = now
		}
		if from.Before(now) {
			return fault.InvalidField("/valid_from", "past", "must not be in the past")
		}
		who, err := s.store.Customer(ctx, by.Organisation, in.Customer)
		if err != nil {
			return unknown("/customer_id", err)
		}
		of, err := s.store.Offer(ctx, by.Organisation, in.Plan)
		if err != nil {
			return unknown("/plan_id", err)
		}
		if !of.Open(from) {
			return fault.New(fault.Conflict, "plan_closed")
		}
		zone, err := s.zoneOf(ctx, by.Organisation)
		if err != nil {
			return err
		}
		made = plan.Subscription{
			ID: ident.New[ident.SubscriptionID](now), Organisation: by.Organisation, Customer: who.ID, Plan: of.ID, From: from, CreatedAt: now, Version: 1,
		}.Begin(zone)
		if err := s.alone(ctx, &made); err != nil {
			return err
		}
		d := deed{"subscription.create", subscriptionEvent(event.SubscriptionCreated, &made, now), in}
		of.Version++ // its row moves, so that nobody who has seen it without subscriptions removes it
		err = s.commit(ctx, by, d, &change.Set{
			Subscriptions: []plan.Subscription{made}, Plans: []plan.Plan{of}, Idempotency: keep.of(made),
			Reads: []change.Read{{Kind: change.KindCustomer, ID: string(who.ID), Version: who.Version}},
		})
		return otherwise(err, overlaps())
	})
	return made, err
}

func overlaps() *fault.Error { return fault.New(fault.Conflict, "subscription_overlaps") }

// alone refuses a subscription beside another one of the customer. Two that begin at
// the same time are kept apart by the database.
func (s *Service) alone(ctx context.Context, made *plan.Subscription) error {
	all, err := s.store.CustomerSubscriptions(ctx, made.Customer, made.From)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].ID != made.ID && all[i].Overlaps(made) {
			return overlaps()
		}
	}
	return nil
}

// PauseSubscription lets a subscription cost and give nothing from a moment on; zero
// is now. A version other than 0 must be the one that stands ([fault.Stale] otherwise).
func (s *Service) PauseSubscription(ctx context.Context, by account.Actor, id ident.SubscriptionID, at time.Time, version int64) (plan.Subscription, error) {
	return s.moveSubscription(ctx, by, id, version, func(was plan.Subscription, now time.Time, _ *time.Location) (plan.Subscription, string, error) {
		next, err := was.Pause(orNow(at, now), now)
		return next, "subscription.pause", err
	})
}

// ResumeSubscription ends the pause of a subscription, likewise.
func (s *Service) ResumeSubscription(ctx context.Context, by account.Actor, id ident.SubscriptionID, at time.Time, version int64) (plan.Subscription, error) {
	return s.moveSubscription(ctx, by, id, version, func(was plan.Subscription, now time.Time, _ *time.Location) (plan.Subscription, string, error) {
		next, err := was.Resume(orNow(at, now), now)
		return next, "subscription.resume", err
	})
}

// EndSubscription ends a subscription at a moment; zero is with the month.
func (s *Service) EndSubscription(ctx context.Context, by account.Actor, id ident.SubscriptionID, at time.Time, version int64) (plan.Subscription, error) {
	return s.moveSubscription(ctx, by, id, version, func(was plan.Subscription, now time.Time, zone *time.Location) (plan.Subscription, string, error) {
		until := at
		if until.IsZero() {
			until = plan.MonthOf(now, zone).End(zone)
		}
		next, err := was.End(until, now, zone)
		if err == nil && until.After(was.Until) { // it goes on for longer than it would have
			err = s.alone(ctx, &next)
		}
		return next, "subscription.end", err
	})
}

func orNow(at, now time.Time) time.Time {
	if at.IsZero() {
		return now
	}
	return at
}

func (s *Service) moveSubscription(ctx context.Context, by account.Actor, id ident.SubscriptionID, version int64,
	to func(was plan.Subscription, now time.Time, zone *time.Location) (next plan.Subscription, action string, err error),
) (plan.Subscription, error) {
	if err := by.Can(account.SubscriptionsWrite); err != nil {
		return plan.Subscription{}, err
	}
	var next plan.Subscription
	err := decide(version, func() error {
		was, err := s.store.Subscription(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		zone, err := s.zoneOf(ctx, by.Organisation)
		if err != nil {
			return err
		}
		now := s.clock.Now()
		var action string
		if next, action, err = to(was, now, zone); err != nil {
			return err
		}
		next.Version++
		changed := struct {
			Pauses []plan.Pause `json:"pauses"`
			Until  string       `json:"valid_until"`
		}{next.Pauses, moment(&next.Until)}
		d := deed{action, subscriptionEvent(event.SubscriptionUpdated, &next, now), changed}
		return s.commit(ctx, by, d, &change.Set{Subscriptions: []plan.Subscription{next}})
	})
	return next, err
}

// zoneOf returns the zone in which an organisation's months are.
func (s *Service) zoneOf(ctx context.Context, id ident.OrganisationID) (*time.Location, error) {
	org, err := s.store.Organisation(ctx, string(id))
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(org.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("organisation %s: %w", id, err)
	}
	return zone, nil
}

func subscriptionEvent(t event.Type, s *plan.Subscription, now time.Time) event.Event {
	return event.Event{
		Type: t, Organisation: s.Organisation, Subject: string(s.ID), Version: s.Version,
		Data: SubscriptionNotice{ID: s.ID, Customer: s.Customer, Plan: s.Plan, State: s.State(now)},
	}
}
