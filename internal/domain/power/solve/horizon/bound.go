package horizon

import "slices"

// bound returns what no plan's value exceeds, as any prices prove it (the Lagrangian
// dual): what the rows earn when they sell all they have, what the grid's bill is
// spared, and for each car the most it can gain at these prices.
func (m *market) bound(price, turned, energyPrice []float64) float64 {
	sum := m.bill.spared(energyPrice)
	for i, most := range m.cap {
		sum += magnitude(price[i], turned[i]) * most
	}
	for i := range m.cars {
		sum += m.gainMost(i, price, turned, energyPrice)
	}
	return sum
}

// gainMost fills a car from where a kWh gains most.
func (m *market) gainMost(i int, price, turned, energyPrice []float64) float64 {
	v := &m.cars[i]
	gain := m.wish[:v.blocks]
	m.gain(i, gain, price, turned, energyPrice)
	m.ordered = m.ordered[:0]
	for b, g := range gain {
		if g > 0 {
			m.ordered = append(m.ordered, b)
		}
	}
	slices.SortFunc(m.ordered, func(a, b int) int {
		switch {
		case gain[a] > gain[b]:
			return -1
		case gain[a] < gain[b]:
			return 1
		}
		return a - b
	})
	left, sum := v.energy, 0.0
	for _, b := range m.ordered {
		q := min(m.most[i*m.blocks+b], left)
		sum += q * gain[b]
		if left -= q; left <= 0 {
			break
		}
	}
	return sum
}

// average takes the means since the last restart.
func (m *market) average() {
	for _, s := range [...]struct{ mean, sum []float64 }{
		{m.meanTaken, m.sumTaken},
		{m.meanPrice, m.sumPrice},
		{m.meanTurned, m.sumTurned},
		{m.meanEnergyPrice, m.sumEnergyPrice},
	} {
		for i, sum := range s.sum {
			s.mean[i] = sum / m.rounds
		}
	}
}

// restart begins anew, from the means or from where the rounds are, when the gap there is
// a third of what it was at the last start, or somewhat less but growing again, or when
// that start is long ago.
// Source: the rules of PDLP (Applegate and others, 2021).
func (m *market) restart(gap float64, means bool) {
	m.total += look
	long := m.rounds > 0.36*m.total
	if !(gap < 0.3*m.gap || gap < 0.8*m.gap && gap > m.last || long) {
		m.last = gap
		return
	}
	m.gap, m.last = gap, gap
	if means {
		copy(m.taken, m.meanTaken)
		copy(m.price, m.meanPrice)
		copy(m.turned, m.meanTurned)
		copy(m.energyPrice, m.meanEnergyPrice)
	}
	for _, s := range [][]float64{m.sumTaken, m.sumPrice, m.sumTurned, m.sumEnergyPrice} {
		clear(s)
	}
	m.rounds = 0
}
