// Package ubl writes documents as e-invoices in UBL 2.1, as Peppol BIS Billing 3.0
// has them, and checks any such e-invoice against the arithmetic and the
// cardinalities of EN 16931 and Peppol.
//
// The writer and the checker know nothing of one another: the checker reads the
// bytes. What [Write] returns has passed [Check].
//
// Sources: EN 16931-1 and its binding to UBL (rules BR-…), Peppol BIS Billing 3.0
// (rules PEPPOL-…); UNTDID 1001, 4461 and 5305; UNECE recommendation 20 for units.
package ubl

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
)

// Words are what an e-invoice says in the document's language, and the zones in
// which its days are.
type Words struct {
	Items  []string // a name for each line
	Terms  string   // how what is open is settled
	Relief string   // why a rate is 0
	Zone   *time.Location
	Zones  []*time.Location // of each charge
}

// What an e-invoice calls itself.
const (
	customization = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
	profile       = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
	oasis         = "urn:oasis:names:specification:ubl:schema:xsd:"
)

// writer writes one document.
type writer struct {
	d     *billing.Document
	words Words
	net   []int64  // of each line, in minor units
	days  []period // of each charge, in its zone
}

// Write returns a document as XML. Its texts must be clean and its sums right. A
// discount of no session is an allowance of the document; one of a session is a
// line of negative quantity. When the lines include tax, each gets the net
// amount that is nearest to its share, so that they come to the net of their rate exactly.
// What breaks a rule is not returned: the error wraps [Breaches].
func Write(d *billing.Document, words Words) ([]byte, error) {
	w := &writer{d: d, words: words}
	var err error
	if w.net, err = netLines(d); err != nil {
		return nil, err
	}
	for i := range d.Charges {
		c, zone := &d.Charges[i], words.Zones[i]
		w.days = append(w.days, period{c.Start.In(zone).Format(time.DateOnly), c.End.In(zone).Format(time.DateOnly)})
	}
	root, err := w.invoice()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString(xml.Header)
	enc := xml.NewEncoder(&out)
	enc.Indent("", "  ")
	if err := enc.Encode(root); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	breaches, err := Check(out.Bytes())
	if err != nil {
		return nil, err
	}
	if len(breaches) > 0 {
		return nil, breaches
	}
	return out.Bytes(), nil
}

// invoice returns the whole.
func (w *writer) invoice() (*invoice, error) {
	d := w.d
	zone := w.words.Zone
	day := func(t time.Time) string { return t.In(zone).Format(time.DateOnly) }
	out := &invoice{
		Aggregates: oasis + "CommonAggregateComponents-2", Basics: oasis + "CommonBasicComponents-2",
		Customization: customization, Profile: profile,
		ID: d.Number, IssueDate: day(d.IssuedAt), Currency: string(d.Currency), BuyerReference: d.BuyerReference,
		Period: w.period(zone), Supplier: newParty(&d.Issuer), Customer: newParty(&d.Customer),
	}
	for _, r := range []billing.Reference{d.Credits, d.Replaces} {
		if r.Number != "" {
			out.Preceding = append(out.Preceding, preceding{r.Number, day(r.IssuedAt)})
		}
	}
	allowed, err := w.lines(out)
	if err != nil {
		return nil, err
	}
	open := w.totals(out, allowed)
	w.taxes(out)
	name := "Invoice"
	if d.Kind == billing.CreditNote {
		name = "CreditNote"
		out.CreditNoteTypeCode, out.Note = "381", d.Reason
	} else {
		out.InvoiceTypeCode = "380"
		if !d.DueAt.IsZero() {
			out.DueDate = day(d.DueAt)
		}
	}
	out.XMLName.Local, out.Namespace = name, oasis+name+"-2"
	if open > 0 {
		if w.words.Terms != "" {
			out.Terms = &terms{w.words.Terms}
		}
		out.Means = w.means()
	}
	return out, nil
}

// means says where to pay: a SEPA transfer in euros, another transfer else.
func (w *writer) means() *means {
	if w.d.Issuer.IBAN == "" || w.d.Kind == billing.CreditNote {
		return nil
	}
	code := "30"
	if w.d.Currency == "EUR" {
		code = "58"
	}
	return &means{code, w.d.Number, account{strings.ReplaceAll(w.d.Issuer.IBAN, " ", ""), w.d.Issuer.Name}}
}

// period covers the document's period and every session in it: one that began
// before belongs to the document in which it ended, and lines must lie within.
func (w *writer) period(zone *time.Location) *period {
	days := slices.Clone(w.days)
	if !w.d.From.IsZero() && !w.d.To.IsZero() {
		last := w.d.To.Add(-time.Nanosecond)
		days = append(days, period{w.d.From.In(zone).Format(time.DateOnly), last.In(zone).Format(time.DateOnly)})
	}
	if len(days) == 0 {
		return nil
	}
	whole := days[0]
	for _, p := range days {
		whole.Start, whole.End = min(whole.Start, p.Start), max(whole.End, p.End)
	}
	return &whole
}

func newParty(p *billing.Party) *party {
	out := &party{}
	if scheme, id, ok := strings.Cut(p.Endpoint, ":"); ok && scheme != "" && id != "" {
		out.Endpoint = &identifier{scheme, id}
	}
	if p.Country != "" || p.City != "" || p.Street != "" || p.PostalCode != "" {
		out.Address = &address{Street: p.Street, City: p.City, Postal: p.PostalCode}
		if p.Country != "" {
			out.Address.Country = &country{p.Country}
		}
	}
	if p.TaxID != "" {
		out.Tax = &taxScheme{strings.ReplaceAll(p.TaxID, " ", ""), "VAT"}
	}
	if p.Name != "" {
		out.Name, out.Legal = &partyName{p.Name}, &legal{p.Name, p.Registration}
	}
	if p.Phone != "" || p.Mail != "" {
		out.Contact = &contact{p.Phone, p.Mail}
	}
	return out
}

// amount writes minor units with the digits of the currency, at most two when the others are 0.
func (w *writer) amount(minor int64) amount {
	const most = 2 // BR-DEC-…
	text := money.Of(minor, w.d.Currency).Decimal().String()
	whole, fraction, found := strings.Cut(text, ".")
	if found {
		for len(fraction) > most && fraction[len(fraction)-1] == '0' {
			fraction = fraction[:len(fraction)-1]
		}
		text = whole + "." + fraction
	}
	return amount{string(w.d.Currency), text}
}

// lines adds lines and allowances, and returns the sum of the latter.
func (w *writer) lines(out *invoice) (allowed int64, err error) {
	for i := range w.d.Lines {
		l := &w.d.Lines[i]
		category := w.category(l.VAT, false)
		if l.Charge < 0 && w.net[i] < 0 {
			allowed -= w.net[i]
			out.Allowances = append(out.Allowances, allowance{Reason: w.words.Items[i], Amount: w.amount(-w.net[i]), Category: category})
			continue
		}
		count, price, err := w.price(l, w.net[i])
		if err != nil {
			return 0, fmt.Errorf("line %d: %w", i, err)
		}
		rest := lineRest{Amount: w.amount(w.net[i]), Cost: l.CostCentre, Item: item{w.describe(l), w.words.Items[i], category}, Price: price}
		if l.Charge >= 0 {
			rest.Period = &w.days[l.Charge]
		}
		id := strconv.Itoa(i + 1)
		if w.d.Kind == billing.CreditNote {
			out.CreditLines = append(out.CreditLines, creditLine{id, count, rest})
		} else {
			out.Lines = append(out.Lines, line{id, count, rest})
		}
	}
	return allowed, nil
}

// describe says where the session of a line was.
func (w *writer) describe(l *billing.Line) string {
	if l.Charge < 0 {
		return ""
	}
	c := &w.d.Charges[l.Charge]
	return strings.Join(slices.DeleteFunc([]string{c.Site, c.EVSE, c.Session}, func(s string) bool { return s == "" }), ", ")
}

// category returns the VAT category of a rate, with the reason where it is asked for.
func (w *writer) category(rate decimal.Decimal, reason bool) category {
	out := category{ID: "S", Percent: plain(exact.Of(rate)), Scheme: "VAT"}
	if rate.Sign() != 0 {
		return out
	}
	out.ID = string(w.d.Relief.Category)
	if out.ID == "" {
		out.ID = string(billing.ZeroRated)
	}
	if reason && w.d.Relief.Category != billing.ZeroRated && w.d.Relief.Category != "" {
		out.Reason = w.words.Relief
	}
	return out
}

// taxes adds what is due at each rate that a line has.
func (w *writer) taxes(out *invoice) {
	out.Tax.Amount = w.amount(w.d.Tax)
	for _, t := range w.d.Taxes {
		used := slices.ContainsFunc(w.d.Lines, func(l billing.Line) bool { return l.VAT.Cmp(t.Rate) == 0 })
		if used || t.Taxable != 0 {
			out.Tax.Subtotals = append(out.Tax.Subtotals, subtotal{w.amount(t.Taxable), w.amount(t.Tax), w.category(t.Rate, true)})
		}
	}
}

// totals adds the totals and returns what is open.
func (w *writer) totals(out *invoice, allowed int64) (open int64) {
	d := w.d
	var paid int64
	for i := range d.Paid {
		paid += d.Paid[i].Amount
	}
	open = d.Total - paid
	out.Totals = totals{
		Lines: w.amount(d.Net + allowed), Exclusive: w.amount(d.Net), Inclusive: w.amount(d.Total), Payable: w.amount(open),
	}
	if allowed != 0 {
		sum := w.amount(allowed)
		out.Totals.Allowances = &sum
	}
	if paid != 0 {
		sum := w.amount(paid)
		out.Totals.Prepaid = &sum
	}
	return open
}
