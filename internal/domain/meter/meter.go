// Package meter holds what meters say: samples with everything that was sent
// with them, and the frames in which they came. Nothing is normalised away:
// a sample keeps its digits, its unit and its signature.
package meter

import (
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
)

// Sample is one measured value. Measurand, context, phase, location and unit
// keep OCPP's spelling; "" is what the station left out (OCPP's defaults are
// Energy.Active.Import.Register, Sample.Periodic, no phase, Outlet, Wh).
type Sample struct {
	At         time.Time // by the station's clock
	AtAsSent   string
	Measurand  string
	Context    string
	Phase      string
	Location   string
	Unit       string
	Multiplier int // power of ten; 0 when not sent
	Value      decimal.Decimal
	Signed     *SignedValue
}

// SignedValue is a signed reading, byte for byte as sent.
type SignedValue struct {
	Data           string
	SigningMethod  string
	EncodingMethod string
	PublicKey      string
}

// Frame is one message with samples, as received.
type Frame struct {
	Station    ident.StationID
	Session    ident.SessionID // "" outside sessions: by EVSE then
	Number     int64           // ordinal in its session; outside, microseconds of ReceivedAt made unique
	EVSE       int             // 0: the station's own meter
	Connector  int             // 0: not said
	Source     Source
	SeqNo      int64  // of a TransactionEvent; -1: none
	Digest     []byte // 16 bytes over the content, tells a repeat; nil: none
	ReceivedAt time.Time
	OccurredAt time.Time // by the station's clock
	AsSent     string    // the timestamp as sent
	Offline    bool      // the station was offline then
	Answer     string    // the status of idTokenInfo that we answered; "" when none
	Samples    []Sample
}

// Source is the kind of message that a frame came in.
type Source uint8

// The sources.
const (
	SourceMeterValues Source = iota
	SourceStart              // 1.6 StartTransaction, 2.x Started
	SourceUpdate             // 2.x Updated
	SourceEnd                // 1.6 StopTransaction, 2.x Ended
)

// Measurands and contexts that Pylon decides by, as OCPP spells them.
const (
	EnergyImportRegister = "Energy.Active.Import.Register"
	PowerImport          = "Power.Active.Import"
	StateOfCharge        = "SoC"

	ContextBegin    = "Transaction.Begin"
	ContextEnd      = "Transaction.End"
	ContextPeriodic = "Sample.Periodic"
	ContextClock    = "Sample.Clock"
)
