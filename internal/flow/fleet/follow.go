package fleet

import (
	"time"

	"pylon/internal/domain/command"
	"pylon/internal/domain/session"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/ident"
)

// followed is a remote start that somebody sent as a raw call and to which the
// station did not say no. Its row has ended with the answer; its session is
// still to come.
type followed struct {
	input command.Input
	until time.Time
}

const (
	// followTerm is how long a session may take to come of a raw start: longer
	// than stations wait for the cable (ConnectionTimeOut, a minute or two).
	followTerm = 10 * time.Minute
	// followMax bounds the raw starts that are followed; the oldest go first.
	followMax = 16
)

// follow remembers what an answered raw call will bring about. Only with the
// turn.
func (o *Owner) follow(a *asked, answer *Answered) {
	if a.means != command.Start || answer.Declined || answer.State != command.Accepted {
		return
	}
	if len(o.followed) >= followMax {
		o.followed = o.followed[1:]
	}
	o.followed = append(o.followed, followed{input: a.raw, until: answer.At.Add(followTerm)})
}

// unfollow forgets the raw start whose session has come. Only with the turn.
func (o *Owner) unfollow(seen *session.RemoteStart) {
	now := o.fleet.clock.Now()
	kept := o.followed[:0]
	for _, f := range o.followed {
		if came := seen != nil && int64(f.input.RemoteStartID) == seen.ID; !came && now.Before(f.until) {
			kept = append(kept, f)
		}
	}
	o.followed = kept
}

// remoteStart returns the remote start that r is the effect of, nil when there
// is none: a command that was sent, or a raw call that was followed.
func (o *Owner) remoteStart(r *session.Report, tok *token.Token) *session.RemoteStart {
	for _, id := range o.inOrder() {
		a := o.asked[id]
		in := &a.command.Input
		switch {
		case a.command.State == command.Queued:
		case a.command.Type == command.Start && startedBy(r, in, tok != nil && tok.ID == in.Token):
			return &session.RemoteStart{ID: int64(in.RemoteStartID), Token: in.Token}
		case a.means == command.Start && startedBy(r, &a.raw, isToken(tok, &a.raw)):
			return rawStart(&a.raw, tok)
		}
	}
	for i := range o.followed {
		if in := &o.followed[i].input; startedBy(r, in, isToken(tok, in)) {
			return rawStart(in, tok)
		}
	}
	return nil
}

// startedBy reports whether r tells of the start that in asked for. OCPP 2.x
// stations name it; of a 1.6 station it is a start with the token that we sent,
// at the connector when we named one.
func startedBy(r *session.Report, in *command.Input, sameToken bool) bool {
	if r.RemoteStartID >= 0 {
		return int64(in.RemoteStartID) == r.RemoteStartID
	}
	return r.Kind == session.Started && sameToken && (in.EVSE == 0 || in.EVSE == r.EVSE)
}

// isToken reports whether tok is the token that a raw start names.
func isToken(tok *token.Token, in *command.Input) bool {
	return tok != nil && token.Key(tok.UID) == token.Key(in.TokenUID)
}

func rawStart(in *command.Input, tok *token.Token) *session.RemoteStart {
	var id ident.TokenID
	if isToken(tok, in) {
		id = tok.ID
	}
	return &session.RemoteStart{ID: int64(in.RemoteStartID), Token: id}
}
