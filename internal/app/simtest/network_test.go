package simtest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// unreadMax is what fits between a node and a station that reads nothing: then a
// write waits for its deadline, which is at once here.
const unreadMax = 64 << 10

// line is one connection of a station to a node. What either side writes waits
// until the driver delivers it, in its order. It is the node's [net.Conn].
type line struct {
	station *charger
	node    *node
	began   int64 // the driver's turn: names the line

	mu       sync.Mutex
	wake     chan struct{} // closed when the node's reader has something to see
	readable []byte        // delivered to the node
	by       time.Time     // the reader's deadline, by the node's steady clock; zero: none
	timer    *alarm
	written  []byte   // by the node, not yet a whole frame
	up, down []string // frames on their way to the node, to the station
	upgraded bool     // the handshake is over
	cut      bool     // both sides know that it has ended, or will when they look
	hung     bool     // the node has closed its side
	silent   bool     // half open: nothing arrives any more, and nobody is told
}

// Read implements [net.Conn].
func (l *line) Read(p []byte) (int, error) {
	for {
		l.mu.Lock()
		switch {
		case l.hung:
			l.mu.Unlock()
			return 0, net.ErrClosed
		case len(l.readable) > 0:
			n := copy(p, l.readable)
			l.readable = l.readable[n:]
			l.mu.Unlock()
			return n, nil
		case l.cut:
			l.mu.Unlock()
			return 0, io.EOF
		case !l.by.IsZero() && !l.node.clock.Steady().Before(l.by):
			l.mu.Unlock()
			return 0, os.ErrDeadlineExceeded
		}
		wake := make(chan struct{})
		l.wake = wake
		l.mu.Unlock()
		<-wake
	}
}

// stir lets the node's reader look again. l.mu is held.
func (l *line) stir() {
	if l.wake != nil {
		close(l.wake)
		l.wake = nil
	}
}

// Write implements [net.Conn].
func (l *line) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.hung:
		return 0, net.ErrClosed
	case l.cut:
		return 0, io.ErrClosedPipe
	case len(l.written) > unreadMax:
		return 0, os.ErrDeadlineExceeded
	}
	l.written = append(l.written, p...)
	if l.silent {
		return len(p), nil
	}
	if !l.upgraded {
		head, _, ok := bytes.Cut(l.written, []byte("\r\n\r\n"))
		if !ok {
			return len(p), nil
		}
		l.upgraded = true
		l.written = l.written[len(head)+4:]
	}
	for {
		frame, rest, ok := cutFrame(l.written)
		if !ok {
			return len(p), nil
		}
		l.down = append(l.down, frame)
		l.written = append([]byte(nil), rest...)
	}
}

// Close implements [net.Conn]: what was written still arrives.
func (l *line) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.hung {
		l.hung = true
		l.unset()
		l.stir()
	}
	return nil
}

// SetDeadline implements [net.Conn].
func (l *line) SetDeadline(t time.Time) error { return l.SetReadDeadline(t) }

// SetWriteDeadline implements [net.Conn]. A write never waits.
func (l *line) SetWriteDeadline(time.Time) error { return nil }

// SetReadDeadline implements [net.Conn].
func (l *line) SetReadDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hung {
		return net.ErrClosed
	}
	l.by = t
	l.unset()
	if !t.IsZero() {
		l.timer = &alarm{wait: max(0, t.Sub(l.node.clock.Steady())), ring: func(time.Time) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.stir()
		}}
		l.node.clock.wait(l.timer)
	}
	return nil
}

func (l *line) unset() {
	if l.timer != nil {
		l.node.clock.line.drop(l.timer)
		l.timer = nil
	}
}

// LocalAddr implements [net.Conn].
func (l *line) LocalAddr() net.Addr { return place("node") }

// RemoteAddr implements [net.Conn].
func (l *line) RemoteAddr() net.Addr { return place("station") }

type place string

func (place) Network() string  { return "simulation" }
func (p place) String() string { return string(p) }

// toNode delivers the oldest frame of the station, or a part of it.
func (l *line) toNode(part int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	frame := l.up[0]
	l.up = l.up[1:]
	masked := appendMasked(nil, frame)
	if part > 0 {
		masked = masked[:min(part, len(masked)-1)]
	}
	l.readable = append(l.readable, masked...)
	l.stir()
	return frame
}

// toStation returns the oldest frame of the node.
func (l *line) toStation() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	frame := l.down[0]
	l.down = l.down[1:]
	return frame
}

// sever ends the line for both sides, with all that was on its way.
func (l *line) sever() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.up, l.down = true, nil, nil
	l.stir()
}

// fade makes the line half open.
func (l *line) fade() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent, l.up, l.down = true, nil, nil
}

// state is how many frames wait for each side, and whether the station can see
// that the node has ended the line.
func (l *line) state() (up, down int, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.up), len(l.down), (l.hung || l.cut) && !l.silent && len(l.down) == 0
}

// send puts a frame of the station on its way.
func (l *line) send(frame string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.silent && !l.cut {
		l.up = append(l.up, frame)
	}
}

// The frames of RFC 6455 that are needed: text, close, ping and pong, whole. In
// the queues a frame is its opcode and its payload.
const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// cutFrame takes the first frame of a node off b.
func cutFrame(b []byte) (frame string, rest []byte, ok bool) {
	if len(b) < 2 {
		return "", b, false
	}
	size, from := int(b[1]&0x7f), 2
	switch size {
	case 126:
		if len(b) < 4 {
			return "", b, false
		}
		size, from = int(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		if len(b) < 10 {
			return "", b, false
		}
		size, from = int(binary.BigEndian.Uint64(b[2:])), 10
	}
	if len(b) < from+size {
		return "", b, false
	}
	return string(b[0]&0xf) + string(b[from:from+size]), b[from+size:], true
}

// appendMasked writes a frame as stations do, with a mask of zeros.
func appendMasked(dst []byte, frame string) []byte {
	dst = append(dst, 0x80|frame[0])
	switch size := len(frame) - 1; {
	case size < 126:
		dst = append(dst, 0x80|byte(size))
	default:
		dst = append(dst, 0x80|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(size))
	}
	dst = append(dst, 0, 0, 0, 0)
	return append(dst, frame[1:]...)
}

// doorway is the [http.ResponseWriter] of a handshake, which hands its line to
// the gateway.
type doorway struct {
	line   *line
	status int
	header http.Header
}

func (d *doorway) Header() http.Header         { return d.header }
func (d *doorway) Write(p []byte) (int, error) { return len(p), nil }
func (d *doorway) WriteHeader(status int)      { d.status = status }

// Hijack implements [http.Hijacker].
func (d *doorway) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return d.line, bufio.NewReadWriter(bufio.NewReader(strings.NewReader("")), bufio.NewWriter(d.line)), nil
}

// knock has a station ask a node for a socket. The status is known when nothing
// moves any more: 0 stands for a socket.
func knock(n *node, l *line, protocol string) *doorway {
	d := &doorway{line: l, header: http.Header{}}
	r, err := http.NewRequest(http.MethodGet, "http://pylon/ocpp/"+l.station.name, nil)
	if err != nil {
		panic(err)
	}
	r.RemoteAddr = "192.0.2." + strings.TrimPrefix(l.station.name, "CP") + ":1"
	r.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Sec-Websocket-Protocol": {protocol},
	}
	go n.gateway.ServeHTTP(d, r)
	return d
}
