package horizon

// memory is the last plan, from which the next begins: most of what is known stays from
// step to step.
type memory struct {
	step        int
	starts      []int
	rows        []int // of the set
	price       []float64
	turned      []float64
	energyPrice []float64
	at          []int     // of an outlet: 1 + its car in amps
	amps        []float64 // by car, then by block
}

// keep remembers where the market ended.
func (y *memory) keep(m *market, plan *Plan, p *Problem) {
	y.step = p.Step
	y.starts = append(y.starts[:0], plan.Starts...)
	y.rows = append(y.rows[:0], m.rows...)
	y.price = append(y.price[:0], m.price...)
	y.turned = append(y.turned[:0], m.turned...)
	y.energyPrice = append(y.energyPrice[:0], m.energyPrice...)
	y.amps = append(y.amps[:0], plan.Amps...)
	clear(y.at)
	for i := range p.Cars {
		if p.Cars[i].From == 0 {
			y.at[p.Cars[i].Outlet] = i + 1
		}
	}
}

// recall begins the market where the last one ended, as far as they are the same.
func (y *memory) recall(m *market, g *grid, p *Problem, outlets int) {
	if y.at == nil {
		y.at = make([]int, outlets)
		return
	}
	before := len(y.starts) - 1
	row := 0
	for r, of := range m.rows {
		for row < len(y.rows) && y.rows[row] < of {
			row++
		}
		if row == len(y.rows) {
			break
		}
		if y.rows[row] != of {
			continue
		}
		for b := range m.blocks {
			if k := y.block(p.Step, g, b); k >= 0 {
				m.price[r*m.blocks+b] = y.price[row*before+k]
				m.turned[r*m.blocks+b] = y.turned[row*before+k]
			}
		}
	}
	for b := range m.energyPrice {
		if k := y.block(p.Step, g, b); k >= 0 && k < len(y.energyPrice) {
			m.energyPrice[b] = y.energyPrice[k]
		}
	}
	for i := range p.Cars {
		c := &p.Cars[i]
		at := y.at[c.Outlet] - 1
		if at < 0 || c.From > 0 {
			continue
		}
		for b := range m.cars[i].blocks {
			if k := y.block(p.Step, g, b); k >= 0 {
				m.taken[i*m.blocks+b] = min(y.amps[at*before+k]*c.KW*g.hours[b], m.most[i*m.blocks+b])
			}
		}
	}
}

// block returns which block of the last plan the middle of a block of now was in; -1
// for none.
func (y *memory) block(step int, g *grid, b int) int {
	middle := (g.starts[b]+g.starts[b+1]-1)/2 + step - y.step
	if middle < 0 || middle >= y.starts[len(y.starts)-1] {
		return -1
	}
	k := 0
	for y.starts[k+1] <= middle {
		k++
	}
	return k
}
