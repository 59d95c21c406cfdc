package crash

import (
	"fmt"
	"math/rand/v2"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/host"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
	"pylon/internal/kernel/unit"
)

// plan is what a station tells of its sessions, one after the other, once they have begun.
type plan [][]state

// state is what is known of a session: it runs, or it has ended with so much energy.
type state struct {
	ended bool
	kwh   int64
}

func ends(kwh int64) state { return state{true, kwh} }

// planOf returns a plan; each session has ended in the end.
func planOf(seed uint64) plan {
	if seed == 0 {
		return plan{
			{ends(10), ends(12)},          // late energy
			{ends(10), state{}, ends(11)}, // it ran after all
			{ends(0), ends(3)},            // a bill of nothing is not posted
			{ends(7)},
			{ends(5), ends(5)}, // late news that changes nothing
		}
	}
	chance := rand.New(rand.NewPCG(seed, 1))
	p := make(plan, 1+chance.IntN(6))
	for i := range p {
		for range chance.IntN(4) {
			p[i] = append(p[i], state{ended: chance.IntN(3) > 0, kwh: chance.Int64N(4)})
		}
		p[i] = append(p[i], ends(chance.Int64N(20)))
	}
	return p
}

// rounds is how often the station tells something new.
func (p plan) rounds() (n int) {
	for _, states := range p {
		n = max(n, len(states))
	}
	return n
}

// started is when all sessions begin: time in a bubble begins in the year 2000, and a child an hour later at least.
func started() time.Time { return time.Date(2000, 1, 1, 0, 30, 0, 0, time.UTC) }

// furnished is since when there are stations and prices.
func furnished() time.Time { return started().AddDate(0, 0, -7) }

func (n *node) station() ident.StationID {
	return ident.Derive[ident.StationID](string(n.Org))
}

func (n *node) site() ident.SiteID   { return ident.Derive[ident.SiteID](string(n.Org)) }
func (n *node) token() ident.TokenID { return ident.Derive[ident.TokenID](string(n.Org)) }

func (n *node) host() ident.HostID { return ident.Derive[ident.HostID](string(n.Org)) }

func (n *node) session(i int) ident.SessionID {
	return ident.Derive[ident.SessionID](string(n.Org), fmt.Sprint(i))
}

// play tells what is not in the database yet, as a station repeats what it has no answer to.
func (n *node) play(p plan) {
	n.furnish()
	link, err := n.TakeEpoch(n.Context(), n.station(), n.id, station.Link{Online: true, Since: clock.System{}.Now()})
	if err != nil {
		n.Fatal(err)
	}
	owner := change.Owner{Organisation: n.Org, Station: n.station(), Epoch: link.Epoch}
	for round := n.reached(p); round <= p.rounds(); round++ {
		set := &change.Set{Owner: owner}
		for i, states := range p {
			if round <= len(states) {
				n.tell(set, i, round, states)
			}
		}
		if len(set.Sessions) > 0 {
			if err := n.Store.Commit(n.Context(), set); err != nil {
				n.Fatal(err)
			}
		}
		if !n.Hasty || round == p.rounds() {
			n.settled(p, round)
		}
	}
}

// reached returns the last round that a station before us has told of; the first one when there was none.
func (n *node) reached(p plan) (round int) {
	for i := range p {
		round = max(round, int(n.known(i).Version)-1)
	}
	return round
}

// known returns a session as it is in the database; its version is 0 when it is not.
func (n *node) known(i int) session.Session {
	view, err := n.Session(n.Context(), n.Org, n.session(i))
	if err != nil && !fault.Is(err, fault.NotFound) {
		n.Fatal(err)
	}
	return view.Session
}

// tell adds a session's version and the news of it, if it is not there yet.
func (n *node) tell(set *change.Set, i, round int, states []state) {
	s := n.known(i)
	if s.Version != int64(round) {
		return
	}
	news := event.SessionStarted
	if round == 0 {
		s = n.begins(i)
	} else {
		news = event.SessionCorrected
		if states[round-1].ended && s.EndReceivedAt.IsZero() {
			news = event.SessionCompleted
		}
		become(&s, states[round-1])
	}
	s.Version = int64(round) + 1
	set.Sessions = append(set.Sessions, s)
	set.Events = append(set.Events, event.Event{
		Type: news, Organisation: n.Org, Site: n.site(), Station: n.station(), Subject: string(s.ID), Version: s.Version,
		At: clock.System{}.Now(), Data: struct{}{},
	})
}

func (n *node) begins(i int) session.Session {
	register := session.Register{Known: true, Energy: 100_000_000, At: started()}
	return session.Session{
		ID: n.session(i), Organisation: n.Org, Site: n.site(), Station: n.station(), EVSE: i + 1, Connector: 1,
		TransactionID: fmt.Sprint(i), Status: session.Active, Token: n.token(), ReservationID: -1, RemoteStartID: -1,
		StartedAt: started(), StartReceivedAt: started(), TimeZone: "Europe/Berlin", Country: "DE",
		StateOfCharge: -1, Begin: register, Last: register, LastSeqNo: -1,
	}
}

// become gives a session another state.
func become(s *session.Session, to state) {
	if !to.ended {
		s.Status, s.EndedAt = session.Active, time.Time{}
		return
	}
	s.Status, s.EndedAt, s.EndReceivedAt, s.EndedBy = session.Completed, started().Add(time.Hour), started().Add(time.Hour), session.ByStation
	s.Energy = unit.WattHour(to.kwh * 1000).Milli()
	s.Last.Energy, s.Last.At = s.Begin.Energy+s.Energy, s.EndedAt
}

// settled waits until the biller has done what is due after a round; time is virtual.
func (n *node) settled(p plan, round int) {
	const looks, pause = 1200, 100 * time.Millisecond // two minutes: a dead node's lease takes 19 s
	waits := ""
	for range looks {
		if waits = n.unsettled(p, round); waits == "" {
			return
		}
		<-clock.System{}.After(pause)
	}
	n.Fatalf("stuck after round %d: %s", round, waits)
}

// unsettled tells whose tab is not as it must become after a round, "" when all are.
func (n *node) unsettled(p plan, round int) string {
	for i, states := range p {
		at := min(round, len(states))
		tab, err := n.Tab(n.Context(), n.session(i))
		switch {
		case fault.Is(err, fault.NotFound):
			return fmt.Sprintf("session %d has no tab", i)
		case err != nil:
			n.Fatal(err)
		case at == 0 || !states[at-1].ended:
			if tab.State != billing.TabOpen || tab.Bill != "" {
				return fmt.Sprintf("session %d runs, and its tab is %+v", i, tab)
			}
			continue
		case tab.State != billing.TabBilled:
			return fmt.Sprintf("session %d has ended, and its tab is %+v", i, tab)
		}
		bill, err := n.Bill(n.Context(), n.Org, tab.Bill)
		if err != nil {
			n.Fatal(err)
		}
		if got, want := bill.Document.Charges[0].Energy, unit.WattHour(states[at-1].kwh*1000).Milli(); got != want {
			return fmt.Sprintf("session %d: %d mWh are billed, not %d", i, got, want)
		}
	}
	return ""
}

// hostCents is what the host of the site gets of each kilowatt-hour.
const hostCents = 5

// furnish makes the organisation with one station, a tariff of 0.50 a kilowatt-hour and 19 %, and a host, unless it is there.
func (n *node) furnish() {
	if _, err := n.Store.Organisation(n.Context(), string(n.Org)); err == nil {
		return
	} else if !fault.Is(err, fault.NotFound) {
		n.Fatal(err)
	}
	now, vat, price := furnished(), decimal.FromInt(19, 0), decimal.FromInt(50, 2)
	id := ident.Derive[ident.TariffID](string(n.Org))
	err := n.Store.Commit(n.Context(), &change.Set{
		Organisations: []account.Organisation{{ID: n.Org, Slug: string(n.Org), Name: "one", Country: "DE", Currency: "EUR", TimeZone: "Europe/Berlin", CreatedAt: now, Version: 1}},
		Sites:         []site.Site{{ID: n.site(), Organisation: n.Org, Name: "Yard", Country: "DE", TimeZone: "Europe/Berlin", CreatedAt: now, Version: 1}},
		Stations:      []station.Station{{ID: n.station(), Organisation: n.Org, Site: n.site(), Identity: "CP-1", Registration: station.Accepted, CreatedAt: now, Version: 1}},
		Tokens:        []token.Token{{ID: n.token(), Organisation: n.Org, UID: "CAFE", Status: token.Accepted, CreatedAt: now, Version: 1}},
		Tariffs:       []tariff.Tariff{{ID: id, Organisation: n.Org, Name: "plain", Type: trade.TariffRegular, Published: 1, CreatedAt: now, Version: 1}},
		Editions: []tariff.Edition{{Tariff: id, Organisation: n.Org, Number: 1, Terms: tariff.Terms{Priced: rating.Tariff{
			Currency: "EUR", TaxIncluded: rating.TaxNo,
			Elements: []rating.Element{{Components: []rating.Component{{Dimension: rating.Energy, Price: price, VAT: &vat, StepSize: 1}}}},
		}}}},
		Hosts: []host.Host{{
			ID: n.host(), Organisation: n.Org, Party: billing.Party{Name: "Host", Country: "DE"}, Language: "en", Currency: "EUR", Tax: host.Exempt, CreatedAt: now, Version: 1,
		}},
		Agreements: []host.Agreement{{
			ID: ident.Derive[ident.AgreementID](string(n.Org)), Organisation: n.Org, Host: n.host(), Site: n.site(), Number: 1, Term: host.Term{From: now},
			Terms: host.Terms{PerKWh: new(decimal.FromInt(hostCents, 2))}, CreatedAt: now, Version: 1,
		}},
		Assignments: []tariff.Assignment{{ID: ident.Derive[ident.AssignmentID](string(n.Org)), Organisation: n.Org, Tariff: id, CreatedAt: now, Version: 1}},
	})
	if err != nil {
		n.Fatal(err)
	}
}
