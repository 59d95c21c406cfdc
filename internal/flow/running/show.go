package running

import (
	"context"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/event"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// Notice is the data of session.cost_updated.
type Notice struct {
	Currency    money.Currency `json:"currency"`
	Net         int64          `json:"net_minor"`
	Tax         int64          `json:"tax_minor"`
	Total       int64          `json:"total_minor"`
	AsOf        time.Time      `json:"as_of"`
	Provisional bool           `json:"provisional"`
}

// publish tells the live feed.
func (s *Service) publish(c *Cost) {
	v := c.view
	text, err := json.Marshal(Notice{
		Currency: c.Currency, Net: c.Net, Tax: c.Tax, Total: c.Total, AsOf: c.AsOf, Provisional: c.Provisional(),
	})
	if err != nil {
		s.Log.Error("cost not published", "session", c.Session, "error", err)
		return
	}
	s.Feed.Publish([]event.Recorded{{JSON: text, Event: event.Event{
		Type: event.SessionCost, Organisation: v.Organisation, Site: v.Site, Station: v.Station,
		Subject: string(v.ID), Version: v.Version, At: c.AsOf, Live: true,
	}}})
}

// finalLate is how long after its end a session's cost is of no use on a screen: its
// driver has left.
const finalLate = 5 * time.Minute

// show gives a station what a session costs, when it can show that and it is news,
// and returns what it shows by now; nil when it shows nothing.
func (s *Service) show(ctx context.Context, job *followed, c *Cost) (*screen.Shown, error) {
	d, err := job.on.Display(ctx)
	if err != nil || !d.Cost || !d.Takes(c.Currency) {
		return nil, err
	}
	if job.over && c.view.EndReceivedAt.Sub(c.view.EndedAt) > finalLate {
		return nil, nil
	}
	x := s.shown(d, c)
	if job.shown != nil && x.Same(job.shown) {
		return job.shown, nil
	}
	return x, job.on.Show(*x)
}

// shown writes a cost for a display.
func (s *Service) shown(d screen.Display, c *Cost) *screen.Shown {
	v := c.view
	x := &screen.Shown{
		Kind: screen.Running, Transaction: v.TransactionID, Cost: d.Amount(c.Total, c.Currency), AsOf: c.AsOf,
		Register: v.Last.Energy.WattHours(), Idle: v.ChargingState == session.StateSuspendedEV,
	}
	if !v.Status.Open() {
		x.Kind, x.Text, x.URL = screen.Final, c.sum(), s.receipt(v.ID)
		return x
	}
	if !d.Prices {
		return x
	}
	if now, next := s.outlook(c); now != nil {
		x.Prices = d.Told(*now)
		if next != nil {
			x.Next = &screen.Change{At: next.At, Prices: d.Told(next.Prices)}
		}
	}
	return x
}

func (s *Service) receipt(id ident.SessionID) string {
	return strings.ReplaceAll(s.Receipts, "{session}", string(id))
}

// Answer returns what the answer to a station's report is to say that a session
// costs, with tax; false when it is to say nothing: the station cannot show it, it was
// told a moment ago, or it is not known in time. What a session costs that has ended
// is always told, as far as it is known.
func (s *Service) Answer(ctx context.Context, on screen.Station, org ident.OrganisationID, id ident.SessionID, over bool) (decimal.Decimal, bool) {
	term := answerTerm
	if !over {
		term = runningTerm
		if !s.due(id) {
			return decimal.Decimal{}, false
		}
	}
	if s.priceless(org) {
		return decimal.Decimal{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, term)
	defer cancel()
	d, err := on.Display(ctx)
	if err != nil || !d.Cost {
		return decimal.Decimal{}, false
	}
	began := s.Clock.Steady()
	of, err := s.settler.Case(ctx, org, id)
	if err != nil {
		return decimal.Decimal{}, false
	}
	c, err := s.reckon(ctx, &of)
	now := s.Clock.Steady()
	s.budget.spend(now, now.Sub(began))
	if err != nil || c == nil || !d.Takes(c.Currency) || ctx.Err() != nil {
		return decimal.Decimal{}, false
	}
	x := s.shown(d, c)
	s.answered(id, x, now)
	s.publish(c)
	return x.Cost, true
}

// due reports whether a running session is to be told of, and there is time for it.
func (s *Service) due(id ident.SessionID) bool {
	now := s.Clock.Steady()
	if s.budget.left(now) > 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.followed[id]
	return f != nil && !f.free && f.place >= 0 && !f.due.After(now.Add(answerGrace))
}

// answered notes what an answer has told.
func (s *Service) answered(id ident.SessionID, x *screen.Shown, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.followed[id]
	switch {
	case f == nil:
	case f.over:
		s.drop(f)
	default:
		f.told, f.shown, f.urgent = now, x, false
		f.due = now.Add(tellEvery)
		s.schedule(f, f.due, false)
	}
}

// offer is a driver who is to be told a price on a station's screen.
type offer struct {
	on  screen.Station
	of  session.View
	tag string
}

// Offer has a station show what charging will cost whoever was authorised at it, as
// soon as it has its answer. of is the session that he might begin: where, whose
// token, when. It returns at once.
func (s *Service) Offer(on screen.Station, of session.View, tag string) {
	select {
	case s.offers <- offer{on, of, tag}:
	default:
	}
}

func (s *Service) offer(ctx context.Context, o offer) {
	began := s.Clock.Steady()
	defer func() {
		now := s.Clock.Steady()
		s.budget.spend(now, now.Sub(began))
	}()
	if text, ok := s.Words(ctx, o.on, o.of); ok {
		if err := o.on.Show(screen.Shown{Kind: screen.Offer, IDTag: o.tag, Text: text.Text}); err != nil {
			s.Log.Debug("price not shown", "error", err)
		}
	}
}

// Words returns what charging will cost whoever was authorised at a station, in his
// language where the tariff has it; false when the station shows no such thing, when
// nothing has a price, or when it is not known in time.
func (s *Service) Words(ctx context.Context, on screen.Station, of session.View) (trade.Text, bool) {
	if s.priceless(of.Organisation) {
		return trade.Text{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, answerTerm)
	defer cancel()
	d, err := on.Display(ctx)
	if err != nil || !d.Tariff {
		return trade.Text{}, false
	}
	p, err := s.settler.Chosen(ctx, &of, of.StartedAt)
	if err == nil && p == nil {
		err = s.learn(ctx, of.Organisation)
	}
	if err != nil || p == nil {
		return trade.Text{}, false
	}
	speaks, err := s.language(ctx, &of.Session)
	if err != nil {
		return trade.Text{}, false
	}
	text := wordsOf(&p.Snapshot, speaks)
	if text.Text == "" {
		text.Text = s.plainWords(&of, &p.Snapshot)
	}
	return text, text.Text != ""
}

// plainWords tells a tariff without words by what it asks for at the beginning.
func (s *Service) plainWords(of *session.View, by *tariff.Snapshot) string {
	var extras []rating.Adjustment
	for _, e := range by.Terms.Extras {
		if e.Idle != nil {
			extras = append(extras, e.Adjustment)
		}
	}
	now, _ := s.outlook(&Cost{AsOf: of.StartedAt, view: of, by: by, adjusted: extras})
	if now == nil {
		return ""
	}
	return tellPrices(now, by.Terms.Priced.Currency)
}
