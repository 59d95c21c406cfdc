package load

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// meter is what a car draws: about 11 kW on three phases, with the noise that real
// meters have, so that nothing is the same twice and a series packs no better
// than a real one. Quantities are integers in the unit of the name.
type meter struct {
	rand     *rand.Rand
	energyWs int64 // 1 kWh is 3,600,000 Ws
	powerW   int64
	amp100   int64 // per phase, hundredths
	volt10   int64 // tenths
}

// What the values move about.
const (
	nominalVolt10 = 2300
	nominalPowerW = 11_040
	noiseVolt10   = 15 // ±1.5 V
	noisePowerW   = 60
	wattSeconds   = 3600 // in a watt hour
)

// newMeter returns a meter with a few megawatt hours behind it.
func newMeter(seed uint64) meter {
	m := meter{rand: rand.New(rand.NewPCG(seed, 1))}
	m.energyWs = (1_000_000 + m.rand.Int64N(9_000_000)) * wattSeconds
	m.advance(0)
	return m
}

// advance lets the car draw for d.
func (m *meter) advance(d time.Duration) {
	m.volt10 = nominalVolt10 + m.rand.Int64N(2*noiseVolt10+1) - noiseVolt10
	m.powerW = nominalPowerW + m.rand.Int64N(2*noisePowerW+1) - noisePowerW
	m.amp100 = m.powerW * 1000 / (3 * m.volt10)
	m.energyWs += m.powerW * d.Milliseconds() / 1000
}

// energyWh returns the register.
func (m *meter) energyWh() int64 { return m.energyWs / wattSeconds }

// appendDecimal appends v·10^-places.
func appendDecimal(dst []byte, v int64, places int) []byte {
	unit := int64(1)
	for range places {
		unit *= 10
	}
	dst = strconv.AppendInt(dst, v/unit, 10)
	dst = append(dst, '.')
	for rest := v % unit; places > 0; places-- {
		unit /= 10
		dst = append(dst, "0123456789"[rest/unit%10])
	}
	return dst
}

// appendTime appends t as a JSON string, in UTC with milliseconds.
func appendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	return append(dst, '"')
}
