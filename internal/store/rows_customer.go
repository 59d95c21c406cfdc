package store

import (
	"strings"

	"pylon/internal/domain/customer"
)

var customers = table[customer.Customer]{"customers", 1, 2, func(to []column, c *customer.Customer) []column {
	return append(to,
		text("id", &c.ID),
		text("org", &c.Organisation),
		text("reference", &c.Reference),
		doc("party", &c.Party),
		text("language", &c.Language),
		text("settlement", &c.Settlement),
		text("contract", &c.Contract),
		doc("driver_groups", &c.Groups),
		text("buyer_reference", &c.BuyerReference),
		number("due_days", &c.DueDays),
		always("created_at", &c.CreatedAt),
		number("version", &c.Version),
		derived("search", strings.ToLower(strings.Join([]string{c.Reference, c.Party.Name, c.Party.Mail}, "\n"))),
	)
}}

var statements = table[customer.Statement]{"statements", 1, 3, func(to []column, s *customer.Statement) []column {
	return append(to,
		text("id", &s.ID),
		text("org", &s.Organisation),
		text("customer", &s.Customer),
		text("month", &s.Month),
		text("currency", &s.Currency),
		text("country", &s.Country),
		text("state", &s.State),
		number("bills", &s.Bills),
		number("total", &s.Total),
		text("invoice", &s.Invoice),
		text("problem", &s.Problem),
		always("created_at", &s.CreatedAt),
		when("issued_at", &s.IssuedAt),
		number("version", &s.Version),
	)
}}
