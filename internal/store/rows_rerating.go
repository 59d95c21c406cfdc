package store

import "pylon/internal/domain/rerating"

var reratings = table[rerating.Rerating]{"reratings", 1, 10, func(to []column, r *rerating.Rerating) []column {
	return append(to,
		text("id", &r.ID),
		text("org", &r.Organisation),
		text("mode", &r.Mode),
		text("simulation", &r.Simulation),
		doc("choice", &r.Choice),
		doc("pricing", &r.Pricing),
		text("reason", &r.Reason),
		text("by_key", &r.By),
		text("by_name", &r.ByName),
		always("created_at", &r.CreatedAt),
		text("state", &r.State),
		text("code", &r.Code),
		text("confirmed", &r.Confirmed),
		number("expected", &r.Expected),
		doc("counts", &r.Counts),
		doc("totals", &r.Totals),
		when("at_end", &r.At.EndedAt),
		text("at_session", &r.At.Session),
		when("started_at", &r.StartedAt),
		when("ended_at", &r.EndedAt),
		flag("forgotten", &r.Forgotten),
		number("version", &r.Version),
	)
}}

// reratingCustomers are sums that grow: all columns behind the fixed ones are
// added to what is there.
var reratingCustomers = table[rerating.CustomerSum]{"rerating_customers", 2, 5, func(to []column, c *rerating.CustomerSum) []column {
	return append(to,
		text("rerating", &c.Rerating),
		derived("id", c.Debtor+"/"+string(c.Currency)),
		text("org", &c.Organisation),
		text("debtor", &c.Debtor),
		text("currency", &c.Currency),
		number("sessions", &c.Sessions),
		number("changed", &c.Changed),
		number("net_before", &c.Before.Net),
		number("tax_before", &c.Before.Tax),
		number("total_before", &c.Before.Total),
		number("net_after", &c.After.Net),
		number("tax_after", &c.After.Tax),
		number("total_after", &c.After.Total),
	)
}}

var differences = table[rerating.Difference]{"rerating_differences", 2, 19, func(to []column, d *rerating.Difference) []column {
	return append(to,
		text("rerating", &d.Rerating),
		text("session", &d.Session),
		text("org", &d.Organisation),
		text("station", &d.Station),
		text("debtor", &d.Debtor),
		text("outcome", &d.Outcome),
		text("reason", &d.Reason),
		text("tariff", &d.Tariff),
		number("edition", &d.Edition),
		text("bill", &d.Bill),
		text("replacement", &d.Replacement),
		text("currency_before", &d.Before.Currency),
		number("net_before", &d.Before.Net),
		number("tax_before", &d.Before.Tax),
		number("total_before", &d.Before.Total),
		text("currency_after", &d.After.Currency),
		number("net_after", &d.After.Net),
		number("tax_after", &d.After.Tax),
		number("total_after", &d.After.Total),
	)
}}
