package simtest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/command"
	"pylon/internal/edge/ocpp"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
)

// plan is a simulation before it begins.
type plan struct {
	seed   uint64
	path   string // of the database, with stations and tokens in it
	plant  plant
	noRoom error // see [noRoom]
	keep   bool  // the whole trace
}

// world is a simulation under way. The driver's goroutine is the only one that
// changes what stands here.
type world struct {
	plan  plan
	dice  *rand.Rand
	trace *trace
	line  *timeline
	disk  *disk
	bus   *bus

	names    []string // of the nodes' places
	nodes    []*node  // by place; nil: none runs there
	chargers []*charger
	uids     []string
	acts     []act // of the driver: what breaks, and what heals
	serial   int
	calm     bool // nothing breaks any more, and nobody comes
	slow     bool // commits take their time
	faults   map[string]int
	problems []string

	mu       sync.Mutex
	commands map[ident.CommandID]bool // that somebody was told is made
}

const (
	chaosMin = 90 * time.Second // of virtual time in which things break
	chaosMax = 4 * time.Minute
	calmMin  = 90 * time.Second // afterwards: longer than a command and a lease last
	calmMax  = 15 * time.Minute // until when all must have come to its end
	turnsMax = 400_000          // of the driver: more is a loop
)

func newWorld(p plan) *world {
	dice := rand.New(rand.NewPCG(p.seed, 0))
	w := &world{
		plan: p, dice: dice, trace: newTrace(p.keep), line: new(timeline), bus: new(bus),
		uids: tokenUIDs(), faults: map[string]int{}, commands: map[ident.CommandID]bool{},
	}
	w.disk = &disk{path: p.path, trace: w.trace, noRoom: p.noRoom}
	for i := range 1 + dice.IntN(3) {
		w.names = append(w.names, fmt.Sprintf("N%d", i+1))
	}
	protocols := []string{"ocpp1.6", "ocpp1.6", "ocpp2.0.1", "ocpp2.1"}
	for i := range 2 + dice.IntN(stationsMax-1) {
		s := &charger{
			world: w, name: fmt.Sprintf("CP%d", i+1), protocol: protocols[dice.IntN(len(protocols))],
			dice: rand.New(rand.NewPCG(p.seed, uint64(i+1))), asked: map[string]int{},
		}
		for k := range 1 + s.dice.IntN(2) {
			s.plugs = append(s.plugs, &plug{id: k + 1, status: "Available", register: s.dice.Int64N(1_000_000)})
		}
		w.chargers = append(w.chargers, s)
	}
	return w
}

// settle waits until nothing moves but the driver.
func (w *world) settle() { synctest.Wait() }

// Append implements [ocpp.FrameLog]; the driver sees every frame himself.
func (w *world) Append(ocpp.Entry) {}

// in has the driver do something after d.
func (w *world) in(d time.Duration, name string, do func()) {
	w.serial++
	w.acts = append(w.acts, act{clock.System{}.Now().Add(d), w.serial, name, do})
	slices.SortStableFunc(w.acts, func(a, b act) int { return a.at.Compare(b.at) })
}

func (w *world) between(a, b time.Duration) time.Duration {
	return a + time.Duration(w.dice.Int64N(int64(b-a)))
}

// play lets the simulation take place, and returns what is wrong in the end.
func (w *world) play() []string {
	defer w.clear()
	for _, name := range w.names {
		w.nodes = append(w.nodes, w.open(name, 0))
		<-clock.System{}.After(time.Millisecond) // identifiers are in the order of their making
	}
	for _, s := range w.chargers {
		s.in(s.between(0, 5*time.Second), "connects", s.connect)
		for _, p := range s.plugs {
			s.in(s.between(5*time.Second, 30*time.Second), "has a visitor", func() { s.visit(p) })
		}
	}
	w.in(time.Second, "something breaks", w.breakSomething)
	w.in(5*time.Second, "an operator asks", w.operate)
	chaos := w.between(chaosMin, chaosMax)
	w.in(chaos, "everything heals", w.heal)
	end := clock.System{}.Now().Add(chaos)
	w.turns(func() bool {
		return w.calm && (len(w.problems) > 0 || clock.System{}.Now().After(end.Add(calmMin)) && w.done() == "")
	},
		end.Add(calmMax))
	if len(w.problems) > 0 {
		return w.problems
	}
	first := w.inspect()
	if len(w.problems) > 0 {
		return w.problems
	}
	for i, n := range w.nodes { // and once more, of nodes that remember nothing
		n.kill()
		w.nodes[i] = nil
	}
	w.bus.nodes = nil
	for i, name := range w.names {
		w.nodes[i] = w.open(name, 0)
		<-clock.System{}.After(time.Millisecond)
	}
	again := clock.System{}.Now().Add(calmMin)
	w.turns(func() bool { return clock.System{}.Now().After(again) && w.done() == "" }, again.Add(calmMax))
	second := w.inspect()
	if len(w.problems) == 0 && first != second {
		w.wrong("after a restart the sessions are others:\n%s\n%s", first, second)
	}
	return w.problems
}

func (w *world) wrong(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// clear ends what runs.
func (w *world) clear() {
	for _, n := range w.nodes {
		switch {
		case n == nil || n.dead.Load():
		case n.ended.Load():
			n.books.close()
		default:
			n.kill()
		}
	}
	w.settle()
}

// turns lets one thing happen after the other until it is enough.
func (w *world) turns(enough func() bool, latest time.Time) {
	for range turnsMax {
		w.settle()
		w.line.turn.Add(1)
		w.watch()
		switch {
		case enough():
			return
		case clock.System{}.Now().After(latest):
			w.wrong("it does not come to its end: %s", w.done())
			return
		}
		what := w.turn()
		w.settle()
		w.trace.close(what)
		<-clock.System{}.After(time.Duration(1+w.dice.IntN(900)) * time.Microsecond) // so that nothing happens at the same time
	}
	w.wrong("it does not come to its end in %d turns: %s", turnsMax, w.done())
}

// watch sees what ended by itself.
func (w *world) watch() {
	for _, s := range w.chargers {
		for what := s.look(); what != ""; what = s.look() {
			w.trace.note("%s %s", s.name, what)
			w.settle()
		}
	}
	for i, n := range w.nodes {
		switch {
		case n == nil:
		case n.lost.Load() && !n.dead.Load():
			w.faults["node gives up"]++
			if !w.mayGiveUp() {
				w.wrong("%s gave up by itself", n.name)
			}
			n.kill()
			w.remove(i, 2*time.Second)
		case n.leaving && n.ended.Load():
			n.books.close()
			w.remove(i, 2*time.Second)
		}
	}
}

// mayGiveUp reports whether something took a node's lease from it.
func (w *world) mayGiveUp() bool {
	return w.faults["node frozen"] > 0 || w.faults["database away"] > 0 || w.faults["disk full"] > 0
}

// remove takes a node that has ended off its place, where another starts later.
func (w *world) remove(i int, after time.Duration) {
	n := w.nodes[i]
	w.nodes[i] = nil
	w.bus.nodes = slices.DeleteFunc(w.bus.nodes, func(x *node) bool { return x == n })
	for _, l := range n.lines {
		l.sever()
	}
	w.in(after, n.name+" starts", func() { w.begin(i, n.clock.step) })
}

// begin starts a node, as soon as the file can be opened.
func (w *world) begin(i int, step time.Duration) {
	if w.disk.busy() || w.disk.away || w.disk.full {
		w.in(time.Second, w.names[i]+" starts", func() { w.begin(i, step) })
		return
	}
	if w.calm {
		step = 0
	}
	w.nodes[i] = w.open(w.names[i], step)
}

// choice is something that can happen now.
type choice struct {
	name   string
	weight int
	do     func()
}

// turn lets one thing happen and returns what it was.
func (w *world) turn() string {
	all := w.choices()
	total := 0
	for i := range all {
		total += all[i].weight
	}
	at := w.dice.IntN(total)
	for i := range all {
		if at -= all[i].weight; at < 0 {
			name := all[i].name
			all[i].do()
			return name
		}
	}
	panic("unreachable")
}

// choices returns what can happen now, in an order that is the same in every run.
func (w *world) choices() []choice {
	now := clock.System{}.Now()
	var all []choice
	all = append(all, w.deliveries()...)
	for _, n := range w.nodes {
		if n != nil && !n.dead.Load() && !n.frozen.After(now) {
			all = append(all, w.writes(n)...)
		}
	}
	for i, p := range w.bus.waiting() {
		if n := w.bus.target(p); i > 5 || n != nil && n.frozen.After(now) {
			continue
		}
		all = append(all, choice{"the bus delivers " + p.name(), 10, func() { w.bus.deliver(p) }})
		if !w.calm {
			all = append(all, choice{"the bus loses " + p.name(), 2, func() { w.faults["message between nodes lost"]++; w.bus.lose(p) }})
		}
	}
	due := len(all)
	asleep := func(c *nodeClock) bool {
		i := slices.Index(w.names, c.name)
		return w.nodes[i] != nil && w.nodes[i].clock == c && w.nodes[i].frozen.After(now)
	}
	var next time.Time // when something is due
	for _, group := range w.line.due(asleep) {
		if group[0].at.After(now) {
			next = group[0].at
			break
		}
		all = append(all, choice{fmt.Sprintf("%s rings %s", group[0].clock.name, group[0].wait), 20, func() { w.line.fire(group) }})
	}
	for _, s := range w.chargers {
		if len(s.acts) == 0 {
			continue
		}
		if at := s.acts[0].at; at.After(now) {
			next = earliest(next, at)
			continue
		}
		all = append(all, choice{s.name + " acts", 20, func() { w.trace.note("%s %s", s.name, s.perform()) }})
	}
	if len(w.acts) > 0 {
		if at := w.acts[0].at; at.After(now) {
			next = earliest(next, at)
		} else {
			all = append(all, choice{"the world acts", 20, func() {
				a := w.acts[0]
				w.acts = w.acts[1:]
				w.trace.note("%s", a.name)
				a.do()
			}})
		}
	}
	if len(all) == due && !next.IsZero() {
		all = append(all, choice{"time passes", 2, func() { <-clock.System{}.After(next.Sub(now)) }})
	}
	return all
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// deliveries returns the frames that can arrive.
func (w *world) deliveries() []choice {
	var all []choice
	now := clock.System{}.Now()
	for _, s := range w.chargers {
		l := s.line
		if l == nil || s.dark {
			continue
		}
		up, down, _ := l.state()
		if up > 0 && !l.node.frozen.After(now) && !l.node.dead.Load() {
			all = append(all, choice{s.name + " is heard by " + l.node.name, 20, func() {
				w.trace.note("%s says %q", s.name, l.toNode(0))
			}})
			if !w.calm {
				all = append(all, choice{s.name + " is cut off in the middle", 1, func() {
					if w.dice.IntN(40) > 0 {
						w.trace.note("%s says %q", s.name, l.toNode(0))
						return
					}
					w.faults["link cut inside a frame"]++
					l.toNode(1 + w.dice.IntN(60))
					l.sever()
				}})
			}
		}
		if down > 0 {
			all = append(all, choice{s.name + " hears " + l.node.name, 20, func() {
				frame := l.toStation()
				w.trace.note("%s hears %q", s.name, frame)
				s.receive(frame)
			}})
		}
	}
	return all
}

// writes returns what can happen to a node's changes.
func (w *world) writes(n *node) []choice {
	var all []choice
	for i, e := range n.books.before() {
		if i < 4 {
			all = append(all, choice{n.name + " queues " + w.known(e.name), 20, func() { n.books.let(e) }})
		}
	}
	what, weight := n.gate.waiting(), 20
	if w.slow {
		weight = 1
	}
	switch what {
	case "begin", "write":
		if w.disk.busy() {
			break
		}
		failAt := 0
		all = append(all, choice{n.name + " " + what + "s", weight, func() {
			if !w.calm && w.dice.IntN(150) == 0 {
				w.faults["statement fails"]++
				failAt = 1 + w.dice.IntN(12)
			}
			n.gate.let(proceeds, failAt)
		}})
	case "commit":
		all = append(all, choice{n.name + " commits", weight, func() {
			how := proceeds
			if !w.calm {
				switch w.dice.IntN(200) {
				case 0:
					w.faults["COMMIT never arrives"]++
					how = refused
				case 1:
					w.faults["COMMIT's answer is lost"]++
					how = unheard
				}
			}
			n.gate.let(how, 0)
		}})
	}
	return all
}

// known returns a name with stations by their names: identifiers are chance.
func (w *world) known(name string) string {
	for i := range w.chargers {
		name = replace(name, string(stationID(i)), w.chargers[i].name)
	}
	return name
}

// operate has somebody ask something of a station, at some node.
func (w *world) operate() {
	if w.calm {
		return
	}
	w.in(w.between(time.Second, 20*time.Second), "an operator asks", w.operate)
	n := w.nodes[w.dice.IntN(len(w.nodes))]
	s := w.chargers[w.dice.IntN(len(w.chargers))]
	in := fleet.NewCommand{Timeout: w.between(2*time.Second, 40*time.Second), Wait: w.dice.IntN(3) == 0}
	switch w.dice.IntN(8) {
	case 0, 1, 2:
		in.Type = command.Start
		in.Input = command.Input{TokenUID: w.uids[w.dice.IntN(len(w.uids))], EVSE: 1}
	case 3, 4:
		in.Type = command.Stop
		in.Input.TransactionID = "1"
		for _, c := range slices.Backward(s.charges) {
			if c.id != "" {
				in.Input.TransactionID = c.id
				break
			}
		}
	case 5:
		in.Type = command.Reset
	case 6:
		in.Type, in.Input = command.Trigger, command.Input{Message: "Heartbeat"}
	case 7:
		in.Type = command.ClearCache
	}
	if n == nil || n.dead.Load() || n.frozen.After(clock.System{}.Now()) {
		return
	}
	go func() {
		c, err := n.fleet.Command(context.Background(), account.System(organisationID(), "operator"), s.name, in)
		if !n.dead.Load() {
			w.trace.note("%s asks %s of %s: %v", n.name, in.Type, s.name, err)
		}
		if err == nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.commands[c.ID] = true
		}
	}()
}

// done says what has not come to its end yet; "" when all has.
func (w *world) done() string {
	if what := w.busy(); what != "" {
		return what
	}
	if which := w.behind(); which != "" {
		return which
	}
	return w.unbilled()
}

// busy says who has something to do; "" when nobody has.
func (w *world) busy() string {
	for i, n := range w.nodes {
		if n == nil {
			return w.names[i] + " does not run"
		}
		if what := n.gate.waiting(); what != "" || w.disk.busy() || len(n.books.before()) > 0 {
			return n.name + " writes: " + what
		}
	}
	for _, s := range w.chargers {
		running := slices.ContainsFunc(s.plugs, func(p *plug) bool { return p.charge != nil })
		switch {
		case s.line == nil || s.door != nil:
			return s.name + " is not connected"
		case len(s.kept)+len(s.passing) > 0 || s.flight != nil:
			return fmt.Sprintf("%s still has %d and %d messages", s.name, len(s.kept), len(s.passing))
		case running:
			return s.name + " charges"
		}
		if up, down, _ := s.line.state(); up+down > 0 || s.line.silent {
			return s.name + " is still to be heard"
		}
	}
	return ""
}

// tally returns what happened, by kind.
func (w *world) tally() map[string]int {
	all := maps.Clone(w.faults)
	all["(commands)"] = len(w.commands)
	for _, s := range w.chargers {
		all["(sessions)"] += len(s.charges)
		for _, c := range s.charges {
			all["(messages of them)"] += len(c.events)
		}
	}
	return all
}

// told writes a tally.
func told(tally map[string]int) string {
	text := ""
	for _, kind := range slices.Sorted(maps.Keys(tally)) {
		text += fmt.Sprintf("%7d  %s\n", tally[kind], kind)
	}
	return text
}
