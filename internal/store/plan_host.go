package store

import (
	"strconv"
	"strings"

	"pylon/internal/domain/change"
	"pylon/internal/domain/host"
)

// What bills earn is summed up as balances are: the row is there, or is made, and
// moves by what all jobs of a batch make of it. No one decides by such a sum before it
// is closed, so it needs no version on its way; whoever closes a tally names the
// version that he has read, and what comes later misses the open row.

// hostStatements are the ways to write hosts and what sites earn.
type hostStatements struct {
	hosts         versioned[host.Host]
	agreements    versioned[host.Agreement]
	supplies      versioned[host.Supply]
	tallies       versioned[host.Tally] // that are closed
	settlements   versioned[settlementRow]
	insertEarning *statement
	insertCDR     *statement

	ensureSiteDay, moveSiteDay *statement
	ensureTally, moveTally     *statement
}

// siteDaySums are the columns of a site's day that earnings move.
func siteDaySums() []string {
	return []string{"sessions", "energy_mwh", "energy", "charging", "parking", "fixed", "reservation", "cost_micro", "share"}
}

// tallySums are those of a tally.
func tallySums() []string { return []string{"sessions", "energy_mwh", "income", "share"} }

func (c *catalogue) addHosts() {
	c.hosts = versions(c, hosts)
	c.agreements = versions(c, agreements)
	c.supplies = versions(c, supplies)
	c.insertCDR = c.bulk(cdrs.insert())
	c.insertEarning = c.bulk(earnings.insert())
	c.ensureSiteDay = c.bulk(`INSERT INTO site_days (id, org, site, day, currency,
		sessions, energy_mwh, energy, charging, parking, fixed, reservation, cost_micro, share, fees)
		VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (id) DO NOTHING`)
	c.ensureSiteDay.key = 1
	c.moveSiteDay = c.moves("UPDATE site_days SET ", siteDaySums(), " WHERE id = ?")
	c.ensureTally = c.bulk(`INSERT INTO host_tallies (id, org, host, agreement, site, currency, month,
		sessions, energy_mwh, income, share, settlement, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, '', 0) ON CONFLICT (id) DO NOTHING`)
	c.ensureTally.key = 1
	c.moveTally = c.moves("UPDATE host_tallies SET version = version + 1, ", tallySums(), " WHERE id = ? AND settlement = ''")
	c.tallies = versions(c, tallies)
	c.settlements = versions(c, settlements)
}

// moves adds a statement that moves columns of a row, which its last argument
// finds, by the arguments before.
func (c *catalogue) moves(update string, sums []string, where string) *statement {
	by := make([]string, len(sums))
	for i, name := range sums {
		by[i] = name + " = " + name + " + ?"
	}
	s := c.bulk(numbered(update + strings.Join(by, ", ") + where))
	s.key = len(sums) + 1
	for i := range sums {
		s.sums = append(s.sums, i+1)
	}
	return s
}

// earnings adds hosts, what bills have earned, and settlements. Their journals are
// among the set's.
func (p *planner) earnings() error {
	s := p.set
	if err := writeAll(p, &p.hosts, s.Hosts); err != nil {
		return err
	}
	if err := writeAll(p, &p.catalogue.agreements, s.Agreements); err != nil {
		return err
	}
	if err := writeAll(p, &p.catalogue.supplies, s.Supplies); err != nil {
		return err
	}
	for i := range s.CDRs {
		if err := put(p.job, p.insertCDR, cdrs, &cdrRow{s.CDRs[i], p.packer}); err != nil {
			return err
		}
	}
	for i := range s.Earnings {
		if err := p.earn(&s.Earnings[i]); err != nil {
			return err
		}
	}
	if err := writeAll(p, &p.catalogue.tallies, s.Tallies); err != nil {
		return err
	}
	for i := range s.Settlements {
		if err := write(p, &p.catalogue.settlements, &settlementRow{s.Settlements[i], p.packer}); err != nil {
			return err
		}
	}
	return nil
}

// earn adds an earning and what it makes of the sums.
func (p *planner) earn(e *host.Earning) error {
	p.changes("earning " + string(e.Bill) + " " + strconv.FormatBool(e.Back))
	if err := put(p.job, p.insertEarning, earnings, e); err != nil {
		return err
	}
	in, energy, sessions := &e.Income, int64(e.Energy), e.Sessions()
	day := strings.Join([]string{string(e.Site), e.Day, string(e.Currency)}, " ")
	if e.Site == "" { // those that stood nowhere are each organisation's own
		day = string(e.Organisation) + day
	}
	p.do(p.ensureSiteDay, day, string(e.Organisation), string(e.Site), e.Day, string(e.Currency))
	p.must(change.ErrStale, p.moveSiteDay, sessions, energy, in.Energy, in.Time, in.Parking, in.Fixed, in.Reservation, e.Cost, e.Share, day)
	if e.Agreement == "" {
		return nil
	}
	t := host.Tally{Agreement: e.Agreement, Currency: e.Currency, Month: e.Month}
	id := tallyID(&t)
	p.do(p.ensureTally, id, string(e.Organisation), string(e.Host), string(e.Agreement), string(e.Site), string(e.Currency), string(e.Month))
	p.must(change.ErrStale, p.moveTally, sessions, energy, in.Net(), e.Share, id)
	return nil
}
