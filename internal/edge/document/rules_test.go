package document_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/edge/document/ubl"
)

// change makes a good e-invoice a bad one. It returns its argument when it does
// not fit, which the test notices.
type change func(string) string

// swap puts one text in the place of another, the first time.
func swap(old, text string) change {
	return func(x string) string { return strings.Replace(x, old, text, 1) }
}

// cut takes the first element of a name out, after a text.
func cut(after, name string) change {
	element := regexp.MustCompile(`(?s)<` + name + `[ >].*?</` + name + `>\s*`)
	return func(x string) string {
		head, tail, found := strings.Cut(x, after)
		at := element.FindStringIndex(tail)
		if !found || at == nil {
			return x
		}
		return head + after + tail[:at[0]] + tail[at[1]:]
	}
}

// put writes a text behind another.
func put(after, text string) change { return swap(after, after+text) }

// taxless is the invoice at a rate of 0, for a reason.
func taxless(category billing.TaxCategory) *billing.Document {
	d := invoice()
	for i := range d.Lines {
		d.Lines[i].VAT = number("0")
	}
	d.Relief = billing.Relief{Category: category}
	return settle(d)
}

// bases are the good e-invoices that are spoilt.
func bases() map[string]*billing.Document {
	return map[string]*billing.Document{
		"net": invoice(), "credit": creditNote(), "Z": taxless(billing.ZeroRated), "E": taxless(billing.Exempt), "AE": taxless(billing.ReverseCharge),
		"gross": statement(5, "en"),
	}
}

const (
	buyerAt    = "<cac:AccountingCustomerParty>"
	taxAt      = "<cac:TaxTotal>"
	subtotalAt = "<cac:TaxSubtotal>"
	totalsAt   = "<cac:LegalMonetaryTotal>"
	lineAt     = "<cac:InvoiceLine>"
	creditAt   = "<cac:CreditNoteLine>"
	periodAt   = "<cbc:BuyerReference>"
)

// spoilt has for each rule ways to break it: the base, and what is changed.
func spoilt() map[string][]struct {
	base string
	how  change
} {
	type way = struct {
		base string
		how  change
	}
	asCharge := swap("<cbc:ChargeIndicator>false", "<cbc:ChargeIndicator>true")
	both := func(a, b change) change { return func(x string) string { return b(a(x)) } }
	out := map[string][]way{
		"BR-01": {{"net", cut("", "cbc:CustomizationID")}},
		"BR-02": {{"net", cut("", "cbc:ID")}},
		"BR-03": {{"net", cut("", "cbc:IssueDate")}},
		"BR-04": {{"net", cut("", "cbc:InvoiceTypeCode")}, {"credit", cut("", "cbc:CreditNoteTypeCode")}},
		"BR-05": {{"net", cut("", "cbc:DocumentCurrencyCode")}},
		"BR-06": {{"net", cut("", "cac:PartyLegalEntity")}},
		"BR-07": {{"net", cut(buyerAt, "cac:PartyLegalEntity")}},
		"BR-08": {{"net", cut("", "cac:PostalAddress")}},
		"BR-09": {{"net", cut("", "cac:Country")}},
		"BR-10": {{"net", cut(buyerAt, "cac:PostalAddress")}},
		"BR-11": {{"net", cut(buyerAt, "cac:Country")}},
		"BR-12": {{"net", cut(totalsAt, "cbc:LineExtensionAmount")}},
		"BR-13": {{"net", cut(totalsAt, "cbc:TaxExclusiveAmount")}},
		"BR-14": {{"net", cut(totalsAt, "cbc:TaxInclusiveAmount")}},
		"BR-15": {{"net", cut(totalsAt, "cbc:PayableAmount")}},
		"BR-16": {{"net", func(x string) string {
			return regexp.MustCompile(`(?s)<cac:InvoiceLine>.*</cac:InvoiceLine>`).ReplaceAllString(x, "")
		}}},
		"BR-21":    {{"net", cut(lineAt, "cbc:ID")}},
		"BR-22":    {{"net", cut(lineAt, "cbc:InvoicedQuantity")}, {"credit", cut(creditAt, "cbc:CreditedQuantity")}},
		"BR-23":    {{"net", swap(`<cbc:InvoicedQuantity unitCode="KWH">`, "<cbc:InvoicedQuantity>")}},
		"BR-24":    {{"net", cut(lineAt, "cbc:LineExtensionAmount")}},
		"BR-25":    {{"net", cut(lineAt, "cbc:Name")}},
		"BR-26":    {{"net", cut(lineAt, "cbc:PriceAmount")}},
		"BR-27":    {{"net", swap(`<cbc:PriceAmount currencyID="EUR">`, `<cbc:PriceAmount currencyID="EUR">-`)}},
		"BR-29":    {{"net", swap("<cbc:EndDate>2026-11-30", "<cbc:EndDate>2026-10-31")}},
		"BR-30":    {{"net", swap("<cbc:EndDate>2026-11-14", "<cbc:EndDate>2026-11-13")}},
		"BR-31":    {{"net", cut("", "cbc:Amount")}},
		"BR-32":    {{"net", cut("<cac:TaxCategory>", "cbc:ID")}},
		"BR-33":    {{"net", cut("", "cbc:AllowanceChargeReason")}},
		"BR-36":    {{"net", both(asCharge, cut("", "cbc:Amount"))}},
		"BR-37":    {{"net", both(asCharge, cut("<cac:TaxCategory>", "cbc:ID"))}},
		"BR-38":    {{"net", both(asCharge, cut("", "cbc:AllowanceChargeReason"))}},
		"BR-45":    {{"net", cut("", "cbc:TaxableAmount")}},
		"BR-46":    {{"net", cut(subtotalAt, "cbc:TaxAmount")}},
		"BR-47":    {{"net", cut(subtotalAt, "cbc:ID")}},
		"BR-48":    {{"net", cut(subtotalAt, "cbc:Percent")}},
		"BR-49":    {{"net", cut("", "cbc:PaymentMeansCode")}},
		"BR-50":    {{"net", cut("<cac:PayeeFinancialAccount>", "cbc:ID")}},
		"BR-55":    {{"net", cut("<cac:InvoiceDocumentReference>", "cbc:ID")}},
		"BR-61":    {{"net", cut("", "cac:PayeeFinancialAccount")}},
		"BR-62":    {{"net", swap(` schemeID="0088"`, "")}},
		"BR-63":    {{"net", swap(` schemeID="9930"`, "")}},
		"BR-CO-04": {{"net", cut(lineAt, "cac:ClassifiedTaxCategory")}},
		"BR-CO-09": {{"net", swap("<cbc:CompanyID>DE8", "<cbc:CompanyID>8")}},
		"BR-CO-10": {{"net", swap(">107.69<", ">107.70<")}, {"gross", swap(">0.29<", ">0.30<")}},
		"BR-CO-11": {{"net", swap(`<cbc:AllowanceTotalAmount currencyID="EUR">10.00`, `<cbc:AllowanceTotalAmount currencyID="EUR">10.01`)}, {"net", cut("", "cac:AllowanceCharge")}},
		"BR-CO-12": {{"net", asCharge}, {"net", put("</cbc:AllowanceTotalAmount>", `<cbc:ChargeTotalAmount currencyID="EUR">1</cbc:ChargeTotalAmount>`)}},
		"BR-CO-13": {{"net", swap(">97.69<", ">97.70<")}},
		"BR-CO-14": {{"net", swap(">19.01<", ">19.02<")}},
		"BR-CO-15": {{"net", swap(">116.70<", ">116.71<")}},
		"BR-CO-16": {{"net", swap(`<cbc:PayableAmount currencyID="EUR">116.70<`, `<cbc:PayableAmount currencyID="EUR">116.69<`)}, {"credit", cut("", "cbc:PrepaidAmount")}},
		"BR-CO-17": {{"net", swap(">17.16<", ">17.18<")}, {"net", swap(">17.16<", ">17.14<")}},
		"BR-CO-18": {{"net", func(x string) string {
			return regexp.MustCompile(`(?s)<cac:TaxSubtotal>.*</cac:TaxSubtotal>`).ReplaceAllString(x, "")
		}}},
		"BR-CO-19": {{"net", both(cut(periodAt, "cbc:StartDate"), cut(periodAt, "cbc:EndDate"))}},
		"BR-CO-20": {{"net", both(cut(lineAt, "cbc:StartDate"), cut(lineAt, "cbc:EndDate"))}},
		"BR-CO-25": {{"net", both(cut("", "cbc:DueDate"), cut("", "cac:PaymentTerms"))}},
		"BR-CO-26": {{"net", both(cut("", "cac:PartyTaxScheme"), cut("<cac:PartyLegalEntity>", "cbc:CompanyID"))}},
		"UBL-DECIMAL": {
			{"net", swap(">107.69<", ">107,69<")}, {"net", swap(">107.69<", ">1.0769e2<")}, {"net", swap("<cbc:Percent>19", "<cbc:Percent>19 %")},
		},
		"UBL-ORDER": {
			{"net", both(cut("", "cbc:IssueDate"), put("</cbc:DueDate>", "<cbc:IssueDate>2026-12-01</cbc:IssueDate>"))},
			{"net", put("</cbc:BuyerReference>", "<cbc:Whatever>1</cbc:Whatever>")},
			{"credit", put("</cbc:IssueDate>", "<cbc:DueDate>2026-12-15</cbc:DueDate>")},
		},
		"PEPPOL-EN16931-R001": {{"net", cut("", "cbc:ProfileID")}},
		"PEPPOL-EN16931-R002": {{"net", put("</cbc:InvoiceTypeCode>", "<cbc:Note>1</cbc:Note><cbc:Note>2</cbc:Note>")}},
		"PEPPOL-EN16931-R003": {{"net", cut("", "cbc:BuyerReference")}},
		"PEPPOL-EN16931-R004": {{"net", swap("billing:3.0<", "billing:2.0<")}},
		"PEPPOL-EN16931-R007": {{"net", swap("billing:01:1.0<", "billing:1:1.0<")}, {"net", swap("billing:01:1.0<", "billing:0a:1.0<")}},
		"PEPPOL-EN16931-R008": {{"net", put("</cbc:InvoiceTypeCode>", "<cbc:Note> </cbc:Note>")}},
		"PEPPOL-EN16931-R010": {{"net", cut(buyerAt, "cbc:EndpointID")}},
		"PEPPOL-EN16931-R020": {{"net", cut("", "cbc:EndpointID")}},
		"PEPPOL-EN16931-R041": {{"net", put("</cbc:AllowanceChargeReason>", "<cbc:MultiplierFactorNumeric>10</cbc:MultiplierFactorNumeric>")}},
		"PEPPOL-EN16931-R042": {{"net", put(`<cbc:Amount currencyID="EUR">10.00</cbc:Amount>`, `<cbc:BaseAmount currencyID="EUR">100</cbc:BaseAmount>`)}},
		"PEPPOL-EN16931-R043": {{"net", swap("<cbc:ChargeIndicator>false", "<cbc:ChargeIndicator>no")}},
		"PEPPOL-EN16931-R051": {{"net", swap(`<cbc:TaxableAmount currencyID="EUR"`, `<cbc:TaxableAmount currencyID="SEK"`)}},
		"PEPPOL-EN16931-R053": {{"net", func(x string) string {
			total := regexp.MustCompile(`(?s)<cac:TaxTotal>.*</cac:TaxTotal>`)
			return total.ReplaceAllStringFunc(x, func(found string) string { return found + found })
		}}},
		"PEPPOL-EN16931-R054":  {{"net", put("</cac:TaxTotal>", `<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">19.01</cbc:TaxAmount></cac:TaxTotal>`)}},
		"PEPPOL-EN16931-R061":  {{"net", swap("<cbc:PaymentMeansCode>58", "<cbc:PaymentMeansCode>59")}},
		"PEPPOL-EN16931-R110":  {{"net", swap("<cbc:StartDate>2026-11-01", "<cbc:StartDate>2026-11-15")}},
		"PEPPOL-EN16931-R111":  {{"net", swap("<cbc:EndDate>2026-11-30", "<cbc:EndDate>2026-11-28")}},
		"PEPPOL-EN16931-R120":  {{"net", swap(">0.4958<", ">0.4968<")}, {"credit", swap(">0.495798<", ">0.59<")}},
		"PEPPOL-EN16931-R121":  {{"net", put("0.4958</cbc:PriceAmount>", `<cbc:BaseQuantity unitCode="KWH">0</cbc:BaseQuantity>`)}},
		"PEPPOL-EN16931-R130":  {{"net", put("0.4958</cbc:PriceAmount>", `<cbc:BaseQuantity unitCode="MIN">1</cbc:BaseQuantity>`)}},
		"PEPPOL-EN16931-P0100": {{"net", swap(">380<", ">381<")}},
		"PEPPOL-EN16931-P0101": {{"credit", swap(">381<", ">380<")}},
		"PEPPOL-EN16931-F001":  {{"net", swap(">2026-12-01<", ">01.12.2026<")}, {"net", swap(">2026-11-30<", ">2026-11-31<")}},
		"PEPPOL-COMMON-R040":   {{"net", swap("4012345000009", "4012345000008")}, {"net", swap("4012345000009", "40123450000x9")}},
		"BR-CL-14":             {{"net", swap(">DE</cbc:Id", ">Germany</cbc:Id")}, {"net", swap(">DE</cbc:Id", ">de</cbc:Id")}},
		"BR-CL-23":             {{"net", swap(`unitCode="KWH"`, `unitCode="kWh"`)}},
		"BR-CL-25":             {{"net", swap(`schemeID="0088"`, `schemeID="GLN"`)}},
	}
	for rule, at := range map[string]string{
		"BR-DEC-01": `<cbc:Amount currencyID="EUR">10.00`, "BR-DEC-09": `<cbc:LineExtensionAmount currencyID="EUR">107.69`,
		"BR-DEC-10": `<cbc:AllowanceTotalAmount currencyID="EUR">10.00`, "BR-DEC-12": `<cbc:TaxExclusiveAmount currencyID="EUR">97.69`,
		"BR-DEC-13": `<cbc:TaxAmount currencyID="EUR">19.01`, "BR-DEC-14": `<cbc:TaxInclusiveAmount currencyID="EUR">116.70`,
		"BR-DEC-18": `<cbc:PayableAmount currencyID="EUR">116.70`, "BR-DEC-19": `<cbc:TaxableAmount currencyID="EUR">90.29`,
		"BR-DEC-20": `<cbc:TaxAmount currencyID="EUR">17.16`, "BR-DEC-23": `<cbc:LineExtensionAmount currencyID="EUR">20.45`,
	} {
		out[rule] = []way{{"net", put(at, "0")}}
	}
	out["BR-DEC-11"] = []way{{"net", put("</cbc:AllowanceTotalAmount>", `<cbc:ChargeTotalAmount currencyID="EUR">1.000</cbc:ChargeTotalAmount>`)}}
	out["BR-DEC-16"] = []way{{"credit", put(`<cbc:PrepaidAmount currencyID="EUR">24.00`, "0")}}
	out["BR-DEC-17"] = []way{{"net", put("</cbc:AllowanceTotalAmount>", `<cbc:PayableRoundingAmount currencyID="EUR">0.000</cbc:PayableRoundingAmount>`)}}
	for _, c := range []struct{ id, base, rate string }{{"S", "net", "19"}, {"Z", "Z", "0"}, {"E", "E", "0"}, {"AE", "AE", "0"}} {
		name := func(number string) string { return "BR-" + c.id + "-" + number }
		category, wrong := "<cbc:ID>"+c.id+"</cbc:ID>", "1"
		if c.id == "S" {
			wrong = "0"
		}
		rate := func(after string) change {
			return func(x string) string {
				head, tail, _ := strings.Cut(x, after)
				return head + after + strings.Replace(tail, "<cbc:Percent>"+c.rate, "<cbc:Percent>"+wrong, 1)
			}
		}
		out[name("01")] = []way{{c.base, func(x string) string { // the taxes do not know the category
			head, tail, _ := strings.Cut(x, taxAt)
			tax, tail, _ := strings.Cut(tail, totalsAt)
			return head + taxAt + strings.ReplaceAll(tax, category, "<cbc:ID>X</cbc:ID>") + totalsAt + tail
		}}}
		out[name("02")] = []way{{c.base, cut("", "cac:PartyTaxScheme")}}
		out[name("05")] = []way{{c.base, rate(lineAt)}}
		out[name("06")] = []way{{c.base, rate("<cac:AllowanceCharge>")}}
		out[name("08")] = []way{{c.base, func(x string) string {
			return regexp.MustCompile(`(<cbc:TaxableAmount currencyID="EUR">\d+\.)\d\d`).ReplaceAllString(x, "${1}77")
		}}}
		out[name("09")] = []way{{c.base, func(x string) string {
			head, tail, _ := strings.Cut(x, subtotalAt)
			return head + subtotalAt + regexp.MustCompile(`(<cbc:TaxAmount currencyID="EUR">)\d+\.\d\d`).ReplaceAllString(tail, "${1}3.33")
		}}}
		reason := "<cbc:TaxExemptionReason>because</cbc:TaxExemptionReason>"
		out[name("10")] = []way{{c.base, func(x string) string {
			head, tail, _ := strings.Cut(x, subtotalAt)
			if c.id == "S" || c.id == "Z" {
				return head + subtotalAt + put("</cbc:Percent>", reason)(tail)
			}
			return head + subtotalAt + cut("", "cbc:TaxExemptionReason")(tail)
		}}}
	}
	out["BR-AE-02"] = append(out["BR-AE-02"], way{"AE", cut(buyerAt, "cac:PartyTaxScheme")})
	return out
}

func TestEachRuleIsKeptAndCanBeBroken(t *testing.T) {
	p := press(t)
	good := map[string]string{}
	for name, d := range bases() {
		x, err := p.UBL(d)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		good[name] = string(x)
		if breaches, err := ubl.Check(x); err != nil || len(breaches) > 0 {
			t.Errorf("%s: got %v, %v, want no breach", name, breaches, err)
		}
	}
	ways := spoilt()
	for _, rule := range ubl.Rules() {
		if len(ways[rule]) == 0 {
			t.Errorf("%s: nothing breaks it", rule)
		}
		for i, way := range ways[rule] {
			bad := way.how(good[way.base])
			if bad == good[way.base] {
				t.Errorf("%s: way %d changes nothing", rule, i)
			}
			breaches, err := ubl.Check([]byte(bad))
			if err != nil {
				t.Errorf("%s: way %d: %v", rule, i, err)
			}
			if !breaks(breaches, rule) {
				t.Errorf("%s: way %d: got %v", rule, i, breaches)
			}
		}
		delete(ways, rule)
	}
	for rule := range ways {
		t.Errorf("%s: no such rule", rule)
	}
}

func breaks(breaches ubl.Breaches, rule string) bool {
	for _, b := range breaches {
		if b.Rule == rule {
			return true
		}
	}
	return false
}

func TestWhatIsNoInvoiceIsNotChecked(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no XML": "hello", "another root": "<a/>", "cut off": "<Invoice", "another namespace": `<Invoice xmlns="urn:x"/>`,
		"deep": strings.Repeat("<a>", 100),
	} {
		if breaches, err := ubl.Check([]byte(text)); err == nil {
			t.Errorf("%s: got %v, want an error", name, breaches)
		}
	}
}

// What cannot be an e-invoice is not made one, and the error says which rules are in the way.
func TestNoEInvoice(t *testing.T) {
	tests := []struct {
		name string
		d    *billing.Document
		rule string
	}{
		{"a receipt for somebody unknown", receipt(), "PEPPOL-EN16931-R010"},
		{"three digits", func() *billing.Document {
			d := foreign("KWD", "en")
			d.Customer, d.BuyerReference, d.DueAt = fleet(), "1", d.IssuedAt
			return d
		}(), "BR-DEC-23"},
		{"no due date", func() *billing.Document { d := invoice(); d.DueAt = time.Time{}; return d }(), "BR-CO-25"},
		{"no reference of the buyer", func() *billing.Document { d := invoice(); d.BuyerReference = ""; return d }(), "PEPPOL-EN16931-R003"},
		{"a wrong endpoint", func() *billing.Document { d := invoice(); d.Customer.Endpoint = "0088:4012345000008"; return d }(), "PEPPOL-COMMON-R040"},
		{"reverse charge to nobody known", func() *billing.Document { d := taxless(billing.ReverseCharge); d.Customer.TaxID = ""; return d }(), "BR-AE-02"},
	}
	for _, tt := range tests {
		_, err := press(t).UBL(tt.d)
		broken, ok := errors.AsType[ubl.Breaches](err)
		if !ok || !breaks(broken, tt.rule) {
			t.Errorf("%s: got %v, want a breach of %s", tt.name, err, tt.rule)
		}
	}
}
