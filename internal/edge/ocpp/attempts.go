package ocpp

import (
	"net/netip"
	"sync"
	"time"

	"pylon/internal/kernel/ident"
)

const (
	attemptPrice = 3 * time.Second    // a failed handshake every 3 s for ever,
	attemptMax   = 100 * attemptPrice // 100 of them at once
	attemptsMax  = 10_000             // who is remembered
	attemptsDrop = attemptsMax / 10   // who is forgotten when there are more
)

// attempts limits failed handshakes. Hundreds of stations share an address,
// and an attacker who knows a station's name shall not lock it out: so it is
// the pair of both that is limited, and only after it has failed.
type attempts struct {
	mu   sync.Mutex
	paid map[attempt]time.Time // until when the failures are paid for, see [credit]
}

type attempt struct {
	address      netip.Addr
	organisation string
	identity     ident.Identity
}

func newAttempts() *attempts { return &attempts{paid: make(map[attempt]time.Time)} }

// wait returns how long an attempt has to wait; 0: it may be made.
func (a *attempts) wait(who attempt, now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return max(0, a.paid[who].Sub(now))
}

// failed notes that an attempt was refused.
func (a *attempts) failed(who attempt, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	paid := a.paid[who]
	if full := now.Add(-attemptMax); paid.Before(full) {
		paid = full
	}
	if _, known := a.paid[who]; !known && len(a.paid) >= attemptsMax {
		a.forget(now)
	}
	a.paid[who] = paid.Add(attemptPrice)
}

// forget makes room: first those who have paid, then anyone. a.mu is held.
func (a *attempts) forget(now time.Time) {
	for who, paid := range a.paid {
		if now.Sub(paid) >= attemptMax {
			delete(a.paid, who)
		}
	}
	for who := range a.paid {
		if len(a.paid) <= attemptsMax-attemptsDrop {
			return
		}
		delete(a.paid, who)
	}
}

// succeeded forgets the failures of who has got in.
func (a *attempts) succeeded(who attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.paid, who)
}
