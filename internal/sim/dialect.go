package sim

import (
	"context"
	"time"

	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// dialect says in OCPP 1.6, or in 2.x, what a station has to say, and understands
// what it is told. The station's lock is held.
type dialect interface {
	boot(why bootReason) schema.Message
	registered(response schema.Message) registered
	heartbeat() schema.Message
	// timeOf reads the answer to a heartbeat.
	timeOf(response schema.Message) schema.Timestamp
	statusOf(e *evse) string
	status(e *evse) schema.Message
	// meterValues returns a reading of an EVSE without transaction.
	meterValues(e *evse, r Reading, context string) schema.Message
	authorize(token Token) schema.Message
	authorized(response schema.Message) verdict
	// transaction returns what says that something happened on an EVSE, and what is
	// to be done before it is sent; nothing when the version has no word for it.
	transaction(e *evse, h happening) (message schema.Message, ready func() bool)
	// learn reads the answer to a transaction message: what it says of the token,
	// nil when it does not.
	learn(tx *transaction, response schema.Message) *verdict
	// resumed is the trigger of a transaction that goes on after a power cut.
	resumed() string
	// reservationUpdate says how a reservation ended by itself; nil in 1.6.
	reservationUpdate(id int, why string) schema.Message
	firmwareStatus(u *update) schema.Message
	logStatus(u *upload) schema.Message
	// pull asks for the next values of a dynamic profile; nil before 2.1.
	pull(profileID int) *parcel
	// watch looks at what is monitored.
	watch()
	// response returns an empty one.
	response(action string) (schema.Message, bool)
	// read reads the response to a call of the station; one that breaks the schema of
	// the version is an error.
	read(action string, payload []byte) (schema.Message, error)
	// handle answers a call. The context is the station's, not the connection's.
	handle(ctx context.Context, action string, payload []byte) (Reply, *ocppj.CallError)
}

// registered is the server's answer to a boot.
type registered struct {
	status   registration
	interval time.Duration
	time     schema.Timestamp
}

func dialectOf(s *Station) dialect {
	if s.is16() {
		return dialect16{s: s}
	}
	return &dialect2{s: s}
}

// is16 says whether the station speaks 1.6, where the server numbers transactions.
func (s *Station) is16() bool { return s.config.Version == ocppj.V16 }

// message is what [answer] can decode into.
type message[T any] interface {
	*T
	schema.Message
}

// unknownAction answers an action that the station does not have: NotSupported
// when its version has it, NotImplemented when not.
func unknownAction(known bool, action string) *ocppj.CallError {
	if known {
		return &ocppj.CallError{Code: ocppj.NotSupported, Description: action + " is not supported by this station"}
	}
	return &ocppj.CallError{Code: ocppj.NotImplemented, Description: "unknown action"}
}

// value returns what an optional field holds, and the zero value when it is not there.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// timeOf reads an optional timestamp; zero when it is not there or no time.
func timeOf(t *schema.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	at, err := t.Time()
	if err != nil {
		return time.Time{}
	}
	return at
}
