package rest

import (
	"context"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/token"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
)

// Token is what a driver identifies with. One with status unknown was
// presented at a station and nobody has made it: make it to adopt it.
type Token struct {
	ID          string  `json:"id" example:"tok_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	UID         string  `json:"uid" example:"04A2B3C4D5" doc:"Unique in the organisation, without case"`
	Type        *string `json:"type" example:"ISO14443" doc:"As OCPP 2.x spells it; null when nobody has said"`
	Status      string  `json:"status" enum:"accepted,blocked,expired,invalid,unknown"`
	GroupID     *string `json:"group_id" doc:"Tokens of a group may end each other's sessions"`
	Label       string  `json:"label" doc:"Printed on the card"`
	CustomerID  *string `json:"customer_id" doc:"Who pays for what it charges; null: nobody said"`
	CostCentre  *string `json:"cost_centre" doc:"Of the customer: his invoices are broken down by it"`
	ValidFrom   Time    `json:"valid_from"`
	ExpiresAt   Time    `json:"expires_at" doc:"null: never"`
	MaxSessions int     `json:"max_sessions" doc:"At a time; 0: any number"`
	Running     int     `json:"running_sessions"`
	SeenAt      Time    `json:"seen_at" doc:"Last presented"`
	SeenStation *string `json:"seen_station" doc:"The id of the station where"`
	CreatedAt   Time    `json:"created_at" nullable:"false"`
}

// NewToken is a token to be made.
type NewToken struct {
	UID         string     `json:"uid" minLength:"1" maxLength:"255" example:"04A2B3C4D5"`
	Type        string     `json:"type" minLength:"1" maxLength:"20" example:"ISO14443" doc:"As OCPP 2.x spells it: Central, eMAID, ISO14443, ISO15693, KeyCode, Local, MacAddress, …"`
	Status      *string    `json:"status,omitzero" nullable:"false" enum:"accepted,blocked,expired,invalid" doc:"accepted when left out"`
	GroupID     *string    `json:"group_id,omitzero" maxLength:"255"`
	Label       *string    `json:"label,omitzero" nullable:"false" maxLength:"200"`
	CustomerID  *string    `json:"customer_id,omitzero" nullable:"false" maxLength:"64"`
	CostCentre  *string    `json:"cost_centre,omitzero" nullable:"false" maxLength:"50"`
	ValidFrom   *time.Time `json:"valid_from,omitzero"`
	ExpiresAt   *time.Time `json:"expires_at,omitzero"`
	MaxSessions *int       `json:"max_sessions,omitzero" nullable:"false" minimum:"0" maximum:"10000"`
}

// TokenPatch is a merge patch of a token.
type TokenPatch struct {
	Type        Edit[string]    `json:"type,omitzero" nullable:"false" maxLength:"20"`
	Status      Edit[string]    `json:"status,omitzero" nullable:"false" enum:"accepted,blocked,expired,invalid"`
	GroupID     Edit[string]    `json:"group_id,omitzero" maxLength:"255" doc:"null: in no group"`
	Label       Edit[string]    `json:"label,omitzero" maxLength:"200"`
	CustomerID  Edit[string]    `json:"customer_id,omitzero" maxLength:"64" doc:"null: nobody. Bills that were made stay whose they are"`
	CostCentre  Edit[string]    `json:"cost_centre,omitzero" maxLength:"50" doc:"null: none"`
	ValidFrom   Edit[time.Time] `json:"valid_from,omitzero" doc:"null: always"`
	ExpiresAt   Edit[time.Time] `json:"expires_at,omitzero" doc:"null: never"`
	MaxSessions Edit[int]       `json:"max_sessions,omitzero" minimum:"0" maximum:"10000"`
}

// InToken is the path of one token.
type InToken struct {
	Token string `path:"tokenId" maxLength:"64" example:"tok_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

// TokenFilter is the input of the list of tokens.
type TokenFilter struct {
	Status     []string `query:"status" enum:"accepted,blocked,expired,invalid,unknown"`
	GroupID    string   `query:"group_id" maxLength:"255"`
	CustomerID string   `query:"customer_id" maxLength:"64"`
	Q          string   `query:"q" maxLength:"100" doc:"Part of uid or label, without case"`
	Sort       string   `query:"sort" enum:"created_at,-created_at,-seen_at" default:"-created_at"`
}

func (f TokenFilter) domain() token.Filter {
	out := token.Filter{Group: f.GroupID, Customer: ident.CustomerID(f.CustomerID), Query: f.Q}
	for _, status := range f.Status {
		out.Status = append(out.Status, token.Status(status))
	}
	return out
}

func viewToken(t token.Token) Token {
	return Token{
		ID: string(t.ID), UID: t.UID, Type: orNull(t.Type), Status: string(t.Status), GroupID: orNull(t.Group), Label: t.Label,
		CustomerID: orNull(t.Customer), CostCentre: orNull(t.CostCentre),
		ValidFrom: Time{t.ValidFrom}, ExpiresAt: Time{t.ExpiresAt}, MaxSessions: t.MaxSessions, Running: t.Running,
		SeenAt: Time{t.SeenAt}, SeenStation: orNull(t.SeenStation), CreatedAt: Time{t.CreatedAt},
	}
}

func oneToken(t token.Token) *One[Token] {
	return &One[Token]{ETag: etag(t.Version, t.SeenAt.UnixMicro()), Body: viewToken(t)}
}

func createdToken(t token.Token) Created[Token] {
	one := oneToken(t)
	return Created[Token]{Location: prefix + "/tokens/" + string(t.ID), ETag: one.ETag, Body: one.Body}
}

func (s *Server) tokenOperations() {
	handle(s, operation{
		id: "list-tokens", method: http.MethodGet, path: "/tokens", tag: "tokens", scope: account.TokensRead, summary: "List tokens",
		detail: "Those with status unknown were presented at a station and nobody has made them.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		TokenFilter
	},
	) (*Listed[Token], error) {
		found, err := s.store.Tokens(ctx, by.Organisation, in.domain(), in.query(in.Sort))
		return listed(ctx, found, err, viewToken)
	})
	handle(s, operation{
		id: "get-token", method: http.MethodGet, path: "/tokens/{tokenId}", tag: "tokens", scope: account.TokensRead, summary: "Get a token",
	}, func(ctx context.Context, by account.Actor, in *struct{ InToken }) (*One[Token], error) {
		id, err := pathID[ident.TokenID](in.Token)
		if err != nil {
			return nil, err
		}
		t, err := s.store.Token(ctx, by.Organisation, id)
		return oneToken(t), err
	})
	handle(s, operation{
		id: "create-token", method: http.MethodPost, path: "/tokens", tag: "tokens", scope: account.TokensWrite, status: http.StatusCreated,
		summary: "Make a token, or adopt an unknown one", onceKey: keyTaken, refuses: []int{http.StatusConflict},
		example: map[string]any{"uid": "04A2B3C4D5", "type": "ISO14443", "label": "Card 17"},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewToken] }) (*Created[Token], error) {
		b := in.Body.value
		n := admin.NewToken{UID: b.UID, TokenPatch: admin.TokenPatch{
			Type: &b.Type, Group: b.GroupID, Label: b.Label, Customer: to[string, ident.CustomerID](b.CustomerID), CostCentre: b.CostCentre, ValidFrom: b.ValidFrom, ExpiresAt: b.ExpiresAt, MaxSessions: b.MaxSessions,
		}}
		if b.Status != nil {
			n.Status = new(token.Status(*b.Status))
		}
		t, err := s.admin.CreateToken(ctx, by, n, keep(ctx, http.StatusCreated, createdToken))
		return new(createdToken(t)), err
	})
	s.tokenChanges()
}

func (s *Server) tokenChanges() {
	handle(s, operation{
		id: "update-token", method: http.MethodPatch, path: "/tokens/{tokenId}", tag: "tokens", scope: account.TokensWrite,
		summary: "Change a token", detail: "If-Match is heeded, not needed.", example: map[string]any{"status": "blocked"},
		refuses: []int{http.StatusPreconditionFailed},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InToken
		IfMatch
		Payload[TokenPatch]
	},
	) (*One[Token], error) {
		id, err := pathID[ident.TokenID](in.Token)
		if err != nil {
			return nil, err
		}
		version, err := in.version()
		if err != nil {
			return nil, err
		}
		p := in.Body.value
		t, err := s.admin.UpdateToken(ctx, by, id, admin.TokenPatch{
			Type: edited(p.Type, same), Group: edited(p.GroupID, same), Label: edited(p.Label, same),
			Customer: to[string, ident.CustomerID](edited(p.CustomerID, same)), CostCentre: edited(p.CostCentre, same),
			Status:    edited(p.Status, func(v string) token.Status { return token.Status(v) }),
			ValidFrom: edited(p.ValidFrom, same), ExpiresAt: edited(p.ExpiresAt, same), MaxSessions: edited(p.MaxSessions, same),
		}, version)
		return oneToken(t), err
	})
	handle(s, operation{
		id: "delete-token", method: http.MethodDelete, path: "/tokens/{tokenId}", tag: "tokens", scope: account.TokensWrite,
		summary: "Remove a token", detail: "Not while somebody charges with it. If-Match is heeded, not needed.",
		refuses: []int{http.StatusConflict, http.StatusPreconditionFailed},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InToken
		IfMatch
	},
	) (*Nothing, error) {
		id, err := pathID[ident.TokenID](in.Token)
		if err != nil {
			return nil, err
		}
		version, err := in.version()
		if err != nil {
			return nil, err
		}
		return done(s.admin.DeleteToken(ctx, by, id, version))
	})
}
