package command

import "pylon/internal/kernel/ident"

// Filter chooses commands of an organisation; a zero field does not choose.
type Filter struct {
	Station ident.StationID
	State   []State
}
