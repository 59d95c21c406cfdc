package rerating

import (
	"context"
	"fmt"
	"time"

	"pylon/internal/domain/rerating"
	"pylon/internal/domain/session"
	"pylon/internal/domain/tariff"
	settling "pylon/internal/flow/billing"
	"pylon/internal/kernel/ident"
)

// edition names what prices sessions of a zone alike.
type edition struct {
	tariff ident.TariffID
	number int
	zone   string
}

// chunk is some sessions of a re-rating, and what they are priced by.
type chunk struct {
	*desk
	*settling.Settler
	of     *rerating.Rerating
	prices memo[edition, *settling.Price]
	priced memo[string, ident.TariffID] // which tariff a snapshot is of, by its hash
}

// price returns what prices a session, or why nothing does.
func (c *chunk) price(ctx context.Context, view *session.View) (p *settling.Price, reason string, err error) {
	by := &c.of.Pricing
	switch {
	case by.Assigned:
		if p, err = c.Chosen(ctx, view, time.Time{}); p == nil {
			reason = rerating.NoTariff
		}
		return p, reason, err
	case by.Terms != nil:
		p, err = c.terms(ctx, view, edition{}, by.Terms)
		return p, "", err
	}
	t, err := c.Tariff(ctx, view.Organisation, by.Tariff)
	if err != nil {
		return nil, "", err
	}
	number := by.Edition
	if number == 0 {
		valid, ok := t.At(view.StartedAt)
		if !ok {
			return nil, rerating.NotValid, nil
		}
		number = valid.Number
	}
	p, err = c.edition(ctx, view, &t, number)
	return p, "", err
}

// tariffOf returns the tariff that a snapshot is of.
func (c *chunk) tariffOf(ctx context.Context, hash string) (ident.TariffID, error) {
	return c.priced.of(hash, func() (ident.TariffID, error) {
		text, err := c.Snapshot(ctx, hash)
		if err != nil {
			return "", err
		}
		s, err := tariff.ParseSnapshot(text, hash)
		return s.Tariff, err
	})
}

// found returns the price that a simulation has found for a session: an edition,
// which never changes.
func (c *chunk) found(ctx context.Context, view *session.View, d *rerating.Difference) (*settling.Price, error) {
	t, err := c.Tariff(ctx, view.Organisation, d.Tariff)
	if err != nil {
		return nil, err
	}
	return c.edition(ctx, view, &t, d.Edition)
}

func (c *chunk) edition(ctx context.Context, view *session.View, t *tariff.Tariff, number int) (*settling.Price, error) {
	for i := range t.Editions {
		if e := &t.Editions[i]; e.Number == number {
			return c.terms(ctx, view, edition{t.ID, number, ""}, &e.Terms)
		}
	}
	return nil, fmt.Errorf("tariff %s: edition %d is not there", t.ID, number)
}

// terms returns terms as the price of a session, as if it began under them.
func (c *chunk) terms(ctx context.Context, view *session.View, of edition, terms *tariff.Terms) (*settling.Price, error) {
	profile, err := c.desk.Profile(ctx, view.Organisation)
	if err != nil {
		return nil, err
	}
	of.zone = view.TimeZone
	return c.prices.of(of, func() (*settling.Price, error) {
		s := tariff.Snapshot{Tariff: of.tariff, Edition: of.number, Zone: of.zone, Terms: *terms}
		return settling.PriceOf(s.WithGrace(profile.Forgives()))
	})
}
