// Package proxy is a TCP proxy that breaks connections on purpose: it cuts them,
// lets bytes vanish while the sockets stay, holds bytes back, and makes them slow.
//
// It listens on 127.0.0.1 and knows nothing of what flows through it. What is done
// to a connection lasts as long as the connection, or until it is healed.
package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"pylon/internal/kernel/clock"
)

const (
	// dialMax bounds the way to a target within the machine.
	dialMax = 2 * time.Second
	// chunk is how much is passed on at a time.
	chunk = 16 << 10
)

// Direction is where bytes flow.
type Direction int

// The directions.
const (
	Both Direction = iota
	Up             // from those who connect to the target
	Down           // back
)

// Proxy passes connections on to its targets.
type Proxy struct {
	clock    clock.Clock
	listener net.Listener
	done     sync.WaitGroup

	mu      sync.Mutex // guards what follows
	targets []string
	turn    int
	refuses bool
	pairs   []*pair
}

// Start opens a proxy to targets, host:port, that take turns; one that cannot be
// reached is passed over. It ends with the test.
func Start(tb testing.TB, targets ...string) *Proxy {
	tb.Helper()
	var config net.ListenConfig
	l, err := config.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{clock: clock.System{}, listener: l, targets: targets}
	p.done.Go(p.accept)
	tb.Cleanup(func() {
		_ = l.Close() // it ends accept, which is all that is wanted
		p.Refuse(true)
		p.Cut(nil)
		p.done.Wait()
	})
	return p
}

// Addr returns where the proxy listens, host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Refuse makes the proxy cut new connections at once, or take them again.
func (p *Proxy) Refuse(refuses bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = refuses
}

// Cut resets the connections that are picked, both ends; nil picks all. It returns
// how many.
func (p *Proxy) Cut(pick func() bool) int { return p.each(pick, (*pair).cut) }

// Swallow lets the bytes of the connections that are picked vanish in a direction,
// from now on and for good: each end believes that the other is there.
func (p *Proxy) Swallow(pick func() bool, d Direction) int {
	return p.each(pick, func(c *pair) {
		c.set(d, func(f *flow) { f.swallows = true })
	})
}

// Hold keeps back what flows in a direction, so that the sender is blocked as soon
// as the machine's buffers are full; [Proxy.Heal] lets it flow.
func (p *Proxy) Hold(pick func() bool, d Direction) int {
	return p.each(pick, func(c *pair) {
		c.set(d, func(f *flow) { f.holds = true })
	})
}

// Slow makes what flows in a direction later by a time; [Proxy.Heal] makes it quick
// again.
func (p *Proxy) Slow(pick func() bool, d Direction, by time.Duration) int {
	return p.each(pick, func(c *pair) {
		c.set(d, func(f *flow) { f.late = by })
	})
}

// Heal ends what [Proxy.Hold] and [Proxy.Slow] began. What was swallowed is gone,
// and so is every connection of which something was.
func (p *Proxy) Heal() {
	p.each(nil, func(c *pair) {
		c.set(Both, func(f *flow) { f.holds, f.late = false, 0 })
	})
}

// Open returns how many connections there are.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pairs)
}

func (p *Proxy) each(pick func() bool, do func(*pair)) int {
	p.mu.Lock()
	all := slices.Clone(p.pairs)
	p.mu.Unlock()
	n := 0
	for _, c := range all {
		if pick == nil || pick() {
			do(c)
			n++
		}
	}
	return n
}

func (p *Proxy) accept() {
	for {
		from, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.done.Go(func() { p.pass(from) })
	}
}

// pass serves one connection until both of its ends are gone.
func (p *Proxy) pass(from net.Conn) {
	defer from.Close()
	to := p.dial()
	if to == nil {
		reset(from)
		return
	}
	defer to.Close()
	c := &pair{clock: p.clock, from: from, to: to}
	c.wake = sync.NewCond(&c.mu)
	p.mu.Lock()
	refused := p.refuses
	p.pairs = append(p.pairs, c)
	p.mu.Unlock()
	if refused {
		c.cut()
	}
	var both sync.WaitGroup
	both.Go(func() { c.carry(&c.up, from, to) })
	both.Go(func() { c.carry(&c.down, to, from) })
	both.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pairs = slices.DeleteFunc(p.pairs, func(other *pair) bool { return other == c })
}

// dial connects to the next target that can be reached; nil when none can.
func (p *Proxy) dial() net.Conn {
	p.mu.Lock()
	p.turn++
	turn, targets, refused := p.turn, p.targets, p.refuses
	p.mu.Unlock()
	if refused {
		return nil
	}
	dialer := net.Dialer{Timeout: dialMax}
	for i := range targets {
		if to, err := dialer.DialContext(context.Background(), "tcp", targets[(turn+i)%len(targets)]); err == nil {
			return to
		}
	}
	return nil
}

// pair is a connection: what came in, and what leads to the target.
type pair struct {
	clock    clock.Clock
	from, to net.Conn

	mu       sync.Mutex // guards what follows
	wake     *sync.Cond
	up, down flow
	gone     bool
}

// flow is what is done to one direction.
type flow struct {
	swallows, holds bool
	late            time.Duration
}

func (c *pair) set(d Direction, change func(*flow)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d != Down {
		change(&c.up)
	}
	if d != Up {
		change(&c.down)
	}
	c.wake.Broadcast()
}

func (c *pair) cut() {
	c.mu.Lock()
	c.gone = true
	c.wake.Broadcast()
	c.mu.Unlock()
	reset(c.from)
	reset(c.to)
}

// carry passes on what flows from one end to the other. When one end is gone, the
// other learns it; unless bytes vanish here, of which the end is one.
func (c *pair) carry(f *flow, from, to net.Conn) {
	buffer := make([]byte, chunk)
	for {
		n, err := from.Read(buffer)
		swallowed := c.await(f)
		if n > 0 && !swallowed {
			if _, err := to.Write(buffer[:n]); err != nil {
				reset(from)
				return
			}
		}
		if err == nil {
			continue
		}
		switch {
		case swallowed: // nobody hears of it; the other end finds out by itself
		case errors.Is(err, io.EOF):
			closeWrite(to)
		default:
			reset(to)
		}
		return
	}
}

// await waits as long as bytes of the flow are to wait, and says whether they vanish.
func (c *pair) await(f *flow) (swallowed bool) {
	c.mu.Lock()
	for f.holds && !c.gone {
		c.wake.Wait()
	}
	swallowed, late := f.swallows, f.late
	c.mu.Unlock()
	if late > 0 {
		<-c.clock.After(late)
	}
	return swallowed
}

// reset closes a connection so that the other end gets an error, as from a machine
// that knows nothing of it.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // what is left is dropped either way
	}
	_ = c.Close() // a second time is none
}

func closeWrite(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.CloseWrite() // it may be gone
	}
}
