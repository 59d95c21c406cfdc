package store

import "pylon/internal/domain/plan"

var offers = table[plan.Plan]{"plans", 1, 2, func(to []column, p *plan.Plan) []column {
	return append(to,
		text("id", &p.ID),
		text("org", &p.Organisation),
		text("name", &p.Name),
		text("currency", &p.Currency),
		when("valid_from", &p.From),
		when("valid_until", &p.Until),
		doc("terms", &p.Terms),
		always("created_at", &p.CreatedAt),
		number("version", &p.Version),
	)
}}

var subscriptions = table[plan.Subscription]{"subscriptions", 1, 4, func(to []column, s *plan.Subscription) []column {
	return append(to,
		text("id", &s.ID),
		text("org", &s.Organisation),
		text("customer", &s.Customer),
		text("plan", &s.Plan),
		always("valid_from", &s.From),
		when("valid_until", &s.Until),
		doc("pauses", &s.Pauses),
		text("next_month", &s.Next),
		when("due_at", &s.DueAt),
		always("created_at", &s.CreatedAt),
		number("version", &s.Version),
	)
}}

var usages = table[plan.Usage]{"plan_months", 1, 5, func(to []column, u *plan.Usage) []column {
	return append(to,
		derived("id", u.Key()),
		text("subscription", &u.Subscription),
		text("month", &u.Month),
		text("org", &u.Organisation),
		text("customer", &u.Customer),
		number("energy_mwh", &u.Energy),
		number("sessions", &u.Sessions),
		number("covered_mwh", &u.Covered),
		number("version", &u.Version),
	)
}}

var vouchers = table[plan.Voucher]{"vouchers", 1, 2, func(to []column, v *plan.Voucher) []column {
	return append(to,
		text("id", &v.ID),
		text("org", &v.Organisation),
		text("name", &v.Name),
		text("batch", &v.Batch),
		digest(&v.Hash),
		text("hint", &v.Hint),
		doc("value", &v.Value),
		when("valid_from", &v.From),
		when("valid_until", &v.Until),
		text("customer", &v.Customer),
		number("holders_most", &v.HoldersMost),
		number("holders", &v.Holders),
		always("created_at", &v.CreatedAt),
		number("version", &v.Version),
	)
}}

var redemptions = table[plan.Redemption]{"redemptions", 1, 5, func(to []column, r *plan.Redemption) []column {
	return append(to,
		text("id", &r.ID),
		text("org", &r.Organisation),
		text("voucher", &r.Voucher),
		text("customer", &r.Customer),
		always("at", &r.At),
		number("amount", &r.Amount),
		number("energy_mwh", &r.Energy),
		number("sessions", &r.Sessions),
		flag("spent", &r.Spent),
		number("version", &r.Version),
	)
}}

// held is a redemption with its voucher.
func held(to []column, h *plan.Held) []column {
	return vouchers.columns(redemptions.columns(to, &h.Redemption), &h.Of)
}

var uses = table[plan.Use]{"uses", 3, 4, func(to []column, u *plan.Use) []column {
	return append(to,
		text("session", &u.Session),
		text("source", &u.Source),
		text("month", &u.Month),
		text("org", &u.Organisation),
		text("customer", &u.Customer),
		number("energy_mwh", &u.Energy),
		number("covered_mwh", &u.Covered),
		number("amount", &u.Amount),
		number("sessions", &u.Sessions),
		number("points", &u.Points),
		text("journal", &u.Journal),
		always("at", &u.At),
	)
}}
