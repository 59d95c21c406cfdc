package rest

import (
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/customer"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
)

// Customer is who pays: a person or a company. His name stands here and on the
// documents that he was given, nowhere else.
type Customer struct {
	ID             string        `json:"id" example:"cus_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Reference      *string       `json:"reference" example:"K-10017" doc:"Your own number for him, unique in the organisation"`
	Party          CustomerParty `json:"party" doc:"As his documents name him"`
	Language       *string       `json:"language" doc:"Of his documents; null: the organisation's"`
	Settlement     string        `json:"settlement" enum:"receipt,monthly" doc:"receipt: each session by itself; monthly: by one invoice a month"`
	Contract       *string       `json:"contract" doc:"With him: tariffs are assigned to it"`
	Groups         []string      `json:"groups" doc:"Of drivers, beside those of his tokens: tariffs are assigned to them"`
	BuyerReference *string       `json:"buyer_reference" doc:"That he wants on his invoices"`
	DueDays        int           `json:"due_days" example:"14" doc:"From the issue of an invoice"`
	CreatedAt      Time          `json:"created_at" nullable:"false"`
}

// NewCustomer is a customer to be made.
type NewCustomer struct {
	Reference      *string           `json:"reference,omitzero" nullable:"false" maxLength:"64"`
	Party          *NewCustomerParty `json:"party,omitzero" nullable:"false" doc:"Who pays by invoice has a name"`
	Language       *string           `json:"language,omitzero" nullable:"false" enum:"de,en,es,fr,nl,sv"`
	Settlement     *string           `json:"settlement,omitzero" nullable:"false" enum:"receipt,monthly" doc:"receipt when left out"`
	Contract       *string           `json:"contract,omitzero" nullable:"false" maxLength:"64"`
	Groups         *[]string         `json:"groups,omitzero" nullable:"false" maxItems:"20"`
	BuyerReference *string           `json:"buyer_reference,omitzero" nullable:"false" maxLength:"100"`
	DueDays        *int              `json:"due_days,omitzero" nullable:"false" minimum:"0" maximum:"365"`
}

// CustomerPatch is a merge patch of a customer; the party is given whole.
type CustomerPatch struct {
	Reference      Edit[string]           `json:"reference,omitzero" maxLength:"64" doc:"null: none"`
	Party          Edit[NewCustomerParty] `json:"party,omitzero" doc:"null: he is forgotten here; what he was given stays as it is"`
	Language       Edit[string]           `json:"language,omitzero" maxLength:"8" doc:"null: the organisation's"`
	Settlement     Edit[string]           `json:"settlement,omitzero" nullable:"false" enum:"receipt,monthly" doc:"Bills that were made stay as they were going to be paid"`
	Contract       Edit[string]           `json:"contract,omitzero" maxLength:"64" doc:"null: none"`
	Groups         Edit[[]string]         `json:"groups,omitzero" doc:"null: none"`
	BuyerReference Edit[string]           `json:"buyer_reference,omitzero" maxLength:"100" doc:"null: none"`
	DueDays        Edit[int]              `json:"due_days,omitzero" nullable:"false" minimum:"0" maximum:"365"`
}

// CustomerParty is a [Party] that may have no name: nobody has to say who he is who
// pays for each session at once.
type CustomerParty struct {
	Name         string `json:"name,omitzero" maxLength:"200" example:"Kurierdienst Süd GmbH"`
	Street       string `json:"street,omitzero" maxLength:"300"`
	PostalCode   string `json:"postal_code,omitzero" maxLength:"200"`
	City         string `json:"city,omitzero" maxLength:"200"`
	Country      string `json:"country,omitzero" maxLength:"2" doc:"ISO 3166-1 alpha-2"`
	TaxID        string `json:"tax_id,omitzero" maxLength:"50" doc:"For VAT, with its country's letters"`
	Registration string `json:"registration,omitzero" maxLength:"50" doc:"In the register of companies"`
	Endpoint     string `json:"endpoint,omitzero" maxLength:"200" doc:"Where e-invoices go, as scheme:id"`
	Mail         string `json:"mail,omitzero" maxLength:"254"`
	Phone        string `json:"phone,omitzero" maxLength:"50"`
	IBAN         string `json:"iban,omitzero" maxLength:"34" doc:"Without spaces"`
}

// NewCustomerParty is a party in a request, closed where [CustomerParty] is open.
type NewCustomerParty CustomerParty

// InCustomer is the path of one customer.
type InCustomer struct {
	Customer string `path:"customerId" maxLength:"64" example:"cus_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

// CustomerFilter is the input of the list of customers.
type CustomerFilter struct {
	Reference  string `query:"reference" maxLength:"64"`
	Settlement string `query:"settlement" enum:"receipt,monthly"`
	Q          string `query:"q" maxLength:"100" doc:"Part of reference, name or mail, without case"`
}

func viewCustomer(c customer.Customer) Customer {
	return Customer{
		ID: string(c.ID), Reference: orNull(c.Reference), Party: CustomerParty(c.Party), Language: orNull(c.Language), Settlement: string(c.Settlement),
		Contract: orNull(c.Contract), Groups: append([]string{}, c.Groups...), BuyerReference: orNull(c.BuyerReference), DueDays: c.DueDays, CreatedAt: Time{c.CreatedAt},
	}
}

func oneCustomer(c customer.Customer) *One[Customer] {
	return &One[Customer]{ETag: etag(c.Version), Body: viewCustomer(c)}
}

func createdCustomer(c customer.Customer) Created[Customer] {
	return Created[Customer]{Location: prefix + "/customers/" + string(c.ID), ETag: etag(c.Version), Body: viewCustomer(c)}
}

func partyOf(p NewCustomerParty) billing.Party { return billing.Party(p) }

func (b *NewCustomer) patch() admin.CustomerPatch {
	p := admin.CustomerPatch{
		Reference: b.Reference, Language: b.Language, Settlement: to[string, customer.Settlement](b.Settlement), Contract: b.Contract,
		Groups: b.Groups, BuyerReference: b.BuyerReference, DueDays: b.DueDays,
	}
	if b.Party != nil {
		p.Party = new(partyOf(*b.Party))
	}
	return p
}

func (b *CustomerPatch) patch() admin.CustomerPatch {
	return admin.CustomerPatch{
		Reference: edited(b.Reference, same), Party: edited(b.Party, partyOf), Language: edited(b.Language, same),
		Settlement: to[string, customer.Settlement](edited(b.Settlement, same)), Contract: edited(b.Contract, same), Groups: edited(b.Groups, same),
		BuyerReference: edited(b.BuyerReference, same), DueDays: edited(b.DueDays, same),
	}
}

// customer returns the customer of a path.
func (s *Server) customer(ctx context.Context, by account.Actor, in InCustomer) (customer.Customer, error) {
	id, err := pathID[ident.CustomerID](in.Customer)
	if err != nil {
		return customer.Customer{}, err
	}
	return s.store.Customer(ctx, by.Organisation, id)
}

func (s *Server) customerOperations() {
	handle(s, operation{
		id: "list-customers", method: http.MethodGet, path: "/customers", tag: "customers", scope: account.CustomersRead,
		summary: "List customers", detail: "The oldest first.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		CustomerFilter
	},
	) (*Listed[Customer], error) {
		found, err := s.store.Customers(ctx, by.Organisation, customer.Filter{
			Reference: in.Reference, Settlement: customer.Settlement(in.Settlement), Query: in.Q,
		}, in.query(""))
		return listed(ctx, found, err, viewCustomer)
	})
	handle(s, operation{
		id: "get-customer", method: http.MethodGet, path: "/customers/{customerId}", tag: "customers", scope: account.CustomersRead, summary: "Get a customer",
	}, func(ctx context.Context, by account.Actor, in *struct{ InCustomer }) (*One[Customer], error) {
		c, err := s.customer(ctx, by, in.InCustomer)
		return oneCustomer(c), err
	})
	handle(s, operation{
		id: "create-customer", method: http.MethodPost, path: "/customers", tag: "customers", scope: account.CustomersWrite, status: http.StatusCreated,
		summary: "Make a customer", detail: "He pays for what is charged with the tokens that name him.", onceKey: keyTaken, refuses: []int{http.StatusConflict},
		example: map[string]any{
			"reference": "K-10017", "settlement": "monthly", "due_days": 14,
			"party": map[string]any{"name": "Kurierdienst Süd GmbH", "street": "Lindenweg 3", "postal_code": "80331", "city": "München", "country": "DE"},
		},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewCustomer] }) (*Created[Customer], error) {
		c, err := s.admin.CreateCustomer(ctx, by, in.Body.value.patch(), keep(ctx, http.StatusCreated, createdCustomer))
		return new(createdCustomer(c)), err
	})
	s.customerChanges()
}

func (s *Server) customerChanges() {
	refuses := []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusPreconditionRequired}
	handle(s, operation{
		id: "update-customer", method: http.MethodPatch, path: "/customers/{customerId}", tag: "customers", scope: account.CustomersWrite,
		summary: "Change a customer", detail: "What he was given stays as it is.", example: map[string]any{"settlement": "monthly", "due_days": 30}, refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InCustomer
		IfMatch
		Payload[CustomerPatch]
	},
	) (*One[Customer], error) {
		there, err := s.customer(ctx, by, in.InCustomer)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		c, err := s.admin.UpdateCustomer(ctx, by, there.ID, in.Body.value.patch(), version)
		return oneCustomer(c), err
	})
	handle(s, operation{
		id: "delete-customer", method: http.MethodDelete, path: "/customers/{customerId}", tag: "customers", scope: account.CustomersWrite,
		summary: "Remove a customer", detail: "Whom no token names, and for whom nothing was ever posted: books and documents go on to name who owes. " +
			"A person is forgotten by setting party to null.",
		refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InCustomer
		IfMatch
	},
	) (*Nothing, error) {
		there, err := s.customer(ctx, by, in.InCustomer)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		return done(s.admin.DeleteCustomer(ctx, by, there.ID, version))
	})
}
