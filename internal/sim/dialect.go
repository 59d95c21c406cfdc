package sim

import (
	"context"
	"time"

	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// dialect says in one OCPP version what a station has to say, and understands what
// it is told. A request comes with an empty response. The station's lock is held,
// but for handle.
type dialect interface {
	boot(why bootReason) (request, response schema.Message)
	// registration reads the answer to a boot.
	registration(response schema.Message) (registration, time.Duration)
	heartbeat() (request, response schema.Message)
	statusOf(e *evse) string
	status(e *evse) (request, response schema.Message)
	// meterValues returns a triggered sample of an EVSE without transaction.
	meterValues(e *evse, r Reading) (request, response schema.Message)
	authorize(token Token) (request, response schema.Message)
	authorized(response schema.Message) bool
	// name gives a new transaction its id, if the station does that.
	name(tx *transaction, id string)
	// transaction returns what says that something happened on an EVSE; nothing
	// when the version has no word for it. The request is made when it is sent.
	transaction(e *evse, h happening) (request, response func() schema.Message)
	// learn reads the answer to a transaction message: whether the token may
	// charge, nil when the answer does not say.
	learn(tx *transaction, response schema.Message) *bool
	// handle answers a call. The context is the station's, not the connection's.
	handle(ctx context.Context, action string, payload []byte) (Reply, *ocppj.CallError)
}

func dialectOf(s *Station) dialect {
	if s.config.Version == ocppj.V16 {
		return dialect16{s: s}
	}
	return dialect201{s: s}
}

// answer decodes a request and lets a function answer it.
func answer[Request any, Message interface {
	*Request
	schema.Message
}](v ocppj.Version, payload []byte, reply func(*Request) Reply,
) (Reply, *ocppj.CallError) {
	var request Request
	if violations := schema.Decode(payload, Message(&request)); violations != nil {
		return Reply{}, ocppj.Refusal(v, violations)
	}
	return reply(&request), nil
}

// unknownAction answers an action that the station does not have: NotSupported
// when its version has it, NotImplemented when not.
func unknownAction(known bool, action string) *ocppj.CallError {
	if known {
		return &ocppj.CallError{Code: ocppj.NotSupported, Description: action + " is not supported by this station"}
	}
	return &ocppj.CallError{Code: ocppj.NotImplemented, Description: "unknown action"}
}
