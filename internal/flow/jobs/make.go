package jobs

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/job"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// NewJob is what a caller wants done at many stations. Its targets are the
// stations that are listed, those that the filter chooses, or, with both, the
// listed ones that the filter chooses too. A retry has the targets of another
// job instead.
type NewJob struct {
	Kind        job.Kind
	Input       job.Input
	Stations    []string // by id or OCPP identity
	Filter      job.Filter
	RetryOf     ident.JobID       // its kind and input are taken over
	RetryStates []job.TargetState // which of its targets; none: the failed ones
	Concurrency int               // 0: [job.ConcurrencyDefault]
	PerMinute   int               // 0: no limit of its own
	Offline     job.Offline       // "": wait
	Term        time.Duration     // for each station; 0: [job.TermDefault]
	Lasts       time.Duration     // until its deadline; 0: [job.DeadlineDefault]
	Idempotency func(job.Job) *change.Idempotency
}

// Preview returns the stations that a job would have as targets, by identity.
func (s *Service) Preview(ctx context.Context, by account.Actor, in NewJob) ([]job.Candidate, error) {
	_, chosen, err := s.draft(ctx, by, in)
	return chosen, err
}

const (
	chunkMax   = 200 // rows of one commit: 10 ms of the committer, for which stations wait
	choiceMax  = 500 // stations that are looked at with one query
	unknownMax = 16  // stations that an error names: nobody reads more
)

// Create makes a job. When it returns, all its targets are durable; what becomes
// of them is in their rows. A job without targets, or with more than
// [job.TargetsMax], is Invalid.
func (s *Service) Create(ctx context.Context, by account.Actor, in NewJob) (job.Job, error) {
	j, chosen, err := s.draft(ctx, by, in)
	if err != nil {
		return j, err
	}
	if len(chosen) == 0 {
		return j, fault.InvalidField("/filter", "no_station", "chooses no station")
	}
	j.State, j.Counts = job.Preparing, job.Counts{Pending: int64(len(chosen))}
	if err := s.store.Commit(ctx, &change.Set{Jobs: []job.Job{j}}); err != nil {
		return j, err
	}
	for chunk := range slices.Chunk(chosen, chunkMax) {
		set := &change.Set{Reads: []change.Read{{Kind: change.KindJob, ID: string(j.ID), Version: j.Version}}}
		for _, c := range chunk {
			set.Targets = append(set.Targets, job.Target{
				Job: j.ID, Organisation: j.Organisation, Station: c.Station, State: job.Pending, At: j.CreatedAt, Version: 1,
			})
		}
		if err := s.store.Commit(ctx, set); err != nil {
			return j, overtaken(j, err) // the runner ends what is never made ready
		}
	}
	j = j.Ready()
	set := &change.Set{Jobs: []job.Job{j}, Events: []event.Event{jobEvent(event.JobCreated, &j, j.CreatedAt)}}
	if in.Idempotency != nil {
		set.Idempotency = in.Idempotency(j)
	}
	return j, overtaken(j, s.commit(ctx, by, "job.create", j, set))
}

// overtaken tells that somebody cancelled a job while it was made.
func overtaken(j job.Job, err error) error {
	if fault.Is(err, fault.Stale) {
		return fault.New(fault.Conflict, "job_ended", "job", string(j.ID), "state", string(job.Cancelled))
	}
	return err
}

// draft makes a job of what the caller wants, and chooses its targets.
func (s *Service) draft(ctx context.Context, by account.Actor, in NewJob) (job.Job, []job.Candidate, error) {
	now := s.clock.Now()
	if err := by.Can(account.CommandsWrite); err != nil {
		return job.Job{}, nil, err
	}
	j := job.Job{
		ID: ident.New[ident.JobID](now), Organisation: by.Organisation, Kind: in.Kind, Input: in.Input, Filter: in.Filter,
		Concurrency: orElse(in.Concurrency, job.ConcurrencyDefault), PerMinute: in.PerMinute, Offline: orElse(in.Offline, job.Wait),
		Term: orElse(in.Term, job.TermDefault), Deadline: now.Add(orElse(in.Lasts, job.DeadlineDefault)), RetryOf: in.RetryOf,
		By: by.Key, ByName: by.Name, CreatedAt: now, Version: 1,
	}
	if in.RetryOf != "" {
		was, err := s.store.Job(ctx, by.Organisation, in.RetryOf)
		if fault.Is(err, fault.NotFound) {
			return j, nil, fault.InvalidField("/retry_of", "job_unknown", "is no job of this organisation")
		}
		if err != nil {
			return j, nil, err
		}
		j.Kind, j.Input = was.Kind, was.Input
	}
	if err := by.Can(j.Kind.Scope()); err != nil {
		return j, nil, err
	}
	if err := job.Check(j); err != nil {
		return j, nil, err
	}
	chosen, err := s.choose(ctx, j, in)
	return j, chosen, err
}

func orElse[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// choose returns the stations that in means, each once.
func (s *Service) choose(ctx context.Context, j job.Job, in NewJob) ([]job.Candidate, error) {
	switch {
	case in.RetryOf != "":
		return s.again(ctx, j, in.RetryStates)
	case len(in.Stations) > 0:
		return s.listed(ctx, j, in.Stations)
	case in.Filter == job.Filter{}:
		return nil, fault.InvalidField("/stations", "required", `stations or filter say which; {"vendor": "*"} is every station`)
	}
	return s.filtered(ctx, j)
}

// listed returns the listed stations that the filter chooses.
func (s *Service) listed(ctx context.Context, j job.Job, refs []string) ([]job.Candidate, error) {
	var chosen []job.Candidate
	var unknown []fault.Field
	seen := map[ident.StationID]bool{}
	for i, ref := range refs {
		c, err := s.store.Candidate(ctx, j.Organisation, ref)
		switch {
		case fault.Is(err, fault.NotFound):
			if len(unknown) < unknownMax {
				unknown = append(unknown, fault.Field{
					Pointer: "/stations/" + strconv.Itoa(i), Code: "station_unknown", Detail: "is no station of this organisation",
				})
			}
		case err != nil:
			return nil, err
		case !seen[c.Station] && j.Filter.Matches(c):
			seen[c.Station] = true
			chosen = append(chosen, c)
		}
	}
	if len(unknown) > 0 {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "invalid_input", Fields: unknown}
	}
	return chosen, bounded(chosen)
}

// filtered returns all stations that the filter chooses.
func (s *Service) filtered(ctx context.Context, j job.Job) ([]job.Candidate, error) {
	var chosen []job.Candidate
	var after ident.Identity
	for {
		some, err := s.store.Candidates(ctx, j.Organisation, after, choiceMax)
		if err != nil {
			return nil, err
		}
		for _, c := range some {
			if j.Filter.Matches(c) {
				chosen = append(chosen, c)
			}
		}
		if err := bounded(chosen); err != nil || len(some) < choiceMax {
			return chosen, err
		}
		after = some[len(some)-1].Identity
	}
}

// again returns the targets of the job that is retried that ended in one of
// states, as far as their stations are still there.
func (s *Service) again(ctx context.Context, j job.Job, states []job.TargetState) ([]job.Candidate, error) {
	if len(states) == 0 {
		states = []job.TargetState{job.Failed}
	}
	var chosen []job.Candidate
	for q := (page.Query{Limit: page.Max}); ; {
		some, err := s.store.Targets(ctx, j.RetryOf, states, q)
		if err != nil {
			return nil, err
		}
		for _, t := range some.Items {
			c, err := s.store.Candidate(ctx, j.Organisation, string(t.Station))
			switch {
			case fault.Is(err, fault.NotFound):
			case err != nil:
				return nil, err
			default:
				chosen = append(chosen, c)
			}
		}
		if q.Cursor = some.Next; q.Cursor == "" {
			return chosen, nil
		}
	}
}

func bounded(chosen []job.Candidate) error {
	if len(chosen) <= job.TargetsMax {
		return nil
	}
	return fault.InvalidField("/filter", "too_many", "chooses more than "+strconv.Itoa(job.TargetsMax)+" stations")
}

// Cancel keeps what is pending of a job from being begun and calls back what
// has not left yet; what is on its way is followed to its end. One that has
// ended is Conflict.
func (s *Service) Cancel(ctx context.Context, by account.Actor, id ident.JobID) (job.Job, error) {
	if err := by.Can(account.CommandsWrite); err != nil {
		return job.Job{}, err
	}
	for {
		was, err := s.store.Job(ctx, by.Organisation, id)
		if err != nil {
			return was, err
		}
		next, err := was.Cancel()
		if err != nil {
			return was, err
		}
		now := s.clock.Now()
		set := &change.Set{Jobs: []job.Job{next}, Events: []event.Event{jobEvent(event.JobUpdated, &next, now)}}
		err = s.commit(ctx, by, "job.cancel", next, set)
		if !fault.Is(err, fault.Stale) {
			return next, err
		}
	}
}

// deed is what the audit trail tells of a job.
type deed struct {
	Kind    job.Kind    `json:"kind"`
	Targets int64       `json:"targets"`
	RetryOf ident.JobID `json:"retry_of,omitzero"`
}

// commit makes set durable with its line of the audit trail.
func (s *Service) commit(ctx context.Context, by account.Actor, action string, j job.Job, set *change.Set) error {
	detail, err := json.Marshal(deed{j.Kind, j.Counts.Total(), j.RetryOf})
	if err != nil {
		return err
	}
	now := s.clock.Now()
	set.Audits = append(set.Audits, account.Audit{
		ID: ident.New[ident.AuditID](now), Organisation: by.Organisation, By: by.Key, ByName: by.Name,
		Action: action, Subject: string(j.ID), At: now, Detail: string(detail),
	})
	return s.store.Commit(ctx, set)
}

func jobEvent(t event.Type, j *job.Job, at time.Time) event.Event {
	return event.Event{
		Type: t, Organisation: j.Organisation, Subject: string(j.ID), Version: j.Version, At: at, Data: job.NoticeOf(j),
	}
}
