package fleet

import (
	"context"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/trade"
)

// Connection is a station's open socket, as the edge that holds it offers it.
type Connection interface {
	// Do sends cmd as a call of the station's OCPP version, after those before
	// it. It does not block. The edge reports back by [Owner.CommandSent] just
	// before the frame leaves and by [Owner.CommandAnswered] once. An error
	// says that the queue is full or that the version has no such call.
	Do(cmd command.Command) error
	// Show has the station show something, once it has its answers and no command
	// waits. It does not block. What still waits there of the same transaction gives
	// way to it. What a version has no words for is no error. The edge reports a
	// refusal by [Owner.ShowRefused].
	Show(x screen.Shown) error
	// Close ends the socket; it returns at once.
	Close(reason string)
}

// Hello is what the edge knows of a connection when it claims the station.
type Hello struct {
	OCPP       station.Version
	Profile    int
	RemoteAddr string
	At         time.Time
	Known      *station.Station // as it was looked up, shared; nil: it was not
}

// Sent is a command on its way: the OCPP call that it became, secrets removed.
type Sent struct {
	Action  string
	Payload []byte
	At      time.Time
	// Means and Input say in our own words what the call asks for, whoever
	// composed it, so that a raw one is followed like a command of ours. Means
	// is "" for what Pylon has no command for.
	Means command.Type
	Input command.Input
}

// Answered is a station's answer to a command.
type Answered struct {
	State       command.State // Accepted, Rejected, TimedOut or Cancelled
	Final       bool          // nothing more can be observed of this command
	Result      []byte        // the answer as JSON, secrets removed; nil when there is none
	Verbatim    []byte        // the answer as the station sent it: for the caller who waits, never stored
	ErrorCode   string        // OCPP error code, or station_closed, timed_out …
	ErrorDetail string
	Details     []byte // the details of a CALLERROR, verbatim
	Declined    bool   // an answer to a raw call that says no: what [Sent.Means] will not come about
	At          time.Time

	Variables []device.Result        // what it says of each variable that was read or set, by a raw call, too
	Monitors  []device.MonitorResult // and of each monitor
}

// Place is where at a station something happens; zeros are what was not said.
type Place struct {
	EVSE      int
	Connector int
}

// Store is what fleet needs of the database. Look-ups that find nothing return
// an error of kind NotFound.
type Store interface {
	Commit(ctx context.Context, set *change.Set) error
	Owned(ctx context.Context, id ident.StationID) (station.Detail, []session.Session, error)
	Known(ctx context.Context, was *station.Station) (station.Detail, []session.Session, error)
	Seen(ctx context.Context, at map[ident.StationID]time.Time) error
	Beat(ctx context.Context, node ident.NodeID) error
	Leases(ctx context.Context) ([]lease.Sign[ident.NodeID], error)
	EndLease(ctx context.Context, node ident.NodeID) error
	Lease(ctx context.Context, name lease.Name) (lease.Lease, error)
	LostLinks(ctx context.Context, limit int) ([]station.Link, error)

	Station(ctx context.Context, org ident.OrganisationID, ref string) (station.Detail, error)
	Templates(ctx context.Context, org ident.OrganisationID) ([]station.Template, error)
	Organisation(ctx context.Context, ref string) (account.Organisation, error)
	Site(ctx context.Context, org ident.OrganisationID, id ident.SiteID) (site.Site, error)

	TokenByUID(ctx context.Context, org ident.OrganisationID, uid string) (token.Token, error)
	Token(ctx context.Context, org ident.OrganisationID, id ident.TokenID) (token.Token, error)

	Session(ctx context.Context, org ident.OrganisationID, id ident.SessionID) (session.View, error)
	SessionByTransaction(ctx context.Context, id ident.StationID, transaction string) (session.Session, error)
	SessionByStartKey(ctx context.Context, id ident.StationID, key string) (session.Session, error)
	LastSession(ctx context.Context, id ident.StationID, evse, connector int) (session.Session, error)
	Findings(ctx context.Context, org ident.OrganisationID, f station.FindingFilter, q page.Query) (page.Result[station.Finding], error)
	GoneLinks(ctx context.Context, before time.Time, limit int) ([]station.Link, error)
	FrameBySeq(ctx context.Context, id ident.StationID, ses ident.SessionID, seqNo int64) (meter.Frame, error)
	FrameByDigest(ctx context.Context, id ident.StationID, ses ident.SessionID, digest []byte) (meter.Frame, error)

	Documents(ctx context.Context, id ident.StationID) (device.Model, error)
	Plan(ctx context.Context, id ident.StationID) (device.Plan, error)
	MeterKeys(ctx context.Context, id ident.StationID) ([]device.MeterKey, error)
	OpenAlerts(ctx context.Context, id ident.StationID) (map[string]ident.FindingID, error)

	Command(ctx context.Context, org ident.OrganisationID, id ident.CommandID) (command.Command, error)
	OpenCommands(ctx context.Context, id ident.StationID) ([]command.Command, error)
	OpenCommandsOfNode(ctx context.Context, node ident.NodeID) ([]command.Command, error)
	OverdueCommands(ctx context.Context, now time.Time, limit int) ([]command.Command, error)
}

// Bus carries messages to the node that owns a station, and the hint that a
// command has moved. A lost message loses no fact: what matters is a row.
type Bus interface {
	// Ask delivers a message to node and returns its handler's answer.
	Ask(ctx context.Context, node ident.NodeID, kind string, id ident.StationID, body []byte) ([]byte, error)
	// Tell delivers a message to node, perhaps.
	Tell(node ident.NodeID, kind string, id ident.StationID, body []byte) error
	// Notify wakes those who watch key, on every node.
	Notify(key string) error
	// Watch returns a channel that gets a value after each Notify of key.
	Watch(key string) (woken <-chan struct{}, cancel func(), err error)
}

// Costs tells what sessions cost. It is asked without a station's turn, but for
// Changed.
type Costs interface {
	// Changed notes that a station has reported of a session; answered says that the
	// answer to it may say what the session costs. It returns at once.
	Changed(on screen.Station, of *session.Session, answered bool)
	// Answer returns what that is, with tax; over: the session has ended. False when
	// the answer is to say nothing of it. It keeps the answer waiting for half a second
	// at most.
	Answer(ctx context.Context, on screen.Station, org ident.OrganisationID, id ident.SessionID, over bool) (decimal.Decimal, bool)
	// Words returns what a session would cost that begins as of does, for whom it is
	// about to begin; false when the station is to show nothing of it. It waits as long.
	Words(ctx context.Context, on screen.Station, of session.View) (trade.Text, bool)
	// Offer has the station show that to who presented tag. It returns at once.
	Offer(on screen.Station, of session.View, tag string)
}
