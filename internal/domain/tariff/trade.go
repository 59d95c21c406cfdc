package tariff

import (
	"slices"

	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// TermsOf returns what a tariff in the form of the trade asks for and tells.
func TermsOf(t *trade.Tariff) Terms {
	return Terms{Priced: t.Prices, Texts: t.AltText, URL: t.AltURL, Mix: t.EnergyMix, Hold: t.Preauthorize}
}

// Trade returns an edition as partners get it. The trade has no words for
// extras, nor for a rate of tax of the whole tariff: that is told at every price.
func (t *Tariff) Trade(e *Edition, party trade.Party) trade.Tariff {
	out := trade.Tariff{
		Party: party, ID: string(t.ID), Type: t.Type, AltText: e.Terms.Texts, AltURL: e.Terms.URL, Prices: e.Terms.Priced,
		Preauthorize: e.Terms.Hold, From: e.From, Until: e.Until, EnergyMix: e.Terms.Mix, UpdatedAt: e.PublishedAt,
	}
	if !t.EndsAt.IsZero() && (out.Until.IsZero() || t.EndsAt.Before(out.Until)) {
		out.Until = t.EndsAt
	}
	out.Prices.Elements = slices.Clone(out.Prices.Elements)
	for i := range out.Prices.Elements {
		element := &out.Prices.Elements[i]
		element.Components = slices.Clone(element.Components)
		for j := range element.Components {
			if c := &element.Components[j]; c.VAT == nil && out.Prices.TaxIncluded != rating.TaxNone {
				c.VAT = e.Terms.DefaultVAT
			}
		}
	}
	return out
}
