package rest

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// access keeps what is known of the keys in use: how fast they go, and when
// they were used. Both are bounded by the keys there are: who brings no valid
// key leaves nothing here.
type access struct {
	perSecond int

	mu   *sync.Mutex                  // guards all below
	pace map[ident.KeyID]time.Time    // when the key will have had its due; see [access.take]
	used map[ident.KeyID]time.Time    // since the last writing
	open map[ident.OrganisationID]int // live streams
	all  int                          // of them
}

func newAccess(perSecond int) access {
	return access{
		perSecond: perSecond, mu: &sync.Mutex{},
		pace: map[ident.KeyID]time.Time{}, used: map[ident.KeyID]time.Time{},
		open: map[ident.OrganisationID]int{},
	}
}

// authenticate returns who asks.
func (s *Server) authenticate(r *http.Request) (account.Actor, error) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	secret = strings.TrimSpace(secret)
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return account.Actor{}, fault.New(fault.Unauthorised, "key_required")
	}
	return s.actor(r.Context(), sha256.Sum256([]byte(secret)))
}

// actor returns who has the secret with this hash.
func (s *Server) actor(ctx context.Context, hash [32]byte) (account.Actor, error) {
	key, org, err := s.store.KeyByHash(ctx, hash)
	if fault.Is(err, fault.NotFound) {
		return account.Actor{}, fault.New(fault.Unauthorised, "key_unknown")
	}
	if err != nil {
		return account.Actor{}, err
	}
	if !key.InForce(s.clock.Now()) {
		return account.Actor{}, fault.New(fault.Unauthorised, "key_expired")
	}
	return account.Actor{Organisation: org.ID, Key: key.ID, Name: key.Name, Scopes: key.Scopes, Operator: org.First}, nil
}

// admit notes that a key is used, and refuses it when it goes too fast.
func (s *Server) admit(w http.ResponseWriter, by account.Actor) error {
	s.access.use(by.Key, s.clock.Now())
	left, ok := s.access.take(by.Key, s.clock.Steady())
	limit := strconv.Itoa(s.access.perSecond)
	w.Header().Set("RateLimit-Policy", `"key";q=`+strconv.Itoa(s.access.burst())+`;w=`+strconv.Itoa(burstSeconds))
	w.Header().Set("RateLimit", `"key";r=`+strconv.Itoa(left)+`;t=1`)
	if !ok {
		return fault.New(fault.Exhausted, "rate_limited", "limit", limit)
	}
	return nil
}

// burstSeconds is how much of its pace a key may use at once.
const burstSeconds = 2

func (a *access) burst() int { return burstSeconds * a.perSecond }

// use notes when a key was used.
func (a *access) use(key ident.KeyID, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used[key] = at
}

// take takes one request off what key may ask for, and returns how many are
// left. Each request moves the time at which the key has had its due by one
// share of a second; that time may be the burst ahead of now, which is a steady
// one: a wall clock that is set costs nobody his share.
func (a *access) take(key ident.KeyID, now time.Time) (left int, ok bool) {
	share := time.Second / time.Duration(a.perSecond)
	a.mu.Lock()
	defer a.mu.Unlock()
	due := a.pace[key]
	if due.Before(now) {
		due = now
	}
	due = due.Add(share)
	room := burstSeconds*time.Second - due.Sub(now)
	if room < 0 {
		return 0, false
	}
	a.pace[key] = due
	return int(room / share), true
}

// enter takes one of an organisation's live streams; who does gives it back
// with leave.
func (a *access) enter(org ident.OrganisationID) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, of := range []struct{ open, most int }{{a.open[org], streamsOfOneMax}, {a.all, streamsMax}} {
		if of.open >= of.most {
			return fault.New(fault.Unavailable, "too_many_streams", "max", strconv.Itoa(of.most))
		}
	}
	a.open[org]++
	a.all++
	return nil
}

func (a *access) leave(org ident.OrganisationID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all--
	if a.open[org]--; a.open[org] == 0 {
		delete(a.open, org)
	}
}

// writeUses writes when keys were last used. What cannot be written is tried
// again with the next.
func (s *Server) writeUses(ctx context.Context) error {
	s.access.mu.Lock()
	used := s.access.used
	s.access.used = map[ident.KeyID]time.Time{}
	s.access.pace = map[ident.KeyID]time.Time{} // a fresh minute: keys that are gone leave nothing behind
	s.access.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	err := s.store.KeysUsed(ctx, used)
	if err != nil {
		s.access.mu.Lock()
		for key, at := range used {
			if s.access.used[key].Before(at) {
				s.access.used[key] = at
			}
		}
		s.access.mu.Unlock()
	}
	return err
}
