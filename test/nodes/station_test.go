package nodes

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
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

	answerMax = 30 * time.Second      // of an answer; a socket without one for longer is dead
	againWait = 50 * time.Millisecond // before the next server is tried
	readEvery = 20 * time.Millisecond // between two readings
)

// station is a charging station that speaks OCPP 2.0.1, or 1.6, and has several
// addresses where its network may be found. What was not answered it sends again,
// to whichever server takes it, until somebody has answered.
type station struct {
	identity string
	legacy   bool     // speaks 1.6
	homes    []string // WebSocket addresses, tried in turn
	home     int      // of those, the one it is at, or tries next

	link *link
	next int // number of the next call

	tx         string // id of its transaction; of 1.6, once it is known
	seqNo      int
	registerWh int
	beganWh    int
	samples    []int // registers of readings that were answered
	connects   int

	mu    sync.Mutex
	asked []string // actions that servers have called
}

// newStation makes a station known to a server. It has not connected.
func newStation(t *testing.T, server *program.Server, identity string, legacy bool, homes ...*program.Server) *station {
	t.Helper()
	server.CreateStation(t, identity, password)
	return &station{identity: identity, legacy: legacy, homes: addresses(homes), registerWh: 1000}
}

func addresses(servers []*program.Server) []string {
	var all []string
	for _, s := range servers {
		all = append(all, s.WebSocket())
	}
	return all
}

// link is one socket. A goroutine reads it until it ends.
type link struct {
	socket  *websocket.Conn
	answers chan answer
	ended   chan struct{}
	writing sync.Mutex
	why     error // that it ended; read after ended is closed
}

// answer is what a server says to a call.
type answer struct {
	id      string
	refused bool
	payload jsontext.Value
}

// join connects to the next server that lets the station in, and boots, until ctx
// ends.
func (s *station) join(ctx context.Context) error {
	for {
		err := s.connect(ctx)
		if err == nil {
			return nil
		}
		s.leave()
		s.home = (s.home + 1) % len(s.homes)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w, last %w", s.identity, ctx.Err(), err)
		case <-time.After(againWait):
		}
	}
}

func (s *station) connect(ctx context.Context) error {
	protocol, boot := "ocpp2.0.1", any(map[string]any{
		"reason": "PowerUp", "chargingStation": map[string]string{"vendorName": "Test", "model": "Nomad"},
	})
	if s.legacy {
		protocol, boot = "ocpp1.6", map[string]string{"chargePointVendor": "Test", "chargePointModel": "Nomad"}
	}
	dialer := websocket.Dialer{Subprotocols: []string{protocol}, HandshakeTimeout: answerMax}
	login := base64.StdEncoding.EncodeToString([]byte(s.identity + ":" + password))
	socket, response, err := dialer.DialContext(ctx, s.homes[s.home]+"/"+s.identity, http.Header{"Authorization": {"Basic " + login}})
	if err != nil {
		return err
	}
	response.Body.Close()
	s.link = &link{socket: socket, answers: make(chan answer, 1), ended: make(chan struct{})}
	go s.read(s.link)
	s.connects++
	if _, err := s.call("BootNotification", boot); err != nil {
		return err
	}
	status := map[string]any{"timestamp": stamp(), "evseId": 1, "connectorId": 1, "connectorStatus": "Occupied"}
	if s.legacy {
		status = map[string]any{"connectorId": 1, "errorCode": "NoError", "status": "Charging"}
	}
	_, err = s.call("StatusNotification", status)
	return err
}

// leave ends the socket.
func (s *station) leave() {
	if s.link != nil {
		s.link.socket.Close()
		<-s.link.ended
		s.link = nil
	}
}

// read takes in what the server sends, and answers what it asks.
func (s *station) read(l *link) {
	defer close(l.ended)
	for {
		_, frame, err := l.socket.ReadMessage()
		if err != nil {
			l.why = err
			return
		}
		var parts []jsontext.Value
		if err := json.Unmarshal(frame, &parts); err != nil || len(parts) < 3 {
			l.why = fmt.Errorf("got %s: %w", frame, err)
			return
		}
		id, action := text(parts[1]), text(parts[2])
		if string(parts[0]) != "2" {
			l.answers <- answer{id, string(parts[0]) != "3", parts[2]}
			continue
		}
		s.mu.Lock()
		s.asked = append(s.asked, action)
		s.mu.Unlock()
		reply := fmt.Sprintf(`[3,%q,{"status":"Accepted"}]`, id)
		if action == "GetConfiguration" {
			reply = fmt.Sprintf(`[3,%q,{"configurationKey":[{"key":"HeartbeatInterval","readonly":false,"value":"300"}]}]`, id)
		}
		if err := l.write([]byte(reply)); err != nil {
			l.why = err
			return
		}
	}
}

func (l *link) write(frame []byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.socket.WriteMessage(websocket.TextMessage, frame)
}

// text is what a JSON string says, "" when it is none.
func text(v jsontext.Value) string {
	var s string
	_ = json.Unmarshal(v, &s) // a payload is no string
	return s
}

// heard reports whether a server has called an action.
func (s *station) heard(action string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.asked, action)
}

// call sends one request over the socket there is, and waits for its answer.
func (s *station) call(action string, payload any) (jsontext.Value, error) {
	s.next++
	id := fmt.Sprintf("%s-%04d", s.identity, s.next)
	frame, err := json.Marshal([]any{2, id, action, payload}, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	if err := s.link.write(frame); err != nil {
		return nil, err
	}
	late := time.After(answerMax)
	for {
		select {
		case a := <-s.link.answers:
			switch {
			case a.id != id:
			case a.refused:
				return nil, fmt.Errorf("%s: refused: %s", action, a.payload)
			default:
				return a.payload, nil
			}
		case <-s.link.ended:
			return nil, s.link.why
		case <-late:
			return nil, errors.New(action + ": no answer in time")
		}
	}
}

// deliver sends a request until somebody has answered it, through as many sockets
// as it takes.
func (s *station) deliver(ctx context.Context, action string, payload any) (jsontext.Value, error) {
	for {
		if s.link == nil {
			if err := s.join(ctx); err != nil {
				return nil, err
			}
		}
		response, err := s.call(action, payload)
		if err == nil {
			return response, nil
		}
		s.leave()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

// stamp returns the time as a station writes it.
func stamp() string { return clock.System{}.Now().Format("2006-01-02T15:04:05.000000Z") }

// start begins a transaction.
func (s *station) start(ctx context.Context) error {
	s.beganWh = s.registerWh
	if !s.legacy {
		s.tx = s.identity + "-tx"
		return s.event(ctx, "Started", "Transaction.Begin")
	}
	got, err := s.deliver(ctx, "StartTransaction", map[string]any{"connectorId": 1, "idTag": token, "meterStart": s.registerWh, "timestamp": stamp()})
	if err != nil {
		return err
	}
	var response struct {
		TransactionID jsontext.Value `json:"transactionId"`
	}
	err = json.Unmarshal(got, &response)
	s.tx = string(response.TransactionID)
	return err
}

// reading sends what the meter shows now.
func (s *station) reading(ctx context.Context) error {
	s.registerWh += 10
	var err error
	if s.legacy {
		_, err = s.deliver(ctx, "MeterValues", map[string]any{
			"connectorId": 1, "transactionId": jsontext.Value(s.tx), "meterValue": []any{s.values("Sample.Periodic")},
		})
	} else {
		err = s.event(ctx, "Updated", "Sample.Periodic")
	}
	if err == nil {
		s.samples = append(s.samples, s.registerWh)
	}
	return err
}

// stop ends the transaction.
func (s *station) stop(ctx context.Context) error {
	s.registerWh += 10
	if !s.legacy {
		return s.event(ctx, "Ended", "Transaction.End")
	}
	_, err := s.deliver(ctx, "StopTransaction", map[string]any{
		"transactionId": jsontext.Value(s.tx), "idTag": token, "meterStop": s.registerWh, "timestamp": stamp(), "reason": "Local",
	})
	return err
}

// event delivers a TransactionEvent.
func (s *station) event(ctx context.Context, kind, context string) error {
	trigger := map[string]string{"Started": "Authorized", "Updated": "MeterValuePeriodic", "Ended": "StopAuthorized"}[kind]
	info := map[string]any{"transactionId": s.tx}
	if kind == "Ended" {
		info["stoppedReason"] = "Local"
	}
	payload := map[string]any{
		"eventType": kind, "timestamp": stamp(), "triggerReason": trigger, "seqNo": s.seqNo, "transactionInfo": info,
		"evse":       map[string]int{"id": 1, "connectorId": 1},
		"meterValue": []any{s.values(context)},
	}
	if kind == "Started" {
		payload["idToken"] = map[string]string{"idToken": token, "type": "ISO14443"}
	}
	s.seqNo++
	_, err := s.deliver(ctx, "TransactionEvent", payload)
	return err
}

// values is a meter value of either version.
func (s *station) values(context string) any {
	value := map[string]any{"context": context, "measurand": "Energy.Active.Import.Register"}
	if s.legacy {
		value["value"], value["unit"] = fmt.Sprint(s.registerWh), "Wh"
	} else {
		value["value"], value["unitOfMeasure"] = s.registerWh, map[string]string{"unit": "Wh"}
	}
	return map[string]any{"timestamp": stamp(), "sampledValue": []any{value}}
}

// charge runs a session until enough is closed.
func (s *station) charge(ctx context.Context, enough <-chan struct{}) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	for {
		if err := s.reading(ctx); err != nil {
			return err
		}
		select {
		case <-enough:
			return s.stop(ctx)
		case <-time.After(readEvery):
		}
	}
}
