package admin

import (
	"context"
	"strings"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// NewToken is a token to be made, or an unknown one to be adopted.
type NewToken struct {
	UID string
	TokenPatch
}

// TokenPatch is what changes of a token; nil fields stay, a zero time is none.
type TokenPatch struct {
	Type        *string
	Status      *token.Status
	Group       *string
	Label       *string
	Customer    *ident.CustomerID // "": nobody
	CostCentre  *string
	ValidFrom   *time.Time
	ExpiresAt   *time.Time
	MaxSessions *int
}

// tokenAudit is what an audit line tells of a change: no uid, no label, and of
// the group, which is a uid too, only that it was set.
type tokenAudit struct {
	Type        *string           `json:"type,omitempty"`
	Status      *token.Status     `json:"status,omitempty"`
	GroupSet    bool              `json:"group_set,omitzero"`
	Customer    *ident.CustomerID `json:"customer_id,omitempty"`
	CostCentre  *string           `json:"cost_centre,omitempty"`
	ValidFrom   string            `json:"valid_from,omitzero"`
	ExpiresAt   string            `json:"expires_at,omitzero"`
	MaxSessions *int              `json:"max_sessions,omitempty"`
	Adopted     bool              `json:"adopted,omitzero"`
}

// CreateToken makes a token, accepted unless the caller says otherwise. A uid
// that is listed as unknown is adopted: its row stays and is a token from then
// on. Any other uid that exists is token_exists ([fault.Conflict]).
func (s *Service) CreateToken(ctx context.Context, by account.Actor, in NewToken, keep Keep[token.Token]) (token.Token, error) {
	if err := by.Can(account.TokensWrite); err != nil {
		return token.Token{}, err
	}
	in.UID = strings.TrimSpace(in.UID)
	if in.Status == nil {
		accepted := token.Accepted
		in.Status = &accepted
	}
	var made token.Token
	err := decide(0, func() error {
		was, err := s.store.TokenByUID(ctx, by.Organisation, in.UID)
		adopted := err == nil && was.Status == token.Unknown
		switch {
		case adopted:
		case err == nil:
			return fault.New(fault.Conflict, "token_exists", "id", string(was.ID))
		case !fault.Is(err, fault.NotFound):
			return err
		default:
			now := s.clock.Now()
			was = token.Token{ID: ident.New[ident.TokenID](now), Organisation: by.Organisation, CreatedAt: now}
		}
		was.UID = in.UID
		if made, err = in.apply(was); err != nil {
			return err
		}
		payer, err := s.payer(ctx, by, in.Customer)
		if err != nil {
			return err
		}
		made.Version++
		d := deed{"token.create", tokenEvent(event.TokenCreated, made), in.audit(adopted)}
		err = s.commit(ctx, by, d, &change.Set{Tokens: []token.Token{made}, Reads: payer, Idempotency: keep.of(made)})
		return otherwise(err, fault.New(fault.Stale, "version_moved")) // somebody presented or made it meanwhile: look again
	})
	return made, err
}

// UpdateToken changes a token. A version other than 0 must be the one that
// stands ([fault.Stale] otherwise).
func (s *Service) UpdateToken(ctx context.Context, by account.Actor, id ident.TokenID, p TokenPatch, version int64) (token.Token, error) {
	if err := by.Can(account.TokensWrite); err != nil {
		return token.Token{}, err
	}
	var next token.Token
	err := decide(version, func() error {
		was, err := s.store.Token(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		if next, err = p.apply(was); err != nil {
			return err
		}
		payer, err := s.payer(ctx, by, p.Customer)
		if err != nil {
			return err
		}
		next.Version++
		d := deed{"token.update", tokenEvent(event.TokenUpdated, next), p.audit(false)}
		return s.commit(ctx, by, d, &change.Set{Tokens: []token.Token{next}, Reads: payer})
	})
	return next, err
}

// payer returns the row of the customer whom a token is to name, who must be there
// until it does.
func (s *Service) payer(ctx context.Context, by account.Actor, id *ident.CustomerID) ([]change.Read, error) {
	if id == nil || *id == "" {
		return nil, nil
	}
	c, err := s.store.Customer(ctx, by.Organisation, *id)
	if err != nil {
		return nil, unknown("/customer_id", err)
	}
	return []change.Read{{Kind: change.KindCustomer, ID: string(c.ID), Version: c.Version}}, nil
}

// DeleteToken removes a token with which nobody charges now. Sessions keep its
// identifier, which names nobody any more.
func (s *Service) DeleteToken(ctx context.Context, by account.Actor, id ident.TokenID, version int64) error {
	if err := by.Can(account.TokensWrite); err != nil {
		return err
	}
	return decide(version, func() error {
		was, err := s.store.Token(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		if was.Running > 0 {
			return fault.New(fault.Conflict, "token_in_use")
		}
		gone := was
		gone.Version++
		d := deed{"token.delete", tokenEvent(event.TokenDeleted, gone), struct{}{}}
		return s.commit(ctx, by, d, &change.Set{Removed: []change.Removal{{Kind: change.KindToken, ID: string(id), Version: was.Version}}})
	})
}

// apply returns the token as the patch wants it.
func (p TokenPatch) apply(to token.Token) (token.Token, error) {
	set(&to.Type, p.Type)
	set(&to.Status, p.Status)
	set(&to.Group, p.Group)
	set(&to.Label, p.Label)
	set(&to.Customer, p.Customer)
	set(&to.CostCentre, p.CostCentre)
	set(&to.ValidFrom, p.ValidFrom)
	set(&to.ExpiresAt, p.ExpiresAt)
	set(&to.MaxSessions, p.MaxSessions)
	return to, first(
		text("/uid", to.UID, uidMax, true),
		text("/type", to.Type, typeMax, p.Type != nil), // an unknown token of a 1.6 station has none
		status(p.Status),
		text("/group_id", to.Group, uidMax, false),
		text("/label", to.Label, nameMax, false),
		text("/cost_centre", to.CostCentre, costCentreMax, false),
		within("/max_sessions", to.MaxSessions, 0, maxSessionsMax),
		order(to.ValidFrom, to.ExpiresAt),
	)
}

// costCentreMax is more than companies' books have digits for one.
const costCentreMax = 50

// maxSessionsMax is more than any fleet card has cars.
const maxSessionsMax = 10_000

// status refuses what an operator cannot set: unknown is what nobody has set.
func status(s *token.Status) error {
	if s == nil {
		return nil
	}
	switch *s {
	case token.Accepted, token.Blocked, token.Expired, token.Invalid:
		return nil
	}
	return fault.InvalidField("/status", "enumeration", "must be one of accepted, blocked, expired, invalid")
}

func within(pointer string, n, low, high int) error {
	if n < low || n > high {
		return fault.InvalidField(pointer, "range", "is out of range")
	}
	return nil
}

func order(from, to time.Time) error {
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return fault.InvalidField("/expires_at", "range", "must be after valid_from")
	}
	return nil
}

func (p TokenPatch) audit(adopted bool) tokenAudit {
	return tokenAudit{
		Type: p.Type, Status: p.Status, GroupSet: p.Group != nil, Customer: p.Customer, CostCentre: p.CostCentre, ValidFrom: moment(p.ValidFrom), ExpiresAt: moment(p.ExpiresAt),
		MaxSessions: p.MaxSessions, Adopted: adopted,
	}
}

func tokenEvent(t event.Type, of token.Token) event.Event {
	return event.Event{
		Type: t, Organisation: of.Organisation, Subject: string(of.ID), Version: of.Version,
		Data: token.NoticeOf(of),
	}
}
