package ubl

import (
	"fmt"
	"slices"
	"strings"
)

// Breach is a rule that an e-invoice breaks.
type Breach struct {
	Rule  string // as EN 16931 and Peppol name it
	Where string // the element
}

// Breaches are all of an e-invoice, in the order of the rules.
type Breaches []Breach

// breachesTold is how many breaches an error names: with ten somebody knows where to begin.
const breachesTold = 10

// Error names the rules and the elements.
func (b Breaches) Error() string {
	var texts []string
	for _, breach := range b[:min(len(b), breachesTold)] {
		texts = append(texts, breach.Rule+" at "+breach.Where)
	}
	if more := len(b) - breachesTold; more > 0 {
		texts = append(texts, fmt.Sprintf("%d more", more))
	}
	return "breaks " + strings.Join(texts, ", ")
}

// rule is one rule: broken returns the elements that break it.
type rule struct {
	id     string
	broken func(e *einvoice) []*node
}

// einvoice is what the rules look at.
type einvoice struct {
	root   *node
	credit bool
	lines  []*node
}

// Check reads an e-invoice and returns the rules that it breaks, none when it is
// good. It checks what concerns figures, and which elements there must and may be; of code lists and
// national rules it knows what our own documents can get wrong. What is no UBL at all is an error.
func Check(data []byte) (Breaches, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	if root.name != "Invoice" && root.name != "CreditNote" {
		return nil, fmt.Errorf("%w: the root is %s", errSyntax, root.name)
	}
	e := &einvoice{root: root, credit: root.name == "CreditNote"}
	e.lines = root.all("cac:" + root.name + "Line")
	var breaches Breaches
	for _, r := range rules() {
		for _, n := range r.broken(e) {
			breaches = append(breaches, Breach{r.id, n.where()})
		}
	}
	return breaches, nil
}

// Rules returns the names of all rules that [Check] knows.
func Rules() []string {
	var ids []string
	for _, r := range rules() {
		ids = append(ids, r.id)
	}
	return ids
}

func rules() []rule {
	return slices.Concat(presence(), arithmetic(), categories(), peppol())
}

// unless returns n alone when ok is false: the form of a rule about one element.
func unless(ok bool, n *node) []*node {
	if ok {
		return nil
	}
	return []*node{n}
}

// each returns those of nodes for which ok is false.
func each(nodes []*node, ok func(*node) bool) []*node {
	return slices.DeleteFunc(slices.Clone(nodes), ok)
}

// needs is the rule that every element at a path has something at another.
func needs(id, path string, wanted ...string) rule {
	return rule{id, func(e *einvoice) []*node {
		return each(e.at(path), func(n *node) bool { return slices.ContainsFunc(wanted, n.has) })
	}}
}

// at returns the elements at a path; "line" stands for the lines of either kind.
func (e *einvoice) at(path string) []*node {
	below, ofLine := strings.CutPrefix(path, "line")
	if !ofLine {
		return e.root.all(path)
	}
	var found []*node
	for _, l := range e.lines {
		found = append(found, l.all(strings.TrimPrefix(below, "/"))...)
	}
	return found
}

// quantity is what a line's quantity is called.
func (e *einvoice) quantity() string {
	if e.credit {
		return "cbc:CreditedQuantity"
	}
	return "cbc:InvoicedQuantity"
}

const (
	seller    = "cac:AccountingSupplierParty/cac:Party"
	buyer     = "cac:AccountingCustomerParty/cac:Party"
	monetary  = "cac:LegalMonetaryTotal"
	charges   = "cac:AllowanceCharge"
	subtotals = "cac:TaxTotal/cac:TaxSubtotal"
)

// presence has the rules about what must be there.
func presence() []rule {
	of := func(id, charge string, wanted ...string) rule {
		return rule{id, func(e *einvoice) []*node {
			return each(e.at(charges), func(n *node) bool {
				return n.value("cbc:ChargeIndicator") != charge || slices.ContainsFunc(wanted, n.has)
			})
		}}
	}
	const allowance, charge = "false", "true"
	return []rule{
		needs("BR-01", "", "cbc:CustomizationID"),
		needs("BR-02", "", "cbc:ID"),
		needs("BR-03", "", "cbc:IssueDate"),
		needs("BR-04", "", "cbc:InvoiceTypeCode", "cbc:CreditNoteTypeCode"),
		needs("BR-05", "", "cbc:DocumentCurrencyCode"),
		needs("BR-06", "", seller+"/cac:PartyLegalEntity/cbc:RegistrationName"),
		needs("BR-07", "", buyer+"/cac:PartyLegalEntity/cbc:RegistrationName"),
		needs("BR-08", "", seller+"/cac:PostalAddress"),
		needs("BR-09", seller, "cac:PostalAddress/cac:Country/cbc:IdentificationCode"),
		needs("BR-10", "", buyer+"/cac:PostalAddress"),
		needs("BR-11", buyer, "cac:PostalAddress/cac:Country/cbc:IdentificationCode"),
		needs("BR-12", "", monetary+"/cbc:LineExtensionAmount"),
		needs("BR-13", "", monetary+"/cbc:TaxExclusiveAmount"),
		needs("BR-14", "", monetary+"/cbc:TaxInclusiveAmount"),
		needs("BR-15", "", monetary+"/cbc:PayableAmount"),
		{"BR-16", func(e *einvoice) []*node { return unless(len(e.lines) > 0, e.root) }},
		needs("BR-21", "line", "cbc:ID"),
		{"BR-22", func(e *einvoice) []*node {
			return each(e.lines, func(n *node) bool { return n.has(e.quantity()) })
		}},
		{"BR-23", func(e *einvoice) []*node {
			return each(e.at("line/"+e.quantity()), func(n *node) bool { return n.attributes["unitCode"] != "" })
		}},
		needs("BR-24", "line", "cbc:LineExtensionAmount"),
		needs("BR-25", "line", "cac:Item/cbc:Name"),
		needs("BR-26", "line", "cac:Price/cbc:PriceAmount"),
		of("BR-31", allowance, "cbc:Amount"),
		of("BR-32", allowance, "cac:TaxCategory/cbc:ID"),
		of("BR-33", allowance, "cbc:AllowanceChargeReason", "cbc:AllowanceChargeReasonCode"),
		of("BR-36", charge, "cbc:Amount"),
		of("BR-37", charge, "cac:TaxCategory/cbc:ID"),
		of("BR-38", charge, "cbc:AllowanceChargeReason", "cbc:AllowanceChargeReasonCode"),
		needs("BR-45", subtotals, "cbc:TaxableAmount"),
		needs("BR-46", subtotals, "cbc:TaxAmount"),
		needs("BR-47", subtotals, "cac:TaxCategory/cbc:ID"),
		needs("BR-48", subtotals, "cac:TaxCategory/cbc:Percent"),
		needs("BR-49", "cac:PaymentMeans", "cbc:PaymentMeansCode"),
		needs("BR-50", "cac:PaymentMeans/cac:PayeeFinancialAccount", "cbc:ID"),
		needs("BR-55", "cac:BillingReference", "cac:InvoiceDocumentReference/cbc:ID"),
		{"BR-61", func(e *einvoice) []*node {
			return each(e.at("cac:PaymentMeans"), func(n *node) bool {
				transfer := slices.Contains([]string{"30", "58"}, n.value("cbc:PaymentMeansCode"))
				return !transfer || n.has("cac:PayeeFinancialAccount/cbc:ID")
			})
		}},
		{"BR-62", hasScheme(seller)},
		{"BR-63", hasScheme(buyer)},
		needs("BR-CO-04", "line", "cac:Item/cac:ClassifiedTaxCategory/cbc:ID"),
		needs("BR-CO-18", "", subtotals),
		needs("BR-CO-19", "cac:InvoicePeriod", "cbc:StartDate", "cbc:EndDate"),
		needs("BR-CO-20", "line/cac:InvoicePeriod", "cbc:StartDate", "cbc:EndDate"),
		needs("BR-CO-26", seller, "cac:PartyTaxScheme/cbc:CompanyID", "cac:PartyIdentification/cbc:ID", "cac:PartyLegalEntity/cbc:CompanyID"),
	}
}

func hasScheme(party string) func(*einvoice) []*node {
	return func(e *einvoice) []*node {
		return each(e.at(party+"/cbc:EndpointID"), func(n *node) bool { return n.attributes["schemeID"] != "" })
	}
}
