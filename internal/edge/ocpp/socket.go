package ocpp

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"pylon/internal/wire/ocppj"
)

const (
	// bufferSize is what a socket writes at a time. Most frames are smaller.
	bufferSize = 1 << 10
	// peekSize is the library's own read buffer, which it keeps for ever: the
	// least that it takes, for what comes waits in an [inlet].
	peekSize = 128
	// compressFrom is the length from which a frame is worth compressing.
	compressFrom = 256
	// keepMax is the largest message buffer that is kept for the next message.
	keepMax = 64 << 10
	// longMax bounds the messages of a node that are longer than that, from their
	// first piece to their answer: with up to a frame of 1 MiB each, and what their
	// growing leaves behind, 192 MiB. The others wait in their sockets.
	longMax = 128
	// tapPiece is how much a socket may take in beside messages before that is
	// counted: some hundred control frames or fragments.
	tapPiece = 4 << 10
)

// errFrameTooLong says that a message is longer than a frame may be.
var errFrameTooLong = errors.New("frame too long")

// socket is a WebSocket as the gateway uses it: messages come whole, and
// writers wait for one another. It is all that knows the library beneath.
type socket struct {
	ws       *websocket.Conn
	deflates bool // permessage-deflate was agreed
	writing  sync.Mutex
	intake   intake
}

// upgrader turns HTTP requests into sockets.
type upgrader struct {
	plain, deflating websocket.Upgrader
	inlets           *sync.Pool
}

func newUpgrader() *upgrader {
	plain := websocket.Upgrader{
		HandshakeTimeout: writeTerm,
		ReadBufferSize:   peekSize,
		WriteBufferSize:  bufferSize,
		WriteBufferPool:  new(sync.Pool),                           // an idle socket holds none
		CheckOrigin:      func(*http.Request) bool { return true }, // stations are no browsers: a password lets in, not an origin
	}
	deflating := plain
	deflating.EnableCompression = true
	return &upgrader{plain, deflating, inletBuffers()}
}

// upgrade completes a handshake; version 0 agrees on no subprotocol. When it
// fails the client has been told.
func (u *upgrader) upgrade(w http.ResponseWriter, r *http.Request, version ocppj.Version) (*websocket.Conn, error) {
	w = tapped{w, u.inlets}
	if version == 0 {
		return u.plain.Upgrade(w, r, nil)
	}
	header := http.Header{"Sec-Websocket-Protocol": {version.Subprotocol()}}
	if deflates(r, version) {
		return u.deflating.Upgrade(w, r, header)
	}
	return u.plain.Upgrade(w, r, header)
}

// deflates reports whether messages will be compressed: a 2.x station offers
// it, and leaves us the window that our compressor uses.
func deflates(r *http.Request, version ocppj.Version) bool {
	if version == ocppj.V16 {
		return false
	}
	for offer := range strings.SplitSeq(strings.Join(r.Header.Values("Sec-Websocket-Extensions"), ","), ",") {
		name, parameters, _ := strings.Cut(offer, ";")
		if strings.TrimSpace(name) == "permessage-deflate" && !strings.Contains(parameters, "server_max_window_bits") {
			return true
		}
	}
	return false
}

// handle sets what is done about control frames, and how long a message may be
// before it is inflated.
func (s *socket) handle(ping, pong func(string) error, limit int) {
	s.ws.SetPingHandler(ping)
	s.ws.SetPongHandler(pong)
	s.ws.SetReadLimit(int64(limit))
}

// next waits for a message. Control frames are handled on the way.
func (s *socket) next() (text bool, message io.Reader, err error) {
	kind, message, err := s.ws.NextReader()
	s.intake.message = message
	return kind == websocket.TextMessage, &s.intake, err
}

// write sends a text message. A station that does not take it in time is an
// error, after which nothing can be written any more.
func (s *socket) write(frame []byte, by time.Time) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.ws.SetWriteDeadline(by); err != nil {
		return err
	}
	if s.deflates {
		s.ws.EnableWriteCompression(len(frame) >= compressFrom)
	}
	return s.ws.WriteMessage(websocket.TextMessage, frame)
}

// ping asks for a sign of life.
func (s *socket) ping(by time.Time) error {
	return s.ws.WriteControl(websocket.PingMessage, nil, by)
}

// pong answers a ping.
func (s *socket) pong(data string, by time.Time) error {
	return s.ws.WriteControl(websocket.PongMessage, []byte(data), by)
}

// farewell says goodbye; reading ends by then. What the station still sends
// must be read until then, or the network may swallow the goodbye.
func (s *socket) farewell(f farewell, by time.Time) {
	if f.abrupt || s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(f.code, f.reason), by) != nil {
		s.abort()
		return
	}
	_ = s.ws.SetReadDeadline(by) // fails only when the socket has ended already
}

// drainMax bounds what is read and dropped of a socket that ends.
const drainMax = 16 << 20

// drain drops what a station still sends after the library has stopped
// reading: closed with data unread, TCP would take the goodbye with it.
func (s *socket) drain(by time.Time) {
	if s.ws.SetReadDeadline(by) == nil {
		_, _ = io.CopyN(io.Discard, s.ws.NetConn(), drainMax) // its end is all we wait for
	}
}

// abort ends the socket at once. It may be called more than once.
func (s *socket) abort() { _ = s.ws.Close() }

// endOf tells from the error of a read why the socket ended.
func endOf(err error) farewell {
	closed, isClose := errors.AsType[*websocket.CloseError](err)
	switch {
	case errors.Is(err, websocket.ErrReadLimit), errors.Is(err, errFrameTooLong):
		return endedTooLong
	case isClose && closed.Code != websocket.CloseAbnormalClosure:
		return endedByStation
	case !isClose && strings.HasPrefix(err.Error(), "websocket: "): // the library has no type for it
		return endedBroken
	}
	return endedByNetwork
}

// isTimeout reports whether a write failed because the other side did not read.
func isTimeout(err error) bool {
	late, ok := errors.AsType[net.Error](err)
	return ok && late.Timeout()
}

// tapped is a ResponseWriter whose connection goes through an [inlet] and a [tap].
type tapped struct {
	http.ResponseWriter
	inlets *sync.Pool
}

// Hijack implements [http.Hijacker].
func (t tapped) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return &tap{Conn: newInlet(c, t.inlets)}, rw, nil
}

// tap is a connection that counts what comes in and is no message: empty fragments
// and control frames, which the library takes in by itself for as long as they
// come.
type tap struct {
	net.Conn
	idle  int         // bytes that came in and are in no message
	spend func(n int) // told of them, a piece at a time; nil: nobody is
}

// Read implements [net.Conn].
func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.idle += n
	if t.idle >= tapPiece && t.spend != nil {
		t.spend(t.idle)
		t.idle = 0
	}
	return n, err
}

// meter has spend told of what the socket takes in beside messages.
func (s *socket) meter(spend func(n int)) {
	if t, ok := s.ws.NetConn().(*tap); ok {
		t.spend = spend
		s.intake.tap = t
	}
}

// intake is the message that a socket reads now.
type intake struct {
	message io.Reader
	tap     *tap // nil: nothing is counted
}

// Read implements [io.Reader].
func (i *intake) Read(b []byte) (int, error) {
	n, err := i.message.Read(b)
	if i.tap != nil {
		i.tap.idle = max(0, i.tap.idle-n)
	}
	return n, err
}

// buffer holds one message while it is read and answered.
type buffer struct {
	bytes []byte
	long  bool // it has one of the places for long messages
}

// buffers hands out buffers, so that only messages in work take memory.
type buffers struct {
	pool sync.Pool
	long chan struct{} // places for messages longer than [keepMax], taken by sending
}

func newBuffers() *buffers {
	return &buffers{
		pool: sync.Pool{New: func() any { return &buffer{bytes: make([]byte, 0, 2*bufferSize)} }},
		long: make(chan struct{}, longMax),
	}
}

func (p *buffers) get() *buffer { return p.pool.Get().(*buffer) }

func (p *buffers) put(b *buffer) {
	if b.long {
		b.long = false
		<-p.long
	}
	if cap(b.bytes) <= keepMax {
		p.pool.Put(b)
	}
}

// grow makes room in b for more of a message. It waits for a place when the message
// is a long one, and reports false when done is closed meanwhile.
func (p *buffers) grow(b *buffer, limit int, done <-chan struct{}) bool {
	size := min(2*cap(b.bytes), limit+1)
	if size > keepMax && !b.long {
		select {
		case p.long <- struct{}{}:
			b.long = true
		case <-done:
			return false
		}
	}
	b.bytes = append(make([]byte, 0, size), b.bytes...)
	return true
}

// fill reads a whole message into b; [errFrameTooLong] when it is longer than
// limit, [errGone] when done is closed before there is room for it.
func (p *buffers) fill(b *buffer, message io.Reader, limit int, done <-chan struct{}) error {
	b.bytes = b.bytes[:0]
	for {
		if len(b.bytes) == cap(b.bytes) && !p.grow(b, limit, done) {
			return errGone
		}
		n, err := message.Read(b.bytes[len(b.bytes):min(cap(b.bytes), limit+1)])
		b.bytes = b.bytes[:len(b.bytes)+n]
		switch {
		case len(b.bytes) > limit, errors.Is(err, websocket.ErrReadLimit):
			return errFrameTooLong
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
