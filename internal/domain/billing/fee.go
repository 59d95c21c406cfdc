package billing

import (
	"time"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// Fee is owed for a time and not for a session.
type Fee struct {
	Of       ledger.Source // what it is for: there is one bill of it
	Item     Item
	Name     string
	From, To time.Time // To is exclusive
	Zone     string    // IANA, in which the bill tells times
	Currency money.Currency
	Amount   int64 // minor units
	Gross    bool  // Amount includes the tax
	VAT      decimal.Decimal
}

// Receipt returns the bill of a fee, and its posting; both are nothing for a fee of
// nothing. Of the facts, what is about a session is not looked at.
func (e *Fee) Receipt(f *Facts) ([]Bill, []ledger.Journal, error) {
	if e.Amount == 0 {
		return nil, nil, nil
	}
	tax, err := e.tax()
	if err != nil {
		return nil, nil, err
	}
	amount := money.Of(e.Amount, e.Currency)
	price := amount.Decimal()
	bill := Bill{
		ID: ident.New[ident.BillID](f.Now), Organisation: f.Profile.Organisation, Source: e.Of, Revision: 1,
		Debtor: f.Debtor, Country: f.Country, Monthly: f.Monthly,
		Document: Document{
			Kind: Receipt, IssuedAt: f.Now, Zone: e.Zone, Language: f.Profile.Language, From: e.From, To: e.To,
			Issuer: f.Profile.Issuer, Customer: f.Customer, BuyerReference: f.BuyerReference, Currency: e.Currency, Gross: e.Gross,
			Lines: []Line{{
				Charge: -1, Item: e.Item, Name: e.Name, CostCentre: f.CostCentre,
				Quantity: decimal.FromInt(1, 0), Unit: Piece, Price: &price, VAT: tax.Rate, Amount: e.Amount,
			}},
			Taxes: []rating.Tax{tax}, Net: tax.Taxable, Tax: tax.Tax, Total: tax.Taxable + tax.Tax,
		},
	}
	journal, err := bill.journal(f.Now)
	if err != nil {
		return nil, nil, err
	}
	journal.Series = f.Profile.Series(Receipt, f.Now).ID()
	bill.Journal = journal.ID
	return []Bill{bill}, []ledger.Journal{journal}, nil
}

// tax returns the tax on the fee, or in it.
func (e *Fee) tax() (rating.Tax, error) {
	rate, of := exact.Of(e.VAT), exact.Int(100)
	if e.Gross {
		of = of.Add(rate)
	}
	tax, err := money.Round(money.Of(e.Amount, e.Currency).Exact().Mul(rate).Quo(of), e.Currency)
	if err != nil {
		return rating.Tax{}, err
	}
	t := rating.Tax{Taxable: e.Amount, Tax: tax.Minor}
	if e.Gross {
		t.Taxable -= tax.Minor
	}
	t.Rate, err = written(rate)
	return t, err
}

// about returns what the bill is about, in the books.
func (b *Bill) about() ledger.Source {
	if b.Source != (ledger.Source{}) {
		return b.Source
	}
	return ledger.Source{Type: "session", ID: string(b.Session)}
}
