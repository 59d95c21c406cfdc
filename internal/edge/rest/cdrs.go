package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/roaming"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/trade"
	"pylon/internal/wire/ocpi"
	"pylon/internal/wire/ocpi221"
	"pylon/internal/wire/ocpi230"
)

// cdrStore is what is read of CDRs.
type cdrStore interface {
	CDR(ctx context.Context, org ident.OrganisationID, id string) (roaming.Kept, error)
	CDRs(ctx context.Context, org ident.OrganisationID, f roaming.Filter, q page.Query) (page.Result[roaming.Kept], error)
}

// CDR is a charge detail record in short.
type CDR struct {
	ID          string  `json:"id" example:"bil_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"That of the bill that it is made with; a credit has -C behind it"`
	SessionID   *string `json:"session_id"`
	CreditsID   *string `json:"credits_cdr_id" doc:"The CDR that a credit takes back"`
	StartedAt   Time    `json:"started_at" nullable:"false"`
	EndedAt     Time    `json:"ended_at" nullable:"false"`
	EnergyKWh   string  `json:"energy_kwh" example:"12.3456" doc:"Decimal"`
	Currency    string  `json:"currency" example:"EUR"`
	BeforeTaxes string  `json:"total_before_taxes" example:"4.9383" doc:"Decimal, by the tariff alone: what is between an operator and his driver is not in it. A credit's is negative"`
	WithTaxes   *string `json:"total_with_taxes" doc:"Decimal; null: not known"`
	UpdatedAt   Time    `json:"updated_at" nullable:"false" doc:"When it was made; it never changes"`
}

// CDRFilter is the input of the list of CDRs.
type CDRFilter struct {
	From      time.Time `query:"from" doc:"Made then or later"`
	To        time.Time `query:"to" doc:"Made before"`
	SessionID string    `query:"session_id" maxLength:"64"`
}

// InCDR is the path of one CDR.
type InCDR struct {
	CDR string `path:"cdrId" maxLength:"64" example:"bil_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func viewCDR(k roaming.Kept) CDR {
	c := &k.CDR
	v := CDR{
		ID: c.ID, SessionID: orNull(c.Session), CreditsID: orNull(c.Credits), StartedAt: Time{c.Start}, EndedAt: Time{c.End},
		EnergyKWh: c.Energy.String(), Currency: string(c.Currency), BeforeTaxes: c.Total.Excl.String(), UpdatedAt: Time{c.UpdatedAt},
	}
	if c.Total.Incl != nil {
		v.WithTaxes = new(c.Total.Incl.String())
	}
	return v
}

func (s *Server) cdrOperations() {
	handle(s, operation{
		id: "list-cdrs", method: http.MethodGet, path: "/cdrs", tag: "billing", scope: account.CDRsRead,
		summary: "List charge detail records", detail: "One for each bill of a session, and one that takes it back; those that were made first before the others.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		CDRFilter
	},
	) (*Listed[CDR], error) {
		rows, err := s.store.CDRs(ctx, by.Organisation, roaming.Filter{From: in.From, To: in.To, Session: ident.SessionID(in.SessionID)}, in.query(""))
		return listed(ctx, rows, err, viewCDR)
	})
	handle(s, operation{
		id: "get-cdr", method: http.MethodGet, path: "/cdrs/{cdrId}", tag: "billing", scope: account.CDRsRead,
		summary: "Get a CDR as a partner gets it", detail: "As OCPI has it. Once made it never changes; the uid of its token is #NA when the token is no more.",
		files: []string{"application/json"}, refuses: []int{http.StatusConflict},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InCDR
		Version string `query:"version" enum:"2.2.1,2.3.0" default:"2.3.0" doc:"Of OCPI"`
	},
	) (*File, error) {
		kept, err := s.store.CDR(ctx, by.Organisation, in.CDR)
		if err != nil {
			return nil, err
		}
		uid := ""
		if kept.Token != "" {
			t, err := s.store.Token(ctx, by.Organisation, kept.Token)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return nil, err
			}
			uid = t.UID
		}
		body, err := written(kept.Told(uid), in.Version)
		if err != nil {
			return nil, err
		}
		digest := sha256.Sum256(body)
		return &File{
			ETag: `"` + hex.EncodeToString(digest[:16]) + `"`, ContentType: "application/json", Policy: defaultPolicy, Body: body,
			Disposition: `inline; filename="` + kept.CDR.ID + `.json"`,
		}, nil
	})
}

// written returns a CDR in a version of OCPI. What breaks the version's rules is
// Conflict cdr_unsendable.
func written(c *trade.CDR, version string) ([]byte, error) {
	var object ocpi.Object
	var err error
	if version == "2.2.1" {
		object, err = ocpi221.CDROf(c)
	} else {
		object, err = ocpi230.CDROf(c)
	}
	if fault.Is(err, fault.Invalid) {
		return nil, fault.Wrap(err, fault.Conflict, "cdr_unsendable", "version", version)
	}
	if err != nil {
		return nil, err
	}
	return ocpi.Encode(object)
}
