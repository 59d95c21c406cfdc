package rest

import (
	"cmp"
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Bill is a receipt, an invoice or a credit note, as it was issued.
type Bill struct {
	ID          string  `json:"id" example:"bil_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Kind        string  `json:"kind" enum:"receipt,invoice,credit_note" doc:"A credit note has the amounts of what it takes back, positive"`
	Number      *string `json:"number" example:"B2026-0000017" doc:"Without gaps in its series; null when the bill is of nothing"`
	SessionID   *string `json:"session_id" example:"ses_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Station     *string `json:"station" example:"sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"The station's id"`
	Revision    int64   `json:"revision" example:"1" doc:"Of the session's bills; a credit note has that of what it takes back"`
	CreditsID   *string `json:"credits_bill_id" doc:"The bill that a credit note takes back"`
	JournalID   *string `json:"journal_id" doc:"That posts it in the ledger; null when the bill is of nothing"`
	Debtor      string  `json:"debtor" example:"tok_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"Who owes it: a customer, else a token, or the session when the station named none"`
	CustomerID  *string `json:"customer_id" example:"cus_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"Who owes it, when it is a customer"`
	Monthly     bool    `json:"monthly" doc:"It is to be on a statement, and is not paid by itself"`
	StatementID *string `json:"statement_id" doc:"That has taken it, or whose invoice it is"`
	Country     string  `json:"country" example:"DE" doc:"Whose tax it is"`
	IssuedAt    Time    `json:"issued_at" nullable:"false"`
	Currency    string  `json:"currency" example:"EUR" doc:"ISO 4217; all amounts are in its minor unit"`
	NetMinor    int64   `json:"net_minor" example:"1000"`
	TaxMinor    int64   `json:"tax_minor" example:"190"`
	TotalMinor  int64   `json:"total_minor" example:"1190"`
}

// Tab is what a session owes, as far as Pylon has got with it.
type Tab struct {
	SessionID string   `json:"session_id" example:"ses_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	State     string   `json:"state" enum:"open,billed,held,free" doc:"open: it runs; billed: a bill stands; held: no bill is made before somebody has looked; free: there is nothing to pay, because no tariff applies, nobody was authorised, or its bill was taken back"`
	Reason    *string  `json:"reason" enum:"raters_differ,tax_unknown,session_invalid,series_missing,energy_uncertified,review,zone_changed,taken_back" doc:"Why it is held; taken_back: why it is free"`
	Released  []string `json:"released" doc:"Codes of findings that somebody has looked at: they hold it no more"`
	FindingID *string  `json:"finding_id" doc:"That tells people why it is held"`
	Snapshot  *string  `json:"snapshot" doc:"Hash of the tariff as it stood when the session began; null: none applies"`
	Revision  int64    `json:"revision" doc:"Of the bill that stands; 0: there was none"`
	BillID    *string  `json:"bill_id" doc:"That stands"`
	ChangedAt Time     `json:"changed_at" nullable:"false"`
}

// BillFilter is the input of the list of bills.
type BillFilter struct {
	SessionID   string `query:"session_id" maxLength:"64"`
	Debtor      string `query:"debtor" maxLength:"64"`
	CustomerID  string `query:"customer_id" maxLength:"64" doc:"Owed by this customer: the same as debtor"`
	StatementID string `query:"statement_id" maxLength:"64" doc:"That a statement has taken, and its invoice"`
	Kind        string `query:"kind" enum:"receipt,invoice,credit_note"`
}

// InBill is the path of one bill.
type InBill struct {
	Bill string `path:"billId" maxLength:"64" example:"bil_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func viewBill(b billing.Bill) Bill {
	d := &b.Document
	return Bill{
		ID: string(b.ID), Kind: string(d.Kind), Number: orNull(d.Number), SessionID: orNull(b.Session), Station: orNull(b.Station),
		CustomerID: customerOf(&b), Monthly: b.Monthly, StatementID: orNull(b.Statement), Revision: b.Revision, CreditsID: orNull(b.Credits), JournalID: orNull(b.Journal), Debtor: b.Debtor, Country: b.Country,
		IssuedAt: Time{d.IssuedAt}, Currency: string(d.Currency), NetMinor: d.Net, TaxMinor: d.Tax, TotalMinor: d.Total,
	}
}

// customerOf returns the customer who owes a bill, null when somebody else does.
func customerOf(b *billing.Bill) *string {
	if _, err := ident.Parse[ident.CustomerID](b.Debtor); err != nil {
		return nil
	}
	return &b.Debtor
}

func viewTab(t billing.Tab) Tab {
	return Tab{
		SessionID: string(t.Session), State: string(t.State), Reason: orNull(t.Reason), Released: t.Released, FindingID: orNull(t.Finding),
		Snapshot: orNull(t.Snapshot), Revision: t.Revision, BillID: orNull(t.Bill), ChangedAt: Time{t.ChangedAt},
	}
}

// bill returns the bill of a path.
func (s *Server) bill(ctx context.Context, by account.Actor, in InBill) (billing.Bill, error) {
	id, err := pathID[ident.BillID](in.Bill)
	if err != nil {
		return billing.Bill{}, err
	}
	return s.store.Bill(ctx, by.Organisation, id)
}

func (s *Server) billOperations() {
	handle(s, operation{
		id: "list-bills", method: http.MethodGet, path: "/bills", tag: "billing", scope: account.BillsRead,
		summary: "List receipts, invoices and credit notes",
		detail:  "The youngest first. Each session has one bill that stands; what came late has taken back those before it, and left the credit notes.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		BillFilter
	},
	) (*Listed[Bill], error) {
		found, err := s.store.Bills(ctx, by.Organisation, billing.Filter{
			Session: ident.SessionID(in.SessionID), Debtor: cmp.Or(in.Debtor, in.CustomerID), Statement: ident.StatementID(in.StatementID), Kind: billing.Kind(in.Kind),
		}, in.query(""))
		return listed(ctx, found, err, viewBill)
	})
	handle(s, operation{
		id: "get-bill", method: http.MethodGet, path: "/bills/{billId}", tag: "billing", scope: account.BillsRead,
		summary: "Get a bill with all that it says", detail: "How the amount came about stands step by step at each charge. A bill never changes.",
	}, func(ctx context.Context, by account.Actor, in *struct{ InBill }) (*One[BillDetail], error) {
		b, err := s.bill(ctx, by, in.InBill)
		if err != nil {
			return nil, err
		}
		detail, err := s.viewBillDetail(&b)
		return &One[BillDetail]{ETag: etag(1), Body: detail}, err
	})
	s.billFileOperation()
	s.transparencyOperation()
	handle(s, operation{
		id: "get-session-tab", method: http.MethodGet, path: "/sessions/{sessionId}/tab", tag: "billing", scope: account.BillsRead,
		summary: "Get what a session owes", detail: "Some seconds after the session began or ended. A session without a tab has no bill and never had one.",
	}, func(ctx context.Context, by account.Actor, in *struct{ InSession }) (*One[Tab], error) {
		of, err := s.session(ctx, by, in.InSession)
		if err != nil {
			return nil, err
		}
		t, err := s.store.Tab(ctx, of.ID)
		if fault.Is(err, fault.NotFound) {
			return nil, fault.New(fault.NotFound, "tab_not_found", "session", string(of.ID))
		}
		return &One[Tab]{ETag: etag(t.Version), Body: viewTab(t)}, err
	})
	s.handOperations()
	s.profileOperations()
}
