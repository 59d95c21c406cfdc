package central

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gorilla/websocket"

	"pylon/internal/kernel/clock"
)

// boots are what stations of the versions say first.
func boots() map[string]string {
	const boot2 = `[2,"1","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V"}}]`
	return map[string]string{
		"1.6":   `[2,"1","BootNotification",{"chargePointModel":"M","chargePointVendor":"V"}]`,
		"2.0.1": boot2,
		"2.1":   boot2,
	}
}

// offences are what stations of a version do against the rules.
func offences(version string) []offence {
	all := []offence{
		{"a request with an unknown field", `[2,"2","Heartbeat",{"superfluous":1}]`, "", "superfluous"},
		{"a request without a field", `[2,"2","Authorize",{}]`, "", "required property"},
		{"a request that nobody knows", `[2,"2","Surprise",{}]`, "", "Surprise"},
		{"what is no frame", `[2,"2"]`, "", "doesn't seem to be valid OCPP"},
		{"a response with an unknown field", "", `[3,"%s",{"needless":1}]`, "needless"},
		{"a response to what was not asked", "", `[3,"-%s",{}]`, "unknown unique id"},
		{"an error", "", `[4,"%s","InternalError","",{}]`, "InternalError"},
		{"a command that it has to know", "", `[4,"%s","NotImplemented","",{}]`, "refused"},
	}
	const at = `"generatedAt":"2030-05-06T00:00:00Z"`
	if version == "1.6" {
		return append(all, offence{
			"a stop of nothing", `[2,"2","StopTransaction",{"meterStop":1,"timestamp":"2030-05-06T00:00:00Z","transactionId":77}]`, "",
			"StopTransaction: for a transaction that nobody began",
		})
	}
	return append(
		all,
		offence{"a report that nobody asked for", `[2,"2","NotifyReport",{"requestId":77,"seqNo":0,` + at + `}]`, "", "NotifyReport: not asked for"},
		offence{"a report that begins late", `[2,"2","NotifyReport",{"requestId":78,"seqNo":1,` + at + `}]`, "", "NotifyReport: out of order"},
		offence{
			"a transaction that begins late",
			`[2,"2","TransactionEvent",{"eventType":"Started","timestamp":"2030-05-06T00:00:00Z","triggerReason":"Authorized","seqNo":5,"transactionInfo":{"transactionId":"t"}}]`,
			"", "TransactionEvent: out of order",
		},
	)
}

type offence struct {
	name   string
	says   string // after its boot
	answer string // to every command; %s is the id of the call
	want   string // what the report has to name
}

// TestTheCentralSystemObjects shows that the central systems are fit to judge: each
// reports every station that breaks the rules.
func TestTheCentralSystemObjects(t *testing.T) {
	for version, boot := range boots() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			c := launch(t, version, 1, clock.System{}, hurried)
			var stations sync.WaitGroup
			for i, o := range offences(version) {
				socket := dial(t, c, version, fmt.Sprintf("CS%d", i))
				stations.Go(func() {
					defer socket.Close()
					say(t, socket, boot)
					if o.says != "" {
						say(t, socket, o.says)
					}
					answerAll(t, socket, o.answer)
				})
			}
			stations.Wait()
			all := strings.Join(c.end(t.Context(), t).Violations, "\n")
			for _, o := range offences(version) {
				if !strings.Contains(all, o.want) {
					t.Errorf("%s: got violations %s, want one that names %s", o.name, all, o.want)
				}
			}
		})
	}
}

// dial connects a station.
func dial(t *testing.T, c *central, version, identity string) *websocket.Conn {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"ocpp" + version}, HandshakeTimeout: reportMax}
	for range 50 {
		socket, response, err := dialer.DialContext(t.Context(), c.url+"/"+identity, nil)
		if err == nil {
			response.Body.Close()
			return socket
		}
		<-clock.System{}.After(20 * time.Millisecond) // it begins to listen once it has read the time
	}
	t.Fatal("the central system does not listen")
	return nil
}

func say(t *testing.T, socket *websocket.Conn, frame string) {
	t.Helper()
	if err := socket.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		t.Error(err)
	}
}

// hurried is a speed of the clock at which commands come several times a second.
const hurried = 3600

// heardFor is how long a station listens: some commands may be refused, so that it
// has to answer a few.
const heardFor = 2 * time.Second

// answerAll answers commands, or stays silent when there is no answer.
func answerAll(t *testing.T, socket *websocket.Conn, answer string) {
	t.Helper()
	if err := socket.SetReadDeadline(time.Now().Add(heardFor)); err != nil {
		t.Error(err)
		return
	}
	for {
		_, frame, err := socket.ReadMessage()
		if err != nil {
			return // heard enough
		}
		var parts []jsontext.Value
		if err := json.Unmarshal(frame, &parts); err != nil {
			t.Error(err)
			return
		}
		var id string
		if err := json.Unmarshal(parts[1], &id); err != nil {
			t.Error(err)
			return
		}
		if string(parts[0]) == "2" && answer != "" {
			say(t, socket, fmt.Sprintf(answer, id))
		}
	}
}
