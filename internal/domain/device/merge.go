package device

import (
	"cmp"
	"reflect"
	"slices"
	"time"
)

// Merged is what a part of a report comes to.
type Merged struct {
	Model   Model
	Written []int    // the EVSEs whose documents changed
	Gone    []int    // the EVSEs whose documents are removed
	Changes []Change // of values that were known before, in the order of the report
	Dropped []string // what exceeds a bound and is not kept, for people
}

// Merge takes a part of a report into what is known. Nothing is removed: see
// [Complete]. Names are compared without case. A secret's value, and what is
// write only, is never kept.
//
// A variable that turns up while the station was never read as a whole is no
// change: it was there before.
func Merge(m Model, p Part, how How) Merged {
	out := begin(m, how)
	out.at(p.OccurredAt, p.ReceivedAt)
	for i := range p.Variables {
		out.variable(&p.Variables[i])
	}
	slices.Sort(out.Written)
	return out.Merged
}

// Told is [Merge] for what a station told by itself, in that order. Values
// that it tells periodically are a series, and no change that happened.
func Told(m Model, all []Happening) Merged {
	out := begin(m, ByEvent)
	for i := range all {
		h, before := &all[i], len(out.Changes)
		out.at(h.OccurredAt, h.ReceivedAt)
		out.variable(&Variable{Name: h.Name, Values: []Value{{Attribute: Actual, Text: &h.Value}}})
		if h.Trigger == "Periodic" {
			out.Changes = out.Changes[:before]
		}
	}
	slices.Sort(out.Written)
	return out.Merged
}

// Complete ends a full inventory: what it did not name is no more. seen has
// the names of all its parts.
func Complete(m Model, seen Seen, firmware string, at time.Time) Merged {
	out := Merged{Model: make(Model, 0, len(m))}
	for _, d := range m {
		kept := make([]Variable, 0, len(d.Variables))
		for i := range d.Variables {
			v := &d.Variables[i]
			if seen.Has(v.Name) {
				kept = append(kept, *v)
				continue
			}
			for _, value := range v.Values {
				if value.Text != nil {
					out.Changes = append(out.Changes, Change{
						Name: v.Name, Attribute: value.Attribute, Old: value.Text, OccurredAt: at, ReceivedAt: at, How: ByReport,
					})
				}
			}
		}
		if len(kept) == 0 && len(d.Monitors) == 0 && d.EVSE != 0 {
			out.Gone = append(out.Gone, d.EVSE)
			continue
		}
		d.Variables, d.CompleteAt, d.Firmware = kept, at, firmware
		d.Version++
		out.Model, out.Written = append(out.Model, d), append(out.Written, d.EVSE)
	}
	return out
}

// Checked notes that the station's inventory was gone through, however much
// that gave, so that it is not asked again and again.
func Checked(m Model, firmware string, at time.Time) Merged {
	out := merging{Merged: Merged{Model: slices.Clone(m)}}
	d := out.document(0)
	d.CheckedAt, d.Firmware = at, firmware
	return out.Merged
}

// Watching returns the model with monitors that the station has made or
// changed; with whole, they are all that it has.
func Watching(m Model, monitors []Monitor, whole bool) Merged {
	out := merging{Merged: Merged{Model: slices.Clone(m)}}
	if whole {
		for i := range m {
			if len(m[i].Monitors) > 0 {
				out.document(m[i].EVSE).Monitors = nil
			}
		}
	}
	room := MonitorsMax - out.Model.watched()
	for _, watch := range monitors {
		switch {
		case watch.EVSE < 0 || watch.tooLong():
			out.drop(watch.Name, "is no name for a monitor")
		case out.Model.full(watch.EVSE):
			out.drop(watch.Name, "is at one EVSE too many")
		default:
			room -= out.watch(watch, room)
		}
	}
	slices.Sort(out.Written)
	return out.Merged
}

// watch takes in a monitor, when there is room for it, and returns by how many
// there are more.
func (o *merging) watch(watch Monitor, room int) (more int) {
	d := o.document(watch.EVSE)
	i, known := slices.BinarySearchFunc(d.Monitors, watch.ID, func(o Monitor, id int) int { return cmp.Compare(o.ID, id) })
	switch {
	case known:
		d.Monitors = slices.Clone(d.Monitors)
		d.Monitors[i] = watch
	case room <= 0:
		o.drop(watch.Name, "has one monitor too many")
	default:
		d.Monitors = slices.Insert(slices.Clone(d.Monitors), i, watch)
		return 1
	}
	return 0
}

// Unwatching returns the model without monitors that the station has cleared.
func Unwatching(m Model, ids []int) Merged {
	out := merging{Merged: Merged{Model: slices.Clone(m)}}
	for i := range m {
		cleared := func(o Monitor) bool { return slices.Contains(ids, o.ID) }
		if slices.ContainsFunc(m[i].Monitors, cleared) {
			d := out.document(m[i].EVSE)
			d.Monitors = slices.DeleteFunc(slices.Clone(d.Monitors), cleared)
		}
	}
	return out.Merged
}

// Seen is the names that the parts of a report gave.
type Seen map[Name]struct{}

// Add notes the variables of a part, as many as a station may have.
func (s Seen) Add(p Part) {
	for i := range p.Variables {
		if len(s) < variablesMax {
			s[p.Variables[i].folded()] = struct{}{}
		}
	}
}

// Has reports whether a variable was named.
func (s Seen) Has(n Name) bool {
	_, ok := s[n.folded()]
	return ok
}

// merging is a [Merge] under way.
type merging struct {
	Merged
	how                    How
	occurredAt, receivedAt time.Time // of what comes next
	variables, bytes       int       // in the model
}

func begin(m Model, how How) *merging {
	out := &merging{Merged: Merged{Model: slices.Clone(m)}, how: how}
	out.variables, out.bytes = m.size()
	return out
}

// at says when what comes next was so.
func (o *merging) at(occurred, received time.Time) { o.occurredAt, o.receivedAt = occurred, received }

// document returns the document of an EVSE, ready to be changed.
func (o *merging) document(evse int) *Document {
	i, ok := slices.BinarySearchFunc(o.Model, evse, func(d Document, evse int) int { return cmp.Compare(d.EVSE, evse) })
	if !ok {
		o.Model = slices.Insert(o.Model, i, Document{EVSE: evse})
	}
	d := &o.Model[i]
	if !slices.Contains(o.Written, evse) {
		d.Variables = slices.Clone(d.Variables)
		d.Version++
		o.Written = append(o.Written, evse)
	}
	return d
}

func (o *merging) variable(said *Variable) {
	switch {
	case said.Variable == "" || said.EVSE < 0:
		o.drop(said.Name, "has no name")
		return
	case said.tooLong():
		o.drop(said.Name, "has too long a name")
		return
	}
	known := o.Model.Find(said.Name)
	next, changes := o.values(known, said)
	more := next.bytes()
	switch {
	case known != nil:
		more -= known.bytes()
	case o.variables >= variablesMax:
		o.drop(said.Name, "is one variable too many")
		return
	case o.Model.full(said.EVSE):
		o.drop(said.Name, "is at one EVSE too many")
		return
	}
	if more > 0 && o.bytes+more > bytesMax {
		o.drop(said.Name, "is more than is kept of a station")
		return
	}
	if known != nil && len(changes) == 0 && o.soon(said.EVSE) && reflect.DeepEqual(next, *known) {
		return // nothing to write
	}
	if known != nil || o.complete(said.EVSE) {
		o.Changes = append(o.Changes, changes...)
	}
	o.bytes += more
	d := o.document(said.EVSE)
	if o.receivedAt.After(d.ReportedAt) {
		d.ReportedAt = o.receivedAt
	}
	i, ok := d.find(said.Name)
	if ok {
		d.Variables[i] = next
		return
	}
	d.Variables = slices.Insert(d.Variables, i, next)
	o.variables++
}

// reportedTerm is how exactly it is kept when a station last said what is
// known anyway: as its signs of life.
const reportedTerm = time.Minute

// soon reports whether that the station speaks of an EVSE again is no news.
func (o *merging) soon(evse int) bool {
	d := o.Model.document(evse)
	return d != nil && o.receivedAt.Sub(d.ReportedAt) < reportedTerm
}

// complete reports whether the station was read as a whole, as far as an EVSE
// is concerned.
func (o *merging) complete(evse int) bool {
	d := o.Model.document(evse)
	if d == nil {
		d = o.Model.document(0) // a new EVSE of a station that is known
	}
	return d != nil && !d.CompleteAt.IsZero()
}

// values returns a variable as it is after what was said of it.
func (o *merging) values(known, said *Variable) (Variable, []Change) {
	next := Variable{Name: said.Name, Characteristics: said.Characteristics}
	if known != nil {
		next.Name, next.Values = known.Name, slices.Clone(known.Values) // in the spelling that was first
		if said.Characteristics == (Characteristics{}) {
			next.Characteristics = known.Characteristics
		}
	}
	if next.Characteristics.bytes() > valueMax {
		o.drop(said.Name, "has too long a list of values")
		next.Characteristics = Characteristics{}
	}
	var changes []Change
	for _, v := range said.Values {
		v.Attribute = v.Attribute.or()
		if v.Attribute.rank() >= attributeMax {
			o.drop(said.Name, "has an attribute that there is not")
			continue
		}
		i, ok := slices.BinarySearchFunc(next.Values, v, func(a, b Value) int { return a.Attribute.rank() - b.Attribute.rank() })
		var old *string
		if ok {
			old = next.Values[i].Text
			if v.Mutability == "" && o.how != ByReport { // an answer or an event says the value alone
				v.Mutability, v.Persistent, v.Constant = next.Values[i].Mutability, next.Values[i].Persistent, next.Values[i].Constant
			}
		}
		o.guard(said.Name, &v)
		if ok {
			next.Values[i] = v
		} else {
			next.Values = slices.Insert(next.Values, i, v)
		}
		if !sameText(old, v.Text) {
			changes = append(changes, Change{
				Name: next.Name, Attribute: v.Attribute, Old: old, New: v.Text,
				OccurredAt: o.occurredAt, ReceivedAt: o.receivedAt, How: o.how,
			})
		}
	}
	return next, changes
}

// guard takes out of a value what is not kept.
func (o *merging) guard(n Name, v *Value) {
	switch {
	case v.Text == nil:
	case v.Mutability == WriteOnly || n.Secret():
		v.Text = nil
	case len(*v.Text) > valueMax:
		o.drop(n, "has a value of "+itoa(len(*v.Text))+" bytes")
		v.Text = nil
	}
}

// droppedMax bounds what is told of one part: more say no more.
const droppedMax = 5

func (o *merging) drop(n Name, why string) {
	if len(o.Dropped) < droppedMax {
		o.Dropped = append(o.Dropped, cut(n.String())+" "+why)
	}
}

func sameText(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func (n Name) tooLong() bool {
	return max(len(n.Component), len(n.Instance), len(n.Variable), len(n.VariableInstance)) > nameMax
}
