// Package world draws charging networks and what happens to them in a day, and
// runs them against a CSMS over real sockets.
//
// A [Plan] is a pure function of a [Scale]: the same numbers are the same sites,
// stations, drivers, visits and faults, whoever draws them and whenever. A
// [World] is a plan that takes place, by any clock.
package world

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"pylon/internal/sim"
	"pylon/internal/sim/vehicle"
	"pylon/internal/wire/ocppj"
)

// Scale is what a plan is drawn from. Zero fields stand for their defaults.
type Scale struct {
	Seed     uint64
	Stations int
	Sites    int             // default: one for each eight stations, four at least
	Versions []ocppj.Version // the stations take turns; default all that we speak
	From     time.Duration   // the time of day at which it begins; default midnight
	Length   time.Duration   // default a day
	// Hurry makes people so many times as quick as they are: they come as much more
	// often and stay as much shorter. Cars and stations do not know. Default 1.
	Hurry     int
	Sampling  time.Duration // between the meter samples of a transaction, whole seconds; default a minute
	Strangers int           // of 1000 visits, how many come with a card that nobody knows
	Signed    bool          // all meters sign the begin and the end of transactions
	Screens   int           // of how many stations one shows its driver prices and costs; 0: none does
	Faults    Faults
}

// Faults says how much goes wrong.
type Faults string

// The amounts.
const (
	NoFaults   Faults = "none"
	SomeFaults Faults = "some" // what happens in every network: a lost connection, a power cut, an answer that does not arrive
	AllFaults  Faults = "all"  // every kind that the simulator knows
)

// Plan is a network and what will happen to it. Visits and faults are in the
// order in which they begin; their moments count from the beginning of the plan.
type Plan struct {
	Scale    Scale
	Sites    []Site
	Stations []Station
	Drivers  []Driver
	Visits   []Visit
	Faults   []Fault
}

// Site is where stations stand.
type Site struct {
	Name, City          string
	Latitude, Longitude string // decimal degrees
	Kind                Kind
}

// Station is one station of a plan.
type Station struct {
	Site       int // its index
	Identity   string
	Password   string
	Version    ocppj.Version
	Hardware   sim.Hardware
	CableFirst bool              // 2.x: a transaction begins with the cable, before anyone is authorised
	Compress   bool              // 2.x: it offers compression
	AfterPower sim.AfterPowerCut // what becomes of what ran when the power went
	Quirks     sim.Quirks
	Seed       uint64 // of its own chance
}

// Driver is a person with a card, who comes with one car.
type Driver struct {
	Token sim.Token
	Car   vehicle.Car // as it left the factory; it arrives with another charge each time
}

// Visit is a driver who comes to an EVSE.
type Visit struct {
	At      time.Duration
	Stay    time.Duration
	Station int         // its index
	EVSE    int         // from 1
	Driver  int         // its index
	Token   sim.Token   // the driver's, or a stranger's
	Car     vehicle.Car // as it arrives
}

// Fault is something that goes wrong at a station.
type Fault struct {
	At      time.Duration
	For     time.Duration // 0: for a moment, or for ever, as fits the kind
	Station int           // its index
	Kind    sim.Fault
}

const (
	// identityFormat numbers the stations of a network.
	identityFormat = "SIM-%04d"
	// passwordLength fits the Basic passwords of all versions, 16 to 20 bytes in 1.6.
	passwordLength = 20
	// evening is how long before the beginning people came who are still there.
	evening = 12 * time.Hour
	// stationsPerSite is how many stand together, where nobody says.
	stationsPerSite = 8
)

// Streams of chance: what is drawn of one changes nothing of the others.
const (
	chanceNetwork uint64 = iota
	chanceDrivers
	chanceVisits
	chanceFaults
)

// New draws the plan of a scale.
func New(s Scale) Plan {
	s = s.withDefaults()
	p := Plan{Scale: s}
	p.drawNetwork(s.chance(chanceNetwork))
	p.drawDrivers(s.chance(chanceDrivers))
	p.drawVisits(s.chance(chanceVisits))
	p.drawFaults(s.chance(chanceFaults))
	return p
}

// Versions returns the versions of OCPP with the names: "1.6", "2.0.1", "2.1".
func Versions(names []string) ([]ocppj.Version, error) {
	var versions []ocppj.Version
	for _, name := range names {
		i := slices.IndexFunc(everyVersion(), func(v ocppj.Version) bool { return v.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("%q is none of %v", name, everyVersion())
		}
		versions = append(versions, everyVersion()[i])
	}
	return versions, nil
}

func everyVersion() []ocppj.Version { return []ocppj.Version{ocppj.V16, ocppj.V201, ocppj.V21} }

func (s Scale) withDefaults() Scale {
	if s.Sites == 0 {
		s.Sites = max(len(kinds()), s.Stations/stationsPerSite)
	}
	s.Sites = max(1, min(s.Sites, s.Stations))
	if len(s.Versions) == 0 {
		s.Versions = everyVersion()
	}
	if s.Length == 0 {
		s.Length = 24 * time.Hour
	}
	if s.Sampling == 0 {
		s.Sampling = time.Minute
	}
	s.Hurry = max(1, s.Hurry)
	if s.Faults == "" {
		s.Faults = NoFaults
	}
	return s
}

// chance returns the source of one stream.
func (s Scale) chance(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(s.Seed, stream)) }

// drawNetwork draws sites and stations.
func (p *Plan) drawNetwork(r *rand.Rand) {
	all := kinds()
	for i := range p.Scale.Sites {
		p.Sites = append(p.Sites, drawSite(r, i, all[i%len(all)]))
	}
	for i := range p.Scale.Stations {
		site := i % len(p.Sites)
		standing := i / len(p.Sites) // how many stand there already
		st := Station{
			Site:     site,
			Identity: fmt.Sprintf(identityFormat, i+1),
			Password: text(r, "abcdefghijkmnpqrstuvwxyz23456789", passwordLength),
			Version:  p.Scale.Versions[(site+standing)%len(p.Scale.Versions)],
			Seed:     r.Uint64(),
		}
		hardware := p.Sites[site].Kind.hardware()
		st.Hardware = hardware[standing%len(hardware)]
		st.CableFirst = st.Version != ocppj.V16 && r.IntN(8) == 0
		st.Compress = st.Version != ocppj.V16 && r.IntN(4) == 0
		st.AfterPower = []sim.AfterPowerCut{sim.Stops, sim.Resumes, sim.Forgets}[r.IntN(3)]
		st.Quirks.KiloWattHours = r.IntN(6) == 0
		st.Quirks.BootsAlways = r.IntN(10) == 0
		st.Quirks.SignedMeters = p.Scale.Signed
		p.Stations = append(p.Stations, st)
	}
}

func text(r *rand.Rand, alphabet string, length int) string {
	var b strings.Builder
	for range length {
		b.WriteByte(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

// drawDrivers draws enough people that one of them is always at home.
func (p *Plan) drawDrivers(r *rand.Rand) {
	evses := 0
	for i := range p.Stations {
		evses += p.Stations[i].Hardware.EVSEs
	}
	for range 2 * evses {
		p.Drivers = append(p.Drivers, Driver{Token: drawToken(r), Car: vehicle.Pick(r)})
	}
}

// drawToken draws a card: the 7 bytes of its chip in hex.
func drawToken(r *rand.Rand) sim.Token {
	return sim.Token{UID: "04" + text(r, "0123456789ABCDEF", 12), Type: "ISO14443"}
}

// Tokens returns the cards that must be known for the drivers to charge.
func (p *Plan) Tokens() []sim.Token {
	tokens := make([]sim.Token, len(p.Drivers))
	for i := range p.Drivers {
		tokens[i] = p.Drivers[i].Token
	}
	return tokens
}

// sort puts what happens in the order in which it begins.
func (p *Plan) sort() {
	slices.SortStableFunc(p.Visits, func(a, b Visit) int { return cmp.Compare(a.At, b.At) })
	slices.SortStableFunc(p.Faults, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
}
