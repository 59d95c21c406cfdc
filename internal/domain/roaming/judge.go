package roaming

import (
	"slices"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/trade"
)

// Verdict is what we say to a partner's CDR.
type Verdict string

// The verdicts.
const (
	Accept        Verdict = "accept"
	AcceptDispute Verdict = "accept_with_dispute" // it is taken, and somebody talks about it with the partner
	Refuse        Verdict = "refuse"
)

// Judgement is a verdict with its reasons.
type Judgement struct {
	Verdict Verdict `json:"verdict"`
	Apart   []Apart `json:"apart,omitzero"`  // by more than is let pass
	Doubts  []Doubt `json:"doubts,omitzero"` // see [Doubts]
}

// Apart is a cost in which a partner's reckoning and ours differ by more than a minor unit for each of
// its parts.
type Apart struct {
	Cost string          `json:"cost"` // as OCPI names it
	Says decimal.Decimal `json:"says"`
	Ours decimal.Decimal `json:"ours"`
}

// Judge says what becomes of a partner's CDR. ours is the same with the costs that we come to, see [Recompute]; nil
// when there are none. over is by how many per cent of ours it may ask more and still be taken: beyond that nothing is
// paid.
//
// It is accepted when no cost, with tax or without, is off by more than a minor unit for each of its parts. It is refused when it asks for more than
// that percentage allows, or is not to be understood: it ends before it starts, asks for less than nothing, or has a tariff in another
// currency. Between the two, and when it cannot be recomputed, it is accepted with a dispute.
func Judge(c, ours *trade.CDR, over decimal.Decimal) Judgement {
	j := Judgement{Verdict: Accept, Doubts: Doubts(c)}
	if len(j.Doubts) > 0 || ours == nil {
		j.Verdict = AcceptDispute
	}
	if slices.ContainsFunc(j.Doubts, Doubt.grave) {
		j.Verdict = Refuse
	}
	if ours == nil {
		return j
	}
	j.compare(c, ours)
	if len(j.Apart) > 0 && j.Verdict == Accept {
		j.Verdict = AcceptDispute
	}
	whole := exact.Int(100)
	most := exact.Of(ours.Total.Excl).Mul(whole.Add(exact.Of(over))).Quo(whole).Max(exact.Of(ours.Total.Excl).Add(minors(parts(c, ours), c.Currency)))
	if exact.Of(c.Total.Excl).Cmp(most) > 0 {
		j.Verdict = Refuse
	}
	return j
}

// grave reports whether a CDR with the doubt is not to be understood.
func (d Doubt) grave() bool {
	return d.Code == EndsBeforeStart || d.Code == NegativeCost || d.Code == TariffCurrency
}

// minors returns so many minor units, at least one.
func minors(n int64, c money.Currency) exact.Number { return money.Of(max(n, 1), c).Exact() }

// costs returns the parts of a CDR's cost by their names.
func costs(c *trade.CDR) []struct {
	name string
	cost *trade.Price
} {
	return []struct {
		name string
		cost *trade.Price
	}{
		{"total_fixed_cost", c.FixedCost},
		{"total_energy_cost", c.EnergyCost},
		{"total_time_cost", c.TimeCost},
		{"total_parking_cost", c.ParkingCost},
		{"total_reservation_cost", c.ReservationCost},
	}
}

// parts returns of how many parts the cost of one of two CDRs is, at most.
func parts(a, b *trade.CDR) (n int64) {
	of := costs(b)
	for i, part := range costs(a) {
		if part.cost != nil || of[i].cost != nil {
			n++
		}
	}
	return n
}

// compare notes the costs that are apart. What a partner does not tell of a part is not compared.
func (j *Judgement) compare(c, ours *trade.CDR) {
	j.cost("total_cost", &c.Total, &ours.Total, minors(parts(c, ours), c.Currency))
	of := costs(ours)
	for i, part := range costs(c) {
		if part.cost == nil {
			continue
		}
		own := of[i].cost
		if own == nil {
			own = &trade.Price{Incl: new(decimal.Decimal)}
		}
		j.cost(part.name, part.cost, own, minors(1, c.Currency))
	}
}

// cost notes a cost that is apart on one of its sides.
func (j *Judgement) cost(name string, says, ours *trade.Price, slack exact.Number) {
	if apart(exact.Of(says.Excl), exact.Of(ours.Excl), slack) {
		j.Apart = append(j.Apart, Apart{name, says.Excl, ours.Excl})
		return
	}
	if says.Incl != nil && ours.Incl != nil && apart(exact.Of(*says.Incl), exact.Of(*ours.Incl), slack) {
		j.Apart = append(j.Apart, Apart{name, *says.Incl, *ours.Incl})
	}
}
