package ocpp

import (
	"fmt"
	"time"

	"pylon/internal/domain/station"
	"pylon/internal/wire/ocppj"
)

// kinds are the types of frames in the log.
var kinds = map[ocppj.MessageType]string{
	ocppj.TypeCall: "call", ocppj.TypeCallResult: "result", ocppj.TypeCallError: "error",
	ocppj.TypeCallResultError: "result_error", ocppj.TypeSend: "send",
}

// logFrame writes a frame into the station's log, without its secrets.
func (c *conn) logFrame(to station.Direction, kind ocppj.MessageType, action, id string, frame []byte, at time.Time) {
	if action == "" || mayHoldSecrets(action) {
		frame = redact(frame)
	}
	frame = c.veil.over(frame)
	c.gateway.FrameLog.Append(Entry{
		Station: c.id, Organisation: c.organisation, At: at,
		Direction: to, Type: kinds[kind], Action: action, MessageID: id, Data: frame,
	})
}

// logGarbage writes a frame that cannot be read. What it is about cannot be
// known, so one that speaks of passwords is withheld.
func (c *conn) logGarbage(frame []byte, why *ocppj.FrameError, at time.Time) {
	c.gateway.FrameLog.Append(Entry{
		Station: c.id, Organisation: c.organisation, At: at,
		Direction: station.FromStation, Type: "garbage", MessageID: why.ID, Data: redact(frame), Note: why.Description,
	})
}

// note writes what happened to the socket.
func (c *conn) note(kind, words string) {
	c.gateway.FrameLog.Append(Entry{
		Station: c.id, Organisation: c.organisation, At: c.gateway.Clock.Now(),
		Direction: station.Note, Type: kind, Note: words,
	})
}

// describe is what is known of the socket, in words.
func (c *conn) describe() string {
	compressed := ""
	if c.socket.deflates {
		compressed = ", compressed"
	}
	return fmt.Sprintf("OCPP %s from %s, security profile %d%s", c.hello.OCPP, c.hello.RemoteAddr, c.hello.Profile, compressed)
}

var withheld = []byte(`"withheld: it speaks of passwords"`)
