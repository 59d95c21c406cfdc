package rest

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"pylon/internal/domain/account"
	"pylon/internal/domain/command"
	"pylon/internal/domain/job"
	"pylon/internal/domain/station"
	"pylon/internal/flow/jobs"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Job is one thing asked of many stations.
type Job struct {
	ID             string         `json:"id" example:"job_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Kind           string         `json:"kind" example:"reset" doc:"The type of its commands, or set_desired"`
	Input          *CommandInput  `json:"input" doc:"What each station is asked; null for set_desired"`
	Desired        *DesiredChange `json:"desired" doc:"set_desired: what changes of what is desired of each station"`
	Filter         *JobFilter     `json:"filter" doc:"What chose the stations; null when they were listed"`
	State          string         `json:"state" enum:"preparing,queued,running,completed,cancelled" doc:"cancelled: nothing begins any more; what was on its way is followed to its end"`
	Finished       bool           `json:"finished" doc:"Nothing of it will change any more"`
	Targets        TargetCounts   `json:"targets" doc:"Stations by state, a second old while it runs"`
	Concurrency    int            `json:"concurrency"`
	PerMinute      *int           `json:"per_minute" doc:"null: as fast as concurrency allows"`
	Offline        string         `json:"offline" enum:"wait,skip"`
	TimeoutSeconds int64          `json:"timeout_s" doc:"What each station gets"`
	RetryOf        *string        `json:"retry_of" doc:"The job whose targets these are"`
	CreatedBy      *string        `json:"created_by" doc:"The key that asked; null for Pylon itself"`
	CreatedAt      Time           `json:"created_at" nullable:"false"`
	StartedAt      Time           `json:"started_at"`
	ExpiresAt      Time           `json:"expires_at" nullable:"false" doc:"What has not begun by then is skipped"`
	FinishedAt     Time           `json:"finished_at"`
}

// TargetCounts are the stations of a job by state.
type TargetCounts struct {
	Total     int64 `json:"total"`
	Pending   int64 `json:"pending"`
	Running   int64 `json:"running"`
	Succeeded int64 `json:"succeeded"`
	Failed    int64 `json:"failed"`
	Skipped   int64 `json:"skipped"`
	Cancelled int64 `json:"cancelled"`
}

// JobFilter chooses stations; a member that is left out does not choose.
type JobFilter struct {
	SiteID      string `json:"site_id,omitzero" maxLength:"64"`
	Vendor      string `json:"vendor,omitzero" maxLength:"100" example:"ACME*" doc:"Pattern: * stands for any characters, case does not count; * alone is every station"`
	Model       string `json:"model,omitzero" maxLength:"100" doc:"Pattern"`
	Firmware    string `json:"firmware,omitzero" maxLength:"100" doc:"Pattern"`
	OCPPVersion string `json:"ocpp_version,omitzero" enum:"1.6,2.0.1,2.1"`
}

// NewJobFilter is a filter that somebody asks with, closed where [JobFilter] is
// open.
type NewJobFilter JobFilter

// JobTarget is one station of a job.
type JobTarget struct {
	StationID *string       `json:"station_id" example:"CP-1" doc:"The OCPP identity; null when the station is no more"`
	Station   string        `json:"station" example:"sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"The station's id"`
	State     string        `json:"state" enum:"pending,running,succeeded,failed,skipped,cancelled" doc:"skipped: it was never asked"`
	CommandID *string       `json:"command_id" doc:"What it was asked; null before, and of set_desired"`
	Error     *CommandError `json:"error" doc:"Why it did not succeed"`
	At        Time          `json:"at" nullable:"false" doc:"Of the last change"`
}

// JobPreview is what a job would do.
type JobPreview struct {
	Total    int          `json:"total" doc:"Stations that it would be for"`
	Online   int          `json:"online" doc:"Those of them that are connected now"`
	Stations []JobStation `json:"stations" doc:"The first of them, at most 500"`
}

// JobStation is a station that a job would be for.
type JobStation struct {
	StationID string `json:"station_id" example:"CP-1"`
	Station   string `json:"station" example:"sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Online    bool   `json:"online"`
}

// NewJob is one thing to be asked of many stations: a command, or what is
// desired of them. Stations and filter together mean those that are in both.
type NewJob struct {
	Command          *NewCommand   `json:"command,omitzero" nullable:"false" doc:"As for one station; timeout_s is each station's, 300 when left out"`
	Desired          *DesiredPatch `json:"desired,omitzero" nullable:"false" doc:"As for one station; needs the scope stations:write"`
	RetryOf          *string       `json:"retry_of,omitzero" nullable:"false" maxLength:"64" doc:"Another job, whose command, or desired change, and stations are taken; instead of all the others"`
	RetryStates      []string      `json:"retry_states,omitzero" enum:"failed,skipped,cancelled" doc:"Which of its stations; failed when left out"`
	Stations         []string      `json:"stations,omitzero" maxItems:"20000" doc:"By id or OCPP identity"`
	Filter           *NewJobFilter `json:"filter,omitzero" nullable:"false"`
	Concurrency      int           `json:"concurrency,omitzero" minimum:"1" maximum:"500" doc:"Stations at once; 20 when left out"`
	PerMinute        int           `json:"per_minute,omitzero" minimum:"1" maximum:"60000" doc:"Stations that begin in a minute"`
	Offline          string        `json:"offline,omitzero" enum:"wait,skip" doc:"What becomes of stations that are offline; wait when left out"`
	ExpiresInSeconds int           `json:"expires_in_s,omitzero" minimum:"60" maximum:"604800" doc:"What has not begun by then is skipped; a day when left out"`
}

// InJob is the path of one job.
type InJob struct {
	Job string `path:"jobId" maxLength:"64" example:"job_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

// JobQuery is the input of the list of jobs.
type JobQuery struct {
	State []string `query:"state" enum:"preparing,queued,running,completed,cancelled"`
	Kind  []string `query:"kind" doc:"Types of command, or set_desired"`
}

// TargetQuery is the input of the list of a job's stations.
type TargetQuery struct {
	State []string `query:"state" enum:"pending,running,succeeded,failed,skipped,cancelled"`
}

func (n NewJob) domain() (jobs.NewJob, error) {
	in := jobs.NewJob{
		Stations: n.Stations, Concurrency: n.Concurrency, PerMinute: n.PerMinute, Offline: job.Offline(n.Offline),
		Lasts: time.Duration(n.ExpiresInSeconds) * time.Second,
	}
	if f := n.Filter; f != nil {
		in.Filter = job.Filter{
			Site: ident.SiteID(f.SiteID), Vendor: f.Vendor, Model: f.Model, Firmware: f.Firmware, OCPP: station.Version(f.OCPPVersion),
		}
	}
	what := 0
	for _, given := range []bool{n.Command != nil, n.Desired != nil, n.RetryOf != nil} {
		if given {
			what++
		}
	}
	switch {
	case what != 1:
		return in, fault.InvalidField("/command", ruleRequired, "one of command, desired and retry_of says what is done")
	case n.RetryOf != nil:
		return in, n.retry(&in)
	case n.Desired != nil:
		in.Kind = job.SetDesired
		var err error
		in.Input.Desired, err = n.Desired.domain()
		return in, fault.Below("/desired", err)
	}
	return in, n.command(&in)
}

// retry takes over which job is done again.
func (n NewJob) retry(in *jobs.NewJob) error {
	if len(n.Stations) > 0 || n.Filter != nil {
		return fault.InvalidField("/retry_of", "not_allowed", "has its stations from the other job")
	}
	id, err := ident.Parse[ident.JobID](*n.RetryOf)
	if err != nil {
		return atPointer("/retry_of", err)
	}
	in.RetryOf = id
	for _, state := range n.RetryStates {
		in.RetryStates = append(in.RetryStates, job.TargetState(state))
	}
	return nil
}

// command takes over what each station is asked.
func (n NewJob) command(in *jobs.NewJob) error {
	c, err := n.Command.domain()
	if err != nil {
		return fault.Below("/command", err)
	}
	if c.Wait {
		return fault.InvalidField("/command/wait_for_station", "not_allowed", "offline says what becomes of stations that are away")
	}
	in.Kind, in.Input.Command, in.Term = job.Kind(c.Type), c.Input, c.Timeout
	return nil
}

func viewJob(j job.Job) Job {
	out := Job{
		ID: string(j.ID), Kind: string(j.Kind), State: string(j.State), Finished: j.Finished(),
		Targets: TargetCounts{
			Total: j.Counts.Total(), Pending: j.Counts.Pending, Running: j.Counts.InProgress, Succeeded: j.Counts.Succeeded,
			Failed: j.Counts.Failed, Skipped: j.Counts.Skipped, Cancelled: j.Counts.Dropped,
		},
		Concurrency: j.Concurrency, Offline: string(j.Offline), TimeoutSeconds: int64(j.Term / time.Second), RetryOf: orNull(j.RetryOf),
		CreatedBy: orNull(j.By), CreatedAt: Time{j.CreatedAt}, StartedAt: Time{j.StartedAt}, ExpiresAt: Time{j.Deadline}, FinishedAt: Time{j.FinishedAt},
	}
	if j.PerMinute > 0 {
		out.PerMinute = &j.PerMinute
	}
	if j.Filter != (job.Filter{}) {
		out.Filter = &JobFilter{
			SiteID: string(j.Filter.Site), Vendor: j.Filter.Vendor, Model: j.Filter.Model, Firmware: j.Filter.Firmware, OCPPVersion: string(j.Filter.OCPP),
		}
	}
	if j.Kind == job.SetDesired {
		out.Desired = new(viewDesiredChange(j.Input.Desired))
	} else {
		out.Input = new(viewInput(command.Type(j.Kind), j.Input.Command))
	}
	return out
}

func createdJob(j job.Job) Created[Job] {
	return Created[Job]{Location: prefix + "/jobs/" + string(j.ID), ETag: etag(j.Version), Body: viewJob(j)}
}

func previewJob(chosen []job.Candidate) JobPreview {
	out := JobPreview{Total: len(chosen), Stations: []JobStation{}}
	for i, c := range chosen {
		if c.Online {
			out.Online++
		}
		if i < page.Max {
			out.Stations = append(out.Stations, JobStation{StationID: string(c.Identity), Station: string(c.Station), Online: c.Online})
		}
	}
	return out
}

// job returns the job of a path.
func (s *Server) job(ctx context.Context, by account.Actor, in InJob) (job.Job, error) {
	id, err := pathID[ident.JobID](in.Job)
	if err != nil {
		return job.Job{}, err
	}
	return s.store.Job(ctx, by.Organisation, id)
}

// Planned is the answer with a job that was made, or with what it would be.
type Planned struct {
	Status   int
	Location string `header:"Location" doc:"Where the job is"`
	ETag     string `header:"ETag"`
	Body     any    // Job or JobPreview
}

// jobTakes is what a job gets to be made: a hundred thousand rows.
const jobTakes = time.Minute

func (s *Server) jobOperations() {
	handle(s, operation{
		id: "create-job", method: http.MethodPost, path: "/jobs", tag: "jobs", scope: account.CommandsWrite,
		summary: "Ask something of many stations",
		detail: "The stations are chosen now, at most 100000. Each is asked at most once; what became of it is in the job's targets. " +
			"A dry run makes nothing and tells which stations it would be. When the key that asked is revoked, the job is cancelled.",
		status: http.StatusCreated, onceKey: keyNeeded, takes: jobTakes, refuses: []int{http.StatusConflict, http.StatusServiceUnavailable},
		example: map[string]any{
			"command": map[string]any{"type": "reset"}, "filter": map[string]any{"vendor": "ACME*", "firmware": "1.4.*"}, "per_minute": 60,
		},
	}, func(ctx context.Context, by account.Actor, in *struct {
		DryRun bool `query:"dry_run"`
		Payload[NewJob]
	},
	) (*Planned, error) {
		n, err := in.Body.value.domain()
		if err != nil {
			return nil, err
		}
		if in.DryRun {
			chosen, err := s.jobs.Preview(ctx, by, n)
			return &Planned{Status: http.StatusOK, Body: previewJob(chosen)}, err
		}
		n.Idempotency = keep(ctx, http.StatusCreated, createdJob)
		j, err := s.jobs.Create(ctx, by, n)
		if err != nil {
			return nil, err
		}
		made := createdJob(j)
		return &Planned{Status: http.StatusCreated, Location: made.Location, ETag: made.ETag, Body: made.Body}, nil
	})
	answers := s.api.OpenAPI().Paths[prefix+"/jobs"].Post.Responses
	schemas := s.api.OpenAPI().Components.Schemas
	answers[strconv.Itoa(http.StatusCreated)].Content["application/json"].Schema = schemas.Schema(reflect.TypeFor[Job](), true, "")
	answers[strconv.Itoa(http.StatusOK)] = &huma.Response{
		Description: "What it would be, with dry_run=true",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeFor[JobPreview](), true, "")}},
	}
	handle(s, operation{
		id: "cancel-job", method: http.MethodPost, path: "/jobs/{jobId}/cancel", tag: "jobs", scope: account.CommandsWrite,
		summary: "Cancel a job", detail: "Nothing begins any more. What is on its way is followed to its end; then the job is finished.",
		status: http.StatusOK, refuses: []int{http.StatusConflict},
	}, func(ctx context.Context, by account.Actor, in *struct{ InJob }) (*One[Job], error) {
		there, err := s.job(ctx, by, in.InJob)
		if err != nil {
			return nil, err
		}
		j, err := s.jobs.Cancel(ctx, by, there.ID)
		return &One[Job]{ETag: etag(j.Version), Body: viewJob(j)}, err
	})
	s.jobReads()
}

func (s *Server) jobReads() {
	handle(s, operation{
		id: "list-jobs", method: http.MethodGet, path: "/jobs", tag: "jobs", scope: account.CommandsRead,
		summary: "List jobs", detail: "The youngest first.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		JobQuery
	},
	) (*Listed[Job], error) {
		var f job.Query
		for _, state := range in.State {
			f.State = append(f.State, job.State(state))
		}
		for _, kind := range in.Kind {
			f.Kind = append(f.Kind, job.Kind(kind))
		}
		found, err := s.store.Jobs(ctx, by.Organisation, f, in.query(""))
		return listed(ctx, found, err, viewJob)
	})
	handle(s, operation{
		id: "get-job", method: http.MethodGet, path: "/jobs/{jobId}", tag: "jobs", scope: account.CommandsRead, summary: "Get a job",
	}, func(ctx context.Context, by account.Actor, in *struct{ InJob }) (*One[Job], error) {
		j, err := s.job(ctx, by, in.InJob)
		return &One[Job]{ETag: etag(j.Version), Body: viewJob(j)}, err
	})
	handle(s, operation{
		id: "list-job-targets", method: http.MethodGet, path: "/jobs/{jobId}/targets", tag: "jobs", scope: account.CommandsRead,
		summary: "List the stations of a job", detail: "How each stands, by the station's id.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InJob
		Paging
		TargetQuery
	},
	) (*Listed[JobTarget], error) {
		j, err := s.job(ctx, by, in.InJob)
		if err != nil {
			return nil, err
		}
		var states []job.TargetState
		for _, state := range in.State {
			states = append(states, job.TargetState(state))
		}
		found, err := s.store.Targets(ctx, j.ID, states, in.query(""))
		return listed(ctx, found, err, func(t job.Target) JobTarget {
			out := JobTarget{
				StationID: orNull(s.identity(ctx, by.Organisation, t.Station)), Station: string(t.Station), State: string(t.State),
				CommandID: orNull(t.Command), At: Time{t.At},
			}
			if t.ErrorCode != "" {
				out.Error = &CommandError{Code: t.ErrorCode, Detail: t.ErrorDetail}
			}
			return out
		})
	})
}
