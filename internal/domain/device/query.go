package device

import "pylon/internal/kernel/ident"

// DesiredFilter chooses desired values of an organisation's stations; a zero
// field does not choose.
type DesiredFilter struct {
	Station  ident.StationID
	State    []State
	Variable string // [Name.Key]
}

// Wanted is a desired value with the station that shall have it.
type Wanted struct {
	Station  ident.StationID
	Identity ident.Identity
	Desired
}
