package store

import (
	"pylon/internal/domain/change"
	"pylon/internal/domain/customer"
)

// customerStatements are the ways to write who pays, and what he is asked for.
type customerStatements struct {
	payers     versioned[customer.Customer]
	statements versioned[customer.Statement]
	takeBill   *statement
}

func (c *catalogue) addCustomers() {
	c.payers = versions(c, customers)
	c.statements = versions(c, statements)
	c.takeBill = c.bulk("UPDATE bills SET statement = $1 WHERE id = $2 AND statement = ''")
	c.takeBill.key = 2
}

// customers adds customers, their statements, and the bills that those take.
func (p *planner) customers() error {
	s := p.set
	if err := writeAll(p, &p.payers, s.Customers); err != nil {
		return err
	}
	if err := writeAll(p, &p.statements, s.Statements); err != nil {
		return err
	}
	for _, t := range s.Taken {
		p.changes(string(t.Bill))
		p.must(change.ErrStale, p.takeBill, string(t.Statement), string(t.Bill))
	}
	return nil
}
