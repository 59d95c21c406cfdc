package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/event"
	"pylon/internal/domain/job"
	"pylon/internal/flow/fleet"
	"pylon/internal/flow/jobs"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

func TestEveryTargetGetsItsResult(t *testing.T) {
	w := newWorld(t)
	ids := w.stations(4)
	w.connect(ids[0], yes)
	w.connect(ids[1], no)
	w.connect(ids[2], silence)
	w.work()
	made := w.create(jobs.NewJob{Stations: []string{"CP-0", "CP-1", string(ids[2]), "CP-3", "CP-0"}, Offline: job.Skip, Term: 5 * time.Second})
	if made.State != job.Queued || made.Counts.Pending != 4 {
		t.Errorf("made as %+v", made)
	}
	done := w.until(made.ID, job.Job.Finished)
	if want := (job.Counts{Succeeded: 1, Failed: 2, Skipped: 1}); done.State != job.Completed || done.Counts != want {
		t.Errorf("got %s %+v, want completed %+v", done.State, done.Counts, want)
	}
	targets := w.targets(made.ID)
	for i, want := range []struct {
		state  job.TargetState
		code   string
		detail string
	}{
		{job.Succeeded, "", ""}, {job.Failed, "NotSupported", "never heard of it"}, {job.Failed, "no_answer", ""}, {job.Skipped, "station_offline", ""},
	} {
		got := targets[ids[i]]
		if got.State != want.state || got.ErrorCode != want.code || got.ErrorDetail != want.detail || (got.Command == "") != (i == 3) {
			t.Errorf("station %d: got %+v, want %+v", i, got, want)
		}
	}
	told := w.told(made.ID)
	if len(told) < 2 || told[0] != event.JobCreated || told[len(told)-1] != event.JobFinished {
		t.Errorf("told %v", told)
	}
}

func TestAnOfflineStationIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	ids := w.stations(3)
	w.connect(ids[1], yes)
	w.work()
	made := w.create(jobs.NewJob{Filter: job.Filter{Vendor: "acme"}, Concurrency: 1, Lasts: time.Hour})
	w.until(made.ID, func(j job.Job) bool { return j.Counts.Succeeded == 1 }) // the others do not hold it up
	w.connect(ids[0], yes)
	w.until(made.ID, func(j job.Job) bool { return j.Counts.Succeeded == 2 })
	w.clock.Skip(time.Hour)
	done := w.until(made.ID, job.Job.Finished)
	if got := w.targets(made.ID)[ids[2]]; got.State != job.Skipped || got.ErrorCode != "deadline_passed" || done.State != job.Completed {
		t.Errorf("got %+v, job %s", got, done.State)
	}
}

func TestConcurrencyIsKept(t *testing.T) {
	w := newWorld(t)
	ids := w.stations(12)
	var running, most atomic.Int64
	slow := func(c command.Command) *fleet.Answered {
		n := running.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-w.clock.After(time.Second)
		running.Add(-1)
		return yes(c)
	}
	for _, id := range ids {
		w.connect(id, slow)
	}
	w.work()
	made := w.create(jobs.NewJob{Filter: job.Filter{Vendor: "*"}, Concurrency: 3})
	done := w.until(made.ID, job.Job.Finished)
	if got := most.Load(); got != 3 || done.Counts.Succeeded != 12 {
		t.Errorf("got %d at once, %+v, want 3 and 12 done", got, done.Counts)
	}
}

// The rows alone tell how to go on: no station is asked twice.
func TestAJobSurvivesARestart(t *testing.T) {
	w := newWorld(t)
	ids := w.stations(20)
	answers := make(chan struct{})
	var sockets []*socket
	for _, id := range ids {
		sockets = append(sockets, w.connect(id, func(c command.Command) *fleet.Answered {
			<-answers
			return yes(c)
		}))
	}
	made := w.create(jobs.NewJob{Filter: job.Filter{Vendor: "*"}, Concurrency: 8, Term: time.Hour})
	stop := w.work()
	w.until(made.ID, func(j job.Job) bool { return j.Counts.InProgress == 8 })
	stop()
	close(answers)
	w.work()
	done := w.until(made.ID, job.Job.Finished)
	if done.Counts.Succeeded != 20 {
		t.Errorf("got %+v", done.Counts)
	}
	for i, s := range sockets {
		if got := s.times(); got != 1 {
			t.Errorf("station %d was asked %d times", i, got)
		}
	}
}

func TestTwoRunnersAskOnce(t *testing.T) {
	w := newWorld(t)
	var sockets []*socket
	for _, id := range w.stations(20) {
		sockets = append(sockets, w.connect(id, yes))
	}
	made := w.create(jobs.NewJob{Filter: job.Filter{Vendor: "*"}, Concurrency: 10})
	w.work()
	w.work()
	if done := w.until(made.ID, job.Job.Finished); done.Counts.Succeeded != 20 {
		t.Errorf("got %+v", done.Counts)
	}
	for i, s := range sockets {
		if got := s.times(); got != 1 {
			t.Errorf("station %d was asked %d times", i, got)
		}
	}
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	ids := w.stations(3)
	answers := make(chan struct{})
	for _, id := range ids {
		w.connect(id, func(c command.Command) *fleet.Answered {
			<-answers
			return yes(c)
		})
	}
	w.work()
	made := w.create(jobs.NewJob{Filter: job.Filter{Vendor: "*"}, Concurrency: 1, Term: time.Hour})
	w.until(made.ID, func(j job.Job) bool { return j.Counts.InProgress == 1 })
	cancelled, err := w.jobs.Cancel(t.Context(), w.by, made.ID)
	if err != nil || cancelled.State != job.Cancelled || cancelled.Finished() {
		t.Fatalf("got %+v, %v", cancelled, err)
	}
	w.until(made.ID, func(j job.Job) bool { return j.Counts.Dropped == 2 })
	close(answers) // what is on its way is followed to its end
	done := w.until(made.ID, job.Job.Finished)
	if want := (job.Counts{Succeeded: 1, Dropped: 2}); done.State != job.Cancelled || done.Counts != want {
		t.Errorf("got %s %+v, want %+v", done.State, done.Counts, want)
	}
	if _, err := w.jobs.Cancel(t.Context(), w.by, made.ID); fault.CodeOf(err) != "job_ended" {
		t.Errorf("again: got %v", err)
	}
	if _, err := w.jobs.Cancel(t.Context(), w.by, ident.New[ident.JobID](w.clock.Now())); !fault.Is(err, fault.NotFound) {
		t.Errorf("another: got %v", err)
	}
}

func TestRetry(t *testing.T) {
	w := newWorld(t)
	ids := w.stations(3)
	var works atomic.Bool
	w.connect(ids[0], yes)
	w.connect(ids[1], func(c command.Command) *fleet.Answered {
		if works.Load() {
			return yes(c)
		}
		return no(c)
	})
	w.work()
	first := w.create(jobs.NewJob{
		Kind: job.Kind(command.Trigger), Input: job.Input{Command: command.Input{Message: "Heartbeat"}}, Filter: job.Filter{Vendor: "*"}, Offline: job.Skip,
	})
	w.until(first.ID, job.Job.Finished)
	works.Store(true)
	again := w.create(jobs.NewJob{RetryOf: first.ID})
	if again.Kind != first.Kind || again.Input.Command.Message != "Heartbeat" || again.Counts.Pending != 1 {
		t.Errorf("made as %+v", again)
	}
	if done := w.until(again.ID, job.Job.Finished); done.Counts.Succeeded != 1 {
		t.Errorf("got %+v", done.Counts)
	}
	both := w.create(jobs.NewJob{RetryOf: first.ID, RetryStates: []job.TargetState{job.Failed, job.Skipped}, Offline: job.Skip})
	if both.Counts.Pending != 2 {
		t.Errorf("with the skipped: got %+v", both.Counts)
	}
}

func TestSetDesired(t *testing.T) {
	w := newWorld(t)
	ids := w.stations(2)
	w.connect(ids[0], yes)
	w.work()
	made := w.create(jobs.NewJob{
		Kind: job.SetDesired, Filter: job.Filter{Vendor: "*"}, Offline: job.Skip,
		Input: job.Input{Desired: device.Wishes{Set: []device.Setting{{Name: device.Name{Component: "OCPPCommCtrlr", Variable: "HeartbeatInterval"}, Value: "60"}}}},
	})
	done := w.until(made.ID, job.Job.Finished)
	if done.Counts.Succeeded != 2 { // a station that is away gets it when it comes
		t.Errorf("got %+v", done.Counts)
	}
	for _, id := range ids {
		plan, err := w.store.Plan(t.Context(), id)
		if err != nil || len(plan.Desired) != 1 || plan.Desired[0].Value != "60" {
			t.Errorf("got %+v, %v", plan, err)
		}
	}
}

func TestManyTargets(t *testing.T) {
	w := newWorld(t)
	w.stations(1234)
	made := w.create(jobs.NewJob{Filter: job.Filter{Vendor: "*"}})
	counts, err := w.store.CountTargets(t.Context(), made.ID)
	if err != nil || counts.Pending != 1234 || made.Counts.Pending != 1234 {
		t.Errorf("got %+v and %+v, %v", counts, made.Counts, err)
	}
}

// A job whose making was broken off never runs.
func TestAHalfMadeJobEnds(t *testing.T) {
	w := newWorld(t)
	ids := w.stations(1)
	s := w.connect(ids[0], yes)
	now := w.clock.Now()
	half := job.Job{
		ID: ident.New[ident.JobID](now), Organisation: w.org.ID, Kind: job.Kind(command.ClearCache), State: job.Preparing, Concurrency: 1,
		Offline: job.Wait, Term: time.Minute, Deadline: now.Add(time.Hour), Counts: job.Counts{Pending: 2}, CreatedAt: now, Version: 1,
	}
	target := job.Target{Job: half.ID, Organisation: w.org.ID, Station: ids[0], State: job.Pending, At: now, Version: 1}
	w.must(w.store.Commit(t.Context(), &change.Set{Jobs: []job.Job{half}, Targets: []job.Target{target}}))
	w.work()
	w.clock.Skip(3 * time.Minute)
	done := w.until(half.ID, job.Job.Finished)
	if done.State != job.Cancelled || done.Counts.Dropped != 1 || s.times() != 0 {
		t.Errorf("got %s %+v, asked %d times", done.State, done.Counts, s.times())
	}
}

func TestCreateIsRefused(t *testing.T) {
	w := newWorld(t)
	w.stations(2)
	mayRead := account.Actor{Organisation: w.org.ID, Scopes: []account.Scope{account.CommandsRead}}
	mayAsk := account.Actor{Organisation: w.org.ID, Scopes: []account.Scope{account.CommandsWrite}}
	cache := job.Kind(command.ClearCache)
	for _, c := range []struct {
		name    string
		by      account.Actor
		in      jobs.NewJob
		kind    fault.Kind
		pointer string
	}{
		{"without scope", mayRead, jobs.NewJob{Kind: cache, Stations: []string{"CP-0"}}, fault.Forbidden, ""},
		{"desired values without theirs", mayAsk, jobs.NewJob{Kind: job.SetDesired, Stations: []string{"CP-0"}}, fault.Forbidden, ""},
		{"for nobody", w.by, jobs.NewJob{Kind: cache}, fault.Invalid, "/stations"},
		{"for none that is there", w.by, jobs.NewJob{Kind: cache, Filter: job.Filter{Vendor: "nobody"}}, fault.Invalid, "/filter"},
		{"for an unknown station", w.by, jobs.NewJob{Kind: cache, Stations: []string{"CP-0", "CP-9"}}, fault.Invalid, "/stations/1"},
		{"again of nothing", w.by, jobs.NewJob{RetryOf: ident.New[ident.JobID](w.clock.Now())}, fault.Invalid, "/retry_of"},
		{"without what the command needs", w.by, jobs.NewJob{Kind: job.Kind(command.Trigger), Stations: []string{"CP-0"}}, fault.Invalid, "/command/message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.jobs.Create(t.Context(), c.by, c.in)
			e, ok := errors.AsType[*fault.Error](err)
			if !ok || e.Kind != c.kind || c.pointer != "" && (len(e.Fields) != 1 || e.Fields[0].Pointer != c.pointer) {
				t.Errorf("got %v, want kind %d at %s", err, c.kind, c.pointer)
			}
		})
	}
	if open, err := w.store.OpenJobs(t.Context(), 10, 10); err != nil || len(open) != 0 {
		t.Errorf("left behind: %+v, %v", open, err)
	}
}

func TestPreview(t *testing.T) {
	w := newWorld(t)
	ids := w.stations(3)
	w.connect(ids[2], yes)
	got, err := w.jobs.Preview(t.Context(), w.by, jobs.NewJob{
		Kind: job.Kind(command.ClearCache), Stations: []string{"CP-2", "CP-0"}, Filter: job.Filter{Vendor: "ACME"},
	})
	if err != nil || len(got) != 2 || got[0].Identity != "CP-2" || !got[0].Online || got[1].Online {
		t.Errorf("got %+v, %v", got, err)
	}
	if open, err := w.store.OpenJobs(t.Context(), 10, 10); err != nil || len(open) != 0 {
		t.Errorf("made: %+v, %v", open, err)
	}
}

func TestPaceIsKept(t *testing.T) {
	w := newWorld(t)
	for _, id := range w.stations(5) {
		w.connect(id, yes)
	}
	w.work()
	made := w.create(jobs.NewJob{Filter: job.Filter{Vendor: "*"}, PerMinute: 6})
	w.until(made.ID, job.Job.Finished)
	var first, last time.Time
	for _, target := range w.targets(made.ID) {
		c, err := w.store.Command(t.Context(), w.org.ID, target.Command)
		w.must(err)
		if first.IsZero() || c.CreatedAt.Before(first) {
			first = c.CreatedAt
		}
		if c.CreatedAt.After(last) {
			last = c.CreatedAt
		}
	}
	if got := last.Sub(first); got < 30*time.Second { // four gaps of 10 s, and the machine may begin the first late
		t.Errorf("the last began %s after the first, want 40 s", got)
	}
}

// hasty is a store in which somebody cancels each job as soon as it is there.
type hasty struct {
	jobs.Store
	jobs *jobs.Service
	by   account.Actor
}

func (h *hasty) Commit(ctx context.Context, set *change.Set) error {
	err := h.Store.Commit(ctx, set)
	if err == nil && len(set.Jobs) == 1 && set.Jobs[0].State == job.Preparing {
		_, err = h.jobs.Cancel(ctx, h.by, set.Jobs[0].ID)
	}
	return err
}

func TestAJobThatIsCancelledWhileItIsMade(t *testing.T) {
	w := newWorld(t)
	w.stations(3)
	h := &hasty{Store: w.store, jobs: w.jobs, by: w.by}
	made := jobs.New(h, w.fleet, w.clock, slog.New(slog.DiscardHandler))
	j, err := made.Create(t.Context(), w.by, jobs.NewJob{Kind: job.Kind(command.ClearCache), Filter: job.Filter{Vendor: "*"}})
	if fault.CodeOf(err) != "job_ended" || !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v, want job_ended", err)
	}
	w.work()
	if done := w.until(j.ID, job.Job.Finished); done.Counts.Total() != 0 || len(w.targets(j.ID)) != 0 {
		t.Errorf("got %+v, want no target", done)
	}
}

func TestAJobEndsWithItsKey(t *testing.T) {
	w := newWorld(t)
	ids := w.stations(2)
	key := account.Key{ID: ident.New[ident.KeyID](w.clock.Now()), Organisation: w.org.ID, Hash: [32]byte{1}, CreatedAt: w.clock.Now(), Version: 1}
	w.must(w.store.Commit(t.Context(), &change.Set{Keys: []account.Key{key}}))
	w.by.Key = key.ID
	w.connect(ids[0], yes)
	w.work()
	made := w.create(jobs.NewJob{Filter: job.Filter{Vendor: "*"}})
	w.until(made.ID, func(j job.Job) bool { return j.Counts.Succeeded == 1 })
	key.RevokedAt, key.Version = w.clock.Now(), 2
	w.must(w.store.Commit(t.Context(), &change.Set{Keys: []account.Key{key}}))
	done := w.until(made.ID, job.Job.Finished)
	if want := (job.Counts{Succeeded: 1, Dropped: 1}); done.State != job.Cancelled || done.Counts != want {
		t.Errorf("got %s %+v, want cancelled %+v", done.State, done.Counts, want)
	}
}
