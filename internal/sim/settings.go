package sim

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// access says who may do what with a setting.
type access string

const (
	readOnly  access = "ReadOnly"
	readWrite access = "ReadWrite"
	writeOnly access = "WriteOnly"
)

// settings is the configuration of one station: the value of each entry, by its
// place in the book. The station's lock guards it.
type settings struct {
	values  []string
	pending map[entry]string // set, and in force after the next restart
}

// newSettings returns what a station is delivered with.
func newSettings(c Config) settings {
	lines := book(c)
	s := settings{values: make([]string, len(lines))}
	for i, line := range lines {
		s.values[i] = line.preset
	}
	return s
}

// set changes an entry. It reports whether the entry takes the value, and whether
// it does so only after a restart.
func (s *settings) set(at entry, line line, value string) (taken, reboot bool) {
	if line.access == readOnly || !line.takes(value) {
		return false, false
	}
	if line.reboot && s.values[at] != value {
		if s.pending == nil {
			s.pending = map[entry]string{}
		}
		s.pending[at] = value
		return true, true
	}
	s.values[at] = value
	return true, false
}

// restart puts in force what waited for it.
func (s *settings) restart() {
	for at, value := range s.pending {
		s.values[at] = value
	}
	s.pending = nil
}

func (s *settings) text(at entry) string { return s.values[at] }

func (s *settings) is(at entry) bool { return s.values[at] == "true" }

func (s *settings) number(at entry) int {
	n, _ := strconv.Atoi(s.values[at]) // set checked it
	return n
}

func (s *settings) seconds(at entry) time.Duration {
	return time.Duration(s.number(at)) * time.Second
}

func (s *settings) list(at entry) []string {
	if s.values[at] == "" {
		return nil
	}
	return strings.Split(s.values[at], ",")
}

// startsWhenConnected says whether a transaction begins with the cable, before
// anyone is authorised.
func (s *settings) startsWhenConnected() bool { return s.values[txStartPoint] == startWhenEVConnected }

// line is what the book says of an entry: a configuration key of 1.6 and a variable
// of 2.x are one value under two names, either of which may be missing.
type line struct {
	key                 string // 1.6
	component, variable string // 2.x
	instance            string // 2.x, of the variable
	kind                kind
	access              access
	preset              string
	unit                string   // 2.x
	most                int      // of an integer, and of the items of a list; 0 for any
	choice              []string // of a list or an option; nil for any
	reboot              bool     // a new value takes a restart
}

// kind is the data type of a variable, in the words of OCPP 2.x.
type kind string

const (
	integer    kind = "integer"
	boolean    kind = "boolean"
	text       kind = "string"
	memberList kind = "MemberList"
	sequence   kind = "SequenceList"
	option     kind = "OptionList"
	dateTime   kind = "dateTime"
)

// takes says whether a value is of the line's kind and within its limits.
func (l line) takes(value string) bool {
	switch l.kind {
	case integer:
		n, err := strconv.Atoi(value)
		return err == nil && n >= 0 && (l.most == 0 || n <= l.most)
	case boolean:
		return value == "true" || value == "false"
	case memberList, sequence:
		items := strings.Split(value, ",")
		return value == "" || (l.most == 0 || len(items) <= l.most) && !slices.ContainsFunc(items, func(item string) bool { return !l.offers(item) })
	case option:
		return l.offers(value)
	default:
		return l.most == 0 || len(value) <= l.most
	}
}

func (l line) offers(item string) bool { return l.choice == nil || slices.Contains(l.choice, item) }

// byKey finds an entry by its name in 1.6, compared without case as 1.6 asks.
func (s *Station) byKey(key string) (entry, line, bool) {
	return s.lookUp(func(l line) bool { return l.key != "" && strings.EqualFold(l.key, key) })
}

// byVariable finds an entry by its names in 2.x; without an instance, any will do.
func (s *Station) byVariable(component, variable, instance string) (entry, line, bool) {
	return s.lookUp(func(l line) bool {
		return l.component != "" && strings.EqualFold(l.component, component) && strings.EqualFold(l.variable, variable) &&
			(instance == "" || strings.EqualFold(l.instance, instance))
	})
}

func (s *Station) lookUp(is func(line) bool) (entry, line, bool) {
	lines := book(s.config)
	i := slices.IndexFunc(lines, is)
	if i < 0 {
		return 0, line{}, false
	}
	return entry(i), lines[i], true
}
