package billing

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

var june = time.Date(2026, 5, 31, 22, 0, 0, 0, time.UTC) // its begin in Berlin

func heading() *Heading {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return &Heading{
		Now: june.AddDate(0, 0, 3), To: june, Zone: berlin, Profile: Profile{Organisation: "org_1", Issuer: Party{Name: "Operator"}, Language: "de"},
		Customer: Party{Name: "Fleet"}, BuyerReference: "4711", DueDays: 14,
	}
}

// billOf makes a bill of lines, with the sums that they come to: each rate is
// rounded once.
func billOf(no int, gross bool, currency money.Currency, lines ...Line) Bill {
	d := Document{Kind: Receipt, Number: fmt.Sprintf("B-%d", no), IssuedAt: noon, Currency: currency, Gross: gross, Lines: lines}
	for _, l := range lines {
		if !slices.ContainsFunc(d.Taxes, func(t rating.Tax) bool { return t.Rate.Cmp(l.VAT) == 0 }) {
			d.Taxes = append(d.Taxes, rating.Tax{Rate: l.VAT})
		}
	}
	for i := range d.Taxes {
		t := &d.Taxes[i]
		var sum int64
		for _, l := range lines {
			if l.VAT.Cmp(t.Rate) == 0 {
				sum += l.Amount
			}
		}
		share := exact.Of(t.Rate).Quo(exact.Int(100))
		if gross {
			share = exact.Int(1).Sub(netOf(t.Rate))
		}
		tax, err := money.Round(money.Of(sum, currency).Exact().Mul(share), currency)
		if err != nil {
			panic(err)
		}
		t.Tax, t.Taxable = tax.Minor, sum
		if gross {
			t.Taxable -= tax.Minor
		}
		d.Net, d.Tax = d.Net+t.Taxable, d.Tax+t.Tax
	}
	d.Total = d.Net + d.Tax
	end := noon.Add(time.Duration(no) * time.Minute)
	d.Charges = []Charge{{Session: fmt.Sprintf("ses_%d", no), Start: end.Add(-time.Hour), End: end, Zone: "Europe/Berlin", Steps: []rating.Step{{Code: "start"}}, Tariff: "text"}}
	return Bill{ID: ident.BillID(fmt.Sprintf("bil_%d", no)), Organisation: "org_1", Session: ident.SessionID(d.Charges[0].Session), Revision: 1, Debtor: "cus_1", Country: "DE", Monthly: true, Document: d}
}

// back is the credit note of a bill.
func back(b Bill) Bill {
	b.ID, b.Credits, b.Document.Kind, b.Document.Number = b.ID+"_c", b.ID, CreditNote, "C"+b.Document.Number
	return b
}

func energy(centre, price string, kwh, amount int64) Line {
	return Line{Item: ItemEnergy, CostCentre: centre, Quantity: decimal.FromInt(kwh, 0), Unit: KilowattHour, Price: new(dec(price)), VAT: dec("19"), Amount: amount}
}

func summary(t interface{ Fatal(...any) }, bills ...Bill) *Summary {
	s := NewSummary(bills[0].Document.Currency, "DE")
	for i := range bills {
		if err := s.Add(&bills[i]); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestSummaryTellsApart(t *testing.T) {
	fee := Line{Item: ItemFixed, CostCentre: "south", Quantity: decimal.FromInt(1, 0), Unit: Piece, VAT: dec("7"), Amount: 100}
	bills := []Bill{
		billOf(1, false, "EUR", energy("north", "0.50", 10, 500)),
		billOf(2, false, "EUR", energy("north", "0.50", 4, 200)),
		billOf(3, false, "EUR", energy("south", "0.50", 2, 100), fee),
		billOf(4, false, "EUR", energy("south", "0.60", 10, 600)),
		back(billOf(2, false, "EUR", energy("north", "0.50", 4, 200))),
	}
	d, err := summary(t, bills...).Document(heading())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range d.Lines {
		price := ""
		if l.Price != nil {
			price = l.Price.String()
		}
		got = append(got, fmt.Sprint(l.CostCentre, " ", l.Item, " ", l.Quantity, " ", price, " ", l.Amount))
	}
	want := []string{"north energy 10 0.50 500", "south energy 2 0.50 100", "south energy 10 0.60 600", "south fixed 1  100"}
	if !slices.Equal(got, want) {
		t.Errorf("lines: got %q, want %q", got, want)
	}
	if d.Net != 1300 || d.Total != 1300+228+7 || len(d.Charges) != 5 {
		t.Errorf("got net %d, total %d, %d charges", d.Net, d.Total, len(d.Charges))
	}
	c := d.Charges[1]
	if c.Bill != "B-2" || c.Total != 238 || c.CostCentre != "north" || c.Steps != nil || c.Tariff != "" || d.Charges[2].Total != -238 {
		t.Errorf("charges: %+v", d.Charges)
	}
	if d.Kind != Invoice || !d.From.Equal(time.Date(2026, 4, 30, 22, 0, 0, 0, time.UTC)) || !d.To.Equal(june) || d.BuyerReference != "4711" ||
		!d.DueAt.Equal(june.AddDate(0, 0, 17)) {
		t.Errorf("got %+v", d)
	}
}

// With spot prices each session has its own: they are told as one.
func TestSummaryOfManyPrices(t *testing.T) {
	var bills []Bill
	for i := range pricesTold + 1 {
		bills = append(bills, billOf(i, false, "EUR", energy("", fmt.Sprintf("0.5%d", i), 10, int64(500+100*i))))
	}
	for n, want := range map[int]int{pricesTold: pricesTold, pricesTold + 1: 1} {
		d, err := summary(t, bills[:n]...).Document(heading())
		if err != nil || len(d.Lines) != want {
			t.Errorf("%d prices: got %d lines, %v, want %d", n, len(d.Lines), err, want)
		}
		if n > pricesTold && (d.Lines[0].Price != nil || d.Lines[0].Quantity.String() != "60") {
			t.Errorf("got %+v", d.Lines[0])
		}
	}
}

// The taxes of bills are rounded each; that of the invoice is what is due.
func TestSummaryRounds(t *testing.T) {
	var bills []Bill
	for i := range 100 {
		bills = append(bills, billOf(i, false, "EUR", energy("", "0.03", 1, 3))) // 0.57 of a cent of tax each, rounded up
	}
	d, err := summary(t, bills...).Document(heading())
	if err != nil || d.Total != 400 || d.Tax != 64 || d.Net != 336 || len(d.Lines) != 2 {
		t.Fatalf("got net %d, tax %d, total %d, %d lines, %v", d.Net, d.Tax, d.Total, len(d.Lines), err)
	}
	if l := d.Lines[1]; l.Item != ItemRounding || l.Amount != 36 || l.VAT.String() != "19" {
		t.Errorf("got %+v", l)
	}
}

func TestSummaryRefuses(t *testing.T) {
	s := NewSummary("EUR", "DE")
	if _, _, err := s.Issue(&Invoiced{Heading: *heading()}); !errors.Is(err, ErrNothing) {
		t.Errorf("nothing: got %v", err)
	}
	first := billOf(0, false, "EUR", energy("", "0.50", 10, 500))
	if err := s.Add(&first); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Bill){
		"another relief":   func(b *Bill) { b.Document.Relief = Relief{Category: ReverseCharge} },
		"another currency": func(b *Bill) { b.Document.Currency = "SEK" },
		"another country":  func(b *Bill) { b.Country = "FR" },
		"too many digits":  func(b *Bill) { b.Document.Lines[0].Quantity = dec("0.0000001") },
	} {
		b := billOf(1, false, "EUR", energy("", "0.50", 10, 500))
		change(&b)
		if err := s.Add(&b); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// drawBills draws bills, some with tax in their lines, and credit notes of some of them.
func drawBills(t *rapid.T) []Bill {
	currency := rapid.SampledFrom([]money.Currency{"EUR", "JPY", "KWD"}).Draw(t, "currency")
	both := rapid.IntRange(0, 2).Draw(t, "basis") // net, gross, either
	var bills []Bill
	for no := range rapid.IntRange(1, 40).Draw(t, "bills") {
		gross := both == 1 || both == 2 && rapid.Bool().Draw(t, "gross")
		var lines []Line
		for range rapid.IntRange(1, 4).Draw(t, "lines") {
			l := Line{
				Item:       rapid.SampledFrom([]Item{ItemEnergy, ItemTime, ItemFixed, ItemDiscount}).Draw(t, "item"),
				CostCentre: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "centre"), Unit: Piece,
				Quantity: decimal.FromInt(rapid.Int64Range(0, 1e9).Draw(t, "quantity"), 6),
				VAT:      dec(rapid.SampledFrom([]string{"0", "7", "19", "5.5", "25"}).Draw(t, "rate")),
				Amount:   rapid.Int64Range(0, 5000).Draw(t, "amount"),
			}
			if l.Item == ItemDiscount {
				l.Amount = -l.Amount
			}
			lines = append(lines, l)
		}
		b := billOf(no, gross, currency, lines...)
		if bills = append(bills, b); rapid.IntRange(0, 5).Draw(t, "credited") == 0 {
			bills = append(bills, back(b))
		}
	}
	return bills
}

// PROP-13: an invoice adds up as EN 16931 wants it, and it is what the ledger
// says, to the minor unit.
func TestProp13InvoiceAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bills := drawBills(t)
		s := summary(t, bills...)
		d, err := s.Document(heading())
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, &d, bills)
		checkBooks(t, s, &d, bills)
		again := slices.Clone(bills)
		slices.Reverse(again)
		other, err := summary(t, again...).Document(heading())
		if err != nil || string(written13(t, &other)) != string(written13(t, &d)) {
			t.Errorf("in another order: got %v, %s\nwant %s", err, written13(t, &other), written13(t, &d))
		}
	})
}

func written13(t *rapid.T, d *Document) []byte {
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// checkSums holds the document against the sums of its bills, and against
// BR-CO-10, BR-CO-15 and BR-CO-17.
func checkSums(t *rapid.T, d *Document, bills []Bill) {
	var total int64
	for _, b := range bills {
		if b.Document.Kind == CreditNote {
			total -= b.Document.Total
		} else {
			total += b.Document.Total
		}
	}
	lines := map[string]int64{}
	for _, l := range d.Lines {
		lines[digitsOf(l.VAT)] += l.Amount
	}
	var net, tax, listed int64
	for _, r := range d.Taxes {
		want := r.Taxable
		if d.Gross {
			want += r.Tax
		}
		if got := lines[digitsOf(r.Rate)]; got != want {
			t.Errorf("lines at %s: got %d, want %d", r.Rate, got, want)
		}
		due, err := money.Round(money.Of(r.Taxable, d.Currency).Exact().Mul(exact.Of(r.Rate).Quo(exact.Int(100))), d.Currency)
		if off := r.Tax - due.Minor; err != nil || off < -1 || off > 1 {
			t.Errorf("tax at %s of %d: got %d, want %d", r.Rate, r.Taxable, r.Tax, due.Minor)
		}
		net, tax = net+r.Taxable, tax+r.Tax
	}
	for _, c := range d.Charges {
		listed += c.Total
	}
	if d.Net != net || d.Tax != tax || d.Total != net+tax || d.Total != total || listed != total {
		t.Errorf("got net %d, tax %d, total %d, charges %d; want %d, %d, %d", d.Net, d.Tax, d.Total, listed, net, tax, total)
	}
}

// checkBooks posts bills and invoice, and holds the balances against the document.
func checkBooks(t *rapid.T, s *Summary, d *Document, bills []Bill) {
	book := ledger.Book{Organisation: "org_1", Unit: ledger.UnitOf(d.Currency)}
	balances := map[ledger.Account]int64{}
	post := func(all []ledger.Transfer, sign int64) {
		for _, tr := range all {
			balances[tr.Debit] += sign * tr.Amount
			balances[tr.Credit] -= sign * tr.Amount
		}
	}
	for i := range bills {
		j, err := bills[i].journal(noon)
		if err != nil {
			t.Fatal(err)
		}
		sign := int64(1)
		if bills[i].Document.Kind == CreditNote {
			sign = -1
		}
		post(j.Transfers, sign)
	}
	transfers, err := s.Transfers(book, "cus_1")
	if err != nil {
		t.Fatal(err)
	}
	post(transfers, 1)
	var sales int64
	for a, balance := range balances {
		if a.Class.Side() == ledger.Income || a.Class == ledger.Rounding {
			sales -= balance
		}
	}
	if sales != d.Net {
		t.Errorf("sales: got %d, want %d", sales, d.Net)
	}
	for _, r := range d.Taxes {
		if got := -balances[book.Tax(ledger.TaxPayable, "DE", r.Rate)]; got != r.Tax {
			t.Errorf("tax at %s in the books: got %d, want %d", r.Rate, got, r.Tax)
		}
	}
	if got := balances[book.Account(ledger.ReceivableInvoice, "cus_1")]; got != d.Total {
		t.Errorf("on the invoice: got %d, want %d", got, d.Total)
	}
	if got := balances[book.Account(ledger.ReceivableDriver, "cus_1")]; got != 0 {
		t.Errorf("still owed by receipts: got %d, want 0", got)
	}
}
