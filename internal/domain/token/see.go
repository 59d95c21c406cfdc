package token

import (
	"time"

	"pylon/internal/kernel/ident"
)

// SeenEvery is how old the seen time of a token may be before it is written
// again: a storm of the same card costs one write a minute.
const SeenEvery = time.Minute

// seenUIDMax bounds what is listed of an unknown token: OCPP 2.1's limit. A
// longer one is no token of any version.
const seenUIDMax = 255

// Sighting is a token presented at a station.
type Sighting struct {
	Presented    Presented
	Organisation ident.OrganisationID
	Station      ident.StationID
	NewID        ident.TokenID // for a token that nobody knows yet
}

// See notes that a token was presented. A token that nobody knows becomes a row
// with status unknown, so that an operator can adopt it. When changed is false
// there is nothing to write, and the Token is the one known, or zero.
func See(now time.Time, known *Token, in Sighting) (seen Token, created, changed bool) {
	if known == nil {
		if !listed(in.Presented) {
			return Token{}, false, false
		}
		return Token{
			ID: in.NewID, Organisation: in.Organisation, UID: in.Presented.UID, Type: in.Presented.Type,
			Status: Unknown, SeenAt: now, SeenStation: in.Station, CreatedAt: now, Version: 1,
		}, true, true
	}
	seen = *known
	if !known.SeenAt.IsZero() && now.Sub(known.SeenAt) < SeenEvery {
		return seen, false, false
	}
	seen.SeenAt, seen.SeenStation = now, in.Station
	seen.Version++
	return seen, false, true
}

// listed reports whether p is worth a row: a uid that somebody could adopt.
func listed(p Presented) bool {
	return p.Type != NoAuthorization && Key(p.UID) != "" && len(p.UID) <= seenUIDMax && printable(p.UID)
}

// Notice is the data of a token event. It names no uid.
type Notice struct {
	ID     ident.TokenID `json:"id"`
	Type   string        `json:"type,omitzero"`
	Status Status        `json:"status"`
}

// NoticeOf returns what an event tells of t.
func NoticeOf(t Token) Notice { return Notice{ID: t.ID, Type: t.Type, Status: t.Status} }

// printable reports whether text is ASCII without control characters.
func printable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
