package job

import (
	"strconv"
	"time"

	"pylon/internal/domain/command"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Bounds of a job.
const (
	TargetsMax = 100_000 // every station of a large operator: more is several jobs

	ConcurrencyDefault = 20 // a mistake meets few stations before somebody sees it
	ConcurrencyMax     = 500
	perMinuteMax       = 60_000 // beyond what a runner begins anyway

	TermDefault     = 5 * time.Minute // a station that resets is back by then
	termMax         = 7 * 24 * time.Hour
	DeadlineDefault = 24 * time.Hour // stations that sleep come back once a day
	deadlineMin     = time.Minute
	deadlineMax     = 7 * 24 * time.Hour

	patternMax = 100 // as of templates
)

// Check reports what is wrong with a new job, naming the field as callers know
// it. The job's command is checked as for one station.
func Check(j Job) error {
	between := func(pointer string, n, least, most int64) error {
		if n < least || n > most {
			return fault.InvalidField(pointer, "out_of_range", "must be between "+strconv.FormatInt(least, 10)+" and "+strconv.FormatInt(most, 10))
		}
		return nil
	}
	for _, err := range []error{
		checkKind(j),
		between("/concurrency", int64(j.Concurrency), 1, ConcurrencyMax),
		between("/per_minute", int64(j.PerMinute), 0, perMinuteMax),
		between("/command/timeout_s", seconds(j.Term), 1, seconds(termMax)),
		between("/expires_in_s", seconds(j.Deadline.Sub(j.CreatedAt)), seconds(deadlineMin), seconds(deadlineMax)),
		checkFilter(j.Filter),
	} {
		if err != nil {
			return err
		}
	}
	if j.Offline != Wait && j.Offline != Skip {
		return fault.InvalidField("/offline", "unknown_value", "is wait or skip")
	}
	return nil
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// checkKind refuses what is meant for one station: a start and a stop name a
// driver and a charge, one password for all is none, and the body of a raw call
// is never stored.
func checkKind(j Job) error {
	switch t := command.Type(j.Kind); t {
	case command.Type(SetDesired):
		if w := j.Input.Desired; len(w.Set)+len(w.Remove) == 0 && w.Reboot == nil {
			return fault.InvalidField("/desired", "required", "says what shall be set or removed")
		}
		return fault.Below("/desired", j.Input.Desired.Check())
	case command.Start, command.Stop, command.SetPassword, command.Raw:
		return fault.InvalidField("/command/type", "not_allowed", "is for one station at a time")
	default:
		return fault.Below("/command", command.Check(command.Command{Type: t, Input: j.Input.Command}))
	}
}

func checkFilter(f Filter) error {
	for _, p := range []struct{ pointer, pattern string }{
		{"/filter/vendor", f.Vendor}, {"/filter/model", f.Model}, {"/filter/firmware", f.Firmware},
	} {
		if len(p.pattern) > patternMax {
			return fault.InvalidField(p.pointer, "too_long", "has at most "+strconv.Itoa(patternMax)+" characters")
		}
	}
	return nil
}

// Matches reports whether the filter chooses c.
func (f Filter) Matches(c Candidate) bool {
	return (f.Site == "" || f.Site == c.Site) && (f.OCPP == "" || f.OCPP == c.OCPP) &&
		station.Match(f.Vendor, c.Vendor) && station.Match(f.Model, c.Model) && station.Match(f.Firmware, c.Firmware)
}

// Ready returns the job when all its targets are written.
func (j Job) Ready() Job {
	j.State = Queued
	j.Version++
	return j
}

// Progress returns the job with fresh counts: running, and finished when no
// target is open.
func (j Job) Progress(c Counts, now time.Time) Job {
	j.Counts = c
	j.Version++
	if j.State == Queued {
		j.State, j.StartedAt = Running, now
	}
	if c.Open() == 0 {
		j.FinishedAt = now
		if j.State == Running {
			j.State = Completed
		}
	}
	return j
}

// Cancel returns the job as it is when nothing of it shall begin any more. One
// that has ended, or was cancelled before, is Conflict job_ended.
func (j Job) Cancel() (Job, error) {
	if j.Finished() || j.State == Cancelled {
		return j, fault.New(fault.Conflict, "job_ended", "job", string(j.ID), "state", string(j.State))
	}
	j.State = Cancelled
	j.Version++
	return j, nil
}

// Begin returns the target in progress with the command that was asked.
func (t Target) Begin(id ident.CommandID, now time.Time) Target {
	t.State, t.Command, t.At = InProgress, id, now
	t.Version++
	return t
}

// End returns the target as it is after its end.
func (t Target) End(s TargetState, code, detail string, now time.Time) Target {
	t.State, t.ErrorCode, t.ErrorDetail, t.At = s, code, detail, now
	t.Version++
	return t
}

// Outcome returns what a command that has finished means for its target. One
// that was accepted and whose effect nobody can see has succeeded.
func Outcome(c command.Command) (s TargetState, code, detail string) {
	switch c.State {
	case command.Observed, command.Accepted:
		return Succeeded, "", ""
	case command.Cancelled:
		return Dropped, c.ErrorCode, c.ErrorDetail
	case command.Queued, command.Sent, command.Rejected, command.TimedOut:
	}
	return Failed, c.ErrorCode, c.ErrorDetail
}

// Land returns the target of a flight whose command has finished.
func (f Flight) Land() Target {
	s, code, detail := Outcome(f.Asked)
	return f.End(s, code, detail, f.Asked.FinishedAt)
}

// Notice is the data of a job event.
type Notice struct {
	ID     ident.JobID `json:"id"`
	Kind   Kind        `json:"kind"`
	State  State       `json:"state"`
	Counts Counts      `json:"counts"`
}

// NoticeOf returns what an event tells of j.
func NoticeOf(j *Job) Notice { return Notice{ID: j.ID, Kind: j.Kind, State: j.State, Counts: j.Counts} }
