package horizon

// market is where cars buy energy of rows. A quantity is kWh of a car in a block; a
// price is for one ampere-hour of a row in a block, turned as the row's current is.
type market struct {
	blocks int
	step   float64 // h
	rows   []int   // of the set: those that the cars present could fill
	plain  bool    // no current is turned

	cars  []buyer
	terms []term    // of all cars, by buyer; row is an index of rows
	worth []float64 // of a kWh, by car, then by block, whatever it costs
	most  []float64 // kWh, by car, then by block
	cap   []float64 // Ah, by row, then by block

	taken            []float64 // kWh, by car, then by block
	price, turned    []float64 // by row, then by block
	flow, flowTurned []float64 // Ah, by row, then by block
	pace             []float64 // how far a price moves for an ampere-hour too much, by row, then by block

	energyPrice []float64 // of a kWh from the grid, by block; empty without money
	bill        bill

	meanTaken, meanPrice, meanTurned, meanEnergyPrice []float64
	sumTaken, sumPrice, sumTurned, sumEnergyPrice     []float64
	rounds                                            float64 // in the sums
	total                                             float64 // rounds since the market opened
	gap                                               float64 // where the sums began
	last                                              float64 // at the last look
	weight                                            float64 // of a step of prices against one of quantities

	wish    []float64 // scratch, by block
	ordered []int     // scratch, by block
}

// buyer is one car of a market.
type buyer struct {
	first, last int // of terms
	blocks      int // it is there in the first of them
	energy      float64
	pace        float64 // how far a quantity moves for a unit of value
	level       float64 // what the projection took off the last time
}

// round lets every car buy at the prices, and the prices follow what it asked for.
func (m *market) round() {
	clear(m.flow)
	clear(m.flowTurned)
	m.bill.clear()
	for i := range m.cars {
		m.buy(i)
	}
	for i, most := range m.cap {
		pace := m.pace[i] * m.weight
		re := m.price[i] + pace*m.flow[i]
		im := m.turned[i] + pace*m.flowTurned[i]
		size := magnitude(re, im)
		if size <= pace*most {
			m.price[i], m.turned[i] = 0, 0
		} else {
			part := 1 - pace*most/size
			m.price[i], m.turned[i] = re*part, im*part
		}
		m.sumPrice[i] += m.price[i]
		m.sumTurned[i] += m.turned[i]
	}
	m.bill.charge(m.energyPrice, m.weight)
	for b, price := range m.energyPrice {
		m.sumEnergyPrice[b] += price
	}
	m.rounds++
}

// buy moves what one car takes towards where it gains most.
func (m *market) buy(i int) {
	v := &m.cars[i]
	if v.blocks == 0 {
		return
	}
	from := i * m.blocks
	taken, most := m.taken[from:from+v.blocks], m.most[from:from+v.blocks]
	wish := m.wish[:v.blocks]
	m.gain(i, wish, m.price, m.turned, m.energyPrice)
	pace := v.pace / m.weight
	if v.pace == 0 {
		pace = v.energy + 1 // no row can be filled: take all there is
	}
	for b := range wish {
		wish[b] = taken[b] + pace*wish[b]
	}
	v.level = project(wish, most, v.energy, v.level)
	sum := m.sumTaken[from : from+v.blocks]
	for b, next := range wish {
		old := taken[b]
		taken[b] = next
		sum[b] += next
		wish[b] = 2*next - old
	}
	for _, t := range m.terms[v.first:v.last] {
		flow := m.flow[t.row*m.blocks : t.row*m.blocks+v.blocks]
		for b, q := range wish {
			flow[b] += t.re * q
		}
		if t.im != 0 {
			flow = m.flowTurned[t.row*m.blocks : t.row*m.blocks+v.blocks]
			for b, q := range wish {
				flow[b] += t.im * q
			}
		}
	}
	m.bill.add(wish)
}

// gain returns what a kWh in each block brings a car at some prices.
func (m *market) gain(i int, gain, price, turned, energyPrice []float64) {
	v := &m.cars[i]
	copy(gain, m.worth[i*m.blocks:i*m.blocks+v.blocks])
	for _, t := range m.terms[v.first:v.last] {
		of := price[t.row*m.blocks : t.row*m.blocks+v.blocks]
		for b, y := range of {
			gain[b] -= t.re * y
		}
		if t.im != 0 {
			of = turned[t.row*m.blocks : t.row*m.blocks+v.blocks]
			for b, y := range of {
				gain[b] -= t.im * y
			}
		}
	}
	if len(energyPrice) > 0 {
		for b := range gain {
			gain[b] -= energyPrice[b]
		}
	}
}
