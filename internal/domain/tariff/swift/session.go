package swift

import (
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
)

// periods prices a session that was split already.
func (b *bill) periods() error {
	s := &b.q.Session
	l := newLooker(b.plan, b.c.zone, s.Start)
	b.a.Periods = make([]rating.Split, len(s.Periods))
	l.consume(fixed{})
	for i := range s.Periods {
		p := &s.Periods[i]
		split := &b.a.Periods[i]
		split.Start, split.End = p.Start.UTC(), s.End.UTC()
		if i+1 < len(s.Periods) {
			split.End = s.Periods[i+1].Start.UTC()
		}
		var g given
		var f flow
		if err := readPeriod(p, i, split, &g, &f); err != nil {
			return err
		}
		l.advance(int64(p.Start.Sub(s.Start)))
		l.consume(b.measured.fixed)
		set := l.look(&f)
		b.tellPeriod(i, &g, "")
		b.flag(&l, &g, split.Start)
		b.tellStretch(i, set, &g, "")
		b.add(set, &g)
		b.measured.add(g.energy)
	}
	return nil
}

// readPeriod reads the numbers of period i.
func readPeriod(p *rating.Period, i int, split *rating.Split, g *given, f *flow) error {
	for _, v := range []struct {
		from *decimal.Decimal
		to   *quantity
		show *exact.Number
		name string
	}{
		{p.Energy, &g.energy, &split.Energy, "/energy_kwh"},
		{p.Charging, &g.charging, &split.Charging, "/charging_s"},
		{p.Parking, &g.parking, &split.Parking, "/parking_s"},
	} {
		if v.from == nil {
			continue
		}
		read, err := notNegative(*v.from, func() string { return at("/session/periods", i, v.name) })
		if err != nil {
			return err
		}
		v.to.fixed, *v.show = read, read.ratio().number()
	}
	for of, v := range []struct {
		from *decimal.Decimal
		show **exact.Number
		name string
	}{
		{p.MinCurrent, &split.MinCurrent, "/min_current"},
		{p.MaxCurrent, &split.MaxCurrent, "/max_current"},
		{p.MinPower, &split.MinPower, "/min_power"},
		{p.MaxPower, &split.MaxPower, "/max_power"},
	} {
		if v.from == nil {
			continue
		}
		read, err := number(*v.from, func() string { return at("/session/periods", i, v.name) })
		if err != nil {
			return err
		}
		shown := read.ratio().number()
		*v.show, f.value[of], f.reported[of] = &shown, read, true
	}
	return nil
}

// timeline splits a session as it was measured, and prices it.
func (b *bill) timeline() error {
	t, start := b.q.Session.Timeline, b.q.Session.Start
	b.meter = newMeter(t, start)
	b.tellReadings()
	w := newSweep(b.plan, b.c.zone, start, b.q.Session.End)
	w.spans, w.meter = t.Spans, b.meter
	split := splitter{bill: b, start: start.UTC(), gap: int64(t.GapMost), current: b.meter.current, power: b.meter.power}
	if b.plan.flows {
		split.again = newLooker(b.plan, b.c.zone, start)
		split.again.consume(fixed{})
	}
	if err := w.run(split.emit); err != nil {
		return err
	}
	b.tellMark(split.end)
	return nil
}

// splitter makes periods of stretches.
type splitter struct {
	*bill
	start          time.Time
	gap            int64
	current, power series
	end            mark   // of the last period
	again          looker // sees a period as it is told, where prices depend on current or power
}

func (s *splitter) emit(st *stretch) error {
	n := len(s.a.Periods)
	if n == rating.PeriodsMost {
		return invalid("/session/timeline", "too_many_periods", "must not split into more periods than a session may have")
	}
	var g given
	g.energy = st.to.consumed.minus(st.from.consumed)
	length := st.to.at.minus(st.from.at)
	switch st.state {
	case rating.Charging:
		g.charging = length
	case rating.Parking:
		g.parking = length
	case rating.Paused:
	}
	s.a.Periods = append(s.a.Periods, rating.Split{
		Start: s.time(st.from), End: s.time(st.to),
		Energy: g.energy.ratio().number(), Charging: g.charging.ratio().number(), Parking: g.parking.ratio().number(),
		Interpolated: st.from.between || st.to.between,
	})
	split := &s.a.Periods[n]
	f := s.flows(st, split)
	if register := &s.meter.register; n > 0 && st.from.between && s.gap > 0 {
		if length := register.at[st.from.reading+1] - register.at[st.from.reading]; length > s.gap {
			s.a.Flags = append(s.a.Flags, rating.Flag{Code: rating.FlagGap, At: split.Start})
			s.tellGap(split.Start, length, s.gap)
		}
	}
	s.tellMark(st.from)
	s.tellPeriod(n, &g, st.state)
	if s.plan.flows {
		s.again.advance(st.from.at.ns)
		s.again.energies = st.energies
		s.again.look(f)
		s.flag(&s.again, &g, split.Start)
	}
	s.tellStretch(n, st.set, &g, st.state)
	s.add(st.set, &g)
	s.measured.add(g.energy)
	s.end = st.to
	return nil
}

func (s *splitter) time(m mark) time.Time { return s.start.Add(time.Duration(m.at.shown())) }

// flows tells current and power of a period, if they were reported throughout.
func (s *splitter) flows(st *stretch, split *rating.Split) *flow {
	var f flow
	for _, v := range []struct {
		from        *series
		of          int
		least, most **exact.Number
	}{
		{&s.current, minCurrent, &split.MinCurrent, &split.MaxCurrent},
		{&s.power, minPower, &split.MinPower, &split.MaxPower},
	} {
		least, most, ok := v.from.over(st.from.at, st.to.at)
		if !ok {
			continue
		}
		low, high := exact.Fraction(least, thousandth), exact.Fraction(most, thousandth)
		*v.least, *v.most = &low, &high
		f.set(func() (int64, int64, bool) { return least, most, true }, v.of)
	}
	return &f
}

const thousandth = 1000

// flag notes that a price was looked for and something was not reported.
func (b *bill) flag(l *looker, g *given, at time.Time) {
	if l.unreported == 0 {
		return
	}
	flagged := false
	each(l.unreported, func(d int) {
		if d == flat && b.last[flat] != 0 || g.of(d) == nil {
			return
		}
		flagged = true
		b.tellUnreported(at, d)
	})
	if flagged {
		b.a.Flags = append(b.a.Flags, rating.Flag{Code: rating.FlagUnreported, At: at})
	}
}
