package store

import "pylon/internal/domain/signal"

// signalStatements are the ways to write series, and keys of meters.
type signalStatements struct {
	signals                            versioned[signal.Series]
	putPoint, dropPoint, keepMeterKeys *statement
}

func (c *catalogue) addSignals() {
	c.signals = versions(c, signals)
	c.dropPoint = c.add("DELETE FROM series_points WHERE series = $1 AND starts_at = $2")
	c.putPoint = c.bulk(points.upsert())
	c.keepMeterKeys = c.bulk(meterKeys.insert() + " ON CONFLICT (station, evse, digest) DO NOTHING")
	c.keepMeterKeys.key = 1
}

// series adds series with their points. The version of a series guards all its
// points.
func (p *planner) series() error {
	s := p.set
	if err := writeAll(p, &p.signals, s.Signals); err != nil {
		return err
	}
	for i := range s.PointsGone {
		p.do(p.dropPoint, string(s.PointsGone[i].Series), s.PointsGone[i].From.UnixMicro())
	}
	if err := putAll(p.job, p.putPoint, points, s.Points); err != nil {
		return err
	}
	return putAll(p.job, p.keepMeterKeys, meterKeys, s.MeterKeys)
}
