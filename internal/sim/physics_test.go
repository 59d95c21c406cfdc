package sim

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/kernel/unit"
)

func TestMeterIsExactHoweverOftenItIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		often, once := newMeter(1000, began), newMeter(1000, began)
		power := unit.Watt(rapid.Int64Range(0, 400_000).Draw(t, "power"))
		now, last := began, unit.WattHour(1000)
		for range rapid.IntRange(1, 50).Draw(t, "readings") {
			now = now.Add(time.Duration(rapid.Int64Range(-1000, 3_600_000_000).Draw(t, "microseconds")) * time.Microsecond)
			often.count(power, now)
			if often.register() < last {
				t.Fatalf("the register went back from %d to %d Wh", last, often.register())
			}
			last = often.register()
		}
		once.count(power, often.until)
		if often.wattMilliseconds != once.wattMilliseconds {
			t.Fatalf("%d W·ms in steps, %d at once", often.wattMilliseconds, once.wattMilliseconds)
		}
	})
}

func TestReadingHoldsWhatWasAskedFor(t *testing.T) {
	ac := Reading{Register: 1234, Power: 11_040, Phases: 3, Current: 15_950, Tension: [3]unit.MilliVolt{230_049, 230_050, 0}}
	dc := Reading{Register: 5, Power: 100_000, Current: 263_157, Tension: [3]unit.MilliVolt{380_000}, Charge: 509}
	tests := []struct {
		name    string
		reading Reading
		asked   []string
		want    []string
		kilo    bool
	}{
		{"register alone", ac, []string{energyRegister}, []string{"Energy.Active.Import.Register  1234 Wh"}, false},
		{"current of each phase", ac, []string{currentImport}, []string{
			"Current.Import L1 16.0 A", "Current.Import L2 16.0 A", "Current.Import L3 16.0 A",
		}, false},
		{"tension is rounded", ac, []string{voltage}, []string{"Voltage L1-N 230.0 V", "Voltage L2-N 230.1 V", "Voltage L3-N 0.0 V"}, false},
		{"AC knows no charge", ac, []string{stateOfCharge}, nil, false},
		{"DC", dc, []string{stateOfCharge, currentImport}, []string{"Current.Import  263.2 A", "SoC  50 Percent"}, false},
		{"nothing", dc, nil, nil, false},
		{"what it cannot measure", dc, []string{"Frequency"}, nil, false},
		{"in kWh and kW", ac, []string{energyRegister, activePower}, []string{
			"Energy.Active.Import.Register  1.234 kWh", "Power.Active.Import  11.040 kW",
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.reading.quantities(tt.asked, tt.kilo)
			if len(got) != len(tt.want) {
				t.Fatalf("got %v, want %v", got, tt.want)
			}
			for i, q := range got {
				if text := q.measurand + " " + q.phase + " " + q.value.String() + " " + q.unit; text != tt.want[i] {
					t.Errorf("got %s, want %s", text, tt.want[i])
				}
			}
		})
	}
}
