package sim

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// verdict is what is known of a token.
type verdict struct {
	accepted bool
	expires  time.Time // by the station's clock; zero for never
	group    string    // uid of the group, "" for none
}

// cacheMax bounds the tokens a station remembers for when it is offline.
const cacheMax = 1000

// tokens is what a station knows of tokens by itself. The station's lock guards
// it. Uids are compared without case.
type tokens struct {
	cache   map[string]verdict // the answer of last time
	list    map[string]verdict // that the server has sent
	version int                // of the list; 0 when there is none
}

// listed returns what the list says of a token, if it is in force.
func (s *Station) listed(token Token) (verdict, bool) {
	v, ok := s.tokens.list[strings.ToLower(token.UID)]
	return v, ok && s.settings.is(listEnabled)
}

// cached returns the answer of last time, if it holds.
func (s *Station) cached(token Token) (verdict, bool) {
	v, ok := s.tokens.cache[strings.ToLower(token.UID)]
	return v, ok && s.settings.is(cacheEnabled)
}

// valid says whether the verdict lets its token charge now.
func (s *Station) valid(v verdict) bool {
	return v.accepted && (v.expires.IsZero() || s.time().Before(v.expires))
}

// locally decides about a token without the server. Offline, a token that is not
// known may charge when the settings say so.
func (s *Station) locally(token Token, offline bool) (allowed, decided bool) {
	for _, look := range []func(Token) (verdict, bool){s.listed, s.cached} {
		if v, ok := look(token); ok {
			return s.valid(v), offline || s.valid(v)
		}
	}
	return s.settings.is(offlineForUnknown), offline
}

// authorise finds out whether the token of a visit may charge: from the list or the
// cache when the settings let it, from the server, and offline from what is known.
func (s *Station) authorise(ctx context.Context, v *visit) bool {
	s.mu.Lock()
	token := v.Token
	if !v.remote {
		token = s.written(token)
	}
	allowed, decided := s.locally(token, false)
	decided = decided && s.settings.is(localPreAuthorize)
	request := s.speak.authorize(token)
	s.mu.Unlock()
	if decided {
		return allowed
	}
	response, err := s.Call(ctx, request)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, ErrClosed):
		allowed, _ = s.locally(token, true)
		return allowed && s.settings.is(localAuthorizeOffline)
	case err != nil:
		return false
	}
	says := s.speak.authorized(response)
	s.remember(token, says)
	return s.valid(says)
}

// remember puts an answer of the server into the cache.
func (s *Station) remember(token Token, v verdict) {
	if s.tokens.cache == nil {
		s.tokens.cache = map[string]verdict{}
	}
	if len(s.tokens.cache) < cacheMax {
		s.tokens.cache[strings.ToLower(token.UID)] = v
	}
}

// forget empties the cache.
func (s *Station) forget() { clear(s.tokens.cache) }

// listUpdate is a SendLocalList in no version's words.
type listUpdate struct {
	version int
	full    bool
	entries []listEntry
}

// listEntry is a token of a list; one without a verdict is taken out.
type listEntry struct {
	uid     string
	verdict *verdict
}

// listOutcome is what becomes of a list, in words that all versions share.
type listOutcome string

const (
	listAccepted   listOutcome = "Accepted"
	listFailed     listOutcome = "Failed"
	listMismatched listOutcome = "VersionMismatch"
)

// updateList takes a local list, or changes to it. Source: OCPP 1.6 section 5.15, 2.x D01.
func (s *Station) updateList(u listUpdate) listOutcome {
	next := map[string]verdict{}
	if !u.full {
		if u.version <= s.tokens.version {
			return listMismatched
		}
		maps.Copy(next, s.tokens.list)
	}
	for _, entry := range u.entries {
		uid := strings.ToLower(entry.uid)
		switch {
		case entry.verdict != nil:
			next[uid] = *entry.verdict
		case u.full:
			return listFailed // a full list says of every token what holds
		default:
			delete(next, uid)
		}
	}
	if len(next) > listMax || len(u.entries) > s.settings.number(listItems) {
		return listFailed
	}
	s.tokens.list, s.tokens.version = next, u.version
	return listAccepted
}

// written returns a token as the station writes it on the wire.
func (s *Station) written(t Token) Token {
	if s.config.Quirks.ReversedTokens || s.lasting(ReversedTokens) {
		t.UID = reversed(t.UID)
	}
	if s.config.Quirks.LowerCaseTokens || s.lasting(LowerCaseTokens) {
		t.UID = strings.ToLower(t.UID)
	}
	return t
}

// reversed returns a uid in hexadecimal digits with its bytes in reverse; any other
// as it is.
func reversed(uid string) string {
	digits := func(c rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", c) }
	if len(uid)%2 != 0 || strings.ContainsFunc(uid, digits) {
		return uid
	}
	var pairs []string
	for pair := range slices.Chunk([]byte(uid), 2) {
		pairs = append(pairs, string(pair))
	}
	slices.Reverse(pairs)
	return strings.Join(pairs, "")
}
