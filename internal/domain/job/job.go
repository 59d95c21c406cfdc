// Package job holds work on many stations: one thing asked of each, at a pace,
// with a result per station. A job's rows tell all that there is to know of it:
// whoever reads them can go on with it.
package job

import (
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/ident"
)

// Kind is what is done at each station: the type of a command, or SetDesired.
type Kind string

// SetDesired gives each station desired values; a target has succeeded when
// they are kept, whatever the station makes of them then.
const SetDesired Kind = "set_desired"

// Scope is what a caller must be allowed beyond [account.CommandsWrite].
func (k Kind) Scope() account.Scope {
	if k == SetDesired {
		return account.StationsWrite
	}
	return account.CommandsWrite
}

// State is how far a job has come.
type State string

// The states.
const (
	Preparing State = "preparing" // its targets are being written; it never runs when that ends early
	Queued    State = "queued"
	Running   State = "running"
	Completed State = "completed" // every target has ended
	Cancelled State = "cancelled" // nothing begins any more; finished once the last target has ended
)

// Offline is what becomes of a target whose station is away.
type Offline string

// Wait keeps it until the station is there, or the job's deadline; Skip ends it.
const (
	Wait Offline = "wait"
	Skip Offline = "skip"
)

// Job asks the same of many stations.
type Job struct {
	ID           ident.JobID
	Organisation ident.OrganisationID
	Kind         Kind
	Input        Input
	Filter       Filter // that chose the targets; zero when they were listed
	State        State
	Concurrency  int // targets that run at once
	PerMinute    int // targets that begin in a minute; 0: as fast as Concurrency allows
	Offline      Offline
	Term         time.Duration // what each station gets to do it
	Deadline     time.Time     // past it no target begins: what is pending then is skipped
	RetryOf      ident.JobID   // whose targets these are; "" for none
	Counts       Counts        // of the targets, a second old while it runs
	By           ident.KeyID
	ByName       string
	CreatedAt    time.Time
	StartedAt    time.Time
	FinishedAt   time.Time
	Version      int64
}

// Finished reports whether nothing of the job will change any more.
func (j Job) Finished() bool { return !j.FinishedAt.IsZero() }

// Input is what is asked of each station.
type Input struct {
	Command command.Input `json:"command,omitzero"`
	Desired device.Wishes `json:"desired,omitzero"` // SetDesired
}

// Filter chooses stations of an organisation; a zero field does not choose.
// Vendor, Model and Firmware are patterns, see [station.Match].
type Filter struct {
	Site     ident.SiteID    `json:"site_id,omitzero"`
	Vendor   string          `json:"vendor,omitzero"`
	Model    string          `json:"model,omitzero"`
	Firmware string          `json:"firmware,omitzero"`
	OCPP     station.Version `json:"ocpp_version,omitzero"`
}

// Candidate is a station as far as a filter looks at it.
type Candidate struct {
	Station  ident.StationID
	Identity ident.Identity
	Site     ident.SiteID
	Vendor   string
	Model    string
	Firmware string
	OCPP     station.Version
	Online   bool
}

// TargetState is how far one station of a job has come.
type TargetState string

// The states of a target. Pending and InProgress are open.
const (
	Pending    TargetState = "pending"
	InProgress TargetState = "running"
	Succeeded  TargetState = "succeeded"
	Failed     TargetState = "failed"
	Skipped    TargetState = "skipped" // never asked: the station was away, or the time over
	Dropped    TargetState = "cancelled"
)

// Target is one station of a job.
type Target struct {
	Job          ident.JobID
	Organisation ident.OrganisationID
	Station      ident.StationID
	State        TargetState
	Command      ident.CommandID // what was asked; "" before, and of kinds that are no command
	ErrorCode    string          // why it did not succeed, as of a command, or ours
	ErrorDetail  string
	At           time.Time // of the last change
	Version      int64
}

// Counts are a job's targets by state.
type Counts struct {
	Pending    int64 `json:"pending"`
	InProgress int64 `json:"running"`
	Succeeded  int64 `json:"succeeded"`
	Failed     int64 `json:"failed"`
	Skipped    int64 `json:"skipped"`
	Dropped    int64 `json:"cancelled"`
}

// Total is how many targets there are.
func (c Counts) Total() int64 {
	return c.Pending + c.InProgress + c.Succeeded + c.Failed + c.Skipped + c.Dropped
}

// Open is how many of them have not ended.
func (c Counts) Open() int64 { return c.Pending + c.InProgress }

// Set notes how many targets have state s.
func (c *Counts) Set(s TargetState, n int64) {
	switch s {
	case Pending:
		c.Pending = n
	case InProgress:
		c.InProgress = n
	case Succeeded:
		c.Succeeded = n
	case Failed:
		c.Failed = n
	case Skipped:
		c.Skipped = n
	case Dropped:
		c.Dropped = n
	}
}

// Flight is a target in progress with its command.
type Flight struct {
	Target
	Asked command.Command // its State, ErrorCode, ErrorDetail and FinishedAt only
}

// Query chooses jobs of an organisation; a zero field does not choose.
type Query struct {
	State []State
	Kind  []Kind
}
