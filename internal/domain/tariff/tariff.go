// Package tariff holds what organisations ask for charging: tariffs in
// editions, rules that say which tariff is for whom and where, and what is
// worth knowing of a tariff before it is published.
//
// What a session costs by a tariff is none of this package's business: see
// package rating.
package tariff

import (
	"errors"
	"slices"
	"strings"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// Tariff is a price under one name through the years. Its prices are in its
// editions. What is published is never edited: sessions are priced by it, and
// drivers were told.
type Tariff struct {
	ID           ident.TariffID
	Organisation ident.OrganisationID
	Name         string
	Type         trade.TariffType
	Draft        *Draft    // of the next edition; nil: there is none
	Editions     []Edition // published, by number; a list of tariffs leaves them out
	Published    int       // the number of the last one; 0: there is none
	EndsAt       time.Time // from then on no edition is valid; zero: never
	CreatedAt    time.Time
	Version      int64 // of the row
}

// Draft is an edition before it is published.
type Draft struct {
	From  time.Time `json:"from,omitzero"`  // zero: from its publication
	Until time.Time `json:"until,omitzero"` // exclusive; zero: until a later edition is valid
	Terms Terms     `json:"terms"`
}

// Edition is what a tariff asks for during a time.
type Edition struct {
	Tariff       ident.TariffID
	Organisation ident.OrganisationID
	Number       int       // 1, 2, 3 …
	From         time.Time // valid from then
	Until        time.Time // exclusive; zero: until a later edition is valid
	PublishedAt  time.Time
	Terms        Terms
}

// Terms are what an edition asks for and tells.
type Terms struct {
	Priced     rating.Tariff    `json:"priced"`
	DefaultVAT *decimal.Decimal `json:"default_vat,omitzero"` // tax profile: per cent, of what names no rate; nil: not known
	Extras     []Extra          `json:"extras,omitzero"`      // made one after the other
	Texts      []trade.Text     `json:"texts,omitzero"`       // that explain the tariff, one a language
	URL        string           `json:"url,omitzero"`         // of a page that does
	Mix        *trade.EnergyMix `json:"energy_mix,omitzero"`
	Hold       *decimal.Decimal `json:"hold,omitzero"`      // what a terminal reserves on a card
	Certified  bool             `json:"certified,omitzero"` // energy is billed that the meter has signed, and no other
}

// Extra is an adjustment that belongs to the tariff: an idle fee, a spot price,
// a cap. What belongs to a customer (vouchers, allowances) is not here.
type Extra struct {
	rating.Adjustment
	Series string `json:"series,omitzero"` // names the prices or the site's signal whose points a Spot or Solar has; others have none
}

// At returns the edition that is valid at a moment: of those that are, the one
// that became valid last, and among equals the newest.
func (t *Tariff) At(at time.Time) (Edition, bool) {
	if !t.EndsAt.IsZero() && !at.Before(t.EndsAt) {
		return Edition{}, false
	}
	var best Edition
	for _, e := range t.Editions {
		if e.valid(at) && !e.From.Before(best.From) {
			best = e
		}
	}
	return best, best.Number > 0
}

func (e *Edition) valid(at time.Time) bool {
	return !at.Before(e.From) && (e.Until.IsZero() || at.Before(e.Until))
}

// WithDraft returns the tariff with a draft in place of the one that it has, if
// it has one; nil is none.
func (t Tariff) WithDraft(d *Draft) (Tariff, error) {
	if d != nil {
		if err := errors.Join(d.Terms.Check(), d.order(d.From)); err != nil {
			return Tariff{}, err
		}
	}
	t.Draft = d
	return t, nil
}

// order refuses a draft that ends before it begins.
func (d *Draft) order(from time.Time) error {
	if !d.Until.IsZero() && !d.Until.After(from) {
		return fault.InvalidField("/end_date_time", "order", "must be after the start")
	}
	return nil
}

// editionsMax bounds the editions of a tariff: one a day for a year, and who
// changes prices more often wants a series of prices.
const editionsMax = 366

// Publish returns the tariff without its draft, and the edition that became of
// it. Nothing is valid before now: drivers were told other prices then.
func (t Tariff) Publish(now time.Time) (Tariff, Edition, error) {
	if t.Draft == nil {
		return Tariff{}, Edition{}, fault.New(fault.Conflict, "tariff_without_draft")
	}
	if t.Published >= editionsMax {
		return Tariff{}, Edition{}, fault.New(fault.Exhausted, "tariff_editions_exhausted", "max", "366")
	}
	from := t.Draft.From
	switch {
	case from.IsZero():
		from = now
	case from.Before(now):
		return Tariff{}, Edition{}, fault.InvalidField("/start_date_time", "past", "must not be before the publication")
	}
	if err := t.Draft.order(from); err != nil {
		return Tariff{}, Edition{}, err
	}
	t.Published++
	e := Edition{
		Tariff: t.ID, Organisation: t.Organisation, Number: t.Published,
		From: from, Until: t.Draft.Until, PublishedAt: now, Terms: t.Draft.Terms,
	}
	t.Draft, t.Editions = nil, append(slices.Clip(t.Editions), e)
	return t, e, nil
}

// End returns the tariff with its end at a moment, which has not passed.
func (t Tariff) End(at, now time.Time) (Tariff, error) {
	if at.Before(now) {
		return Tariff{}, fault.InvalidField("/ends_at", "past", "must not be in the past")
	}
	t.EndsAt = at
	return t, nil
}

// nameMax is the longest name that a list still shows.
const nameMax = 100

// Check returns what is wrong with what names the tariff, as [fault.Invalid].
// Editions are checked when they are drafted.
func (t *Tariff) Check() error {
	c := checker{}
	c.rule(strings.TrimSpace(t.Name) != "", "/name", "required", "must not be empty")
	c.rule(len(t.Name) <= nameMax, "/name", "too_long", "has at most 100 bytes")
	switch t.Type {
	case trade.TariffAny, trade.TariffRegular, trade.TariffAdHoc, trade.TariffCheap, trade.TariffFast, trade.TariffGreen:
	default:
		c.add("/type", "unknown_value", "must be REGULAR, AD_HOC_PAYMENT, PROFILE_CHEAP, PROFILE_FAST or PROFILE_GREEN")
	}
	return c.err()
}
