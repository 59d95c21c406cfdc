package document

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/edge/document/locale"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/unit"
)

// composer puts a document into words.
type composer struct {
	d     *billing.Document
	l     *locale.Language
	zone  *time.Location
	zones []*time.Location // of the charges
}

// sheet returns the whole document.
func (c *composer) sheet() *sheet {
	d, l := c.d, c.l
	kind, number := l.Text("kind."+string(d.Kind)), clean(d.Number)
	s := &sheet{
		Language: l.Tag(), Issued: d.IssuedAt,
		Kind: kind, Number: number, Title: strings.TrimSpace(l.Text("title", "kind", kind, "number", number)),
		Issuer: c.party("issuer", &d.Issuer), Customer: c.party("customer", &d.Customer),
		Facts:   c.facts(),
		Columns: columns{l.Text("column.item"), l.Text("column.quantity"), l.Text("column.price"), l.Text("column.vat"), l.Text("column.amount")},
		Groups:  c.groups(), Sums: c.sums(), Taxes: c.taxes(), Relief: c.relief(), Payments: c.payments(),
		Words: words{
			l.Text("section.lines"), l.Text("section.taxes"), l.Text("section.payments"), l.Text("section.session"), l.Text("section.sessions"),
			l.Text("section.steps"), l.Text("section.signed"), l.Text("label.format"), l.Text("label.public_key"), l.Text("label.data"),
		},
		Pages: func(page, pages string) string { return l.Text("page", "page", page, "pages", pages) },
	}
	s.Headline, s.State = c.headline()
	if d.Tax != 0 {
		s.Basis = l.Text("basis.net")
		if d.Gross {
			s.Basis = l.Text("basis.gross")
		}
	}
	for i := range d.Charges {
		if d.Charges[i].Bill != "" {
			c.list(&s.Listing, i)
			continue
		}
		s.Charges = append(s.Charges, c.session(i))
	}
	s.Footer = append([]string{s.Issuer.Name}, s.Issuer.Lines...)
	for _, f := range s.Issuer.Facts {
		s.Footer = append(s.Footer, f.Label+" "+f.Value)
	}
	return s
}

func (c *composer) money(minor int64) string { return c.l.Money(money.Of(minor, c.d.Currency)) }

// party returns name and address, and what identifies the party.
func (c *composer) party(word string, p *billing.Party) party {
	out := party{Word: c.l.Text(word), Name: clean(p.Name)}
	for _, text := range []string{p.Street, strings.Trim(p.PostalCode+" "+p.City+", "+p.Country, " ,"), p.Mail, p.Phone} {
		if text = clean(text); text != "" {
			out.Lines = append(out.Lines, text)
		}
	}
	out.Facts = c.known("label.tax_id", p.TaxID, "label.registration", p.Registration, "label.iban", spaced(clean(p.IBAN)))
	return out
}

// spaced writes an IBAN in groups of four, as people read it.
func spaced(iban string) string {
	const group = 4
	var parts []string
	letters := []rune(strings.ReplaceAll(iban, " ", ""))
	for part := range slices.Chunk(letters, group) {
		parts = append(parts, string(part))
	}
	return strings.Join(parts, " ")
}

// known returns facts of key, value pairs, but not those without a value.
func (c *composer) known(pairs ...string) []fact {
	var facts []fact
	for i := 0; i+1 < len(pairs); i += 2 {
		if value := clean(pairs[i+1]); value != "" {
			facts = append(facts, fact{c.l.Text(pairs[i]), value})
		}
	}
	return facts
}

// facts are what stands at the top.
func (c *composer) facts() []fact {
	d := c.d
	period := ""
	if !d.From.IsZero() && !d.To.IsZero() {
		last := d.To.Add(-time.Nanosecond) // To is the first instant after it
		period = c.l.Text("period", "from", c.date(d.From), "to", c.date(last))
	}
	due := ""
	if !d.DueAt.IsZero() {
		due = c.date(d.DueAt)
	}
	return c.known(
		"label.number", d.Number,
		"label.issued", c.date(d.IssuedAt),
		"label.due", due,
		"label.period", period,
		"label.buyer_reference", d.BuyerReference,
		"label.credits", c.reference(d.Credits),
		"label.reason", d.Reason,
		"label.replaces", c.reference(d.Replaces),
	)
}

// date returns a day of the document itself.
func (c *composer) date(t time.Time) string { return c.l.Date(t.In(c.zone)) }

func (c *composer) reference(r billing.Reference) string {
	if r.Number == "" {
		return ""
	}
	return c.l.Text("reference", "number", clean(r.Number), "date", c.date(r.IssuedAt))
}

// paid returns what was paid, in minor units.
func (c *composer) paid() (sum int64) {
	for i := range c.d.Paid {
		sum += c.d.Paid[i].Amount
	}
	return sum
}

// wording returns the keys for total, paid and open: a credit note's money goes the other way.
func (c *composer) wording() (total, paid, open, done string) {
	if c.d.Kind == billing.CreditNote {
		return "sum.credited", "sum.refunded", "sum.owed", "state.refunded"
	}
	return "sum.total", "sum.paid", "sum.open", "state.paid"
}

// headline returns the total, and whether it is settled.
func (c *composer) headline() (fact, string) {
	total, _, _, done := c.wording()
	state := ""
	switch rest := c.d.Total - c.paid(); {
	case rest <= 0 && c.d.Total > 0:
		state = c.l.Text(done)
	case rest > 0 && !c.d.DueAt.IsZero() && c.d.Kind != billing.CreditNote:
		state = c.l.Text("state.due", "date", c.date(c.d.DueAt))
	}
	return fact{c.l.Text(total), c.money(c.d.Total)}, state
}

// sums are the totals below the lines.
func (c *composer) sums() []sum {
	total, paid, open, _ := c.wording()
	sums := []sum{{Label: c.l.Text("sum.net"), Amount: c.money(c.d.Net)}}
	for _, t := range c.d.Taxes {
		sums = append(sums, sum{Label: c.l.Text("sum.tax", "rate", c.l.Percent(t.Rate)), Amount: c.money(t.Tax)})
	}
	sums = append(sums, sum{c.l.Text(total), c.money(c.d.Total), true})
	if given := c.paid(); given != 0 {
		sums = append(sums, sum{Label: c.l.Text(paid), Amount: c.money(given)})
		if rest := c.d.Total - given; rest != 0 {
			sums = append(sums, sum{c.l.Text(open), c.money(rest), true})
		}
	}
	return sums
}

// taxes shows net, tax and gross of each rate.
func (c *composer) taxes() table {
	t := table{Head: []string{c.l.Text("column.rate"), c.l.Text("column.net"), c.l.Text("column.tax"), c.l.Text("column.gross")}}
	for _, tax := range c.d.Taxes {
		t.Rows = append(t.Rows, []string{c.l.Percent(tax.Rate), c.money(tax.Taxable), c.money(tax.Tax), c.money(tax.Taxable + tax.Tax)})
	}
	return t
}

// relief says why a rate is 0: the issuer's words, else the catalogue's. Without a tax and
// without a category nothing is said: in some places there is none.
func (c *composer) relief() string {
	r := c.d.Relief
	if r == (billing.Relief{}) || !slices.ContainsFunc(c.d.Lines, func(l billing.Line) bool { return l.VAT.Sign() == 0 }) {
		return ""
	}
	if text := clean(r.Reason); text != "" {
		return text
	}
	return c.l.Text("relief." + string(r.Category))
}

// payments shows what was held and what was captured, with the provider's reference.
func (c *composer) payments() table {
	t := table{}
	if len(c.d.Paid) == 0 {
		return t
	}
	held := slices.ContainsFunc(c.d.Paid, func(p billing.Payment) bool { return p.Held != 0 })
	row := func(payment, reserved, captured string) []string {
		if held {
			return []string{payment, reserved, captured}
		}
		return []string{payment, captured}
	}
	moved := "column.captured"
	if c.d.Kind == billing.CreditNote {
		moved = "sum.refunded"
	}
	t.Head = row(c.l.Text("column.payment"), c.l.Text("column.held"), c.l.Text(moved))
	for i := range c.d.Paid {
		p := &c.d.Paid[i]
		words := []string{clean(c.l.Choose("method", p.Method)), c.l.Moment(p.At.In(c.zone))}
		if p.Reference != "" {
			words = append(words, clean(p.Reference))
		}
		reserved := ""
		if p.Held != 0 {
			reserved = c.money(p.Held)
		}
		t.Rows = append(t.Rows, row(strings.Join(words, " · "), reserved, c.money(p.Amount)))
	}
	return t
}

// item names a line.
func (c *composer) item(l *billing.Line) string {
	text := c.l.Choose("item", string(l.Item))
	if name := clean(l.Name); name != "" {
		return c.l.Text("item.named", "item", text, "name", name)
	}
	return clean(text)
}

func (c *composer) line(l *billing.Line) line {
	out := line{
		Item:   c.item(l),
		VAT:    c.l.Percent(l.VAT),
		Amount: c.money(l.Amount),
		Credit: l.Amount < 0,
	}
	if l.Of != nil {
		out.Item += " · " + c.count(int(l.Of.Sessions), l.Of.Energy) + " · " + c.l.Text("turnover", "amount", c.money(l.Of.Net))
	}
	one := l.Unit == billing.Piece && l.Quantity.CmpInt(1) == 0
	if l.Price != nil {
		out.Price = c.l.Text("per."+string(l.Unit), "price", c.l.Price(*l.Price, c.d.Currency))
	}
	switch {
	case one:
	case l.Unit == billing.Hour:
		out.Quantity = c.hours(l.Quantity)
	default:
		out.Quantity = c.l.Text("unit."+string(l.Unit), "n", c.l.Number(l.Quantity))
	}
	return out
}

// hours writes hours as people say them; a part of an hour that is no whole second
// was rounded on its way here.
func (c *composer) hours(quantity decimal.Decimal) string {
	seconds, err := money.Digits(exact.Of(quantity).Mul(exact.Int(int64(time.Hour/time.Second))), 0)
	if err != nil {
		return c.l.Text("unit.h", "n", c.l.Number(quantity))
	}
	return teller{c.l, c.zone, c.d.Currency}.duration(exact.Of(seconds))
}

// energy returns an energy in kWh.
func (c *composer) energy(e unit.MilliWattHour) string { return c.l.Energy(e) }

// count returns how many sessions, and their energy.
func (c *composer) count(sessions int, energy unit.MilliWattHour) string {
	return c.l.Text("sessions", "n", c.l.Number(decimal.FromInt(int64(sessions), 0))) + " · " + c.energy(energy)
}

// ordinal numbers sessions from 1.
func ordinal(i int) string { return strconv.Itoa(i + 1) }
