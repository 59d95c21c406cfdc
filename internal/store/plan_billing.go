package store

import "pylon/internal/domain/billing"

// billingStatements are the ways to write bills.
type billingStatements struct {
	tabs                     versioned[billing.Tab]
	profiles                 versioned[billing.Profile]
	keepSnapshot, insertBill *statement
}

func (c *catalogue) addBilling() {
	c.profiles = versions(c, profiles)
	c.tabs = versions(c, tabs)
	c.keepSnapshot = c.bulk(snapshots.insert() + " ON CONFLICT (hash) DO NOTHING")
	c.keepSnapshot.key = 1
	c.insertBill = c.bulk(bills.insert())
}

// bills adds tabs, what prices them, and documents. Their journals are among
// the set's.
func (p *planner) bills() error {
	s := p.set
	if err := writeAll(p, &p.profiles, s.Profiles); err != nil {
		return err
	}
	if err := writeAll(p, &p.tabs, s.Tabs); err != nil {
		return err
	}
	if err := putAll(p.job, p.keepSnapshot, snapshots, s.Snapshots); err != nil {
		return err
	}
	for i := range s.Bills {
		if err := put(p.job, p.insertBill, bills, &billRow{s.Bills[i], p.packer}); err != nil {
			return err
		}
	}
	return nil
}
