package rest

import (
	"context"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/plan"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
)

// Subscription is a customer's plan.
type Subscription struct {
	ID         string              `json:"id" example:"sub_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	CustomerID string              `json:"customer_id" example:"cus_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	PlanID     string              `json:"plan_id" example:"pln_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	State      string              `json:"state" enum:"coming,active,paused,ended"`
	ValidFrom  Time                `json:"valid_from" nullable:"false"`
	ValidUntil Time                `json:"valid_until" doc:"Exclusive; null: it goes on"`
	Pauses     []SubscriptionPause `json:"pauses" doc:"In which it costs and gives nothing, in order"`
	NextMonth  *string             `json:"next_month" example:"2026-05" doc:"The month whose fee is billed next; null: no more"`
	DueAt      Time                `json:"due_at" doc:"When it is: the month is over"`
	CreatedAt  Time                `json:"created_at" nullable:"false"`
}

// SubscriptionPause is a stretch in which a subscription costs and gives nothing.
type SubscriptionPause struct {
	From  Time `json:"from" nullable:"false"`
	Until Time `json:"until" doc:"Exclusive; null: it goes on"`
}

// NewSubscription is a subscription to be made.
type NewSubscription struct {
	CustomerID string     `json:"customer_id" minLength:"1" maxLength:"64"`
	PlanID     string     `json:"plan_id" minLength:"1" maxLength:"64"`
	ValidFrom  *time.Time `json:"valid_from,omitzero" nullable:"false" doc:"Not in the past; now when left out"`
}

// NewMoment says when something is to be.
type NewMoment struct {
	At *time.Time `json:"at,omitzero" nullable:"false" doc:"Not in the past"`
}

// SubscriptionFilter is the input of the list of subscriptions.
type SubscriptionFilter struct {
	CustomerID string `query:"customer_id" maxLength:"64"`
	PlanID     string `query:"plan_id" maxLength:"64"`
}

// InSubscription is the path of one subscription.
type InSubscription struct {
	Subscription string `path:"subscriptionId" maxLength:"64" example:"sub_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func (s *Server) viewSubscription(of plan.Subscription) Subscription {
	v := Subscription{
		ID: string(of.ID), CustomerID: string(of.Customer), PlanID: string(of.Plan), State: string(of.State(s.clock.Now())),
		ValidFrom: Time{of.From}, ValidUntil: Time{of.Until}, Pauses: []SubscriptionPause{},
		NextMonth: orNull(of.Next), DueAt: Time{of.DueAt}, CreatedAt: Time{of.CreatedAt},
	}
	for _, p := range of.Pauses {
		v.Pauses = append(v.Pauses, SubscriptionPause{Time{p.From}, Time{p.Until}})
	}
	return v
}

func (s *Server) oneSubscription(of plan.Subscription) *One[Subscription] {
	v := s.viewSubscription(of)
	return &One[Subscription]{ETag: etag(of.Version, wordOf(v.State)), Body: v}
}

func (s *Server) createdSubscription(of plan.Subscription) Created[Subscription] {
	one := s.oneSubscription(of)
	return Created[Subscription]{Location: prefix + "/subscriptions/" + string(of.ID), ETag: one.ETag, Body: one.Body}
}

// subscription returns the subscription of a path.
func (s *Server) subscription(ctx context.Context, by account.Actor, in InSubscription) (plan.Subscription, error) {
	id, err := pathID[ident.SubscriptionID](in.Subscription)
	if err != nil {
		return plan.Subscription{}, err
	}
	return s.store.Subscription(ctx, by.Organisation, id)
}

func (s *Server) subscriptionOperations() {
	handle(s, operation{
		id: "list-subscriptions", method: http.MethodGet, path: "/subscriptions", tag: "plans", scope: account.SubscriptionsRead,
		summary: "List customers' subscriptions", detail: "The oldest first.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		SubscriptionFilter
	},
	) (*Listed[Subscription], error) {
		found, err := s.store.Subscriptions(ctx, by.Organisation, plan.Filter{
			Customer: ident.CustomerID(in.CustomerID), Plan: ident.PlanID(in.PlanID),
		}, in.query(""))
		return listed(ctx, found, err, s.viewSubscription)
	})
	handle(s, operation{
		id: "get-subscription", method: http.MethodGet, path: "/subscriptions/{subscriptionId}", tag: "plans", scope: account.SubscriptionsRead,
		summary: "Get a subscription",
	}, func(ctx context.Context, by account.Actor, in *struct{ InSubscription }) (*One[Subscription], error) {
		of, err := s.subscription(ctx, by, in.InSubscription)
		return s.oneSubscription(of), err
	})
	handle(s, operation{
		id: "create-subscription", method: http.MethodPost, path: "/subscriptions", tag: "plans", scope: account.SubscriptionsWrite,
		status: http.StatusCreated, onceKey: keyTaken, refuses: []int{http.StatusConflict},
		summary: "Let a customer have a plan", detail: "One at a time. Sessions that begin while it is in force have what the plan gives.",
		example: map[string]any{"customer_id": "cus_01JD3K6X5M8Q2V7T9WBNCRFHYZ", "plan_id": "pln_01JD3K6X5M8Q2V7T9WBNCRFHYZ"},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewSubscription] }) (*Created[Subscription], error) {
		b := &in.Body.value
		of, err := s.admin.Subscribe(ctx, by, admin.NewSubscription{
			Customer: ident.CustomerID(b.CustomerID), Plan: ident.PlanID(b.PlanID), From: or(b.ValidFrom),
		}, keep(ctx, http.StatusCreated, s.createdSubscription))
		return new(s.createdSubscription(of)), err
	})
	for _, turn := range []struct {
		id, summary, detail string
		move                func(context.Context, account.Actor, ident.SubscriptionID, time.Time, int64) (plan.Subscription, error)
	}{
		{"pause", "Let a subscription cost and give nothing for a while", "From a moment on, or from now on. A day of which any part is not paused is paid.", s.admin.PauseSubscription},
		{"resume", "End the pause of a subscription", "At a moment, or now.", s.admin.ResumeSubscription},
		{"end", "End a subscription", "At a moment, or with the month. What it has cost is billed when the month is over.", s.admin.EndSubscription},
	} {
		handle(s, operation{
			id: turn.id + "-subscription", method: http.MethodPost, path: "/subscriptions/{subscriptionId}/" + turn.id, tag: "plans", scope: account.SubscriptionsWrite,
			summary: turn.summary, detail: turn.detail, example: map[string]any{"at": "2027-06-30T22:00:00Z"},
			refuses: []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired, http.StatusConflict},
		}, func(ctx context.Context, by account.Actor, in *struct {
			InSubscription
			IfMatch
			Payload[NewMoment]
		},
		) (*One[Subscription], error) {
			there, err := s.subscription(ctx, by, in.InSubscription)
			if err != nil {
				return nil, err
			}
			version, err := in.needed()
			if err != nil {
				return nil, err
			}
			of, err := turn.move(ctx, by, there.ID, or(in.Body.value.At), version)
			return s.oneSubscription(of), err
		})
	}
}
