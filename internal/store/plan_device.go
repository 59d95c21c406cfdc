package store

import (
	"fmt"

	"pylon/internal/domain/device"
)

// deviceStatements are the ways to write what stations are made of.
type deviceStatements struct {
	device                        versioned[deviceRow[device.Record]]
	document                      versioned[documentRow]
	insertChange, insertHappening *statement
	dropChanges, dropHappenings   *statement
	putDesired, dropDesired       *statement
	putEntry, dropEntry           *statement
	putAlert, dropAlert           *statement
	dropDocument                  *statement
	removeWhatIsOfAStation        []*statement
}

func (c *catalogue) addDevices() {
	c.device = versions(c, devices)
	c.document = versions(c, documents)
	c.insertChange = c.bulk(deviceChanges.insert())
	c.insertHappening = c.bulk(happenings.insert())
	c.dropChanges = c.add(allBut("device_changes"))
	c.dropHappenings = c.add(allBut("device_happenings"))
	c.putDesired = c.bulk(deviceDesired.upsert())
	c.dropDesired = c.add("DELETE FROM device_desired WHERE station = $1 AND evse = $2 AND variable_key = $3 AND attribute = $4")
	c.putEntry = c.bulk(deviceIndex.upsert())
	c.dropEntry = c.add("DELETE FROM device_index WHERE station = $1 AND evse = $2 AND variable_key = $3")
	c.putAlert = c.bulk(alerts.upsert())
	c.dropAlert = c.add("DELETE FROM device_alerts WHERE station = $1 AND alert = $2")
	c.dropDocument = c.add("DELETE FROM device_documents WHERE station = $1 AND evse = $2")
	for _, table := range []string{"devices", "device_documents", "device_index", "device_desired", "device_alerts"} {
		c.removeWhatIsOfAStation = append(c.removeWhatIsOfAStation, c.add("DELETE FROM "+table+" WHERE station = $1"))
	}
}

// allBut deletes a station's rows but the last so many.
func allBut(table string) string {
	return "DELETE FROM " + table + " WHERE station = $1 AND id <= (SELECT id FROM " + table +
		" WHERE station = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)"
}

// removeDevice takes what a station is made of along with it; what happened
// stays, as that of its connectors does.
func (p *planner) removeDevice(station string) {
	for _, s := range p.removeWhatIsOfAStation {
		p.do(s, station)
	}
}

// deviceRows adds what changes of a station's device.
func (p *planner) deviceRows() error {
	u := p.set.Device
	if u == nil || u.Empty() {
		return nil
	}
	if p.set.Owner.Station == "" {
		return fmt.Errorf("device of no station")
	}
	for _, part := range []func(*device.Update) error{p.deviceDocuments, p.deviceHistory, p.devicePlan} {
		if err := part(u); err != nil {
			return err
		}
	}
	return nil
}

// ofDevice is a row about the device of the set's station.
func ofDevice[T any](p *planner, row T) *deviceRow[T] {
	return &deviceRow[T]{station: p.set.Owner.Station, org: p.set.Owner.Organisation, row: row}
}

// putOfDevice adds a statement for each of the rows.
func putOfDevice[T any](p *planner, s *statement, t table[deviceRow[T]], rows []T) error {
	for _, row := range rows {
		if err := put(p.job, s, t, ofDevice(p, row)); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) deviceDocuments(u *device.Update) error {
	station := string(p.set.Owner.Station)
	for i := range u.Documents {
		if err := write(p, &p.document, &documentRow{*ofDevice(p, u.Documents[i]), p.packer}); err != nil {
			return err
		}
	}
	for _, evse := range u.Gone {
		p.do(p.dropDocument, station, int64(evse))
	}
	for _, e := range u.Unindexed {
		p.do(p.dropEntry, station, int64(e.EVSE), e.Key)
	}
	return putOfDevice(p, p.putEntry, deviceIndex, u.Indexed)
}

func (p *planner) deviceHistory(u *device.Update) error {
	station := string(p.set.Owner.Station)
	if err := putOfDevice(p, p.insertChange, deviceChanges, u.Changes); err != nil {
		return err
	}
	if len(u.Changes) > 0 {
		p.do(p.dropChanges, station, station, int64(device.ChangesKept))
	}
	if err := putOfDevice(p, p.insertHappening, happenings, u.Happenings); err != nil {
		return err
	}
	if len(u.Happenings) > 0 {
		p.do(p.dropHappenings, station, station, int64(device.HappeningsKept))
	}
	for _, a := range u.Alerts {
		if a.Closed {
			p.do(p.dropAlert, station, a.Key)
			continue
		}
		if err := put(p.job, p.putAlert, alerts, ofDevice(p, a)); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) devicePlan(u *device.Update) error {
	if u.Record != nil {
		if err := write(p, &p.device, ofDevice(p, *u.Record)); err != nil {
			return err
		}
	}
	for _, d := range u.Undesired {
		p.do(p.dropDesired, string(p.set.Owner.Station), int64(d.EVSE), d.Name.Key(), string(d.Attribute))
	}
	return putOfDevice(p, p.putDesired, deviceDesired, u.Desired)
}
