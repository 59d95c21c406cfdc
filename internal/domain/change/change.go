// Package change holds what a decision wants to be made durable: the rows in
// the state they shall have, the rows it read, and the events it tells of. The
// store writes a whole Set or nothing of it, many Sets of many stations in one
// commit.
package change

import (
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/command"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/device"
	"pylon/internal/domain/event"
	"pylon/internal/domain/host"
	"pylon/internal/domain/job"
	"pylon/internal/domain/lease"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/plan"
	"pylon/internal/domain/report"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/roaming"
	"pylon/internal/domain/session"
	"pylon/internal/domain/signal"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Set is one decision's change.
//
// Of a session in Progress these are written, and nothing else: Energy, Last,
// PowerW, PowerAt, StateOfCharge, ChargingState, StateSince, StateCause,
// StateTrigger, SegmentNo, LastSeqNo, Frames, Noted, LastEventAt, HeardAt,
// ReadAt, AliveAt and Version.
//
// A row with a Version is new when that is 1 and must not exist yet; otherwise
// the stored version must be one less. A Set that meets another version is
// refused whole with [ErrStale].
//
// A Set that Takes a link makes it the connection of the owner's station under its
// next epoch, which the commit writes into it. Everything else in the Set is
// written under that epoch, too, whatever Owner says, and an event without a
// version gets it as such. When the station is no more, the Set is refused with an
// error of kind NotFound.
//
// A Set with a journal that was posted before, for the same source, template and
// revision, or taking back the same, is refused whole: with [ErrPosted] when all
// its journals say what was posted then, else with [ErrExists]. One that would
// bring a balance beyond its limit is refused with [ErrLimit].
type Set struct {
	Owner Owner       // zero: the Set writes no row of a station, an EVSE or an open session
	Under lease.Grant // the lease of who writes, which must still be his; zero: he needs none
	Reads []Read      // rows that must still have the version that was read

	Organisations []account.Organisation
	Keys          []account.Key
	Sites         []site.Site
	Templates     []station.Template
	Tokens        []token.Token
	Stations      []station.Station
	Links         []station.Link // under the owner's epoch
	Takes         *station.Link  // the owner's connection begins, see below; nil: it goes on
	Connectors    []station.Connector
	Intervals     []station.Interval // by (station, EVSE, connector, From): written or closed
	Sessions      []session.Session
	Progress      []session.Session // sessions of which only what a reading moves differs, see above
	Segments      []session.Segment // by (station, session, number): written or closed
	Frames        []meter.Frame
	Findings      []station.Finding
	Commands      []command.Command
	Jobs          []job.Job
	Targets       []job.Target         // of jobs, by (job, station)
	Device        *device.Update       // of the owner's station; nil: nothing
	Resolved      []station.Resolution // of findings; those that are not named are of the owner's station
	Removed       []Removal
	Cursors       []event.Cursor
	DeadLetters   []event.DeadLetter
	Usage         []report.Day
	Tariffs       []tariff.Tariff  // without their editions
	Editions      []tariff.Edition // published: they are new
	Assignments   []tariff.Assignment
	Series        []ledger.Series    // that begin, before numbers are drawn from them; one that is there stays as it is
	Snapshots     []billing.Snapshot // kept once, whoever writes them again
	Tabs          []billing.Tab
	Bills         []billing.Bill // issued; their journals are in Journals
	Profiles      []billing.Profile
	Reratings     []rerating.Rerating
	Differences   []rerating.Difference  // found: they are new
	CustomerSums  []rerating.CustomerSum // added to those that are there
	Forgotten     []rerating.Forgotten
	Customers     []customer.Customer
	Statements    []customer.Statement
	Hosts         []host.Host
	Agreements    []host.Agreement
	Supplies      []host.Supply
	Earnings      []host.Earning    // new; sums of them move with them, and one of a tally that is closed refuses the Set with [ErrStale]
	Tallies       []host.Tally      // that are closed
	Settlements   []host.Settlement // new, or paid
	CDRs          []roaming.Kept    // new
	Taken         []customer.Taken  // bills that are on a statement from now on; one that is on another refuses the Set with [ErrStale]
	Plans         []plan.Plan
	Subscriptions []plan.Subscription
	Usages        []plan.Usage // of months of subscriptions
	Vouchers      []plan.Voucher
	Redemptions   []plan.Redemption
	Uses          []plan.Use        // by (session, source, month): in place of what stands there
	Signals       []signal.Series   // of prices and signals
	Points        []signal.Point    // by (series, From), of Signals: in place of what stands there
	PointsGone    []signal.Point    // by (series, From), of Signals
	MeterKeys     []device.MeterKey // kept once, whoever tells them again
	Journals      []ledger.Journal  // posted; the commit writes their Number
	Checks        []ledger.Check    // of the books

	Events      []event.Event
	Audits      []account.Audit
	Idempotency *Idempotency
}

// Owner names the station whose rows are written and the epoch under which.
type Owner struct {
	Organisation ident.OrganisationID // the station's; stamped on its rows that do not name one
	Station      ident.StationID
	Epoch        int64
}

// Read is a row that the decision read but does not write.
type Read struct {
	Kind    Kind
	ID      string
	Version int64
}

// Removal deletes a row that has the given version.
type Removal Read

// Kind names a kind of versioned row.
type Kind uint8

// The kinds.
const (
	KindOrganisation Kind = iota + 1
	KindKey
	KindSite
	KindStation
	KindToken
	KindSession
	KindCommand
	KindTemplate
	KindJob
	KindTariff
	KindAssignment
	KindCustomer
	KindPlan
	KindSubscription
	KindPlanMonth
	KindVoucher
	KindRedemption
	KindSeries
	KindRerating
)

// Idempotency is the answer to a request, kept so that its repetition gets the
// same one. It is written with the change that the request made.
type Idempotency struct {
	Organisation ident.OrganisationID
	Key          string
	Fingerprint  []byte // SHA-256 over method, path and body
	Status       int
	Header       string // JSON object of Location, ETag
	Body         []byte
	At           time.Time
}

// ErrStale says that a row which the decision read has changed: load anew,
// decide again.
var ErrStale = fault.New(fault.Stale, "version_moved")

// ErrSuperseded says that another owner has taken the station: stop serving it.
var ErrSuperseded = fault.New(fault.Stale, "owner_superseded")

// ErrLeaseLost says that the lease under which the Set was to be written is
// another's by now: stop the work that it was for.
var ErrLeaseLost = fault.New(fault.Stale, "lease_lost")

// ErrPosted says that the journals of the Set were posted before, as they are:
// whoever repeats himself has nothing left to do.
var ErrPosted = fault.New(fault.Conflict, "already_posted")

// ErrLimit says that a balance would go beyond its limit: nobody spends what he
// has not.
var ErrLimit = fault.New(fault.Conflict, "balance_insufficient")

// ErrExists says that a new row breaks a uniqueness (identity, uid, slug).
var ErrExists = fault.New(fault.Conflict, "already_exists")
