package ocpp

import (
	"context"
	"time"

	"pylon/internal/domain/device"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/trade"
)

// Directory knows the stations that may connect.
type Directory interface {
	// StationByIdentity returns the station of an organisation, which is the first
	// one when slug is "". An unknown one of either is NotFound.
	StationByIdentity(ctx context.Context, slug string, id ident.Identity) (station.Station, error)
	// Register creates a station that nobody had created before it connected.
	// When it exists by now, that one is returned; an unknown organisation is
	// NotFound.
	Register(ctx context.Context, n Newcomer) (station.Station, error)
}

// Newcomer is a station that connects without having been created.
type Newcomer struct {
	Organisation    string // slug; "" is the first
	Identity        ident.Identity
	Registration    station.Registration
	SecurityProfile int
	Secrets         []station.Secret // the registration token, when one is asked for
	At              time.Time
}

// Fleet gives out the right to speak for a station; see [fleet.Fleet.Claim].
type Fleet interface {
	Claim(ctx context.Context, id ident.StationID, c fleet.Connection, h fleet.Hello) (Owner, error)
}

// Owner is that right. Its methods return after their commit; [fleet.Owner] is
// the real one.
type Owner interface {
	Boot(ctx context.Context, r station.BootReport) (station.BootAnswer, error)
	Status(ctx context.Context, r station.StatusReport) error
	Authorize(ctx context.Context, p token.Presented, at fleet.Place) (token.Decision, error)
	Report(ctx context.Context, r session.Report) (session.Answer, error)
	Meter(ctx context.Context, f meter.Frame) error
	Find(ctx context.Context, f station.Finding) error
	Alert(ctx context.Context, kind, detail string, at time.Time) error
	Inventory(ctx context.Context, p device.Part) error
	Monitors(ctx context.Context, p device.MonitorPart) error
	Happened(ctx context.Context, h []device.Happening) error
	MeterKeys(ctx context.Context, told []device.MeterKey) error
	Seen(at time.Time)
	Snapshot() *station.Station // shared: nobody writes through it
	CommandSent(ctx context.Context, id ident.CommandID, s fleet.Sent) error
	CommandAnswered(ctx context.Context, id ident.CommandID, a fleet.Answered) error
	PasswordProposed(ctx context.Context, secret station.Secret) error
	PasswordSettled(ctx context.Context, accepted bool) error
	LoggedIn(ctx context.Context, index int) error
	Release(ctx context.Context, reason string)

	// Words, Owed and Offer tell drivers prices: see [fleet.Costs].
	Words(ctx context.Context, d token.Decision) (trade.Text, bool)
	Owed(ctx context.Context, id ident.SessionID, over bool) (decimal.Decimal, bool)
	Offer(ctx context.Context, tag string, d token.Decision)
	ShowRefused()
}

var _ Owner = (*fleet.Owner)(nil)

// FrameLog keeps what was said, as evidence.
type FrameLog interface {
	// Append takes one line. It does not wait, and keeps no reference to e.Data.
	Append(e Entry)
}

// Entry is one line of a station's log, secrets removed.
type Entry struct {
	Station      ident.StationID
	Organisation ident.OrganisationID
	At           time.Time
	Direction    station.Direction
	Type         string // call, result, error, result_error, send, garbage; of a note, what happened
	Action       string // of an answer, that of its call; "" when unknown
	MessageID    string
	Data         []byte // the frame as it was on the wire
	Note         string // in words
}
