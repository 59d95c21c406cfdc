package durability

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gorilla/websocket"

	"pylon/internal/kernel/clock"
	"pylon/test/program"
)

// answerMax bounds the wait for one answer.
const answerMax = 60 * time.Second

const (
	token    = "04A1B2C3D4E5F6"
	password = "0123456789abcdef"
)

// station is a charging station that does only what these tests need, and notes
// what the server has acknowledged. One goroutine uses it at a time.
type station struct {
	identity     string
	legacy       bool // speaks OCPP 1.6, otherwise 2.0.1
	socket       *websocket.Conn
	transactions []*transaction
	registerWh   int // what the meter shows
	calls        int // how many calls it made, which numbers their ids
}

// transaction is what a station knows about one of its transactions.
type transaction struct {
	id       string // 1.6: "" until the server gave it
	samples  []sample
	begun    acknowledged
	ended    acknowledged
	seqNo    int
	started  string // the time of the start as sent
	beginsWh int
	endsWh   int
}

// sample is one reading of the meter during a transaction.
type sample struct {
	registerWh int
	acknowledged
}

// acknowledged tells whether the server has answered a message.
type acknowledged bool

// message is one request to the server, and what its answer changes.
type message struct {
	id, action string
	payload    any
	stamp      string                      // the time in the payload, which no other message has
	answered   func(answer jsontext.Value) // notes that the server has it
}

// connect opens the station's socket, with a boot.
func (s *station) connect(ctx context.Context, server *program.Server) error {
	protocol, boot := "ocpp2.0.1", any(map[string]any{
		"reason": "PowerUp", "chargingStation": map[string]string{"vendorName": "Test", "model": "Durable"},
	})
	if s.legacy {
		protocol, boot = "ocpp1.6", map[string]string{"chargePointVendor": "Test", "chargePointModel": "Durable"}
	}
	dialer := websocket.Dialer{Subprotocols: []string{protocol}, HandshakeTimeout: answerMax}
	login := base64.StdEncoding.EncodeToString([]byte(s.identity + ":" + password))
	socket, response, err := dialer.DialContext(ctx, server.WebSocket()+"/"+s.identity, http.Header{"Authorization": {"Basic " + login}})
	if err != nil {
		return fmt.Errorf("%s: connect: %w", s.identity, err)
	}
	response.Body.Close()
	s.socket = socket
	return s.send(message{id: s.nextID(), action: "BootNotification", payload: boot})
}

// nextID returns a message id that names the station and the call.
func (s *station) nextID() string {
	s.calls++
	return fmt.Sprintf("%s-%04d", s.identity, s.calls)
}

// send sends one request and waits for its response. The server's own requests are
// refused meanwhile. Everything but a response is an error.
func (s *station) send(m message) error {
	call, err := json.Marshal([]any{2, m.id, m.action, m.payload}, json.Deterministic(true))
	if err != nil {
		return err
	}
	if err := s.socket.WriteMessage(websocket.TextMessage, call); err != nil {
		return fmt.Errorf("%s %s: %w", m.id, m.action, err)
	}
	for {
		s.socket.SetReadDeadline(time.Now().Add(answerMax)) // a socket that takes none fails in the read
		_, frame, err := s.socket.ReadMessage()
		if err != nil {
			return fmt.Errorf("%s %s: %w", m.id, m.action, err)
		}
		var parts []jsontext.Value
		if err := json.Unmarshal(frame, &parts); err != nil || len(parts) < 3 {
			return fmt.Errorf("%s %s: got %s: %w", m.id, m.action, frame, err)
		}
		switch {
		case string(parts[0]) == "2":
			refusal := fmt.Sprintf(`[4,%s,"NotImplemented","",{}]`, parts[1])
			if err := s.socket.WriteMessage(websocket.TextMessage, []byte(refusal)); err != nil {
				return err
			}
		case string(parts[0]) != "3" || string(parts[1]) != `"`+m.id+`"`:
			return fmt.Errorf("%s %s: got %s, want its response", m.id, m.action, frame)
		default:
			if m.answered != nil {
				m.answered(parts[2])
			}
			return nil
		}
	}
}

// stamp returns the time as a station writes it, with digits enough that no two
// messages of a test have the same.
func stamp() string {
	return clock.System{}.Now().Format("2006-01-02T15:04:05.000000Z")
}

// begin returns the message that starts the station's next transaction.
func (s *station) begin() message {
	s.registerWh += 10
	tx := &transaction{started: stamp(), beginsWh: s.registerWh}
	s.transactions = append(s.transactions, tx)
	if !s.legacy {
		tx.id = fmt.Sprintf("%s-tx-%d", s.identity, len(s.transactions))
		return s.event(tx, "Started", "Authorized", "Transaction.Begin", tx.started, func(jsontext.Value) { tx.begun = true })
	}
	return message{
		id: s.nextID(), action: "StartTransaction", stamp: tx.started,
		payload: map[string]any{"connectorId": 1, "idTag": token, "meterStart": s.registerWh, "timestamp": tx.started},
		answered: func(answer jsontext.Value) {
			var response struct {
				TransactionID jsontext.Value `json:"transactionId"`
			}
			if json.Unmarshal(answer, &response) == nil {
				tx.id, tx.begun = string(response.TransactionID), true
			}
		},
	}
}

// measure returns a message with the next reading of the running transaction.
func (s *station) measure() message {
	s.registerWh += 10
	tx := s.last()
	i := len(tx.samples)
	tx.samples = append(tx.samples, sample{registerWh: s.registerWh})
	answered := func(jsontext.Value) { tx.samples[i].acknowledged = true }
	at := stamp()
	if !s.legacy {
		return s.event(tx, "Updated", "MeterValuePeriodic", "Sample.Periodic", at, answered)
	}
	return message{
		id: s.nextID(), action: "MeterValues", stamp: at, answered: answered,
		payload: map[string]any{
			"connectorId": 1, "transactionId": jsontext.Value(tx.id),
			"meterValue": []any{s.reading(at, "Sample.Periodic")},
		},
	}
}

// end returns the message that stops the running transaction.
func (s *station) end() message {
	s.registerWh += 10
	tx := s.last()
	tx.endsWh = s.registerWh
	answered := func(jsontext.Value) { tx.ended = true }
	at := stamp()
	if !s.legacy {
		return s.event(tx, "Ended", "StopAuthorized", "Transaction.End", at, answered)
	}
	return message{
		id: s.nextID(), action: "StopTransaction", stamp: at, answered: answered,
		payload: map[string]any{
			"transactionId": jsontext.Value(tx.id), "idTag": token, "meterStop": s.registerWh, "timestamp": at, "reason": "Local",
		},
	}
}

// event returns a TransactionEvent with the register's reading.
func (s *station) event(tx *transaction, event, trigger, context, at string, answered func(jsontext.Value)) message {
	info := map[string]any{"transactionId": tx.id}
	if event == "Ended" {
		info["stoppedReason"] = "Local"
	}
	payload := map[string]any{
		"eventType": event, "timestamp": at, "triggerReason": trigger, "seqNo": tx.seqNo, "transactionInfo": info,
		"evse":       map[string]int{"id": 1, "connectorId": 1},
		"meterValue": []any{s.reading(at, context)},
	}
	if event == "Started" {
		payload["idToken"] = map[string]string{"idToken": token, "type": "ISO14443"}
	}
	tx.seqNo++
	return message{id: s.nextID(), action: "TransactionEvent", stamp: at, payload: payload, answered: answered}
}

// reading returns a meter value of either version.
func (s *station) reading(at, context string) any {
	value := map[string]any{"context": context, "measurand": "Energy.Active.Import.Register"}
	if s.legacy {
		value["value"], value["unit"] = fmt.Sprint(s.registerWh), "Wh"
	} else {
		value["value"], value["unitOfMeasure"] = s.registerWh, map[string]string{"unit": "Wh"}
	}
	return map[string]any{"timestamp": at, "sampledValue": []any{value}}
}

// last returns the transaction that was begun last.
func (s *station) last() *transaction { return s.transactions[len(s.transactions)-1] }

// fleet returns n stations, half of each version, that the server knows.
func fleet(t *testing.T, server *program.Server, n int) []*station {
	t.Helper()
	server.CreateToken(t, token, "accepted")
	stations := make([]*station, n)
	for i := range stations {
		stations[i] = &station{identity: fmt.Sprintf("CS%03d", i+1), legacy: i%2 == 0}
		server.CreateStation(t, stations[i].identity, password)
	}
	return stations
}
