package document

import (
	"slices"

	"pylon/internal/domain/billing"
	"pylon/internal/edge/document/ubl"
)

// cleaned returns the document with those texts clean that an e-invoice has.
func (c *composer) cleaned() *billing.Document {
	d := *c.d
	d.Lines, d.Charges = slices.Clone(d.Lines), slices.Clone(d.Charges)
	texts := []*string{
		&d.Number, &d.BuyerReference, &d.Reason, &d.Credits.Number, &d.Replaces.Number,
	}
	for _, p := range []*billing.Party{&d.Issuer, &d.Customer} {
		texts = append(texts, &p.Name, &p.Street, &p.PostalCode, &p.City, &p.Country, &p.TaxID, &p.Registration, &p.Endpoint, &p.Mail, &p.Phone, &p.IBAN)
	}
	for i := range d.Lines {
		texts = append(texts, &d.Lines[i].CostCentre)
	}
	for i := range d.Charges {
		texts = append(texts, &d.Charges[i].Site, &d.Charges[i].EVSE, &d.Charges[i].Session)
	}
	for _, text := range texts {
		*text = clean(*text)
	}
	return &d
}

// words returns what an e-invoice says in the language, and its zones.
func (c *composer) words() ubl.Words {
	w := ubl.Words{Terms: c.l.Text("terms.credit"), Relief: c.relief(), Zone: c.zone, Zones: c.zones}
	if c.d.Kind != billing.CreditNote {
		w.Terms = ""
		if !c.d.DueAt.IsZero() {
			w.Terms = c.l.Text("state.due", "date", c.date(c.d.DueAt))
		}
	}
	for i := range c.d.Lines {
		w.Items = append(w.Items, c.item(&c.d.Lines[i]))
	}
	return w
}
