package token

import (
	"strings"
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// The lengths of a uid, in characters. A longer one than a version's limit is
// kept all the same, with a warning, because other stations may send it.
const (
	UIDMax   = 255 // OCPP 2.1
	UIDMax20 = 36  // OCPP 2.0.1
	UIDMax16 = 20  // OCPP 1.6, CiString20Type
)

const (
	typeMax  = 20  // OCPP 2.1; 2.0.1 has an enumeration of shorter ones
	labelMax = 100 // what fits a line of a list
)

// maxSessionsMax bounds sessions at a time: beyond it somebody mistyped.
const maxSessionsMax = 10_000

// Input is what an operator says of a token.
type Input struct {
	UID         string
	Type        string
	Status      Status // "": accepted
	Group       string
	Label       string
	ValidFrom   time.Time
	ExpiresAt   time.Time
	MaxSessions int
}

// New returns the token that in describes. Warnings name what some stations
// cannot use; a broken rule is [fault.Invalid] and names the field.
func New(now time.Time, id ident.TokenID, org ident.OrganisationID, in Input) (Token, []fault.Field, error) {
	in.UID = strings.TrimSpace(in.UID)
	if err := in.check(); err != nil {
		return Token{}, nil, err
	}
	t := in.onto(Token{ID: id, Organisation: org, UID: in.UID, CreatedAt: now, Version: 1})
	return t, in.warnings(), nil
}

// Adopt makes a token that was only seen the operator's own. The uid stays as
// the station presented it, and what in leaves out of type stays too. A token
// that has been created already is [fault.Conflict].
func Adopt(t Token, in Input) (Token, []fault.Field, error) {
	if t.Status != Unknown {
		return t, nil, fault.New(fault.Conflict, "token_exists", "id", string(t.ID))
	}
	in.UID = t.UID
	if in.Type == "" {
		in.Type = t.Type
	}
	if err := in.check(); err != nil {
		return t, nil, err
	}
	t = in.onto(t)
	t.Version++
	return t, in.warnings(), nil
}

// onto returns t with what the operator said.
func (in Input) onto(t Token) Token {
	t.Type, t.Status, t.Group, t.Label = in.Type, in.Status, strings.TrimSpace(in.Group), in.Label
	t.ValidFrom, t.ExpiresAt, t.MaxSessions = in.ValidFrom, in.ExpiresAt, in.MaxSessions
	if t.Status == "" {
		t.Status = Accepted
	}
	return t
}

// check returns the first broken rule.
func (in Input) check() error {
	switch {
	case in.UID == "":
		return fault.InvalidField("/uid", "required", "a uid has at least one character")
	case len(in.UID) > UIDMax:
		return fault.InvalidField("/uid", "too_long", "a uid has at most 255 characters")
	case !printable(in.UID):
		return fault.InvalidField("/uid", "not_printable", "a uid is printable ASCII")
	case len(in.Type) > typeMax || !printable(in.Type):
		return fault.InvalidField("/type", "too_long", "a type has at most 20 printable characters")
	case !in.Status.settable():
		return fault.InvalidField("/status", "unknown_value", "accepted, blocked, expired or invalid")
	case len(in.Group) > UIDMax || !printable(in.Group):
		return fault.InvalidField("/group_id", "too_long", "a group has at most 255 printable characters")
	case len(in.Label) > labelMax:
		return fault.InvalidField("/label", "too_long", "a label has at most 100 bytes")
	case in.MaxSessions < 0 || in.MaxSessions > maxSessionsMax:
		return fault.InvalidField("/max_sessions", "out_of_range", "0 (any number) to 10000")
	case !in.ValidFrom.IsZero() && !in.ExpiresAt.IsZero() && !in.ValidFrom.Before(in.ExpiresAt):
		return fault.InvalidField("/expires_at", "before_valid_from", "a token expires after it becomes valid")
	}
	return nil
}

// warnings names the stations that cannot send or keep the token as it is.
func (in Input) warnings() []fault.Field {
	var all []fault.Field
	warn := func(pointer, text string) {
		switch {
		case len(text) > UIDMax20:
			all = append(all, fault.Field{Pointer: pointer, Code: "longer_than_ocpp201", Detail: "only OCPP 2.1 has more than 36 characters"})
		case len(text) > UIDMax16:
			all = append(all, fault.Field{Pointer: pointer, Code: "longer_than_ocpp16", Detail: "OCPP 1.6 has at most 20 characters"})
		}
	}
	warn("/uid", in.UID)
	warn("/group_id", in.Group)
	return all
}

// settable reports whether an operator may give a token the status. "" is the
// default. Unknown is what nobody has decided about.
func (s Status) settable() bool {
	return s == "" || s == Accepted || s == Blocked || s == Expired || s == Invalid
}

// printable reports whether text is ASCII without control characters.
func printable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
