package token

import (
	"time"

	"pylon/internal/kernel/ident"
)

// NoAuthorization is the OCPP 2.x type of a start that needs no token: a
// button, a key, plug and go. Its uid is empty.
const NoAuthorization = "NoAuthorization"

// The reasons of a refusal. Public and stable.
const (
	ReasonUnknown     = "token_unknown"
	ReasonBlocked     = "token_blocked"
	ReasonInvalid     = "token_invalid"
	ReasonEmpty       = "token_empty"
	ReasonNotYetValid = "token_not_yet_valid"
	ReasonExpired     = "token_expired"
	ReasonConcurrent  = "token_in_use"
)

// Ask is the situation in which a token is presented.
type Ask struct {
	Presented Presented

	// Holder and Group are the token and the group (a uid) of the session that
	// runs where the token is presented; "" when none runs, or a new one
	// begins. Who comes to his own or his group's session may end it, however
	// many sessions he has.
	Holder ident.TokenID
	Group  string
}

// Decide says whether the token t, nil when nobody knows it, may charge. What
// it refuses it refuses with a reason. The group is told in any case, because
// the station needs it to let a group end its session.
//
// A token is valid from ValidFrom on and until just before ExpiresAt.
// Source: OCPP 2.0.1 part 2, C01, C02, C09; 1.6 sections 3.10 and 4.1.
func Decide(now time.Time, t *Token, ask Ask) Decision {
	if ask.Presented.Type == NoAuthorization {
		return Decision{Verdict: VerdictAccepted} // the station cannot be refused (C02)
	}
	if t == nil {
		if Key(ask.Presented.UID) == "" {
			return Decision{Verdict: VerdictInvalid, Reason: ReasonEmpty}
		}
		return Decision{Verdict: VerdictUnknown, Reason: ReasonUnknown}
	}
	d := Decision{Token: t.ID, Group: t.Group}
	d.Verdict, d.Reason = judge(now, t, &ask)
	if d.OK() {
		d.ExpiresAt = t.ExpiresAt
	}
	return d
}

// judge goes from what the operator set over time to use.
func judge(now time.Time, t *Token, ask *Ask) (Verdict, string) {
	switch t.Status {
	case Accepted:
	case Blocked:
		return VerdictBlocked, ReasonBlocked
	case Expired:
		return VerdictExpired, ReasonExpired
	case Invalid:
		return VerdictInvalid, ReasonInvalid
	case Unknown:
		return VerdictUnknown, ReasonUnknown
	default: // a status of a later version of Pylon: charge nobody by it
		return VerdictInvalid, ReasonInvalid
	}
	switch {
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return VerdictExpired, ReasonExpired
	case now.Before(t.ValidFrom):
		return VerdictInvalid, ReasonNotYetValid
	case t.MaxSessions > 0 && t.Running >= t.MaxSessions && !ask.mayEnd(t):
		return VerdictConcurrentTx, ReasonConcurrent
	}
	return VerdictAccepted, ""
}

// mayEnd reports whether the session that runs where t is presented is t's own
// or its group's.
func (a *Ask) mayEnd(t *Token) bool {
	return a.Holder != "" && a.Holder == t.ID || SameGroup(a.Group, t.Group)
}

// SameGroup reports whether a and b, uids of groups, name the same group. ""
// is no group.
func SameGroup(a, b string) bool { return a != "" && Key(a) == Key(b) }
