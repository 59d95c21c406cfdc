package ubl

import "encoding/xml"

// The elements of UBL that we write, in the order of its schema. Those that are
// empty are left out: Peppol takes no empty element.

type invoice struct {
	XMLName            xml.Name
	Namespace          string       `xml:"xmlns,attr"`
	Aggregates         string       `xml:"xmlns:cac,attr"`
	Basics             string       `xml:"xmlns:cbc,attr"`
	Customization      string       `xml:"cbc:CustomizationID"`
	Profile            string       `xml:"cbc:ProfileID"`
	ID                 string       `xml:"cbc:ID"`
	IssueDate          string       `xml:"cbc:IssueDate"`
	DueDate            string       `xml:"cbc:DueDate,omitempty"`
	InvoiceTypeCode    string       `xml:"cbc:InvoiceTypeCode,omitempty"`
	CreditNoteTypeCode string       `xml:"cbc:CreditNoteTypeCode,omitempty"`
	Note               string       `xml:"cbc:Note,omitempty"`
	Currency           string       `xml:"cbc:DocumentCurrencyCode"`
	BuyerReference     string       `xml:"cbc:BuyerReference,omitempty"`
	Period             *period      `xml:"cac:InvoicePeriod"`
	Preceding          []preceding  `xml:"cac:BillingReference"`
	Supplier           *party       `xml:"cac:AccountingSupplierParty>cac:Party"`
	Customer           *party       `xml:"cac:AccountingCustomerParty>cac:Party"`
	Means              *means       `xml:"cac:PaymentMeans"`
	Terms              *terms       `xml:"cac:PaymentTerms"`
	Allowances         []allowance  `xml:"cac:AllowanceCharge"`
	Tax                taxTotal     `xml:"cac:TaxTotal"`
	Totals             totals       `xml:"cac:LegalMonetaryTotal"`
	Lines              []line       `xml:"cac:InvoiceLine"`
	CreditLines        []creditLine `xml:"cac:CreditNoteLine"`
}

type terms struct {
	Note string `xml:"cbc:Note"`
}

type period struct {
	Start string `xml:"cbc:StartDate"`
	End   string `xml:"cbc:EndDate"`
}

type preceding struct {
	ID        string `xml:"cac:InvoiceDocumentReference>cbc:ID"`
	IssueDate string `xml:"cac:InvoiceDocumentReference>cbc:IssueDate"`
}

type identifier struct {
	Scheme string `xml:"schemeID,attr,omitempty"`
	Value  string `xml:",chardata"`
}

type party struct {
	Endpoint *identifier `xml:"cbc:EndpointID"`
	Name     *partyName  `xml:"cac:PartyName"`
	Address  *address    `xml:"cac:PostalAddress"`
	Tax      *taxScheme  `xml:"cac:PartyTaxScheme"`
	Legal    *legal      `xml:"cac:PartyLegalEntity"`
	Contact  *contact    `xml:"cac:Contact"`
}

type partyName struct {
	Name string `xml:"cbc:Name"`
}

type address struct {
	Street  string   `xml:"cbc:StreetName,omitempty"`
	City    string   `xml:"cbc:CityName,omitempty"`
	Postal  string   `xml:"cbc:PostalZone,omitempty"`
	Country *country `xml:"cac:Country"`
}

type country struct {
	Code string `xml:"cbc:IdentificationCode"`
}

type taxScheme struct {
	ID     string `xml:"cbc:CompanyID"`
	Scheme string `xml:"cac:TaxScheme>cbc:ID"`
}

type legal struct {
	Name         string `xml:"cbc:RegistrationName"`
	Registration string `xml:"cbc:CompanyID,omitempty"`
}

type contact struct {
	Phone string `xml:"cbc:Telephone,omitempty"`
	Mail  string `xml:"cbc:ElectronicMail,omitempty"`
}

type means struct {
	Code    string  `xml:"cbc:PaymentMeansCode"`
	ID      string  `xml:"cbc:PaymentID"`
	Account account `xml:"cac:PayeeFinancialAccount"`
}

type account struct {
	ID   string `xml:"cbc:ID"`
	Name string `xml:"cbc:Name,omitempty"`
}

type amount struct {
	Currency string `xml:"currencyID,attr"`
	Value    string `xml:",chardata"`
}

type quantity struct {
	Unit  string `xml:"unitCode,attr"`
	Value string `xml:",chardata"`
}

type category struct {
	ID      string `xml:"cbc:ID"`
	Percent string `xml:"cbc:Percent"`
	Reason  string `xml:"cbc:TaxExemptionReason,omitempty"`
	Scheme  string `xml:"cac:TaxScheme>cbc:ID"`
}

type allowance struct {
	Charge   bool     `xml:"cbc:ChargeIndicator"`
	Reason   string   `xml:"cbc:AllowanceChargeReason"`
	Amount   amount   `xml:"cbc:Amount"`
	Category category `xml:"cac:TaxCategory"`
}

type taxTotal struct {
	Amount    amount     `xml:"cbc:TaxAmount"`
	Subtotals []subtotal `xml:"cac:TaxSubtotal"`
}

type subtotal struct {
	Taxable  amount   `xml:"cbc:TaxableAmount"`
	Tax      amount   `xml:"cbc:TaxAmount"`
	Category category `xml:"cac:TaxCategory"`
}

type totals struct {
	Lines      amount  `xml:"cbc:LineExtensionAmount"`
	Exclusive  amount  `xml:"cbc:TaxExclusiveAmount"`
	Inclusive  amount  `xml:"cbc:TaxInclusiveAmount"`
	Allowances *amount `xml:"cbc:AllowanceTotalAmount"`
	Prepaid    *amount `xml:"cbc:PrepaidAmount"`
	Payable    amount  `xml:"cbc:PayableAmount"`
}

type line struct {
	ID       string    `xml:"cbc:ID"`
	Quantity *quantity `xml:"cbc:InvoicedQuantity"`
	lineRest
}

type creditLine struct {
	ID       string    `xml:"cbc:ID"`
	Quantity *quantity `xml:"cbc:CreditedQuantity"`
	lineRest
}

// lineRest is what lines of both kinds have.
type lineRest struct {
	Amount amount  `xml:"cbc:LineExtensionAmount"`
	Cost   string  `xml:"cbc:AccountingCost,omitempty"`
	Period *period `xml:"cac:InvoicePeriod"`
	Item   item    `xml:"cac:Item"`
	Price  price   `xml:"cac:Price"`
}

type item struct {
	Description string   `xml:"cbc:Description,omitempty"`
	Name        string   `xml:"cbc:Name"`
	Category    category `xml:"cac:ClassifiedTaxCategory"`
}

type price struct {
	Amount amount    `xml:"cbc:PriceAmount"`
	Base   *quantity `xml:"cbc:BaseQuantity"`
}
