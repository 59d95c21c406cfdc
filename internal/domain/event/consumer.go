package event

import (
	"time"

	"pylon/internal/kernel/ident"
)

// Stream is one writer's part of the log: see [Position].
type Stream struct {
	Name   string
	Head   int64 // the last number
	Pruned int64 // the last number that is not kept any more
	Ended  bool  // nothing follows Head
}

// Cursor is how far a consumer has come in a stream.
type Cursor struct {
	Consumer string
	Position       // of the last event that it is done with
	Tries    int64 // how often the event after it has failed
	Version  int64
}

// DeadLetter is an event that a consumer could not take, however often it was
// tried, and behind which it went on. It stays until somebody has it tried again
// with success.
type DeadLetter struct {
	ID        ident.DeadLetterID
	Consumer  string
	Event     Recorded // its Data is nil
	Code      string   // of the last error
	Error     string   // its text: for the log and whoever reads the database, not for callers
	Tries     int64
	FailedAt  time.Time
	SettledAt time.Time       // zero: it lies there
	Finding   ident.FindingID // that tells people of it
	Version   int64
}

// FailureNotice is the data of event.failed and event.settled.
type FailureNotice struct {
	Consumer string `json:"consumer"`
	Type     Type   `json:"type"` // of the event that it could not take
	Subject  string `json:"subject"`
	Code     string `json:"code,omitzero"` // of the error
	Tries    int64  `json:"tries"`
}

// Notice returns what is told of the letter.
func (l *DeadLetter) Notice() FailureNotice {
	return FailureNotice{Consumer: l.Consumer, Type: l.Event.Type, Subject: l.Event.Subject, Code: l.Code, Tries: l.Tries}
}
