package metering

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pylon/internal/kernel/unit"
)

// Known is what a session's signed values are held against. What is not known is zero.
type Known struct {
	Meter     string              // serial number of the EVSE's meter
	Token     string              // uid that the session is of
	Energy    *unit.MilliWattHour // that the station reported without signature
	Elsewhere []Page              // of the device's sets that are not the session's, see [Pages]
}

// Certificate is what the signed values of a session prove.
type Certificate struct {
	Verdict  Verdict
	Problems []Problem // gravest first

	// What follows is filled in as far as it could be found; it holds when the verdict is
	// Verified, and else is for people to look at.
	Register string
	Begin    Stand // of that register
	End      Stand
	Energy   unit.MilliWattHour // end minus begin: all that may be billed
	Time     *time.Duration     // nil: the meter does not sign time as the law wants it
	Meter    Device
	Gateway  Device
	Key      Key
}

// Stand is a reading that something is billed by.
type Stand struct {
	Reading
	Energy unit.MilliWattHour
	In     int // index of the value that it stands in
}

// Billable reports whether a bill may be made of the certificate without a person looking.
func (c *Certificate) Billable() bool {
	return c.Verdict == Verified && !slices.ContainsFunc(c.Problems, func(p Problem) bool { return p.Code.gravity() >= review })
}

// Certified judges the signed values of one session, in any order, with repeats. Verified
// means: every set that was checked is right; begin and end are there, of one register of one meter,
// with no page missing between them, and nothing that the device said speaks against it. One wrong value
// fails the whole, whatever the others say: something was taken away or changed.
func Certified(values []Value, known Known) Certificate {
	j := judge{known: known}
	j.sort(values)
	if len(j.sets) == 0 {
		j.problem(NoValues, -1)
		return j.sentence()
	}
	j.devices()
	j.users()
	j.pages()
	j.states()
	j.register()
	j.measure()
	return j.sentence()
}

// judge collects what is found.
type judge struct {
	known Known
	cert  Certificate
	sets  []set // verified, of transactions, each once, by page
}

// set is a set with the index of its value.
type set struct {
	*Set
	value int
	key   Key
}

func (j *judge) problem(code Code, value int, values ...string) {
	j.cert.Problems = append(j.cert.Problems, Problem{code, value, values})
}

// sort keeps the verified sets of transactions, each once, and tells what is not verified; of
// a set that came twice one good signature is enough.
func (j *judge) sort(values []Value) {
	good := map[string]bool{}
	for i := range values {
		if v := &values[i]; v.Verdict == Verified && !good[v.Set.Signed] {
			good[v.Set.Signed] = true
			if !v.Set.Page.Fiscal {
				j.sets = append(j.sets, set{v.Set, i, v.Key})
			}
		}
	}
	slices.SortStableFunc(j.sets, func(a, b set) int { return cmp.Compare(a.Page.Number, b.Page.Number) })
	for i := range values {
		v := &values[i]
		switch {
		case v.Verdict == Verified, v.Set != nil && good[v.Set.Signed]:
		case v.Code == EncodingUnknown && len(j.sets) > 0:
			j.problem(ValueIgnored, i, "code", string(v.Code))
		default:
			j.problem(v.Code, i)
		}
	}
}

// devices demands one meter, one gateway and one key.
func (j *judge) devices() {
	first := &j.sets[0]
	j.cert.Meter, j.cert.Gateway, j.cert.Key = first.Meter, first.Gateway, first.key
	if first.Meter.Serial == "" && first.Gateway.Serial == "" {
		j.problem(SerialMissing, first.value)
	}
	if known := j.known.Meter; known != "" && first.Meter.Serial != "" && known != first.Meter.Serial {
		j.problem(MeterDiffers, first.value, "known", known, "found", first.Meter.Serial)
	}
	for i := range j.sets {
		s := &j.sets[i]
		if s.Meter.Serial != first.Meter.Serial {
			j.problem(MeterDiffers, s.value, "known", first.Meter.Serial, "found", s.Meter.Serial)
		}
		if s.Gateway.Serial != first.Gateway.Serial {
			j.problem(GatewayDiffers, s.value, "known", first.Gateway.Serial, "found", s.Gateway.Serial)
		}
		if s.key.DER != first.key.DER {
			j.problem(KeyDiffers, s.value)
		}
		j.cert.Key.Known = j.cert.Key.Known && s.key.Known
	}
	if !j.cert.Key.Known {
		j.problem(KeyNotKnown, first.value)
	}
}

// wrongLevels are what a device says of a user that is not who he says.
func wrongLevels() []string { return []string{"MISMATCH", "INVALID", "OUTDATED", "UNKNOWN"} }

// users demands one user, who may be known only at the end.
func (j *judge) users() {
	id := ""
	for i := range j.sets {
		s := &j.sets[i]
		if slices.Contains(wrongLevels(), strings.TrimSpace(s.User.Level)) {
			j.problem(UserInvalid, s.value, "level", s.User.Level)
		}
		switch own := plainID(s.User.ID); {
		case own == "" || own == id:
		case id == "":
			id = own
			if token := plainID(j.known.Token); token != "" && token != own {
				j.problem(TokenDiffers, s.value)
			}
		default:
			j.problem(UserDiffers, s.value)
		}
	}
}

// plainID returns an identifier without what it is often written with.
func plainID(id string) string {
	return strings.ToUpper(strings.NewReplacer(":", "", "-", "", " ", "").Replace(id))
}

// pages demands that no page is missing between the first and the last.
func (j *judge) pages() {
	for i := 1; i < len(j.sets); i++ {
		before, s := &j.sets[i-1], &j.sets[i]
		j.cert.Problems = append(j.cert.Problems, between(before.Page, s.Page, s.value, j.known.Elsewhere)...)
	}
}

// states demands that nothing was wrong at any reading.
func (j *judge) states() {
	for i := range j.sets {
		s := &j.sets[i]
		for n := range s.Readings {
			r := &s.Readings[n]
			at := strconv.Itoa(n + 1)
			if r.Reason == Exception {
				j.problem(ExceptionRead, s.value, "reading", at)
			}
			if strings.ContainsAny(r.Errors, "Et") {
				j.problem(Unusable, s.value, "reading", at, "flags", r.Errors)
			}
			if r.Status != "G" {
				j.problem(MeterState, s.value, "reading", at, "state", r.Status)
			}
		}
	}
}

// register chooses what is billed: of the registers of imported energy that have a begin and an
// end the first by rank.
func (j *judge) register() {
	type ends struct{ begin, end bool }
	found, order := map[string]ends{}, []string{}
	all := ends{}
	for _, r := range j.readings() {
		if r.Value == nil {
			continue
		}
		e, seen := found[r.Register]
		if !seen {
			order = append(order, r.Register)
		}
		e.begin, e.end = e.begin || r.Reason == Begin, e.end || r.Reason == End
		all.begin, all.end = all.begin || e.begin, all.end || e.end
		found[r.Register] = e
	}
	best, several := -1, false
	for _, name := range order {
		place, ok := rank(name)
		switch e := found[name]; {
		case !ok || !e.begin || !e.end:
		case best < 0 || place < best:
			best, several, j.cert.Register = place, false, name
		case place == best:
			several = true
		}
	}
	if !all.begin {
		j.problem(BeginMissing, -1)
	}
	if !all.end {
		j.problem(EndMissing, -1)
	}
	switch {
	case !all.begin || !all.end:
	case best < 0:
		j.problem(RegisterUnknown, -1, "registers", strings.Join(order, " "))
	case several:
		j.problem(RegisterSeveral, -1, "registers", strings.Join(order, " "))
	}
}

// placed is a reading with the index of its value.
type placed struct {
	*Reading
	in int
}

// readings returns all readings, by page.
func (j *judge) readings() []placed {
	var all []placed
	for i := range j.sets {
		for n := range j.sets[i].Readings {
			all = append(all, placed{&j.sets[i].Readings[n], j.sets[i].value})
		}
	}
	return all
}

// measure takes begin and end of the register, and what lies between them must not go back.
func (j *judge) measure() {
	c := &j.cert
	if c.Register == "" {
		return
	}
	var begin, end, last *Stand
	for _, r := range j.readings() {
		if r.Register != c.Register || r.Value == nil {
			continue
		}
		e, wrong := r.energy()
		if wrong != "" {
			j.problem(wrong, r.in, "value", r.Value.String(), "unit", r.Unit)
			return
		}
		s, again := &Stand{*r.Reading, e, r.in}, false
		if r.Reason == Begin {
			begin, again = j.once(BeginTwice, begin, s)
		}
		if r.Reason == End {
			end, again = j.once(EndTwice, end, s)
		}
		if again {
			continue // the device told it once more, after others
		}
		if last != nil && s.Energy < last.Energy {
			j.problem(EnergyBack, r.in, "from_mwh", number(last.Energy), "to_mwh", number(s.Energy))
		}
		last = s
	}
	c.Begin, c.End, c.Energy = *begin, *end, end.Energy-begin.Energy
	j.compare()
	j.time()
}

// once returns the reading that is there already, and whether there is one; another energy or
// time is a problem.
func (j *judge) once(code Code, had, s *Stand) (*Stand, bool) {
	if had == nil {
		return s, false
	}
	if !had.At.Equal(s.At) || had.Energy != s.Energy {
		j.problem(code, s.In, "first_mwh", number(had.Energy), "second_mwh", number(s.Energy))
	}
	return had, true
}

// compare holds the energy against what the station reported without signature. Both are
// differences of two numbers that were cut off somewhere: what a last digit of each makes up is no difference.
func (j *judge) compare() {
	c, other := &j.cert, j.known.Energy
	if other == nil {
		return
	}
	const plain = unit.WattHour(1) // the least that OCPP 1.6 tells of a register
	tolerance := max(c.Begin.step(), c.End.step()) + plain.Milli()
	if d := c.Energy - *other; d > tolerance || d < -tolerance {
		j.problem(UnsignedDiffers, -1, "signed_mwh", number(c.Energy), "unsigned_mwh", number(*other))
	}
}

func number(e unit.MilliWattHour) string { return strconv.FormatInt(int64(e), 10) }

// time finds how long the session was by the meter: by a synchronised clock at both ends, or
// by one that measures from the begin on.
func (j *judge) time() {
	c := &j.cert
	took := c.End.At.Sub(c.Begin.At)
	if took < 0 {
		j.problem(TimeBack, -1, "begin", c.Begin.At.UTC().Format(time.RFC3339), "end", c.End.At.UTC().Format(time.RFC3339))
		return
	}
	byClock := c.Begin.Clock == Synchronised && c.End.Clock == Synchronised
	if byClock || c.End.Clock == Relative && c.Begin.Clock != Unsynchronised {
		c.Time = &took
	}
}

// sentence puts the gravest problem first and lets it decide.
func (j *judge) sentence() Certificate {
	c := &j.cert
	slices.SortStableFunc(c.Problems, func(a, b Problem) int { return int(b.Code.gravity() - a.Code.gravity()) })
	c.Verdict = Verified
	if len(c.Problems) > 0 {
		c.Verdict = c.Problems[0].Code.Verdict()
	}
	return *c
}

// String returns code and values, for logs.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(string(p.Code))
	for i := 0; i+1 < len(p.Values); i += 2 {
		b.WriteString(" " + p.Values[i] + "=" + p.Values[i+1])
	}
	return b.String()
}
