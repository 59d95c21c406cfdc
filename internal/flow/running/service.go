package running

import (
	"container/heap"
	"context"
	"log/slog"
	"sync"
	"time"

	"pylon/internal/domain/event"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	"pylon/internal/flow/billing"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

const (
	// tellEvery is how often readings alone are told of a session: a driver sees the
	// cost move, and a station that samples every second makes no work of it. Over
	// mobile networks each message costs, too: OCPP 2.0.1 part 2, I02 remark.
	tellEvery = 30 * time.Second
	// answerTerm is what the answer to a station's report of an end waits for its cost;
	// stations wait for an answer for half a minute. It goes out without it after that.
	answerTerm = 500 * time.Millisecond
	// runningTerm is the same for reports while it charges, of which another follows.
	runningTerm = 100 * time.Millisecond
	// answerGrace is when we tell what an answer could have told and did not.
	answerGrace = time.Second
	// restTimes is how many times as long as it took to reckon a cost nobody reckons
	// the next: a tenth of one processor at most goes into this. More sessions than
	// that suffices for are told of less often.
	restTimes = 9
	// followMost bounds the sessions that are followed: more than a node has stations.
	followMost = 100_000
	// sweepEvery is how often those are looked for of whom nobody hears any more.
	sweepEvery = 10 * time.Minute
	// forgetAfter is when a session is followed no more that nobody has reported of:
	// its station is another node's by now, or gone.
	forgetAfter = 2 * time.Hour
	// freeTerm is how long an organisation is taken to price nothing that has not
	// published a tariff.
	freeTerm = 30 * time.Second
	// offersMost bounds the drivers who wait to be told a price: one who waits longer
	// than some seconds charges already.
	offersMost = 64
)

// Feed shows events to whoever listens.
type Feed interface {
	Publish(events []event.Recorded)
}

// Options are what a Service is made of; all but Receipts are needed.
type Options struct {
	Store    billing.Store
	Rate     billing.Rater // of bills
	Feed     Feed
	Clock    clock.Clock
	Log      *slog.Logger
	Receipts string // URL of a session's receipt, with {session} in it; "": drivers have no such page
}

// Service tells what sessions cost. Its methods are safe for concurrent use.
type Service struct {
	Options
	settler   *billing.Settler
	snapshots snapshots
	budget    budget
	offers    chan offer
	news      chan struct{} // something is due

	mu       sync.Mutex
	followed map[ident.SessionID]*followed
	queue    queue
	swept    time.Time                          // last
	free     map[ident.OrganisationID]time.Time // that price nothing, until then by the steady clock
}

// New returns a Service that follows nothing yet.
func New(o Options) *Service {
	s := &Service{
		Options: o, settler: billing.NewSettler(billing.Options{Store: o.Store, Clock: o.Clock, Raters: [2]billing.Rater{o.Rate, nil}}),
		offers: make(chan offer, offersMost), news: make(chan struct{}, 1),
		followed: make(map[ident.SessionID]*followed), free: make(map[ident.OrganisationID]time.Time),
	}
	s.snapshots = snapshots{read: o.Store.Snapshot, by: make(map[string]*tariff.Snapshot)}
	return s
}

// followed is a session of a station of this node. The service's lock guards it.
type followed struct {
	id     ident.SessionID
	org    ident.OrganisationID
	on     screen.Station
	state  session.ChargingState
	over   bool          // it has ended
	free   bool          // nothing prices it
	heard  time.Time     // of it, by the steady clock, like all of these
	told   time.Time     // zero: never
	due    time.Time     // when to tell again
	urgent bool          // it is no reading that is due
	place  int           // in the queue; -1: it is in none
	shown  *screen.Shown // last; nil: nothing
}

// Changed notes that a station has reported of a session. It returns at once.
// answered says that the answer to the report may say what the session costs: see
// [Service.Answer].
func (s *Service) Changed(on screen.Station, of *session.Session, answered bool) {
	now := s.Clock.Steady()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pricelessLocked(of.Organisation, now) {
		return
	}
	f := s.followed[of.ID]
	switch {
	case f == nil && (!of.Status.Open() || len(s.followed) >= followMost):
		return
	case f == nil:
		f = &followed{id: of.ID, org: of.Organisation, place: -1}
		s.followed[of.ID] = f
	}
	over := !of.Status.Open()
	if f.free {
		if over {
			delete(s.followed, f.id)
		}
		return
	}
	news := f.told.IsZero() || f.state != of.ChargingState || f.over != over
	f.on, f.heard, f.state, f.over = on, now, of.ChargingState, over
	due := f.told.Add(tellEvery)
	if news {
		due = now
	}
	if answered {
		due = later(due, now.Add(answerGrace))
	}
	s.schedule(f, due, news)
}

// schedule has a session told of at a time, or before. The lock is held.
func (s *Service) schedule(f *followed, due time.Time, urgent bool) {
	if f.place >= 0 {
		f.urgent = f.urgent || urgent
		if due.Before(f.due) || urgent {
			f.due = due
		}
		heap.Fix(&s.queue, f.place)
	} else {
		f.due, f.urgent = due, urgent
		heap.Push(&s.queue, f)
	}
	if f.place == 0 {
		s.wake()
	}
}

func (s *Service) wake() {
	select {
	case s.news <- struct{}{}:
	default: // it is awake
	}
}

// Run tells of sessions when it is time, one after the other, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		wait := s.budget.left(s.Clock.Steady())
		if wait == 0 {
			wait = s.turn(ctx)
		}
		select {
		case <-ctx.Done():
		case o := <-s.offers:
			s.offer(ctx, o)
		case <-s.news:
		case <-s.Clock.After(wait):
		}
	}
	return nil
}

// idleWait is how long nobody looks whether something is due when nothing is.
const idleWait = time.Minute

// turn tells of the session that is due, if one is, and returns how long there is
// time until the next.
func (s *Service) turn(ctx context.Context) time.Duration {
	now := s.Clock.Steady()
	s.mu.Lock()
	s.sweep(now)
	if len(s.queue) == 0 {
		s.mu.Unlock()
		return idleWait
	}
	f := s.queue[0]
	if wait := f.due.Sub(now); wait > 0 {
		s.mu.Unlock()
		return min(wait, idleWait)
	}
	heap.Pop(&s.queue)
	f.urgent = false
	job := *f
	s.mu.Unlock()
	s.tell(ctx, &job)
	return 0
}

// tell reckons what a session costs and tells who wants to know.
func (s *Service) tell(ctx context.Context, job *followed) {
	began := s.Clock.Steady()
	c, free, err := s.look(ctx, job)
	var shown *screen.Shown
	if err == nil && c != nil {
		s.publish(c)
		shown, err = s.show(ctx, job, c)
	}
	now := s.Clock.Steady()
	s.budget.spend(now, now.Sub(began))
	if err != nil && ctx.Err() == nil {
		s.Log.Debug("cost not told", "session", job.id, "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.followed[job.id]
	switch {
	case f == nil:
		return
	case job.over:
		s.drop(f)
		return
	}
	f.told, f.free = now, free
	if shown != nil {
		f.shown = shown
		s.schedule(f, now.Add(tellEvery), false)
	}
}

// sweep follows no more of whom nobody has heard for long: their stations are
// another node's, or their end was not a report. The lock is held.
func (s *Service) sweep(now time.Time) {
	if now.Sub(s.swept) < sweepEvery {
		return
	}
	s.swept = now
	for _, f := range s.followed {
		if now.Sub(f.heard) >= forgetAfter {
			s.drop(f)
		}
	}
}

// drop follows a session no more. The lock is held.
func (s *Service) drop(f *followed) {
	if f.place >= 0 {
		heap.Remove(&s.queue, f.place)
	}
	delete(s.followed, f.id)
}

// look reckons what a session costs; free says that nothing ever will price it.
func (s *Service) look(ctx context.Context, job *followed) (c *Cost, free bool, err error) {
	of, err := s.settler.Case(ctx, job.org, job.id)
	if err != nil {
		return nil, fault.Is(err, fault.NotFound), err
	}
	if c, err = s.reckon(ctx, &of); c != nil || err != nil {
		return c, false, err
	}
	if !of.Fresh {
		return nil, of.Tab.Snapshot == "", nil
	}
	return nil, false, s.learn(ctx, job.org)
}

// learn finds out whether an organisation prices anything at all.
func (s *Service) learn(ctx context.Context, org ident.OrganisationID) error {
	priced, err := s.Store.Priced(ctx, org)
	if err == nil && !priced {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free[org] = s.Clock.Steady().Add(freeTerm)
	}
	return err
}

// priceless reports whether an organisation priced nothing lately.
func (s *Service) priceless(org ident.OrganisationID) bool {
	now := s.Clock.Steady()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pricelessLocked(org, now)
}

func (s *Service) pricelessLocked(org ident.OrganisationID, now time.Time) bool {
	until, ok := s.free[org]
	if ok && !now.Before(until) {
		delete(s.free, org)
		return false
	}
	return ok
}

// queue is the sessions that are to be told of, the most urgent first: a heap.
type queue []*followed

func (q queue) Len() int { return len(q) }

// What is urgent is due within [answerGrace]; of the rest what is due first.
func (q queue) Less(i, j int) bool {
	if q[i].urgent != q[j].urgent {
		return q[i].urgent
	}
	return q[i].due.Before(q[j].due)
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push implements [heap.Interface].
func (q *queue) Push(x any) {
	f := x.(*followed) //nolint:forcetypeassert // nothing else is in it
	f.place = len(*q)
	*q = append(*q, f)
}

// Pop implements [heap.Interface].
func (q *queue) Pop() any {
	last := len(*q) - 1
	f := (*q)[last]
	(*q)[last], *q = nil, (*q)[:last]
	f.place = -1
	return f
}

// budget bounds the share of time that goes into costs.
type budget struct {
	mu   sync.Mutex
	free time.Time // by the steady clock: nobody reckons before, but for an answer that cannot wait
}

// spend notes that a cost took so long, until now.
func (b *budget) spend(now time.Time, took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free = later(b.free, now).Add(restTimes * took)
}

// left returns how long to wait for the next.
func (b *budget) left(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(0, b.free.Sub(now))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
