package station

import (
	"reflect"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

const (
	nameMax      = 100        // what fits a line of a list
	heartbeatMax = 86_400     // a day; rarer heartbeats keep no connection open
	currentMaxMA = 10_000_000 // ten times the largest connector there is
)

// Apply returns st as an operator wants it; its version counts up when anything
// differs. A field that breaks a rule is [fault.Invalid] and named; then
// nothing is changed.
//
// A password needs a random salt; it takes the place of all others at once, an
// empty one takes them off. Quirks are the operator's own from then on, and no
// template touches them; empty ones give the station back to the templates.
// Whether the site exists is for the caller to find out.
func Apply(st Station, p Patch, salt []byte, now time.Time) (Station, error) {
	if err := p.check(st.OCPP); err != nil {
		return st, err
	}
	before := st
	set(&st.Name, p.Name)
	if p.Site != nil {
		st.Site = ident.SiteID(*p.Site)
	}
	set(&st.Registration, p.Registration)
	set(&st.Automation, p.Automation)
	set(&st.SecurityProfile, p.SecurityProfile)
	if p.Quirks != nil && !p.Quirks.equal(st.Quirks) {
		st.Quirks, st.Template = *p.Quirks, ""
	}
	switch {
	case p.Password == nil:
	case *p.Password == "":
		st.Secrets = nil
	default:
		s, err := NewSecret(*p.Password, salt, now)
		if err != nil {
			return before, err
		}
		st.Secrets = []Secret{s}
	}
	if p.Password != nil || !st.sameSettings(&before) {
		st.Version++
	}
	return st, nil
}

// sameSettings reports whether an operator has set st and u alike, passwords
// aside.
func (st *Station) sameSettings(u *Station) bool {
	return st.Name == u.Name && st.Site == u.Site && st.Registration == u.Registration && st.Automation == u.Automation &&
		st.SecurityProfile == u.SecurityProfile && st.Quirks.equal(u.Quirks)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// Describe returns the patch as the audit trail keeps it: a JSON object of what
// it changes, without the password.
func Describe(p Patch) string {
	if p.Password != nil {
		hidden := "(not shown)"
		p.Password = &hidden
	}
	text, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		panic("station: a patch is always JSON: " + err.Error())
	}
	return string(text)
}

// check returns the first broken rule, for a station that speaks v.
func (p Patch) check(v Version) error {
	if p.Name != nil && len(*p.Name) > nameMax {
		return fault.InvalidField("/name", "too_long", "a name has at most 100 bytes")
	}
	if p.Site != nil && *p.Site != "" {
		if _, err := ident.Parse[ident.SiteID](*p.Site); err != nil {
			return fault.InvalidField("/site_id", "identifier_malformed", "an identifier of a site, or empty")
		}
	}
	if r := p.Registration; r != nil && *r != Accepted && *r != Pending && *r != Rejected {
		return fault.InvalidField("/registration", "unknown_value", "accepted, pending or rejected")
	}
	if n := p.SecurityProfile; n != nil && (*n < 0 || *n > 3) {
		return fault.InvalidField("/security_profile", "out_of_range", "0 to 3")
	}
	if p.Password != nil && *p.Password != "" {
		if err := CheckPassword(v, *p.Password); err != nil {
			return err
		}
	}
	if p.Quirks != nil {
		return p.Quirks.Check()
	}
	return nil
}

// equal reports whether q and r switch the same things.
func (q Quirks) equal(r Quirks) bool {
	same := slices.Equal(q.Outlets, r.Outlets)
	q.Outlets, r.Outlets = nil, nil
	return same && reflect.DeepEqual(q, r)
}

// Check returns the first broken rule of quirks that somebody wrote, as
// [fault.Invalid] with a pointer below /quirks.
func (q Quirks) Check() error {
	switch {
	case q.Subprotocol != "" && q.Subprotocol != "ocpp1.6" && q.Subprotocol != "ocpp2.0.1" && q.Subprotocol != "ocpp2.1":
		return fault.InvalidField("/quirks/subprotocol", "unknown_value", "ocpp1.6, ocpp2.0.1, ocpp2.1 or empty")
	case q.MeterUnit != "" && q.MeterUnit != "Wh" && q.MeterUnit != "kWh":
		return fault.InvalidField("/quirks/meter_unit", "unknown_value", "Wh, kWh or empty")
	case q.Phases != 0 && q.Phases != 1 && q.Phases != 3:
		return fault.InvalidField("/quirks/phases", "unknown_value", "1, 3 or 0 (unknown)")
	case q.MaxCurrentMA < 0 || q.MaxCurrentMA > currentMaxMA:
		return fault.InvalidField("/quirks/max_current_ma", "out_of_range", "0 (unknown) to 10000000")
	case q.HeartbeatSeconds < 0 || q.HeartbeatSeconds > heartbeatMax:
		return fault.InvalidField("/quirks/heartbeat_seconds", "out_of_range", "0 (ours) to 86400")
	}
	return checkOutlets(q.Outlets)
}
