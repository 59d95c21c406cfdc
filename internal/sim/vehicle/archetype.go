package vehicle

import (
	"math/rand/v2"

	"pylon/internal/kernel/unit"
)

// Archetype is a kind of car, and how many of a hundred cars are of it.
type Archetype struct {
	Name  string
	Share int
	Car   Car // without a state of charge: see [Archetype.Arrive]
}

// Archetypes returns the catalogue. The shares sum to 100.
func Archetypes() []Archetype {
	return []Archetype{
		{"plug-in hybrid", 14, Car{Phases: 1, MaxCurrent: 16_000, Battery: 12_000}},
		{"small, one phase", 8, Car{Phases: 1, MaxCurrent: 32_000, MaxPower: 44_000, Curve: sloping(), Battery: 38_000}},
		{"city", 16, Car{Phases: 3, MaxCurrent: 16_000, MaxPower: 85_000, Curve: sloping(), Battery: 44_000}},
		{"compact, two phases", 6, Car{Phases: 2, MaxCurrent: 16_000, MaxPower: 50_000, Curve: sloping(), Battery: 36_000}},
		{"family", 28, Car{Phases: 3, MaxCurrent: 16_000, MaxPower: 135_000, Curve: sloping(), Battery: 62_000}},
		{"long range", 14, Car{Phases: 3, MaxCurrent: 16_000, MaxPower: 190_000, Curve: early(), Battery: 80_000}},
		{"800 V", 6, Car{Phases: 3, MaxCurrent: 16_000, MaxPower: 240_000, Curve: flat(), Pack: 650_000, Battery: 84_000}},
		{"22 kW on board", 4, Car{Phases: 3, MaxCurrent: 32_000, Onboard: 22_000, MaxPower: 46_000, Curve: flat(), Battery: 55_000}},
		{"van", 4, Car{Phases: 3, MaxCurrent: 16_000, MaxPower: 115_000, Curve: sloping(), Battery: 77_000}},
	}
}

// sloping is a battery that takes its best power up to half and less from there.
func sloping() Curve {
	return Curve{{0, 700}, {100, 1000}, {500, 1000}, {800, 450}, {1000, 80}}
}

// early is a battery that is at its best when nearly empty.
func early() Curve {
	return Curve{{0, 800}, {50, 1000}, {250, 1000}, {500, 600}, {800, 300}, {1000, 50}}
}

// flat is a battery that is cooled well enough to keep its power until late.
func flat() Curve {
	return Curve{{0, 900}, {100, 1000}, {600, 1000}, {800, 700}, {850, 350}, {1000, 60}}
}

// Pick draws a car from the catalogue, as often as its share says, with the battery
// of an arrival.
func Pick(r *rand.Rand) Car {
	kinds, lot := Archetypes(), r.IntN(100)
	for _, kind := range kinds[:len(kinds)-1] {
		if lot < kind.Share {
			return kind.Arrive(r)
		}
		lot -= kind.Share
	}
	return kinds[len(kinds)-1].Arrive(r)
}

// Arrive draws a car of the kind with its state of charge: rarely empty, mostly
// between a tenth and two thirds. It wants four fifths or more.
func (a Archetype) Arrive(r *rand.Rand) Car {
	car := a.Car
	car.Charge = unit.Permille(50 + r.IntN(320) + r.IntN(320)) // the sum of two lots leans to the middle
	car.Target = unit.Permille([]int{800, 800, 900, 1000, 1000}[r.IntN(5)])
	return car
}
