package jobs

import (
	"context"
	"errors"
	"sync"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/event"
	"pylon/internal/domain/job"
	"pylon/internal/domain/lease"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

const (
	busyEvery = 250 * time.Millisecond // while commands are on their way: most are answered by then
	idleEvery = 2 * time.Second        // while all wait for their stations
	tellEvery = time.Second            // counts of a large job take milliseconds, and nobody reads faster

	// idleShare is how many times as long as looking took a job sleeps that waits:
	// a hundred thousand stations that are away shall cost next to nothing.
	idleShare = 50

	// prepareTerm is what a job gets to be made: a request has half a minute.
	prepareTerm = 2 * time.Minute
	// atOnce bounds the targets that begin together, so that their commits share
	// the disk and stations are not kept waiting behind them.
	atOnce = 32
)

// runner carries out one job. What it keeps in memory is when it did things; all
// else is in the rows.
type runner struct {
	*Service
	id       ident.JobID
	under    lease.Grant
	pace     pace
	counted  time.Time
	moved    bool // since the targets were counted
	recalled bool // a cancelled job's commands have been called back
}

// run takes steps until the job has finished or ctx ends.
func (r *runner) run(ctx context.Context) {
	for {
		finished, wait, err := r.step(ctx)
		if finished || ctx.Err() != nil {
			return
		}
		if err != nil && !fault.Is(err, fault.Stale) { // stale: somebody cancelled it, or is quicker
			r.log.Warn("job goes on later", "job", r.id, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-r.clock.After(wait):
		}
	}
}

// step does what is due: targets whose command has ended end, and others begin.
// The next is due after wait.
func (r *runner) step(ctx context.Context) (finished bool, wait time.Duration, err error) {
	j, err := r.store.Job(ctx, "", r.id)
	if err != nil || j.Finished() {
		return err == nil || fault.Is(err, fault.NotFound), idleEvery, err
	}
	now, since := r.clock.Now(), r.clock.Steady()
	if j.State == job.Preparing {
		return false, idleEvery, r.abandon(ctx, j, now)
	}
	if err := r.obey(ctx, &j, now); err != nil {
		return false, idleEvery, err
	}
	flying, landed, err := r.land(ctx)
	if err != nil {
		return false, idleEvery, err
	}
	began := 0
	switch {
	case j.State == job.Cancelled:
		err = r.recall(ctx, j, flying, now)
	case !now.Before(j.Deadline):
		err = r.endPending(ctx, j, job.Skipped, "deadline_passed", now)
	default:
		began, err = r.begin(ctx, j, len(flying), now)
	}
	r.moved = r.moved || began+landed > 0 || j.State == job.Cancelled || !now.Before(j.Deadline)
	if err != nil {
		return false, idleEvery, err
	}
	finished, err = r.tell(ctx, j)
	switch {
	case began == atOnce: // there are more
		return finished, 0, err
	case began+landed+len(flying) > 0:
		return finished, busyEvery, err
	}
	return finished, max(idleEvery, idleShare*r.clock.Steady().Sub(since)), err
}

// commit makes durable what the runner wants under its lease.
func (r *runner) commit(ctx context.Context, set *change.Set) error {
	set.Under = r.under
	return r.store.Commit(ctx, set)
}

// obey cancels a job whose key was revoked since: what its holder wanted is not
// wanted any more.
func (r *runner) obey(ctx context.Context, j *job.Job, now time.Time) error {
	if j.By == "" || j.State == job.Cancelled {
		return nil
	}
	key, err := r.store.Key(ctx, j.Organisation, j.By)
	switch {
	case fault.Is(err, fault.NotFound):
	case err != nil, key.RevokedAt.IsZero():
		return err
	}
	return r.cancel(ctx, j, now)
}

func (r *runner) cancel(ctx context.Context, j *job.Job, now time.Time) error {
	next, err := j.Cancel()
	if err != nil {
		return err
	}
	*j = next
	return r.commit(ctx, &change.Set{Jobs: []job.Job{next}, Events: []event.Event{jobEvent(event.JobUpdated, &next, now)}})
}

// abandon ends a job whose making was broken off.
func (r *runner) abandon(ctx context.Context, j job.Job, now time.Time) error {
	if now.Sub(j.CreatedAt) < prepareTerm {
		return nil
	}
	return r.cancel(ctx, &j, now)
}

// land ends the targets whose commands have finished, so many, and returns the
// others.
func (r *runner) land(ctx context.Context) (flying []job.Flight, landed int, err error) {
	flights, err := r.store.Flights(ctx, r.id)
	if err != nil {
		return nil, 0, err
	}
	set := new(change.Set)
	for _, f := range flights {
		if !f.Asked.Finished() {
			flying = append(flying, f)
			continue
		}
		set.Targets = append(set.Targets, f.Land())
	}
	if len(set.Targets) == 0 {
		return flying, 0, nil
	}
	return flying, len(set.Targets), r.commit(ctx, set)
}

// begin asks as many stations as the job's concurrency and pace allow, and
// returns how many.
func (r *runner) begin(ctx context.Context, j job.Job, flying int, now time.Time) (int, error) {
	room := r.pace.room(now, j.PerMinute, min(j.Concurrency-flying, atOnce))
	if room <= 0 {
		return 0, nil
	}
	online := j.Offline == job.Wait && j.Kind != job.SetDesired // what is desired of a station waits by itself
	pending, err := r.store.PendingTargets(ctx, r.id, online, room)
	if err != nil {
		return 0, err
	}
	var all sync.WaitGroup
	errs := make([]error, len(pending))
	for i, t := range pending {
		all.Go(func() { errs[i] = r.ask(ctx, j, t) })
	}
	all.Wait()
	r.pace.took(j.PerMinute, len(pending))
	for _, err := range errs {
		if err != nil && !fault.Is(err, fault.Stale) {
			return len(pending), err
		}
	}
	return len(pending), nil
}

// ask does at one station what the job is for. Why a station cannot be asked is
// the end of its target; what keeps us from asking any is an error.
func (r *runner) ask(ctx context.Context, j job.Job, t job.Target) error {
	var err error
	if j.Kind == job.SetDesired {
		err = r.desire(ctx, j, t)
	} else {
		err = r.command(ctx, j, t)
	}
	if err == nil {
		return nil
	}
	end := job.Failed
	switch fault.KindOf(err) {
	case fault.Conflict:
		if fault.CodeOf(err) == "station_offline" && j.Offline == job.Wait {
			return nil // it has just left
		}
		if fault.CodeOf(err) == "station_offline" {
			end = job.Skipped
		}
	case fault.NotFound:
		end = job.Skipped // the station was removed
	case fault.Invalid, fault.Forbidden:
	case fault.Internal, fault.Unauthorised, fault.Stale, fault.Precondition, fault.Exhausted, fault.Unavailable, fault.TimedOut, fault.UpstreamFailed:
		return err
	}
	return r.commit(ctx, &change.Set{Targets: []job.Target{t.End(end, fault.CodeOf(err), reason(err), r.clock.Now())}})
}

// command gives a station the job's command.
func (r *runner) command(ctx context.Context, j job.Job, t job.Target) error {
	_, err := r.stations.Command(ctx, actor(j), string(t.Station), fleet.NewCommand{
		Type: command.Type(j.Kind), Input: j.Input.Command, Timeout: j.Term,
		Along: func(c command.Command, set *change.Set) {
			set.Targets = append(set.Targets, t.Begin(c.ID, c.CreatedAt))
			set.Under = r.under
		},
	})
	return err
}

// desire changes what is desired of a station, which may be away. Should the
// process end between the two commits it is done again, and comes to the same.
func (r *runner) desire(ctx context.Context, j job.Job, t job.Target) error {
	if _, err := r.stations.SetDesired(ctx, actor(j), string(t.Station), j.Input.Desired, 0); err != nil {
		return err
	}
	return r.commit(ctx, &change.Set{Targets: []job.Target{t.End(job.Succeeded, "", "", r.clock.Now())}})
}

// reason tells which rule an error is about, "" when its code says it all.
func reason(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok && len(e.Fields) > 0 {
		return e.Fields[0].Pointer + ": " + e.Fields[0].Detail
	}
	return ""
}

// actor is who asks stations for a job: whoever made it.
func actor(j job.Job) account.Actor {
	return account.Actor{
		Organisation: j.Organisation, Key: j.By, Name: j.ByName, Scopes: []account.Scope{account.CommandsWrite, j.Kind.Scope()},
	}
}

// recall ends what a cancelled job has not begun, and calls back, once, what
// has not left.
func (r *runner) recall(ctx context.Context, j job.Job, flying []job.Flight, now time.Time) error {
	if !r.recalled {
		for _, f := range flying {
			if f.Asked.State != command.Queued {
				continue
			}
			if _, err := r.stations.CancelCommand(ctx, actor(j), f.Command); err != nil && !fault.Is(err, fault.Conflict) {
				return err
			}
		}
		r.recalled = true
	}
	return r.endPending(ctx, j, job.Dropped, "cancelled", now)
}

// endPending ends all targets that nobody has begun.
func (r *runner) endPending(ctx context.Context, j job.Job, end job.TargetState, code string, now time.Time) error {
	for {
		pending, err := r.store.PendingTargets(ctx, j.ID, false, chunkMax)
		if err != nil || len(pending) == 0 {
			return err
		}
		set := new(change.Set)
		for _, t := range pending {
			set.Targets = append(set.Targets, t.End(end, code, "", now))
		}
		if err := r.commit(ctx, set); err != nil {
			return err
		}
	}
}

// tell writes how far the job has come, now and then, and its end.
func (r *runner) tell(ctx context.Context, j job.Job) (finished bool, err error) {
	now := r.clock.Now()
	if since := now.Sub(r.counted); !r.moved || since >= 0 && since < tellEvery {
		return false, nil
	}
	r.counted = now
	counts, err := r.store.CountTargets(ctx, j.ID)
	if err != nil {
		return false, err
	}
	if counts == j.Counts && counts.Open() > 0 {
		r.moved = false
		return false, nil
	}
	next := j.Progress(counts, now)
	what := event.JobUpdated
	if next.Finished() {
		what = event.JobFinished
	}
	err = r.commit(ctx, &change.Set{Jobs: []job.Job{next}, Events: []event.Event{jobEvent(what, &next, now)}})
	r.moved = err != nil
	return next.Finished(), err
}

// pace spreads beginnings over the minute. A restart begins a new minute, never
// a burst.
type pace struct {
	next time.Time // when the next may begin
}

// slack is how far behind its pace a job may catch up: what it sleeps at most,
// and a little.
const slack = 2 * idleEvery

// room returns how many may begin now, at most wanted.
func (p *pace) room(now time.Time, perMinute, wanted int) int {
	if perMinute == 0 {
		return wanted
	}
	share := time.Minute / time.Duration(perMinute)
	if p.next.Before(now.Add(-slack)) || p.next.After(now.Add(share)) { // idle before, or the clock was set
		p.next = now
	}
	if p.next.After(now) {
		return 0
	}
	return min(wanted, 1+int(now.Sub(p.next)/share))
}

// took notes that n have begun.
func (p *pace) took(perMinute, n int) {
	if perMinute > 0 {
		p.next = p.next.Add(time.Duration(n) * (time.Minute / time.Duration(perMinute)))
	}
}
