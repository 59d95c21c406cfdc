package tariff

import (
	"cmp"
	"slices"
	"time"

	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/unit"
)

// Assignment says that a tariff is for some drivers at some places during a
// time. What it leaves empty may be anything.
type Assignment struct {
	ID           ident.AssignmentID
	Organisation ident.OrganisationID
	Tariff       ident.TariffID
	From         time.Time // zero: always
	Until        time.Time // exclusive; zero: for ever
	CreatedAt    time.Time
	Version      int64 // of the row

	// Where.
	Site      ident.SiteID
	Station   ident.StationID
	EVSE      int           // of the station; 0: any
	Connector ConnectorType // what the EVSE's socket or plug is
	PowerFrom unit.Watt     // what the EVSE can give, inclusive; 0: any
	PowerTo   unit.Watt     // exclusive; 0: any

	// For whom: at most one of the three.
	Contract string // with the driver or his company
	Group    string // of drivers
	AdHoc    bool   // who pays without a contract
}

// ConnectorType is a kind of socket or plug, in OCPI's words, such as IEC_62196_T2_COMBO.
type ConnectorType string

// Place is where somebody charges.
type Place struct {
	Organisation ident.OrganisationID
	Site         ident.SiteID
	Station      ident.StationID
	EVSE         int
	Connector    ConnectorType
	Power        unit.Watt // what the EVSE can give; 0: not known, and no assignment by power matches
}

// Driver is who charges.
type Driver struct {
	Contract string
	Groups   []string
	AdHoc    bool
}

// Choose returns the assignment whose tariff a session has that starts at a
// moment; false when there is none. Of those that match, the most specific
// wins: the first of these that tells two apart decides.
//
//  1. For whom: a contract, a group, ad hoc, anybody. What was promised to
//     somebody is promised wherever he charges.
//  2. Where: an EVSE, a station, a site, anywhere.
//  3. A type of connector before any.
//  4. A class of power before any, and the narrower one.
//  5. What became valid later.
//  6. What was made later (the greater id).
//
// The order in which they are given does not matter.
func Choose(all []Assignment, place Place, driver Driver, at time.Time) (Assignment, bool) {
	var best *Assignment
	for i := range all {
		if a := &all[i]; a.matches(place, driver, at) && (best == nil || a.compare(best) > 0) {
			best = a
		}
	}
	if best == nil {
		return Assignment{}, false
	}
	return *best, true
}

func (a *Assignment) matches(p Place, d Driver, at time.Time) bool {
	return a.Organisation == p.Organisation &&
		!at.Before(a.From) && (a.Until.IsZero() || at.Before(a.Until)) &&
		may(a.Site, p.Site) && may(a.Station, p.Station) && may(a.EVSE, p.EVSE) && may(a.Connector, p.Connector) &&
		a.powers(p.Power) && a.invites(d)
}

// may reports whether what is asked for, be it anything, is there.
func may[T comparable](asked, there T) bool {
	var any T
	return asked == any || asked == there
}

func (a *Assignment) powers(p unit.Watt) bool {
	if !a.byPower() {
		return true
	}
	return p > 0 && p >= a.PowerFrom && (a.PowerTo == 0 || p < a.PowerTo)
}

func (a *Assignment) byPower() bool { return a.PowerFrom != 0 || a.PowerTo != 0 }

func (a *Assignment) invites(d Driver) bool {
	return may(a.Contract, d.Contract) && (a.Group == "" || slices.Contains(d.Groups, a.Group)) && (!a.AdHoc || d.AdHoc)
}

// compare returns what is greater than 0 when a is more specific than b.
func (a *Assignment) compare(b *Assignment) int {
	return cmp.Or(
		cmp.Compare(a.personal(), b.personal()),
		cmp.Compare(a.local(), b.local()),
		after(a.Connector != "", b.Connector != ""),
		after(a.byPower(), b.byPower()),
		cmp.Compare(b.width(), a.width()),
		a.From.Compare(b.From),
		cmp.Compare(a.ID, b.ID),
	)
}

// after compares what is true with what is not.
func after(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (a *Assignment) personal() int {
	switch {
	case a.Contract != "":
		return 3
	case a.Group != "":
		return 2
	case a.AdHoc:
		return 1
	}
	return 0
}

func (a *Assignment) local() int {
	switch {
	case a.EVSE != 0:
		return 3
	case a.Station != "":
		return 2
	case a.Site != "":
		return 1
	}
	return 0
}

// width returns how wide the class of power is.
func (a *Assignment) width() unit.Watt {
	const widest = 1 << 40 // no station gives a terawatt
	return cmp.Or(a.PowerTo, widest) - a.PowerFrom
}

// Check returns what is wrong with the assignment, as [fault.Invalid].
func (a *Assignment) Check() error {
	c := checker{}
	c.rule(a.Tariff != "", "/tariff_id", "required", "names the tariff")
	c.rule(a.Until.IsZero() || a.Until.After(a.From), "/valid_until", "order", "must be after the start")
	c.rule(a.EVSE >= 0, "/evse_id", "out_of_range", "must not be negative")
	c.rule(a.EVSE == 0 || a.Station != "", "/evse_id", "without_station", "belongs to a station, which has to be named, too")
	c.rule(a.PowerFrom >= 0, "/power_from_w", "out_of_range", "must not be negative")
	c.rule(a.PowerTo == 0 || a.PowerTo > a.PowerFrom, "/power_to_w", "order", "must be above the lower end")
	c.rule(len(a.Connector) <= wordMax, "/connector_type", "too_long", "has at most 64 bytes")
	c.rule(len(a.Contract) <= wordMax, "/contract", "too_long", "has at most 64 bytes")
	c.rule(len(a.Group) <= wordMax, "/group", "too_long", "has at most 64 bytes")
	whom := 0
	for _, named := range []bool{a.Contract != "", a.Group != "", a.AdHoc} {
		if named {
			whom++
		}
	}
	c.rule(whom <= 1, "", "ambiguous", "is for a contract, for a group or ad hoc, not for two of them")
	return c.err()
}

// wordMax bounds names that others gave: none of OCPI's is longer.
const wordMax = 64
