package fleet

import (
	"context"

	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/event"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Authorize decides whether a presented token may charge, and lists it when
// nobody knows it. A refused token is an answer, not an error.
func (o *Owner) Authorize(ctx context.Context, p token.Presented, at Place) (token.Decision, error) {
	var verdict token.Decision
	err := o.settle(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		known, err := o.token(ctx, p)
		if err != nil {
			return nil, nil, err
		}
		verdict = token.Decide(o.fleet.clock.Now(), known, o.ask(p, o.at(at)))
		set := new(change.Set)
		o.noteToken(set, known, p)
		if len(set.Tokens) == 0 {
			return nil, nil, nil
		}
		return set, func() {}, nil
	})
	return verdict, err
}

// Report takes in what the station says about a transaction and returns what
// it is told. The answer of a repeated report is the first one's.
func (o *Owner) Report(ctx context.Context, r session.Report) (session.Answer, error) {
	var answer session.Answer
	err := o.settle(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		known, tok, err := o.known(ctx, &r)
		if err != nil {
			return nil, nil, err
		}
		out := session.Decide(known, r)
		answer = out.Answer
		set, st, err := o.changeOf(ctx, &out, tok, r.Token)
		if err != nil || empty(set) {
			return nil, nil, err
		}
		seenCommands := o.observeReport(set, &out, known.Remote)
		return set, func() {
			o.station = st
			o.open = remember(o.open, out.Changed)
			o.finish(seenCommands)
			o.publish()
		}, nil
	})
	return answer, err
}

// known gathers what the decision about r may depend on. The database is asked
// only when memory cannot tell: for a transaction that is not open, for a
// report that may be a repeat, and for a token.
func (o *Owner) known(ctx context.Context, r *session.Report) (session.Known, *token.Token, error) {
	k := session.Known{
		Station: o.station, Connectors: o.connectors, Open: o.open,
		NewID: ident.New[ident.SessionID](o.fleet.clock.Now()), OnlineSince: o.link.Since,
	}
	var err error
	if k.Site, err = o.fleet.place(ctx, &o.station); err != nil {
		return k, nil, err
	}
	running := o.running(r)
	if running == nil {
		if k.Prior, err = o.prior(ctx, r); err != nil {
			return k, nil, err
		}
		running = k.Prior
	}
	if running != nil {
		if k.PriorFrame, err = o.priorFrame(ctx, running, r); err != nil {
			return k, nil, err
		}
	}
	var tok *token.Token
	if r.Token != nil {
		if tok, err = o.token(ctx, *r.Token); err != nil {
			return k, nil, err
		}
		k.Verdict = token.Decide(o.fleet.clock.Now(), tok, o.ask(*r.Token, running))
	}
	k.Remote = o.remoteStart(r, tok)
	return k, tok, nil
}

// running returns the open session that r belongs to, nil when there is none.
func (o *Owner) running(r *session.Report) *session.Session {
	for i := range o.open {
		s := &o.open[i]
		if r.TransactionID != "" && s.TransactionID == r.TransactionID || r.StartKey != "" && s.StartKey == r.StartKey {
			return s
		}
	}
	return nil
}

// prior looks for an ended session that r belongs to.
func (o *Owner) prior(ctx context.Context, r *session.Report) (*session.Session, error) {
	var s session.Session
	var err error
	switch {
	case r.TransactionID != "":
		s, err = o.fleet.store.SessionByTransaction(ctx, o.id, r.TransactionID)
	case r.StartKey != "":
		s, err = o.fleet.store.SessionByStartKey(ctx, o.id, r.StartKey)
	default:
		return nil, nil
	}
	return found(s, err)
}

// priorFrame looks for the frame that r may repeat: the one with the same
// content, else the one with the same number. What is newer than all that came
// before cannot be a repeat, so the usual report costs no look-up.
func (o *Owner) priorFrame(ctx context.Context, s *session.Session, r *session.Report) (*meter.Frame, error) {
	if r.SeqNo > s.LastSeqNo || r.SeqNo < 0 && r.OccurredAt.After(s.LastEventAt) {
		return nil, nil
	}
	same, err := found(o.fleet.store.FrameByDigest(ctx, o.id, s.ID, r.Digest))
	if same != nil || err != nil || r.SeqNo < 0 {
		return same, err
	}
	return found(o.fleet.store.FrameBySeq(ctx, o.id, s.ID, r.SeqNo))
}

// found turns NotFound into nil.
func found[T any](v T, err error) (*T, error) {
	switch {
	case err == nil:
		return &v, nil
	case fault.Is(err, fault.NotFound):
		return nil, nil
	}
	return nil, err
}

// token returns the token that was presented, nil when nobody knows it.
func (o *Owner) token(ctx context.Context, p token.Presented) (*token.Token, error) {
	return found(o.fleet.store.TokenByUID(ctx, o.station.Organisation, p.UID))
}

// ask describes the situation in which p was presented: at the running
// session, nil when there is none.
func (o *Owner) ask(p token.Presented, running *session.Session) token.Ask {
	a := token.Ask{Presented: p}
	if running != nil && running.Status.Open() {
		a.Holder, a.Group = running.Token, running.Group
	}
	return a
}

// at returns the open session at a place. OCPP's Authorize names none: then it
// is the station's only one, if there is just one.
func (o *Owner) at(p Place) *session.Session {
	if p.EVSE == 0 && len(o.open) == 1 {
		return &o.open[0]
	}
	for i := range o.open {
		if s := &o.open[i]; p.EVSE != 0 && s.EVSE == p.EVSE && (p.Connector == 0 || p.Connector == s.Connector) {
			return s
		}
	}
	return nil
}

// noteToken adds to set that p was presented here, when that is news.
func (o *Owner) noteToken(set *change.Set, known *token.Token, p token.Presented) {
	now := o.fleet.clock.Now()
	seen, created, changed := token.See(now, known, token.Sighting{
		Presented: p, Organisation: o.station.Organisation, Station: o.id, NewID: ident.New[ident.TokenID](now),
	})
	if !changed {
		return
	}
	set.Tokens = append(set.Tokens, seen)
	if created {
		set.Events = append(set.Events, event.Event{
			Type: event.TokenSeen, Subject: string(seen.ID), Version: seen.Version, Data: token.NoticeOf(seen),
		})
	}
}

// changeOf turns the outcome of a report into a change, and returns the
// station as it is after it.
func (o *Owner) changeOf(ctx context.Context, out *session.Outcome, tok *token.Token, p *token.Presented) (*change.Set, station.Station, error) {
	set := &change.Set{Segments: out.Segments, Findings: out.Findings, Events: out.Events}
	for i, s := range out.Changed {
		if i == 0 && out.Progress {
			set.Progress = append(set.Progress, s)
		} else {
			set.Sessions = append(set.Sessions, s)
		}
	}
	if f := out.Frame; f != nil {
		if f.Session == "" {
			f.Number = max(f.ReceivedAt.UnixMicro(), o.lastMeter+1)
			o.lastMeter = f.Number
		}
		set.Frames = append(set.Frames, *f)
	}
	st := o.station
	if out.LastTransaction != 0 {
		st.LastTransaction = out.LastTransaction
		st.Version++
		set.Stations = append(set.Stations, st)
	}
	if p != nil {
		o.noteToken(set, tok, *p)
	}
	return set, st, o.countTokens(ctx, set, out.Tokens)
}

// empty reports whether a repeated report, which changes nothing, needs no
// commit.
func empty(set *change.Set) bool {
	return len(set.Sessions)+len(set.Progress)+len(set.Frames)+len(set.Findings)+len(set.Tokens)+len(set.Stations)+len(set.Events) == 0
}

// countTokens adds the tokens whose number of running sessions changes. A
// token that another station counts at the same time makes the commit stale,
// and the decision is made again with the new count.
func (o *Owner) countTokens(ctx context.Context, set *change.Set, uses []session.TokenUse) error {
	for _, use := range uses {
		at := -1
		for i := range set.Tokens {
			if set.Tokens[i].ID == use.Token {
				at = i
			}
		}
		if at < 0 {
			t, err := o.fleet.store.Token(ctx, o.station.Organisation, use.Token)
			if fault.Is(err, fault.NotFound) {
				continue // deleted while its session ran
			}
			if err != nil {
				return err
			}
			t.Version++
			set.Tokens = append(set.Tokens, t)
			at = len(set.Tokens) - 1
		}
		set.Tokens[at].Running = max(0, set.Tokens[at].Running+use.Delta)
	}
	return nil
}

// remember brings the open sessions up to date: ended ones go, new ones come.
func remember(open, changed []session.Session) []session.Session {
	for _, s := range changed {
		at := -1
		for i := range open {
			if open[i].ID == s.ID {
				at = i
				break
			}
		}
		switch {
		case at >= 0 && s.Status.Open():
			open[at] = s
		case at >= 0:
			open = append(open[:at], open[at+1:]...)
		case s.Status.Open():
			open = append(open, s)
		}
	}
	return open
}

// remoteStart returns the accepted remote start that r is the effect of, nil
// when there is none. OCPP 2.x stations name it; of a 1.6 station it is a
// start with the token that we sent, at the connector when we named one.
func (o *Owner) remoteStart(r *session.Report, tok *token.Token) *session.RemoteStart {
	for _, a := range o.asked {
		c := &a.command
		if c.Type != command.Start || c.State == command.Queued {
			continue
		}
		byID := r.RemoteStartID >= 0 && int64(c.Input.RemoteStartID) == r.RemoteStartID
		byToken := r.RemoteStartID < 0 && r.Kind == session.Started && tok != nil && tok.ID == c.Input.Token &&
			(c.Input.EVSE == 0 || c.Input.EVSE == r.EVSE)
		if byID || byToken {
			return &session.RemoteStart{ID: int64(c.Input.RemoteStartID), Token: c.Input.Token}
		}
	}
	return nil
}

// Meter keeps samples that were taken outside transactions.
func (o *Owner) Meter(ctx context.Context, f meter.Frame) error {
	return o.settle(ctx, func(context.Context) (*change.Set, func(), error) {
		f.Station = o.id
		f.Session = ""
		f.Number = max(f.ReceivedAt.UnixMicro(), o.lastMeter+1)
		o.lastMeter = f.Number
		return &change.Set{Frames: []meter.Frame{f}}, func() {}, nil
	})
}
