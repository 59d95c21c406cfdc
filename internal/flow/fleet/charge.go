package fleet

import (
	"context"
	"slices"

	"pylon/internal/domain/change"
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
		seen, err := o.see(ctx, p)
		if err != nil {
			return nil, nil, err
		}
		verdict = token.Decide(o.fleet.clock.Now(), seen.token, session.Ask(p, seen.token, o.at(at), o.open))
		set := new(change.Set)
		o.note(set, &seen)
		if empty(set) {
			return nil, nil, nil
		}
		return set, func() { o.noted(&seen); o.told(set) }, nil
	})
	return verdict, err
}

// Report takes in what the station says about a transaction and returns what
// it is told. The answer of a repeated report is the first one's.
func (o *Owner) Report(ctx context.Context, r session.Report) (session.Answer, error) {
	var answer session.Answer
	r = r.Seal()
	err := o.settle(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		known, seen, err := o.known(ctx, &r)
		if err != nil {
			return nil, nil, err
		}
		out := session.Decide(known, r)
		if len(o.open) >= openMax && begins(out.Changed) {
			return nil, nil, fault.New(fault.Exhausted, "too_many_sessions")
		}
		answer = out.Answer
		set, st, err := o.changeOf(ctx, &out, seen)
		if err != nil || empty(set) {
			return nil, nil, err
		}
		seenCommands, err := o.observeReport(ctx, set, &out, known.Remote)
		if err != nil {
			return nil, nil, err
		}
		changed, remote := out.Changed, known.Remote // all that is left of what the decision was made of
		return set, func() {
			if st != o.station {
				o.become(st)
			}
			o.open = remember(o.open, changed)
			if len(o.open) > 0 {
				o.lookAt(o.fleet.clock.Now().Add(session.SilentAfter))
			}
			o.finish(seenCommands)
			o.unfollow(remote)
			o.noted(&seen)
			o.told(set)
			o.tellCosts(&r, changed)
		}, nil
	})
	return answer, err
}

// known gathers what the decision about r may depend on. The database is asked
// only when memory cannot tell: for a transaction that is not open, for a
// report that may be a repeat, and for a token.
func (o *Owner) known(ctx context.Context, r *session.Report) (session.Known, sighting, error) {
	k := session.Known{
		Station: *o.station, Connectors: o.connectors, Open: o.open,
		NewID: ident.New[ident.SessionID](o.fleet.clock.Now()), OnlineSince: o.link.Since, StatusLate: o.statusLate,
	}
	var err error
	if k.Site, err = o.fleet.place(ctx, o.station); err != nil {
		return k, sighting{}, err
	}
	running := o.running(r)
	if running == nil {
		if k.Prior, err = o.prior(ctx, r); err != nil {
			return k, sighting{}, err
		}
		running = k.Prior
	}
	if k.Left, err = o.leftAt(ctx, running, r); err != nil {
		return k, sighting{}, err
	}
	if running != nil {
		if k.PriorFrame, err = o.priorFrame(ctx, running, r); err != nil {
			return k, sighting{}, err
		}
	}
	var seen sighting
	if r.Token != nil {
		if seen, err = o.see(ctx, *r.Token); err != nil {
			return k, seen, err
		}
		k.Verdict = token.Decide(o.fleet.clock.Now(), seen.token, session.Ask(*r.Token, seen.token, running, nil))
	}
	k.Remote = o.remoteStart(r, seen.token)
	return k, seen, nil
}

// leftAt returns the session that ended last where r begins one, or where it is
// about one that we had closed; nil when there is none.
func (o *Owner) leftAt(ctx context.Context, of *session.Session, r *session.Report) (*session.Session, error) {
	switch {
	case of == nil && r.Kind == session.Started:
		return o.lastAt(ctx, Place{r.EVSE, r.Connector})
	case of != nil && of.EndedBy == session.ByEvidence:
		return o.lastAt(ctx, Place{of.EVSE, of.Connector})
	}
	return nil, nil
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

// at returns the open session at a place, nil when there is none.
func (o *Owner) at(p Place) *session.Session {
	for i := range o.open {
		if s := &o.open[i]; p.EVSE != 0 && s.EVSE == p.EVSE && (p.Connector == 0 || p.Connector == s.Connector) {
			return s
		}
	}
	return nil
}

// sighting is a token that was presented here, as it is known from now on.
type sighting struct {
	token   *token.Token // nil when nothing was presented, or nothing that could be a token
	changed bool         // there is a row to write
	created bool         // it is listed for the first time
	turned  bool         // nobody knows it, but the token with its bytes reversed; nobody was told yet
	flood   bool         // it is not listed, for the station brings too many; nobody was told yet
}

// see notes that p was presented. A token that nobody knows gets its row
// before it is judged, so that what is refused has an identifier, too.
func (o *Owner) see(ctx context.Context, p token.Presented) (sighting, error) {
	known, err := found(o.fleet.store.TokenByUID(ctx, o.station.Organisation, p.UID))
	if err != nil {
		return sighting{}, err
	}
	now := o.fleet.clock.Now()
	seen, created, changed := token.See(now, known, token.Sighting{
		Presented: p, Organisation: o.station.Organisation, Station: o.id, NewID: ident.New[ident.TokenID](now),
	})
	if known == nil && !created {
		return sighting{}, nil
	}
	turned, err := o.turned(ctx, known, p.UID)
	if err != nil {
		return sighting{}, err
	}
	if created {
		if lately := o.fleet.strangers.lately(o.id, now); lately.listed >= strangersMax {
			return sighting{flood: !lately.told, turned: turned}, nil
		}
	}
	return sighting{token: &seen, changed: changed, created: created, turned: turned}, nil
}

// note adds a sighting to set, when it is news.
func (o *Owner) note(set *change.Set, s *sighting) {
	if s.flood {
		o.report(set, tooManyStrangers())
	}
	if s.turned {
		o.tellOnce(set, tokenReversed())
	}
	if !s.changed {
		return
	}
	set.Tokens = append(set.Tokens, *s.token)
	if s.created {
		set.Events = append(set.Events, event.Event{
			Type: event.TokenSeen, Subject: string(s.token.ID), Version: s.token.Version, Data: token.NoticeOf(*s.token),
		})
	}
}

// changeOf turns the outcome of a report into a change, and returns the
// station as it is after it: the owner's own when it does not change.
func (o *Owner) changeOf(ctx context.Context, out *session.Outcome, seen sighting) (*change.Set, *station.Station, error) {
	set := new(change.Set)
	add(set, out)
	if f := out.Frame; f != nil {
		if f.Session == "" {
			if err := o.idle(ctx, set, f); err != nil {
				return nil, nil, err
			}
		} else {
			set.Frames = append(set.Frames, *f)
		}
	}
	st := o.station
	if out.LastTransaction != 0 {
		next := *o.station
		next.LastTransaction = out.LastTransaction
		next.Version++
		set.Stations = append(set.Stations, next)
		st = &next
	}
	o.note(set, &seen)
	return set, st, o.countTokens(ctx, set, out.Tokens)
}

// add puts what a decision about sessions changes into set, all but how often
// tokens are in use.
func add(set *change.Set, out *session.Outcome) {
	set.Segments = join(set.Segments, out.Segments)
	set.Findings = join(set.Findings, out.Findings)
	set.Resolved = join(set.Resolved, out.Resolved)
	set.Events = join(set.Events, out.Events)
	changed := out.Changed
	if out.Progress {
		set.Progress = join(set.Progress, changed[:1])
		changed = changed[1:]
	}
	set.Sessions = join(set.Sessions, changed)
}

// join returns what is in a and then b. With nothing in a it is b itself, as a
// rule: sessions are large, and every report changes one.
func join[T any](a, b []T) []T {
	if len(a) == 0 {
		return slices.Clip(b)
	}
	return append(a, b...)
}

// begins reports whether a report opened a session.
func begins(changed []session.Session) bool {
	return len(changed) > 0 && changed[0].Version == 1 && changed[0].Status.Open()
}

// empty reports whether a repeated report, which changes nothing, needs no
// commit.
func empty(set *change.Set) bool {
	return len(set.Sessions)+len(set.Progress)+len(set.Frames)+len(set.Findings)+len(set.Resolved)+len(set.Tokens)+len(set.Stations)+len(set.Events) == 0
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

// Meter keeps samples that were taken outside transactions.
func (o *Owner) Meter(ctx context.Context, f meter.Frame) error {
	return o.settle(ctx, func(ctx context.Context) (*change.Set, func(), error) {
		set := new(change.Set)
		f.Station, f.Session = o.id, ""
		return set, func() {}, o.idle(ctx, set, &f)
	})
}
