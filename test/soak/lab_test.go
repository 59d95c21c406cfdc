package soak

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"pylon/internal/app/rehearsal"
	"pylon/internal/client"
	"pylon/internal/kernel/clock"
	"pylon/internal/sim"
	"pylon/internal/sim/check"
	"pylon/internal/sim/world"
	"pylon/test/program"
)

const (
	// sampling is how often stations measure: as often as they can be told to.
	sampling = time.Second
	// hand is how long drivers take to plug in and to hold up a card.
	hand = 200 * time.Millisecond
	// patience is the wait before something that failed is tried again.
	patience = 250 * time.Millisecond
	// warmth is how long all charge before the first fault.
	warmth = 2 * time.Second
	// standTerm bounds the wait until all stations are online, settleTerm until what
	// they have to say is said, judgeTerm until the server has told what it knows.
	standTerm  = time.Minute
	settleTerm = 90 * time.Second
	judgeTerm  = 10 * time.Minute
	// hearTerm bounds the wait for the last events: twice what a stream takes to look
	// for what it was not told.
	hearTerm = 30 * time.Second
	// answerTerm is how long stations wait for an answer: less than real ones, so that
	// half-open connections are found while others break.
	answerTerm = 6 * time.Second
	// slack is what a message may take on a busy machine.
	slack = 10 * time.Second
)

// stage is a system under test and a way to break it.
type stage struct {
	stations string // where they connect
	api      string // where the API is
	strike   func() // breaks something, mends it, and returns when it is mended
	shuffled bool   // stations tell things out of order, and so a card seems to charge twice at a time
	stepped  bool   // the server's clock is set, and so is another than the stations'; see [check.Truth]
}

// lab plays one campaign.
type lab struct {
	t        *testing.T
	binary   string
	campaign campaign
	size     size
	clock    clock.Clock
	chance   *rand.Rand
	report   *report

	world *world.World
	plan  world.Plan
	api   *client.Client
}

func newLab(t *testing.T, binary string, c campaign) *lab {
	l := &lab{t: t, binary: binary, campaign: c, size: c.short, clock: clock.System{}, chance: rand.New(rand.NewPCG(*seed, 1))}
	if *long {
		l.size = c.long
	}
	l.size.stations, l.size.faults = cmp.Or(*stations, l.size.stations), cmp.Or(*faults, l.size.faults)
	l.report = &report{Campaign: c.name, About: c.about, Seed: *seed, Stations: l.size.stations, Faults: map[string]int{}, Checks: map[string]int{}}
	return l
}

// play plays the campaign and returns what it came to.
func (l *lab) play(ctx context.Context) *report {
	began := l.clock.Now()
	st := l.campaign.set(l)
	l.plan = newPlan(*seed, l.size.stations, sampling)
	api, err := client.New(client.Options{Base: st.api, Key: program.Key})
	if err != nil {
		l.t.Fatal(err)
	}
	l.api = api
	l.furnish(ctx, st)
	l.world = world.Of(l.plan, world.Options{
		URL: st.stations, Clock: l.clock, Hand: hand,
		Patience: answerTerm,
		Backoff:  sim.Backoff{Wait: 200 * time.Millisecond, Random: 800 * time.Millisecond, Doublings: 3},
	})
	err = l.world.Live(ctx, func(ctx context.Context) error {
		l.live(ctx, began, st)
		return nil
	})
	if err != nil {
		l.t.Error(err)
	}
	l.report.Took = span(l.clock.Now().Sub(began))
	l.t.Logf("%s", l.report)
	if n := len(l.report.Discrepancies); n > 0 {
		l.t.Errorf("%d discrepancies; again: go test ./test/soak -args -only=%s -seed=%d -stations=%d -faults=%d -long=%t",
			n, l.campaign.name, *seed, l.size.stations, l.size.faults, *long)
	}
	return l.report
}

// furnish makes known what the plan needs. A card of the plan may charge at one
// place at a time, so that one which is counted wrong is refused; unless it may
// seem to be at two.
func (l *lab) furnish(ctx context.Context, st stage) {
	cards := map[string]int{guestToken: 0} // any number of sessions
	for _, d := range l.plan.Drivers {
		cards[d.Token.UID] = 1
		if st.shuffled {
			cards[d.Token.UID] = 0
		}
	}
	for uid, most := range cards {
		if _, err := l.api.CreateToken(ctx, map[string]any{"uid": uid, "type": "ISO14443", "status": "accepted", "max_sessions": most}); err != nil {
			l.t.Fatal(err)
		}
	}
	stations := l.plan
	stations.Drivers = nil // they have their cards
	if err := rehearsal.Furnish(ctx, l.api, stations); err != nil {
		l.t.Fatal(err)
	}
}

// live lets the stations charge, breaks things, and compares.
func (l *lab) live(ctx context.Context, began time.Time, st stage) {
	l.online(ctx, standTerm)
	crowd, orders, witness := newCrowd(l.world, l.plan, l.clock, l.stay()), newOrders(l.api, l.plan, l.clock), newWitness(l.api)
	watching, stopWatching := context.WithCancel(ctx)
	giving, stopGiving := context.WithCancel(ctx)
	var others sync.WaitGroup
	defer others.Wait()
	defer stopWatching()
	defer stopGiving()
	others.Go(func() { witness.watch(watching) })
	var asking sync.WaitGroup
	asking.Go(func() { orders.give(giving) })
	l.phase("charging begins")
	crowd.open(ctx)
	l.pause(warmth)
	for range l.size.faults {
		st.strike()
	}
	l.phase("nothing is broken any more")
	broken := l.clock.Now() // until now
	stopGiving()
	crowd.close()
	asking.Wait()
	l.settle(ctx)
	l.phase("all is said")
	quiet := l.clock.Now()
	for _, err := range crowd.lastRound(ctx) {
		l.wrong("refused", "", err.Error())
	}
	l.report.Checks["drivers who could still charge in the end"] += 2 * len(crowd.places())
	l.settle(ctx)
	l.phase("the last round is over")
	l.judge(ctx, judged{began: began, broken: broken, quiet: quiet, stepped: st.stepped, orders: orders, witness: witness})
	l.report.Visits, l.report.Refused = int(crowd.visits.Load()), int(crowd.refused.Load())
}

// stay is how long cars stay at most: at length, long enough that a session sees
// more than one fault.
func (l *lab) stay() time.Duration {
	if *long {
		return 30 * time.Second
	}
	return 6 * time.Second
}

// phase tells those who watch how far the campaign is.
func (l *lab) phase(what string) { l.t.Logf("%s %s", l.clock.Now().Format(time.TimeOnly), what) }

// online waits until every station is.
func (l *lab) online(ctx context.Context, term time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, term)
	defer cancel()
	for i := range l.plan.Stations {
		if err := l.station(i).Online(ctx); err != nil {
			l.t.Errorf("%s is not online within %v", l.plan.Stations[i].Identity, term)
			return
		}
	}
}

// settle waits until every station is online and has said all that it had to say.
func (l *lab) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTerm)
	defer cancel()
	for i := range l.plan.Stations {
		if err := l.station(i).Settled(ctx); err != nil {
			l.wrong("unanswered", l.plan.Stations[i].Identity, "it could not say all it had to say: "+err.Error())
			return
		}
	}
	l.online(ctx, standTerm)
}

func (l *lab) station(i int) *sim.Station { return l.world.Station(l.plan.Stations[i].Identity) }

// pause lets the machine's time pass: what is broken stays broken for it.
func (l *lab) pause(d time.Duration) { <-l.clock.After(d) }

// between returns a time by chance.
func (l *lab) between(least, most time.Duration) time.Duration {
	return least + time.Duration(l.chance.Int64N(int64(most-least)))
}

// outage returns how long something is to be away: most often less long than a
// station waits for an answer, now and then longer.
func (l *lab) outage() time.Duration {
	if l.chance.IntN(6) == 0 {
		return l.between(answerTerm, 2*answerTerm)
	}
	return l.between(answerTerm/12, answerTerm*2/3)
}

// broke counts a fault that was injected.
func (l *lab) broke(kind string) { l.brokeTimes(kind, 1) }

// brokeTimes counts one that struck several connections.
func (l *lab) brokeTimes(kind string, n int) { l.report.Faults[kind] += n }

// note says in the report how something was done.
func (l *lab) note(text string) { l.report.Notes = append(l.report.Notes, text) }

func (l *lab) wrong(kind check.Kind, station, text string) {
	l.report.Discrepancies = append(l.report.Discrepancies, check.Discrepancy{Kind: kind, Station: station, Text: text})
}

// address returns a free address of this machine.
func (l *lab) address() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// node is a server that is started again and again, on the same data and address.
type node struct {
	testing.TB
	config program.Config
	server *program.Server
	end    func() // of the server that runs
}

// node starts a server.
func (l *lab) node(config program.Config) *node {
	config.Binary, config.Address = l.binary, l.address()
	n := &node{TB: l.t, config: config}
	l.t.Cleanup(func() { n.end() })
	n.start()
	return n
}

// Cleanup takes what [program.Start] wants done in the end: only of the last server,
// so that a failure shows one log and not two hundred.
func (n *node) Cleanup(end func()) { n.end = end }

func (n *node) start() { n.server = program.Start(n, n.config) }

func (n *node) kill() { n.server.Kill() }

func (n *node) stations() string { return "ws://" + n.config.Address + "/ocpp" }

func (n *node) api() string { return "http://" + n.config.Address }
