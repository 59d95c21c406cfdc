package soak

import (
	"time"

	"pylon/internal/sim"
	"pylon/test/program"
	"pylon/test/proxy"
)

// lateMost is how much later a slow link makes what flows, in each direction.
const lateMost = 400 * time.Millisecond

// linked is one server on SQLite behind links that break in every way, under
// stations that also send things twice and out of order.
func linked(l *lab) stage {
	n := l.node(program.Config{Data: l.t.TempDir()})
	p := proxy.Start(l.t, n.config.Address)
	ways := breaks(l, p, "links", 1)
	turn := 0
	return stage{stations: "ws://" + p.Addr() + "/ocpp", api: n.api(), shuffled: true, strike: func() {
		for _, f := range []sim.Fault{sim.LostAnswer, sim.Repeated, sim.ShuffledQueue} {
			l.station(l.chance.IntN(len(l.plan.Stations))).Inject(f, 0)
		}
		ways[turn%len(ways)]()
		turn++
		l.pause(l.between(200*time.Millisecond, time.Second))
	}}
}

// breaks returns the ways in which links break, so many thirds of them at a time.
// Each comes back when they are whole again, or as whole as connections are of which
// bytes are lost.
func breaks(l *lab, p *proxy.Proxy, what string, thirds int) []func() {
	some := func() bool { return l.chance.IntN(3) < thirds }
	last := func() { l.pause(l.outage()) }
	swallow := func(kind string, d proxy.Direction) func() {
		return func() {
			l.brokeTimes(what+" "+kind, p.Swallow(some, d))
			last()
		}
	}
	hold := func(kind string, d proxy.Direction) func() {
		return func() {
			l.brokeTimes(what+" "+kind, p.Hold(some, d))
			last()
			p.Heal()
		}
	}
	return []func(){
		func() { l.brokeTimes(what+" cut", p.Cut(some)); last() },
		swallow("half open, no answers come", proxy.Down),
		hold("stalled, the server's writes are not read", proxy.Down),
		func() {
			l.brokeTimes(what+" slow", p.Slow(some, proxy.Both, l.between(lateMost/8, lateMost)))
			last()
			p.Heal()
		},
		swallow("half open, nothing arrives", proxy.Up),
		func() {
			p.Refuse(true)
			l.brokeTimes(what+" cut, none to be had", p.Cut(nil))
			last()
			p.Refuse(false)
		},
		hold("stalled, nothing arrives for a while", proxy.Up),
		swallow("half open, nothing either way", proxy.Both),
	}
}
