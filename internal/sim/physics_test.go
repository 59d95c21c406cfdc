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

func TestFlow(t *testing.T) {
	threePhase := Car{Phases: 3, MaxCurrent: 32_000, MaxPower: 100_000, Battery: 60_000, Target: 900}
	onePhase := Car{Phases: 1, MaxCurrent: 16_000, MaxPower: 50_000, Battery: 10_000, Target: 1000}
	tests := []struct {
		name     string
		hardware Hardware
		car      Car
		charge   unit.Permille
		power    unit.Watt
		current  unit.MilliAmpere
		phases   int
	}{
		{"the station limits the car", AC11(), threePhase, 300, 11_040, 16_000, 3},
		{"both can 32 A", AC22(), threePhase, 300, 22_080, 32_000, 3},
		{"the car limits the station", AC22(), onePhase, 300, 3_680, 16_000, 1},
		{"AC is constant up to the target", AC11(), threePhase, 899, 11_040, 16_000, 3},
		{"at the target nothing flows", AC11(), threePhase, 900, 0, 0, 3},
		{"DC at its best", DC150(), threePhase, 500, 100_000, 263_157, 0},
		{"DC limited by the station", DC150(), Car{MaxPower: 250_000, Battery: 1, Target: 1000}, 0, 150_000, 428_571, 0},
		{"DC tapers from half on", DC150(), threePhase, 501, 99_900, 262_853, 0},
		{"DC at 80 %", DC150(), threePhase, 800, 45_000, 113_065, 0},
		{"DC at the target", DC150(), threePhase, 900, 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.hardware.flowInto(tt.car, tt.charge)
			if got.power != tt.power || got.current != tt.current || got.phases != tt.phases {
				t.Errorf("got %d W, %d mA, %d phases; want %d W, %d mA, %d phases",
					got.power, got.current, got.phases, tt.power, tt.current, tt.phases)
			}
		})
	}
}

func TestTaperNeverRises(t *testing.T) {
	for charge := unit.Permille(1); charge <= 1000; charge++ {
		if now, before := taper(charge), taper(charge-1); now > before || now <= 0 {
			t.Fatalf("at %d ‰ a battery takes %d ‰ of its power, after %d ‰", charge, now, before)
		}
	}
}

func TestChargeStopsAtFull(t *testing.T) {
	car := Car{Battery: 50_000, Charge: 200}
	for delivered, want := range map[unit.WattHour]unit.Permille{0: 200, 49: 200, 50: 201, 25_000: 700, 40_000: 1000, 90_000: 1000} {
		if got := car.charge(delivered); got != want {
			t.Errorf("after %d Wh: %d ‰, want %d ‰", delivered, got, want)
		}
	}
}

func TestReadingHoldsWhatWasAskedFor(t *testing.T) {
	ac := Reading{Register: 1234, Power: 11_040, Phases: 3, Current: 15_950, Tension: [3]unit.MilliVolt{230_049, 230_050, 0}}
	dc := Reading{Register: 5, Power: 100_000, Current: 263_157, Tension: [3]unit.MilliVolt{380_000}, Charge: 509}
	tests := []struct {
		name    string
		reading Reading
		asked   []string
		want    []string
	}{
		{"register alone", ac, []string{energyRegister}, []string{"Energy.Active.Import.Register  1234 Wh"}},
		{"current of each phase", ac, []string{currentImport}, []string{
			"Current.Import L1 16.0 A", "Current.Import L2 16.0 A", "Current.Import L3 16.0 A",
		}},
		{"tension is rounded", ac, []string{voltage}, []string{"Voltage L1-N 230.0 V", "Voltage L2-N 230.1 V", "Voltage L3-N 0.0 V"}},
		{"AC knows no charge", ac, []string{stateOfCharge}, nil},
		{"DC", dc, []string{stateOfCharge, currentImport}, []string{"Current.Import  263.2 A", "SoC  50 Percent"}},
		{"nothing", dc, nil, nil},
		{"what it cannot measure", dc, []string{"Frequency"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.reading.quantities(tt.asked)
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
