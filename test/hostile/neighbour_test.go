package hostile

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gorilla/websocket"

	"pylon/internal/kernel/clock"
	"pylon/test/program"
)

const (
	token    = "04A1B2C3D4E5F6"
	password = "0123456789abcdef"
	// answerMax bounds the wait for one answer; see [patience].
	answerMax = 60 * time.Second
	// breath is what a neighbour does between two calls: nothing.
	breath = 100 * time.Millisecond
	// samples is how many readings a charge has.
	samples = 8
)

// neighbour is an honest station. It charges again and again until it is told to
// leave, and must never notice that others attack: an answer that is none, or a
// socket that ends, fails the test.
type neighbour struct {
	identity string
	legacy   bool // speaks OCPP 1.6, otherwise 2.0.1
	socket   *websocket.Conn
	register int // Wh
	calls    int
	seqNo    int
	charges  []charge

	over chan struct{} // closed when it is to leave
	done chan struct{} // closed when it has left

	mu   sync.Mutex
	sent []spoken
	err  error
}

// spoken is a call and how long its answer took.
type spoken struct {
	at   time.Time
	took time.Duration
}

// charge is a charge that the server has acknowledged.
type charge struct {
	transaction string
	energy      int // Wh
}

// people settles n honest stations, half of each version.
func (s *stage) people(n int) {
	s.t.Helper()
	s.server.CreateToken(s.t, token, "accepted")
	for i := range n {
		h := &neighbour{
			identity: name("honest", i), legacy: i%2 == 0, over: make(chan struct{}), done: make(chan struct{}),
		}
		s.server.CreateStation(s.t, h.identity, password)
		if err := h.connect(s.server.WebSocket()); err != nil {
			s.t.Fatal(err)
		}
		s.neighbours = append(s.neighbours, h)
		go h.live()
	}
}

// connect opens the socket and boots.
func (n *neighbour) connect(url string) error { return n.connectFrom("127.0.0.1", url) }

// connectFrom is connect from an address of this machine's.
func (n *neighbour) connectFrom(address, url string) error {
	protocol, boot := "ocpp2.0.1", any(map[string]any{
		"reason": "PowerUp", "chargingStation": map[string]string{"vendorName": "Honest", "model": "Neighbour"},
	})
	if n.legacy {
		protocol, boot = "ocpp1.6", map[string]string{"chargePointVendor": "Honest", "chargePointModel": "Neighbour"}
	}
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	dialer := websocket.Dialer{Subprotocols: []string{protocol}, HandshakeTimeout: answerMax, NetDialContext: from.DialContext}
	login := base64.StdEncoding.EncodeToString([]byte(n.identity + ":" + password))
	socket, response, err := dialer.Dial(url+"/"+n.identity, http.Header{"Authorization": {"Basic " + login}})
	if err != nil {
		return fmt.Errorf("%s: %w", n.identity, err)
	}
	response.Body.Close()
	n.socket = socket
	_, err = n.call("BootNotification", boot)
	return err
}

// live charges until the neighbour is to leave, and stops at the end of a charge.
func (n *neighbour) live() {
	defer close(n.done)
	for {
		select {
		case <-n.over:
			return
		default:
		}
		if err := n.charge(); err != nil {
			n.mu.Lock()
			n.err = err
			n.mu.Unlock()
			return
		}
	}
}

// leave lets the charge end and closes the socket.
func (n *neighbour) leave() {
	close(n.over)
	<-n.done
	_ = n.socket.Close() // the server is about to be killed
}

// charge is one charge from its start to its end.
func (n *neighbour) charge() error {
	begins := n.register
	transaction := fmt.Sprintf("%s-tx-%d", n.identity, len(n.charges))
	n.seqNo = 0
	answer, err := n.step("Started", transaction)
	if err != nil {
		return err
	}
	if n.legacy {
		var started struct {
			TransactionID jsontext.Value `json:"transactionId"`
		}
		if err := json.Unmarshal(answer, &started); err != nil {
			return err
		}
		transaction = string(started.TransactionID)
	}
	for range samples {
		n.register += 10
		<-clock.System{}.After(breath)
		if _, err := n.step("Updated", transaction); err != nil {
			return err
		}
	}
	if _, err := n.step("Ended", transaction); err != nil {
		return err
	}
	n.charges = append(n.charges, charge{transaction, n.register - begins})
	return nil
}

// step sends one message of a charge in the neighbour's version.
func (n *neighbour) step(event, transaction string) (jsontext.Value, error) {
	at := clock.System{}.Now().Format("2006-01-02T15:04:05.000000Z")
	if n.legacy {
		return n.legacyStep(event, transaction, at)
	}
	info := map[string]any{"transactionId": transaction}
	trigger := map[string]string{"Started": "Authorized", "Updated": "MeterValuePeriodic", "Ended": "StopAuthorized"}[event]
	context := map[string]string{"Started": "Transaction.Begin", "Updated": "Sample.Periodic", "Ended": "Transaction.End"}[event]
	payload := map[string]any{
		"eventType": event, "timestamp": at, "triggerReason": trigger, "seqNo": n.seqNo, "transactionInfo": info,
		"evse": map[string]int{"id": 1, "connectorId": 1},
		"meterValue": []any{map[string]any{"timestamp": at, "sampledValue": []any{map[string]any{
			"context": context, "measurand": "Energy.Active.Import.Register", "value": n.register, "unitOfMeasure": map[string]string{"unit": "Wh"},
		}}}},
	}
	n.seqNo++
	switch event {
	case "Started":
		payload["idToken"] = map[string]string{"idToken": token, "type": "ISO14443"}
	case "Ended":
		info["stoppedReason"] = "Local"
	}
	return n.call("TransactionEvent", payload)
}

func (n *neighbour) legacyStep(event, transaction, at string) (jsontext.Value, error) {
	switch event {
	case "Started":
		return n.call("StartTransaction", map[string]any{"connectorId": 1, "idTag": token, "meterStart": n.register, "timestamp": at})
	case "Ended":
		return n.call("StopTransaction", map[string]any{
			"transactionId": jsontext.Value(transaction), "idTag": token, "meterStop": n.register, "timestamp": at, "reason": "Local",
		})
	}
	return n.call("MeterValues", map[string]any{
		"connectorId": 1, "transactionId": jsontext.Value(transaction),
		"meterValue": []any{map[string]any{"timestamp": at, "sampledValue": []any{map[string]any{
			"context": "Sample.Periodic", "measurand": "Energy.Active.Import.Register", "value": fmt.Sprint(n.register), "unit": "Wh",
		}}}},
	})
}

// call sends a request and waits for its response; the server's own requests are
// refused meanwhile. Everything but a response is an error.
func (n *neighbour) call(action string, payload any) (jsontext.Value, error) {
	n.calls++
	id := fmt.Sprintf("%s-%d", n.identity, n.calls)
	text, err := json.Marshal([]any{2, id, action, payload})
	if err != nil {
		return nil, err
	}
	began := clock.System{}.Now()
	if err := n.socket.WriteMessage(websocket.TextMessage, text); err != nil {
		return nil, fmt.Errorf("%s %s: %w", id, action, err)
	}
	for {
		n.socket.SetReadDeadline(time.Now().Add(answerMax))
		_, frame, err := n.socket.ReadMessage()
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", id, action, err)
		}
		var parts []jsontext.Value
		switch err := json.Unmarshal(frame, &parts); {
		case err != nil || len(parts) < 3:
			return nil, fmt.Errorf("%s %s: got %s: %w", id, action, frame, err)
		case string(parts[0]) == "2":
			refusal := fmt.Sprintf(`[4,%s,"NotImplemented","",{}]`, parts[1])
			if err := n.socket.WriteMessage(websocket.TextMessage, []byte(refusal)); err != nil {
				return nil, err
			}
		case string(parts[0]) != "3" || string(parts[1]) != `"`+id+`"` || strings.Contains(string(parts[2]), "Rejected"):
			return nil, fmt.Errorf("%s %s: got %s, want its response", id, action, frame)
		default:
			n.mu.Lock()
			n.sent = append(n.sent, spoken{began, clock.System{}.Now().Sub(began)})
			n.mu.Unlock()
			return parts[2], nil
		}
	}
}

// waited returns how long the answers took to what was sent after a moment.
func (n *neighbour) waited(since time.Time) (all []time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.sent {
		if s.at.After(since) {
			all = append(all, s.took)
		}
	}
	return all
}

// verify compares what the neighbour knows with what a server says.
func (n *neighbour) verify(t *testing.T, server *program.Server) {
	t.Helper()
	if n.err != nil {
		t.Errorf("an honest station noticed the attack: %v", n.err)
	}
	sessions := server.Sessions(t, n.identity)
	if got, want := len(sessions), len(n.charges); got != want && n.err == nil {
		t.Errorf("%s: got %d sessions, want %d", n.identity, got, want)
	}
	known := map[string]program.Session{}
	for _, s := range sessions {
		known[s.TransactionID] = s
	}
	for _, c := range n.charges {
		s := known[c.transaction]
		if s.Status != "completed" || s.EnergyWh != int64(c.energy) || s.TokenUID != token {
			t.Errorf("%s, transaction %s: got %+v, want %d Wh, completed", n.identity, c.transaction, s, c.energy)
		}
	}
}
