package device

import (
	"cmp"
	"slices"
	"time"

	"pylon/internal/kernel/ident"
)

// Bounds of what is kept of a station. What exceeds them is told, see [Merge].
const (
	variablesMax = 4000    // per station: the largest known have about 1,500
	bytesMax     = 1 << 20 // per station, of their names, values and lists: the largest known have some 300 KiB
	evsesMax     = 256     // per station, the station's own document among them: it may have as many connectors
	MonitorsMax  = 1000    // per station: a few for each of the variables that matter
	valueMax     = 2500    // bytes: OCPP 2.x attributeValue; 1.6 has 500
	nameMax      = 200     // bytes for each part of a name: OCPP has 50 characters of up to 4
	attributeMax = 4       // Actual, Target, MinSet, MaxSet
)

// Document is what is known of a station, or of one of its EVSEs.
type Document struct {
	EVSE       int        // 0: the station
	Variables  []Variable // by name
	Monitors   []Monitor  // by ID
	ReportedAt time.Time  // when the station last said anything of it
	CompleteAt time.Time  // when it was last read as a whole; zero: never, there may be more
	CheckedAt  time.Time  // of the station's: when its inventory was last gone through, however much that gave
	Firmware   string     // that the station had then
	Version    int64
}

// Model is all documents of a station, by EVSE. Functions of this package
// never change one: they return another.
type Model []Document

// Find returns the variable, nil when it is not known.
func (m Model) Find(n Name) *Variable {
	d := m.document(n.EVSE)
	if d == nil {
		return nil
	}
	i, ok := d.find(n)
	if !ok {
		return nil
	}
	return &d.Variables[i]
}

// Value returns what is known of one attribute of a variable.
func (m Model) Value(n Name, a Attribute) (Value, bool) {
	v := m.Find(n)
	if v == nil {
		return Value{}, false
	}
	for _, value := range v.Values {
		if value.Attribute == a.or() {
			return value, true
		}
	}
	return Value{}, false
}

// Text returns the actual value of a variable, "" when it is not known.
func (m Model) Text(n Name) string {
	v, _ := m.Value(n, Actual)
	if v.Text == nil {
		return ""
	}
	return *v.Text
}

// Monitor returns the monitor that the station gave this ID, nil when it is
// not known.
func (m Model) Monitor(id int) *Monitor {
	for i := range m {
		for j := range m[i].Monitors {
			if m[i].Monitors[j].ID == id {
				return &m[i].Monitors[j]
			}
		}
	}
	return nil
}

// HasComponent reports whether a component is known, at any EVSE.
func (m Model) HasComponent(name string) bool {
	for i := range m {
		for j := range m[i].Variables {
			if compareFold(m[i].Variables[j].Component, name) == 0 {
				return true
			}
		}
	}
	return false
}

func (m Model) document(evse int) *Document {
	i, ok := slices.BinarySearchFunc(m, evse, func(d Document, evse int) int { return cmp.Compare(d.EVSE, evse) })
	if !ok {
		return nil
	}
	return &m[i]
}

// size is how many variables there are, and what they take.
func (m Model) size() (variables, bytes int) {
	for i := range m {
		variables += len(m[i].Variables)
		for j := range m[i].Variables {
			bytes += m[i].Variables[j].bytes()
		}
	}
	return variables, bytes
}

// bytes is what the texts of a variable take.
func (v *Variable) bytes() int {
	n := v.Name.bytes() + v.Characteristics.bytes()
	for i := range v.Values {
		if text := v.Values[i].Text; text != nil {
			n += len(*text)
		}
	}
	return n
}

func (n Name) bytes() int {
	return len(n.Component) + len(n.Instance) + len(n.Variable) + len(n.VariableInstance)
}

func (c *Characteristics) bytes() int { return len(c.DataType) + len(c.Unit) + len(c.ValuesList) }

// watched is how many monitors there are.
func (m Model) watched() int {
	n := 0
	for i := range m {
		n += len(m[i].Monitors)
	}
	return n
}

// full reports whether a document of an EVSE would be one too many.
func (m Model) full(evse int) bool { return len(m) >= evsesMax && m.document(evse) == nil }

func (d *Document) find(n Name) (int, bool) {
	return slices.BinarySearchFunc(d.Variables, n, func(v Variable, n Name) int { return v.Compare(n) })
}

// How says by what we learnt of a value.
type How string

// The ways.
const (
	ByReport How = "report" // the station's inventory
	ByRead   How = "read"   // we asked for this variable
	BySet    How = "set"    // we set it and the station accepted
	ByEvent  How = "event"  // the station told by itself
)

// What is kept of a station's history: the oldest go first. A thousand changes
// are years of a quiet station and the last hours of one that flaps.
const (
	ChangesKept    = 1000
	HappeningsKept = 500
)

// Change is one line of a variable's history.
type Change struct {
	ID ident.VariableChangeID
	Name
	Attribute  Attribute
	Old, New   *string   // nil: there was, or is, no such variable or no value of it
	OccurredAt time.Time // by the station's clock
	ReceivedAt time.Time
	How        How
}

// ChangeFilter chooses lines of a station's history; a zero field does not
// choose.
type ChangeFilter struct {
	Name Name // by Variable, and the rest when Variable is given
}

// Device is all that is kept of a station's device.
type Device struct {
	Record  Record
	Model   Model
	Desired []Desired // by name and attribute
}

// Record is what an operator sets of a station's device as a whole.
type Record struct {
	Reboot  Reboot // "": as its template says
	Version int64  // counts changes of what is desired; 0: nothing was ever desired
}

// Tag is the version as callers name it: one more, for theirs begins at 1 and 0
// means any.
func (r Record) Tag() int64 { return r.Version + 1 }

// Update is what changes of a station's device: rows in the state that they
// shall have.
type Update struct {
	Record     *Record    // nil: stays
	Documents  []Document // written whole
	Gone       []int      // documents, by EVSE, that are removed
	Changes    []Change
	Desired    []Desired
	Undesired  []Desired // removed
	Indexed    []Entry
	Unindexed  []Entry // removed
	Happenings []Happening
	Alerts     []Alert // opened, or closed
}

// Empty reports whether nothing changes.
func (u *Update) Empty() bool {
	return u.Record == nil && len(u.Documents)+len(u.Gone)+len(u.Changes)+len(u.Desired)+len(u.Undesired)+
		len(u.Indexed)+len(u.Unindexed)+len(u.Happenings)+len(u.Alerts) == 0
}
