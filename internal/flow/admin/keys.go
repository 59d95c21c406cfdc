package admin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// NewKey is an API key to be made.
type NewKey struct {
	Organisation ident.OrganisationID // "" for the caller's own; another one's only by the operator
	Name         string
	Scopes       []account.Scope
	ExpiresAt    time.Time // zero: never
}

// KeyPatch is what changes of a key; nil fields stay, a zero time is none.
// Scopes never change: what holds the secret may count on them.
type KeyPatch struct {
	Name      *string
	ExpiresAt *time.Time
}

// KeyNotice is the data of a key event.
type KeyNotice struct {
	ID   ident.KeyID `json:"id"`
	Name string      `json:"name"`
}

// keyAudit is what an audit line tells of a change.
type keyAudit struct {
	Name      *string         `json:"name,omitempty"`
	Scopes    []account.Scope `json:"scopes,omitempty"`
	ExpiresAt string          `json:"expires_at,omitzero"`
}

// The form of a secret: a prefix by which scanners for leaked secrets know it,
// then 130 random bits.
const (
	secretPrefix = "pylon_"
	hintLength   = 4
)

// HashOf is what is kept of a key's secret.
func HashOf(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }

// newSecret returns a fresh secret.
func newSecret() string { return secretPrefix + strings.ToLower(rand.Text()) }

// newKey returns a key for a secret.
func newKey(org ident.OrganisationID, name, secret string, scopes []account.Scope, now time.Time) account.Key {
	return account.Key{
		ID: ident.New[ident.KeyID](now), Organisation: org, Name: name, Hash: HashOf(secret),
		Hint: hint(secret), Scopes: scopes, CreatedAt: now, Version: 1,
	}
}

// hint returns the end of a secret, by which people know it again; "" for one
// that they chose so short that its end would give it away.
func hint(secret string) string {
	if len(secret) < 4*hintLength {
		return ""
	}
	return secret[len(secret)-hintLength:]
}

// CreateKey makes a key and returns its secret, which is nowhere else. A key
// can do no more than its maker.
func (s *Service) CreateKey(ctx context.Context, by account.Actor, in NewKey, keep Keep[account.Key]) (account.Key, string, error) {
	if err := by.Can(account.KeysWrite); err != nil {
		return account.Key{}, "", err
	}
	if in.Organisation == "" {
		in.Organisation = by.Organisation
	}
	if _, err := s.organisation(ctx, by, string(in.Organisation)); err != nil {
		return account.Key{}, "", err
	}
	secret, now := newSecret(), s.clock.Now()
	key := newKey(in.Organisation, in.Name, secret, in.Scopes, now)
	key.ExpiresAt = in.ExpiresAt
	if err := first(text("/name", in.Name, nameMax, true), scopes(by, in.Scopes), future(in.ExpiresAt, now)); err != nil {
		return account.Key{}, "", err
	}
	d := deed{"key.create", keyEvent(event.KeyCreated, key), keyAudit{&in.Name, in.Scopes, moment(&in.ExpiresAt)}}
	err := s.commit(ctx, by, d, &change.Set{Keys: []account.Key{key}, Idempotency: keep.of(key)})
	return key, secret, err
}

// UpdateKey changes a key. A version other than 0 must be the one that stands
// ([fault.Stale] otherwise).
func (s *Service) UpdateKey(ctx context.Context, by account.Actor, id ident.KeyID, p KeyPatch, version int64) (account.Key, error) {
	var next account.Key
	err := s.changeKey(ctx, by, id, version, func(was account.Key) (account.Key, deed, error) {
		next = was
		set(&next.Name, p.Name)
		set(&next.ExpiresAt, p.ExpiresAt)
		next.Version++
		err := text("/name", next.Name, nameMax, true)
		if p.ExpiresAt != nil {
			err = first(err, future(*p.ExpiresAt, s.clock.Now()))
		}
		return next, deed{"key.update", keyEvent(event.KeyUpdated, next), keyAudit{Name: p.Name, ExpiresAt: moment(p.ExpiresAt)}}, err
	})
	return next, err
}

// RevokeKey ends a key for ever; its row stays, for the audit trail. A key
// cannot revoke itself: an installation whose last key is gone is locked.
func (s *Service) RevokeKey(ctx context.Context, by account.Actor, id ident.KeyID, version int64) error {
	return s.changeKey(ctx, by, id, version, func(was account.Key) (account.Key, deed, error) {
		if was.ID == by.Key {
			return was, deed{}, fault.New(fault.Conflict, "key_is_own")
		}
		next := was
		if next.RevokedAt.IsZero() {
			next.RevokedAt = s.clock.Now()
		}
		next.Version++
		return next, deed{"key.revoke", keyEvent(event.KeyRevoked, next), struct{}{}}, nil
	})
}

// changeKey commits what f makes of a key.
func (s *Service) changeKey(ctx context.Context, by account.Actor, id ident.KeyID, version int64,
	f func(account.Key) (account.Key, deed, error),
) error {
	if err := by.Can(account.KeysWrite); err != nil {
		return err
	}
	return decide(version, func() error {
		was, err := s.store.Key(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		next, d, err := f(was)
		if err != nil {
			return err
		}
		return s.commit(ctx, by, d, &change.Set{Keys: []account.Key{next}})
	})
}

// scopes refuses scopes that there are not, and those that the caller has not.
func scopes(by account.Actor, want []account.Scope) error {
	if len(want) == 0 {
		return fault.InvalidField("/scopes", "items", "must have at least one scope")
	}
	for _, scope := range want {
		if !slices.Contains(account.Scopes(), scope) {
			return fault.InvalidField("/scopes", "enumeration", "has a scope that there is not")
		}
		if err := by.Can(scope); err != nil {
			return fault.New(fault.Forbidden, "scope_beyond_own", "scope", string(scope))
		}
	}
	return nil
}

func future(t, now time.Time) error {
	if !t.IsZero() && !t.After(now) {
		return fault.InvalidField("/expires_at", "range", "must be in the future")
	}
	return nil
}

func keyEvent(t event.Type, of account.Key) event.Event {
	return event.Event{
		Type: t, Organisation: of.Organisation, Subject: string(of.ID), Version: of.Version,
		Data: KeyNotice{ID: of.ID, Name: of.Name},
	}
}
