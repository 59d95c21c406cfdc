package plan_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/domain/plan"
	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/unit"
)

// pockets are what a customer has, and what his sessions used of it.
type pockets struct {
	plan  plan.Plan
	sub   plan.Subscription
	usage plan.Usage
	held  []plan.Held
	uses  map[ident.SessionID][]plan.Use
	price rating.Tariff
}

func begin() time.Time { return time.Date(2026, 5, 10, 12, 0, 0, 0, time.UTC) }

// drawn returns pockets with a plan and vouchers of all kinds.
func drawn(t *rapid.T) *pockets {
	number := func(name string, most int64, digits int) decimal.Decimal {
		return decimal.FromInt(rapid.Int64Range(1, most).Draw(t, name), digits)
	}
	p := &pockets{uses: map[ident.SessionID][]plan.Use{}}
	p.plan = plan.Plan{ID: "pln_a", Name: "Home", Currency: "EUR", Terms: plan.Terms{Fee: plan.Fee{VAT: decimal.FromInt(19, 0)}}}
	p.sub = plan.Subscription{ID: "sub_a", Customer: "cus_a", Plan: "pln_a"}
	p.usage = plan.Usage{Subscription: "sub_a", Month: "2026-05", Customer: "cus_a"}
	if rapid.Bool().Draw(t, "allowance") {
		p.plan.Terms.Allowance = &plan.Allowance{Energy: unit.MilliWattHour(rapid.Int64Range(1, 60_000_000).Draw(t, "granted"))}
		if rapid.Bool().Draw(t, "beyond") {
			p.plan.Terms.Allowance.Overage = new(number("overage", 90, 2))
		}
	}
	if rapid.Bool().Draw(t, "discount") {
		p.plan.Terms.Discount = &plan.Discount{Of: []rating.Dimension{rating.Energy}, Percent: number("percent", 100, 0)}
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "vouchers") {
		v := plan.Voucher{ID: ident.VoucherID(fmt.Sprint("vch_", i)), HoldersMost: 1}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			v.Value = plan.Value{Amount: rapid.Int64Range(1, 3000).Draw(t, "amount"), Currency: "EUR"}
		case 1:
			v.Value.Energy = unit.MilliWattHour(rapid.Int64Range(1, 30_000_000).Draw(t, "energy"))
		default:
			v.Value.Percent = number("share", 100, 0)
		}
		v.Value.Sessions = rapid.Int64Range(0, 2).Draw(t, "sessions")
		_, r, err := v.Redeem("cus_a", begin().Add(time.Duration(i)))
		if err != nil {
			t.Fatal(err)
		}
		p.held = append(p.held, plan.Held{Redemption: r, Of: v})
	}
	component := func(of rating.Dimension, price int64, vat int64) rating.Component {
		return rating.Component{Dimension: of, Price: decimal.FromInt(price, 2), VAT: new(decimal.FromInt(vat, 0)), StepSize: rapid.SampledFrom([]int64{1, 1000}).Draw(t, "step")}
	}
	p.price = rating.Tariff{
		Currency: "EUR", TaxIncluded: rapid.SampledFrom([]rating.TaxIncluded{rating.TaxYes, rating.TaxNo}).Draw(t, "basis"),
		Elements: []rating.Element{{Components: []rating.Component{component(rating.Energy, 49, 19), component(rating.Flat, 35, 7)}}},
	}
	return p
}

// settle prices a session anew; one of no energy at all is taken back.
func (p *pockets) settle(t *rapid.T, id ident.SessionID, energy int64) {
	var had []string
	for _, u := range p.uses[id] {
		p.move(&u, (*plan.Usage).Return, (*plan.Held).Return)
		had = append(had, u.Source)
	}
	delete(p.uses, id)
	if energy == 0 {
		return
	}
	h := plan.Holding{
		Customer: "cus_a", Start: begin(), End: begin().Add(time.Hour), Zone: time.UTC, Held: append([]plan.Held(nil), p.held...), Had: had,
		Month: &plan.Membership{Subscription: p.sub, Plan: p.plan, Usage: p.usage},
	}
	own := h.Own("EUR", false)
	q := &rating.Question{
		Tariff: p.price, Zone: "Europe/Berlin", Adjustments: own.Adjustments,
		Session: rating.Session{Start: h.Start, End: h.End, Periods: []rating.Period{{Start: h.Start, Energy: new(decimal.FromInt(energy, 6))}}},
	}
	answer, err := swift.Explain(q)
	if err != nil {
		t.Fatal(err)
	}
	other, err := plain.Rate(q)
	if err != nil {
		t.Fatal(err)
	}
	if points := rating.Differ(answer, other); len(points) > 0 {
		t.Fatalf("the raters differ: %v", points)
	}
	p.uses[id] = own.Uses(q, answer, id, h.End)
	for _, u := range p.uses[id] {
		p.move(&u, (*plan.Usage).Take, (*plan.Held).Take)
	}
}

func (p *pockets) move(u *plan.Use, month func(*plan.Usage, *plan.Use), held func(*plan.Held, *plan.Use)) {
	if u.Month != "" {
		month(&p.usage, u)
	}
	for i := range p.held {
		if string(p.held[i].ID) == u.Source {
			held(&p.held[i], u)
		}
	}
}

// check holds what is used against what there is, and against what sessions say.
func (p *pockets) check(t *rapid.T) {
	sums := map[string]plan.Use{}
	for _, uses := range p.uses {
		for _, u := range uses {
			sum := sums[u.Source]
			sum.Amount, sum.Covered, sum.Sessions, sum.Energy = sum.Amount+u.Amount, sum.Covered+u.Covered, sum.Sessions+u.Sessions, sum.Energy+u.Energy
			sums[u.Source] = sum
		}
	}
	if of := sums["sub_a"]; p.usage.Covered != of.Covered || p.usage.Energy != of.Energy || p.usage.Sessions != of.Sessions || of.Covered > p.plan.Granted(&p.sub, "2026-05", time.UTC) {
		t.Fatalf("the month has %+v, its sessions %+v", p.usage, of)
	}
	for i := range p.held {
		h := &p.held[i]
		of, value := sums[string(h.ID)], h.Of.Value
		if h.Amount != of.Amount || h.Energy != of.Covered || h.Sessions != of.Sessions || of.Amount > value.Amount || of.Covered > value.Energy || value.Sessions > 0 && of.Sessions > value.Sessions {
			t.Fatalf("of %+v its row has %+v, its sessions %+v", value, h.Redemption, of)
		}
	}
}

// PROP-3: whatever is priced, priced anew and taken back: what sessions used is what the
// rows say, and never more than there is; when all is taken back, all is there again.
func TestNoMoreThanThereIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawn(t)
		for range rapid.IntRange(1, 12).Draw(t, "settlements") {
			id := ident.SessionID(rapid.SampledFrom([]string{"ses_a", "ses_b", "ses_c", "ses_d"}).Draw(t, "session"))
			p.settle(t, id, rapid.Int64Range(0, 40_000_000).Draw(t, "mwh"))
			p.check(t)
		}
		for _, id := range []ident.SessionID{"ses_a", "ses_b", "ses_c", "ses_d"} {
			p.settle(t, id, 0)
		}
		p.check(t)
		if p.usage.Energy != 0 || p.usage.Covered != 0 || p.usage.Sessions != 0 {
			t.Fatalf("left: %+v", p.usage)
		}
		for i := range p.held {
			if h := &p.held[i]; h.Amount != 0 || h.Energy != 0 || h.Sessions != 0 || h.Spent {
				t.Fatalf("left: %+v", h.Redemption)
			}
		}
	})
}
