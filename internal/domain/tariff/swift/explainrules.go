package swift

import (
	"strings"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/rating"
)

func (b *bill) tellLimit(side rating.Side, limit, before ratio) {
	if b.teller != nil {
		b.tell(StepLimit, "side", string(side), "limit", limit.plain(), "before", before.plain())
	}
}

func (b *bill) tellFactor(factor ratio) {
	if b.teller != nil {
		b.tell(StepLimitFactor, "factor", factor.plain())
	}
}

func (b *bill) tellCut(id string, amount, cut ratio) {
	if b.teller != nil {
		b.tell(StepCut, "id", id, "amount", amount.plain(), "cut", cut.plain())
	}
}

func (b *bill) tellNoEffect(id string) {
	if b.teller != nil {
		b.tell(StepNoEffect, "id", id)
	}
}

func (b *bill) tellIdle(id string, q *quietTime, f *rating.IdleFee, counted ratio) {
	if b.teller == nil {
		return
	}
	w := words{
		"id", id, "parking", q.all.plain(), "quiet", q.all.minus(q.loud).plain(), "grace", secondsText(f.Grace.Duration()), "counted", counted.plain(),
	}
	b.tell(StepIdle, w.decimal("per_minute", &f.PerMinute).decimal("most", f.Most)...)
}

func (b *bill) tellSpot(id string, stretch [2]int64, point int, price, kWh ratio) {
	if b.teller == nil {
		return
	}
	source := "POINT"
	if point < 0 {
		source = "FALLBACK"
	}
	b.tell(StepSpot, "id", id, "from", b.timeOf(stretch[0]), "to", b.timeOf(stretch[1]), "price", price.plain(), "source", source,
		"quantity", kWh.plain(), "amount", kWh.mul(price).plain())
}

func (b *bill) tellSolar(id string, stretch [2]int64, share, kWh ratio) {
	if b.teller == nil {
		return
	}
	b.tell(StepSolar, "id", id, "from", b.timeOf(stretch[0]), "to", b.timeOf(stretch[1]), "share", share.plain(),
		"quantity", kWh.plain(), "amount", kWh.mul(share).plain())
}

func (b *bill) tellPercent(id string, p *rating.Percent) {
	if b.teller == nil {
		return
	}
	var of []string
	for _, d := range p.Of {
		of = append(of, string(d))
	}
	if len(of) == 0 {
		of = []string{string(rating.Total)}
	}
	b.tell(StepPercent, words{"id", id, "of", strings.Join(of, " ")}.decimal("rate", &p.Rate)...)
}

func (b *bill) tellCredit(id string, amount ratio) {
	if b.teller == nil {
		return
	}
	b.tell(StepCredit, "id", id, "amount", amount.plain(), "taken", positive(amount.min(b.everything())).plain())
}

// everything returns what all lines have come to.
func (b *bill) everything() ratio {
	var all ratio
	for i := range b.sums {
		all = all.add(b.sums[i].all)
	}
	return all
}

func (b *bill) tellCap(id string, most, before ratio) {
	if b.teller != nil {
		b.tell(StepCap, "id", id, "most", most.plain(), "before", before.plain())
	}
}

func (b *bill) tellShort(id string, below time.Duration, most ratio) {
	if b.teller == nil {
		return
	}
	b.tell(StepShort, "id", id, "seconds", secondsText(b.q.Session.End.Sub(b.q.Session.Start)), "below", secondsText(below),
		"kwh", b.measured.plain(), "most", most.plain())
}

func (b *bill) tellAllowance(id string, left, volume, covered ratio, overage *decimal.Decimal) {
	if b.teller == nil {
		return
	}
	b.tell(StepAllowance, words{"id", id, "kwh", left.plain(), "volume", volume.plain(), "covered", covered.plain()}.decimal("overage", overage)...)
}
