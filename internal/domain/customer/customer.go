// Package customer holds who pays: a person or a company whose tokens charge. What
// is known of him stands in his row, and in the documents that he was given;
// everything else names him by his identifier.
package customer

import (
	"cmp"
	"strconv"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Customer is who pays for what is charged with his tokens.
type Customer struct {
	ID             ident.CustomerID
	Organisation   ident.OrganisationID
	Reference      string        // the operator's own number for him, unique in the organisation; "": none
	Party          billing.Party // as his documents name him
	Language       string        // of his documents; "": the organisation's
	Settlement     Settlement
	Contract       string   // with him: tariffs are assigned to it
	Groups         []string // of drivers that he is in, beside those of his tokens
	BuyerReference string   // that he wants on his invoices
	DueDays        int      // from the issue of an invoice
	CreatedAt      time.Time
	Version        int64
}

// Settlement is how a customer pays.
type Settlement string

// The settlements.
const (
	ByReceipt Settlement = "receipt" // each session by itself
	Monthly   Settlement = "monthly" // by one invoice a month
)

// Limits of what an operator says of a customer.
const (
	referenceMax = 64
	wordMax      = 64 // that of [pylon/internal/domain/tariff.Assignment]
	groupsMax    = 20 // all of them are looked at when a session begins
	orderMax     = 100
	dueMax       = 365
)

// Check returns the first thing that is wrong with a customer, as
// [fault.Invalid]. Whoever pays by invoice has a name: an invoice without one is
// none (EN 16931, BR-07).
func (c *Customer) Check() error {
	err := cmp.Or(
		billing.Text("/reference", c.Reference, referenceMax),
		c.settles(),
		fault.Below("/party", c.Party.Check()),
		c.named(),
		c.speaks(),
		billing.Text("/contract", c.Contract, wordMax),
		billing.Text("/buyer_reference", c.BuyerReference, orderMax),
		c.due(),
		c.grouped(),
	)
	for i, group := range c.Groups {
		err = cmp.Or(err, groupName("/groups/"+strconv.Itoa(i), group))
	}
	return err
}

func (c *Customer) due() error {
	if c.DueDays < 0 || c.DueDays > dueMax {
		return fault.InvalidField("/due_days", "range", "must be 0 to 365")
	}
	return nil
}

func (c *Customer) grouped() error {
	if len(c.Groups) > groupsMax {
		return fault.InvalidField("/groups", "length", "has at most 20 groups")
	}
	return nil
}

func groupName(pointer, group string) error {
	if group == "" {
		return fault.InvalidField(pointer, "required", "must not be empty")
	}
	return billing.Text(pointer, group, wordMax)
}

func (c *Customer) settles() error {
	if c.Settlement == ByReceipt || c.Settlement == Monthly {
		return nil
	}
	return fault.InvalidField("/settlement", "enumeration", "must be one of receipt, monthly")
}

func (c *Customer) named() error {
	if c.Settlement == Monthly && c.Party.Name == "" {
		return fault.InvalidField("/party/name", "required", "is on every invoice")
	}
	return nil
}

func (c *Customer) speaks() error {
	if c.Language == "" {
		return nil
	}
	return billing.Spoken("/language", c.Language)
}

// Notice is the data of a customer event. It names nobody.
type Notice struct {
	ID         ident.CustomerID `json:"id"`
	Settlement Settlement       `json:"settlement"`
}

// Filter chooses customers of an organisation; a zero field does not choose.
type Filter struct {
	Reference  string
	Settlement Settlement
	Query      string // part of reference, name or mail, without case
}
