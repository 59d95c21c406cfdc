package host

import (
	"cmp"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// Supply says what the energy of a site costs during a time. A site has one at
// most at any moment.
type Supply struct {
	ID           ident.SupplyID
	Organisation ident.OrganisationID
	Site         ident.SiteID
	Number       int64 // of the site's supplies, from 1: as in [Agreement]
	Term
	Price     EnergyPrice
	CreatedAt time.Time
	Version   int64
}

// EnergyPrice is what a kilowatt-hour costs where it is bought.
type EnergyPrice struct {
	Currency      money.Currency  `json:"currency"` // of the bills that it counts for: in another nothing is known of the cost, and nothing is converted
	PerKWh        decimal.Decimal `json:"per_kwh"`  // where there is a series, of the times of which it says nothing
	Series        string          `json:"series,omitzero"`
	MarkupPercent decimal.Decimal `json:"markup_percent,omitzero"` // of the series' price; may be negative
	Markup        decimal.Decimal `json:"markup,omitzero"`         // per kWh, on the series' price; may be negative
	Losses        decimal.Decimal `json:"losses,omitzero"`         // per cent of what stations give, which is bought beside it
}

const seriesMax = 64 // as a series may be called

// Check returns the first thing that is wrong with a supply, as [fault.Invalid].
func (s *Supply) Check() error {
	p := &s.Price
	_, currency := money.ParseCurrency(string(p.Currency))
	err := cmp.Or(
		s.Term.check(),
		fault.Below("/currency", currency),
		within("/per_kwh", p.PerKWh, 0, priceMax),
		billing.Text("/series", p.Series, seriesMax),
		within("/markup_percent", p.MarkupPercent, -percentMax, percentMax),
		within("/markup", p.Markup, -priceMax, priceMax),
		within("/losses_percent", p.Losses, 0, percentMax),
	)
	if err == nil && p.Series == "" && (p.Markup.Sign() != 0 || p.MarkupPercent.Sign() != 0) {
		return fault.InvalidField("/markup", "without_series", "is on the price of a series")
	}
	return err
}

// Rater answers what a question comes to.
type Rater func(*rating.Question) (*rating.Answer, error)

// Cost returns what the energy of a session costs, in millionths of the currency,
// losses included. points are those of the series during the session, until their
// end; none when it says nothing. They are rated as a driver's spot price is, over
// the same readings, so no rule stands here twice; what no rater takes costs what it
// costs where the series says nothing.
func (p *EnergyPrice) Cost(s *rating.Session, energy unit.MilliWattHour, rate Rater, points []rating.Point, until time.Time) (int64, error) {
	cost := kilowattHours(energy).Mul(exact.Of(p.PerKWh))
	if len(points) > 0 {
		a, err := rate(p.question(s, points, until))
		if err != nil && !fault.Is(err, fault.Invalid) {
			return 0, err
		}
		if err == nil && a.Due.Excl != nil {
			cost = *a.Due.Excl
		}
	}
	whole := exact.Int(percentMax)
	cost = cost.Mul(whole.Add(exact.Of(p.Losses))).Quo(whole)
	d, err := money.Digits(cost, micro)
	if err != nil {
		return 0, err
	}
	n, _, err := d.Scaled(micro)
	return n, err
}

// micro is how many digits a cost of energy keeps.
const micro = 6

func millionths(n int64) exact.Number { return exact.Fraction(n, 1_000_000) }

// question asks for the energy of a session at the series' price.
func (p *EnergyPrice) question(s *rating.Session, points []rating.Point, until time.Time) *rating.Question {
	return &rating.Question{
		Tariff: rating.Tariff{Currency: p.Currency, TaxIncluded: rating.TaxNone}, Zone: "UTC", Session: *s,
		Adjustments: []rating.Adjustment{{ID: "supply", Spot: &rating.Spot{
			Points: points, Until: until, MarkupPercent: p.MarkupPercent, Markup: p.Markup, Fallback: p.PerKWh,
		}}},
	}
}
