package billing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// pricesTold is how many prices of an item an invoice tells apart: with more, as
// spot prices make them, it tells the energy and what it came to.
const pricesTold = 5

// Summary adds up bills and credit notes for one invoice. Its lines tell what was
// sold, by cost centre, item, price and rate of tax; its charges are all sessions.
//
// What the customer owes is what he was billed, to the minor unit. The tax of a
// rate is that of the whole (EN 16931, BR-CO-17), while each bill had its own
// rounded: what lies between is a line and a posting, see [Summary.Document] and
// [Summary.Transfers].
type Summary struct {
	currency money.Currency
	country  string

	items   map[item]*sum
	rates   map[string]*rate // by the rate's digits
	charges []Charge
	relief  Relief    // of all bills
	from    time.Time // the earliest that a bill is about
	bills   int64
	total   int64
}

// item is what lines of an invoice keep apart.
type item struct {
	centre string
	item   Item
	name   string
	unit   Unit
	vat    string // digits of the rate
	gross  bool   // of a bill whose lines include tax
	price  string // "": none
}

// sum is what bills say of an item.
type sum struct {
	quantity int64 // in millionths, which [quantityDigits] are
	amount   int64
	price    *decimal.Decimal
}

// rate is what bills say of a rate of tax.
type rate struct {
	rate     decimal.Decimal
	net, tax int64
}

// NewSummary returns the sum of no bills.
func NewSummary(currency money.Currency, country string) *Summary {
	return &Summary{currency: currency, country: country, items: map[item]*sum{}, rates: map[string]*rate{}}
}

// Bills returns how many have been added.
func (s *Summary) Bills() int64 { return s.bills }

// Total returns what they come to; a credit note takes off.
func (s *Summary) Total() int64 { return s.total }

// Add adds a bill, or takes off a credit note.
func (s *Summary) Add(b *Bill) error {
	d := &b.Document
	sign := int64(1)
	if d.Kind == CreditNote {
		sign = -1
	}
	if d.Currency != s.currency || b.Country != s.country {
		return fmt.Errorf("bill %s: in %s with tax of %q, on an invoice in %s with tax of %q", b.ID, d.Currency, b.Country, s.currency, s.country)
	}
	if s.bills > 0 && d.Relief != s.relief {
		return fmt.Errorf("bill %s: relieved of tax for another reason than those before it", b.ID)
	}
	s.relief = d.Relief
	for _, t := range d.Taxes {
		r := s.rate(t.Rate)
		r.net += sign * t.Taxable
		r.tax += sign * t.Tax
	}
	for i := range d.Lines {
		if err := s.line(d, &d.Lines[i], sign); err != nil {
			return fmt.Errorf("bill %s: line %d: %w", b.ID, i, err)
		}
	}
	for i := range d.Charges {
		c := d.Charges[i]
		c.Steps, c.Signed, c.Tariff = nil, nil, "" // they are on the bill itself
		c.Bill, c.CostCentre, c.Total = d.Number, centreOf(d), sign*d.Total
		s.charges = append(s.charges, c)
	}
	if at := b.EffectiveAt(); s.from.IsZero() || at.Before(s.from) {
		s.from = at
	}
	s.bills++
	s.total += sign * d.Total
	return nil
}

// centreOf returns the cost centre of a bill, which all its lines have.
func centreOf(d *Document) string {
	if len(d.Lines) == 0 {
		return ""
	}
	return d.Lines[0].CostCentre
}

func (s *Summary) rate(of decimal.Decimal) *rate {
	key := digitsOf(of)
	if s.rates[key] == nil {
		s.rates[key] = &rate{rate: of}
	}
	return s.rates[key]
}

// digitsOf returns a number such that 19 and 19.0 are the same.
func digitsOf(d decimal.Decimal) string { return exact.Of(d).String() }

func (s *Summary) line(d *Document, l *Line, sign int64) error {
	vat := l.VAT
	if len(d.Taxes) == 1 && d.Taxes[0].Rate.Sign() == 0 { // no tax applies
		vat = d.Taxes[0].Rate
	}
	s.rate(vat)
	key := item{centre: l.CostCentre, item: l.Item, name: l.Name, unit: l.Unit, vat: digitsOf(vat), gross: d.Gross}
	if l.Price != nil {
		key.price = digitsOf(*l.Price)
	}
	millionths, whole, err := l.Quantity.Scaled(quantityDigits)
	if err != nil || !whole {
		return fmt.Errorf("quantity %s has more than %d digits after the point", l.Quantity, quantityDigits)
	}
	of := s.items[key]
	if of == nil {
		of = &sum{price: l.Price}
		s.items[key] = of
	}
	of.quantity += sign * millionths
	of.amount += sign * l.Amount
	return nil
}

// Heading is what an invoice says beside its sums.
type Heading struct {
	Now            time.Time
	To             time.Time // exclusive: the end of the month
	Zone           *time.Location
	Profile        Profile
	Customer       Party
	BuyerReference string
	DueDays        int
}

// Document returns the invoice. Its lines include tax when those of all bills do.
//
// The gross of each rate is that of the bills; its tax is what is in that, rounded
// once. Where lines are net, a line of the rate says by how much the net is
// another one than that of the bills, at most half a minor unit for each of them.
func (s *Summary) Document(h *Heading) (Document, error) {
	d := Document{
		Kind: Invoice, IssuedAt: h.Now, DueAt: h.Now.In(h.Zone).AddDate(0, 0, h.DueDays).UTC(), Zone: h.Zone.String(), Language: h.Profile.Language,
		Issuer: h.Profile.Issuer, Customer: h.Customer, BuyerReference: h.BuyerReference, From: s.begins(h.Zone), To: h.To,
		Relief: s.relief, Currency: s.currency, Gross: s.allGross(), Total: s.total, Charges: s.charges,
	}
	slices.SortStableFunc(d.Charges, func(a, b Charge) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Session, b.Session), cmp.Compare(a.Bill, b.Bill))
	})
	net := map[string]int64{} // of the lines at a rate
	for _, key := range s.told() {
		l, err := s.summed(key, d.Gross)
		if err != nil {
			return Document{}, err
		}
		net[key.vat] += l.Amount
		d.Lines = append(d.Lines, l)
	}
	for _, r := range s.byRate() {
		t, err := r.taxed(s.currency)
		if err != nil {
			return Document{}, err
		}
		d.Taxes = append(d.Taxes, t)
		d.Net, d.Tax = d.Net+t.Taxable, d.Tax+t.Tax
		if rest := t.Taxable - net[digitsOf(t.Rate)]; rest != 0 && !d.Gross {
			d.Lines = append(d.Lines, Line{Charge: -1, Item: ItemRounding, Quantity: decimal.FromInt(1, 0), Unit: Piece, VAT: t.Rate, Amount: rest})
		}
	}
	return d, nil
}

// begins returns the first instant of the month of the earliest bill: what came
// late belongs to the time that the invoice is about.
func (s *Summary) begins(zone *time.Location) time.Time {
	at := s.from.In(zone)
	return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, zone).UTC()
}

func (s *Summary) allGross() bool {
	for key := range s.items {
		if !key.gross {
			return false
		}
	}
	return true
}

// told merges the prices of what has too many of them, and returns the items in
// the order of the lines.
func (s *Summary) told() []item {
	prices := map[item]int{}
	for key := range s.items {
		key.price = ""
		prices[key]++
	}
	for key, of := range s.items {
		whole := key
		if whole.price = ""; key.price == "" || prices[whole] <= pricesTold {
			continue
		}
		delete(s.items, key)
		if s.items[whole] == nil {
			s.items[whole] = &sum{}
		}
		s.items[whole].quantity += of.quantity
		s.items[whole].amount += of.amount
	}
	maps.DeleteFunc(s.items, func(_ item, of *sum) bool { return *of == sum{price: of.price} }) // what was taken back whole
	return slices.SortedFunc(maps.Keys(s.items), func(a, b item) int {
		return cmp.Or(
			cmp.Compare(a.centre, b.centre), cmp.Compare(a.item, b.item), cmp.Compare(a.name, b.name), cmp.Compare(a.vat, b.vat),
			cmp.Compare(a.price, b.price), cmp.Compare(a.unit, b.unit), cmp.Compare(after(a.gross), after(b.gross)),
		)
	})
}

func after(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// summed returns the line of an item: net, or as the bills have it.
func (s *Summary) summed(key item, gross bool) (Line, error) {
	of := s.items[key]
	l := Line{Charge: -1, Item: key.item, Name: key.name, CostCentre: key.centre, Unit: key.unit, VAT: s.rates[key.vat].rate, Price: of.price, Amount: of.amount}
	var err error
	if l.Quantity, err = written(exact.Of(decimal.FromInt(of.quantity, quantityDigits))); err != nil {
		return l, err
	}
	if key.gross && !gross {
		l.Price = nil
		var net money.Amount
		net, err = money.Round(money.Of(of.amount, s.currency).Exact().Mul(netOf(l.VAT)), s.currency)
		l.Amount = net.Minor
	}
	return l, err
}

// netOf returns the net in a gross of 1.
func netOf(rate decimal.Decimal) exact.Number {
	return exact.Int(100).Quo(exact.Int(100).Add(exact.Of(rate)))
}

// byRate returns the rates of all lines, by rising rate.
func (s *Summary) byRate() []*rate {
	return slices.SortedFunc(maps.Values(s.rates), func(a, b *rate) int { return a.rate.Cmp(b.rate) })
}

// taxed returns the tax in the gross of the bills at a rate, rounded once.
func (r *rate) taxed(currency money.Currency) (rating.Tax, error) {
	gross := r.net + r.tax
	whole := money.Of(gross, currency).Exact()
	tax, err := money.Round(whole.Sub(whole.Mul(netOf(r.rate))), currency)
	return rating.Tax{Rate: r.rate, Taxable: gross - tax.Minor, Tax: tax.Minor}, err
}

// Transfers returns what posts the invoice: what the customer owes goes from his
// bills to his invoice, and what the tax of the whole differs from those of the
// bills goes between the tax and [ledger.Rounding].
func (s *Summary) Transfers(book ledger.Book, debtor ident.CustomerID) ([]ledger.Transfer, error) {
	all := book.Invoice(string(debtor), string(debtor), s.total)
	for _, r := range s.byRate() {
		t, err := r.taxed(s.currency)
		if err != nil {
			return nil, err
		}
		all = append(all, book.Retax(ledger.Tax{Country: s.country, Rate: t.Rate, Amount: t.Tax - r.tax})...)
	}
	return all, nil
}

// Invoiced is an invoice that is to be issued.
type Invoiced struct {
	Statement    ident.StatementID
	Organisation ident.OrganisationID
	Customer     ident.CustomerID
	Heading      Heading
}

// ErrNothing says that the bills come to nothing or less: there is no invoice of
// them.
var ErrNothing = fault.New(fault.Conflict, "statement_empty")

// Issue returns the invoice and its journal, or [ErrNothing]. The commit that
// writes both draws the number.
func (s *Summary) Issue(in *Invoiced) (Bill, ledger.Journal, error) {
	if s.total <= 0 {
		return Bill{}, ledger.Journal{}, ErrNothing
	}
	d, err := s.Document(&in.Heading)
	if err != nil {
		return Bill{}, ledger.Journal{}, err
	}
	transfers, err := s.Transfers(ledger.Book{Organisation: in.Organisation, Unit: ledger.UnitOf(s.currency)}, in.Customer)
	if err != nil {
		return Bill{}, ledger.Journal{}, err
	}
	now := in.Heading.Now
	source := ledger.Source{Type: "statement", ID: string(in.Statement)}
	j := ledger.Post(now, ledger.Invoiced, source, transfers)
	j.Organisation, j.Revision, j.EffectiveAt = in.Organisation, 1, in.Heading.To.Add(-time.Microsecond) // the last instant of the month
	j.Series = in.Heading.Profile.Series(Invoice, now).ID()
	return Bill{
		ID: ident.New[ident.BillID](now), Organisation: in.Organisation, Source: source, Revision: 1, Journal: j.ID, Debtor: string(in.Customer),
		Country: s.country, Statement: in.Statement, Document: d,
	}, j, nil
}
