package horizon

import (
	"math"
	"slices"
)

// open makes a market for what is known.
func (m *market) open(w *Wiring, g *grid, p *Problem) {
	m.blocks = g.blocks()
	m.step = g.hours[0] / float64(g.starts[1])
	m.choose(w, g, p)
	m.invite(w, g, p)
	rows, cars := len(m.rows)*m.blocks, len(p.Cars)*m.blocks
	for _, s := range []*[]float64{&m.price, &m.turned, &m.flow, &m.flowTurned, &m.meanPrice, &m.meanTurned, &m.sumPrice, &m.sumTurned} {
		*s = sized(*s, rows)
	}
	for _, s := range []*[]float64{&m.taken, &m.meanTaken, &m.sumTaken} {
		*s = sized(*s, cars)
	}
	m.wish = sized(m.wish, m.blocks)
	m.bill.open(g, p.Money)
	n := len(g.price)
	for _, s := range []*[]float64{&m.energyPrice, &m.meanEnergyPrice, &m.sumEnergyPrice} {
		*s = sized(*s, n)
	}
	m.tune()
	m.total, m.rounds, m.gap = 0, 0, math.Inf(1)
	m.last = m.gap
}

// choose takes the rows that the cars could fill in some block.
func (m *market) choose(w *Wiring, g *grid, p *Problem) {
	load := make([]float64, len(w.set.Rows))
	for i := range p.Cars {
		c := &p.Cars[i]
		for _, t := range w.of(c.Outlet) {
			load[t.row] += c.Max * math.Hypot(t.re, t.im)
		}
	}
	m.rows, m.cap, m.plain = m.rows[:0], m.cap[:0], true
	for r := range w.set.Rows {
		limits := g.limits[r*m.blocks : (r+1)*m.blocks]
		if load[r] <= slices.Min(limits) {
			continue
		}
		m.rows = append(m.rows, r)
		m.plain = m.plain && w.set.Rows[r].Plain()
		for b, most := range limits {
			m.cap = append(m.cap, most*g.hours[b])
		}
	}
}

// A kWh is worth more the sooner it comes: what is put off competes with whoever plugs in
// later, of whom nothing is known yet. At once it is worth this part more; that falls to
// its e-th part in so many hours. With money, where waiting is what saves, it is a part of the price
// and decides only between hours that cost alike.
const (
	early        = 0.4
	earlyOfPrice = 0.02
	fades        = 2.0 // h
)

// invite makes the buyers.
func (m *market) invite(w *Wiring, g *grid, p *Problem) {
	at := make([]int, len(w.set.Rows))
	for r := range at {
		at[r] = -1
	}
	for r, row := range m.rows {
		at[row] = r
	}
	n := len(p.Cars) * m.blocks
	m.worth, m.most = sized(m.worth, n), sized(m.most, n)
	m.cars, m.terms = m.cars[:0], m.terms[:0]
	values := worths(p)
	for i := range p.Cars {
		c := &p.Cars[i]
		v := buyer{first: len(m.terms), energy: max(c.Energy, 0)}
		for _, t := range w.of(c.Outlet) {
			if r := at[t.row]; r >= 0 && (t.re != 0 || t.im != 0) {
				m.terms = append(m.terms, term{row: r, re: t.re / c.KW, im: t.im / c.KW})
			}
		}
		v.last = len(m.terms)
		for b := range m.blocks {
			from, to := g.starts[b], g.starts[b+1]
			if c.Until <= from {
				break
			}
			v.blocks = b + 1
			there := max(min(c.Until, to)-max(c.From, from), 0)
			m.most[i*m.blocks+b] = max(c.Max, 0) * c.KW * g.hours[b] * float64(there) / float64(to-from)
			m.worth[i*m.blocks+b] = values[i] + m.sooner(p, values[i], from)
			if len(g.price) > 0 {
				m.worth[i*m.blocks+b] -= min(g.price[b], 0)
			}
		}
		if p.Urgency != nil && v.blocks > 0 {
			m.worth[i*m.blocks] += values[i] * p.Urgency[i]
		}
		m.cars = append(m.cars, v)
	}
}

// sooner returns how much more a kWh of some value is worth for coming at a step.
func (m *market) sooner(p *Problem, value float64, step int) float64 {
	most := early * value
	if p.Money != nil {
		most = earlyOfPrice * max(mean(p.Money.Price, 0, 1), 0)
	}
	return most * math.Exp(-float64(step)*m.step/fades)
}

// apart is by how much the least kWh of a tier is worth more than the most valuable of
// the next.
const apart = 4

// widest is how many times as much as another's a kWh of the same tier can count: beyond
// that the lighter one only gets what is left anyway.
const widest = 1000

// worths returns what a kWh of each car is worth: 1 for the most valuable of the first
// tier, or with money what not delivering it costs.
func worths(p *Problem) []float64 {
	values := make([]float64, len(p.Cars))
	var tiers []int
	for i := range p.Cars {
		tiers = append(tiers, p.Cars[i].Tier)
	}
	slices.Sort(tiers)
	scale := 1.0
	if p.Money != nil {
		scale = p.Money.missing()
	}
	for _, tier := range slices.Compact(tiers) {
		most := 0.0
		for i := range p.Cars {
			if p.Cars[i].Tier == tier {
				most = max(most, p.Cars[i].Weight)
			}
		}
		least := 1.0
		for i := range p.Cars {
			if p.Cars[i].Tier == tier && most > 0 {
				part := max(p.Cars[i].Weight/most, 1.0/widest)
				values[i], least = scale*part, min(least, part)
			}
		}
		scale *= least / apart
	}
	return values
}

// balance weighs steps of prices against steps of quantities, in units of what a kWh is
// worth. Between a quarter and one it makes little difference.
const balance = 0.5

// tune sets the paces so that the rounds converge (Pock and Chambolle, 2011): a
// quantity's times the sum of its factors is 1, and so is a price's.
func (m *market) tune() {
	m.pace = sized(m.pace, len(m.price))
	worth, n := 0.0, 0
	for i := range m.cars {
		v := &m.cars[i]
		sum := 0.0
		for _, t := range m.terms[v.first:v.last] {
			a := magnitude(t.re, t.im)
			sum += a
			for b := range v.blocks {
				m.pace[t.row*m.blocks+b] += a
			}
		}
		if len(m.energyPrice) > 0 {
			sum++
			for b := range v.blocks {
				m.bill.pace[b]++
			}
		}
		if sum > 0 {
			v.pace = 1 / sum
		}
		for b := range v.blocks {
			worth += m.worth[i*m.blocks+b]
			n++
		}
	}
	for i, sum := range m.pace {
		if sum > 0 {
			m.pace[i] = 1 / sum
		}
	}
	for b, sum := range m.bill.pace {
		if sum > 0 {
			m.bill.pace[b] = 1 / sum
		}
	}
	m.weight = 1
	if worth > 0 {
		m.weight = balance * worth / float64(n)
	}
}
