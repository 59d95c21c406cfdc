package session

import (
	"testing"
	"time"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/unit"
)

// dec parses a number of a test.
func dec(text string) decimal.Decimal {
	d, err := decimal.Parse(text)
	if err != nil {
		panic(err)
	}
	return d
}

// reg is a reading of the register as a meter sends it.
func reg(minute int, value, unitName string, changes ...func(*meter.Sample)) with {
	m := meter.Sample{At: at(minute), AtAsSent: at(minute).Format(time.RFC3339), Value: dec(value), Unit: unitName}
	for _, f := range changes {
		f(&m)
	}
	return sample(m)
}

func times(exp int) func(*meter.Sample)         { return func(m *meter.Sample) { m.Multiplier = exp } }
func on(phase string) func(*meter.Sample)       { return func(m *meter.Sample) { m.Phase = phase } }
func measured(where string) func(*meter.Sample) { return func(m *meter.Sample) { m.Location = where } }

func context(name string) func(*meter.Sample) { return func(m *meter.Sample) { m.Context = name } }

func measurand(name string) func(*meter.Sample) { return func(m *meter.Sample) { m.Measurand = name } }

// J02: the energy of a session, from what its meter sends.
func TestEnergy(t *testing.T) {
	start := func(changes ...with) Report { return event2(Started, 0, 0, append([]with{by("A")}, changes...)...) }
	next := func(n int, changes ...with) Report { return event2(Updated, n, 10*n, changes...) }
	quirk := func(q station.Quirks) func(*world) { return func(w *world) { w.station.Quirks = q } }
	tests := []struct {
		name     string
		before   func(*world)
		tell     []Report
		mwh      unit.MilliWattHour
		findings string
	}{
		{"Wh", nil, []Report{start(reg(0, "1000", "Wh")), next(1, reg(10, "1500", "Wh"))}, 500_000, ""},
		{"kWh with digits", nil, []Report{start(reg(0, "1.0000", "kWh")), next(1, reg(10, "1.2345", "kWh"))}, 234_500, ""},
		{"1.6 7.43 no unit is Wh", nil, []Report{start(reg(0, "1000", "")), next(1, reg(10, "1500", ""))}, 500_000, ""},
		{"units without case", nil, []Report{start(reg(0, "1", "KWH")), next(1, reg(10, "1500", "wh"))}, 500_000, ""},
		{"a multiplier", nil, []Report{start(reg(0, "10", "Wh", times(2))), next(1, reg(10, "15", "Wh", times(2)))}, 500_000, ""},
		{"a negative multiplier", nil, []Report{start(reg(0, "10000", "kWh", times(-4))), next(1, reg(10, "15000", "kWh", times(-4)))}, 500_000, ""},
		{"finer than a milliwatt-hour", nil, []Report{start(reg(0, "0.0000000", "kWh")), next(1, reg(10, "0.0000015", "kWh"))}, 2, ""},
		{"a quirk's unit where none is said", quirk(station.Quirks{MeterUnit: "kWh"}), []Report{start(reg(0, "1", "")), next(1, reg(10, "1.5", ""))}, 500_000, ""},
		{"a quirk gives way to what is said", quirk(station.Quirks{MeterUnit: "kWh"}), []Report{start(reg(0, "1000", "Wh")), next(1, reg(10, "1500", "Wh"))}, 500_000, ""},
		{"a unit of something else", nil, []Report{start(reg(0, "1000", "Wh")), next(1, reg(10, "1500", "varh"))}, 0, ""},
		{"another measurand", nil, []Report{start(reg(0, "1000", "Wh")), next(1, reg(10, "1500", "Wh", measurand("Energy.Active.Export.Register")))}, 0, ""},
		{"a sum of power is no energy", nil, []Report{start(reg(0, "1000", "Wh")), next(1, reg(10, "7000", "W", measurand(meter.PowerImport)))}, 0, ""},
		{"an interval is no register", nil, []Report{start(reg(0, "1000", "Wh")), next(1, reg(10, "500", "Wh", measurand("Energy.Active.Import.Interval")))}, 0, ""},
		{"a negative register is none", nil, []Report{start(reg(0, "-1000", "Wh")), next(1, reg(10, "500", "Wh"))}, 0, ""},
		{"too large to be true", nil, []Report{start(reg(0, "0", "Wh")), next(1, reg(10, "9e17", "kWh"))}, 0, ""},

		{"E01.FR.17 the begin comes when charging starts", nil, []Report{start(), next(1, reg(5, "1000", "Wh", context(meter.ContextBegin))), next(2, reg(20, "1700", "Wh"))}, 700_000, ""},
		{"no begin: the first reading", nil, []Report{start(), next(1, reg(5, "1000", "Wh")), next(2, reg(20, "1700", "Wh"))}, 700_000, ""},
		{"the begin holds against an earlier reading", nil, []Report{start(reg(-5, "990", "Wh"), reg(0, "1000", "Wh", context(meter.ContextBegin))), next(1, reg(10, "1500", "Wh"))}, 500_000, ""},
		{"the earlier of two begins", nil, []Report{start(reg(0, "1000", "Wh", context(meter.ContextBegin))), next(1, reg(5, "1100", "Wh", context(meter.ContextBegin))), next(2, reg(20, "1500", "Wh"))}, 500_000, ""},
		{"no time of its own: the report's", nil, []Report{start(wh(1000)), next(1, func(r *Report) { r.Samples = []meter.Sample{{Value: dec("1500")}} })}, 500_000, ""},
		{"signed data alone is no number", nil, []Report{
			start(func(r *Report) {
				r.Samples = []meter.Sample{{At: at(0), Context: meter.ContextBegin, Signed: &meter.SignedValue{Data: "OCMF|{}"}}}
			}, reg(0, "1000", "Wh", context(meter.ContextBegin))),
			next(1, reg(10, "1500", "Wh")),
		}, 500_000, ""},
		{"1.6 4.7 connector 0 is the station's own meter", nil, []Report{start16(1, 0, "A", 1000), values16("1", 1, 5, 1500), values16("1", 0, 6, 9_000_000)}, 500_000, ""},
		{"only an end", nil, []Report{start(), event2(Ended, 1, 10, reg(10, "1500", "Wh", context(meter.ContextEnd)))}, 0, ""},
		{"by time, not by arrival", nil, []Report{start(reg(0, "1000", "Wh")), next(2, reg(20, "1700", "Wh")), next(1, reg(10, "1500", "Wh"))}, 700_000, "sequence_gap"},
		{"several readings in one report", nil, []Report{start(reg(0, "1000", "Wh")), next(1, reg(9, "1400", "Wh"), reg(10, "1500", "Wh"), reg(8, "1300", "Wh"))}, 500_000, ""},

		{"J02.FR.16 a register that fell", nil, []Report{start(reg(0, "1000", "Wh")), next(1, reg(10, "1500", "Wh")), next(2, reg(20, "3", "Wh"))}, 500_000, "meter_backwards"},
		{"… and found back", nil, []Report{start(reg(0, "1000", "Wh")), next(1, reg(10, "1500", "Wh")), next(2, reg(20, "0", "Wh")), next(3, reg(30, "1600", "Wh"))}, 600_000, "meter_backwards"},
		{"… below its begin", nil, []Report{start(reg(0, "1000", "Wh", context(meter.ContextBegin))), next(1, reg(10, "500", "Wh"))}, 0, "meter_backwards"},
		{"… as is seen afterwards", nil, []Report{start(reg(0, "1000", "Wh")), next(2, reg(20, "1500", "Wh")), next(1, reg(10, "1600", "Wh"))}, 600_000, "sequence_gap meter_backwards"},
		{"an end of 0 when a station gives up", nil, []Report{start(reg(0, "1000", "Wh")), next(1, reg(10, "1500", "Wh")), event2(Ended, 2, 20, reg(20, "0", "Wh", context(meter.ContextEnd)))}, 500_000, "meter_backwards"},
		{"1.6 an end in whole Wh after readings with digits", nil, []Report{start16(1, 0, "A", 1000), values16("1", 1, 10, 0, func(r *Report) { r.Samples = nil }, reg(10, "1.5006", "kWh")), stop16("1", 11, 1500)}, 500_000, ""},
		{"1.6 the same when the readings come late", nil, []Report{start16(1, 0, "A", 1000), stop16("1", 11, 1500), values16("1", 1, 10, 0, func(r *Report) { r.Samples = nil }, reg(10, "1.5006", "kWh"))}, 500_000, ""},
		{"an end below coarse readings", nil, []Report{start(reg(0, "1.0", "kWh")), next(1, reg(10, "1.6", "kWh")), event2(Ended, 2, 20, reg(20, "1549", "Wh", context(meter.ContextEnd)))}, 549_000, ""},
		{"an end below readings with an exponent", nil, []Report{start(reg(0, "1e3", "Wh")), next(1, reg(10, "16e2", "Wh")), event2(Ended, 2, 20, reg(20, "1501", "Wh", context(meter.ContextEnd)))}, 501_000, ""},
		{"an end further below than rounding goes", nil, []Report{start(reg(0, "1.0", "kWh")), next(1, reg(10, "1.6", "kWh")), event2(Ended, 2, 20, reg(20, "1499", "Wh", context(meter.ContextEnd)))}, 600_000, "meter_backwards"},

		{"phases are no total while one is missing", nil, []Report{start(reg(0, "100", "Wh", on("L1")), reg(0, "100", "Wh", on("L2"))), next(1, reg(10, "200", "Wh", on("L1")))}, 0, ""},
		{"all phases together", nil, []Report{
			start(reg(0, "100", "Wh", on("L1")), reg(0, "110", "Wh", on("L2")), reg(0, "120", "Wh", on("L3"))),
			next(1, reg(10, "200", "Wh", on("L3")), reg(10, "220", "Wh", on("L1")), reg(10, "240", "Wh", on("L2"))),
		}, 330_000, ""},
		{"all phases against neutral", nil, []Report{
			start(reg(0, "100", "Wh", on("L1-N")), reg(0, "110", "Wh", on("L2-N")), reg(0, "120", "Wh", on("L3-N"))),
			next(1, reg(10, "200", "Wh", on("L1-N")), reg(10, "220", "Wh", on("L2-N")), reg(10, "240", "Wh", on("L3-N"))),
		}, 330_000, ""},
		{"phases beside their total", nil, []Report{
			start(reg(0, "100", "Wh", on("L1")), reg(0, "110", "Wh", on("L2")), reg(0, "120", "Wh", on("L3")), reg(0, "1000", "Wh")),
			next(1, reg(10, "1500", "Wh"), reg(10, "200", "Wh", on("L1")), reg(10, "220", "Wh", on("L2")), reg(10, "240", "Wh", on("L3"))),
		}, 500_000, ""},
		{"phases of different moments", nil, []Report{
			start(reg(0, "100", "Wh", on("L1")), reg(0, "110", "Wh", on("L2")), reg(0, "120", "Wh", on("L3"))),
			next(1, reg(8, "200", "Wh", on("L1")), reg(9, "220", "Wh", on("L2")), reg(10, "240", "Wh", on("L3"))),
		}, 0, ""},
		{"the only phase of a station that has one", quirk(station.Quirks{Phases: 1}), []Report{start(reg(0, "100", "Wh", on("L1"))), next(1, reg(10, "200", "Wh", on("L1")))}, 100_000, ""},
		{"between phases is no total", nil, []Report{start(reg(0, "100", "Wh", on("L1-L2"))), next(1, reg(10, "200", "Wh", on("L1-L2")))}, 0, ""},

		{"the outlet, not the inlet", nil, []Report{start(reg(0, "100", "Wh"), reg(0, "90", "Wh", measured("Inlet"))), next(1, reg(10, "200", "Wh", measured("Outlet")), reg(10, "290", "Wh", measured("Inlet")))}, 100_000, ""},
		{"the inlet while there is nothing else", nil, []Report{start(reg(0, "100", "Wh", measured("Inlet"))), next(1, reg(10, "200", "Wh", measured("Inlet")))}, 100_000, ""},
		{"an end at the outlet after a begin at the inlet", nil, []Report{start(reg(0, "100", "Wh", measured("Inlet"))), event2(Ended, 1, 10, reg(10, "9000", "Wh", context(meter.ContextEnd)))}, 0, ""},
		{"the cable rather than the inlet", nil, []Report{start(reg(0, "100", "Wh", measured("Cable")), reg(0, "90", "Wh", measured("Inlet"))), next(1, reg(10, "200", "Wh", measured("Cable")), reg(10, "290", "Wh", measured("Inlet")))}, 100_000, ""},
		{"at the end of the cable, where the start could not say so", nil, []Report{start16(1, 0, "A", 1000), values16("1", 1, 10, 1500, func(r *Report) { r.Samples[0].Location = "Cable" })}, 500_000, ""},
		{"the outlet, when there is a meter at the cable, too", nil, []Report{
			start(reg(0, "100", "Wh", measured("Outlet")), reg(0, "7", "Wh", measured("Cable"))),
			next(1, reg(10, "200", "Wh", measured("Outlet")), reg(10, "99", "Wh", measured("Cable"))),
		}, 100_000, ""},
		{"a meter in the body while there is nothing else", nil, []Report{start(reg(0, "100", "Wh", measured("Body"))), next(1, reg(10, "200", "Wh", measured("Body")))}, 100_000, ""},
		{"two begins of one moment: the lower", nil, []Report{start(reg(0, "1000", "Wh", context(meter.ContextBegin)), reg(0, "0.9997", "kWh", context(meter.ContextBegin))), next(1, reg(10, "1500", "Wh"))}, 500_300, ""},
		{"a phase that says something else", nil, []Report{start(reg(0, "100", "Wh", on("L1")), reg(0, "110", "varh", on("L2")), reg(0, "120", "Wh", on("L3")))}, 0, ""},
		{"the inlet no more once there is an outlet", nil, []Report{start(reg(0, "100", "Wh", measured("Inlet"))), next(1, reg(10, "900", "Wh")), next(2, reg(20, "950", "Wh"))}, 50_000, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.before != nil {
				tt.before(w)
			}
			w.reports(tt.tell...)
			s := w.only()
			if s.Energy != tt.mwh {
				t.Errorf("got %d mWh, want %d; begin %+v, last %+v", s.Energy, tt.mwh, s.Begin, s.Last)
			}
			if got := w.codes(); got != tt.findings {
				t.Errorf("findings: got %q, want %q", got, tt.findings)
			}
		})
	}
}

func TestRegistersAreKeptAsSent(t *testing.T) {
	w := newWorld(t)
	w.reports(
		event2(Started, 0, 0, by("A"), reg(0, "12.50", "kWh", context(meter.ContextBegin), times(0))),
		event2(Ended, 1, 10, reg(10, "1300", "Wh", context(meter.ContextEnd), times(1), measured("Outlet"))),
	)
	s := w.only()
	begin := Register{Known: true, Energy: 12_500_000, Value: dec("12.50"), Unit: "kWh", Context: meter.ContextBegin, At: at(0), AsSent: "2026-05-04T12:00:00Z", Order: 1}
	if s.Begin != begin {
		t.Errorf("begin: got %+v\nwant %+v", s.Begin, begin)
	}
	end := Register{
		Known: true, Energy: 13_000_000, Value: dec("1300"), Unit: "Wh", Multiplier: 1, Context: meter.ContextEnd, Location: "Outlet",
		At: at(10), AsSent: "2026-05-04T12:10:00Z", Order: 2,
	}
	if s.Last != end {
		t.Errorf("last: got %+v\nwant %+v", s.Last, end)
	}
	signed := &meter.SignedValue{Data: "T0NNRnx7fQ==", SigningMethod: "ECDSA", EncodingMethod: "OCMF", PublicKey: "abc"}
	w = newWorld(t)
	w.report(event2(Started, 0, 0, reg(0, "1", "kWh", func(m *meter.Sample) { m.Signed = signed })))
	if got := w.frames[0].Samples[0].Signed; got != signed {
		t.Errorf("signed: got %+v", got)
	}
}

func TestWhichRegisterIsKept(t *testing.T) {
	w := newWorld(t)
	w.report(event2(Ended, 1, 10, reg(10, "1300", "Wh", context(meter.ContextEnd))))
	if s := w.only(); s.Begin.Known || !s.Last.Known {
		t.Errorf("an end is no begin: got %+v, %+v", s.Begin, s.Last)
	}
	w = newWorld(t)
	w.reports(event2(Started, 0, 0, reg(0, "1000", "Wh")), event2(Updated, 2, 20, reg(20, "1000", "Wh")), event2(Updated, 1, 10, reg(10, "1000", "Wh")))
	if got := w.only().Last.At; got != at(20) {
		t.Errorf("of equal readings the latest: got %s", got)
	}
}

func TestPowerAndCharge(t *testing.T) {
	power := func(minute int, value, unitName string, changes ...func(*meter.Sample)) with {
		return reg(minute, value, unitName, append([]func(*meter.Sample){measurand(meter.PowerImport)}, changes...)...)
	}
	export := func(minute int, value string) with { return reg(minute, value, "W", measurand(powerExport)) }
	charge := func(minute int, value string) with {
		return reg(minute, value, "Percent", measurand(meter.StateOfCharge))
	}
	tests := []struct {
		name  string
		tell  []with
		watts unit.Watt
		soc   unit.Permille
	}{
		{"W", []with{power(10, "7200", "W")}, 7200, -1},
		{"kW with digits", []with{power(10, "7.2004", "kW")}, 7200, -1},
		{"no unit is W", []with{power(10, "7200", "")}, 7200, -1},
		{"a unit of something else", []with{power(10, "7200", "VA")}, 0, -1},
		{"the newest", []with{power(10, "7200", "W"), power(9, "100", "W")}, 7200, -1},
		{"all phases", []with{power(10, "2300", "W", on("L1")), power(10, "2300", "W", on("L2")), power(10, "2200", "W", on("L3"))}, 6800, -1},
		{"one phase of several", []with{power(10, "2300", "W", on("L1"))}, 0, -1},
		{"at the outlet", []with{power(10, "7400", "W", measured("Inlet")), power(10, "7200", "W")}, 7200, -1},
		{"export is negative", []with{export(10, "3000")}, -3000, -1},
		{"import less export", []with{power(10, "0", "W"), export(10, "3000")}, -3000, -1},
		{"export that is older", []with{power(10, "7200", "W"), export(9, "3000")}, 7200, -1},
		{"import that is older", []with{power(9, "7200", "W"), export(10, "3000")}, -3000, -1},
		{"too large to be true", []with{power(10, "2000000", "kW")}, 0, -1},
		{"state of charge", []with{charge(10, "42.5")}, 0, 425},
		{"full", []with{charge(10, "100")}, 0, 1000},
		{"more than full", []with{charge(10, "101")}, 0, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.reports(event2(Started, 0, 0, by("A")), event2(Updated, 1, 10, tt.tell...))
			if s := w.only(); s.PowerW != tt.watts || s.StateOfCharge != tt.soc {
				t.Errorf("got %d W %d permille, want %d W %d permille", s.PowerW, s.StateOfCharge, tt.watts, tt.soc)
			}
		})
	}
	t.Run("what comes late is not the newest", func(t *testing.T) {
		w := newWorld(t)
		w.reports(event2(Started, 0, 0, by("A")), event2(Updated, 2, 20, power(20, "7200", "W"), charge(20, "50")), event2(Updated, 1, 10, power(10, "100", "W"), charge(10, "10")))
		if s := w.only(); s.PowerW != 7200 || s.StateOfCharge != 500 {
			t.Errorf("got %d W %d permille", s.PowerW, s.StateOfCharge)
		}
	})
	t.Run("no power flows when it does not charge", func(t *testing.T) {
		w := newWorld(t)
		w.reports(event2(Started, 0, 0, by("A"), in(StateCharging)), event2(Updated, 1, 10, power(10, "7200", "W")), event2(Updated, 2, 20, in(StateSuspendedEV)))
		if s := w.only(); s.PowerW != 0 || s.PowerAt != at(20) {
			t.Errorf("got %d W at %s", s.PowerW, s.PowerAt)
		}
	})
	t.Run("a state that comes late stops no later power", func(t *testing.T) {
		w := newWorld(t)
		w.reports(event2(Started, 0, 0, by("A"), in(StateCharging)), event2(Updated, 2, 20, power(20, "7200", "W")), event2(Updated, 1, 10, in(StateSuspendedEV)))
		if s := w.only(); s.PowerW != 7200 || s.ChargingState != StateSuspendedEV {
			t.Errorf("got %d W, %s", s.PowerW, s.ChargingState)
		}
	})
	t.Run("unless the station says so", func(t *testing.T) {
		w := newWorld(t)
		w.reports(event2(Started, 0, 0, by("A"), in(StateCharging)), event2(Updated, 1, 10, in(StateSuspendedEV), power(10, "40", "W")))
		if s := w.only(); s.PowerW != 40 {
			t.Errorf("got %d W", s.PowerW)
		}
	})
	t.Run("none after the end, and the last charge", func(t *testing.T) {
		w := newWorld(t)
		w.reports(event2(Started, 0, 0, by("A")), event2(Updated, 1, 10, power(10, "7200", "W")), event2(Ended, 2, 20, charge(20, "80")))
		if s := w.only(); s.PowerW != 0 || s.StateOfCharge != 800 {
			t.Errorf("got %d W %d permille", s.PowerW, s.StateOfCharge)
		}
	})
}
