package store

import (
	"context"

	"pylon/internal/domain/device"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Desired lists what is desired of the stations of org, by station.
func (s *Store) Desired(ctx context.Context, org ident.OrganisationID, f device.DesiredFilter, q page.Query) (page.Result[device.Wanted], error) {
	var c conditions
	c.where("t.org = ?", string(org))
	among(&c, "t.state", f.State)
	if f.Station != "" {
		c.where("t.station = ?", string(f.Station))
	}
	if f.Variable != "" {
		c.where("t.variable_key = ?", f.Variable)
	}
	type row struct {
		deviceRow[device.Desired]
		identity ident.Identity
	}
	found, err := listing[row]{
		name: "desired", fields: deviceDesired.list("t") + ", s.identity",
		columns: func(to []column, r *row) []column {
			return append(deviceDesired.columns(to, &r.deviceRow), text("identity", &r.identity))
		},
		from:  "device_desired t JOIN stations s ON s.id = t.station",
		id:    "CAST(t.evse AS TEXT) || ' ' || t.variable_key || ' ' || t.attribute",
		sorts: map[string]order{"station": {by: "t.station"}}, usual: "station",
	}.page(ctx, s, q, c)
	result := page.Result[device.Wanted]{Next: found.Next}
	for _, r := range found.Items {
		result.Items = append(result.Items, device.Wanted{Station: r.station, Identity: r.identity, Desired: r.row})
	}
	return result, err
}
