package store

import (
	"context"

	"pylon/internal/domain/device"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Documents returns what is known of a station and its EVSEs, by EVSE, the
// station's first; none when it never reported anything.
func (s *Store) Documents(ctx context.Context, id ident.StationID) (device.Model, error) {
	rows, err := all(ctx, s, documents.from()+"WHERE t.station = $1 ORDER BY t.evse", func(to []column, r *documentRow) []column {
		r.packer = s.packer
		return documents.columns(to, r)
	}, string(id))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	found := make(device.Model, len(rows))
	for i := range rows {
		found[i] = rows[i].row
	}
	return found, nil
}

// Plan returns what is desired of a station, by name, and how it stands to
// that.
func (s *Store) Plan(ctx context.Context, id ident.StationID) (device.Plan, error) {
	var plan device.Plan
	records, err := all(ctx, s, devices.from()+"WHERE t.station = $1", devices.columns, string(id))
	if err != nil {
		return plan, err
	}
	for i := range records {
		plan.Record = records[i].row
	}
	rows, err := all(ctx, s, deviceDesired.from()+"WHERE t.station = $1 ORDER BY t.evse, t.variable_key, t.attribute", deviceDesired.columns, string(id))
	if err != nil || len(rows) == 0 {
		return plan, err
	}
	plan.Desired = make([]device.Desired, len(rows))
	for i := range rows {
		plan.Desired[i] = rows[i].row
	}
	device.Sort(plan.Desired)
	return plan, nil
}

// OpenAlerts returns the findings of a station's alerts that nothing has
// cleared, by the alert's key; an empty map when there are none.
func (s *Store) OpenAlerts(ctx context.Context, id ident.StationID) (map[string]ident.FindingID, error) {
	rows, err := all(ctx, s, alerts.from()+"WHERE t.station = $1", alerts.columns, string(id))
	open := make(map[string]ident.FindingID, len(rows))
	for i := range rows {
		open[rows[i].row.Key] = rows[i].row.Finding
	}
	return open, err
}

// DeviceChanges lists how a station's variables changed, newest first. The
// store keeps the last thousand lines of a station.
func (s *Store) DeviceChanges(ctx context.Context, id ident.StationID, f device.ChangeFilter, q page.Query) (page.Result[device.Change], error) {
	var c conditions
	c.where("t.station = ?", string(id))
	if f.Name.Variable != "" {
		c.where("t.evse = ?", int64(f.Name.EVSE))
		c.where("t.variable_key = ?", f.Name.Key())
	}
	return deviceList(ctx, s, "device changes", deviceChanges, c, q)
}

// Happenings lists what a station told of its variables by itself, newest
// first. The store keeps the last five hundred of a station.
func (s *Store) Happenings(ctx context.Context, id ident.StationID, q page.Query) (page.Result[device.Happening], error) {
	var c conditions
	c.where("t.station = ?", string(id))
	return deviceList(ctx, s, "happenings", happenings, c, q)
}

// deviceList reads rows of one station with an identifier, newest first.
func deviceList[T any](ctx context.Context, s *Store, name string, t table[deviceRow[T]], c conditions, q page.Query) (page.Result[T], error) {
	found, err := listing[deviceRow[T]]{
		name: name, fields: t.list("t"), columns: t.columns, from: t.name + " t", id: "t.id",
		sorts: map[string]order{"id": {by: "t.id"}}, usual: "-id",
	}.page(ctx, s, q, c)
	result := page.Result[T]{Next: found.Next}
	for i := range found.Items {
		result.Items = append(result.Items, found.Items[i].row)
	}
	return result, err
}

// SearchVariables lists the stations and EVSEs of org that have a variable,
// with its value, by station. Only what is desired of a station and what
// [device.Indexed] names can be found.
func (s *Store) SearchVariables(ctx context.Context, org ident.OrganisationID, f device.Search, q page.Query) (page.Result[device.Found], error) {
	var c conditions
	c.where("t.org = ?", string(org))
	c.where("t.variable_key = ?", f.Name.Key())
	if f.Name.EVSE != 0 {
		c.where("t.evse = ?", int64(f.Name.EVSE))
	}
	if f.Value != nil {
		c.where("t.value = ?", *f.Value)
	}
	return listing[device.Found]{
		name: "variables", fields: "t.station, s.identity, t.evse, t.value",
		columns: func(to []column, v *device.Found) []column {
			return append(to, text("station", &v.Station), text("identity", &v.Identity), number("evse", &v.EVSE), text("value", &v.Value))
		},
		from:  "device_index t JOIN stations s ON s.id = t.station",
		id:    "CAST(t.evse AS TEXT)",
		sorts: map[string]order{"station": {by: "t.station"}}, usual: "station",
	}.page(ctx, s, q, c)
}
