package store

import "pylon/internal/domain/tariff"

var tariffs = table[tariff.Tariff]{"tariffs", 1, 2, func(to []column, t *tariff.Tariff) []column {
	return append(to,
		text("id", &t.ID),
		text("org", &t.Organisation),
		text("name", &t.Name),
		text("type", &t.Type),
		doc("draft", &t.Draft),
		number("published", &t.Published),
		when("ends_at", &t.EndsAt),
		always("created_at", &t.CreatedAt),
		number("version", &t.Version),
	)
}}

// editions are written once: there is no way to change or remove one.
var editions = table[tariff.Edition]{"tariff_editions", 2, 7, func(to []column, e *tariff.Edition) []column {
	return append(to,
		text("tariff", &e.Tariff),
		number("number", &e.Number),
		text("org", &e.Organisation),
		always("valid_from", &e.From),
		when("valid_until", &e.Until),
		always("published_at", &e.PublishedAt),
		doc("terms", &e.Terms),
	)
}}

var assignments = table[tariff.Assignment]{"tariff_assignments", 1, 2, func(to []column, a *tariff.Assignment) []column {
	return append(to,
		text("id", &a.ID),
		text("org", &a.Organisation),
		text("tariff", &a.Tariff),
		when("valid_from", &a.From),
		when("valid_until", &a.Until),
		text("site", &a.Site),
		text("station", &a.Station),
		number("evse", &a.EVSE),
		text("connector", &a.Connector),
		number("power_from_w", &a.PowerFrom),
		number("power_to_w", &a.PowerTo),
		text("contract", &a.Contract),
		text("driver_group", &a.Group),
		flag("ad_hoc", &a.AdHoc),
		always("created_at", &a.CreatedAt),
		number("version", &a.Version),
	)
}}
