package rest

import (
	"context"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
)

// Key is an API key.
type Key struct {
	ID         string   `json:"id" example:"key_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Name       string   `json:"name" example:"billing export"`
	Hint       string   `json:"hint" example:"x7q2" doc:"The last characters of the secret"`
	Scopes     []string `json:"scopes" example:"stations:read,sessions:read"`
	ExpiresAt  Time     `json:"expires_at" doc:"null: never"`
	RevokedAt  Time     `json:"revoked_at" doc:"null: in force"`
	CreatedAt  Time     `json:"created_at" nullable:"false"`
	LastUsedAt Time     `json:"last_used_at" doc:"May be a minute old; null: never"`
}

// CreatedKey is a new API key with its secret.
type CreatedKey struct {
	Key
	OrganisationID string  `json:"organisation_id"`
	Secret         *string `json:"secret" doc:"Shown this once; null when the answer is repeated"`
}

// NewKey is an API key to be made.
type NewKey struct {
	Name           string     `json:"name" minLength:"1" maxLength:"200" example:"billing export"`
	Scopes         []string   `json:"scopes" minItems:"1" maxItems:"64" example:"stations:read,sessions:read" doc:"Not more than your own"`
	ExpiresAt      *time.Time `json:"expires_at,omitzero"`
	OrganisationID *string    `json:"organisation_id,omitzero" nullable:"false" doc:"Yours when left out; another one's only for the operator of the installation"`
}

// KeyPatch is a merge patch of a key. Scopes never change.
type KeyPatch struct {
	Name      Edit[string]    `json:"name,omitzero" nullable:"false" maxLength:"200"`
	ExpiresAt Edit[time.Time] `json:"expires_at,omitzero" doc:"null: never"`
}

// InKey is the path of one key.
type InKey struct {
	Key string `path:"keyId" maxLength:"64" example:"key_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func viewKey(k account.Key) Key {
	out := Key{
		ID: string(k.ID), Name: k.Name, Hint: k.Hint, Scopes: make([]string, len(k.Scopes)), ExpiresAt: Time{k.ExpiresAt},
		RevokedAt: Time{k.RevokedAt}, CreatedAt: Time{k.CreatedAt}, LastUsedAt: Time{k.LastUsedAt},
	}
	for i, scope := range k.Scopes {
		out.Scopes[i] = string(scope)
	}
	return out
}

func oneKey(k account.Key) *One[Key] {
	return &One[Key]{ETag: etag(k.Version, k.LastUsedAt.UnixMicro()), Body: viewKey(k)}
}

// createdKey is the answer with a new key; the secret is nil where it is
// stored for a repetition.
func createdKey(k account.Key, secret *string) Created[CreatedKey] {
	one := oneKey(k)
	return Created[CreatedKey]{
		Location: prefix + "/api-keys/" + string(k.ID), ETag: one.ETag,
		Body: CreatedKey{Key: one.Body, OrganisationID: string(k.Organisation), Secret: secret},
	}
}

// key returns the key of a path.
func (s *Server) key(ctx context.Context, by account.Actor, in InKey) (account.Key, error) {
	id, err := pathID[ident.KeyID](in.Key)
	if err != nil {
		return account.Key{}, err
	}
	return s.store.Key(ctx, by.Organisation, id)
}

func (s *Server) keyOperations() {
	handle(s, operation{
		id: "list-api-keys", method: http.MethodGet, path: "/api-keys", tag: "access", scope: account.KeysRead, summary: "List API keys",
		detail: "Revoked ones stay, for the audit trail.",
	}, func(ctx context.Context, by account.Actor, in *struct{ Paging }) (*Listed[Key], error) {
		found, err := s.store.Keys(ctx, by.Organisation, in.query(""))
		return listed(ctx, found, err, viewKey)
	})
	handle(s, operation{
		id: "get-api-key", method: http.MethodGet, path: "/api-keys/{keyId}", tag: "access", scope: account.KeysRead, summary: "Get an API key",
	}, func(ctx context.Context, by account.Actor, in *struct{ InKey }) (*One[Key], error) {
		k, err := s.key(ctx, by, in.InKey)
		return oneKey(k), err
	})
	handle(s, operation{
		id: "create-api-key", method: http.MethodPost, path: "/api-keys", tag: "access", scope: account.KeysWrite, status: http.StatusCreated,
		summary: "Make an API key", detail: "The secret is in the answer and nowhere else.", onceKey: keyTaken,
		example: map[string]any{"name": "billing export", "scopes": []string{"stations:read", "sessions:read"}},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewKey] }) (*Created[CreatedKey], error) {
		b := in.Body.value
		n := admin.NewKey{Organisation: ident.OrganisationID(or(b.OrganisationID)), Name: b.Name, ExpiresAt: or(b.ExpiresAt)}
		for _, scope := range b.Scopes {
			n.Scopes = append(n.Scopes, account.Scope(scope))
		}
		stored := keep(ctx, http.StatusCreated, func(k account.Key) Created[CreatedKey] { return createdKey(k, nil) })
		k, secret, err := s.admin.CreateKey(ctx, by, n, admin.Keep[account.Key](stored))
		return new(createdKey(k, &secret)), err
	})
	s.keyChanges()
}

func (s *Server) keyChanges() {
	refuses := []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired}
	handle(s, operation{
		id: "update-api-key", method: http.MethodPatch, path: "/api-keys/{keyId}", tag: "access", scope: account.KeysWrite,
		summary: "Change an API key", example: map[string]any{"name": "nightly billing export"}, refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InKey
		IfMatch
		Payload[KeyPatch]
	},
	) (*One[Key], error) {
		there, err := s.key(ctx, by, in.InKey)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		p := in.Body.value
		k, err := s.admin.UpdateKey(ctx, by, there.ID, admin.KeyPatch{Name: edited(p.Name, same), ExpiresAt: edited(p.ExpiresAt, same)}, version)
		return oneKey(k), err
	})
	handle(s, operation{
		id: "revoke-api-key", method: http.MethodDelete, path: "/api-keys/{keyId}", tag: "access", scope: account.KeysWrite,
		summary: "Revoke an API key", detail: "For ever. A key cannot revoke itself.", refuses: append(refuses, http.StatusConflict),
	}, func(ctx context.Context, by account.Actor, in *struct {
		InKey
		IfMatch
	},
	) (*Nothing, error) {
		there, err := s.key(ctx, by, in.InKey)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		return done(s.admin.RevokeKey(ctx, by, there.ID, version))
	})
}
