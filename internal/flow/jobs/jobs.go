// Package jobs asks the same of many stations: it makes jobs, and carries them
// out at their pace.
//
// Guarantees: a job's targets are chosen once, when it is made; each gets its
// command at most once, because the command and the target's step are one commit
// and the target's version refuses a second; whatever happens to the process,
// the rows tell how to go on. A caller needs the scopes that the same thing at a
// single station needs; when his key is revoked, the job is cancelled.
package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/job"
	"pylon/internal/domain/lease"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// Store is what jobs needs of the database. Look-ups that find nothing return
// an error of kind NotFound.
type Store interface {
	Commit(ctx context.Context, set *change.Set) error
	Job(ctx context.Context, org ident.OrganisationID, id ident.JobID) (job.Job, error)
	OpenJobs(ctx context.Context, share, limit int) ([]ident.JobID, error)
	Targets(ctx context.Context, id ident.JobID, states []job.TargetState, q page.Query) (page.Result[job.Target], error)
	PendingTargets(ctx context.Context, id ident.JobID, online bool, limit int) ([]job.Target, error)
	Flights(ctx context.Context, id ident.JobID) ([]job.Flight, error)
	CountTargets(ctx context.Context, id ident.JobID) (job.Counts, error)
	Candidates(ctx context.Context, org ident.OrganisationID, after ident.Identity, limit int) ([]job.Candidate, error)
	Candidate(ctx context.Context, org ident.OrganisationID, ref string) (job.Candidate, error)
	Key(ctx context.Context, org ident.OrganisationID, id ident.KeyID) (account.Key, error)
}

// Stations is what jobs wants done at stations.
type Stations interface {
	Command(ctx context.Context, by account.Actor, ref string, in fleet.NewCommand) (command.Command, error)
	CancelCommand(ctx context.Context, by account.Actor, id ident.CommandID) (command.Command, error)
	SetDesired(ctx context.Context, by account.Actor, ref string, w device.Wishes, tag int64) (device.Plan, error)
}

// Service makes jobs and, while Run runs, carries them out. Its methods are safe
// for concurrent use.
type Service struct {
	store    Store
	stations Stations
	clock    clock.Clock
	log      *slog.Logger
}

// New returns a Service; it needs all four.
func New(store Store, stations Stations, c clock.Clock, log *slog.Logger) *Service {
	return &Service{store: store, stations: stations, clock: c, log: log}
}

const (
	lookEvery = time.Second // for jobs that were made
	jobsMax   = 128         // that are carried out at once; the younger ones are queued
	jobsShare = 16          // of these, an organisation's: its jobs may wait for stations for a week
)

// Run carries out jobs until ctx ends. What is under way then goes on with the
// next Run, on whatever node. One node does it at a time: what it commits names
// the lease under which it does, and one that slept through its end asks nobody
// for anything.
func (s *Service) Run(ctx context.Context, under lease.Grant) error {
	var runners sync.WaitGroup
	defer runners.Wait()
	var mu sync.Mutex
	running := map[ident.JobID]struct{}{} // guarded by mu
	ticks, stop := s.clock.Ticker(lookEvery)
	defer stop()
	for {
		open, err := s.store.OpenJobs(ctx, jobsShare, jobsMax)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("jobs not found", "error", err)
		}
		for _, id := range open {
			mu.Lock()
			_, known := running[id]
			running[id] = struct{}{}
			mu.Unlock()
			if known {
				continue
			}
			runners.Go(func() {
				(&runner{Service: s, id: id, under: under, moved: true}).run(ctx)
				mu.Lock()
				defer mu.Unlock()
				delete(running, id)
			})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
	}
}
