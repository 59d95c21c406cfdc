package billing

import (
	"context"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// payer is who pays for a session.
type payer struct {
	customer.Customer        // zero: nobody whom we know
	debtor            string // as the books call him
	costCentre        string // of the customer
	monthly           bool   // the bill goes onto a statement
}

// payerOf returns who pays for a session that has no bill: the customer of its
// token as the token is now, or the holder of the token, or, when the station
// named none, whoever charged then.
func (s *Settler) payerOf(ctx context.Context, of *session.Session) (payer, error) {
	p := payer{debtor: string(of.ID)}
	if of.Token == "" {
		return p, nil
	}
	p.debtor = string(of.Token)
	t, err := s.Store.Token(ctx, of.Organisation, of.Token)
	if fault.Is(err, fault.NotFound) { // deleted since
		return p, nil
	}
	if err != nil || t.Customer == "" {
		return p, err
	}
	c, err := s.Store.Customer(ctx, of.Organisation, t.Customer)
	if fault.Is(err, fault.NotFound) { // likewise
		return p, nil
	}
	return payer{Customer: c, debtor: string(t.Customer), costCentre: t.CostCentre, monthly: c.Settlement == customer.Monthly}, err
}

// payer returns who pays for the session. Who pays for the bill that stands goes on
// to pay, as he was going to: a token that changes hands takes no old bills
// with it, and a credit goes where the charge went. Only when the session turns
// out to be another token's is it another's to pay.
func (w *work) payer(ctx context.Context) (*payer, error) {
	if w.paying != nil {
		return w.paying, nil
	}
	bill, err := w.standing(ctx)
	if err != nil {
		return nil, err
	}
	var p payer
	if bill != nil && bill.Document.Charges[0].Token == string(w.view.Token) {
		p, err = w.payerOfBill(ctx, bill)
	} else {
		p, err = w.payerOf(ctx, &w.view.Session)
	}
	w.paying = &p
	return w.paying, err
}

// payerOfBill returns who pays for a bill, with what is known of him by now.
func (s *Settler) payerOfBill(ctx context.Context, b *billing.Bill) (payer, error) {
	p := payer{debtor: b.Debtor, monthly: b.Monthly}
	if len(b.Document.Lines) > 0 {
		p.costCentre = b.Document.Lines[0].CostCentre
	}
	id, err := ident.Parse[ident.CustomerID](b.Debtor)
	if err != nil {
		return p, nil //nolint:nilerr // a token or a session: nobody whom we know
	}
	p.Customer, err = s.Store.Customer(ctx, b.Organisation, id)
	return p, err
}

// stays adds that the payer has to be there, as he was read, when his bills are
// written: nobody is deleted who owes something.
func (p *payer) stays(set *change.Set) {
	if p.ID != "" {
		set.Reads = append(set.Reads, change.Read{Kind: change.KindCustomer, ID: string(p.ID), Version: p.Version})
	}
}

// drives returns for whom a tariff may be that prices the payer's sessions.
func (p *payer) drives(of *session.Session) tariff.Driver {
	d := tariff.Driver{AdHoc: of.Token == "", Contract: p.Contract}
	if of.Group != "" {
		d.Groups = []string{of.Group}
	}
	d.Groups = append(d.Groups, p.Groups...)
	return d
}

// pays writes into the facts who pays, and what he wants of his documents.
func (p *payer) pays(f *billing.Facts) {
	f.Debtor, f.Customer, f.CostCentre, f.BuyerReference, f.Monthly = p.debtor, p.Party, p.costCentre, p.BuyerReference, p.monthly
	if p.Language != "" {
		f.Profile.Language = p.Language
	}
}
