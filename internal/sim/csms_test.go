package sim_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pylon/internal/kernel/clock"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// csms is a server that accepts everything and checks every frame against its
// schema. It remembers the conversation.
type csms struct {
	t     *testing.T
	clock clock.Clock
	began time.Time

	mu           sync.Mutex // guards what follows
	rules        map[string]rule
	peers        map[string]*peer // by identity, those online
	handshakes   int
	password     string // of the last login
	reached      string // the host it asked for
	down         bool
	protocols    []string
	transactions int
	pings        int
	requests     []received
	talk         strings.Builder
}

// rule answers a request in another way than usual. Nil, nil leaves the usual
// answer; errSilence gives none.
type rule func(request schema.Message) (schema.Message, error)

var errSilence = errors.New("no answer")

// refuse is a rule that answers InternalError.
func refuse(schema.Message) (schema.Message, error) {
	return nil, &ocppj.CallError{Code: ocppj.InternalError}
}

type received struct {
	at      time.Time
	station string
	message schema.Message
}

// peer is a connected station, seen from the server.
type peer struct {
	version ocppj.Version
	ws      *websocket.Conn
	out     chan []byte
	ended   chan struct{}
	answers chan ocppj.Frame
	calls   int
}

func newCSMS(t *testing.T, clk clock.Clock) *csms {
	return &csms{t: t, clock: clk, began: clk.Now(), protocols: []string{"ocpp2.1", "ocpp2.0.1", "ocpp1.6"}, rules: map[string]rule{}, peers: map[string]*peer{}}
}

// serve answers on a listener until the test ends, and returns the URL.
func (c *csms) serve(l net.Listener) string {
	server := &http.Server{Handler: c, ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l)
	}()
	c.t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return "ws://" + l.Addr().String() + "/ocpp"
}

// on sets how an action is answered from now on; nil for the usual way.
func (c *csms) on(action string, r rule) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules[action] = r
}

// setDown refuses connections, and cuts those that are open.
func (c *csms) setDown(down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = down
	for _, p := range c.peers {
		if down {
			_ = p.ws.Close()
		}
	}
}

func (c *csms) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, ok := r.BasicAuth()
	c.mu.Lock()
	c.handshakes++
	c.reached, c.password = r.Host, password
	down, protocols := c.down, c.protocols
	c.mu.Unlock()
	if down {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	upgrader := websocket.Upgrader{Subprotocols: protocols, EnableCompression: true}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		c.t.Errorf("upgrade: %v", err)
		return
	}
	identity := strings.TrimPrefix(r.URL.Path, "/ocpp/")
	if ok && user != identity {
		c.t.Errorf("station %s logs in as %s", identity, user)
	}
	version, ok := ocppj.ParseSubprotocol(ws.Subprotocol())
	if !ok { // 3.2: nothing in common
		_ = ws.Close()
		return
	}
	p := &peer{version: version, ws: ws, out: make(chan []byte, 16), ended: make(chan struct{}), answers: make(chan ocppj.Frame, 1)}
	c.mu.Lock()
	c.peers[identity] = p
	c.mu.Unlock()
	ws.SetPingHandler(func(string) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.pings++
		return nil
	})
	go p.write()
	c.read(identity, p)
	c.mu.Lock()
	if c.peers[identity] == p {
		delete(c.peers, identity)
	}
	c.mu.Unlock()
}

func (p *peer) write() {
	for {
		select {
		case frame := <-p.out:
			if p.ws.WriteMessage(websocket.TextMessage, frame) != nil {
				return
			}
		case <-p.ended:
			return
		}
	}
}

func (c *csms) read(identity string, p *peer) {
	defer close(p.ended)
	for {
		_, data, err := p.ws.ReadMessage()
		if err != nil {
			_ = p.ws.Close()
			return
		}
		c.note(">", data)
		frame, refused := ocppj.Parse(p.version, data)
		if refused != nil {
			c.t.Errorf("station %s: %v: %s", identity, refused, data)
			continue
		}
		if frame.Type != ocppj.TypeCall {
			select {
			case p.answers <- frame:
			default: // nobody waits for it
			}
			continue
		}
		if reply := c.reply(identity, p.version, frame); reply != nil {
			c.note("<", reply)
			p.out <- reply
		}
	}
}

func (c *csms) note(direction string, frame []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.clock.Now().Sub(c.began)
	fmt.Fprintf(&c.talk, "%8.3f %s %s\n", at.Seconds(), direction, frame)
}

func (c *csms) conversation() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.talk.String()
}

func (c *csms) reply(identity string, v ocppj.Version, frame ocppj.Frame) []byte {
	request := c.decode(identity, v, frame)
	c.mu.Lock()
	c.requests = append(c.requests, received{c.clock.Now(), identity, request})
	r := c.rules[frame.Action]
	c.mu.Unlock()
	var response schema.Message
	if r != nil {
		var err error
		response, err = r(request)
		var failure *ocppj.CallError
		switch {
		case errors.Is(err, errSilence):
			return nil
		case errors.As(err, &failure):
			return ocppj.AppendCallError(nil, v, frame.ID, failure)
		}
	}
	if response == nil {
		response = c.usual(request)
	}
	payload, err := schema.Encode(response)
	if err != nil {
		c.t.Errorf("answer to %s: %v", frame.Action, err)
	}
	return ocppj.AppendCallResult(nil, frame.ID, payload)
}

// decode checks a request of a station against its schema. Those of 2.0.1 are
// returned in the types of 2.1, but for the one that 2.1 asks more of.
func (c *csms) decode(identity string, v ocppj.Version, frame ocppj.Frame) schema.Message {
	request := c.judge(identity, newRequest(v), frame)
	if v == ocppj.V201 && frame.Action != ocpp21.ActionNotifyMonitoringReport {
		request = c.judge(identity, newRequest(ocppj.V21), frame)
	}
	return request
}

func (c *csms) judge(identity string, find func(string) (schema.Message, bool), frame ocppj.Frame) schema.Message {
	request, ok := find(frame.Action)
	if !ok {
		c.t.Fatalf("station %s: action %q is unknown", identity, frame.Action)
	}
	if violations := schema.Decode(frame.Payload, request); violations != nil {
		c.t.Errorf("station %s: %s: %v\n%s", identity, frame.Action, violations, frame.Payload)
	}
	return request
}

func newRequest(v ocppj.Version) func(string) (schema.Message, bool) {
	switch v {
	case ocppj.V16:
		return ocpp16.NewRequest
	case ocppj.V201:
		return ocpp201.NewRequest
	default:
		return ocpp21.NewRequest
	}
}

func newResponse(v ocppj.Version) func(string) (schema.Message, bool) {
	switch v {
	case ocppj.V16:
		return ocpp16.NewResponse
	case ocppj.V201:
		return ocpp201.NewResponse
	default:
		return ocpp21.NewResponse
	}
}

func (c *csms) usual(request schema.Message) schema.Message {
	now := schema.TimestampOf(c.clock.Now())
	switch r := request.(type) {
	case *ocpp16.BootNotificationRequest:
		return &ocpp16.BootNotificationResponse{Status: ocpp16.RegistrationStatusAccepted, CurrentTime: now, Interval: 60}
	case *ocpp16.HeartbeatRequest:
		return &ocpp16.HeartbeatResponse{CurrentTime: now}
	case *ocpp16.AuthorizeRequest:
		return &ocpp16.AuthorizeResponse{IDTagInfo: ocpp16.IDTagInfo{Status: ocpp16.AuthorizationStatusAccepted}}
	case *ocpp16.StartTransactionRequest:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.transactions++
		return &ocpp16.StartTransactionResponse{
			TransactionID: c.transactions,
			IDTagInfo:     ocpp16.IDTagInfo{Status: ocpp16.AuthorizationStatusAccepted},
		}
	case *ocpp21.BootNotificationRequest:
		return &ocpp21.BootNotificationResponse{Status: ocpp21.RegistrationStatusAccepted, CurrentTime: now, Interval: 60}
	case *ocpp21.HeartbeatRequest:
		return &ocpp21.HeartbeatResponse{CurrentTime: now}
	case *ocpp21.AuthorizeRequest:
		return &ocpp21.AuthorizeResponse{IDTokenInfo: ocpp21.IDTokenInfo{Status: ocpp21.AuthorizationStatusAccepted}}
	case *ocpp21.TransactionEventRequest:
		response := &ocpp21.TransactionEventResponse{}
		if r.IDToken != nil {
			response.IDTokenInfo = &ocpp21.IDTokenInfo{Status: ocpp21.AuthorizationStatusAccepted}
		}
		return response
	}
	return emptyResponse(c.t, request)
}

func emptyResponse(t *testing.T, request schema.Message) schema.Message {
	find := ocpp21.NewResponse
	if strings.Contains(fmt.Sprintf("%T", request), "ocpp16") {
		find = ocpp16.NewResponse
	}
	response, ok := find(request.Action())
	if !ok {
		t.Fatalf("no response for %T", request)
	}
	return response
}

// logins returns how often stations have connected, and the last password.
func (c *csms) logins() (handshakes int, password string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.handshakes, c.password
}

// pinged returns how many pings have come.
func (c *csms) pinged() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pings
}

// host returns what the last login asked for.
func (c *csms) host() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reached
}

// all returns what the stations have sent, in order.
func (c *csms) all() []received {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.requests)
}

// of returns the requests of a type that the stations have sent, in order.
func of[M schema.Message](c *csms) []M {
	var out []M
	for _, r := range c.all() {
		if m, ok := r.message.(M); ok {
			out = append(out, m)
		}
	}
	return out
}

// push sends a station a frame as it is.
func (c *csms) push(identity string, frame []byte) {
	c.mu.Lock()
	p := c.peers[identity]
	c.mu.Unlock()
	p.out <- frame
}

// command calls a station that is online, and fills response. A CALLERROR is
// returned.
func (c *csms) command(ctx context.Context, identity string, request, response schema.Message) error {
	c.t.Helper()
	payload, err := schema.Encode(request)
	if err != nil {
		return err
	}
	return c.commandRaw(ctx, identity, request.Action(), payload, response)
}

func (c *csms) commandRaw(ctx context.Context, identity, action string, payload []byte, response schema.Message) error {
	c.mu.Lock()
	p := c.peers[identity]
	c.mu.Unlock()
	if p == nil {
		return fmt.Errorf("station %s is offline", identity)
	}
	p.calls++
	frame := ocppj.AppendCall(nil, fmt.Sprintf("c%d", p.calls), action, payload)
	c.note("<", frame)
	p.out <- frame
	var answer ocppj.Frame
	select {
	case answer = <-p.answers:
	case <-p.ended:
		select {
		case answer = <-p.answers: // the last thing it said
		default:
			return errors.New("connection ended")
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if answer.Type == ocppj.TypeCallError {
		return answer.Err()
	}
	own, _ := newResponse(p.version)(action)
	for _, m := range []schema.Message{own, response} {
		if violations := schema.Decode(answer.Payload, m); violations != nil {
			return fmt.Errorf("%w: %s", violations, answer.Payload)
		}
	}
	return nil
}

// pipes is a listener whose connections are in memory, so that a test bubble
// sees when everybody waits.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes {
	return &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.accept <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }
