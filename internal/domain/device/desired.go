package device

import (
	"slices"
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Origin says who desires a value.
type Origin string

// The origins. What an operator desires of a station goes before what its
// template does.
const (
	FromOperator Origin = "operator"
	FromTemplate Origin = "template"
)

// State is how a station stands to a desired value.
type State string

// The states.
const (
	Unknown        State = "unknown"         // the station's value was not read yet
	InSync         State = "in_sync"         // it has the value
	Pending        State = "pending"         // it has another, and is to get this one
	Drifted        State = "drifted"         // it had the value, and has another one now; it is set again
	Refused        State = "refused"         // it does not take it: not tried again until somebody desires it anew
	RebootRequired State = "reboot_required" // it takes it with its next boot
	Absent         State = "absent"          // it has no such variable
)

// Reboot says whether Pylon may reset a station that needs a boot to take what
// is desired.
type Reboot string

// The policies; "" is [RebootIdle].
const (
	RebootNever Reboot = "never"
	RebootIdle  Reboot = "idle" // when no session runs
)

// Bounds of what is desired.
const (
	// desiredMax bounds the values that are desired of one station: more than a
	// station has settings that anybody cares for.
	desiredMax = 500
	// refusalsMax is how often a station may refuse a value. Some refuse while
	// they boot or charge.
	refusalsMax = 3
	// attemptsMax bounds how often a value is set in attemptsTerm: somebody else
	// (an installer's tool, a second back office) may want another one.
	attemptsMax  = 3
	attemptsTerm = 24 * time.Hour
	// retryTerm is how long a value that was refused rests.
	retryTerm = 10 * time.Minute
)

// Desired is a value that a station shall have, and how that stands.
type Desired struct {
	Setting
	Origin      Origin
	State       State
	Detail      string    // for people: what the station has or says instead
	Since       time.Time // of State
	Unverified  bool      // it was set, and is to be read back
	Attempts    int       // to set it since Window
	Window      time.Time
	AttemptedAt time.Time // the last of them; zero: never
	Refusals    int       // in a row
	Finding     ident.FindingID
	Found       State // that Finding tells of; "" when there is none
	By          ident.KeyID
	DesiredAt   time.Time
}

// Plan is what is desired of a station.
type Plan struct {
	Record
	Desired []Desired // by name and attribute
}

// Wishes are what an operator changes of a station's plan.
type Wishes struct {
	Set    []Setting `json:"set,omitzero"`
	Remove []Setting `json:"remove,omitzero"` // without values; the template's stands again
	Reboot *Reboot   `json:"reboot,omitzero"`
}

// compare orders settings by what they set; 0 says that it is the same.
func (s Setting) compare(t Setting) int {
	if c := s.Compare(t.Name); c != 0 {
		return c
	}
	return s.Attribute.or().rank() - t.Attribute.or().rank()
}

// Same reports whether s and t set the same attribute of the same variable.
func (s Setting) Same(t Setting) bool { return s.compare(t) == 0 }

// CheckSettings returns the first broken rule of values that somebody desires,
// as [fault.Invalid] with a pointer below the given one.
func CheckSettings(pointer string, all []Setting) error {
	if len(all) > desiredMax {
		return fault.InvalidField(pointer, "too_many", "at most 500 values")
	}
	for i, s := range all {
		at := pointer + "/" + itoa(i)
		switch {
		case s.Variable == "":
			return fault.InvalidField(at+"/variable", "required", "names the variable or the configuration key")
		case s.tooLong():
			return fault.InvalidField(at, "too_long", "a name has at most 200 bytes")
		case s.EVSE < 0 || s.Connector < 0:
			return fault.InvalidField(at+"/evse_id", "out_of_range", "must not be negative")
		case len(s.Value) > valueMax:
			return fault.InvalidField(at+"/value", "too_long", "has at most 2500 bytes")
		case s.Attribute.or().rank() >= attributeMax:
			return fault.InvalidField(at+"/attribute", "unknown_value", "Actual, Target, MinSet or MaxSet")
		case s.Secret():
			return fault.InvalidField(at+"/variable", "secret", "is a secret: passwords are set by a command of their own")
		}
		for _, before := range all[:i] {
			if before.Same(s) {
				return fault.InvalidField(at, "duplicate", "is there twice")
			}
		}
	}
	return nil
}

// Check returns the first broken rule of wishes, as [fault.Invalid].
func (w Wishes) Check() error {
	if w.Reboot != nil {
		if err := w.Reboot.Check("/reboot"); err != nil {
			return err
		}
	}
	if err := CheckSettings("/set", w.Set); err != nil {
		return err
	}
	return CheckSettings("/remove", w.Remove)
}

// Check refuses what is no policy.
func (r Reboot) Check(pointer string) error {
	if r != "" && r != RebootNever && r != RebootIdle {
		return fault.InvalidField(pointer, "unknown_value", "never, idle or empty")
	}
	return nil
}

// Wish returns what is desired after an operator's wishes: rows that changed
// and rows that are gone. A value that he desires again is tried again.
func Wish(was []Desired, w Wishes, template []Setting, by ident.KeyID, now time.Time) (next, changed, gone []Desired, err error) {
	next = slices.Clone(was)
	for _, s := range w.Remove {
		i, ok := search(next, s)
		if !ok || next[i].Origin != FromOperator {
			continue
		}
		removed := next[i]
		next = slices.Delete(next, i, i+1)
		if j := slices.IndexFunc(template, s.Same); j >= 0 {
			changed = append(changed, fresh(template[j], FromTemplate, "", removed, now))
		} else {
			gone = append(gone, removed)
		}
	}
	for _, s := range w.Set {
		var before Desired
		if i, ok := search(next, s); ok {
			before = next[i]
		}
		changed = append(changed, fresh(s, FromOperator, by, before, now))
	}
	next = with(next, changed)
	if len(next) > desiredMax {
		return nil, nil, nil, fault.InvalidField("/set", "too_many", "a station has at most 500 desired values")
	}
	return next, changed, gone, nil
}

// Adopt brings rows in line with what the station's template desires now.
func Adopt(was []Desired, template []Setting, now time.Time) (next, changed, gone []Desired) {
	for _, d := range was {
		if d.Origin == FromTemplate && !slices.ContainsFunc(template, d.Same) {
			gone = append(gone, d)
			continue
		}
		next = append(next, d)
	}
	for _, s := range template {
		i, ok := search(next, s)
		switch {
		case !ok && len(next)+len(changed) < desiredMax:
			changed = append(changed, fresh(s, FromTemplate, "", Desired{}, now))
		case ok && next[i].Origin == FromTemplate && next[i].Value != s.Value:
			changed = append(changed, fresh(s, FromTemplate, "", next[i], now))
		}
	}
	return with(next, changed), changed, gone
}

// fresh is a desired value of which nothing was tried yet. The open finding of
// the row before stays until it is resolved.
func fresh(s Setting, o Origin, by ident.KeyID, before Desired, now time.Time) Desired {
	s.Attribute = s.Attribute.or()
	return Desired{Setting: s, Origin: o, State: Unknown, Since: now, Finding: before.Finding, Found: before.Found, By: by, DesiredAt: now}
}

// with returns rows with others in the place of those for the same variables.
func with(rows, others []Desired) []Desired {
	for _, d := range others {
		i, ok := search(rows, d.Setting)
		if ok {
			rows[i] = d
		} else {
			rows = slices.Insert(rows, i, d)
		}
	}
	return rows
}

// Sort puts rows in the order of their names and attributes, as all functions
// of this package want them.
func Sort(rows []Desired) {
	slices.SortFunc(rows, func(a, b Desired) int { return a.compare(b.Setting) })
}

func search(rows []Desired, s Setting) (int, bool) {
	return slices.BinarySearchFunc(rows, s, func(d Desired, s Setting) int { return d.compare(s) })
}
