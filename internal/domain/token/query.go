package token

import "pylon/internal/kernel/ident"

// Filter chooses tokens of an organisation; a zero field does not choose.
type Filter struct {
	Status   []Status
	Group    string // uid of the group, compared as [Key] does
	Customer ident.CustomerID
	Query    string // part of uid or label, without case
}
