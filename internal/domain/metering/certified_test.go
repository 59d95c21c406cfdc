package metering

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/unit"
)

func kWh(t testing.TB, text string) *decimal.Decimal {
	d, err := decimal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// reading is of the usual register, minutes after noon.
func reading(t testing.TB, reason Reason, minutes int, value string) Reading {
	return Reading{
		At: noon().Add(time.Duration(minutes) * time.Minute), Clock: Synchronised, Reason: reason,
		Value: kWh(t, value), Register: "1-0:1.8.0", Unit: "kWh", Status: "G",
	}
}

func value(page uint64, readings ...Reading) Value {
	return Value{
		Format: "OCMF", Verdict: Verified, Key: Key{DER: "3059", Known: true},
		Set: &Set{
			Signed: fmt.Sprint(page, readings), Page: Page{Number: page}, Gateway: Device{Serial: "GW"}, Meter: Device{Serial: "MT"},
			User: User{Assigned: true, ID: "04A1B2"}, Readings: readings,
		},
	}
}

// session is a charge from 100.00 to 110.50 kWh in three sets.
func session(t testing.TB) []Value {
	return []Value{
		value(7, reading(t, Begin, 0, "100.00")),
		value(8, reading(t, During, 15, "104.00"), reading(t, During, 30, "108.25")),
		value(9, reading(t, End, 40, "110.50")),
	}
}

func codes(problems []Problem) []Code {
	var list []Code
	for _, p := range problems {
		list = append(list, p.Code)
	}
	return list
}

func TestCertified(t *testing.T) {
	cert := Certified(session(t), Known{Meter: "MT", Token: "04:a1:b2"})
	minutes := 40 * time.Minute
	want := Certificate{
		Verdict: Verified, Register: "1-0:1.8.0", Begin: Stand{reading(t, Begin, 0, "100.00"), 100_000_000, 0},
		End: Stand{reading(t, End, 40, "110.50"), 110_500_000, 2}, Energy: 10_500_000, Time: &minutes, Meter: Device{Serial: "MT"}, Gateway: Device{Serial: "GW"}, Key: Key{"3059", true},
	}
	if !reflect.DeepEqual(cert, want) {
		t.Errorf("got\n%+v\nwant\n%+v", cert, want)
	}
	if !cert.Billable() {
		t.Error("not billable")
	}
}

// TestOneThingWrong changes one thing of a good session.
func TestOneThingWrong(t *testing.T) {
	none := []Code(nil)
	for name, test := range map[string]struct {
		change  func(v []Value) []Value
		verdict Verdict
		codes   []Code
	}{
		"nothing":             {func(v []Value) []Value { return v }, Verified, none},
		"no values":           {func([]Value) []Value { return nil }, NotVerifiable, []Code{NoValues}},
		"another order":       {func(v []Value) []Value { slices.Reverse(v); return v }, Verified, none},
		"all twice":           {func(v []Value) []Value { return append(v, v...) }, Verified, none},
		"wrong signature":     {func(v []Value) []Value { v[1].Verdict, v[1].Code = Failed, SignatureWrong; return v }, Failed, []Code{SignatureWrong, PageGap}},
		"end wrongly signed":  {func(v []Value) []Value { v[2].Verdict, v[2].Code = Failed, SignatureWrong; return v }, Failed, []Code{SignatureWrong, EndMissing}},
		"begin without key":   {func(v []Value) []Value { v[0].Verdict, v[0].Code = NotVerifiable, KeyMissing; return v }, NotVerifiable, []Code{KeyMissing, BeginMissing}},
		"no begin":            {func(v []Value) []Value { return v[1:] }, NotVerifiable, []Code{BeginMissing}},
		"no end":              {func(v []Value) []Value { return v[:2] }, NotVerifiable, []Code{EndMissing}},
		"neither":             {func(v []Value) []Value { return v[1:2] }, NotVerifiable, []Code{BeginMissing, EndMissing}},
		"one between missing": {func(v []Value) []Value { return []Value{v[0], v[2]} }, Failed, []Code{PageGap}},
		"one that is not read beside": {func(v []Value) []Value {
			return append(v, Value{Format: "ALFEN", Verdict: NotVerifiable, Code: EncodingUnknown})
		}, Verified, []Code{ValueIgnored}},
		"only one that is not read": {func([]Value) []Value {
			return []Value{{Format: "ALFEN", Verdict: NotVerifiable, Code: EncodingUnknown}}
		}, NotVerifiable, []Code{EncodingUnknown, NoValues}},
		"one that breaks the format": {func(v []Value) []Value {
			return append(v, Value{Format: "OCMF", Verdict: Failed, Code: Malformed})
		}, Failed, []Code{Malformed}},
		"a bad copy of a good one": {func(v []Value) []Value {
			bad := v[1]
			bad.Verdict, bad.Code = Failed, SignatureWrong
			return append(v, bad)
		}, Verified, none},
		"readings outside transactions": {func(v []Value) []Value {
			v[0].Set.Page.Fiscal, v[1].Set.Page.Fiscal, v[2].Set.Page.Fiscal = true, true, true
			return v
		}, NotVerifiable, []Code{NoValues}},
		"one page twice": {func(v []Value) []Value { v[1].Set.Page.Number = 7; v[2].Set.Page.Number = 8; return v }, Failed, []Code{PageRepeated}},
		"key of the station alone": {func(v []Value) []Value {
			v[1].Key.Known = false
			return v
		}, Verified, []Code{KeyNotKnown}},
		"two keys":         {func(v []Value) []Value { v[2].Key.DER = "3058"; return v }, Failed, []Code{KeyDiffers}},
		"two meters":       {func(v []Value) []Value { v[2].Set.Meter.Serial = "MU"; return v }, Failed, []Code{MeterDiffers}},
		"two gateways":     {func(v []Value) []Value { v[2].Set.Gateway.Serial = "GX"; return v }, Failed, []Code{GatewayDiffers}},
		"two users":        {func(v []Value) []Value { v[2].Set.User.ID = "04FFFF"; return v }, Failed, []Code{UserDiffers}},
		"user known late":  {func(v []Value) []Value { v[0].Set.User = User{}; return v }, Verified, none},
		"user not himself": {func(v []Value) []Value { v[2].Set.User.Level = "MISMATCH"; return v }, Failed, []Code{UserInvalid}},
		"energy lost":      {func(v []Value) []Value { v[2].Set.Readings[0].Errors = "E"; return v }, Failed, []Code{Unusable}},
		"time lost":        {func(v []Value) []Value { v[0].Set.Readings[0].Errors = "t"; return v }, Failed, []Code{Unusable}},
		"another flag":     {func(v []Value) []Value { v[0].Set.Readings[0].Errors = "q"; return v }, Verified, none},
		"meter exchanged":  {func(v []Value) []Value { v[1].Set.Readings[1].Status = "X"; return v }, Failed, []Code{MeterState}},
		"exception":        {func(v []Value) []Value { v[1].Set.Readings[1].Reason = Exception; return v }, Failed, []Code{ExceptionRead}},
		"energy back": {func(v []Value) []Value {
			v[1].Set.Readings[1].Value = kWh(t, "103.99")
			return v
		}, Failed, []Code{EnergyBack}},
		"end below begin":  {func(v []Value) []Value { v[2].Set.Readings[0].Value = kWh(t, "99"); return v }, Failed, []Code{EnergyBack}},
		"end before begin": {func(v []Value) []Value { v[2].Set.Readings[0].At = noon().Add(-time.Second); return v }, Failed, []Code{TimeBack}},
		"begin told again": {func(v []Value) []Value { return append(v, value(10, v[0].Set.Readings[0], v[2].Set.Readings[0])) }, Verified, none},
		"two begins":       {func(v []Value) []Value { return append(v, value(10, reading(t, Begin, 50, "110.50"))) }, Failed, []Code{BeginTwice}},
		"two ends":         {func(v []Value) []Value { return append(v, value(10, reading(t, End, 50, "111.00"))) }, Failed, []Code{EndTwice}},
		"other unit at end": {func(v []Value) []Value {
			r := &v[2].Set.Readings[0]
			r.Value, r.Unit = kWh(t, "110500"), "Wh"
			return v
		}, Verified, none},
		"unit of heat":      {func(v []Value) []Value { v[2].Set.Readings[0].Unit = "MJ"; return v }, NotVerifiable, []Code{UnitUnknown}},
		"too many digits":   {func(v []Value) []Value { v[2].Set.Readings[0].Value = kWh(t, "110.5000001"); return v }, NotVerifiable, []Code{TooFine}},
		"beyond all meters": {func(v []Value) []Value { v[2].Set.Readings[0].Value = kWh(t, "1e18"); return v }, NotVerifiable, []Code{TooFine}},
		"register of export": {func(v []Value) []Value {
			for i := range v {
				for n := range v[i].Set.Readings {
					v[i].Set.Readings[n].Register = "1-0:2.8.0"
				}
			}
			return v
		}, NotVerifiable, []Code{RegisterUnknown}},
		"begin and end of two registers": {func(v []Value) []Value { v[2].Set.Readings[0].Register = "01-00:B2.08.00*FF"; return v }, NotVerifiable, []Code{RegisterUnknown}},
		"no serial numbers": {func(v []Value) []Value {
			for i := range v {
				v[i].Set.Meter, v[i].Set.Gateway = Device{}, Device{}
			}
			return v
		}, NotVerifiable, []Code{SerialMissing}},
	} {
		cert := Certified(test.change(session(t)), Known{})
		if cert.Verdict != test.verdict || !slices.Equal(codes(cert.Problems), test.codes) {
			t.Errorf("%s: got %s %v, want %s %v", name, cert.Verdict, cert.Problems, test.verdict, test.codes)
		}
		if cert.Billable() != (test.verdict == Verified) {
			t.Errorf("%s: billable %t", name, cert.Billable())
		}
		if cert.Verdict == Verified && cert.Energy != 10_500_000 {
			t.Errorf("%s: got %d mWh, want 10.5 kWh", name, cert.Energy)
		}
	}
}

func TestKnown(t *testing.T) {
	energy := func(e unit.MilliWattHour) *unit.MilliWattHour { return &e }
	for name, test := range map[string]struct {
		known Known
		want  []Code
	}{
		"another meter":        {Known{Meter: "MU"}, []Code{MeterDiffers}},
		"another token":        {Known{Token: "04FFFF"}, []Code{TokenDiffers}},
		"same energy":          {Known{Energy: energy(10_500_000)}, nil},
		"last digits":          {Known{Energy: energy(10_500_000 + 10_000 + 1_000)}, nil},
		"more than last ones":  {Known{Energy: energy(10_500_000 + 10_000 + 1_001)}, []Code{UnsignedDiffers}},
		"less than last ones":  {Known{Energy: energy(10_500_000 - 10_000 - 1_001)}, []Code{UnsignedDiffers}},
		"pages of others":      {Known{Elsewhere: []Page{{Number: 8}, {Number: 12}}}, nil},
		"pages of another day": {Known{Elsewhere: []Page{{Number: 80}}}, nil},
	} {
		cert := Certified(session(t), test.known)
		if !slices.Equal(codes(cert.Problems), test.want) || cert.Billable() != (test.want == nil) {
			t.Errorf("%s: got %v, want %v", name, cert.Problems, test.want)
		}
	}
	parts := session(t)
	parts[1].Set.Page.Number, parts[2].Set.Page.Number = 9, 13
	if cert := Certified(parts, Known{Elsewhere: []Page{{Number: 8}, {Number: 10}, {Number: 11}, {Number: 12}}}); !cert.Billable() {
		t.Errorf("pages of sessions at the same time: got %v, want none missing", cert.Problems)
	}
	cert := Certified(parts, Known{Elsewhere: []Page{{Number: 8}, {Number: 11}, {Number: 11}, {Fiscal: true, Number: 10}}})
	want := Problem{PageGap, 2, []string{"after", "9", "before", "13", "missing", "2"}}
	if len(cert.Problems) != 1 || !reflect.DeepEqual(cert.Problems[0], want) {
		t.Errorf("got %v, want %v", cert.Problems, want)
	}
}

// TestTime tells by which clocks time may be billed.
func TestTime(t *testing.T) {
	for _, test := range []struct {
		begin, end Clock
		want       bool
	}{
		{Synchronised, Synchronised, true},
		{Informative, Relative, true},
		{Synchronised, Relative, true},
		{Relative, Relative, true},
		{Unsynchronised, Relative, false},
		{Informative, Informative, false},
		{Synchronised, Informative, false},
		{Informative, Synchronised, false},
		{Unsynchronised, Unsynchronised, false},
	} {
		v := session(t)
		v[0].Set.Readings[0].Clock, v[2].Set.Readings[0].Clock = test.begin, test.end
		cert := Certified(v, Known{})
		if got := cert.Time != nil; got != test.want || got && *cert.Time != 40*time.Minute {
			t.Errorf("%s to %s: got %v, want %t", test.begin, test.end, cert.Time, test.want)
		}
		if cert.Verdict != Verified {
			t.Errorf("%s to %s: %v: energy does not need a clock", test.begin, test.end, cert.Problems)
		}
	}
}

// TestRegisters chooses among registers that one set has side by side.
func TestRegisters(t *testing.T) {
	for name, test := range map[string]struct {
		registers []string
		want      string
		codes     []Code
	}{
		"one":                         {[]string{"1-b:1.8.0"}, "1-b:1.8.0", nil},
		"with a tariff":               {[]string{"1-0:1.8.1"}, "1-0:1.8.1", nil},
		"vehicle before meter":        {[]string{"01-00:B2.08.00*FF", "01-00:B3.08.00*FF"}, "01-00:B3.08.00*FF", nil},
		"transaction before total":    {[]string{"1-0:1.8.0", "01-00:98.08.00.FF"}, "01-00:98.08.00.FF", nil},
		"small letters":               {[]string{"01-00:b2.08.00*ff"}, "01-00:b2.08.00*ff", nil},
		"import before export":        {[]string{"1-0:2.8.0", "1-0:1.8.0"}, "1-0:1.8.0", nil},
		"resistance":                  {[]string{"01-00:8C.07.00.FF"}, "", []Code{RegisterUnknown}},
		"power":                       {[]string{"1-0:1.7.0"}, "", []Code{RegisterUnknown}},
		"export of a transaction":     {[]string{"01-00:C2.08.00*FF"}, "", []Code{RegisterUnknown}},
		"two tariffs, and no sum":     {[]string{"1-0:1.8.1", "1-0:1.8.2"}, "1-0:1.8.1", []Code{RegisterSeveral}},
		"no code":                     {[]string{"energy"}, "", []Code{RegisterUnknown}},
		"two of a rank, one of more":  {[]string{"1-0:1.8.1", "1-0:1.8.2", "01-00:B2.08.00*FF"}, "01-00:B2.08.00*FF", nil},
		"empty":                       {[]string{""}, "", []Code{RegisterUnknown}},
		"device of another quantity":  {[]string{"01-00:B3.07.00*FF", "1-0:1.8.0"}, "1-0:1.8.0", nil},
		"zeros before everything":     {[]string{"01-00:01.08.00*FF"}, "01-00:01.08.00*FF", nil},
		"meters of more than one now": {[]string{"01-00:B0.08.00*FF", "01-00:B1.08.00*FF"}, "01-00:B1.08.00*FF", nil},
	} {
		var readings []Reading
		for _, register := range test.registers {
			for i, reason := range []Reason{Begin, End} {
				r := reading(t, reason, i, []string{"1", "2.5"}[i])
				r.Register = register
				readings = append(readings, r)
			}
		}
		cert := Certified([]Value{value(1, readings...)}, Known{})
		if cert.Register != test.want || !slices.Equal(codes(cert.Problems), test.codes) {
			t.Errorf("%s: got %q %v, want %q %v", name, cert.Register, cert.Problems, test.want, test.codes)
		}
		if test.codes == nil && cert.Energy != 1_500_000 {
			t.Errorf("%s: got %d mWh, want 1.5 kWh", name, cert.Energy)
		}
	}
}

// TestOrderDoesNotMatter shuffles sessions, good ones and bad ones: the same is found.
func TestOrderDoesNotMatter(t *testing.T) {
	bad := append(session(t), value(12, reading(t, During, 50, "111")), Value{Verdict: Failed, Code: Malformed})
	bad[1].Set.Readings[0].Errors = "E"
	for name, values := range map[string][]Value{"good": session(t), "bad": bad} {
		want := Certified(values, Known{})
		random := rand.New(rand.NewPCG(1, 2))
		for range 50 {
			shuffled := slices.Clone(values)
			random.Shuffle(len(shuffled), func(i, k int) { shuffled[i], shuffled[k] = shuffled[k], shuffled[i] })
			got := Certified(shuffled, Known{})
			if got.Verdict != want.Verdict || got.Energy != want.Energy || !reflect.DeepEqual(codes(got.Problems), codes(want.Problems)) {
				t.Fatalf("%s: got %s %v, want %s %v", name, got.Verdict, got.Problems, want.Verdict, want.Problems)
			}
		}
	}
}

func TestCodesAreComplete(t *testing.T) {
	seen := map[Code]bool{}
	for _, c := range Codes() {
		if seen[c] {
			t.Errorf("%s: twice", c)
		}
		seen[c] = true
		if want := map[gravity]Verdict{notice: Verified, review: Verified, unproven: NotVerifiable, fatal: Failed}[c.gravity()]; c.Verdict() != want {
			t.Errorf("%s: got %s, want %s", c, c.Verdict(), want)
		}
	}
}
