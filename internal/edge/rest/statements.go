package rest

import (
	"context"
	"net/http"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/flow/statements"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
)

// Statements is what flow/statements does for a caller.
type Statements interface {
	Ask(ctx context.Context, by account.Actor, w statements.Wish, keep func(customer.Statement) *change.Idempotency) (customer.Statement, error)
	Preview(ctx context.Context, by account.Actor, w statements.Wish) (customer.Statement, billing.Document, error)
}

// Statement is what a customer is asked for a month, in one currency and with one
// country's tax.
type Statement struct {
	ID         string  `json:"id" example:"stm_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	CustomerID string  `json:"customer_id" example:"cus_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Month      string  `json:"month" example:"2026-05" doc:"The last one that it is about"`
	Currency   string  `json:"currency" example:"EUR" doc:"ISO 4217"`
	Country    string  `json:"country" example:"DE" doc:"Whose tax it is"`
	State      string  `json:"state" enum:"open,waiting,issued" doc:"open: it takes bills; waiting: they come to nothing or less, and those of another month join them; issued: its invoice is there"`
	Bills      int64   `json:"bills" doc:"That it has taken, credit notes among them"`
	TotalMinor int64   `json:"total_minor" doc:"What they come to"`
	InvoiceID  *string `json:"invoice_id" example:"bil_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"Among the bills"`
	Problem    *string `json:"problem" example:"statement_too_long" doc:"The code of what kept its invoice from being made when it was last tried; it is tried again every few seconds"`
	CreatedAt  Time    `json:"created_at" nullable:"false"`
	IssuedAt   Time    `json:"issued_at"`
}

// NewStatement is a statement to be made.
type NewStatement struct {
	CustomerID string  `json:"customer_id" minLength:"1" maxLength:"64"`
	Month      string  `json:"month" minLength:"7" maxLength:"7" example:"2026-05" doc:"In the organisation's zone"`
	Currency   *string `json:"currency,omitzero" nullable:"false" maxLength:"3" doc:"The organisation's when left out"`
	Country    *string `json:"country,omitzero" nullable:"false" maxLength:"2" doc:"Whose tax it is; the organisation's when left out"`
}

// StatementPreview is what the invoice of a month would be if it were made now.
type StatementPreview struct {
	CustomerID string     `json:"customer_id"`
	Month      string     `json:"month" example:"2026-05"`
	Currency   string     `json:"currency" example:"EUR"`
	Country    string     `json:"country" example:"DE"`
	Bills      int64      `json:"bills" doc:"Credit notes among them"`
	Sessions   int        `json:"sessions"`
	From       Time       `json:"from" nullable:"false"`
	To         Time       `json:"to" nullable:"false" doc:"Exclusive"`
	LinesGross bool       `json:"lines_gross" doc:"Amounts and prices of lines include tax"`
	Lines      []BillLine `json:"lines"`
	Taxes      []BillTax  `json:"taxes" doc:"By rising rate"`
	NetMinor   int64      `json:"net_minor"`
	TaxMinor   int64      `json:"tax_minor"`
	TotalMinor int64      `json:"total_minor"`
}

// InStatement is the path of one statement.
type InStatement struct {
	Statement string `path:"statementId" maxLength:"64" example:"stm_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

// StatementFilter is the input of the list of statements.
type StatementFilter struct {
	CustomerID string `query:"customer_id" maxLength:"64"`
	Month      string `query:"month" maxLength:"7" example:"2026-05"`
	State      string `query:"state" enum:"open,waiting,issued"`
}

func viewStatement(s customer.Statement) Statement {
	return Statement{
		ID: string(s.ID), CustomerID: string(s.Customer), Month: string(s.Month), Currency: string(s.Currency), Country: s.Country, State: string(s.State),
		Bills: s.Bills, TotalMinor: s.Total, InvoiceID: orNull(s.Invoice), Problem: orNull(s.Problem), CreatedAt: Time{s.CreatedAt}, IssuedAt: Time{s.IssuedAt},
	}
}

func createdStatement(s customer.Statement) Created[Statement] {
	return Created[Statement]{Location: prefix + "/statements/" + string(s.ID), ETag: etag(s.Version), Body: viewStatement(s)}
}

func viewPreview(s *customer.Statement, d *billing.Document) StatementPreview {
	v := StatementPreview{
		CustomerID: string(s.Customer), Month: string(s.Month), Currency: string(s.Currency), Country: s.Country, Bills: s.Bills, Sessions: len(d.Charges),
		From: Time{d.From}, To: Time{d.To}, LinesGross: d.Gross, Lines: []BillLine{}, Taxes: []BillTax{}, NetMinor: d.Net, TaxMinor: d.Tax, TotalMinor: d.Total,
	}
	for i := range d.Lines {
		v.Lines = append(v.Lines, viewLine(&d.Lines[i]))
	}
	for _, t := range d.Taxes {
		v.Taxes = append(v.Taxes, viewTax(t))
	}
	return v
}

func (n *NewStatement) wish() statements.Wish {
	w := statements.Wish{Customer: ident.CustomerID(n.CustomerID), Month: customer.Month(n.Month)}
	if n.Currency != nil {
		w.Currency = money.Currency(*n.Currency)
	}
	if n.Country != nil {
		w.Country = *n.Country
	}
	return w
}

// statement returns the statement of a path.
func (s *Server) statement(ctx context.Context, by account.Actor, in InStatement) (customer.Statement, error) {
	id, err := pathID[ident.StatementID](in.Statement)
	if err != nil {
		return customer.Statement{}, err
	}
	return s.store.CustomerStatement(ctx, by.Organisation, id)
}

// previewMax is enough for as many bills as an invoice has.
const previewMax = 2 * time.Minute

func (s *Server) statementOperations() {
	handle(s, operation{
		id: "list-statements", method: http.MethodGet, path: "/statements", tag: "billing", scope: account.BillsRead,
		summary: "List what customers are asked for month by month", detail: "The youngest first.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		StatementFilter
	},
	) (*Listed[Statement], error) {
		found, err := s.store.CustomerStatements(ctx, by.Organisation, customer.StatementFilter{
			Customer: ident.CustomerID(in.CustomerID), Month: customer.Month(in.Month), State: customer.State(in.State),
		}, in.query(""))
		return listed(ctx, found, err, viewStatement)
	})
	handle(s, operation{
		id: "get-statement", method: http.MethodGet, path: "/statements/{statementId}", tag: "billing", scope: account.BillsRead,
		summary: "Get a statement", detail: "The bills that it has taken are those of the list of bills with its statement_id.",
	}, func(ctx context.Context, by account.Actor, in *struct{ InStatement }) (*One[Statement], error) {
		st, err := s.statement(ctx, by, in.InStatement)
		return &One[Statement]{ETag: etag(st.Version), Body: viewStatement(st)}, err
	})
	s.statementFileOperation()
	handle(s, operation{
		id: "create-statement", method: http.MethodPost, path: "/statements", tag: "billing", scope: account.BillsWrite, status: http.StatusCreated,
		summary: "Invoice a month now", onceKey: keyTaken, refuses: []int{http.StatusConflict},
		detail: "Some days after a month's end it happens by itself. The month has to be over; its invoice follows some seconds later, with the event statement.issued. " +
			"What comes to nothing or less waits for the next month.",
		example: map[string]any{"customer_id": "cus_01JD3K6X5M8Q2V7T9WBNCRFHYZ", "month": "2026-05"},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewStatement] }) (*Created[Statement], error) {
		st, err := s.statements.Ask(ctx, by, in.Body.value.wish(), keep(ctx, http.StatusCreated, createdStatement))
		return new(createdStatement(st)), err
	})
	handle(s, operation{
		id: "preview-statement", method: http.MethodPost, path: "/statements/preview", tag: "billing", scope: account.BillsRead, status: http.StatusOK,
		summary: "See what an invoice would be", detail: "Of what is due by now. Nothing is written, and the month need not be over.", takes: previewMax,
		refuses: []int{http.StatusConflict}, example: map[string]any{"customer_id": "cus_01JD3K6X5M8Q2V7T9WBNCRFHYZ", "month": "2026-05"},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewStatement] }) (*struct{ Body StatementPreview }, error) {
		st, d, err := s.statements.Preview(ctx, by, in.Body.value.wish())
		return &struct{ Body StatementPreview }{viewPreview(&st, &d)}, err
	})
}

// statementFileOperation hands out the invoice of a statement.
func (s *Server) statementFileOperation() {
	var media []string
	for _, f := range billFormats() {
		media = append(media, f.media)
	}
	handle(s, operation{
		id: "get-statement-document", method: http.MethodGet, path: "/statements/{statementId}/document", tag: "billing", scope: account.BillsRead,
		summary: "Get a statement's invoice as a file", files: media, refuses: []int{http.StatusNotAcceptable, http.StatusConflict},
		detail: "As the document of any bill. A statement that has no invoice yet has no document.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InStatement
		Format string `query:"format" enum:"html,pdf,ubl"`
		Accept string `header:"Accept" hidden:"true"`
	},
	) (*File, error) {
		st, err := s.statement(ctx, by, in.InStatement)
		if err != nil {
			return nil, err
		}
		if st.Invoice == "" {
			return nil, fault.New(fault.Conflict, "statement_open", "state", string(st.State))
		}
		b, err := s.store.Bill(ctx, by.Organisation, st.Invoice)
		if err != nil {
			return nil, err
		}
		format, err := chosenFormat(in.Format, in.Accept)
		if err != nil {
			return nil, err
		}
		return s.fileOf(&b, format)
	})
}
