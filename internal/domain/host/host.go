// Package host decides what becomes of a site's income: what its host gets of it,
// what its energy has cost, what is left, and what a host is paid for a month.
//
// What a bill has earned is an [Earning]. It is made with the bill and taken back
// with it, by its mirror; all sums are sums of earnings, so they are right after
// any correction. Amounts are exact until they are kept, and are rounded then, once: a
// share to the minor unit, half away from zero, and a cost of energy to a millionth
// of its currency, since a session's may be a few cents and is not paid by itself.
package host

import (
	"cmp"
	"strconv"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
)

// Host is who owns a site, or lets it, and gets a share of what is earned there.
// What is known of him stands in his row and on the settlements that he was
// given; everything else names him by his identifier.
type Host struct {
	ID           ident.HostID
	Organisation ident.OrganisationID
	Reference    string        // the operator's own number for him; "": none
	Party        billing.Party // as his settlements name him, and where he is paid
	Language     string        // of them
	Currency     money.Currency
	Tax          Treatment
	Rate         decimal.Decimal // per cent, of a host who is Taxed; else 0
	CreatedAt    time.Time
	Version      int64
}

// Treatment is how what a host gets is taxed: he supplies his place, and the
// settlement is the invoice that we write for him.
type Treatment string

// The treatments.
const (
	Taxed   Treatment = "taxed"          // he asks for tax beside his share
	Exempt  Treatment = "exempt"         // he is a person, or too small for tax
	Reverse Treatment = "reverse_charge" // he is abroad: we owe the tax
)

// Limits of what an operator says of a host.
const (
	referenceMax = 64
	percentMax   = 100
	priceMax     = 1_000_000 // of a kilowatt-hour, in any currency
	digitsMax    = 9         // after the point of a price or a percentage
	digitsUnit   = 1_000_000_000
)

// Check returns the first thing that is wrong with a host, as [fault.Invalid].
func (h *Host) Check() error {
	return cmp.Or(
		billing.Text("/reference", h.Reference, referenceMax),
		h.named(),
		fault.Below("/party", h.Party.Check()),
		billing.Spoken("/language", h.Language),
		h.pays(),
		h.taxed(),
	)
}

func (h *Host) named() error {
	if h.Party.Name == "" {
		return fault.InvalidField("/party/name", "required", "is on every settlement")
	}
	return nil
}

func (h *Host) pays() error {
	_, err := money.ParseCurrency(string(h.Currency))
	return fault.Below("/currency", err)
}

func (h *Host) taxed() error {
	switch h.Tax {
	case Taxed:
		if h.Party.Country == "" {
			return fault.InvalidField("/party/country", "required", "is whose tax it is")
		}
		return within("/tax_percent", h.Rate, 0, percentMax)
	case Exempt, Reverse:
		if h.Rate.Sign() != 0 {
			return fault.InvalidField("/tax_percent", "not_taxed", "is 0 where the host asks for no tax")
		}
		return nil
	}
	return fault.InvalidField("/tax", "enumeration", "must be one of taxed, exempt, reverse_charge")
}

// within refuses a number outside its bounds, or with more digits than anybody
// agrees on.
func within(pointer string, d decimal.Decimal, least, most int64) error {
	n, exact, err := d.Scaled(digitsMax)
	if err != nil || !exact {
		return fault.InvalidField(pointer, "digits", "has at most 9 digits after the point")
	}
	if n < least*digitsUnit || n > most*digitsUnit {
		return fault.InvalidField(pointer, "out_of_range", "must be "+strconv.FormatInt(least, 10)+" to "+strconv.FormatInt(most, 10))
	}
	return nil
}

// Notice is the data of a host event. It names nobody.
type Notice struct {
	ID ident.HostID `json:"id"`
}

// Filter chooses agreements, supplies and settlements of an organisation; a zero
// field does not choose.
type Filter struct {
	Host ident.HostID
	Site ident.SiteID
}
