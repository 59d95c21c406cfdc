package station

import "time"

// Direction is which way a frame went.
type Direction string

// The directions. A note is no frame but something that we did or saw: a
// connection, a refusal, a limit.
const (
	FromStation Direction = "in"
	ToStation   Direction = "out"
	Note        Direction = "note"
)

// LogEntry is one line of a station's frame log, secrets removed. It is
// evidence: nothing is decided by it.
type LogEntry struct {
	At        time.Time
	Direction Direction
	Kind      string // call, result, error, result_error, send; of a note, what it is about
	MessageID string // "" for a note
	Action    string // of the call that the frame is or answers; "" when unknown
	Frame     []byte // the frame as it was on the wire, or the note's text
}

// LogFilter chooses entries of a station's log; a zero field does not choose.
type LogFilter struct {
	Direction Direction
	Action    string
	From      time.Time // at or after
	To        time.Time // before
}
