package swift

import (
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/rating"
)

// volume is what a line of the tariff charges for.
type volume struct {
	phase   rating.Phase
	dim     int
	element int // in the tariff
	price   *component
	sum     quantity // kWh, seconds, 1
}

// given is what a stretch gave.
type given struct{ energy, charging, parking quantity }

// of returns the volume of a dimension, nil when there is none. FLAT is given always.
func (g *given) of(d int) *quantity {
	var q *quantity
	switch d {
	case flat:
		return &quantity{fixed: fixed{lo: perOne}}
	case energy:
		q = &g.energy
	case charging:
		q = &g.charging
	case parking:
		q = &g.parking
	}
	if q.sign() <= 0 {
		return nil
	}
	return q
}

// add puts what a stretch gave to the prices that were active.
func (b *bill) add(s set, g *given) {
	for d, i := range s {
		if i == none || d == flat && b.last[flat] != 0 {
			continue
		}
		q := g.of(d)
		if q == nil {
			continue
		}
		slot := &b.slots[int(i)*dimensions+d]
		if *slot == 0 {
			e := &b.plan.elements[i]
			b.volumes = append(b.volumes, volume{phase: b.phase, dim: d, element: e.index, price: e.prices[d]})
			*slot = int32(len(b.volumes)) //nolint:gosec // elements times dimensions at most
		}
		b.last[d] = *slot
		b.volumes[*slot-1].sum.add(*q)
	}
}

// round applies the step size of the last price of a dimension to what the phase has of it.
func (b *bill) round(d int) {
	if b.last[d] == 0 {
		return
	}
	last := &b.volumes[b.last[d]-1]
	var sum quantity
	for i := range b.volumes {
		if v := &b.volumes[i]; v.phase == b.phase && v.dim == d {
			sum.add(v.sum)
		}
	}
	measured := sum.ratio()
	rounded := measured.quo(last.price.step).ceil().mul(last.price.step)
	added := rounded.sub(measured)
	if added.sign() == 0 {
		return
	}
	last.sum.addPart(added)
	b.tellStep(last, measured, rounded)
}

// billed returns what the phase charges of a dimension.
func (b *bill) billed(d int) exact.Number {
	var sum quantity
	for i := range b.volumes {
		if v := &b.volumes[i]; v.phase == b.phase && v.dim == d {
			sum.add(v.sum)
		}
	}
	return sum.ratio().number()
}
