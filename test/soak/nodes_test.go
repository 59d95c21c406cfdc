package soak

import (
	"net/url"
	"time"

	"pylon/test/natsserver"
	"pylon/test/postgres"
	"pylon/test/program"
	"pylon/test/proxy"
)

// backbone is what nodes share.
type backbone struct {
	database *postgres.Server
	nerve    *natsserver.Server
	url      string // of the database
}

func (l *lab) backbone() *backbone {
	b := &backbone{database: postgres.Start(l.t, postgres.Options{}), nerve: natsserver.Start(l.t)}
	b.url = b.database.URL("soak")
	return b
}

// pair starts two nodes with a balancer before them.
func (l *lab) pair(database, nerve string) (nodes []*node, balancer *proxy.Proxy) {
	config := program.Config{DatabaseURL: database, NATSURL: nerve}
	nodes = []*node{l.node(config), l.node(config)}
	return nodes, proxy.Start(l.t, nodes[0].config.Address, nodes[1].config.Address)
}

func staged(p *proxy.Proxy, strike func()) stage {
	return stage{stations: "ws://" + p.Addr() + "/ocpp", api: "http://" + p.Addr(), strike: strike}
}

// eitherKilled is two nodes of which now one, now the other, now both are killed,
// or stand still for a while and then go on as if nothing had been.
func eitherKilled(l *lab) stage {
	b := l.backbone()
	nodes, balancer := l.pair(b.url, b.nerve.URL())
	turn := 0
	return staged(balancer, func() {
		turn++
		l.pause(l.between(50*time.Millisecond, 3*time.Second))
		victim := nodes[turn%len(nodes)] // the one that the stations went to from the other
		switch {
		case turn%8 == 4:
			l.broke("node frozen, and thawed")
			victim.server.Freeze()
			l.pause(l.between(time.Second, frozenFor()))
			victim.server.Thaw()
		case turn%8 == 0:
			l.broke("both nodes killed")
			for _, n := range nodes {
				n.kill()
			}
			for _, n := range nodes {
				n.start()
			}
		default:
			l.broke("node killed")
			victim.kill()
			l.pause(l.between(0, 2*time.Second))
			victim.start()
		}
	})
}

// frozenFor is how long a node stands still at most: at length, longer than its
// lease, so that others take over.
func frozenFor() time.Duration {
	if *long {
		return 40 * time.Second
	}
	return 3 * time.Second
}

// backboneKilled is two nodes of which now the database, now NATS is killed and
// started again.
func backboneKilled(l *lab) stage {
	b := l.backbone()
	_, balancer := l.pair(b.url, b.nerve.URL())
	turn := 0
	return staged(balancer, func() {
		turn++
		l.pause(l.between(50*time.Millisecond, 4*time.Second))
		if turn%3 == 2 {
			l.broke("NATS killed")
			b.nerve.Kill()
			l.pause(l.outage())
			b.nerve.Start()
			return
		}
		l.broke("PostgreSQL killed")
		b.database.Kill()
		l.pause(l.outage())
		b.database.Start()
	})
}

// backLinked is two nodes of which one has bad links to the database and to NATS.
func backLinked(l *lab) stage {
	b := l.backbone()
	database := proxy.Start(l.t, hostOf(l, b.url))
	nerve := proxy.Start(l.t, hostOf(l, b.nerve.URL()))
	weak := l.node(program.Config{DatabaseURL: aimed(l, b.url, database), NATSURL: aimed(l, b.nerve.URL(), nerve)})
	strong := l.node(program.Config{DatabaseURL: b.url, NATSURL: b.nerve.URL()})
	balancer := proxy.Start(l.t, weak.config.Address, strong.config.Address)
	ways := append(breaks(l, database, "database link", 2), breaks(l, nerve, "NATS link", 3)...)
	turn := 0
	return staged(balancer, func() {
		ways[turn*backStep%len(ways)]() // now of the database, now of NATS
		turn++
		l.pause(l.between(200*time.Millisecond, time.Second))
	})
}

// backStep goes through the ways of two links, in turns, to each of them: it has no
// divisor in common with their number, 16.
const backStep = 9

func hostOf(l *lab, address string) string {
	u, err := url.Parse(address)
	if err != nil {
		l.t.Fatal(err)
	}
	return u.Host
}

// aimed returns an address that leads through a proxy.
func aimed(l *lab, address string, p *proxy.Proxy) string {
	u, err := url.Parse(address)
	if err != nil {
		l.t.Fatal(err)
	}
	u.Host = p.Addr()
	return u.String()
}
