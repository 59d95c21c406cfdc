package rest

import (
	"context"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/host"
	"pylon/internal/kernel/ident"
)

// Settlements is what flow/settlements does for a caller.
type Settlements interface {
	Pay(ctx context.Context, by account.Actor, id ident.SettlementID, p host.Payment, keep func(host.Settlement) *change.Idempotency) (host.Settlement, error)
}

// Settlement is what a host is paid for a month, in one currency.
type Settlement struct {
	ID          string              `json:"id" example:"stl_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Number      *string             `json:"number" example:"S2026-0000017" doc:"Without gaps in its series"`
	HostID      string              `json:"host_id" example:"hst_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Month       string              `json:"month" example:"2026-05" doc:"What was billed or taken back late is in a later one"`
	Currency    string              `json:"currency" example:"EUR" doc:"ISO 4217"`
	Sessions    int64               `json:"sessions" doc:"Less those that were taken back"`
	EnergyMWh   int64               `json:"energy_mwh" doc:"Milliwatt-hours"`
	IncomeMinor int64               `json:"income_minor" doc:"Net, of the bills that it is about"`
	ShareMinor  int64               `json:"share_minor"`
	BesideMinor int64               `json:"beside_minor" doc:"Fixed amounts, and what least amounts have added"`
	NetMinor    int64               `json:"net_minor"`
	TaxMinor    int64               `json:"tax_minor"`
	TotalMinor  int64               `json:"total_minor"`
	PaidMinor   int64               `json:"paid_minor"`
	Payments    []SettlementPayment `json:"payments"`
	Lines       []BillLine          `json:"lines"`
	JournalID   string              `json:"journal_id" doc:"That posts it in the ledger"`
	IssuedAt    Time                `json:"issued_at" nullable:"false"`
}

// SettlementPayment is money that a host was sent.
type SettlementPayment struct {
	Bank        string  `json:"bank" example:"giro" doc:"Account of the operator's, as the ledger calls it"`
	Reference   *string `json:"reference" doc:"Of the transfer"`
	AmountMinor int64   `json:"amount_minor"`
	PaidAt      Time    `json:"paid_at" nullable:"false"`
	JournalID   string  `json:"journal_id"`
}

// NewSettlementPayment is a payment to be recorded.
type NewSettlementPayment struct {
	Bank        string     `json:"bank" minLength:"1" maxLength:"64" example:"giro"`
	Reference   *string    `json:"reference,omitzero" nullable:"false" maxLength:"64"`
	AmountMinor int64      `json:"amount_minor" minimum:"1" doc:"At most what is open"`
	PaidAt      *time.Time `json:"paid_at,omitzero" nullable:"false" doc:"Now when left out"`
}

// Earning is what a bill has earned at a site.
type Earning struct {
	BillID      string  `json:"bill_id" example:"bil_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	TakenBack   bool    `json:"taken_back" doc:"The bill was taken back: the amounts are those of the bill, negative"`
	SessionID   string  `json:"session_id"`
	SiteID      string  `json:"site_id"`
	AgreementID *string `json:"agreement_id"`
	Day         string  `json:"day" format:"date" doc:"On which the session ended, by the site's clock"`
	Currency    string  `json:"currency"`
	EnergyMWh   int64   `json:"energy_mwh"`
	IncomeMinor int64   `json:"income_minor" doc:"Net"`
	ShareMinor  int64   `json:"share_minor"`
	JournalID   *string `json:"journal_id" doc:"That posts the share; null when it is of nothing"`
}

// InSettlement is the path of one settlement.
type InSettlement struct {
	Settlement string `path:"settlementId" maxLength:"64" example:"stl_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func viewSettlement(v host.Settlement) Settlement {
	d := &v.Document
	return Settlement{
		ID: string(v.ID), Number: orNull(d.Number), HostID: string(v.Host), Month: string(v.Month), Currency: string(v.Currency),
		Sessions: v.Sessions, EnergyMWh: int64(v.Energy), IncomeMinor: v.Income, ShareMinor: v.Share, BesideMinor: v.Beside,
		NetMinor: d.Net, TaxMinor: d.Tax, TotalMinor: d.Total, PaidMinor: v.Paid(), JournalID: string(v.Journal), IssuedAt: Time{d.IssuedAt},
		Lines: each(d.Lines, viewLine), Payments: each(v.Payments, func(p *host.Payment) SettlementPayment {
			return SettlementPayment{p.Bank, orNull(p.Reference), p.Amount, Time{p.At}, string(p.Journal)}
		}),
	}
}

func viewEarning(e host.Earning) Earning {
	return Earning{
		BillID: string(e.Bill), TakenBack: e.Back, SessionID: string(e.Session), SiteID: string(e.Site), AgreementID: orNull(e.Agreement), Day: e.Day,
		Currency: string(e.Currency), EnergyMWh: int64(e.Energy), IncomeMinor: e.Income.Net(), ShareMinor: e.Share, JournalID: orNull(e.Journal),
	}
}

func createdPayment(v host.Settlement) Created[Settlement] {
	return Created[Settlement]{Location: prefix + "/settlements/" + string(v.ID), ETag: etag(v.Version), Body: viewSettlement(v)}
}

// settlement returns the settlement of a path.
func (s *Server) settlement(ctx context.Context, by account.Actor, in InSettlement) (host.Settlement, error) {
	id, err := pathID[ident.SettlementID](in.Settlement)
	if err != nil {
		return host.Settlement{}, err
	}
	return s.store.Settlement(ctx, by.Organisation, id)
}

func (s *Server) settlementOperations() {
	handle(s, operation{
		id: "list-settlements", method: http.MethodGet, path: "/settlements", tag: "hosts", scope: account.HostsRead,
		summary: "List what hosts are paid", detail: "The youngest first. They are made some days after the end of a month.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		HostID string `query:"host_id" maxLength:"64"`
	},
	) (*Listed[Settlement], error) {
		rows, err := s.store.Settlements(ctx, by.Organisation, host.Filter{Host: ident.HostID(in.HostID)}, in.query(""))
		return listed(ctx, rows, err, viewSettlement)
	})
	handle(s, operation{
		id: "get-settlement", method: http.MethodGet, path: "/settlements/{settlementId}", tag: "hosts", scope: account.HostsRead,
		summary: "Get a settlement", detail: "It never changes, but for what was paid.",
	}, func(ctx context.Context, by account.Actor, in *struct{ InSettlement }) (*One[Settlement], error) {
		v, err := s.settlement(ctx, by, in.InSettlement)
		if err != nil {
			return nil, err
		}
		return &One[Settlement]{ETag: etag(v.Version), Body: viewSettlement(v)}, nil
	})
	handle(s, operation{
		id: "list-settlement-earnings", method: http.MethodGet, path: "/settlements/{settlementId}/earnings", tag: "hosts", scope: account.HostsRead,
		summary: "List what bills have earned for a settlement", detail: "All that its shares are the sum of, in the order of the bills.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		InSettlement
	},
	) (*Listed[Earning], error) {
		v, err := s.settlement(ctx, by, in.InSettlement)
		if err != nil {
			return nil, err
		}
		rows, err := s.store.Earned(ctx, v.ID, in.query(""))
		return listed(ctx, rows, err, viewEarning)
	})
	handle(s, operation{
		id: "create-settlement-payment", method: http.MethodPost, path: "/settlements/{settlementId}/payments", tag: "hosts", scope: account.HostsWrite,
		summary: "Record that a host was paid", detail: "All that is open, or a part of it. The ledger has it from the bank account to the host.",
		status: http.StatusCreated, onceKey: keyNeeded, refuses: []int{http.StatusConflict, http.StatusServiceUnavailable},
		example: map[string]any{"bank": "giro", "amount_minor": 11900, "reference": "SEPA 4711"},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InSettlement
		Payload[NewSettlementPayment]
	},
	) (*Created[Settlement], error) {
		there, err := s.settlement(ctx, by, in.InSettlement)
		if err != nil {
			return nil, err
		}
		b := &in.Body.value
		p := host.Payment{Bank: b.Bank, Amount: b.AmountMinor}
		if b.Reference != nil {
			p.Reference = *b.Reference
		}
		if b.PaidAt != nil {
			p.At = b.PaidAt.UTC()
		}
		v, err := s.settlements.Pay(ctx, by, there.ID, p, keep(ctx, http.StatusCreated, createdPayment))
		return new(createdPayment(v)), err
	})
	s.settlementFileOperation()
}

// settlementFileOperation hands out a settlement. It is no e-invoice.
func (s *Server) settlementFileOperation() {
	handle(s, operation{
		id: "get-settlement-document", method: http.MethodGet, path: "/settlements/{settlementId}/document", tag: "hosts", scope: account.HostsRead,
		summary: "Get a settlement as a file", files: []string{"text/html", "application/pdf"}, refuses: []int{http.StatusNotAcceptable},
		detail: "In the host's language, with what was paid so far. Without format, Accept chooses.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InSettlement
		Format string `query:"format" enum:"html,pdf"`
		Accept string `header:"Accept" hidden:"true"`
	},
	) (*File, error) {
		v, err := s.settlement(ctx, by, in.InSettlement)
		if err != nil {
			return nil, err
		}
		format, err := chosenFormat(in.Format, in.Accept)
		if err != nil {
			return nil, err
		}
		return s.fileOf(&billing.Bill{ID: ident.BillID(v.ID), Document: *v.Paper()}, format)
	})
}
