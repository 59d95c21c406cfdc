package simtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/clock"
)

// charger is a station: a queue, a clock that may be wrong, and what it knows to
// be true. It has no goroutine: the driver lets it act and hands it what arrives.
type charger struct {
	world    *world
	name     string
	protocol string
	dice     *rand.Rand

	line     *line    // nil: it is offline
	door     *doorway // the handshake is under way
	accepted bool     // the last boot was answered, and nothing lost since
	dark     bool     // without power
	offset   time.Duration
	passing  []*parcel // of no use later: boots, statuses, authorisations
	kept     []*parcel // about transactions: in flash until they are answered
	flight   *parcel   // waits for its answer
	flightID string
	rest     time.Time // until then what is kept waits, after a refusal
	plugs    []*plug
	acts     []act
	serial   int

	charges []*charge
	asked   map[string]int // the node's calls that arrived, by id
}

// plug is an EVSE with one connector.
type plug struct {
	id       int
	register int64 // Wh
	charge   *charge
	status   string
}

// charge is a transaction as it was.
type charge struct {
	plug   *plug
	uid    string
	id     string // the station's in 2.x; the node's in 1.6, "" until it was told
	remote int64  // the start that was asked for; 0: none
	begin  int64  // Wh
	end    int64
	over   bool
	events []*parcel
}

// parcel is a message on its way to a node.
type parcel struct {
	action  string
	build   func() string
	done    func(answer jsontext.Value)
	charge  *charge // nil: it is about none
	reading int64   // the register in it, Wh
	final   bool
	body    string // as it was sent first
	id      string // with which it was sent last
	tries   int
	heard   bool // answered
}

// act is something that the station will do.
type act struct {
	at     time.Time
	serial int
	name   string
	do     func()
}

// in has the station do something after d.
func (s *charger) in(d time.Duration, name string, do func()) {
	s.serial++
	s.acts = append(s.acts, act{clock.System{}.Now().Add(d), s.serial, name, do})
	slices.SortStableFunc(s.acts, func(a, b act) int { return a.at.Compare(b.at) })
}

// perform does what is due first.
func (s *charger) perform() string {
	a := s.acts[0]
	s.acts = s.acts[1:]
	a.do()
	return a.name
}

// between returns a duration between two.
func (s *charger) between(a, b time.Duration) time.Duration {
	return a + time.Duration(s.dice.Int64N(int64(b-a)))
}

func (s *charger) chance(percent int) bool { return s.dice.IntN(100) < percent }

// now is the time by the station's clock, as it writes it.
func (s *charger) now() string {
	return clock.System{}.Now().Add(s.offset).Format("2006-01-02T15:04:05.000Z")
}

// connect asks some node for a socket.
func (s *charger) connect() {
	if s.line != nil || s.dark {
		return
	}
	n := s.world.nodes[s.dice.IntN(len(s.world.nodes))]
	if n == nil || n.dead.Load() || n.leaving {
		s.later()
		return
	}
	l := &line{station: s, node: n, began: s.world.line.turn.Load()}
	s.line = l
	n.lines = append(n.lines, l)
	if n.frozen.After(clock.System{}.Now()) {
		l.fade() // the kernel takes the connection; nobody answers
	} else {
		s.door = knock(n, l, s.protocol)
	}
	s.in(handshakeTerm, "gives up a handshake", func() {
		if s.line == l && !l.upgraded {
			s.hangUp()
		}
	})
}

const (
	handshakeTerm = 20 * time.Second
	answerTerm    = 30 * time.Second // that a station waits for an answer
)

func (s *charger) later() { s.in(s.between(time.Second, 8*time.Second), "connects", s.connect) }

// look sees what became of a handshake, and whether the socket has ended. It
// reports whether anything happened.
func (s *charger) look() string {
	switch {
	case s.line == nil:
		return ""
	case s.door != nil && s.door.status != 0:
		s.world.trace.note("%s is refused: %d", s.name, s.door.status)
		s.hangUp()
		return "is refused"
	case s.door != nil && s.line.upgraded:
		s.door = nil
		s.opened()
		return "is connected"
	}
	if _, _, over := s.line.state(); over {
		s.hangUp()
		return "sees its socket end"
	}
	return ""
}

// opened begins a conversation.
func (s *charger) opened() {
	s.passing = nil
	if !s.accepted || s.chance(20) {
		s.boot()
	} else {
		s.tellAll()
	}
	s.pump()
}

// hangUp lets go of the socket. What is kept is sent again.
func (s *charger) hangUp() {
	if s.line != nil {
		s.line.sever()
	}
	s.line, s.door, s.flight, s.passing = nil, nil, nil, nil
	s.later()
}

// darken takes the power away for a while: what runs has ended when it comes
// back, and is told then.
func (s *charger) darken(d time.Duration, reason string) {
	if s.dark {
		return
	}
	s.dark, s.accepted = true, false
	if s.line != nil {
		s.line.sever()
	}
	s.line, s.door, s.flight, s.passing = nil, nil, nil, nil
	s.in(d, "has power again", func() {
		s.dark = false
		for _, p := range s.plugs {
			if p.charge != nil {
				s.stop(p.charge, reason)
			}
		}
		s.connect()
	})
}

// pump sends what is next.
func (s *charger) pump() {
	if s.line == nil || s.door != nil || s.flight != nil || s.dark {
		return
	}
	var p *parcel
	switch {
	case len(s.passing) > 0:
		p = s.passing[0]
	case !s.accepted || len(s.kept) == 0 || s.rest.After(clock.System{}.Now()):
		return
	default:
		p = s.kept[0]
	}
	if p.body == "" {
		p.body = p.build()
	}
	if p.id == "" || s.chance(50) {
		s.serial++
		p.id = fmt.Sprintf("%s-%d", s.name, s.serial)
	}
	p.tries++
	s.flight, s.flightID = p, p.id
	s.line.send(fmt.Sprintf("%c[2,%q,%q,%s]", opText, p.id, p.action, p.body))
	l, id, tries := s.line, p.id, p.tries
	s.in(answerTerm, "waits for an answer no longer", func() {
		if s.line != l || s.flight != p || s.flightID != id || p.tries != tries {
			return
		}
		s.flight = nil
		if s.chance(50) {
			s.hangUp()
			return
		}
		s.pump()
	})
}

// receive takes in a frame of the node.
func (s *charger) receive(frame string) {
	switch frame[0] {
	case opPing:
		s.line.send(string(rune(opPong)) + frame[1:])
	case opClose:
		s.hangUp()
	case opText:
		s.hear(frame[1:])
	}
}

func (s *charger) hear(text string) {
	var f []jsontext.Value
	if err := json.Unmarshal([]byte(text), &f); err != nil || len(f) < 3 {
		panic(fmt.Sprintf("simulation: a node sent %s: %v", text, err))
	}
	id := unquote(f[1])
	switch string(f[0]) {
	case "2":
		s.asked[id]++
		answer := s.obey(unquote(f[2]), f[3])
		if strings.HasPrefix(answer, "{") {
			s.line.send(fmt.Sprintf("%c[3,%q,%s]", opText, id, answer))
		} else {
			s.line.send(fmt.Sprintf("%c[4,%q,%q,\"\",{}]", opText, id, answer))
		}
	case "3":
		s.answered(id, f[2])
	case "4":
		s.refusedBy(id)
	}
}

func unquote(v jsontext.Value) string {
	var s string
	if err := json.Unmarshal(v, &s); err != nil {
		panic(err)
	}
	return s
}

// answered takes in an answer, unless nobody waits for it any more.
func (s *charger) answered(id string, answer jsontext.Value) {
	p := s.flight
	if p == nil || s.flightID != id {
		return
	}
	s.flight, p.heard = nil, true
	s.passing = slices.DeleteFunc(s.passing, func(x *parcel) bool { return x == p })
	s.kept = slices.DeleteFunc(s.kept, func(x *parcel) bool { return x == p })
	if p.done != nil {
		p.done(answer)
	}
	s.pump()
}

// refusedBy takes in an error. What is about a transaction is tried again.
func (s *charger) refusedBy(id string) {
	p := s.flight
	if p == nil || s.flightID != id {
		return
	}
	s.flight = nil
	s.passing = slices.DeleteFunc(s.passing, func(x *parcel) bool { return x == p })
	if p.charge != nil {
		s.rest = clock.System{}.Now().Add(5 * time.Second)
		s.in(5*time.Second, "tries again", s.pump)
	}
	if p.action == "StatusNotification" {
		s.in(5*time.Second, "tells its status again", s.tellAll)
	}
	if !s.accepted && p.action == "BootNotification" {
		s.in(5*time.Second, "boots again", func() {
			if s.line != nil && s.door == nil && !s.accepted {
				s.boot()
				s.pump()
			}
		})
	}
	s.pump()
}

// boot tells who the station is.
func (s *charger) boot() {
	body := `{"chargePointVendor":"Simulation","chargePointModel":"One"}`
	if s.two() {
		body = `{"reason":"PowerUp","chargingStation":{"vendorName":"Simulation","model":"Two"}}`
	}
	s.passing = append([]*parcel{{action: "BootNotification", build: func() string { return body }, done: s.booted}}, s.passing...)
}

func (s *charger) booted(answer jsontext.Value) {
	var a struct {
		Status      string    `json:"status"`
		CurrentTime time.Time `json:"currentTime"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		panic(err)
	}
	s.accepted = a.Status == "Accepted"
	s.offset = a.CurrentTime.Sub(clock.System{}.Now()) // stations follow the clock of the node
	s.tellAll()
}

func (s *charger) two() bool { return s.protocol != "ocpp1.6" }

// tellAll tells the status of every plug.
func (s *charger) tellAll() {
	for _, p := range s.plugs {
		s.tell(p)
	}
}

// tell tells the status of a plug, while somebody listens.
func (s *charger) tell(p *plug) {
	if s.line == nil || s.door != nil {
		return
	}
	status, at := p.status, s.now()
	s.passing = append(s.passing, &parcel{action: "StatusNotification", build: func() string {
		if s.two() {
			if status != "Available" {
				status = "Occupied"
			}
			return fmt.Sprintf(`{"timestamp":%q,"connectorStatus":%q,"evseId":%d,"connectorId":1}`, at, status, p.id)
		}
		return fmt.Sprintf(`{"connectorId":%d,"errorCode":"NoError","status":%q,"timestamp":%q}`, p.id, status, at)
	}})
	s.pump()
}

func (s *charger) become(p *plug, status string) {
	p.status = status
	s.tell(p)
}
