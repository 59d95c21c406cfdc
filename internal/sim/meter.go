package sim

import (
	"time"

	"pylon/internal/kernel/unit"
)

// wattMillisecondsPerWattHour turns what a meter counts into what it shows.
const wattMillisecondsPerWattHour = int64(time.Hour / time.Millisecond)

// meter is an energy meter. It counts watt-milliseconds, so that however often
// it is read the sum is exact; its register shows whole watt-hours, cut off.
type meter struct {
	wattMilliseconds int64
	until            time.Time     // counted so far
	astray           unit.WattHour // what a fault has added to the register
	signer           *signer       // nil: it does not sign
}

// newMeter returns a meter that shows the register at the time.
func newMeter(register unit.WattHour, at time.Time) meter {
	return meter{wattMilliseconds: int64(register) * wattMillisecondsPerWattHour, until: at}
}

// count adds the energy of a power since the meter was last told, up to now.
func (m *meter) count(power unit.Watt, now time.Time) {
	elapsed := now.Sub(m.until).Milliseconds()
	if elapsed <= 0 {
		return
	}
	m.wattMilliseconds += int64(power) * elapsed
	m.until = m.until.Add(time.Duration(elapsed) * time.Millisecond)
}

// register is what the meter shows.
func (m *meter) register() unit.WattHour { return m.counted() + m.astray }

// counted is what really went through it.
func (m *meter) counted() unit.WattHour {
	return unit.WattHour(m.wattMilliseconds / wattMillisecondsPerWattHour)
}
