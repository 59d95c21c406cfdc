package load_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/gorilla/websocket"

	"pylon/internal/kernel/clock"
	"pylon/internal/sim/load"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// heard is a call that the server got.
type heard struct {
	Station string
	ID      string
	Action  string
	Payload string
}

// server is the least that a station needs: it accepts what is valid, and notes
// it.
type server struct {
	*httptest.Server
	before func(ws *websocket.Conn, call ocppj.Frame) // may send something before an answer
	boot   string                                     // the status that a boot is answered

	mu    sync.Mutex // guards what follows
	calls []heard
	wrong []string
}

func newServer(t *testing.T) *server {
	s := &server{boot: "Accepted"}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		for _, wrong := range s.wrong {
			t.Error(wrong)
		}
	})
	return s
}

// config returns a station of the server.
func (s *server) config(identity string, v ocppj.Version) load.Config {
	return load.Config{
		Endpoint: load.Endpoint{
			Address: strings.TrimPrefix(s.URL, "http://"), Path: "/ocpp", Identity: identity, Version: v, Source: load.Source(3),
		},
		Token: "04A1B2C3D4", Readings: 3, Seed: 7, Clock: clock.System{},
	}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{Subprotocols: []string{"ocpp1.6", "ocpp2.0.1"}}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	version, _ := ocppj.ParseSubprotocol(ws.Subprotocol())
	identity := strings.TrimPrefix(r.URL.Path, "/ocpp/")
	for {
		_, data, err := ws.ReadMessage()
		if err != nil {
			return
		}
		call, bad := ocppj.Parse(version, data)
		if bad != nil || call.Type != ocppj.TypeCall {
			continue // an answer to what before sent
		}
		s.note(version, identity, call)
		if s.before != nil {
			s.before(ws, call)
		}
		if err := ws.WriteMessage(websocket.TextMessage, ocppj.AppendCallResult(nil, call.ID, s.answer(call))); err != nil {
			return
		}
	}
}

// note keeps a call, and what its schema has against it.
func (s *server) note(v ocppj.Version, identity string, call ocppj.Frame) {
	request, known := ocpp16.NewRequest(call.Action)
	if v == ocppj.V201 {
		request, known = ocpp201.NewRequest(call.Action)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !known {
		s.wrong = append(s.wrong, fmt.Sprintf("%s has no %s", v, call.Action))
		return
	}
	if violations := schema.Decode(call.Payload, request); violations != nil {
		s.wrong = append(s.wrong, fmt.Sprintf("%s %s: %v: %s", v, call.Action, violations, call.Payload))
	}
	s.calls = append(s.calls, heard{identity, call.ID, call.Action, string(call.Payload)})
}

func (s *server) answer(call ocppj.Frame) jsontext.Value {
	switch call.Action {
	case "BootNotification":
		return jsontext.Value(`{"currentTime":"2026-03-04T10:15:30.000Z","interval":300,"status":"` + s.boot + `"}`)
	case "Authorize", "StopTransaction":
		return jsontext.Value(`{"idTagInfo":{"status":"Accepted"},"idTokenInfo":{"status":"Accepted"}}`)
	case "StartTransaction":
		return jsontext.Value(`{"transactionId":4711,"idTagInfo":{"status":"Accepted"}}`)
	case "TransactionEvent":
		return jsontext.Value(`{"idTokenInfo":{"status":"Accepted"}}`)
	}
	return jsontext.Value(`{}`)
}

// heard returns the calls of a station so far.
func (s *server) heard(identity string) []heard {
	s.mu.Lock()
	defer s.mu.Unlock()
	var its []heard
	for _, h := range s.calls {
		if h.Station == identity {
			its = append(its, h)
		}
	}
	return its
}
