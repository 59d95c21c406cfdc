package proxy_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/test/proxy"
)

// echo is a server that says everything again.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

// end is one who talks through the proxy.
type end struct {
	net.Conn
	t *testing.T
}

func dial(t *testing.T, p *proxy.Proxy) end {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return end{c, t}
}

// ask says something and returns what comes back within a time.
func (e end) ask(text string, within time.Duration) (string, error) {
	e.t.Helper()
	if _, err := io.WriteString(e, text); err != nil {
		return "", err
	}
	e.SetReadDeadline(clock.System{}.Now().Add(within))
	answer := make([]byte, len(text))
	n, err := io.ReadFull(e, answer)
	return string(answer[:n]), err
}

const (
	soon  = 10 * time.Second      // something comes within
	never = 50 * time.Millisecond // nothing comes within
)

func (e end) answers(text string) {
	e.t.Helper()
	if got, err := e.ask(text, soon); err != nil || got != text {
		e.t.Errorf("got %q, %v; want %q", got, err, text)
	}
}

func (e end) isSilent() {
	e.t.Helper()
	if got, err := e.ask("hello", never); !errors.Is(err, os.ErrDeadlineExceeded) {
		e.t.Errorf("got %q, %v; want nothing", got, err)
	}
}

func TestCutAndRefuse(t *testing.T) {
	p := proxy.Start(t, echo(t))
	a, b := dial(t, p), dial(t, p)
	a.answers("one")
	b.answers("two")
	first := true
	if n := p.Cut(func() bool { defer func() { first = false }(); return first }); n != 1 {
		t.Errorf("cut %d, want 1", n)
	}
	_, errA := a.ask("again", soon)
	_, errB := b.ask("again", soon)
	if (errA == nil) == (errB == nil) {
		t.Errorf("one is cut and one is not: got %v and %v", errA, errB)
	}
	p.Refuse(true)
	if c, err := net.Dial("tcp", p.Addr()); err == nil { // it may be refused as early as this
		if _, err := (end{c, t}).ask("hello", soon); err == nil {
			t.Error("a connection that is refused answers")
		}
	}
	p.Refuse(false)
	dial(t, p).answers("three")
}

func TestSwallow(t *testing.T) {
	for name, d := range map[string]proxy.Direction{"up": proxy.Up, "down": proxy.Down, "both": proxy.Both} {
		t.Run(name, func(t *testing.T) {
			p := proxy.Start(t, echo(t))
			c := dial(t, p)
			c.answers("one")
			p.Swallow(nil, d)
			c.isSilent()
			p.Heal() // which brings nothing back
			c.isSilent()
		})
	}
}

func TestHoldBlocksTheSender(t *testing.T) {
	p := proxy.Start(t, echo(t))
	c := dial(t, p)
	c.answers("one")
	p.Hold(nil, proxy.Up)
	c.isSilent()
	c.SetWriteDeadline(clock.System{}.Now().Add(20 * never))
	flood := make([]byte, 64<<20)
	if n, err := c.Write(flood); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes were written, %v; want a sender that is blocked", n, err)
	}
	p.Heal()
	c.SetReadDeadline(clock.System{}.Now().Add(soon))
	if _, err := io.ReadFull(c, make([]byte, len("hello"))); err != nil {
		t.Errorf("after it was healed: %v", err)
	}
}

func TestSlow(t *testing.T) {
	p := proxy.Start(t, echo(t))
	c := dial(t, p)
	c.answers("one")
	p.Slow(nil, proxy.Both, 2*never)
	clk := clock.System{}
	began := clk.Now()
	c.answers("two")
	if took := clk.Now().Sub(began); took < 4*never {
		t.Errorf("there and back took %v, want %v at least", took, 4*never)
	}
}

func TestTargetsTakeTurnsAndOneIsGone(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	p := proxy.Start(t, gone.Addr().String(), echo(t))
	for range 3 {
		dial(t, p).answers("hello")
	}
}
