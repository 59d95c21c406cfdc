package ledger_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/ledger"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
)

func book() ledger.Book { return ledger.Book{Organisation: "org_a", Unit: "EUR"} }

func at() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func rate(percent int64) decimal.Decimal { return decimal.FromInt(percent, 0) }

// text is a line as the table of money.md has it.
func text(transfers []ledger.Transfer) (lines []string) {
	name := func(a ledger.Account) string { return strings.TrimSuffix(string(a.Class)+" "+a.Owner, " ") }
	for _, t := range transfers {
		lines = append(lines, name(t.Debit)+" / "+name(t.Credit)+" "+ledgerNumber(t.Amount))
	}
	return lines
}

func ledgerNumber(n int64) string { return decimal.FromInt(n, 2).String() }

// Each event moves the accounts of its line in the table, and its journal is valid.
func TestTemplates(t *testing.T) {
	b := book()
	sale := ledger.Sale{
		Income: map[ledger.Class]int64{ledger.Energy: 1000, ledger.Fixed: 100, ledger.Parking: -50, ledger.Time: 0, ledger.Rounding: 1},
		Taxes:  []ledger.Tax{{"DE", rate(19), 190}, {"DE", rate(7), 7}},
	}
	points := ledger.Book{Organisation: "org_a", Unit: ledger.Points}
	plain := func(transfers []ledger.Transfer) func() ([]ledger.Transfer, error) {
		return func() ([]ledger.Transfer, error) { return transfers, nil }
	}
	for _, tt := range []struct {
		template ledger.Template
		make     func() ([]ledger.Transfer, error)
		want     []string
	}{
		{ledger.BillIssued, func() ([]ledger.Transfer, error) { return b.Bill("drv", sale) }, []string{
			"receivable_driver drv / energy 10.00", "receivable_driver drv / fixed 1.00", "parking / receivable_driver drv 0.50",
			"receivable_driver drv / rounding 0.01", "receivable_driver drv / tax_payable DE:7 0.07", "receivable_driver drv / tax_payable DE:19 1.90",
		}},
		{ledger.CDRSold, func() ([]ledger.Transfer, error) {
			return b.SellCDR("DE*ABC", ledger.Sale{Income: map[ledger.Class]int64{ledger.Energy: 5}})
		}, []string{"receivable_roaming DE*ABC / energy 0.05"}},
		{ledger.CDRBought, func() ([]ledger.Transfer, error) {
			return b.BuyCDR("NL*TNM", 500, []ledger.Tax{{"NL", decimal.FromInt(210, 1), 105}})
		}, []string{"roaming_cost / payable_roaming NL*TNM 5.00", "tax_receivable NL:21 / payable_roaming NL*TNM 1.05"}},
		{ledger.Captured, plain(b.Capture("drv", "stripe", 1190)), []string{"psp_clearing stripe / receivable_driver drv 11.90"}},
		{ledger.PaidOut, plain(b.PayOut("stripe", "giro", 900, 25)), []string{"bank giro / psp_clearing stripe 9.00", "psp_fee / psp_clearing stripe 0.25"}},
		{ledger.ToppedUp, plain(b.TopUp("drv", "stripe", 2000)), []string{"psp_clearing stripe / wallet drv 20.00"}},
		{ledger.Reserved, plain(b.Reserve("drv", 1500)), []string{"wallet drv / wallet_reserved drv 15.00"}},
		{ledger.Settled, func() ([]ledger.Transfer, error) { return b.Settle("drv", 1500, 1190) }, []string{
			"wallet_reserved drv / receivable_driver drv 11.90", "wallet_reserved drv / wallet drv 3.10",
		}},
		{ledger.PromoGranted, plain(b.GrantPromo("drv", 500)), []string{"promo / wallet_promo drv 5.00"}},
		{ledger.PromoSpent, func() ([]ledger.Transfer, error) { return b.SpendPromo("drv", ledger.WalletPromo, 300) }, []string{"wallet_promo drv / receivable_driver drv 3.00"}},
		{ledger.PromoSpent, func() ([]ledger.Transfer, error) { return b.SpendPromo("drv", ledger.Promo, 300) }, []string{"promo / receivable_driver drv 3.00"}},
		{ledger.PromoSpent, func() ([]ledger.Transfer, error) { return b.SpendPromo("drv", ledger.Energy, 300) }, []string{"energy / receivable_driver drv 3.00"}},
		{ledger.Invoiced, plain(b.Invoice("drv", "cus", 1190)), []string{"receivable_invoice cus / receivable_driver drv 11.90"}},
		{ledger.Refunded, func() ([]ledger.Transfer, error) { return b.Refund("drv", "stripe", ledger.Wallet, 100) }, []string{"wallet drv / psp_clearing stripe 1.00"}},
		{ledger.HostShared, plain(b.ShareWithHost("hst", 40)), []string{"host_share / payable_site_host hst 0.40"}},
		{ledger.ChargedBack, plain(b.ChargeBack("stripe", 1190, 1500)), []string{"chargeback / psp_clearing stripe 11.90", "psp_fee / psp_clearing stripe 15.00"}},
		{ledger.WrittenOff, func() ([]ledger.Transfer, error) {
			return b.WriteOff("drv", 1000, []ledger.Tax{{"DE", rate(19), 190}})
		}, []string{"bad_debt / receivable_driver drv 10.00", "tax_payable DE:19 / receivable_driver drv 1.90"}},
		{ledger.BankReceived, plain(b.Receive("giro", ledger.ReceivableInvoice, "cus", 1190)), []string{"bank giro / receivable_invoice cus 11.90"}},
		{ledger.BankReceived, plain(b.Receive("giro", ledger.UnappliedCash, "", 7)), []string{"bank giro / unapplied_cash giro 0.07"}},
		{ledger.BankPaid, plain(b.Pay("giro", ledger.PayableSiteHost, "hst", 40)), []string{"payable_site_host hst / bank giro 0.40"}},
		{ledger.PointsEarned, plain(points.EarnPoints("drv", "green", 12)), []string{"points_issued green / points drv 0.12"}},
		{ledger.PointsSpent, plain(points.SpendPoints("drv", "green", 12)), []string{"points drv / points_issued green 0.12"}},
	} {
		t.Run(string(tt.template), func(t *testing.T) {
			transfers, err := tt.make()
			if err != nil || !slices.Equal(text(transfers), tt.want) {
				t.Errorf("got %q, %v, want %q", text(transfers), err, tt.want)
			}
			j := ledger.Post(at(), tt.template, ledger.Source{Type: "bill", ID: "bil_1"}, transfers)
			if err := j.Validate(); err != nil {
				t.Error(err)
			}
			back := j.Reverse(at(), ledger.Reversal)
			sums := map[ledger.Account]int64{}
			for _, c := range slices.Concat(j.Changes(), back.Changes()) {
				sums[c.Account] += c.Amount
			}
			for a, sum := range sums {
				if sum != 0 {
					t.Errorf("taken back, %s has %d", a.Class, sum)
				}
			}
			if err := back.Validate(); err != nil || back.Reverses != j.ID {
				t.Errorf("the mirror reverses %q: %v", back.Reverses, err)
			}
		})
	}
}

func TestTemplatesRefuse(t *testing.T) {
	b := book()
	huge := int64(ledger.AmountMax + 1)
	for name, err := range map[string]error{
		"income of an asset":      second(b.Bill("drv", ledger.Sale{Income: map[ledger.Class]int64{ledger.Bank: 1}})),
		"too much":                second(b.Bill("drv", ledger.Sale{Income: map[ledger.Class]int64{ledger.Energy: huge}})),
		"too much tax":            second(b.BuyCDR("p", 1, []ledger.Tax{{"DE", rate(19), -huge}})),
		"more than was reserved":  second(b.Settle("drv", 10, 11)),
		"less than nothing spent": second(b.Settle("drv", 10, -1)),
		"a promo from a bank":     second(b.SpendPromo("drv", ledger.Bank, 1)),
		"a refund from income":    second(b.Refund("drv", "stripe", ledger.Energy, 1)),
	} {
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// PROP-14: two units never meet in a transfer, nor two organisations; and what else a
// journal cannot be.
func TestJournalsAreRefused(t *testing.T) {
	good := func() ledger.Journal {
		return ledger.Post(at(), ledger.ToppedUp, ledger.Source{Type: "payment", ID: "p"}, book().TopUp("drv", "stripe", 100))
	}
	if j := good(); j.Validate() != nil {
		t.Fatal(j.Validate())
	}
	points := ledger.Book{Organisation: "org_a", Unit: ledger.Points}
	for name, change := range map[string]func(j *ledger.Journal){
		"without an id":           func(j *ledger.Journal) { j.ID = "" },
		"without a template":      func(j *ledger.Journal) { j.Template = "" },
		"without a source":        func(j *ledger.Journal) { j.Source.ID = "" },
		"source with a space":     func(j *ledger.Journal) { j.Source.Type = "a b" },
		"negative revision":       func(j *ledger.Journal) { j.Revision = -1 },
		"at no time":              func(j *ledger.Journal) { j.PostedAt = time.Time{} },
		"without transfers":       func(j *ledger.Journal) { j.Transfers = nil },
		"with too many":           func(j *ledger.Journal) { j.Transfers = slices.Repeat(j.Transfers, ledger.TransfersMax+1) },
		"of nothing":              func(j *ledger.Journal) { j.Transfers[0].Amount = 0 },
		"negative":                func(j *ledger.Journal) { j.Transfers[0].Amount = -1 },
		"too large":               func(j *ledger.Journal) { j.Transfers[0].Amount = ledger.AmountMax + 1 },
		"to itself":               func(j *ledger.Journal) { j.Transfers[0].Credit = j.Transfers[0].Debit },
		"of another currency":     func(j *ledger.Journal) { j.Transfers[0].Credit.Unit = "SEK" },
		"of no currency":          func(j *ledger.Journal) { j.Transfers[0].Credit.Unit = "ZZZ" },
		"of another organisation": func(j *ledger.Journal) { j.Transfers[0].Credit.Organisation = "org_b" },
		"of no class":             func(j *ledger.Journal) { j.Transfers[0].Credit.Class = "x" },
		"without an owner":        func(j *ledger.Journal) { j.Transfers[0].Credit.Owner = "" },
		"with an owner too much":  func(j *ledger.Journal) { j.Transfers[0].Debit = book().Account(ledger.Energy, "x") },
		"money for points":        func(j *ledger.Journal) { j.Transfers[0].Credit = points.Account(ledger.PointsHeld, "drv") },
		"points in a wallet":      func(j *ledger.Journal) { j.Transfers[0].Credit = points.Account(ledger.Wallet, "drv") },
		"money as points": func(j *ledger.Journal) {
			j.Transfers = []ledger.Transfer{{Debit: book().Account(ledger.PointsIssued, "p"), Credit: book().Account(ledger.PointsHeld, "drv"), Amount: 1}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			j := good()
			change(&j)
			if err := j.Validate(); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want it refused", err)
			}
		})
	}
}

// What nobody may overdraw is not kept in parts: each part would have the limit
// for itself.
func TestClasses(t *testing.T) {
	classes := []ledger.Class{
		ledger.ProviderClearing, ledger.Bank, ledger.ReceivableDriver, ledger.ReceivableInvoice, ledger.ReceivableRoaming, ledger.TaxReceivable,
		ledger.Wallet, ledger.WalletPromo, ledger.WalletReserved, ledger.PayableRoaming, ledger.PayableDriver, ledger.PayableSiteHost, ledger.TaxPayable,
		ledger.UnappliedCash, ledger.DeferredSubscription, ledger.Energy, ledger.Time, ledger.Parking, ledger.Fixed, ledger.Reservation, ledger.Subscription,
		ledger.RoamingMargin, ledger.ProviderFee, ledger.BadDebt, ledger.Goodwill, ledger.Promo, ledger.Chargeback, ledger.RoamingCost, ledger.HostShare,
		ledger.Rounding, ledger.PointsHeld, ledger.PointsIssued,
	}
	for _, c := range classes {
		least, most := c.Limits()
		if c.Side() == "" || c.Hot() && c.Limited() || c.Limited() != (most == 0) || least >= 0 {
			t.Errorf("%s: side %q, hot %t, limited %t, from %d to %d", c, c.Side(), c.Hot(), c.Limited(), least, most)
		}
	}
	if c := ledger.Class("x"); c.Side() != "" || c.Hot() {
		t.Errorf("there is a class %q", c)
	}
}

func TestAccountsAreKnownByTheirFields(t *testing.T) {
	b := book()
	a := b.Account(ledger.Wallet, "drv")
	for _, other := range []ledger.Account{
		b.Account(ledger.WalletPromo, "drv"), b.Account(ledger.Wallet, "drv2"),
		{Organisation: "org_b", Class: a.Class, Owner: a.Owner, Unit: a.Unit},
		{Organisation: a.Organisation, Class: a.Class, Owner: a.Owner, Unit: "SEK"},
		{Organisation: "org_awallet", Owner: "drv", Unit: "EUR"},
	} {
		if other.ID() == a.ID() {
			t.Errorf("%+v and %+v are the same", other, a)
		}
	}
	if got, want := b.Tax(ledger.TaxPayable, "DE", decimal.FromInt(1900, 2)), b.Tax(ledger.TaxPayable, "DE", rate(19)); got.ID() != want.ID() {
		t.Errorf("19.00 %% is %+v, and 19 %% is %+v", got, want)
	}
	if got := b.Tax(ledger.TaxPayable, "DE", rate(20)).Owner; got != "DE:20" {
		t.Errorf("got %s, want DE:20", got)
	}
}

func TestSeries(t *testing.T) {
	for format, want := range map[string]string{"R-####": "R-0042", "#": "42", "##": "42", "2026/###/X": "2026/042/X"} {
		s := ledger.Series{Organisation: "org_a", Name: "n", Format: format, First: 1}
		if err := s.Validate(); err != nil || s.Written(42) != want {
			t.Errorf("%s: got %s, %v, want %s", format, s.Written(42), err, want)
		}
	}
	good := ledger.Series{Organisation: "org_a", Name: "n", Format: "#", First: 1}
	for name, change := range map[string]func(s *ledger.Series){
		"no digits":         func(s *ledger.Series) { s.Format = "R" },
		"digits twice":      func(s *ledger.Series) { s.Format = "#-#" },
		"long":              func(s *ledger.Series) { s.Format = strings.Repeat("#", 31) },
		"a line break":      func(s *ledger.Series) { s.Format = "#\n" },
		"no name":           func(s *ledger.Series) { s.Name = "" },
		"a name with a /":   func(s *ledger.Series) { s.Name = "a/b" },
		"begins at nothing": func(s *ledger.Series) { s.First = 0 },
		"of nobody":         func(s *ledger.Series) { s.Organisation = "" },
	} {
		s := good
		change(&s)
		if err := s.Validate(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
}
