package fleet

import (
	"context"
	"sync/atomic"

	"pylon/internal/domain/device"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/trade"
)

var _ screen.Station = (*Owner)(nil)

// showing is what an owner knows of its station's screen. It needs no turn.
type showing struct {
	shows   atomic.Pointer[screen.Display] // as the station says; nil: nobody asked yet
	refuses atomic.Bool                    // it has refused what it was to show, and is left alone until its next boot
}

// Display implements [screen.Station]. It reads the device once and remembers what
// matters; what the station reports later is learnt by the way.
func (o *Owner) Display(ctx context.Context) (screen.Display, error) {
	st := o.Snapshot()
	if !st.Automation || st.Registration != station.Accepted || o.screen.refuses.Load() || o.left.Load() != nil {
		return screen.Display{}, nil
	}
	if shows := o.screen.shows.Load(); shows != nil {
		return *shows, nil
	}
	model, err := o.fleet.store.Documents(ctx, o.id)
	if err != nil {
		return screen.Display{}, err
	}
	shows := screen.DisplayOf(model, st.OCPP)
	o.screen.shows.CompareAndSwap(nil, &shows) // else the station has said more meanwhile
	return shows, nil
}

// Show implements [screen.Station].
func (o *Owner) Show(x screen.Shown) error { return o.conn.Show(x) }

// ShowRefused notes that the station has refused to show what it was given: it gets
// no more of it until it boots.
func (o *Owner) ShowRefused() { o.screen.refuses.Store(true) }

// redraw notes what the station's device can show by now.
func (o *Owner) redraw(m device.Model) {
	shows := screen.DisplayOf(m, o.Snapshot().OCPP)
	o.screen.shows.Store(&shows)
}

// tellCosts says that the station has reported of sessions. Only after the commit.
func (o *Owner) tellCosts(r *session.Report, changed []session.Session) {
	if o.fleet.costs == nil {
		return
	}
	for i := range changed {
		o.fleet.costs.Changed(o, &changed[i], r.Version != station.OCPP16)
	}
}

// Owed returns what a session costs, with tax, as the answer to a report of it is to
// say; over: the report ended it. False: the answer is to say nothing of it.
func (o *Owner) Owed(ctx context.Context, id ident.SessionID, over bool) (decimal.Decimal, bool) {
	if o.fleet.costs == nil || id == "" {
		return decimal.Decimal{}, false
	}
	return o.fleet.costs.Answer(ctx, o, o.Snapshot().Organisation, id, over)
}

// Words returns what charging here will cost the holder of a token that was accepted,
// as the answer to it is to say; false when it is to say nothing.
func (o *Owner) Words(ctx context.Context, d token.Decision) (trade.Text, bool) {
	if o.fleet.costs == nil || !d.OK() {
		return trade.Text{}, false
	}
	v, err := o.visitor(ctx, d)
	if err != nil {
		return trade.Text{}, false
	}
	return o.fleet.costs.Words(ctx, o, v)
}

// Offer has the station show that after the answer; tag is what it presented.
func (o *Owner) Offer(ctx context.Context, tag string, d token.Decision) {
	if o.fleet.costs == nil || !d.OK() {
		return
	}
	if v, err := o.visitor(ctx, d); err == nil {
		o.fleet.costs.Offer(o, v, tag)
	}
}

// visitor is the session that an accepted token may begin.
func (o *Owner) visitor(ctx context.Context, d token.Decision) (session.View, error) {
	st := o.Snapshot()
	at, err := o.fleet.place(ctx, st)
	return session.View{Session: session.Session{
		Organisation: st.Organisation, Site: st.Site, Station: o.id, Status: session.Active, Token: d.Token, Group: d.Group,
		TimeZone: at.TimeZone, Country: at.Country, StartedAt: o.fleet.clock.Now(),
	}}, err
}
