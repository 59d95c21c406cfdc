package schema

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Message is the payload of a request or a response. Generated types implement it.
type Message interface {
	// Action returns the name of the action the message belongs to, "BootNotification".
	Action() string
	// Read fills the message from r, which reports what has the wrong shape.
	Read(r *Reader)
	// Validate reports the values that break a rule. A valid message costs no memory.
	Validate(r *Report)
}

// Action describes an action of a protocol version: who may ask, and whether it is a 2.1 SEND,
// which has no response.
type Action struct {
	Name        string
	FromStation bool
	FromCSMS    bool
	Send        bool
}

// Decode fills m, which must be new, from a payload and returns what is wrong with it; nil when nothing is.
// When the violations are tolerable m is filled all the same: unknown fields are in Unknown, a
// text too long is whole, an unknown value of an enumeration is there as text. When they are not, m is not to be used.
// The message keeps no reference to data.
func Decode(data []byte, m Message) Violations {
	r := newReader(data)
	m.Read(r)
	r.end()
	// A message of the wrong shape has zero values where values are missing; judging
	// those as well would only repeat what is known.
	if !r.hopeless {
		m.Validate(&r.Report)
	}
	return r.Violations()
}

// Read fills m, which must be new, from a payload that fits the schema of another version of the
// same message: what m's own schema has against it does not count. The message keeps no reference to data.
func Read(data []byte, m Message) {
	r := newReader(data)
	r.judged = true
	m.Read(r)
}

// Check returns what is wrong with a message that was built in memory; nil when nothing is.
func Check(m Message) Violations {
	var r Report
	m.Validate(&r)
	return r.Violations()
}

// Encode returns the JSON of m, unknown fields included. It does not validate; see [Check].
// Only a text that is not Unicode, or Unknown that is not a JSON object, is an error.
func Encode(m Message) ([]byte, error) {
	data, err := json.Marshal(m, jsontext.AllowDuplicateNames(true))
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", m.Action(), err)
	}
	return data, nil
}
