package ocppj

import "fmt"

// MessageType is the first element of a frame.
type MessageType int

// The message types; the last two exist in 2.1 only. Zero stands for none.
const (
	TypeCall            MessageType = 2
	TypeCallResult      MessageType = 3
	TypeCallError       MessageType = 4
	TypeCallResultError MessageType = 5
	TypeSend            MessageType = 6
)

// in says whether the version has the message type.
func (t MessageType) in(v Version) bool {
	return t >= TypeCall && (t <= TypeCallError || v == V21 && t <= TypeSend)
}

// String returns the type's name in capitals, as the specifications write it.
func (t MessageType) String() string {
	switch t {
	case TypeCall:
		return "CALL"
	case TypeCallResult:
		return "CALLRESULT"
	case TypeCallError:
		return "CALLERROR"
	case TypeCallResultError:
		return "CALLRESULTERROR"
	case TypeSend:
		return "SEND"
	}
	return fmt.Sprintf("message type %d", int(t))
}

// Limits of a frame. The size of the whole is the socket's to limit.
const (
	idMax     = 36  // characters, part 4 section 4.1.4 of 2.x
	idMaxEcho = 255 // characters; 1.6 stations do exceed 36 and would lose transactions; bounds what we echo
	actionMax = 64  // characters; the longest action has 34
	codeMax   = 64  // characters; the longest error code has 29
	depthMax  = 32  // levels in a payload; messages of 2.1 need 10, customData and DataTransfer the rest
)

// Frame is one accepted frame. Payload and Details alias the bytes that were
// parsed: who keeps them beyond the next read copies them.
type Frame struct {
	Type MessageType
	ID   string

	Action  string // of a CALL and a SEND
	Payload []byte // of a CALL, a CALLRESULT and a SEND: a JSON object; null is read as {}

	Code        ErrorCode // of a CALLERROR and a CALLRESULTERROR, as sent
	Description string    // likewise; not cut
	Details     []byte    // likewise: a JSON value, {} when there was none
}

// Err returns the error that a CALLERROR or CALLRESULTERROR carries.
// Its details alias the frame's.
func (f Frame) Err() *CallError {
	return &CallError{Code: f.Code, Description: f.Description, Details: f.Details}
}

// Fault is what is wrong with a refused frame: the first thing found, reading
// from the left.
type Fault uint8

// The faults.
const (
	FaultShape         Fault = iota + 1 // not an array, too few or too many elements, something behind it
	FaultType                           // the message type is not a number
	FaultTypeUnknown                    // the version has no such message type
	FaultID                             // the message id is not a string, or too long
	FaultAction                         // the action is not a string, or too long
	FaultPayload                        // the payload is not JSON, or nested too deep
	FaultPayloadObject                  // the payload is JSON, but no object
	FaultError                          // the code, description or details of an error cannot be read
)

// String returns a short name in snake_case, fit for a log or a metric.
func (f Fault) String() string {
	switch f {
	case FaultShape:
		return "shape"
	case FaultType:
		return "message_type"
	case FaultTypeUnknown:
		return "message_type_unknown"
	case FaultID:
		return "message_id"
	case FaultAction:
		return "action"
	case FaultPayload:
		return "payload"
	case FaultPayloadObject:
		return "payload_object"
	case FaultError:
		return "error"
	}
	return fmt.Sprintf("fault %d", uint8(f))
}

// FrameError says why a frame was refused and which answer is due.
type FrameError struct {
	Fault  Fault
	Offset int // byte of the frame at which reading stopped

	// What could be read. A refused answer still ends the call it belongs to,
	// so that nobody waits for its time-out.
	Type MessageType // 0 when unreadable or unknown to the version
	ID   string      // "" when unreadable

	// The answer. Answer is TypeCallError, TypeCallResultError, or 0: say nothing.
	Answer      MessageType
	AnswerID    string
	Code        ErrorCode
	Description string
}

// Error implements error. The text holds nothing of the frame's content.
func (e *FrameError) Error() string {
	return fmt.Sprintf("ocpp frame refused at byte %d: %s", e.Offset, e.Description)
}

// AppendAnswer appends the frame that answers the refused one, and returns dst
// unchanged when none is due.
func (e *FrameError) AppendAnswer(dst []byte) []byte {
	if e.Answer == 0 {
		return dst
	}
	return appendError(dst, e.Answer, e.AnswerID, e.Code, e.Description, nil)
}
