package rest

import (
	"context"
	"net/http"

	"pylon/internal/domain/account"
)

// Audit is one line of the audit trail: who changed what.
type Audit struct {
	ID      string  `json:"id" example:"aud_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	At      Time    `json:"at" nullable:"false"`
	KeyID   *string `json:"key_id" doc:"null: Pylon itself"`
	Name    string  `json:"name" doc:"Of the key then, or of the part of Pylon"`
	Action  string  `json:"action" example:"station.update"`
	Subject string  `json:"subject" doc:"Identifier of what changed"`
	Detail  JSON    `json:"detail" doc:"What changed; secrets never"`
}

// Me is who asks.
type Me struct {
	KeyID          string   `json:"key_id"`
	Name           string   `json:"name"`
	OrganisationID string   `json:"organisation_id"`
	Scopes         []string `json:"scopes"`
	Operator       bool     `json:"operator" doc:"Of the operator of the installation"`
}

func viewAudit(a account.Audit) Audit {
	return Audit{
		ID: string(a.ID), At: Time{a.At}, KeyID: orNull(a.By), Name: a.ByName, Action: a.Action, Subject: a.Subject, Detail: JSON(a.Detail),
	}
}

func (s *Server) auditOperations() {
	handle(s, operation{
		id: "list-audit", method: http.MethodGet, path: "/audit", tag: "access", scope: account.KeysRead,
		summary: "List who changed what", detail: "The youngest first.",
	}, func(ctx context.Context, by account.Actor, in *struct{ Paging }) (*Listed[Audit], error) {
		found, err := s.store.Audits(ctx, by.Organisation, in.query(""))
		return listed(ctx, found, err, viewAudit)
	})
	handle(s, operation{
		id: "get-me", method: http.MethodGet, path: "/me", tag: "access", summary: "Get who I am",
	}, func(_ context.Context, by account.Actor, _ *struct{}) (*One[Me], error) {
		me := Me{KeyID: string(by.Key), Name: by.Name, OrganisationID: string(by.Organisation), Scopes: []string{}, Operator: by.Operator}
		for _, scope := range by.Scopes {
			me.Scopes = append(me.Scopes, string(scope))
		}
		return &One[Me]{Body: me}, nil
	})
}
