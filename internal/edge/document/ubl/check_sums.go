package ubl

import (
	"slices"
	"strings"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/exact"
	"pylon/internal/kernel/money"
)

// arithmetic has the rules about sums, signs and digits.
func arithmetic() []rule {
	equal := func(id, path string, want func(e *einvoice) exact.Number) rule {
		return rule{id, func(e *einvoice) []*node {
			return each(e.at(path), func(n *node) bool { return n.number("").Equal(want(e)) })
		}}
	}
	total := func(e *einvoice, name string) exact.Number { return e.root.number(monetary + "/cbc:" + name) }
	sums := []rule{
		equal("BR-CO-10", monetary+"/cbc:LineExtensionAmount", func(e *einvoice) (sum exact.Number) {
			for _, l := range e.lines {
				sum = sum.Add(l.number("cbc:LineExtensionAmount"))
			}
			return sum
		}),
		{"BR-CO-11", sumOfCharges("false", "AllowanceTotalAmount")},
		{"BR-CO-12", sumOfCharges("true", "ChargeTotalAmount")},
		equal("BR-CO-13", monetary+"/cbc:TaxExclusiveAmount", func(e *einvoice) exact.Number {
			return total(e, "LineExtensionAmount").Add(total(e, "ChargeTotalAmount")).Sub(total(e, "AllowanceTotalAmount"))
		}),
		equal("BR-CO-14", "cac:TaxTotal/cbc:TaxAmount", func(e *einvoice) exact.Number { return e.root.sum(subtotals + "/cbc:TaxAmount") }),
		equal("BR-CO-15", monetary+"/cbc:TaxInclusiveAmount", func(e *einvoice) exact.Number {
			return total(e, "TaxExclusiveAmount").Add(e.root.number("cac:TaxTotal/cbc:TaxAmount"))
		}),
		equal("BR-CO-16", monetary+"/cbc:PayableAmount", func(e *einvoice) exact.Number {
			return total(e, "TaxInclusiveAmount").Sub(total(e, "PrepaidAmount")).Add(total(e, "PayableRoundingAmount"))
		}),
		{"BR-CO-17", func(e *einvoice) []*node { return each(e.at(subtotals), taxOfRate) }},
		{"BR-CO-25", func(e *einvoice) []*node {
			return unless(total(e, "PayableAmount").Sign() <= 0 || e.root.has("cbc:DueDate") || e.root.has("cac:PaymentTerms/cbc:Note"), e.root)
		}},
		{"BR-27", func(e *einvoice) []*node {
			return each(e.at("line/cac:Price/cbc:PriceAmount"), func(n *node) bool { return n.number("").Sign() >= 0 })
		}},
		{"BR-29", func(e *einvoice) []*node { return each(e.at("cac:InvoicePeriod"), forwards) }},
		{"BR-30", func(e *einvoice) []*node { return each(e.at("line/cac:InvoicePeriod"), forwards) }},
		{"UBL-DECIMAL", func(e *einvoice) (broken []*node) {
			e.root.walk(func(n *node) {
				if n.attributes["currencyID"] != "" || n.attributes["unitCode"] != "" || n.name == "cbc:Percent" {
					if _, err := decimal.Parse(strings.TrimSpace(n.text)); err != nil || strings.ContainsAny(n.text, "eE") {
						broken = append(broken, n)
					}
				}
			})
			return broken
		}},
	}
	return append(sums, digits()...)
}

// digits has the rules that amounts have two digits after the point at most.
func digits() []rule {
	var rules []rule
	for _, amount := range [][2]string{
		{"BR-DEC-01", charges + "/cbc:Amount"}, // of allowances; those of charges, BR-DEC-05, are the same element
		{"BR-DEC-09", monetary + "/cbc:LineExtensionAmount"},
		{"BR-DEC-10", monetary + "/cbc:AllowanceTotalAmount"},
		{"BR-DEC-11", monetary + "/cbc:ChargeTotalAmount"},
		{"BR-DEC-12", monetary + "/cbc:TaxExclusiveAmount"},
		{"BR-DEC-13", "cac:TaxTotal/cbc:TaxAmount"},
		{"BR-DEC-14", monetary + "/cbc:TaxInclusiveAmount"},
		{"BR-DEC-16", monetary + "/cbc:PrepaidAmount"},
		{"BR-DEC-17", monetary + "/cbc:PayableRoundingAmount"},
		{"BR-DEC-18", monetary + "/cbc:PayableAmount"},
		{"BR-DEC-19", subtotals + "/cbc:TaxableAmount"},
		{"BR-DEC-20", subtotals + "/cbc:TaxAmount"},
		{"BR-DEC-23", "line/cbc:LineExtensionAmount"},
	} {
		rules = append(rules, rule{amount[0], func(e *einvoice) []*node {
			return each(e.at(amount[1]), func(n *node) bool {
				const most = 2
				_, fraction, _ := strings.Cut(strings.TrimSpace(n.text), ".")
				return len(fraction) <= most
			})
		}})
	}
	return rules
}

// sumOfCharges is the rule that a total is the sum of the allowances, or charges, of the document.
func sumOfCharges(charge, name string) func(*einvoice) []*node {
	return func(e *einvoice) []*node {
		var sum exact.Number
		for _, n := range e.at(charges) {
			if n.value("cbc:ChargeIndicator") == charge {
				sum = sum.Add(n.number("cbc:Amount"))
			}
		}
		return unless(e.root.number(monetary+"/cbc:"+name).Equal(sum), e.root.first(monetary))
	}
}

// taxOfRate reports whether the tax of a rate is that of its net, to a minor unit: where
// prices include tax the net is what was rounded.
func taxOfRate(n *node) bool {
	want := n.number("cbc:TaxableAmount").Mul(n.number("cac:TaxCategory/cbc:Percent")).Quo(exact.Int(100))
	rounded, err := money.Digits(want, 2)
	if err != nil {
		return false
	}
	off := n.number("cbc:TaxAmount").Sub(exact.Of(rounded))
	return magnitude(off).Cmp(unitOf(n)) <= 0
}

// unitOf is the least amount that the figures of an element tell apart: 1 where they have no digits after the point.
func unitOf(n *node) exact.Number {
	_, fraction, _ := strings.Cut(n.value("cbc:TaxAmount"), ".")
	unit := exact.Int(1)
	for range fraction {
		unit = unit.Quo(exact.Int(10))
	}
	return unit
}

// forwards reports whether a period does not end before it starts.
func forwards(n *node) bool {
	start, end := n.value("cbc:StartDate"), n.value("cbc:EndDate")
	return start == "" || end == "" || start <= end
}

// categories has the rules about the categories of VAT. E, AE and Z are alike but for the reason.
func categories() []rule {
	rules := []rule{}
	for _, c := range []struct {
		id     string
		zero   bool // the rate is 0
		reason bool // there is one
	}{{"S", false, false}, {"Z", true, false}, {"E", true, true}, {"AE", true, true}} {
		name := func(number string) string { return "BR-" + c.id + "-" + number }
		rate := func(n *node) bool {
			percent := n.number("cbc:Percent")
			return n.value("cbc:ID") != c.id || c.zero && percent.Sign() == 0 && n.has("cbc:Percent") || !c.zero && percent.Sign() > 0
		}
		rules = append(rules,
			rule{name("01"), func(e *einvoice) []*node { return unless(e.uses(c.id) == (len(e.subtotals(c.id)) > 0), e.root) }},
			rule{name("02"), func(e *einvoice) []*node { return unless(!e.uses(c.id) || e.identified(c.id), e.root) }},
			rule{name("05"), func(e *einvoice) []*node { return each(e.at("line/cac:Item/cac:ClassifiedTaxCategory"), rate) }},
			rule{name("06"), func(e *einvoice) []*node { return each(e.at(charges+"/cac:TaxCategory"), rate) }},
			rule{name("08"), func(e *einvoice) []*node { return each(e.subtotals(c.id), e.taxable) }},
			rule{name("09"), func(e *einvoice) []*node {
				return each(e.subtotals(c.id), func(n *node) bool {
					return taxOfRate(n) && (!c.zero || n.number("cbc:TaxAmount").Sign() == 0)
				})
			}},
			rule{name("10"), func(e *einvoice) []*node {
				return each(e.subtotals(c.id), func(n *node) bool {
					given := n.has("cac:TaxCategory/cbc:TaxExemptionReason") || n.has("cac:TaxCategory/cbc:TaxExemptionReasonCode")
					return given == c.reason
				})
			}},
		)
	}
	return rules
}

// uses reports whether a line or an allowance is of the category.
func (e *einvoice) uses(id string) bool {
	is := func(n *node) bool { return n.value("cbc:ID") == id }
	return slices.ContainsFunc(e.at("line/cac:Item/cac:ClassifiedTaxCategory"), is) || slices.ContainsFunc(e.at(charges+"/cac:TaxCategory"), is)
}

func (e *einvoice) subtotals(id string) []*node {
	return each(e.at(subtotals), func(n *node) bool { return n.value("cac:TaxCategory/cbc:ID") != id })
}

// identified reports whether the parties have the ids that the category asks for.
func (e *einvoice) identified(id string) bool {
	const vat, registered = "/cac:PartyTaxScheme/cbc:CompanyID", "/cac:PartyLegalEntity/cbc:CompanyID"
	if id == "AE" && !e.root.has(buyer+vat) && !e.root.has(buyer+registered) {
		return false
	}
	return e.root.has(seller + vat)
}

// taxable reports whether the net of a rate is that of its lines and charges.
func (e *einvoice) taxable(n *node) bool {
	id, rate := n.value("cac:TaxCategory/cbc:ID"), n.number("cac:TaxCategory/cbc:Percent")
	same := func(c *node) bool { return c != nil && c.value("cbc:ID") == id && c.number("cbc:Percent").Equal(rate) }
	var sum exact.Number
	for _, l := range e.lines {
		if same(l.first("cac:Item/cac:ClassifiedTaxCategory")) {
			sum = sum.Add(l.number("cbc:LineExtensionAmount"))
		}
	}
	for _, a := range e.at(charges) {
		switch {
		case !same(a.first("cac:TaxCategory")):
		case a.value("cbc:ChargeIndicator") == "true":
			sum = sum.Add(a.number("cbc:Amount"))
		default:
			sum = sum.Sub(a.number("cbc:Amount"))
		}
	}
	return n.number("cbc:TaxableAmount").Equal(sum)
}
