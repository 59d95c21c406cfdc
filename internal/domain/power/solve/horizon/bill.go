package horizon

// bill is what the grid asks for what all cars draw together: a price for each kWh that
// the sun does not give, and a charge for the highest draw above the one that is paid.
type bill struct {
	price  []float64 // per kWh, by block
	solar  []float64 // kWh, by block
	hours  []float64 // by block
	demand float64   // per kW
	peak   float64   // kW that are paid
	draw   []float64 // kWh asked for, by block
	pace   []float64 // how far a price moves for a kWh, by block
}

// open begins a bill; without money it is empty.
func (l *bill) open(g *grid, m *Money) {
	l.price = append(l.price[:0], g.price...)
	l.solar, l.hours = l.solar[:0], l.hours[:0]
	l.draw, l.pace = sized(l.draw, len(g.price)), sized(l.pace, len(g.price))
	if m == nil {
		return
	}
	for b, h := range g.hours {
		l.price[b] = max(l.price[b], 0)
		l.solar = append(l.solar, max(g.solar[b], 0)*h)
		l.hours = append(l.hours, h)
	}
	l.demand, l.peak = max(m.Demand, 0), max(m.Peak, 0)
}

func (l *bill) clear() { clear(l.draw) }

func (l *bill) add(kwh []float64) {
	if len(l.draw) == 0 {
		return
	}
	for b, q := range kwh {
		l.draw[b] += q
	}
}

// cost returns the bill for what is drawn in each block, in kWh.
func (l *bill) cost(kwh []float64) float64 {
	sum := 0.0
	for b, q := range kwh {
		sum += max(q-l.solar[b], 0) * l.price[b]
	}
	return sum + l.demand*(l.highest(kwh)-l.peak)
}

// highest returns the peak of what is drawn in each block, or the one that is paid, in kW.
func (l *bill) highest(kwh []float64) float64 {
	peak := l.peak
	for b, q := range kwh {
		peak = max(peak, (q-l.solar[b])/l.hours[b])
	}
	return peak
}

// below returns how many kWh a block can have without going above a peak.
func (l *bill) below(peak float64, b int) float64 { return l.solar[b] + peak*l.hours[b] }

// charge moves the prices of a kWh towards what the draw asks for. A price is at most
// the grid's, and above it only by parts of the demand charge, which together, each
// times its block's hours, are at most that charge: so they prove a bound.
func (l *bill) charge(prices []float64, weight float64) {
	if len(prices) == 0 {
		return
	}
	for b := range prices {
		pace := l.pace[b] * weight
		prices[b] += pace * (l.draw[b] - l.solar[b])
	}
	peak := l.level(prices, weight)
	for b, wish := range prices {
		over := max(wish-l.price[b]-l.pace[b]*weight*peak*l.hours[b], 0)
		prices[b] = clip(wish, l.price[b]) + over
	}
}

// level returns the peak at which the parts of the demand charge add up to it, or the
// peak that is paid when they are less there.
func (l *bill) level(wishes []float64, weight float64) float64 {
	low, high := l.peak, l.peak
	for b, wish := range wishes {
		if pace := l.pace[b] * weight; pace > 0 {
			high = max(high, (wish-l.price[b])/(pace*l.hours[b]))
		}
	}
	if l.parts(wishes, weight, low) <= l.demand {
		return low
	}
	for range 50 {
		middle := (low + high) / 2
		if l.parts(wishes, weight, middle) > l.demand {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// parts returns what of the demand charge the blocks ask for when the draw is held at a
// peak.
func (l *bill) parts(wishes []float64, weight, peak float64) float64 {
	sum := 0.0
	for b, wish := range wishes {
		sum += l.hours[b] * max(wish-l.price[b]-l.pace[b]*weight*peak*l.hours[b], 0)
	}
	return sum
}

// spared returns what these prices take too much: the sunshine, and the peak that is
// paid already.
func (l *bill) spared(prices []float64) float64 {
	sum := 0.0
	for b, price := range prices {
		sum += price*l.solar[b] + l.peak*l.hours[b]*max(price-l.price[b], 0)
	}
	return sum
}

// dear is how many times the highest price a kWh that is not delivered costs when
// nobody says it: so much that every price is paid.
const dear = 20

// missing returns what a kWh costs that is wanted and not delivered.
func (m *Money) missing() float64 {
	if m.Penalty > 0 {
		return m.Penalty
	}
	most := 0.0
	for _, price := range m.Price {
		most = max(most, price)
	}
	if most == 0 {
		return 1
	}
	return dear * most
}
