// Package ledger keeps the books: double entry, append only. What happened to
// money is a [Journal] of transfers, each of which takes an amount from one
// account to another and so balances by itself; nothing that was posted is ever
// changed, and a mistake is taken back by its mirror.
//
// A balance is the sum of an account's debits less that of its credits, so that
// all balances of a unit add up to nothing. Journals are chained by hashes, so
// that a row that was changed, taken out or slipped in afterwards is found.
//
// Package ledger is pure: the store writes what it makes, in the transaction of
// whatever the journal is about.
package ledger

import (
	"math"
	"strings"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
)

// Unit is what an account counts: a currency's minor units, or points.
type Unit string

// Points are what a loyalty programme gives. They are no money: no transfer
// leads from them to an account of money.
const Points Unit = "points"

// UnitOf returns the unit of amounts of a currency.
func UnitOf(c money.Currency) Unit { return Unit(c) }

// check refuses what is neither points nor a currency.
func (u Unit) check() error {
	if u == Points {
		return nil
	}
	_, err := money.ParseCurrency(string(u))
	return err
}

// Class is what an account is for.
type Class string

// Assets: what we have, and what others owe us. Their balances are usually positive.
const (
	ProviderClearing  Class = "psp_clearing"       // by provider: collected, and not paid out to us yet
	Bank              Class = "bank"               // by account of ours
	ReceivableDriver  Class = "receivable_driver"  // by driver
	ReceivableInvoice Class = "receivable_invoice" // by customer: what statements moved from his drivers to him
	ReceivableRoaming Class = "receivable_roaming" // by partner whose drivers charged here
	TaxReceivable     Class = "tax_receivable"     // by country and rate: input tax
)

// Liabilities: what we owe. Their balances are usually negative.
const (
	Wallet               Class = "wallet"            // by driver: what he has paid before
	WalletPromo          Class = "wallet_promo"      // by driver: what he was given
	WalletReserved       Class = "wallet_reserved"   // by driver: set aside for what is under way
	PayableRoaming       Class = "payable_roaming"   // by partner where our drivers charged
	PayableDriver        Class = "payable_driver"    // by driver: what we owe him, as for charging at home
	PayableSiteHost      Class = "payable_site_host" // by host: what he has earned, and no settlement has yet
	PayableSettled       Class = "payable_settled"   // by host: what settlements have, and nobody has paid yet
	TaxPayable           Class = "tax_payable"       // by country and rate
	UnappliedCash        Class = "unapplied_cash"    // by bank account: paid by we know not whom
	DeferredSubscription Class = "deferred_subscription"
)

// Income. Balances are usually negative.
const (
	Energy        Class = "energy"
	Time          Class = "time"
	Parking       Class = "parking"
	Fixed         Class = "fixed"
	Reservation   Class = "reservation"
	Subscription  Class = "subscription"
	RoamingMargin Class = "roaming_margin"
)

// Expense, and what rounding leaves.
const (
	ProviderFee Class = "psp_fee"
	BadDebt     Class = "bad_debt"
	Goodwill    Class = "goodwill"
	Promo       Class = "promo"
	Chargeback  Class = "chargeback"
	RoamingCost Class = "roaming_cost" // what partners charge us
	HostShare   Class = "host_share"   // what site hosts get
	Rounding    Class = "rounding"
)

// Points of loyalty programmes.
const (
	PointsHeld   Class = "points"        // by driver
	PointsIssued Class = "points_issued" // by programme
)

// Side is on which side of the books a class stands.
type Side string

// The sides.
const (
	Asset     Side = "asset"
	Liability Side = "liability"
	Income    Side = "income"
	Expense   Side = "expense"
)

// rule is what holds for the accounts of a class.
type rule struct {
	side   Side
	owned  bool // has an owner; else there is one for the organisation
	held   bool // the balance must not be positive: nobody spends what he has not
	hot    bool // moved by nearly everything that happens
	points bool // counts points and no money
}

// rule returns what holds for a class, false when there is no such class.
func (c Class) rule() (r rule, known bool) {
	switch c {
	case ReceivableDriver:
		return rule{side: Asset, owned: true}, true
	case ProviderClearing, Bank, ReceivableInvoice, ReceivableRoaming, TaxReceivable:
		return rule{side: Asset, owned: true, hot: true}, true
	case Wallet, WalletPromo, WalletReserved, UnappliedCash:
		return rule{side: Liability, owned: true, held: true}, true
	case PayableDriver, PayableSettled:
		return rule{side: Liability, owned: true}, true
	case PayableRoaming, PayableSiteHost, TaxPayable:
		return rule{side: Liability, owned: true, hot: true}, true
	case DeferredSubscription:
		return rule{side: Liability, hot: true}, true
	case Energy, Time, Parking, Fixed, Reservation, Subscription, RoamingMargin:
		return rule{side: Income, hot: true}, true
	case ProviderFee, BadDebt, Goodwill, Promo, Chargeback, RoamingCost, HostShare, Rounding:
		return rule{side: Expense, hot: true}, true
	case PointsHeld:
		return rule{side: Liability, owned: true, held: true, points: true}, true
	case PointsIssued:
		return rule{side: Expense, owned: true, hot: true, points: true}, true
	}
	return rule{}, false
}

// Side returns where a class stands, "" for one that there is not.
func (c Class) Side() Side {
	r, _ := c.rule()
	return r.side
}

// Hot reports whether so much moves the accounts of a class that their balances
// are kept in parts, see [Shards].
func (c Class) Hot() bool {
	r, _ := c.rule()
	return r.hot
}

// Shards is in how many parts a hot balance is kept: each committer moves one
// of its own, so that as many nodes do not wait for one another.
const Shards = 16

// balanceMax bounds a balance without another limit: far from where numbers of
// the database end, and a thousand times what one transfer moves.
const balanceMax = math.MaxInt64 / 4

// Limits returns between what a balance of the class, or each part of a hot
// one, must stay.
func (c Class) Limits() (least, most int64) {
	if c.Limited() {
		return -balanceMax, 0
	}
	return -balanceMax, balanceMax
}

// Limited reports whether a balance of the class may not have either sign.
func (c Class) Limited() bool {
	r, _ := c.rule()
	return r.held
}

// Account is where amounts come from and go to. There is one for each
// combination of its fields, and nobody has to open it.
type Account struct {
	Organisation ident.OrganisationID
	Class        Class
	Owner        string // our id of whose it is, or other words: see the class; "" where a class has none
	Unit         Unit
}

// ownerMax bounds an owner: an identifier of ours has 30 characters.
const ownerMax = 64

// ID returns the account's identifier, which follows from its fields.
func (a Account) ID() ident.AccountID {
	return ident.Derive[ident.AccountID](string(a.Organisation), string(a.Class), a.Owner, string(a.Unit))
}

// check refuses an account that there cannot be.
func (a Account) check() error {
	r, known := a.Class.rule()
	if !known {
		return fault.InvalidField("/class", "unknown_value", "is the name of a class of accounts")
	}
	if a.Organisation == "" {
		return fault.InvalidField("/organisation", "required", "whose books they are")
	}
	if r.owned != (a.Owner != "") {
		return fault.InvalidField("/owner", "required", "an account has an owner exactly when its class says so")
	}
	if !plain(a.Owner, ownerMax) {
		return fault.InvalidField("/owner", "malformed", "has at most 64 printable characters of ASCII")
	}
	if err := a.Unit.check(); err != nil {
		return fault.Below("/unit", err)
	}
	if r.points != (a.Unit == Points) {
		return fault.InvalidField("/unit", "units_mixed", "points are on accounts for points, and nothing else is")
	}
	return nil
}

// plain reports whether a text has printable characters of ASCII only, and not too many.
func plain(text string, most int) bool {
	return len(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return r < '!' || r > '~' })
}

// Book is an organisation's accounts of one unit.
type Book struct {
	Organisation ident.OrganisationID
	Unit         Unit
}

// Account returns the account of a class and an owner, "" where it has none.
func (b Book) Account(c Class, owner string) Account {
	return Account{Organisation: b.Organisation, Class: c, Owner: owner, Unit: b.Unit}
}

// Tax returns the account of a country's tax at a rate in per cent: 19 and 19.0
// are the same.
func (b Book) Tax(c Class, country string, rate decimal.Decimal) Account {
	digits := rate.String()
	if strings.Contains(digits, ".") {
		digits = strings.TrimRight(strings.TrimRight(digits, "0"), ".")
	}
	return b.Account(c, country+":"+digits)
}
