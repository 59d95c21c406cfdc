package station

import "pylon/internal/kernel/ident"

// Filter chooses stations of an organisation; a zero field does not choose.
type Filter struct {
	Status       []Status // one of its connectors has one of these
	Site         ident.SiteID
	Registration Registration
	Online       *bool
	Query        string  // part of identity, name, vendor, model or serial, without case
	Variable     string  // [device.Name.Key] of an indexed variable that it, or one of its EVSEs, has
	Value        *string // of that variable; nil: any
}

// FindingFilter chooses findings of an organisation; a zero field does not
// choose.
type FindingFilter struct {
	Station ident.StationID
	Session ident.SessionID
	Code    []FindingCode
	Open    bool // only those that nothing has resolved
}
