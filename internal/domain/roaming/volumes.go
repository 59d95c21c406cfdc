package roaming

import (
	"cmp"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// digits is how many digits amounts and volumes of a CDR have after the point.
const digits = 4

// measure puts periods and volumes into the CDR, and their sums.
func measure(c *trade.CDR, q *rating.Question, a *rating.Answer) error {
	v := volumes{tariff: c.Tariffs[0].ID}
	elapsed := q.Session.End.Sub(q.Session.Start)
	if r := q.Session.Reservation; r != nil {
		v.begin(r.Start)
		v.note(trade.ReservationTime, hours(r.End.Sub(r.Start)))
		if r.Expired {
			elapsed = 0
		}
	}
	for i := range a.Periods {
		v.split(&a.Periods[i])
	}
	if len(v.periods) == 0 { // it ended as it began, and a CDR has a period all the same
		v.begin(q.Session.Start)
		v.count(trade.Energy, &v.energy, exact.Number{})
	}
	c.Periods, c.Energy, c.Time = v.periods, v.energy.told, v.round(hours(elapsed))
	if v.parking.sum.Sign() != 0 {
		c.ParkingTime = &v.parking.told
	}
	return v.err
}

// hours returns how many hours d has.
func hours(d time.Duration) exact.Number { return exact.Fraction(int64(d), int64(time.Hour)) }

// volumes makes the periods of a CDR, until something is wrong.
type volumes struct {
	tariff                    string
	periods                   []trade.Period
	energy, charging, parking counter
	err                       error
}

// begin begins a period.
func (v *volumes) begin(start time.Time) {
	v.periods = append(v.periods, trade.Period{Start: tick(start), Tariff: v.tariff})
}

// split makes a period of what the rater has split off. Its energy is told even if there was none.
func (v *volumes) split(s *rating.Split) {
	hour := exact.Int(int64(time.Hour / time.Second))
	v.begin(s.Start)
	v.count(trade.Energy, &v.energy, s.Energy)
	if s.Charging.Sign() != 0 {
		v.count(trade.Time, &v.charging, s.Charging.Quo(hour))
	}
	if s.Parking.Sign() != 0 {
		v.count(trade.ParkingTime, &v.parking, s.Parking.Quo(hour))
	}
	for _, limit := range []struct {
		dimension trade.Dimension
		amount    *exact.Number
	}{
		{trade.MinCurrent, s.MinCurrent},
		{trade.MaxCurrent, s.MaxCurrent},
		{trade.MinPower, s.MinPower},
		{trade.MaxPower, s.MaxPower},
	} {
		if limit.amount != nil {
			v.note(limit.dimension, *limit.amount)
		}
	}
}

// count adds a volume that is summed up to the period.
func (v *volumes) count(dimension trade.Dimension, c *counter, amount exact.Number) {
	v.note(dimension, v.next(c, amount))
}

// note adds a volume to the period.
func (v *volumes) note(dimension trade.Dimension, amount exact.Number) {
	period := &v.periods[len(v.periods)-1]
	period.Volumes = append(period.Volumes, trade.Volume{Dimension: dimension, Amount: v.round(amount)})
}

func (v *volumes) round(n exact.Number) decimal.Decimal {
	d, err := money.Digits(n, digits)
	v.err = cmp.Or(v.err, err)
	return d
}

// counter rounds parts so that they come to the sum of the parts, rounded: what one part
// loses the next one gets.
type counter struct {
	sum  exact.Number
	told decimal.Decimal // sum, rounded
}

// next returns the next part, of as many digits as a CDR has.
func (v *volumes) next(c *counter, part exact.Number) exact.Number {
	before := c.told
	c.sum = c.sum.Add(part)
	c.told = v.round(c.sum)
	return exact.Of(c.told).Sub(exact.Of(before))
}
