package cluster

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// formatVersion stands before everything that nodes send each other. A node
// refuses what it does not know, so that two releases can run side by side.
const formatVersion = 1

// errMalformed says that another node sent what we cannot read.
var errMalformed = fault.New(fault.Unavailable, "message_malformed")

// message is a question or a hint to a node.
type message struct {
	timeout time.Duration // for the answer, from the sending on; in whole ms
	kind    string
	station ident.StationID
	body    []byte
}

// encode writes version, timeout, kind, station, and the body to the end. Numbers
// are varints, texts have their length before them.
func (m message) encode() []byte {
	const envelope = 80 // as long as most are
	b := append(make([]byte, 0, envelope+len(m.body)), formatVersion)
	b = binary.AppendVarint(b, m.timeout.Milliseconds())
	b = appendText(b, m.kind)
	b = appendText(b, string(m.station))
	return append(b, m.body...)
}

// parseMessage reads what encode wrote. The body aliases b.
func parseMessage(b []byte) (message, error) {
	r := reader{b: b}
	r.version()
	m := message{timeout: time.Duration(r.number()) * time.Millisecond, kind: r.text(), station: ident.StationID(r.text())}
	m.body = r.b
	if r.bad {
		return message{}, errMalformed
	}
	return m, nil
}

// The first byte of an answer.
const (
	answerOK    = 0
	answerFault = 1
)

// encodeAnswer writes an answer: the body or the error.
func encodeAnswer(body []byte, err error) []byte {
	if err == nil {
		return append([]byte{answerOK}, body...)
	}
	f := faultOf(err)
	w := wireFault{Kind: kindNames[f.Kind], Code: f.Code, Values: f.Values}
	for _, field := range f.Fields {
		w.Fields = append(w.Fields, wireField(field))
	}
	text, err := json.Marshal(w)
	if err != nil {
		text = []byte(`{"kind":"internal","code":"internal"}`) // values that are no UTF-8
	}
	return append([]byte{answerFault}, text...)
}

// parseAnswer returns what encodeAnswer was given, the error as [faultOf] makes
// it.
func parseAnswer(b []byte) ([]byte, error) {
	if len(b) == 0 || b[0] > answerFault {
		return nil, errMalformed
	}
	if b[0] == answerOK {
		return b[1:], nil
	}
	var w wireFault
	if err := json.Unmarshal(b[1:], &w); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "message_malformed")
	}
	f := &fault.Error{Kind: kindNamed(w.Kind), Code: w.Code, Values: w.Values}
	for _, field := range w.Fields {
		f.Fields = append(f.Fields, fault.Field(field))
	}
	return nil, f
}

// wireFault is an error between nodes. Its cause stays where it happened.
type wireFault struct {
	Kind   string      `json:"kind"`
	Code   string      `json:"code"`
	Values []string    `json:"values,omitempty"`
	Fields []wireField `json:"fields,omitempty"`
}

type wireField struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// kindNames are the kinds by name: their numbers may differ between releases. A
// name that we do not know is Internal.
var kindNames = [...]string{
	fault.Internal: "internal", fault.Invalid: "invalid", fault.Unauthorised: "unauthorised", fault.Forbidden: "forbidden",
	fault.NotFound: "not_found", fault.Conflict: "conflict", fault.Stale: "stale", fault.Precondition: "precondition",
	fault.Exhausted: "exhausted", fault.Unavailable: "unavailable", fault.TimedOut: "timed_out", fault.UpstreamFailed: "upstream_failed",
}

func kindNamed(name string) fault.Kind {
	return fault.Kind(max(0, slices.Index(kindNames[:], name))) //nolint:gosec // an index of few
}

// faultOf returns what of a handler's error reaches the asker, on whatever node
// he is: kind, code, values and fields, no cause. A context that ended is
// [fault.TimedOut].
func faultOf(err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return &fault.Error{Kind: f.Kind, Code: f.Code, Values: f.Values, Fields: f.Fields}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fault.New(fault.TimedOut, "node_timed_out")
	}
	return fault.New(fault.Internal, "internal")
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reader reads what the append functions wrote. After the first thing that does
// not fit it is bad and reads nothing more.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) fail() {
	r.bad, r.b = true, nil
}

func (r *reader) version() {
	if len(r.b) == 0 || r.b[0] != formatVersion {
		r.fail()
		return
	}
	r.b = r.b[1:]
}

func (r *reader) number() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes() []byte {
	size, n := binary.Uvarint(r.b)
	if n <= 0 || size > uint64(len(r.b[n:])) {
		r.fail()
		return nil
	}
	text := r.b[n:][:size:size]
	r.b = r.b[n:][size:]
	return text
}

func (r *reader) text() string { return string(r.bytes()) }
