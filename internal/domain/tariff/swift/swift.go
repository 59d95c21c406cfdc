// Package swift is the fast rater. It takes a tariff apart once ([Compile]), goes
// through a session from one instant where something may change to the next, adds up what each price gave
// in machine words, and multiplies once. Numbers of any length come in only where words do not hold what is exact.
//
// It also explains: a person with a pencil can follow an answer's Steps (see [Code]).
//
// The rules are those of package rating, which names their sources. Package plain answers the same
// questions slowly; the two share no code, so that each can be held against the other.
package swift

import (
	"slices"

	"pylon/internal/kernel/rating"
)

// Rate answers a question, without Steps. A mistake in it is [fault.Invalid] and names the
// field by its pointer. Time and memory grow with the length of the question, and no faster.
//
// A session that still runs is asked about like any other: its End is now. The answer points to prices and rates
// of the question, which must not change while it is in use.
//
// [fault.Invalid]: pylon/internal/kernel/fault.Invalid
func Rate(q *rating.Question) (*rating.Answer, error) {
	c, err := Compile(&q.Tariff, q.Zone)
	if err != nil {
		return nil, err
	}
	return c.Rate(q)
}

// Explain is [Rate] with Steps, which cost some five times as much: every number is written out.
func Explain(q *rating.Question) (*rating.Answer, error) {
	c, err := Compile(&q.Tariff, q.Zone)
	if err != nil {
		return nil, err
	}
	return c.Explain(q)
}

// Rate answers a question about a session with c's tariff and zone: those of the question are not
// looked at. Else it is [Rate].
func (c *Compiled) Rate(q *rating.Question) (*rating.Answer, error) {
	return newBill(c, q).rate()
}

// Explain is [Compiled.Rate] with Steps.
func (c *Compiled) Explain(q *rating.Question) (*rating.Answer, error) {
	b := newBill(c, q)
	b.teller = &teller{}
	return b.rate()
}

// bill is an answer in the making.
type bill struct {
	c *Compiled
	q *rating.Question
	a *rating.Answer
	*teller

	phase   rating.Phase
	plan    *plan
	slots   []int32 // of the phase, by element and dimension: index in volumes, plus 1
	last    [dimensions]int32
	volumes []volume
	meter   *meter // of a session with a timeline

	measured quantity  // kWh
	amounts  []charged // of the answer's lines, then of its extras
	before   amount
	total    amount
	rules    []rule
	accounts
}

func newBill(c *Compiled, q *rating.Question) *bill {
	return &bill{c: c, q: q, a: &rating.Answer{}, accounts: accounts{basis: c.tariff.TaxIncluded, rates: slices.Clip(c.rates)}}
}

func (b *bill) rate() (*rating.Answer, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	b.tellQuestion()
	if err := b.reserve(); err != nil {
		return nil, err
	}
	if !b.expired() {
		if err := b.charge(); err != nil {
			return nil, err
		}
	}
	b.price()
	b.limit()
	if err := b.adjust(); err != nil {
		return nil, err
	}
	if err := b.invoice(); err != nil {
		return nil, err
	}
	b.a.Steps = b.steps()
	return b.a, nil
}

func (b *bill) expired() bool {
	return b.q.Session.Reservation != nil && b.q.Session.Reservation.Expired
}

// begin opens a phase.
func (b *bill) begin(phase rating.Phase, p *plan) {
	b.phase, b.plan = phase, p
	b.slots = make([]int32, len(p.elements)*dimensions)
	b.last = [dimensions]int32{}
}

// reserve prices the reservation.
func (b *bill) reserve() error {
	r := b.q.Session.Reservation
	if r == nil {
		return nil
	}
	p := &b.c.used
	if r.Expired {
		p = &b.c.expired
	}
	b.begin(rating.InReservation, p)
	err := newSweep(p, b.c.zone, r.Start, r.End).run(func(s *stretch) error {
		b.tellElements(s)
		b.add(s.set, &given{charging: s.to.at.minus(s.from.at)})
		return nil
	})
	b.tellPhase()
	b.round(charging)
	b.a.Billed.Reservation = b.billed(charging)
	return err
}

// charge prices the session.
func (b *bill) charge() error {
	b.begin(rating.InSession, &b.c.session)
	if b.q.Session.Timeline != nil {
		if err := b.timeline(); err != nil {
			return err
		}
	} else if err := b.periods(); err != nil {
		return err
	}
	b.tellPhase()
	b.round(energy)
	if b.last[parking] != 0 {
		b.tellUnrounded()
		b.round(parking)
	} else {
		b.round(charging)
	}
	b.a.Billed.Energy, b.a.Billed.Charging, b.a.Billed.Parking = b.billed(energy), b.billed(charging), b.billed(parking)
	return nil
}
