package ocpp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestAfford(t *testing.T) {
	began := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var c credit
	for i := range 3 {
		if wait := c.afford(began, time.Second, 3*time.Second); wait != 0 {
			t.Fatalf("time %d: got a wait of %v, want none", i+1, wait)
		}
	}
	for range 10 { // who tries in vain stays out no longer
		if got := c.afford(began, time.Second, 3*time.Second); got != time.Second {
			t.Fatalf("one too many: got a wait of %v, want 1s", got)
		}
	}
	if wait := c.afford(began.Add(time.Second), time.Second, 3*time.Second); wait != 0 {
		t.Errorf("a second later: got a wait of %v, want none", wait)
	}
	if wait := c.afford(began.Add(time.Second), time.Second, 3*time.Second); wait == 0 {
		t.Error("twice a second later: got in")
	}
}

func TestLongMessagesWaitForTheirPlace(t *testing.T) {
	p := newBuffers()
	long := strings.Repeat("x", keepMax+1)
	done := make(chan struct{})
	var held []*buffer
	for range longMax {
		b := p.get()
		if err := p.fill(b, strings.NewReader(long), frameMax, done); err != nil || string(b.bytes) != long {
			t.Fatalf("got %d bytes and %v", len(b.bytes), err)
		}
		held = append(held, b)
	}
	short := p.get()
	if err := p.fill(short, strings.NewReader(long[:keepMax-1]), frameMax, done); err != nil {
		t.Errorf("a short one: got %v", err)
	}
	p.put(held[0])
	if err := p.fill(p.get(), strings.NewReader(long), frameMax, done); err != nil {
		t.Errorf("after one was answered: got %v", err)
	}
	close(done)
	if err := p.fill(p.get(), strings.NewReader(long), frameMax, done); !errors.Is(err, errGone) {
		t.Errorf("one too many, of a socket that ends: got %v, want %v", err, errGone)
	}
}

// What is a message costs nothing at the tap; what is none does.
func TestTapCountsWhatIsNoMessage(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		_, _ = theirs.Write(bytes.Repeat([]byte("x"), 4*tapPiece)) // the test reads all of it
		_ = theirs.Close()
	}()
	var spent int
	tapped := &tap{Conn: ours, spend: func(n int) { spent += n }}
	message := intake{message: io.LimitReader(tapped, 2*tapPiece), tap: tapped}
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{&message}, make([]byte, 512)); err != nil {
		t.Fatal(err)
	}
	if spent != 0 {
		t.Errorf("a message: got %d bytes charged, want 0", spent)
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{tapped}, make([]byte, 512)); err != nil {
		t.Fatal(err)
	}
	if spent != 2*tapPiece {
		t.Errorf("what is none: got %d bytes charged, want %d", spent, 2*tapPiece)
	}
}

func TestInboxHasRoom(t *testing.T) {
	of := func(size int) message { return message{buffer: &buffer{bytes: make([]byte, 0, size)}} }
	for _, c := range []struct {
		name     string
		messages int
		size     int
		next     int
		want     bool
	}{
		{"empty, a long one", 0, 0, frameMax, true},
		{"as many bytes as may be", 1, inboxSize - 2048, 2048, true},
		{"a byte more", 1, inboxSize - 2047, 2048, false},
		{"one place left", inboxMax - 1, 100, 2048, true},
		{"no place left", inboxMax, 100, 2048, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			box := inbox{queue: make([]message, c.messages), size: c.size}
			next := of(c.next)
			if got := box.hasRoom(&next); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}
