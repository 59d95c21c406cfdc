package peers

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gorilla/websocket"
)

// TestPeersObject shows that the peers are fit to judge: each ends with an error
// that names what is wrong when a server breaks its schema.
func TestPeersObject(t *testing.T) {
	now := `"currentTime":"2026-01-01T00:00:00Z","interval":300,"status":"Accepted"`
	tests := []struct {
		name   string
		frames []string // sent when the peer boots; %s is the id of its call
		want   string   // what the peer's complaint has to name
	}{
		{"a response with an unknown field", []string{`[3,"%s",{"surprise":1,` + now + `}]`}, "surprise"},
		{"a request with an unknown value", []string{`[2,"1","Reset",{"type":"Sometimes"}]`, `[3,"%s",{` + now + `}]`}, "Sometimes"},
	}
	for _, tt := range tests {
		for _, peer := range peers {
			t.Run(tt.name+"/"+peer.name, func(t *testing.T) {
				t.Parallel()
				server := httptest.NewServer(liar(tt.frames))
				defer server.Close()
				endpoint := "ws" + strings.TrimPrefix(server.URL, "http")
				p := launch(t, peer.command, endpoint, "CS1", "0123456789abcdef", goodToken, blockedToken)
				for range p.steps {
				}
				err := p.cmd.Wait()
				if err == nil || !strings.Contains(p.stderr.String(), tt.want) {
					t.Errorf("got %v and %q, want an error that names %s", err, p.stderr, tt.want)
				}
			})
		}
	}
}

// liar is a server that answers a station's first call with the frames and closes
// the connection at the second.
func liar(frames []string) http.Handler {
	upgrader := websocket.Upgrader{Subprotocols: []string{"ocpp1.6", "ocpp2.0.1", "ocpp2.1"}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer socket.Close()
		_, call, err := socket.ReadMessage()
		if err != nil {
			return
		}
		var parts []jsontext.Value
		var id string
		if json.Unmarshal(call, &parts) != nil || json.Unmarshal(parts[1], &id) != nil {
			return
		}
		for _, frame := range frames {
			if strings.Contains(frame, "%s") {
				frame = fmt.Sprintf(frame, id)
			}
			socket.WriteMessage(websocket.TextMessage, []byte(frame)) // a peer that is gone has said why
		}
		for range 2 { // its answer or its next call, so that it has read everything
			socket.ReadMessage() // its end is what the test looks at
		}
	})
}
