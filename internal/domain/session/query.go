package session

import (
	"time"

	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/unit"
)

// Filter chooses sessions of an organisation; a zero field does not choose.
type Filter struct {
	Status  []Status
	Station ident.StationID
	Token   ident.TokenID
	From    time.Time // started at or after
	To      time.Time // started before
}

// Totals is an organisation at a glance.
type Totals struct {
	Stations    int
	Online      int
	Sessions    int           // open ones
	Power       unit.Watt     // sum of the last samples of open sessions
	EnergyToday unit.WattHour // of sessions that began since the given time
}

// Ref names a session and where it is: rows of sessions are kept by station.
type Ref struct {
	Station ident.StationID
	Session ident.SessionID
}
