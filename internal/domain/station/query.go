package station

import "pylon/internal/kernel/ident"

// Filter chooses stations of an organisation; a zero field does not choose.
type Filter struct {
	Status       []Status // one of its connectors has one of these
	Site         ident.SiteID
	Registration Registration
	Online       *bool
	Query        string // part of identity, name, vendor, model or serial, without case
}

// FindingFilter chooses findings of an organisation; a zero field does not
// choose.
type FindingFilter struct {
	Station ident.StationID
	Open    bool // only those that nothing has resolved
}
