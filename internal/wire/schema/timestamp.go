package schema

import "time"

// Timestamp is a date and time as somebody sent it. Billing and signed readings need the text as it
// was, and the clock behind it may be wrong, so it is kept and not normalised.
type Timestamp string

// TimestampOf writes t as RFC 3339 in UTC with milliseconds: what every station reads.
func TimestampOf(t time.Time) Timestamp {
	return Timestamp(t.UTC().Format("2006-01-02T15:04:05.000Z"))
}

// Time reads the time, in UTC. It takes more than RFC 3339, because stations send more: no zone (then it is UTC),
// a zone without colon or minutes, a space or a lower case t and z, a fraction of any length (what is
// below a nanosecond is cut off). Anything else is a [*time.ParseError].
func (t Timestamp) Time() (time.Time, error) {
	p, ok := scanTimestamp(string(t))
	if !ok {
		return time.Time{}, &time.ParseError{Layout: time.RFC3339Nano, Value: string(t)}
	}
	local := time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.second, p.nanosecond, time.UTC)
	return local.Add(-time.Duration(p.offset) * time.Minute), nil
}

// moment is a timestamp taken apart.
type moment struct {
	year, month, day     int
	hour, minute, second int
	nanosecond           int
	offset               int  // minutes east of UTC
	strict               bool // RFC 3339 to the letter
}

// scanTimestamp reads what [Timestamp.Time] takes.
func scanTimestamp(s string) (moment, bool) {
	const shape = "dddd-dd-ddTdd:dd:dd"
	if len(s) < len(shape) {
		return moment{}, false
	}
	for i := range len(shape) {
		c := s[i]
		switch {
		case shape[i] == 'd' && c-'0' < 10:
		case shape[i] == 'T' && (c == 'T' || c == 't' || c == ' '):
		case shape[i] != 'd' && shape[i] == c:
		default:
			return moment{}, false
		}
	}
	m := moment{
		year: number(s[0:4]), month: number(s[5:7]), day: number(s[8:10]),
		hour: number(s[11:13]), minute: number(s[14:16]), second: number(s[17:19]),
		strict: s[10] != ' ',
	}
	rest, ok := m.fraction(s[len(shape):])
	if !ok || !m.zone(rest) || !m.exists() {
		return moment{}, false
	}
	return m, true
}

// fraction reads ".123" off the front of s.
func (m *moment) fraction(s string) (rest string, ok bool) {
	if s == "" || s[0] != '.' && s[0] != ',' {
		return s, true
	}
	m.strict = m.strict && s[0] == '.'
	i, unit := 1, int(time.Second)
	for ; i < len(s) && s[i]-'0' < 10; i++ {
		unit /= 10
		m.nanosecond += int(s[i]-'0') * unit
	}
	return s[i:], i > 1
}

// zone reads "Z", "+01:00", and what stations make of them.
func (m *moment) zone(s string) bool {
	switch {
	case s == "":
		m.strict = false
		return true
	case s == "Z" || s == "z":
		return true
	case s[0] != '+' && s[0] != '-':
		return false
	}
	digits := s[1:]
	switch {
	case len(digits) == 5 && digits[2] == ':':
		digits = digits[:2] + digits[3:]
	case len(digits) == 4:
		m.strict = false
	case len(digits) == 2:
		m.strict = false
		digits += "00"
	default:
		return false
	}
	for i := range len(digits) {
		if digits[i]-'0' >= 10 {
			return false
		}
	}
	hours, minutes := number(digits[:2]), number(digits[2:])
	m.offset = hours*60 + minutes
	if s[0] == '-' {
		m.offset = -m.offset
	}
	return hours < 24 && minutes < 60
}

// exists reports whether the calendar and the clock have this moment. A 60th second is a leap second,
// which comes at the end of a UTC day only.
func (m *moment) exists() bool {
	if m.month < 1 || m.month > 12 || m.day < 1 || m.day > daysIn(m.year, m.month) {
		return false
	}
	if m.hour > 23 || m.minute > 59 || m.second > 60 {
		return false
	}
	if m.second == 60 {
		const day = 24 * 60
		utc := (m.hour*60 + m.minute - m.offset + 2*day) % day
		return utc == day-1
	}
	return true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	default:
		return 31
	}
}

// number reads digits that were checked.
func number(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}
