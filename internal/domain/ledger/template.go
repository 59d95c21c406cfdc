package ledger

import (
	"cmp"
	"maps"
	"slices"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
)

// Template names what happened: which accounts a journal moves follows from it.
type Template string

// The templates. Each has a method of [Book] or a function beside it that makes its transfers.
const (
	BillIssued   Template = "bill_issued"
	Captured     Template = "captured"      // money that a payment provider collected
	PaidOut      Template = "paid_out"      // what the provider sent to our bank
	ToppedUp     Template = "topped_up"     // a wallet
	Reserved     Template = "reserved"      // of a wallet, for a session
	Settled      Template = "settled"       // a session from what was reserved; the rest is free again
	PromoGranted Template = "promo_granted" // a gift into a wallet
	PromoSpent   Template = "promo_spent"   // a gift, a voucher or a discount pays
	Invoiced     Template = "invoiced"      // a statement moves what drivers owe to their customer
	CDRSold      Template = "cdr_sold"      // a partner's driver charged here
	CDRBought    Template = "cdr_bought"    // our driver charged at a partner's
	CreditNote   Template = "credit_note"   // the mirror of a bill, see [Journal.Reverse]
	Reversal     Template = "reversal"      // the mirror of anything else
	Refunded     Template = "refunded"
	HostShared   Template = "host_shared"  // a site host earns his share
	HostSettled  Template = "host_settled" // a settlement has what he has earned
	ChargedBack  Template = "charged_back" // a bank took a payment back
	WrittenOff   Template = "written_off"
	BankReceived Template = "bank_received" // a transfer that somebody made
	BankPaid     Template = "bank_paid"     // a transfer of ours
	PointsEarned Template = "points_earned"
	PointsSpent  Template = "points_spent"
)

// Tax is tax of a country at a rate in per cent.
type Tax struct {
	Country string // ISO 3166-1 alpha-2
	Rate    decimal.Decimal
	Amount  int64
}

// Sale is what a bill or a CDR is made of: net amounts by class of income, and
// tax. Discounts have their place in the class of what they discount, or stand
// for themselves as a negative amount of a class.
type Sale struct {
	Income map[Class]int64
	Taxes  []Tax
}

// Gross returns what the other side pays for a sale.
func (s Sale) Gross() int64 {
	var sum int64
	for _, net := range s.Income {
		sum += net
	}
	for _, t := range s.Taxes {
		sum += t.Amount
	}
	return sum
}

// check refuses amounts that no sum may be made of, and classes that are no
// income.
func (s Sale) check(also Side) error {
	for c, amount := range s.Income {
		if c.Side() != Income && c.Side() != also && c != Rounding {
			return fault.InvalidField("/income", "unknown_value", "is by class of income")
		}
		if err := inRange(amount); err != nil {
			return err
		}
	}
	for _, t := range s.Taxes {
		if err := inRange(t.Amount); err != nil {
			return err
		}
	}
	return nil
}

// inRange refuses an amount beyond [AmountMax] on either side.
func inRange(amount int64) error {
	if amount < -AmountMax || amount > AmountMax {
		return fault.InvalidField("/amount", "out_of_range", "is at most ten billion in cents")
	}
	return nil
}

// move is a transfer that may be of nothing, or the other way round.
func move(to []Transfer, debit, credit Account, amount int64) []Transfer {
	switch {
	case amount > 0:
		return append(to, Transfer{Debit: debit, Credit: credit, Amount: amount})
	case amount < 0:
		return append(to, Transfer{Debit: credit, Credit: debit, Amount: -amount})
	}
	return to
}

// sold returns what somebody owes for a sale: each part against its class, the
// taxes by country and rate.
func (b Book) sold(debtor Account, s Sale) ([]Transfer, error) {
	if err := s.check(Income); err != nil {
		return nil, err
	}
	var all []Transfer
	for _, c := range slices.Sorted(maps.Keys(s.Income)) {
		all = move(all, debtor, b.Account(c, ""), s.Income[c])
	}
	for _, t := range byRate(s.Taxes) {
		all = move(all, debtor, b.Tax(TaxPayable, t.Country, t.Rate), t.Amount)
	}
	return all, nil
}

// byRate returns taxes by country and rate.
func byRate(taxes []Tax) []Tax {
	return slices.SortedStableFunc(slices.Values(taxes), func(a, b Tax) int {
		return cmp.Or(cmp.Compare(a.Country, b.Country), a.Rate.Cmp(b.Rate))
	})
}

// Bill is [BillIssued]: a driver owes what he has bought. A bill of nothing has
// no transfers, and no journal.
func (b Book) Bill(driver string, s Sale) ([]Transfer, error) {
	return b.sold(b.Account(ReceivableDriver, driver), s)
}

// SellCDR is [CDRSold]: a partner owes what his driver has bought here. Where
// the partner owes the tax himself, the sale has none.
func (b Book) SellCDR(partner string, s Sale) ([]Transfer, error) {
	return b.sold(b.Account(ReceivableRoaming, partner), s)
}

// BuyCDR is [CDRBought]: we owe a partner what our driver has bought from him.
// The driver's own bill is a journal of its own.
func (b Book) BuyCDR(partner string, net int64, taxes []Tax) ([]Transfer, error) {
	if err := (Sale{Income: map[Class]int64{RoamingCost: net}, Taxes: taxes}).check(Expense); err != nil {
		return nil, err
	}
	owed := b.Account(PayableRoaming, partner)
	all := move(nil, b.Account(RoamingCost, ""), owed, net)
	for _, t := range byRate(taxes) {
		all = move(all, b.Tax(TaxReceivable, t.Country, t.Rate), owed, t.Amount)
	}
	return all, nil
}

// Capture is [Captured]: a provider has collected what a driver owes.
func (b Book) Capture(driver, provider string, amount int64) []Transfer {
	return move(nil, b.Account(ProviderClearing, provider), b.Account(ReceivableDriver, driver), amount)
}

// PayOut is [PaidOut]: a provider has sent to a bank account of ours what he
// had collected, less his fee.
func (b Book) PayOut(provider, bank string, amount, fee int64) []Transfer {
	clearing := b.Account(ProviderClearing, provider)
	return move(move(nil, b.Account(Bank, bank), clearing, amount), b.Account(ProviderFee, ""), clearing, fee)
}

// TopUp is [ToppedUp]: a driver has paid before.
func (b Book) TopUp(driver, provider string, amount int64) []Transfer {
	return move(nil, b.Account(ProviderClearing, provider), b.Account(Wallet, driver), amount)
}

// Reserve is [Reserved]: part of a wallet waits for the end of a session.
func (b Book) Reserve(driver string, amount int64) []Transfer {
	return move(nil, b.Account(Wallet, driver), b.Account(WalletReserved, driver), amount)
}

// Settle is [Settled]: of what was reserved, so much is spent, and the rest is
// in the wallet again. More than was reserved cannot be spent.
func (b Book) Settle(driver string, reserved, spent int64) ([]Transfer, error) {
	if spent < 0 || spent > reserved {
		return nil, fault.InvalidField("/spent", "out_of_range", "is at most what was reserved")
	}
	from := b.Account(WalletReserved, driver)
	return move(move(nil, from, b.Account(ReceivableDriver, driver), spent), from, b.Account(Wallet, driver), reserved-spent), nil
}

// GrantPromo is [PromoGranted]: a driver is given something to spend.
func (b Book) GrantPromo(driver string, amount int64) []Transfer {
	return move(nil, b.Account(Promo, ""), b.Account(WalletPromo, driver), amount)
}

// SpendPromo is [PromoSpent]: a gift, [WalletPromo], pays for a driver; or what he has been
// given at once does, [Promo]; or, where tax law makes it so, income is less by it.
func (b Book) SpendPromo(driver string, from Class, amount int64) ([]Transfer, error) {
	paying := b.Account(from, "")
	switch {
	case from == WalletPromo:
		paying.Owner = driver
	case from != Promo && from.Side() != Income:
		return nil, fault.InvalidField("/from", "unknown_value", "is a gift, an expense for gifts, or income")
	}
	return move(nil, paying, b.Account(ReceivableDriver, driver), amount), nil
}

// Invoice is [Invoiced]: what a driver owes is on his customer's statement.
func (b Book) Invoice(driver, customer string, amount int64) []Transfer {
	return move(nil, b.Account(ReceivableInvoice, customer), b.Account(ReceivableDriver, driver), amount)
}

// Retax is part of [Invoiced]: the tax of a whole is so much more than those of its
// parts, each of which was rounded.
func (b Book) Retax(more Tax) []Transfer {
	return move(nil, b.Account(Rounding, ""), b.Tax(TaxPayable, more.Country, more.Rate), more.Amount)
}

// Refund is [Refunded]: a provider gives a driver his money back, from
// [ReceivableDriver] after a credit note or from his [Wallet].
func (b Book) Refund(driver, provider string, from Class, amount int64) ([]Transfer, error) {
	if from != ReceivableDriver && from != Wallet {
		return nil, fault.InvalidField("/from", "unknown_value", "is what the driver owes, or his wallet")
	}
	return move(nil, b.Account(from, driver), b.Account(ProviderClearing, provider), amount), nil
}

// ShareWithHost is [HostShared]: a site host has earned his share.
func (b Book) ShareWithHost(host string, amount int64) []Transfer {
	return move(nil, b.Account(HostShare, ""), b.Account(PayableSiteHost, host), amount)
}

// SettleHost is [HostSettled]: what a host has earned by bills is on a settlement, with what he gets
// beside them and the tax that he asks for, which is ours to reclaim.
func (b Book) SettleHost(host string, share, beside int64, taxes []Tax) ([]Transfer, error) {
	if err := (Sale{Income: map[Class]int64{HostShare: beside}, Taxes: taxes}).check(Expense); err != nil {
		return nil, err
	}
	if err := inRange(share); err != nil {
		return nil, err
	}
	owed := b.Account(PayableSettled, host)
	all := move(nil, b.Account(PayableSiteHost, host), owed, share)
	all = move(all, b.Account(HostShare, ""), owed, beside)
	for _, t := range byRate(taxes) {
		all = move(all, b.Tax(TaxReceivable, t.Country, t.Rate), owed, t.Amount)
	}
	return all, nil
}

// ChargeBack is [ChargedBack]: a provider has taken a payment back, and a fee
// for it.
func (b Book) ChargeBack(provider string, amount, fee int64) []Transfer {
	clearing := b.Account(ProviderClearing, provider)
	return move(move(nil, b.Account(Chargeback, ""), clearing, amount), b.Account(ProviderFee, ""), clearing, fee)
}

// WriteOff is [WrittenOff]: nobody will pay. Where the law allows, the tax is
// not owed any more: then taxes says of which.
func (b Book) WriteOff(driver string, net int64, taxes []Tax) ([]Transfer, error) {
	if err := (Sale{Income: map[Class]int64{BadDebt: net}, Taxes: taxes}).check(Expense); err != nil {
		return nil, err
	}
	owed := b.Account(ReceivableDriver, driver)
	all := move(nil, b.Account(BadDebt, ""), owed, net)
	for _, t := range byRate(taxes) {
		all = move(all, b.Tax(TaxPayable, t.Country, t.Rate), owed, t.Amount)
	}
	return all, nil
}

// Receive is [BankReceived]: somebody has paid into a bank account what he owes,
// or, [UnappliedCash], nobody knows yet who.
func (b Book) Receive(bank string, from Class, owner string, amount int64) []Transfer {
	if from == UnappliedCash {
		owner = bank
	}
	return move(nil, b.Account(Bank, bank), b.Account(from, owner), amount)
}

// Pay is [BankPaid]: we have paid what we owe.
func (b Book) Pay(bank string, to Class, owner string, amount int64) []Transfer {
	return move(nil, b.Account(to, owner), b.Account(Bank, bank), amount)
}

// EarnPoints is [PointsEarned]. The book is one of points.
func (b Book) EarnPoints(driver, programme string, points int64) []Transfer {
	return move(nil, b.Account(PointsIssued, programme), b.Account(PointsHeld, driver), points)
}

// SpendPoints is [PointsSpent]: what they are spent on is a journal of its own.
func (b Book) SpendPoints(driver, programme string, points int64) []Transfer {
	return move(nil, b.Account(PointsHeld, driver), b.Account(PointsIssued, programme), points)
}
