package horizon

import (
	"cmp"
	"slices"
)

// draft makes plans that keep every row out of what cars took at some prices.
type draft struct {
	grid   *grid
	market *market
	cars   []Car
	loads  []*Load   // by block
	limits []float64 // scratch, by row
	order  []int     // of cars: who is worth most, then who can wait least, first
	amps   []float64 // by car, then by block
	left   []float64 // kWh a car still wants, by car
	draw   []float64 // kWh, by block
	blocks []int     // by what a kWh costs
}

// begin prepares for a problem.
func (d *draft) begin(w *Wiring, g *grid, p *Problem, m *market) {
	d.grid, d.market, d.cars = g, m, p.Cars
	for len(d.loads) < m.blocks {
		d.loads = append(d.loads, w.NewLoad())
	}
	d.order = d.order[:0]
	for i := range p.Cars {
		d.order = append(d.order, i)
	}
	slices.SortStableFunc(d.order, func(a, b int) int {
		wa, wb := m.worth[a*m.blocks], m.worth[b*m.blocks]
		return cmp.Or(cmp.Compare(wb, wa), cmp.Compare(d.wait(a), d.wait(b)), cmp.Compare(p.Cars[a].Outlet, p.Cars[b].Outlet))
	})
	d.blocks = d.blocks[:0]
	for b := range m.blocks {
		d.blocks = append(d.blocks, b)
	}
	if len(g.price) > 0 {
		slices.SortStableFunc(d.blocks, func(a, b int) int { return cmp.Compare(g.price[a], g.price[b]) })
	}
}

// wait is how many hours a car could wait.
func (d *draft) wait(i int) float64 {
	c := &d.cars[i]
	if c.Max <= 0 || c.KW <= 0 {
		return 0
	}
	return float64(c.Until)*d.grid.hours[0] - c.Energy/(c.Max*c.KW)
}

// plan makes a plan out of quantities and returns its value and its bill.
func (d *draft) plan(taken []float64) (value, bill float64) {
	m := d.market
	n := m.blocks
	d.draw = sized(d.draw, len(m.energyPrice))
	d.amps, d.left = sized(d.amps, len(d.cars)*n), sized(d.left, len(d.cars))
	for i := range d.cars {
		d.left[i] = m.cars[i].energy
	}
	for b := range n {
		d.reset(b)
		for _, i := range d.order {
			d.give(i, b, taken[i*n+b])
		}
	}
	d.serve()
	return d.value()
}

// reset takes the limits of a block.
func (d *draft) reset(b int) {
	n := d.market.blocks
	d.limits = sized(d.limits, len(d.grid.limits)/n)
	for r := range d.limits {
		d.limits[r] = d.grid.limits[r*n+b]
	}
	d.loads[b].Reset(d.limits)
}

// give lets a car have up to so many kWh more in a block, as far as there is room.
func (d *draft) give(i, b int, kwh float64) {
	at := i*d.market.blocks + b
	if kwh <= 0 || b >= d.market.cars[i].blocks {
		return
	}
	c := &d.cars[i]
	unit := c.KW * d.grid.hours[b]
	kwh = min(kwh, d.left[i], d.market.most[at]-d.amps[at]*unit)
	amps := d.loads[b].Room(c.Outlet, kwh/unit)
	if amps <= 0 {
		return
	}
	d.loads[b].Add(c.Outlet, amps)
	d.amps[at] += amps
	d.left[i] -= amps * unit
	if len(d.draw) > 0 {
		d.draw[b] += amps * unit
	}
}

// serve gives what is missing where a kWh costs least, or soonest: with money first as
// far as that raises no peak.
func (d *draft) serve() {
	if len(d.draw) > 0 {
		peak := d.market.bill.highest(d.draw)
		for _, b := range d.blocks {
			for _, i := range d.order {
				d.give(i, b, min(d.left[i], d.market.bill.below(peak, b)-d.draw[b]))
			}
		}
	}
	for _, b := range d.blocks {
		for _, i := range d.order {
			d.give(i, b, d.left[i])
		}
	}
}

// value is what the plan is worth, less its bill, and that bill.
func (d *draft) value() (value, bill float64) {
	m := d.market
	sum := 0.0
	for i := range d.cars {
		for b := range m.cars[i].blocks {
			kwh := d.amps[i*m.blocks+b] * d.cars[i].KW * d.grid.hours[b]
			sum += kwh * m.worth[i*m.blocks+b]
		}
	}
	bill = m.bill.cost(d.draw)
	return sum - bill, bill
}
