package store

import (
	"strings"

	"pylon/internal/domain/rerating"
)

// reratingStatements are the ways to write re-ratings and what they find.
type reratingStatements struct {
	reratings        versioned[rerating.Rerating]
	insertDifference *statement
	addToCustomer    *statement
	forget           *statement
}

func (c *catalogue) addReratings() {
	c.reratings = versions(c, reratings)
	c.insertDifference = c.bulk(differences.insert())
	t := reratingCustomers
	names := t.names()
	c.addToCustomer = c.bulk(t.insert() + " ON CONFLICT (" + strings.Join(names[:t.key], ", ") + ") DO UPDATE SET " +
		assign(names[t.fixed:], func(name string) string { return t.name + "." + name + " + excluded." + name }))
	c.forget = c.add("DELETE FROM rerating_differences WHERE rerating = $1 AND session <= $2")
}

// rerated adds re-ratings and what they find. The row comes first: when it has
// moved, nothing is counted twice.
func (p *planner) rerated() error {
	s := p.set
	if err := writeAll(p, &p.reratings, s.Reratings); err != nil {
		return err
	}
	if err := putAll(p.job, p.insertDifference, differences, s.Differences); err != nil {
		return err
	}
	if err := putAll(p.job, p.addToCustomer, reratingCustomers, s.CustomerSums); err != nil {
		return err
	}
	for _, f := range s.Forgotten {
		p.do(p.forget, string(f.Rerating), string(f.Until))
	}
	return nil
}
