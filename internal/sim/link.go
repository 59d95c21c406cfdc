package sim

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// ErrClosed says that the socket ended before the answer came.
var ErrClosed = errors.New("link is closed")

// frameMax is the longest frame a station reads, in bytes: the longest that OCPP
// has a use for are certificate chains of 10,000 and reports of some 60,000.
const frameMax = 256 << 10

// bufferSize is that of a socket's buffers, in bytes: most messages fit, and a network
// of 10,000 stations fits as well.
const bufferSize = 1 << 10

// Endpoint is where a station connects, and as whom.
type Endpoint struct {
	URL      string // the server's, "ws://127.0.0.1:8080/ocpp"; the identity is appended
	Identity string
	Password string // of HTTP Basic; "" sends none
	Version  ocppj.Version
	Compress bool        // offer permessage-deflate
	TLS      *tls.Config // for "wss"; nil for the machine's roots
	// NetDial opens the connection underneath; nil for TCP.
	NetDial func(ctx context.Context, network, address string) (net.Conn, error)
}

// HandshakeError is a refused WebSocket handshake.
type HandshakeError struct {
	Status int // of HTTP
}

// Error implements error.
func (e *HandshakeError) Error() string {
	return fmt.Sprintf("handshake refused: %d %s", e.Status, http.StatusText(e.Status))
}

// Link is one open OCPP connection, seen from the station. Calls wait for one
// another: one is in flight at a time. A Link is used up when its socket ends.
type Link struct {
	version ocppj.Version
	ws      *websocket.Conn
	nextID  func() string
	slot    chan struct{} // holds a token while a call is in flight
	ended   chan struct{} // closed when Serve returns

	mu      sync.Mutex // guards what follows, and writing to ws
	waiting string     // id of the call in flight
	answer  chan returned
}

type returned struct {
	payload []byte
	err     error
}

// Dial opens a connection. A server that refuses is a [*HandshakeError]; one that
// does not choose the version offered is an error too.
func Dial(ctx context.Context, e Endpoint) (*Link, error) {
	return dial(ctx, e, randomIDs())
}

func dial(ctx context.Context, e Endpoint, nextID func() string) (*Link, error) {
	dialer := websocket.Dialer{
		Subprotocols:      []string{e.Version.Subprotocol()},
		EnableCompression: e.Compress,
		TLSClientConfig:   e.TLS,
		ReadBufferSize:    bufferSize,
		WriteBufferSize:   bufferSize,
		NetDialContext:    e.NetDial,
	}
	header := http.Header{}
	if e.Password != "" {
		credentials := base64.StdEncoding.EncodeToString([]byte(e.Identity + ":" + e.Password))
		header.Set("Authorization", "Basic "+credentials)
	}
	ws, response, err := dialer.DialContext(ctx, e.URL+"/"+url.PathEscape(e.Identity), header)
	if response != nil {
		_ = response.Body.Close() // nothing of it is read
	}
	switch {
	case errors.Is(err, websocket.ErrBadHandshake):
		return nil, fmt.Errorf("station %s: %w", e.Identity, &HandshakeError{Status: response.StatusCode})
	case err != nil:
		return nil, fmt.Errorf("station %s: dial: %w", e.Identity, err)
	case ws.Subprotocol() != e.Version.Subprotocol():
		_ = ws.Close() // the error that counts is the next
		return nil, fmt.Errorf("station %s: server chose subprotocol %q, want %q", e.Identity, ws.Subprotocol(), e.Version.Subprotocol())
	}
	ws.SetReadLimit(frameMax)
	return &Link{
		version: e.Version,
		ws:      ws,
		nextID:  nextID,
		slot:    make(chan struct{}, 1),
		ended:   make(chan struct{}),
	}, nil
}

// randomIDs counts calls behind a random number.
func randomIDs() func() string {
	prefix := strconv.FormatUint(rand.Uint64(), 36)
	var calls atomic.Uint64
	return func() string { return prefix + "-" + strconv.FormatUint(calls.Add(1), 10) }
}

// Reply is the answer to a call.
type Reply struct {
	Message schema.Message
	Then    func() // runs when the answer is on its way; may be nil
}

// Handler answers one call of the server. It runs on the goroutine that reads the
// socket, so it must not wait for a call of its own.
type Handler func(action string, payload []byte) (Reply, *ocppj.CallError)

// Serve reads the socket until it ends or ctx does, answers calls with handle
// and hands answers to those who wait in [Link.Call]. It returns why it ended, and
// must run exactly once.
func (l *Link) Serve(ctx context.Context, handle Handler) error {
	defer close(l.ended)
	stop := context.AfterFunc(ctx, l.Close)
	defer stop()
	for {
		kind, data, err := l.ws.ReadMessage()
		if err != nil {
			l.Close()
			return fmt.Errorf("read: %w", err)
		}
		if kind != websocket.TextMessage {
			continue
		}
		if err := l.receive(data, handle); err != nil {
			l.Close()
			return err
		}
	}
}

func (l *Link) receive(data []byte, handle Handler) error {
	frame, refused := ocppj.Parse(l.version, data)
	if refused != nil {
		l.deliver(refused.ID, returned{err: refused})
		if due := refused.AppendAnswer(nil); due != nil {
			return l.Write(due)
		}
		return nil
	}
	switch frame.Type {
	case ocppj.TypeCall:
		return l.reply(frame, handle)
	case ocppj.TypeCallResult:
		l.deliver(frame.ID, returned{payload: frame.Payload})
	case ocppj.TypeCallError:
		l.deliver(frame.ID, returned{err: frame.Err()})
	case ocppj.TypeCallResultError, ocppj.TypeSend:
		// Servers have no SEND, and there is nothing to do about a response they could not read.
	}
	return nil
}

func (l *Link) reply(frame ocppj.Frame, handle Handler) error {
	reply, failure := handle(frame.Action, frame.Payload)
	if failure != nil {
		return l.Write(ocppj.AppendCallError(nil, l.version, frame.ID, failure))
	}
	payload, err := schema.Encode(reply.Message)
	if err != nil {
		return err
	}
	if err := l.Write(ocppj.AppendCallResult(nil, frame.ID, payload)); err != nil {
		return err
	}
	if reply.Then != nil {
		reply.Then()
	}
	return nil
}

// deliver hands an answer to the call that waits for it; nobody may.
func (l *Link) deliver(id string, a returned) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answer != nil && l.waiting == id {
		l.answer <- a
		l.answer = nil
	}
}

// Call sends a request and fills response with the answer. The errors are
// [*ocppj.CallError] when the server refused, [schema.Violations] when its answer
// breaks the schema, [ErrClosed], or the context's.
func (l *Link) Call(ctx context.Context, request, response schema.Message) error {
	payload, err := schema.Encode(request)
	if err != nil {
		return err
	}
	answered, err := l.CallRaw(ctx, request.Action(), payload)
	if err != nil {
		return fmt.Errorf("%s: %w", request.Action(), err)
	}
	if violations := schema.Decode(answered, response); violations != nil {
		return fmt.Errorf("%s: response: %w", request.Action(), violations)
	}
	return nil
}

// CallRaw is [Link.Call] with payloads as they are, which may be wrong.
func (l *Link) CallRaw(ctx context.Context, action string, payload []byte) ([]byte, error) {
	select {
	case l.slot <- struct{}{}:
		defer func() { <-l.slot }()
	case <-l.ended:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	id, waiting := l.nextID(), make(chan returned, 1)
	l.mu.Lock()
	l.waiting, l.answer = id, waiting
	l.mu.Unlock()
	if err := l.Write(ocppj.AppendCall(nil, id, action, payload)); err != nil {
		return nil, err
	}
	select {
	case a := <-waiting:
		return a.payload, a.err
	case <-l.ended:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Write sends one frame as it is, whatever it holds.
func (l *Link) Write(frame []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ws.WriteMessage(websocket.TextMessage, frame); err != nil {
		return fmt.Errorf("%w: write: %w", ErrClosed, err)
	}
	return nil
}

// Ping sends a ping of the WebSocket; its answer is of no interest.
func (l *Link) Ping() {
	_ = l.ws.WriteControl(websocket.PingMessage, nil, time.Time{}) // an end shows when reading
}

// Close ends the connection without a farewell, as a station does that loses its
// power.
func (l *Link) Close() { _ = l.ws.Close() }
