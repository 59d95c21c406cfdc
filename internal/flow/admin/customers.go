package admin

import (
	"context"
	"slices"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/event"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/plan"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/page"
)

// CustomerPatch is what a customer is made of, or what changes of him; nil fields
// stay. Groups and Party are given whole.
type CustomerPatch struct {
	Reference      *string
	Party          *billing.Party
	Language       *string
	Settlement     *customer.Settlement
	Contract       *string
	Groups         *[]string
	BuyerReference *string
	DueDays        *int
}

// customerAudit is what an audit line tells of a change: of what may name a person,
// only that it was said.
type customerAudit struct {
	ReferenceSet bool                 `json:"reference_set,omitzero"`
	PartySet     bool                 `json:"party_set,omitzero"`
	Language     *string              `json:"language,omitempty"`
	Settlement   *customer.Settlement `json:"settlement,omitempty"`
	ContractSet  bool                 `json:"contract_set,omitzero"`
	GroupsSet    bool                 `json:"groups_set,omitzero"`
	DueDays      *int                 `json:"due_days,omitempty"`
}

// customerExists says that another customer has the reference.
func customerExists() *fault.Error { return fault.New(fault.Conflict, "customer_exists") }

// CreateCustomer makes a customer, who pays for each session by itself unless the
// caller says otherwise. A reference that another has is customer_exists ([fault.Conflict]).
func (s *Service) CreateCustomer(ctx context.Context, by account.Actor, in CustomerPatch, keep Keep[customer.Customer]) (customer.Customer, error) {
	if err := by.Can(account.CustomersWrite); err != nil {
		return customer.Customer{}, err
	}
	now := s.clock.Now()
	made, err := in.apply(customer.Customer{
		ID: ident.New[ident.CustomerID](now), Organisation: by.Organisation, Settlement: customer.ByReceipt, CreatedAt: now, Version: 1,
	})
	if err != nil {
		return customer.Customer{}, err
	}
	d := deed{"customer.create", customerEvent(event.CustomerCreated, made), in.audit()}
	err = s.commit(ctx, by, d, &change.Set{Customers: []customer.Customer{made}, Idempotency: keep.of(made)})
	return made, otherwise(err, customerExists())
}

// UpdateCustomer changes a customer. What he was given stays as it is. A version
// other than 0 must be the one that stands ([fault.Stale] otherwise).
func (s *Service) UpdateCustomer(ctx context.Context, by account.Actor, id ident.CustomerID, p CustomerPatch, version int64) (customer.Customer, error) {
	if err := by.Can(account.CustomersWrite); err != nil {
		return customer.Customer{}, err
	}
	var next customer.Customer
	err := decide(version, func() error {
		was, err := s.store.Customer(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		if next, err = p.apply(was); err != nil {
			return err
		}
		next.Version++
		d := deed{"customer.update", customerEvent(event.CustomerUpdated, next), p.audit()}
		return otherwise(s.commit(ctx, by, d, &change.Set{Customers: []customer.Customer{next}}), customerExists())
	})
	return next, err
}

// DeleteCustomer removes a customer whom no token names (else customer_in_use) and
// for whom nothing was ever posted (else customer_billed): books and documents
// name who owes, and go on to do so. Both are [fault.Conflict].
func (s *Service) DeleteCustomer(ctx context.Context, by account.Actor, id ident.CustomerID, version int64) error {
	if err := by.Can(account.CustomersWrite); err != nil {
		return err
	}
	return decide(version, func() error {
		was, err := s.store.Customer(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		if err := s.unused(ctx, by, id); err != nil {
			return err
		}
		gone := was
		gone.Version++
		d := deed{"customer.delete", customerEvent(event.CustomerDeleted, gone), struct{}{}}
		return s.commit(ctx, by, d, &change.Set{Removed: []change.Removal{{Kind: change.KindCustomer, ID: string(id), Version: was.Version}}})
	})
}

func (s *Service) unused(ctx context.Context, by account.Actor, id ident.CustomerID) error {
	one := page.Query{Limit: 1}
	tokens, err := s.store.Tokens(ctx, by.Organisation, token.Filter{Customer: id}, one)
	if err != nil {
		return err
	}
	if len(tokens.Items) > 0 {
		return fault.New(fault.Conflict, "customer_in_use", "token", string(tokens.Items[0].ID))
	}
	subscriptions, err := s.store.Subscriptions(ctx, by.Organisation, plan.Filter{Customer: id}, one)
	if err != nil {
		return err
	}
	if len(subscriptions.Items) > 0 {
		return fault.New(fault.Conflict, "customer_subscribed", "subscription", string(subscriptions.Items[0].ID))
	}
	bills, err := s.store.Bills(ctx, by.Organisation, billing.Filter{Debtor: string(id)}, one)
	if err != nil {
		return err
	}
	accounts, err := s.store.LedgerAccounts(ctx, by.Organisation, ledger.AccountFilter{Owner: string(id)}, one)
	if err != nil {
		return err
	}
	if len(bills.Items)+len(accounts.Items) > 0 {
		return fault.New(fault.Conflict, "customer_billed")
	}
	return nil
}

// apply returns the customer as the patch wants him.
func (p CustomerPatch) apply(to customer.Customer) (customer.Customer, error) {
	set(&to.Reference, p.Reference)
	set(&to.Party, p.Party)
	set(&to.Language, p.Language)
	set(&to.Settlement, p.Settlement)
	set(&to.Contract, p.Contract)
	set(&to.BuyerReference, p.BuyerReference)
	set(&to.DueDays, p.DueDays)
	if p.Groups != nil {
		to.Groups = slices.Clone(*p.Groups)
	}
	return to, to.Check()
}

func (p CustomerPatch) audit() customerAudit {
	return customerAudit{
		ReferenceSet: p.Reference != nil, PartySet: p.Party != nil, Language: p.Language, Settlement: p.Settlement,
		ContractSet: p.Contract != nil, GroupsSet: p.Groups != nil, DueDays: p.DueDays,
	}
}

func customerEvent(t event.Type, of customer.Customer) event.Event {
	return event.Event{
		Type: t, Organisation: of.Organisation, Subject: string(of.ID), Version: of.Version,
		Data: customer.Notice{ID: of.ID, Settlement: of.Settlement},
	}
}
