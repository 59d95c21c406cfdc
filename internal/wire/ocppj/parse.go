package ocppj

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Parse takes one WebSocket message apart. The frame aliases data; only its
// strings are allocated. A refused message comes back as an error (nil when
// there is none: do not compare it as an interface) that names the answer due:
//
//   - A CALL is answered with a CALLERROR, a CALLRESULT with a CALLRESULTERROR
//     in 2.1 and with nothing before; an error or a SEND is never answered.
//   - A message type that the version does not have is ignored in 1.6 and 2.1
//     and answered MessageTypeNotSupported in 2.0.1.
//   - Where the id cannot be read, 2.x answers to "-1" and 1.6 does not answer.
//
// What stations do and what has one meaning is taken: white space anywhere, a
// byte order mark in front, null for an empty payload, an error without
// description or details, and in 1.6 an id of more than 36 characters.
// What may follow the elements of a frame, and a payload that is no object, is
// refused. A payload is JSON by its structure; whether its names stand once and
// its texts are Unicode is the payload decoder's to say, which takes Latin-1 for
// what it is rather than lose a transaction.
func Parse(v Version, data []byte) (Frame, *FrameError) {
	p := parser{version: v, scan: scanner{data: data}}
	if fault := p.frame(); fault != 0 {
		return Frame{}, p.refusal(fault)
	}
	return p.out, nil
}

// parser reads one frame from left to right and stops at the first fault. What
// out holds by then has been read.
type parser struct {
	version Version
	scan    scanner
	out     Frame
	idRead  bool
}

func (p *parser) frame() Fault {
	p.scan.literal("\ufeff")
	if !p.scan.take('[') {
		return FaultShape
	}
	if fault := p.messageType(); fault != 0 {
		p.id() // for the answer; this fault was first
		return fault
	}
	if fault := p.id(); fault != 0 {
		return fault
	}
	if fault := p.content(); fault != 0 {
		return fault
	}
	if !p.scan.take(']') || p.scan.pos < len(p.scan.data) {
		return FaultShape
	}
	return 0
}

// content reads what stands between the id and the closing bracket. Like every
// element, each of its own begins with the comma before it.
func (p *parser) content() Fault {
	switch p.out.Type {
	case TypeCall, TypeSend:
		if fault := p.action(); fault != 0 {
			return fault
		}
		return p.payload()
	case TypeCallResult:
		return p.payload()
	default:
		return p.callError()
	}
}

func (p *parser) messageType() Fault {
	start := p.scan.pos
	if !p.scan.number() {
		return FaultType
	}
	n, err := strconv.Atoi(string(p.scan.data[start:p.scan.pos]))
	if t := MessageType(n); err == nil && t.in(p.version) {
		p.out.Type = t
		return 0
	}
	return FaultTypeUnknown
}

// id reads the message id. One that is too long is still good for the answer,
// which must carry the id of the call, unless it is absurd.
func (p *parser) id() Fault {
	if !p.scan.take(',') {
		return FaultShape
	}
	id, ok := p.text(idMaxEcho)
	if !ok {
		return FaultID
	}
	p.out.ID, p.idRead = id, true
	if p.version != V16 && utf8.RuneCountInString(id) > idMax {
		return FaultID
	}
	return 0
}

func (p *parser) action() Fault {
	if !p.scan.take(',') {
		return FaultShape
	}
	action, ok := p.text(actionMax)
	if !ok {
		return FaultAction
	}
	p.out.Action = action
	return 0
}

func (p *parser) payload() Fault {
	if !p.scan.take(',') {
		return FaultShape
	}
	raw, ok := p.raw()
	switch {
	case !ok:
		return FaultPayload
	case raw[0] == '{':
		p.out.Payload = raw
	case raw[0] == 'n':
		p.out.Payload = []byte("{}")
	default:
		return FaultPayloadObject
	}
	return 0
}

// callError reads code, description and details, of which the last two may be
// missing: the call has failed whatever they say.
func (p *parser) callError() Fault {
	p.out.Details = []byte("{}")
	if !p.scan.take(',') {
		return FaultShape
	}
	code, ok := p.text(codeMax)
	if !ok {
		return FaultError
	}
	p.out.Code = ErrorCode(code)
	if !p.scan.take(',') {
		return 0
	}
	if p.scan.peek() == 'n' {
		if !p.scan.literal("null") {
			return FaultError
		}
	} else if p.out.Description, ok = p.text(len(p.scan.data)); !ok {
		return FaultError
	}
	if !p.scan.take(',') {
		return 0
	}
	details, ok := p.raw()
	if !ok {
		return FaultError
	}
	if details[0] != 'n' {
		p.out.Details = details
	}
	return 0
}

// raw reads any JSON value.
func (p *parser) raw() ([]byte, bool) {
	start := p.scan.pos
	if !p.scan.value(depthMax) {
		return nil, false
	}
	return p.scan.data[start:p.scan.pos:p.scan.pos], true
}

// text reads a string of at most limit characters, all Unicode.
func (p *parser) text(limit int) (string, bool) {
	start := p.scan.pos
	if p.scan.peek() != '"' || !p.scan.string() {
		return "", false
	}
	quoted := p.scan.data[start:p.scan.pos]
	plain := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(plain, '\\') >= 0 {
		var err error
		if plain, err = jsontext.AppendUnquote(nil, quoted); err != nil {
			return "", false // not Unicode
		}
	}
	if !utf8.Valid(plain) || utf8.RuneCount(plain) > limit {
		return "", false
	}
	return string(plain), true
}

// refusal says what is wrong and who is told.
func (p *parser) refusal(fault Fault) *FrameError {
	e := &FrameError{
		Fault:  fault,
		Offset: p.scan.pos,
		Type:   p.out.Type,
		ID:     p.out.ID,
		Answer: p.answer(fault),
	}
	if e.Answer != 0 {
		e.AnswerID = "-1"
		if p.idRead {
			e.AnswerID = e.ID
		}
		e.Code = fault.code(p.version)
	}
	e.Description = fmt.Sprintf("%s, at byte %d", fault.reason(), e.Offset)
	return e
}

// answer returns the type of the answer due, or 0.
func (p *parser) answer(fault Fault) MessageType {
	if p.version == V16 && !p.idRead {
		return 0
	}
	switch p.out.Type {
	case TypeCall:
		return TypeCallError
	case TypeCallResult:
		if p.version == V21 {
			return TypeCallResultError
		}
		return 0
	case TypeCallError, TypeCallResultError, TypeSend:
		return 0
	}
	switch {
	case p.version == V16, p.version == V21 && fault == FaultTypeUnknown:
		return 0
	default:
		return TypeCallError
	}
}

// code returns the error code for the fault. 1.6 has one for all
// that is wrong in form.
func (f Fault) code(v Version) ErrorCode {
	switch {
	case v == V16:
		return FormationViolation
	case f == FaultTypeUnknown:
		return MessageTypeNotSupported
	case f == FaultPayload:
		return FormatViolation
	case f == FaultPayloadObject:
		return ProtocolError
	default:
		return RPCFrameworkError
	}
}

// reason says in words what the fault is.
func (f Fault) reason() string {
	switch f {
	case FaultShape:
		return "not an OCPP-J array of the right length"
	case FaultType:
		return "message type is not a number"
	case FaultTypeUnknown:
		return "message type is unknown"
	case FaultID:
		return fmt.Sprintf("message id is not a string of at most %d characters", idMax)
	case FaultAction:
		return fmt.Sprintf("action is not a string of at most %d characters", actionMax)
	case FaultPayload:
		return fmt.Sprintf("payload is not JSON of at most %d levels", depthMax)
	case FaultPayloadObject:
		return "payload is not an object"
	case FaultError:
		return "error code, description or details cannot be read"
	}
	panic(fmt.Sprintf("ocppj: a refusal without a fault: %d", uint8(f)))
}
