package ubl

import (
	"slices"
	"strings"
	"time"

	"pylon/internal/kernel/exact"
)

// peppol has Peppol's own rules, those of code lists, and the order of the elements.
func peppol() []rule {
	return slices.Concat(peppolDocument(), peppolLines(), codes())
}

func peppolDocument() []rule {
	return []rule{
		needs("PEPPOL-EN16931-R001", "", "cbc:ProfileID"),
		{"PEPPOL-EN16931-R002", func(e *einvoice) []*node { return unless(len(e.at("cbc:Note")) <= 1, e.root) }},
		needs("PEPPOL-EN16931-R003", "", "cbc:BuyerReference", "cac:OrderReference/cbc:ID"),
		{"PEPPOL-EN16931-R004", func(e *einvoice) []*node {
			return unless(e.root.value("cbc:CustomizationID") == customization, e.root)
		}},
		{"PEPPOL-EN16931-R007", func(e *einvoice) []*node {
			parts := strings.Split(e.root.value("cbc:ProfileID"), ":")
			const at, count = 6, 8 // of the process number
			if len(parts) != count || len(parts[at]) != 2 || !number(parts[at]) {
				return []*node{e.root}
			}
			parts[at] = "01"
			return unless(strings.Join(parts, ":") == profile, e.root)
		}},
		{"PEPPOL-EN16931-R008", func(e *einvoice) (broken []*node) {
			e.root.walk(func(n *node) {
				if len(n.children) == 0 && strings.TrimSpace(n.text) == "" {
					broken = append(broken, n)
				}
			})
			return broken
		}},
		needs("PEPPOL-EN16931-R010", buyer, "cbc:EndpointID"),
		needs("PEPPOL-EN16931-R020", seller, "cbc:EndpointID"),
		{"PEPPOL-EN16931-R041", func(e *einvoice) []*node {
			return each(e.at(charges), func(n *node) bool { return !n.has("cbc:MultiplierFactorNumeric") || n.has("cbc:BaseAmount") })
		}},
		{"PEPPOL-EN16931-R042", func(e *einvoice) []*node {
			return each(e.at(charges), func(n *node) bool { return n.has("cbc:MultiplierFactorNumeric") || !n.has("cbc:BaseAmount") })
		}},
		{"PEPPOL-EN16931-R043", func(e *einvoice) []*node {
			return each(e.at(charges), func(n *node) bool { return slices.Contains([]string{"true", "false"}, n.value("cbc:ChargeIndicator")) })
		}},
		{"PEPPOL-EN16931-R051", func(e *einvoice) (broken []*node) {
			currency := e.root.value("cbc:DocumentCurrencyCode")
			e.root.walk(func(n *node) {
				if given, ok := n.attributes["currencyID"]; ok && given != currency {
					broken = append(broken, n)
				}
			})
			return broken
		}},
		{"PEPPOL-EN16931-R053", func(e *einvoice) []*node {
			return unless(len(each(e.at("cac:TaxTotal"), func(n *node) bool { return !n.has("cac:TaxSubtotal") })) == 1, e.root)
		}},
		{"PEPPOL-EN16931-R054", func(e *einvoice) []*node { // we give no tax currency
			return unless(e.root.has("cbc:TaxCurrencyCode") || len(each(e.at("cac:TaxTotal"), func(n *node) bool { return n.has("cac:TaxSubtotal") })) == 0, e.root)
		}},
		{"PEPPOL-EN16931-R061", func(e *einvoice) []*node {
			return each(e.at("cac:PaymentMeans"), func(n *node) bool {
				debit := slices.Contains([]string{"49", "59"}, n.value("cbc:PaymentMeansCode"))
				return !debit || n.has("cac:PaymentMandate/cbc:ID")
			})
		}},
	}
}

func peppolLines() []rule {
	within := func(name string, ok func(line, document string) bool) func(*einvoice) []*node {
		return func(e *einvoice) []*node {
			bound := e.root.value("cac:InvoicePeriod/" + name)
			return each(e.at("line/cac:InvoicePeriod/"+name), func(n *node) bool { return bound == "" || ok(n.value(""), bound) })
		}
	}
	return []rule{
		{"PEPPOL-EN16931-R110", within("cbc:StartDate", func(line, document string) bool { return line >= document })},
		{"PEPPOL-EN16931-R111", within("cbc:EndDate", func(line, document string) bool { return line <= document })},
		{"PEPPOL-EN16931-R120", func(e *einvoice) []*node { return each(e.lines, e.product) }},
		{"PEPPOL-EN16931-R121", func(e *einvoice) []*node {
			return each(e.at("line/cac:Price/cbc:BaseQuantity"), func(n *node) bool { return n.number("").Sign() > 0 })
		}},
		{"PEPPOL-EN16931-R130", func(e *einvoice) []*node {
			return each(e.lines, func(l *node) bool {
				base, quantity := l.first("cac:Price/cbc:BaseQuantity"), l.first(e.quantity())
				return base == nil || quantity == nil || base.attributes["unitCode"] == quantity.attributes["unitCode"]
			})
		}},
	}
}

// product reports whether the amount of a line is its quantity times its price, to two hundredths.
func (e *einvoice) product(l *node) bool {
	each := l.number("cac:Price/cbc:PriceAmount")
	if base := l.number("cac:Price/cbc:BaseQuantity"); base.Sign() != 0 {
		each = each.Quo(base)
	}
	off := l.number("cbc:LineExtensionAmount").Sub(each.Mul(l.number(e.quantity())))
	return magnitude(off).Cmp(exact.Fraction(2, 100)) <= 0
}

// codes has the rules about the form of codes, ids and dates.
func codes() []rule {
	oneOf := func(path string, codes ...string) func(*einvoice) []*node {
		return func(e *einvoice) []*node {
			return each(e.at(path), func(n *node) bool { return slices.Contains(codes, n.value("")) })
		}
	}
	return []rule{
		{"PEPPOL-EN16931-P0100", oneOf("cbc:InvoiceTypeCode", "71", "80", "82", "84", "102", "218", "219", "331", "380", "382", "383", "386", "388", "393", "395", "553", "575", "623", "780", "817", "870", "875", "876", "877")},
		{"PEPPOL-EN16931-P0101", oneOf("cbc:CreditNoteTypeCode", "381", "396", "81", "83", "532")},
		{"PEPPOL-EN16931-F001", func(e *einvoice) (broken []*node) {
			e.root.walk(func(n *node) {
				if !strings.HasSuffix(n.name, "Date") {
					return
				}
				if _, err := time.Parse(time.DateOnly, n.value("")); err != nil {
					broken = append(broken, n)
				}
			})
			return broken
		}},
		{"BR-CL-14", func(e *einvoice) (broken []*node) {
			e.root.walk(func(n *node) {
				if n.name == "cbc:IdentificationCode" && !letters(n.value(""), 2) {
					broken = append(broken, n)
				}
			})
			return broken
		}},
		{"BR-CL-23", func(e *einvoice) (broken []*node) { // of the list, what our documents count in
			e.root.walk(func(n *node) {
				if unit, ok := n.attributes["unitCode"]; ok && !slices.Contains([]string{"KWH", "HUR", "MIN", "C62"}, unit) {
					broken = append(broken, n)
				}
			})
			return broken
		}},
		{"BR-CL-25", func(e *einvoice) []*node {
			return each(slices.Concat(e.at(seller+"/cbc:EndpointID"), e.at(buyer+"/cbc:EndpointID")), func(n *node) bool {
				scheme := n.attributes["schemeID"]
				return len(scheme) == 4 && number(scheme) || scheme == "EM" || scheme == "AN" || scheme == "AQ" || scheme == "AS" || scheme == "AU"
			})
		}},
		{"BR-CO-09", func(e *einvoice) []*node {
			return each(slices.Concat(e.at(seller+"/cac:PartyTaxScheme"), e.at(buyer+"/cac:PartyTaxScheme")), func(n *node) bool {
				id := n.value("cbc:CompanyID")
				return n.value("cac:TaxScheme/cbc:ID") != "VAT" || len(id) > 2 && letters(id[:2], 2)
			})
		}},
		{"PEPPOL-COMMON-R040", func(e *einvoice) []*node {
			return each(slices.Concat(e.at(seller+"/cbc:EndpointID"), e.at(buyer+"/cbc:EndpointID")), func(n *node) bool {
				return n.attributes["schemeID"] != "0088" || gln(n.value(""))
			})
		}},
		{"UBL-ORDER", func(e *einvoice) (broken []*node) {
			order := sequences()
			e.root.walk(func(n *node) {
				if !ordered(n, order[n.name]) {
					broken = append(broken, n)
				}
			})
			return broken
		}},
	}
}

func number(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

func letters(text string, count int) bool {
	return len(text) == count && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// gln reports whether a number of GS1 has the check digit that its others give.
func gln(text string) bool {
	if !number(text) {
		return false
	}
	sum := 0
	for i := range len(text) {
		digit := int(text[len(text)-1-i] - '0')
		if i%2 == 1 {
			digit *= 3
		}
		sum += digit
	}
	return sum%10 == 0
}

// ordered reports whether the children of an element stand in the order of UBL's
// schema, and are ones that we know.
func ordered(n *node, sequence []string) bool {
	at := 0
	for _, child := range n.children {
		place := slices.Index(sequence[at:], child.name)
		if place < 0 {
			return false
		}
		at += place
	}
	return true
}
