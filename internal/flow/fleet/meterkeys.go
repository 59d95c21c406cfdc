package fleet

import (
	"context"
	"slices"

	"pylon/internal/domain/change"
	"pylon/internal/domain/device"
	"pylon/internal/domain/event"
	"pylon/internal/kernel/fault"
)

// MeterKeys takes in the public keys of meters that the station tells beside its
// variables. It returns after the commit; what is known already changes nothing. More
// than a station may have are meter_keys_exhausted ([fault.Exhausted]), and none is kept.
func (o *Owner) MeterKeys(ctx context.Context, told []device.MeterKey) error {
	return o.settle(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		known, err := o.fleet.store.MeterKeys(ctx, o.id)
		if err != nil {
			return nil, nil, err
		}
		now := o.fleet.clock.Now()
		set := new(change.Set)
		for _, key := range told {
			if slices.ContainsFunc(known, key.Same) {
				continue
			}
			key.Station, key.Organisation, key.ToldAt = o.id, o.station.Organisation, now
			known = append(known, key)
			set.MeterKeys = append(set.MeterKeys, key)
		}
		switch {
		case len(set.MeterKeys) == 0:
			return nil, nil, nil
		case len(known) > device.MeterKeysMost:
			return nil, nil, fault.New(fault.Exhausted, "meter_keys_exhausted", "station", string(o.id))
		}
		set.Events = append(set.Events, event.Event{
			Type: event.StationDevice, Subject: string(o.id) + "/device", Version: now.UnixMicro(), At: now, Data: device.KeyNotice{Keys: len(set.MeterKeys)},
		})
		return set, func() {}, nil
	})
}
