package world

import (
	"math/rand/v2"
	"strconv"
	"time"

	"pylon/internal/sim"
)

// Kind is what a site is for: it decides who comes when, and for how long.
type Kind string

// The kinds.
const (
	Street   Kind = "street"   // where people live: they come in the evening and stay for the night
	Office   Kind = "office"   // where people work
	Shopping Kind = "shopping" // an hour, all day long
	Motorway Kind = "motorway" // twenty minutes, on the way
)

func kinds() []Kind { return []Kind{Street, Office, Shopping, Motorway} }

// habits are the numbers of a kind of site.
type habits struct {
	visits   int           // to an EVSE in a day, if one would always be free
	stay     time.Duration // mean
	shortest time.Duration
	hours    [24]int // how the day's visits spread over its hours, as weights
}

// habits returns the habits of a kind. The shapes follow what public statistics of
// charging show; the figures are round.
func (k Kind) habits() habits {
	switch k {
	case Street:
		return habits{2, 8 * time.Hour, time.Hour, [24]int{1, 0, 0, 0, 0, 1, 2, 3, 3, 3, 3, 4, 4, 4, 4, 6, 9, 14, 15, 12, 9, 6, 4, 2}}
	case Office:
		return habits{2, 5 * time.Hour, time.Hour, [24]int{0, 0, 0, 0, 0, 2, 8, 20, 22, 12, 5, 3, 5, 8, 4, 2, 1, 1, 0, 0, 0, 0, 0, 0}}
	case Shopping:
		return habits{7, 70 * time.Minute, 15 * time.Minute, [24]int{0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 11, 12, 10, 9, 9, 10, 11, 12, 10, 7, 3, 1, 0, 0}}
	case Motorway:
		return habits{14, 24 * time.Minute, 8 * time.Minute, [24]int{1, 1, 1, 1, 2, 3, 5, 7, 7, 6, 6, 7, 8, 7, 6, 7, 8, 9, 8, 6, 4, 3, 2, 1}}
	}
	panic("world: no kind of site " + string(k))
}

// perHour returns how many visits an EVSE gets in an hour that begins at a time of
// day.
func (h habits) perHour(day time.Duration) float64 {
	sum := 0
	for _, weight := range h.hours {
		sum += weight
	}
	at := int(day/time.Hour) % len(h.hours)
	return float64(h.visits*h.hours[at]) / float64(sum) // a rate of a draw, no quantity
}

// busiest returns the highest rate of a day.
func (h habits) busiest() float64 {
	most := 0.0
	for hour := range h.hours {
		most = max(most, h.perHour(time.Duration(hour)*time.Hour))
	}
	return most
}

// hardware returns the stations of a kind of site, in the order in which they are
// put up.
func (k Kind) hardware() []sim.Hardware {
	switch k {
	case Street:
		return []sim.Hardware{sim.AC11(), sim.AC22(), sim.AC11()}
	case Office:
		return []sim.Hardware{sim.AC22(), sim.AC11()}
	case Shopping:
		return []sim.Hardware{sim.AC22(), sim.DC150(), sim.AC22()}
	case Motorway:
		return []sim.Hardware{sim.DC150()}
	}
	panic("world: no kind of site " + string(k))
}

// names returns how sites of a kind are called.
func (k Kind) names() []string {
	switch k {
	case Street:
		return []string{"Linden Street", "Mill Lane", "Station Road", "Garden Terrace", "Old Brewery Yard"}
	case Office:
		return []string{"Technology Park", "City Hall", "Harbour Offices", "Science Campus", "Publishing House"}
	case Shopping:
		return []string{"Market Square", "Riverside Centre", "Furniture Mile", "Old Town Garage", "Garden Centre"}
	case Motorway:
		return []string{"Motorway East", "Hill Services", "Junction 14", "Motorway South", "Forest Services"}
	}
	panic("world: no kind of site " + string(k))
}

// drawSite draws the n-th site of a network.
func drawSite(r *rand.Rand, n int, kind Kind) Site {
	cities := []struct {
		name                string
		latitude, longitude int // hundred-thousandths of a degree
	}{
		{"Freiburg", 4799590, 785220},
		{"Hamburg", 5354380, 998860},
		{"Leipzig", 5133970, 1237310},
		{"Kassel", 5131270, 947970},
		{"Ulm", 4839840, 999160},
		{"Potsdam", 5239060, 1306450},
	}
	names := kind.names()
	turn := n / len(kinds())
	city := cities[n%len(cities)]
	s := Site{Kind: kind, City: city.name, Name: names[turn%len(names)]}
	if again := turn / len(names); again > 0 {
		s.Name += " " + strconv.Itoa(again+1)
	}
	const around = 5000 // some kilometres
	s.Latitude = degrees(city.latitude + r.IntN(around))
	s.Longitude = degrees(city.longitude + r.IntN(around))
	return s
}

// degrees writes hundred-thousandths of a degree.
func degrees(n int) string {
	const whole = 100_000
	return strconv.Itoa(n/whole) + "." + strconv.Itoa(whole + n%whole)[1:]
}
