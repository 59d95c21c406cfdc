package plan

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/unit"
)

// Voucher is worth something to whoever redeems its code. The code itself is kept
// nowhere: it is money.
type Voucher struct {
	ID           ident.VoucherID
	Organisation ident.OrganisationID
	Name         string // as bills have it; "": the end of the code
	Batch        string // of vouchers that were made together; "": none
	Hash         [32]byte
	Hint         string // the end of the code; "": that would give it away
	Value        Value
	From         time.Time        // sessions that begin from then on; zero: any
	Until        time.Time        // exclusive; zero: for ever
	Customer     ident.CustomerID // who alone may redeem it; "": anybody
	HoldersMost  int64            // how many customers may; each has the whole value
	Holders      int64            // how many have
	CreatedAt    time.Time
	Version      int64
}

// Value is what a voucher is worth to each who redeems it: an amount, energy or a
// share of what sessions cost.
type Value struct {
	Amount   int64              `json:"amount,omitzero"` // minor units, as the tariff's prices are: with tax or without
	Currency money.Currency     `json:"currency,omitzero"`
	Energy   unit.MilliWattHour `json:"energy_mwh,omitzero"`
	Percent  decimal.Decimal    `json:"percent,omitzero"`
	Sessions int64              `json:"sessions,omitzero"` // at most so many; 0: any
}

// Redemption is a customer's voucher, and what he has used of it. Whoever changes
// it changes its version, so that no two sessions use the same.
type Redemption struct {
	ID           ident.RedemptionID
	Organisation ident.OrganisationID
	Voucher      ident.VoucherID
	Customer     ident.CustomerID
	At           time.Time
	Amount       int64 // used, minor units
	Energy       unit.MilliWattHour
	Sessions     int64
	Spent        bool // nothing is left
	Version      int64
}

// Held is a voucher in a customer's hands.
type Held struct {
	Redemption
	Of Voucher
}

// RedemptionID names a customer's redemption of a voucher: there is one.
func RedemptionID(v ident.VoucherID, c ident.CustomerID) ident.RedemptionID {
	return ident.Derive[ident.RedemptionID](string(v), string(c))
}

// HeldMost bounds the vouchers with something left in a customer's hands: all of
// them are read for each of his sessions.
const HeldMost = 100

// Limits of vouchers.
const (
	holdersMax = 100_000_000
	codeLeast  = 6 // of a code that somebody chose, such as SUMMER26
	codeMost   = 32
	hintLength = 4
)

// Check returns the first thing that is wrong with a voucher, as [fault.Invalid].
func (v *Voucher) Check() error {
	holders := error(nil)
	if v.HoldersMost < 1 || v.HoldersMost > holdersMax {
		holders = fault.InvalidField("/holders_max", "range", "must be 1 to 100 million")
	}
	if v.Customer != "" && v.HoldersMost != 1 {
		holders = fault.InvalidField("/holders_max", "range", "is 1 for a voucher of one customer")
	}
	return cmp.Or(
		named("/name", v.Name, false),
		named("/batch", v.Batch, false),
		fault.Below("/value", v.Value.check()),
		ordered("/valid_until", v.From, v.Until),
		holders,
	)
}

func (v *Value) check() error {
	kinds := 0
	for _, is := range []bool{v.Amount != 0, v.Energy != 0, v.Percent.Sign() != 0} {
		if is {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return fault.InvalidField("", "ambiguous", "is worth an amount, energy or a share: one of them")
	case v.Sessions < 0 || v.Sessions > sessionsMost:
		return fault.InvalidField("/sessions_max", "range", "must be 0 to a million")
	case v.Amount < 0 || v.Amount > feeMax:
		return fault.InvalidField("/amount_minor", "range", "must be 1 to 100 million")
	case v.Energy < 0 || v.Energy > energyMax:
		return fault.InvalidField("/kwh", "range", "must be above 0 and at most a million")
	case v.Amount != 0:
		return currency("/currency", v.Currency)
	case v.Currency != "":
		return fault.InvalidField("/currency", "ambiguous", "belongs to an amount")
	case v.Energy != 0:
		return nil
	}
	return share("/percent", v.Percent)
}

// Called is how bills call the voucher.
func (v *Voucher) Called() string {
	if v.Name == "" && v.Hint != "" {
		return "…" + v.Hint
	}
	return v.Name
}

// Unknown says that a code is of no voucher, or of one that is somebody else's.
func Unknown() error { return fault.InvalidField("/code", "unknown", "is the code of no voucher") }

// Redeem returns the voucher with one more holder, and what he holds. A voucher of
// somebody else is as unknown as one that there is not.
func (v Voucher) Redeem(by ident.CustomerID, now time.Time) (Voucher, Redemption, error) {
	switch {
	case v.Customer != "" && v.Customer != by:
		return v, Redemption{}, Unknown()
	case !v.Until.IsZero() && !now.Before(v.Until):
		return v, Redemption{}, fault.New(fault.Conflict, "voucher_expired")
	case v.Holders >= v.HoldersMost:
		return v, Redemption{}, fault.New(fault.Conflict, "voucher_used_up")
	}
	v.Holders++
	v.Version++
	return v, Redemption{
		ID: RedemptionID(v.ID, by), Organisation: v.Organisation, Voucher: v.ID, Customer: by, At: now, Version: 1,
	}, nil
}

// left returns what of an amount, of energy and of sessions is left; sessions -1 is
// any number of them.
func (h *Held) left() (amount int64, energy unit.MilliWattHour, sessions int64) {
	of := &h.Of.Value
	if sessions = -1; of.Sessions > 0 {
		sessions = max(0, of.Sessions-h.Sessions)
	}
	return max(0, of.Amount-h.Amount), max(0, of.Energy-h.Energy), sessions
}

// Left returns what a holder has left of the value; an amount or energy that may be
// used in no more sessions is worth nothing any more.
func (h *Held) Left() Value {
	left := h.Of.Value
	amount, energy, sessions := h.left()
	left.Amount, left.Energy, left.Sessions = amount, energy, max(0, sessions)
	if sessions == 0 {
		left.Amount, left.Energy, left.Percent = 0, 0, decimal.Decimal{}
	}
	return left
}

// The form of a code that nobody chose: sixteen characters of an alphabet without
// I, L, O and U, in groups of four. Whoever tries a million a second for a thousand
// years finds one of a million vouchers with a chance of three in a hundred.
const (
	codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	codeLength   = 16
	codeGroup    = 4
)

// NewCode returns a fresh code.
func NewCode() string {
	var raw [codeLength]byte
	_, _ = rand.Read(raw[:]) // never fails: the runtime ends the process instead
	var b strings.Builder
	for i, r := range raw {
		if i > 0 && i%codeGroup == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(codeAlphabet[r&31])
	}
	return b.String()
}

// normal returns a code as it is compared: without what people put between its
// groups, in capitals, and with the digits that letters are taken for.
func normal(code string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(code))
}

// HashOf is what is kept of a code, and found by: what is compared is a digest, so
// that the time which that takes says nothing of the code. Organisations have
// codes of their own.
func HashOf(org ident.OrganisationID, code string) [32]byte {
	return sha256.Sum256([]byte(string(org) + " " + normal(code)))
}

// CheckCode refuses a code that somebody chose, and nobody could type or everybody
// guess.
func CheckCode(pointer, code string) error {
	for i := range len(code) {
		if c := code[i]; c < '0' || c > '9' && c < 'A' || c > 'Z' && c < 'a' || c > 'z' {
			if c != '-' {
				return fault.InvalidField(pointer, "pattern", "has letters and digits of ASCII, and hyphens")
			}
		}
	}
	if n := len(normal(code)); n < codeLeast || n > codeMost {
		return fault.InvalidField(pointer, "length", "must have 6 to 32 letters and digits")
	}
	return nil
}

// Coded returns the voucher with a code.
func (v Voucher) Coded(code string) Voucher {
	v.Hash = HashOf(v.Organisation, code)
	if plain := normal(code); len(plain) >= codeLength {
		v.Hint = plain[len(plain)-hintLength:]
	}
	return v
}

// VoucherFilter chooses vouchers of an organisation; a zero field does not choose.
type VoucherFilter struct {
	Batch string
}
