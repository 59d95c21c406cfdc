package store

import (
	"database/sql/driver"
	"fmt"

	"pylon/internal/domain/device"
	"pylon/internal/kernel/ident"
)

// deviceRow is a row about a station's device; the types themselves do not
// name the station.
type deviceRow[T any] struct {
	station ident.StationID
	org     ident.OrganisationID
	row     T
}

func (r *deviceRow[T]) owner(to []column) []column {
	return append(to, text("station", &r.station), text("org", &r.org))
}

var devices = table[deviceRow[device.Record]]{"devices", 1, 2, func(to []column, r *deviceRow[device.Record]) []column {
	return append(r.owner(to),
		text("reboot", &r.row.Reboot),
		number("version", &r.row.Version),
	)
}}

// documentRow is a document with what presses it.
type documentRow struct {
	deviceRow[device.Document]
	packer packer
}

var documents = table[documentRow]{"device_documents", 2, 3, func(to []column, r *documentRow) []column {
	d := &r.row
	return append(to,
		text("station", &r.station),
		number("evse", &d.EVSE),
		text("org", &r.org),
		column{"body", bodyCell{r.packer, d}},
		when("reported_at", &d.ReportedAt),
		when("complete_at", &d.CompleteAt),
		when("checked_at", &d.CheckedAt),
		text("firmware", &d.Firmware),
		number("version", &d.Version),
	)
}}

// bodyCell is the compressed body of a document.
type bodyCell struct {
	packer packer
	d      *device.Document
}

func (c bodyCell) value() (driver.Value, error) {
	body, err := device.AppendBody(nil, c.d)
	if err != nil {
		return nil, err
	}
	return c.packer.texts.EncodeAll(body, nil), nil
}

func (c bodyCell) Scan(src any) error {
	packed, ok := src.([]byte)
	if !ok {
		return unexpected(src, "bytes")
	}
	body, err := c.packer.decoder.DecodeAll(packed, nil)
	if err != nil {
		return fmt.Errorf("document: %w", err)
	}
	return device.ParseBody(body, c.d)
}

// named appends the parts of a variable's name behind its EVSE.
func named(to []column, n *device.Name) []column {
	return append(to,
		number("connector", &n.Connector),
		text("component", &n.Component),
		text("instance", &n.Instance),
		text("variable", &n.Variable),
		text("variable_instance", &n.VariableInstance),
	)
}

var deviceChanges = table[deviceRow[device.Change]]{"device_changes", 2, 2, func(to []column, r *deviceRow[device.Change]) []column {
	c := &r.row
	to = append(to, text("station", &r.station), text("id", &c.ID), text("org", &r.org), number("evse", &c.EVSE))
	return append(named(to, &c.Name),
		derived("variable_key", c.Name.Key()),
		text("attribute", &c.Attribute),
		perhaps("old_value", &c.Old),
		perhaps("new_value", &c.New),
		when("occurred_at", &c.OccurredAt),
		always("received_at", &c.ReceivedAt),
		text("how", &c.How),
	)
}}

var deviceDesired = table[deviceRow[device.Desired]]{"device_desired", 4, 5, func(to []column, r *deviceRow[device.Desired]) []column {
	d := &r.row
	to = append(to,
		text("station", &r.station), number("evse", &d.EVSE), derived("variable_key", d.Name.Key()), text("attribute", &d.Attribute),
		text("org", &r.org),
	)
	return append(named(to, &d.Name),
		text("value", &d.Value),
		text("origin", &d.Origin),
		text("state", &d.State),
		text("detail", &d.Detail),
		always("since", &d.Since),
		flag("unverified", &d.Unverified),
		number("attempts", &d.Attempts),
		when("attempts_since", &d.Window),
		when("attempted_at", &d.AttemptedAt),
		number("refusals", &d.Refusals),
		text("finding", &d.Finding),
		text("found", &d.Found),
		text("by_key", &d.By),
		always("desired_at", &d.DesiredAt),
	)
}}

var deviceIndex = table[deviceRow[device.Entry]]{"device_index", 3, 4, func(to []column, r *deviceRow[device.Entry]) []column {
	return append(to,
		text("station", &r.station),
		number("evse", &r.row.EVSE),
		text("variable_key", &r.row.Key),
		text("org", &r.org),
		text("value", &r.row.Value),
	)
}}

var happenings = table[deviceRow[device.Happening]]{"device_happenings", 2, 2, func(to []column, r *deviceRow[device.Happening]) []column {
	return append(to,
		text("station", &r.station),
		text("id", &r.row.ID),
		text("org", &r.org),
		doc("body", &r.row),
		always("received_at", &r.row.ReceivedAt),
	)
}}

var alerts = table[deviceRow[device.Alert]]{"device_alerts", 2, 3, func(to []column, r *deviceRow[device.Alert]) []column {
	return append(to,
		text("station", &r.station),
		text("alert", &r.row.Key),
		text("org", &r.org),
		text("finding", &r.row.Finding),
	)
}}

// perhaps is a TEXT that may be NULL.
func perhaps(name string, p **string) column { return column{name, perhapsCell{p}} }

type perhapsCell struct{ p **string }

func (c perhapsCell) value() (driver.Value, error) {
	if *c.p == nil {
		return nil, nil
	}
	return **c.p, nil
}

func (c perhapsCell) Scan(src any) error {
	if src == nil {
		*c.p = nil
		return nil
	}
	*c.p = new(string)
	return textCell[string]{*c.p}.Scan(src)
}
