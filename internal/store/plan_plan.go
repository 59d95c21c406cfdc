package store

import (
	"errors"

	"pylon/internal/domain/plan"
)

// offerStatements are the ways to write what belongs to customers.
type offerStatements struct {
	offers        versioned[plan.Plan]
	subscriptions versioned[plan.Subscription]
	usages        versioned[plan.Usage]
	vouchers      versioned[plan.Voucher]
	redemptions   versioned[plan.Redemption]
	putUse        *statement
}

func (c *catalogue) addOffers() {
	c.offers = versions(c, offers)
	c.subscriptions = versions(c, subscriptions)
	c.usages = versions(c, usages)
	c.vouchers = versions(c, vouchers)
	c.redemptions = versions(c, redemptions)
	c.putUse = c.bulk(uses.upsert())
}

// offered adds plans, vouchers, and what is used of them.
func (p *planner) offered() error {
	s := p.set
	return errors.Join(
		writeAll(p, &p.offers, s.Plans),
		writeAll(p, &p.subscriptions, s.Subscriptions),
		writeAll(p, &p.usages, s.Usages),
		writeAll(p, &p.vouchers, s.Vouchers),
		writeAll(p, &p.redemptions, s.Redemptions),
		putAll(p.job, p.putUse, uses, s.Uses),
	)
}
