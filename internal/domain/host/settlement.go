package host

import (
	"cmp"
	"slices"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// Settlement is what a host is paid for a month, in one currency. It never
// changes, but for what was paid of it: corrections that come later are in the
// settlement of a later month.
type Settlement struct {
	ID           ident.SettlementID
	Organisation ident.OrganisationID
	Host         ident.HostID
	Currency     money.Currency
	Month        customer.Month // the last one that it has
	Sessions     int64
	Energy       unit.MilliWattHour
	Income       int64 // net, of the bills that it is about; minor units, as all that follow
	Share        int64
	Beside       int64           // fixed amounts, and what least amounts have added
	Journal      ident.JournalID // that posts it
	Document     billing.Document
	Payments     []Payment // in the order in which they were told
	Version      int64
}

// Payment is money that the host was sent.
type Payment struct {
	Bank      string          `json:"bank"`      // account of ours, as the books call it
	Reference string          `json:"reference"` // of the transfer
	Amount    int64           `json:"amount"`    // minor units
	At        time.Time       `json:"at"`
	Journal   ident.JournalID `json:"journal"`
}

// Paid returns what was paid, in minor units.
func (s *Settlement) Paid() (sum int64) {
	for i := range s.Payments {
		sum += s.Payments[i].Amount
	}
	return sum
}

// Paper returns the document with what was paid so far.
func (s *Settlement) Paper() *billing.Document {
	d := s.Document
	for _, p := range s.Payments {
		d.Paid = append(d.Paid, billing.Payment{Method: "transfer", Reference: p.Reference, At: p.At, Amount: p.Amount})
	}
	return &d
}

// Month is what a settlement is made of.
type Month struct {
	Now        time.Time
	Host       Host
	Profile    billing.Profile
	Month      customer.Month
	Currency   money.Currency
	Tallies    []Tally     // open ones of the host, of this month and before it, in this currency
	Agreements []Agreement // of the host: all that hold in the month
	Places     map[ident.SiteID]Place
}

// Place is what a settlement says of a site.
type Place struct {
	Name string
	Zone *time.Location
}

// Outcome is what a settlement changes; nothing when Settlement is nil.
type Outcome struct {
	Settlement *Settlement
	Tallies    []Tally // that it closes
	Journal    ledger.Journal
}

// seriesLetter begins the numbers of settlements.
const seriesLetter = "S"

// Series returns the series from which settlements take their numbers: one a year.
func Series(org ident.OrganisationID, at time.Time) ledger.Series {
	year := at.UTC().Format("2006")
	return ledger.Series{
		Organisation: org, Name: "settlement-" + year, Format: seriesLetter + year + "-#######", First: 1, CreatedAt: at,
	}
}

// Settle decides what a host is paid for a month.
//
// The shares are those of the tallies. When they come to less than nothing, since
// more was taken back than was earned, all of them stay open and are carried into the
// next month. The fixed and least amounts of an agreement that holds for a part of
// the month only are for its days, by the site's clock, of the days of the month, rounded once, half away
// from zero. What least amounts add is reckoned of the shares of this month, each
// agreement by itself; they and fixed amounts are of the host's own currency. A settlement of
// nothing is not made.
func Settle(m *Month) (Outcome, error) {
	s := Settlement{
		ID: ident.New[ident.SettlementID](m.Now), Organisation: m.Host.Organisation, Host: m.Host.ID,
		Currency: m.Currency, Month: m.Month, Version: 1,
	}
	tallies := m.settled()
	for i := range tallies {
		t := &tallies[i]
		t.Settlement = s.ID
		t.Version++
		s.Sessions, s.Energy, s.Income, s.Share = s.Sessions+t.Sessions, s.Energy+t.Energy, s.Income+t.Income, s.Share+t.Share
	}
	beside, err := m.beside(tallies)
	if err != nil {
		return Outcome{}, err
	}
	for i := range beside {
		s.Beside += beside[i].Amount
	}
	if s.Share+s.Beside == 0 {
		return Outcome{}, nil
	}
	if s.Document, err = m.document(tallies, beside); err != nil {
		return Outcome{}, err
	}
	book := ledger.Book{Organisation: s.Organisation, Unit: ledger.UnitOf(s.Currency)}
	transfers, err := book.SettleHost(string(s.Host), s.Share, s.Beside, m.reclaimed(&s.Document))
	if err != nil {
		return Outcome{}, err
	}
	j := ledger.Post(m.Now, ledger.HostSettled, ledger.Source{Type: "settlement", ID: string(s.ID)}, transfers)
	j.Series, j.EffectiveAt = Series(s.Organisation, m.Now).ID(), s.Document.To.Add(-time.Nanosecond)
	s.Journal = j.ID
	return Outcome{Settlement: &s, Tallies: tallies, Journal: j}, nil
}

// settled returns the tallies that the settlement closes, by month and site; none
// when they come to less than nothing.
func (m *Month) settled() []Tally {
	var sum int64
	for i := range m.Tallies {
		sum += m.Tallies[i].Share
	}
	if sum < 0 {
		return nil
	}
	return slices.SortedFunc(slices.Values(m.Tallies), func(a, b Tally) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(m.Places[a.Site].Name, m.Places[b.Site].Name), cmp.Compare(a.Agreement, b.Agreement))
	})
}

// beside returns the lines of fixed and of least amounts.
func (m *Month) beside(tallies []Tally) ([]billing.Line, error) {
	if m.Currency != m.Host.Currency {
		return nil, nil
	}
	var lines []billing.Line
	add := func(item billing.Item, site ident.SiteID, amount int64) {
		if amount > 0 {
			lines = append(lines, billing.Line{
				Charge: -1, Item: item, Name: m.of(site, m.Month), Quantity: decimal.FromInt(1, 0), Unit: billing.Piece, VAT: m.Host.Rate, Amount: amount,
			})
		}
	}
	agreements := slices.SortedFunc(slices.Values(m.Agreements), func(a, b Agreement) int {
		return cmp.Or(cmp.Compare(m.Places[a.Site].Name, m.Places[b.Site].Name), cmp.Compare(a.ID, b.ID))
	})
	for i := range agreements {
		a := &agreements[i]
		fixed, err := m.part(a, a.Terms.Fixed)
		if err != nil {
			return nil, err
		}
		least, err := m.part(a, a.Terms.Least)
		if err != nil {
			return nil, err
		}
		add(billing.ItemHostFixed, a.Site, fixed)
		for k := range tallies {
			if t := &tallies[k]; t.Agreement == a.ID && t.Month == m.Month {
				least -= t.Share
			}
		}
		add(billing.ItemHostLeast, a.Site, least-fixed)
	}
	return lines, nil
}

// part returns a monthly amount for the days of the month on which the agreement
// holds: those with a moment of it.
func (m *Month) part(a *Agreement, monthly int64) (int64, error) {
	zone := m.Places[a.Site].Zone
	if zone == nil {
		zone = time.UTC
	}
	var held, all int64
	end := m.Month.Ends(zone)
	for day := m.Month.Begins(zone).In(zone); day.Before(end); day = day.AddDate(0, 0, 1) {
		all++
		if a.Meets(Term{day, day.AddDate(0, 0, 1)}) {
			held++
		}
	}
	if held == all {
		return monthly, nil
	}
	amount, err := money.Round(money.Of(monthly, m.Currency).Exact().Mul(exact.Fraction(held, all)), m.Currency)
	return amount.Minor, err
}

// of names a site and a month.
func (m *Month) of(site ident.SiteID, month customer.Month) string {
	return m.Places[site].Name + ", " + string(month)
}

// document returns the settlement as it is handed out.
func (m *Month) document(tallies []Tally, beside []billing.Line) (billing.Document, error) {
	d := billing.Document{
		Kind: billing.Settlement, IssuedAt: m.Now, Zone: m.zone().String(), Language: m.Host.Language,
		Issuer: m.Profile.Issuer, Customer: m.Host.Party, From: m.Month.Begins(m.zone()), To: m.Month.Ends(m.zone()),
		Currency: m.Currency, Relief: m.relief(),
	}
	for i := range tallies {
		t := &tallies[i]
		d.Lines = append(d.Lines, billing.Line{
			Charge: -1, Item: billing.ItemHostShare, Name: m.of(t.Site, t.Month), Quantity: decimal.FromInt(1, 0), Unit: billing.Piece, VAT: m.Host.Rate, Amount: t.Share,
			Of: &billing.Turnover{Sessions: t.Sessions, Energy: t.Energy, Net: t.Income},
		})
	}
	d.Lines = append(d.Lines, beside...)
	for i := range d.Lines {
		d.Net += d.Lines[i].Amount
	}
	tax, err := money.Round(money.Of(d.Net, m.Currency).Exact().Mul(exact.Of(m.Host.Rate)).Quo(exact.Int(percentMax)), m.Currency)
	if err != nil {
		return billing.Document{}, err
	}
	d.Tax, d.Total = tax.Minor, d.Net+tax.Minor
	d.Taxes = []rating.Tax{{Rate: m.Host.Rate, Taxable: d.Net, Tax: d.Tax}}
	return d, nil
}

// zone is that of the host's sites, when they have one together; else UTC.
func (m *Month) zone() *time.Location {
	var zone *time.Location
	for _, p := range m.Places {
		switch {
		case p.Zone == nil, zone != nil && zone.String() != p.Zone.String():
			return time.UTC
		}
		zone = p.Zone
	}
	return cmp.Or(zone, time.UTC)
}

func (m *Month) relief() billing.Relief {
	switch m.Host.Tax {
	case Exempt:
		return billing.Relief{Category: billing.Exempt}
	case Reverse:
		return billing.Relief{Category: billing.ReverseCharge}
	case Taxed:
	}
	return billing.Relief{}
}

// reclaimed returns the tax of a settlement, which is ours to reclaim where the
// host lives.
func (m *Month) reclaimed(d *billing.Document) []ledger.Tax {
	if d.Tax == 0 {
		return nil
	}
	return []ledger.Tax{{Country: m.Host.Party.Country, Rate: m.Host.Rate, Amount: d.Tax}}
}

// paymentsMax bounds the payments of one settlement: they are read with it.
const paymentsMax = 50

// Pay returns the settlement with a payment, and what posts it. More than is open
// is not paid: [fault.Conflict].
func (s Settlement) Pay(now time.Time, p Payment) (Settlement, ledger.Journal, error) {
	open := s.Document.Total - s.Paid()
	switch {
	case p.Bank == "" || !printable(p.Bank):
		return s, ledger.Journal{}, fault.InvalidField("/bank", "malformed", "has 1 to 64 printable characters of ASCII")
	case p.Amount < 1 || p.Amount > ledger.AmountMax:
		return s, ledger.Journal{}, fault.InvalidField("/amount_minor", "out_of_range", "must be positive")
	case p.Amount > open:
		return s, ledger.Journal{}, fault.New(fault.Conflict, "settlement_overpaid", "open", money.Of(open, s.Currency).Decimal().String())
	case len(s.Payments) >= paymentsMax:
		return s, ledger.Journal{}, fault.New(fault.Exhausted, "payments_exhausted", "max", "50")
	}
	if err := billing.Text("/reference", p.Reference, referenceMax); err != nil {
		return s, ledger.Journal{}, err
	}
	book := ledger.Book{Organisation: s.Organisation, Unit: ledger.UnitOf(s.Currency)}
	j := ledger.Post(now, ledger.BankPaid, ledger.Source{Type: "settlement", ID: string(s.ID)},
		book.Pay(p.Bank, ledger.PayableSettled, string(s.Host), p.Amount))
	j.Revision, j.EffectiveAt = int64(len(s.Payments))+1, p.At
	p.Journal = j.ID
	s.Payments = append(slices.Clip(s.Payments), p)
	s.Version++
	return s, j, nil
}

// printable reports whether a text can be an account of the books.
func printable(s string) bool {
	const most = 64
	return len(s) <= most && !slices.ContainsFunc([]byte(s), func(c byte) bool { return c < '!' || c > '~' })
}
