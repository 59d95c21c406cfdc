package rest

import (
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/domain/plan"
	"pylon/internal/flow/admin"
)

// Benefits is what a customer has beyond the tariffs, now.
type Benefits struct {
	CustomerID   string             `json:"customer_id" example:"cus_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Month        string             `json:"month" example:"2026-05" doc:"In the organisation's zone"`
	Subscription *Subscription      `json:"subscription" doc:"That is in force; null: none"`
	Plan         *Plan              `json:"plan" doc:"Its"`
	Usage        *BenefitsUsage     `json:"usage" doc:"Of the subscription in this month"`
	Allowance    *BenefitsAllowance `json:"allowance" doc:"Null: the plan gives none"`
	Tier         *PlanTier          `json:"tier" doc:"That is reached this month; null: none"`
	Points       int64              `json:"points"`
	Vouchers     []HeldVoucher      `json:"vouchers" doc:"With something left, 100 at most"`
}

// BenefitsUsage is what was charged.
type BenefitsUsage struct {
	KWh      Decimal `json:"kwh"`
	Sessions int64   `json:"sessions"`
}

// BenefitsAllowance is energy that was paid for before.
type BenefitsAllowance struct {
	KWh  Decimal `json:"kwh"`
	Left Decimal `json:"left_kwh"`
}

// HeldVoucher is a voucher in a customer's hands.
type HeldVoucher struct {
	VoucherID  string       `json:"voucher_id" example:"vch_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	CustomerID string       `json:"customer_id" example:"cus_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Name       *string      `json:"name" doc:"As bills have it"`
	RedeemedAt Time         `json:"redeemed_at" nullable:"false"`
	ValidFrom  Time         `json:"valid_from"`
	ValidUntil Time         `json:"valid_until"`
	Value      VoucherValue `json:"value"`
	Left       VoucherValue `json:"left" doc:"Of the value"`
}

// NewReward says for which reward points are given.
type NewReward struct {
	Reward string `json:"reward" minLength:"1" maxLength:"100" example:"5 euros" doc:"Its name in the customer's plan"`
}

func viewHeld(h plan.Held) HeldVoucher {
	left := h.Left()
	return HeldVoucher{
		VoucherID: string(h.Of.ID), CustomerID: string(h.Customer), Name: orNull(h.Of.Called()), RedeemedAt: Time{h.At},
		ValidFrom: Time{h.Of.From}, ValidUntil: Time{h.Of.Until}, Value: viewValue(&h.Of.Value), Left: viewValue(&left),
	}
}

func createdHeld(h plan.Held) Created[HeldVoucher] {
	return Created[HeldVoucher]{Location: prefix + "/vouchers/" + string(h.Of.ID), Body: viewHeld(h)}
}

func (s *Server) viewBenefits(b *admin.Benefits) Benefits {
	v := Benefits{CustomerID: string(b.Customer), Month: string(b.Month), Points: b.Points, Vouchers: []HeldVoucher{}}
	for _, h := range b.Vouchers {
		v.Vouchers = append(v.Vouchers, viewHeld(h))
	}
	if b.Plan == nil {
		return v
	}
	v.Subscription, v.Plan = new(s.viewSubscription(*b.Subscription)), new(viewPlan(*b.Plan))
	v.Usage = &BenefitsUsage{KWh: kilo(b.Usage.Energy), Sessions: b.Usage.Sessions}
	if b.Plan.Terms.Allowance != nil {
		v.Allowance = &BenefitsAllowance{KWh: kilo(b.Granted), Left: kilo(max(0, b.Granted-b.Usage.Covered))}
	}
	if b.Tier != nil {
		v.Tier = new(viewTier(b.Tier))
	}
	return v
}

func (s *Server) benefitOperations() {
	handle(s, operation{
		id: "get-customer-benefits", method: http.MethodGet, path: "/customers/{customerId}/benefits", tag: "plans", scope: account.SubscriptionsRead,
		summary: "Get what a customer has beyond the tariffs",
		detail:  "His plan, what he has charged this month, what is left of his allowance, his points and his vouchers. Sessions that run have used nothing yet.",
	}, func(ctx context.Context, by account.Actor, in *struct{ InCustomer }) (*struct{ Body Benefits }, error) {
		who, err := s.customer(ctx, by, in.InCustomer)
		if err != nil {
			return nil, err
		}
		b, err := s.admin.Benefits(ctx, by, who.ID)
		return &struct{ Body Benefits }{s.viewBenefits(&b)}, err
	})
	handle(s, operation{
		id: "spend-customer-points", method: http.MethodPost, path: "/customers/{customerId}/rewards", tag: "plans", scope: account.SubscriptionsWrite,
		status: http.StatusCreated, onceKey: keyTaken, refuses: []int{http.StatusConflict},
		summary: "Give a customer a reward for his points", detail: "A reward of his plan: a voucher that he holds at once.", example: map[string]any{"reward": "5 euros"},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InCustomer
		Payload[NewReward]
	},
	) (*Created[HeldVoucher], error) {
		who, err := s.customer(ctx, by, in.InCustomer)
		if err != nil {
			return nil, err
		}
		h, err := s.admin.SpendPoints(ctx, by, who.ID, in.Body.value.Reward, keep(ctx, http.StatusCreated, createdHeld))
		if err != nil {
			return nil, err
		}
		return new(createdHeld(h)), nil
	})
}
