package device

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// How a station is looked through.
const (
	// inventoryTerm is how old a whole inventory may get: what changes without
	// a boot and without being told is rare.
	inventoryTerm = 7 * 24 * time.Hour
	// reportTries is how often a report that breaks off is asked again.
	reportTries = 3
	// messageItems is how many variables a message has when the station does
	// not say: few enough for all that we know of. A 1.6 station is asked for
	// that many keys, a 2.x one may say more or less by ItemsPerMessage.
	messageItems    = 10
	messageItemsMax = 50
	// messageBytes bounds the values of a message that sets them, when the
	// station does not say.
	messageBytes = 8192
	// idleTerm is how soon a station that has to boot, and in which somebody
	// charges, is looked at again.
	idleTerm = 5 * time.Minute
)

// Survey is how far looking through a station has come since it booted, or
// since somebody desired something new. The zero value has not begun.
type Survey struct {
	Booted  bool          // the station has booted: everything is read again
	Level   Level         // the inventory that is due
	Tries   int           // of that inventory that broke off
	Watch   bool          // the monitors are to be read, when there are any
	Watches int           // tries to read them
	Read    Seen          // the names whose value is fresh, or cannot be had
	Unread  map[Name]bool // of these, those that could not be read
	Alone   bool          // one variable a message: the station does not take more
	Reset   bool          // a reset was asked
}

// Level is how much of its inventory a station is asked for.
type Level uint8

// The levels, in the order in which one falls back on the next.
const (
	LevelUndecided Level = iota
	LevelFull
	LevelConfiguration
	LevelDone // what is desired is read by name
)

// Known is what the next step depends on.
type Known struct {
	Now      time.Time
	Keys     bool // OCPP 1.6: keys, which are set one at a time
	Firmware string
	Idle     bool // no session runs
	Reboot   Reboot
	Device
	Survey
}

// StepKind is what is done next.
type StepKind uint8

// The kinds.
const (
	StepNone StepKind = iota // nothing, see Until
	StepReport
	StepMonitors
	StepRead
	StepWrite
	StepReset
)

// Step is the next thing to ask of a station.
type Step struct {
	Kind     StepKind
	Scope    Scope     // StepReport
	Settings []Setting // StepRead (without values), StepWrite
	Until    time.Time // StepNone: when to look again; zero: when something happens
}

// Next returns what to ask of a station now: what is not known, then what is
// not as desired, then whether that is so, then a boot where one is needed. It
// is one step; what comes of it is taken in before the next.
// Source: OCPP 2.0.1 part 2, B05 to B08, N02; 1.6 sections 5.3 and 5.8.
func Next(k Known) Step {
	if scope := k.inventory(); scope != "" {
		return Step{Kind: StepReport, Scope: scope}
	}
	if k.monitors() {
		return Step{Kind: StepMonitors}
	}
	if batch := k.toRead(); len(batch) > 0 {
		return Step{Kind: StepRead, Settings: batch}
	}
	batch, until := k.toWrite()
	if len(batch) > 0 {
		return Step{Kind: StepWrite, Settings: batch}
	}
	return k.reset(until)
}

// Due returns the level of the inventory that a survey begins with.
func (k *Known) Due() Level {
	if k.Level != LevelUndecided {
		return k.Level
	}
	station := k.Model.document(0)
	switch {
	case station == nil, station.CheckedAt.IsZero(), station.Firmware != k.Firmware, k.Now.Sub(station.CheckedAt) >= inventoryTerm:
		return LevelFull
	case k.Booted && k.Keys:
		return LevelFull // there is no other
	case k.Booted:
		return LevelConfiguration
	}
	return LevelDone
}

func (k *Known) inventory() Scope {
	switch k.Due() {
	case LevelFull:
		return ScopeFull
	case LevelConfiguration:
		return ScopeConfiguration
	case LevelUndecided, LevelDone:
	}
	return ""
}

// monitors reports whether the station's monitors are to be read.
func (k *Known) monitors() bool {
	return !k.Keys && k.Watch && k.Watches < reportTries && k.Model.HasComponent("MonitoringCtrlr")
}

func (k *Known) toRead() []Setting {
	b := k.batch("GetVariables")
	for i := range k.Desired {
		d := &k.Desired[i]
		if d.State == Absent || d.State == RebootRequired || k.Read.Has(d.Name) {
			continue
		}
		if !b.add(Setting{Name: d.Name, Attribute: d.Attribute}) {
			break
		}
	}
	return b.settings
}

// toWrite returns what is set next; until is when something may be set that
// may not now.
func (k *Known) toWrite() (batch []Setting, until time.Time) {
	b := k.batch("SetVariables")
	for i := range k.Desired {
		d := &k.Desired[i]
		ok, later := d.settable(k.Unread[d.folded()], k.Now)
		if !ok {
			until = sooner(until, later)
			continue
		}
		if !b.add(d.Setting) {
			break
		}
	}
	return b.settings, until
}

// batch is a message in the making, with what there is room for.
type batch struct {
	settings     []Setting
	items, bytes int
}

// What a message takes beside its variables, and a variable beside its name and
// value, in bytes of JSON.
const (
	frameBytes    = 100
	variableBytes = 160
)

func (k *Known) batch(action string) *batch {
	return &batch{items: k.items(action), bytes: k.bytes(action) - frameBytes}
}

// add puts a setting into the message, unless that is full. One goes alone,
// however large it is.
func (b *batch) add(s Setting) bool {
	size := variableBytes + s.Name.bytes() + len(strconv.Quote(s.Value))
	if len(b.settings) == b.items || len(b.settings) > 0 && size > b.bytes {
		return false
	}
	b.settings, b.bytes = append(b.settings, s), b.bytes-size
	return true
}

// reset returns the boot that is needed, or when to look again.
func (k *Known) reset(until time.Time) Step {
	needed := slices.ContainsFunc(k.Desired, func(d Desired) bool { return d.State == RebootRequired && !d.spent(k.Now) })
	switch {
	case !needed, k.Reboot == RebootNever, k.Reset:
		return Step{Until: until}
	case !k.Idle:
		return Step{Until: sooner(until, k.Now.Add(idleTerm))}
	}
	return Step{Kind: StepReset}
}

// sooner returns the earlier of two times, of which zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// items is how many variables a message of an action may have.
// Source: OCPP 2.0.1 part 2, B05.FR.11, B06.FR.05; 1.6 GetConfigurationMaxKeys.
func (k *Known) items(action string) int {
	limit, said := messageItems, ""
	switch {
	case k.Alone, k.Keys && action == "SetVariables":
		return 1
	case k.Keys:
		said = k.Model.Text(Name{Variable: "GetConfigurationMaxKeys"})
	default:
		said = k.Model.Text(Name{Component: "DeviceDataCtrlr", Variable: "ItemsPerMessage", VariableInstance: action})
	}
	if n, err := strconv.Atoi(strings.TrimSpace(said)); err == nil && n > 0 {
		limit = min(n, messageItemsMax)
	}
	return limit
}

// bytes is how large a message of an action may be.
func (k *Known) bytes(action string) int {
	said := k.Model.Text(Name{Component: "DeviceDataCtrlr", Variable: "BytesPerMessage", VariableInstance: action})
	if n, err := strconv.Atoi(strings.TrimSpace(said)); err == nil && n > 0 {
		return n
	}
	return messageBytes
}

// Had notes names whose values are fresh now.
func (s *Survey) Had(names Seen) {
	s.open()
	for n := range names {
		if len(s.Read) >= 2*variablesMax {
			return // a station that reports ever new names
		}
		s.Read[n] = struct{}{}
		delete(s.Unread, n)
	}
}

// Missed notes that settings were asked for: what did not come is not asked
// again.
func (s *Survey) Missed(asked []Setting) {
	s.open()
	for _, a := range asked {
		if !s.Read.Has(a.Name) {
			s.Read[a.folded()] = struct{}{}
			s.Unread[a.folded()] = true
		}
	}
}

// Stale notes what a station answered when its variables were set: those that
// it took are to be read back, unless they cannot be read.
func (s *Survey) Stale(results []Result) {
	for _, r := range results {
		if r.Status == StatusAccepted && !s.Unread[r.folded()] {
			delete(s.Read, r.folded())
		}
	}
}

func (s *Survey) open() {
	if s.Read == nil {
		s.Read, s.Unread = make(Seen), make(map[Name]bool)
	}
}

// Fallback goes on to the next level, because the station does not do this
// one.
func (s *Survey) Fallback(keys bool) {
	s.Level, s.Tries = s.Level+1, 0
	if keys {
		s.Level = LevelDone
	}
}

// Interrupted begins the survey of a station that has left so often in the
// middle of a report: perhaps because of it.
func (s *Survey) Interrupted(times int) {
	if s.Tries = times; times >= reportTries {
		s.Level = LevelDone
	}
}

// BrokeOff counts a report that began, or should have, and did not end.
func (s *Survey) BrokeOff(keys bool) {
	if s.Tries++; s.Tries >= reportTries {
		s.Fallback(keys)
	}
}
