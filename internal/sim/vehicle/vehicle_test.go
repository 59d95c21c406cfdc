package vehicle_test

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"pylon/internal/kernel/unit"
	"pylon/internal/sim/vehicle"
)

const mains = 230_000

func ac(phases int, current unit.MilliAmpere) vehicle.Offer {
	return vehicle.Offer{Phases: phases, Current: current, Tension: mains}
}

func TestDraw(t *testing.T) {
	family := vehicle.Car{
		Phases: 3, MaxCurrent: 16_000, MaxPower: 100_000, Battery: 60_000, Target: 900,
		Curve: vehicle.Curve{{Charge: 0, Share: 1000}, {Charge: 500, Share: 1000}, {Charge: 800, Share: 450}, {Charge: 1000, Share: 80}},
	}
	small := vehicle.Car{Phases: 1, MaxCurrent: 32_000, Battery: 10_000, Target: 1000}
	strong := vehicle.Car{Phases: 3, MaxCurrent: 32_000, Onboard: 11_000, Battery: 60_000, Target: 1000}
	for _, c := range []struct {
		name   string
		car    vehicle.Car
		charge unit.Permille
		offer  vehicle.Offer
		want   vehicle.Draw
	}{
		{"the car limits the current", family, 300, ac(3, 32_000), vehicle.Draw{Power: 11_040, Phases: 3, Current: 16_000, Tension: mains}},
		{"the offer limits the current", family, 300, ac(3, 10_000), vehicle.Draw{Power: 6_900, Phases: 3, Current: 10_000, Tension: mains}},
		{"the car limits the phases", small, 300, ac(3, 16_000), vehicle.Draw{Power: 3_680, Phases: 1, Current: 16_000, Tension: mains}},
		{"the offer limits the phases", family, 300, ac(1, 16_000), vehicle.Draw{Power: 3_680, Phases: 1, Current: 16_000, Tension: mains}},
		{"the converter limits the power", strong, 300, ac(3, 32_000), vehicle.Draw{Power: 10_999, Phases: 3, Current: 15_942, Tension: mains}},
		{
			"the offer limits the power", family, 300,
			vehicle.Offer{Phases: 3, Current: 16_000, Tension: mains, Power: 6_000},
			vehicle.Draw{Power: 5_999, Phases: 3, Current: 8_695, Tension: mains},
		},
		{"at the least current it charges", family, 300, ac(3, vehicle.MinCurrent), vehicle.Draw{Power: 4_140, Phases: 3, Current: 6_000, Tension: mains}},
		{"below it pauses", family, 300, ac(3, vehicle.MinCurrent-1), vehicle.Draw{Phases: 3, Tension: mains}},
		{"just before the target", family, 899, ac(3, 16_000), vehicle.Draw{Power: 11_040, Phases: 3, Current: 16_000, Tension: mains}},
		{"at the target it is sated", family, 900, ac(3, 16_000), vehicle.Draw{Phases: 3, Tension: mains, Sated: true}},
		{"AC is whole up to the bend", small, 950, ac(1, 32_000), vehicle.Draw{Power: 7_360, Phases: 1, Current: 32_000, Tension: mains}},
		{"and falls beyond it", small, 975, ac(1, 32_000), vehicle.Draw{Power: 4_232, Phases: 1, Current: 18_400, Tension: mains}},
		{"down to less than what can be offered", small, 999, ac(1, 6_000), vehicle.Draw{Power: 1_228, Phases: 1, Current: 5_343, Tension: mains}},
		{"DC at its best", family, 500, vehicle.Offer{Power: 150_000}, vehicle.Draw{Power: 100_000, Current: 263_736, Tension: 379_166}},
		{"DC limited by the offer", family, 0, vehicle.Offer{Power: 50_000}, vehicle.Draw{Power: 50_000, Current: 142_857, Tension: 350_000}},
		{"DC tapers", family, 501, vehicle.Offer{Power: 150_000}, vehicle.Draw{Power: 99_900, Current: 263_431, Tension: 379_225}},
		{"DC at the target", family, 900, vehicle.Offer{Power: 150_000}, vehicle.Draw{Tension: 402_500, Sated: true}},
		{"no DC inlet", small, 300, vehicle.Offer{Power: 150_000}, vehicle.Draw{Tension: 367_500}},
		{"nothing is offered", family, 300, vehicle.Offer{}, vehicle.Draw{Tension: 367_500}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.car.Draw(c.charge, c.offer); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestCharged(t *testing.T) {
	car := vehicle.Car{Battery: 50_000}
	for _, c := range []struct {
		name   string
		charge unit.Permille
		energy unit.MilliWattHour
		want   unit.Permille
	}{
		{"nothing", 200, 0, 200},
		{"just below a permille", 200, 49_999, 200},
		{"a permille", 200, 50_000, 201},
		{"half", 200, 25_000_000, 700},
		{"just below full", 200, 39_999_999, 999},
		{"full", 200, 40_000_000, 1000},
		{"beyond", 200, 1 << 62, 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := car.Charged(c.charge, c.energy); got != c.want {
				t.Errorf("got %d ‰, want %d ‰", got, c.want)
			}
		})
	}
}

// anyCar draws a car of the catalogue.
func anyCar(t *rapid.T) vehicle.Car {
	seed := rapid.Uint64().Draw(t, "seed")
	return vehicle.Pick(rand.New(rand.NewPCG(seed, 1)))
}

// A car never takes more than it is offered, nor than it can, whatever both are.
func TestDrawStaysWithinTheOffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		car := anyCar(t)
		charge := unit.Permille(rapid.IntRange(0, 1000).Draw(t, "charge"))
		offer := vehicle.Offer{
			Phases:  rapid.IntRange(0, 3).Draw(t, "phases"),
			Current: unit.MilliAmpere(rapid.IntRange(-1, 100_000).Draw(t, "current")),
			Tension: unit.MilliVolt(rapid.IntRange(0, 260_000).Draw(t, "tension")),
			Power:   unit.Watt(rapid.IntRange(0, 400_000).Draw(t, "power")),
		}
		got := car.Draw(charge, offer)
		switch {
		case got.Power < 0 || got.Current < 0:
			t.Fatalf("it discharges: %+v", got)
		case got.Power > 0 && (got.Sated || charge >= car.Target):
			t.Fatalf("it charges beyond its target: %+v", got)
		case offer.Phases == 0:
			if got.Power > offer.Power || got.Power > car.MaxPower {
				t.Fatalf("got %+v of %+v", got, offer)
			}
			return
		case got.Current > max(offer.Current, 0), got.Current > car.MaxCurrent, got.Phases > offer.Phases:
			t.Fatalf("got %+v of %+v", got, offer)
		case offer.Power > 0 && got.Power > offer.Power:
			t.Fatalf("got %+v of %+v", got, offer)
		}
		if got.Current > 0 && offer.Current < vehicle.MinCurrent {
			t.Fatalf("it charges below the least current: %+v", got)
		}
	})
}

// More on offer is never less in the car.
func TestDrawGrowsWithTheOffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		car := anyCar(t)
		charge := unit.Permille(rapid.IntRange(0, 1000).Draw(t, "charge"))
		less := rapid.IntRange(0, 40_000).Draw(t, "less")
		more := rapid.IntRange(less, 40_000).Draw(t, "more")
		if a, b := car.Draw(charge, ac(3, unit.MilliAmpere(less))), car.Draw(charge, ac(3, unit.MilliAmpere(more))); a.Power > b.Power {
			t.Fatalf("AC: %d W of %d mA, %d W of %d mA", a.Power, less, b.Power, more)
		}
		if a, b := car.Draw(charge, vehicle.Offer{Power: unit.Watt(less)}), car.Draw(charge, vehicle.Offer{Power: unit.Watt(more)}); a.Power > b.Power {
			t.Fatalf("DC: %d W of %d W, %d W of %d W", a.Power, less, b.Power, more)
		}
	})
}

// Every car of the catalogue gets full where it can charge, in a time that people
// would stand.
func TestEveryArchetypeGetsFull(t *testing.T) {
	shares := 0
	for _, kind := range vehicle.Archetypes() {
		shares += kind.Share
		t.Run(kind.Name, func(t *testing.T) {
			car := kind.Car
			car.Charge, car.Target = 100, vehicle.Full
			hours := map[string]int{"AC": hoursUntilFull(t, car, ac(3, 32_000))}
			if car.MaxPower > 0 {
				hours["DC"] = hoursUntilFull(t, car, vehicle.Offer{Power: 300_000})
				if hours["DC"] > 3 {
					t.Errorf("got full on DC after %d h", hours["DC"])
				}
			}
			if hours["AC"] > 12 {
				t.Errorf("got full on AC after %d h", hours["AC"])
			}
		})
	}
	if shares != 100 {
		t.Errorf("shares: got %d, want 100", shares)
	}
}

// hoursUntilFull charges in steps of a minute and returns the hours begun.
func hoursUntilFull(t *testing.T, car vehicle.Car, offer vehicle.Offer) int {
	t.Helper()
	var energy unit.MilliWattHour
	for minute := range 48 * 60 {
		d := car.Draw(car.Charged(car.Charge, energy), offer)
		if d.Sated {
			return minute/60 + 1
		}
		if d.Power <= 0 {
			t.Fatalf("at %d mWh it takes nothing and is not sated", energy)
		}
		energy += unit.MilliWattHour(d.Power) * 1000 / 60
	}
	t.Fatal("not full after two days")
	return 0
}

// One seed gives one car, and the catalogue comes up as its shares say.
func TestPick(t *testing.T) {
	const many = 20_000
	draw := func() map[unit.WattHour]int {
		r := rand.New(rand.NewPCG(7, 7))
		count := map[unit.WattHour]int{}
		for range many {
			car := vehicle.Pick(r)
			if car.Charge < 0 || car.Charge >= car.Target || car.Target > vehicle.Full {
				t.Fatalf("a car arrives with %d ‰ and wants %d ‰", car.Charge, car.Target)
			}
			count[car.Battery]++
		}
		return count
	}
	first, second := draw(), draw()
	for _, kind := range vehicle.Archetypes() {
		got, want := first[kind.Car.Battery]*100/many, kind.Share
		if got < want-2 || got > want+2 {
			t.Errorf("%s: got %d of 100, want %d", kind.Name, got, want)
		}
		if first[kind.Car.Battery] != second[kind.Car.Battery] {
			t.Errorf("%s: the same seed gave %d and %d", kind.Name, first[kind.Car.Battery], second[kind.Car.Battery])
		}
	}
}
