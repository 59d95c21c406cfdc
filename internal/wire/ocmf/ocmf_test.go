package ocmf

import (
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/kernel/curve"
	"pylon/internal/kernel/decimal"
)

// records were signed by OpenSSL 3.0, a file for each curve: the key, a session in three
// records, one in a single record, one more begin.
//
//go:embed testdata
var records embed.FS

type signed struct {
	curve string
	key   string
	texts []string
}

func load(t testing.TB) []signed {
	names, err := fs.Glob(records, "testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []signed
	for _, name := range names {
		data, err := records.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		all = append(all, signed{strings.TrimSuffix(strings.TrimPrefix(name, "testdata/"), ".txt"), lines[0], lines[1:]})
	}
	return all
}

func parse(t testing.TB, text string) *Record {
	r, err := Parse(text)
	if err != nil {
		t.Fatalf("%.60s…: %v", text, err)
	}
	return r
}

func verify(t testing.TB, r *Record, key string) error {
	by, err := r.Method("")
	if err != nil {
		return err
	}
	k, err := ParseKey(key, by.Curve)
	if err != nil {
		t.Fatal(err)
	}
	return r.Verify(k, by)
}

func TestVerify(t *testing.T) {
	all := load(t)
	if len(all) != len(curve.Names()) {
		t.Fatalf("got records on %d curves, want %d", len(all), len(curve.Names()))
	}
	for _, of := range all {
		for i, text := range of.texts {
			r := parse(t, text)
			if err := verify(t, r, of.key); err != nil {
				t.Errorf("%s, record %d: %v", of.curve, i, err)
			}
			if want := strings.Split(text, "|")[1]; r.Payload != want {
				t.Errorf("%s, record %d: payload changed", of.curve, i)
			}
			spaced := parse(t, strings.Replace(text, `,"PG"`, `, "PG"`, 1))
			if err := verify(t, spaced, of.key); !errors.Is(err, ErrWrong) {
				t.Errorf("%s, record %d with a space more: got %v, want ErrWrong", of.curve, i, err)
			}
		}
		raised := parse(t, strings.Replace(of.texts[0], "2935.60", "2935.6", 1))
		if err := verify(t, raised, of.key); !errors.Is(err, ErrWrong) {
			t.Errorf("%s, a digit less: got %v, want ErrWrong", of.curve, err)
		}
		exchanged := parse(t, strings.Join([]string{header, strings.Split(of.texts[0], "|")[1], strings.Split(of.texts[2], "|")[2]}, "|"))
		if err := verify(t, exchanged, of.key); !errors.Is(err, ErrWrong) {
			t.Errorf("%s, signature of another record: got %v, want ErrWrong", of.curve, err)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	all := load(t)
	i := slices.IndexFunc(all, func(s signed) bool { return s.curve == "secp256r1" })
	good, other := all[i], all[(i+1)%len(all)]
	r := parse(t, good.texts[0])
	with := func(change func(*Signature)) *Record {
		c := *r
		change(&c.Signature)
		return &c
	}
	for name, test := range map[string]struct {
		record *Record
		key    string
		want   error
	}{
		"RSA":                   {with(func(s *Signature) { s.Method = "RSA-2048-SHA256" }), good.key, ErrMethod},
		"curve not known":       {with(func(s *Signature) { s.Method = "ECDSA-secp224r1-SHA256" }), good.key, ErrMethod},
		"hash not known":        {with(func(s *Signature) { s.Method = "ECDSA-secp256r1-SHA1" }), good.key, ErrMethod},
		"no method":             {with(func(s *Signature) { s.Method = "ECDSA" }), good.key, ErrMethod},
		"encoding not known":    {with(func(s *Signature) { s.Encoding = "base58" }), good.key, ErrEncoding},
		"type not known":        {with(func(s *Signature) { s.Type = "application/jose" }), good.key, ErrEncoding},
		"not hex":               {with(func(s *Signature) { s.Data = "zz" }), good.key, ErrForm},
		"hex for base64":        {with(func(s *Signature) { s.Encoding = "base64" }), good.key, ErrForm},
		"empty":                 {with(func(s *Signature) { s.Data = "" }), good.key, ErrForm},
		"r and s are zero":      {with(func(s *Signature) { s.Data = "3006020100020100" }), good.key, ErrForm},
		"cut":                   {with(func(s *Signature) { s.Data = s.Data[:len(s.Data)-2] }), good.key, ErrForm},
		"made up":               {with(func(s *Signature) { s.Data = "3006020101020101" }), good.key, ErrWrong},
		"another hash":          {with(func(s *Signature) { s.Method = "ECDSA-secp256r1-SHA384" }), good.key, ErrWrong},
		"key of another curve":  {r, other.key, ErrKeyCurve},
		"says another curve":    {with(func(s *Signature) { s.Method = "ECDSA-secp256k1-SHA256" }), good.key, ErrKeyCurve},
		"lower case is the hex": {with(func(s *Signature) { s.Data = strings.ToLower(s.Data) }), good.key, nil},
		"type said":             {with(func(s *Signature) { s.Type = "application/x-der" }), good.key, nil},
	} {
		if err := verify(t, test.record, test.key); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

// TestMethodSaidBeside takes OCPP's signingMethod where the record has none, and only then.
func TestMethodSaidBeside(t *testing.T) {
	r := &Record{}
	for _, test := range []struct{ own, said, want string }{
		{"", "", "secp256r1"},
		{"", "ECDSA-secp384r1-SHA256", "secp384r1"},
		{"ECDSA-brainpool256r1-SHA256", "ECDSA-secp384r1-SHA256", "brainpoolP256r1"},
	} {
		r.Signature.Method = test.own
		by, err := r.Method(test.said)
		if err != nil || by.Curve.Name() != test.want {
			t.Errorf("%q beside %q: got %v, %v, want %s", test.own, test.said, by, err, test.want)
		}
	}
}

func TestKeyTexts(t *testing.T) {
	sizes := map[string]int{ // of a coordinate, in bytes
		"secp192r1": 24, "secp192k1": 24, "secp256r1": 32, "secp256k1": 32, "brainpoolP256r1": 32, "secp384r1": 48, "brainpoolP384r1": 48, "secp521r1": 66,
	}
	for _, of := range load(t) {
		on, _ := curve.Named(of.curve)
		want, err := ParseKey(of.key, nil)
		if err != nil {
			t.Fatal(err)
		}
		der := want.DER()
		point := der[len(der)-1-2*sizes[of.curve]:]
		pairs := strings.Join(strings.SplitAfter(of.key, "30"), " ")
		note := base64.StdEncoding.EncodeToString([]byte("oca:base16:asn1:" + of.key))
		for name, text := range map[string]string{
			"lower case": strings.ToLower(of.key), "spaces": pairs, "lines": "\n  " + of.key[:40] + "\r\n" + of.key[40:] + "\n", "0x": "0x" + of.key,
			"base64": base64.StdEncoding.EncodeToString(der), "base64 without padding": base64.RawStdEncoding.EncodeToString(der),
			"base64 of hex": base64.StdEncoding.EncodeToString([]byte(of.key)), "OCA": note, "OCA without base64": "oca:base16:asn1:" + of.key,
			"OCA as printed": "oca:base16:asn1:0x" + of.key[:10] + "-" + of.key[10:], "OCA in base64 within": "oca:base64:asn1:" + base64.StdEncoding.EncodeToString(der),
		} {
			if got, err := ParseKey(text, nil); err != nil || !got.Equal(want) {
				t.Errorf("%s: %s: got %v, %v, want the key", of.curve, name, got, err)
			}
		}
		tail := hex.EncodeToString(point)
		if got, err := ParseKey(tail, on); err != nil || !got.Equal(want) {
			t.Errorf("%s: a point: got %v, %v, want the key", of.curve, got, err)
		}
		if _, err := ParseKey(tail, nil); !errors.Is(err, ErrKey) {
			t.Errorf("%s: a point without curve: got %v, want ErrKey", of.curve, err)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "words": "ask the operator", "short": "3059", "OCA of another content": "oca:base16:pem:3059", "OCA cut": "oca:base16",
		"long": strings.Repeat("30", KeyMax), "endless base64": base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte("AAAA")))),
	} {
		if got, err := ParseKey(text, nil); !errors.Is(err, ErrKey) {
			t.Errorf("%s: got %v, %v, want ErrKey", name, got, err)
		}
	}
}

func TestUnwrap(t *testing.T) {
	record := load(t)[0].texts[0]
	for name, carried := range map[string]string{
		"as it is": record, "spaces around": "\n " + record + "\n", "hex": hex.EncodeToString([]byte(record)),
		"base64": base64.StdEncoding.EncodeToString([]byte(record)), "base64 without padding": base64.RawStdEncoding.EncodeToString([]byte(record + "\n")),
	} {
		if got, ok := Unwrap(carried); !ok || got != record {
			t.Errorf("%s: got %.40q, %t, want the record", name, got, ok)
		}
	}
	for _, carried := range []string{"", "OCMF", "<signedMeterValue>", "1b1b1b1b01010101", "QVA7MDszO0FMRk4="} {
		if got, ok := Unwrap(carried); ok {
			t.Errorf("%q: got %q, want none", carried, got)
		}
	}
}

func TestParseTakesEverything(t *testing.T) {
	const text = `OCMF|{"FV":"1.3","GI":"gate","GS":"g1","GV":"v1","PG":"F7","MV":"maker","MM":"model","MS":"m1","MF":"f1","IS":true,` +
		`"IL":"SECURE","IF":["RFID_PSK","OCPP_NONE"],"IT":"EMAID","ID":"DE8AA","TT":"0,59 €/kWh","CF":"c1","CT":"CBIDC","CI":"CP 1",` +
		`"LC":{"LN":"cable","LI":1,"LR":2.50,"LU":"mOhm"},"XY":{"vendor":[1]},"RD":[` +
		`{"TM":"2018-07-24T13:22:04,123+0200 I","TX":"B","RV":0.10,"RI":"01-00:98.08.00.FF","RU":"kWh","RT":"DC","CL":0.0,"EF":"","ST":"G"},` +
		`{"TM":"2018-07-24T13:26:04,000+0200 R","TX":"X","RV":"1e1","EF":"Et","ST":"F"},{"TM":"2018-07-24T13:27:04,000+0200 R","CL":null}]}` +
		`|{"SA":"ECDSA-secp256k1-SHA256","SE":"base64","SM":"application/x-der","SD":"AAAA","ZZ":1}`
	number := func(text string) *decimal.Decimal {
		d, err := decimal.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return &d
	}
	zone := time.FixedZone("", 2*60*60)
	first := Reading{
		At: time.Date(2018, 7, 24, 13, 22, 4, 123e6, zone), AsSent: "2018-07-24T13:22:04,123+0200 I", Clock: ClockInformative, Reason: Begin,
		Value: number("0.10"), Register: "01-00:98.08.00.FF", Unit: "kWh", Current: "DC", Loss: number("0.0"), Status: StatusGood,
	}
	second := first
	second.At, second.AsSent, second.Clock = time.Date(2018, 7, 24, 13, 26, 4, 0, zone), "2018-07-24T13:26:04,000+0200 R", ClockRelative
	second.Reason, second.Value, second.Errors, second.Status = Exception, number("1e1"), "Et", 'F'
	third := second
	third.At, third.AsSent = time.Date(2018, 7, 24, 13, 27, 4, 0, zone), "2018-07-24T13:27:04,000+0200 R"
	want := &Record{
		Payload: strings.Split(text, "|")[1],
		Version: "1.3", Gateway: Device{"", "gate", "g1", "v1"}, Meter: Device{"maker", "model", "m1", "f1"}, Page: Page{Fiscal, 7},
		User:   User{true, "SECURE", []string{"RFID_PSK", "OCPP_NONE"}, "EMAID", "DE8AA"},
		Tariff: "0,59 €/kWh", Controller: "c1", Point: Point{"CBIDC", "CP 1"}, Loss: &Loss{"cable", number("1"), number("2.50"), "mOhm"},
		Readings:  []Reading{first, second, third},
		Signature: Signature{"ECDSA-secp256k1-SHA256", "base64", "application/x-der", "AAAA"},
	}
	got := parse(t, text)
	for i := range got.Readings {
		r, w := &got.Readings[i], &want.Readings[i]
		if !r.At.Equal(w.At) {
			t.Errorf("reading %d: at %v, want %v", i, r.At, w.At)
		}
		r.At = w.At // zones without a name compare badly
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestParseRefuses(t *testing.T) {
	const reading = `{"TM":"2018-07-24T13:22:04,000+0200 S","TX":"B","RV":1,"RI":"1-b:1.8.0","RU":"kWh","ST":"G"}`
	const good = `OCMF|{"PG":"T1","MS":"1","RD":[` + reading + `]}|{"SD":"00"}`
	parse(t, good)
	in := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatalf("%s is not in the record", from)
		}
		return strings.Replace(good, from, to, 1)
	}
	for _, test := range []struct{ name, text, field, rule string }{
		{"empty", "", "", "does not begin"},
		{"header", in("OCMF", "ocmf"), "", "does not begin"},
		{"two sections", in(`|{"SD":"00"}`, ""), "", "2 sections"},
		{"four sections", good + "|", "", "4 sections"},
		{"bar in a string", in(`"MS":"1"`, `"MS":"a|b"`), "", "4 sections"},
		{"too long", good + strings.Repeat(" ", MaxLength), "", "longer than"},
		{"no JSON", in(`{"PG"`, `"PG"`), "", "payload is not a JSON object"},
		{"null", "OCMF|null|{}", "", "payload is not a JSON object"},
		{"two of a name", in(`"MS":"1"`, `"MS":"1","MS":"2"`), "", "payload is not a JSON object"},
		{"trailing", in(`]}|`, `]}}|`), "", "payload is not a JSON object"},
		{"no signature section", in(`{"SD":"00"}`, ``), "", "signature is not a JSON object"},
		{"no signature", in(`"SD":"00"`, ``), "SD", "is missing"},
		{"signature a number", in(`"00"`, `0`), "SD", "is not a string"},
		{"no page", in(`"PG":"T1",`, ``), "PG", "is missing"},
		{"page null", in(`"T1"`, `null`), "PG", "is missing"},
		{"page of a number", in(`"T1"`, `1`), "PG", "is not a string"},
		{"page without letter", in(`T1`, `1`), "PG", "is not T or F"},
		{"page of another letter", in(`T1`, `S1`), "PG", "is not T or F"},
		{"page without number", in(`T1`, `T`), "PG", "is not T or F"},
		{"empty page", in(`T1`, ``), "PG", "is not T or F"},
		{"page with zeros", in(`T1`, `T01`), "PG", "is not T or F"},
		{"negative page", in(`T1`, `T-1`), "PG", "is not T or F"},
		{"endless page", in(`T1`, `T99999999999999999999`), "PG", "is not T or F"},
		{"serial a number", in(`"MS":"1"`, `"MS":1`), "MS", "is not a string"},
		{"status a word", in(`"MS"`, `"IS":"yes","MS"`), "IS", "is neither true nor false"},
		{"flags a string", in(`"MS"`, `"IF":"RFID","MS"`), "IF", "is not an array of strings"},
		{"cable a string", in(`"MS"`, `"LC":"long","MS"`), "LC", "is not an object"},
		{"cable without resistance", in(`"MS"`, `"LC":{"LU":"mOhm"},"MS"`), "LC.LR", "is missing"},
		{"cable without unit", in(`"MS"`, `"LC":{"LR":1},"MS"`), "LC.LU", "is missing"},
		{"no readings", in(reading, ``), "RD", "has no reading"},
		{"readings missing", in(`"RD":[`+reading+`]`, `"X":1`), "RD", "is missing"},
		{"readings an object", in(`[`+reading+`]`, reading), "RD", "is not an array"},
		{"reading a number", in(reading, `1`), "RD[0]", "is not an object"},
		{"too many readings", in(reading, reading+strings.Repeat(",{}", ReadingsMax)), "RD", "more than"},
		{"no time", in(`"TM":"2018-07-24T13:22:04,000+0200 S",`, ``), "RD[0].TM", "is missing"},
		{"time without clock", in(`+0200 S`, `+0200`), "RD[0].TM", "is not a time"},
		{"time of another clock", in(`+0200 S`, `+0200 Q`), "RD[0].TM", "is not a time"},
		{"time without milliseconds", in(`,000`, ``), "RD[0].TM", "is not a time"},
		{"time of no day", in(`07-24`, `02-30`), "RD[0].TM", "is not a time"},
		{"time of the second reading", in(reading, reading+`,{"TM":"soon"}`), "RD[1].TM", "is not a time"},
		{"reason", in(`"TX":"B"`, `"TX":"Z"`), "RD[0].TX", "is not one of B C X"},
		{"reasons", in(`"TX":"B"`, `"TX":"BC"`), "RD[0].TX", "is not one of"},
		{"value a word", in(`"RV":1`, `"RV":"much"`), "RD[0].RV", "not a decimal number"},
		{"value true", in(`"RV":1`, `"RV":true`), "RD[0].RV", "not a decimal number"},
		{"value endless", in(`"RV":1`, `"RV":1e99`), "RD[0].RV", "out of range"},
		{"no unit", in(`"RU":"kWh",`, ``), "RD[0].RU", "is missing beside a value"},
		{"no status", in(`,"ST":"G"`, ``), "RD[0].ST", "is missing"},
		{"status not known", in(`"ST":"G"`, `"ST":"g"`), "RD[0].ST", "is not one of N G"},
	} {
		r, err := Parse(test.text)
		wrong, ok := errors.AsType[*Error](err)
		if !ok || wrong.Field != test.field || !strings.Contains(wrong.Rule, test.rule) {
			t.Errorf("%s: got %v, %v, want %s: …%s…", test.name, r, err, test.field, test.rule)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, of := range load(f) {
		for _, text := range of.texts {
			f.Add(text)
		}
	}
	f.Add(`OCMF|{"PG":"T1","RD":[{"TM":"2018-07-24T13:22:04,000+0200 S","ST":"G"},{}]}|{"SD":""}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("%q: %v names no field", text, err)
			}
			return
		}
		if !strings.Contains(text, header+separator+r.Payload+separator) {
			t.Errorf("%q: the payload %q is not what was sent", text, r.Payload)
		}
		if len(r.Readings) == 0 || len(r.Readings) > ReadingsMax {
			t.Errorf("%q: %d readings", text, len(r.Readings))
		}
		for i := range r.Readings {
			if v := r.Readings[i].Value; v != nil && !strings.Contains(text, v.String()) && !strings.Contains(text, `\`) {
				t.Errorf("%q: %s was not sent", text, v)
			}
		}
		key, err := ParseKey(text, nil)
		if err == nil {
			t.Errorf("%q: is a key, too: %v", text, key)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	for _, of := range load(f) {
		f.Add(of.key)
		f.Add(base64.StdEncoding.EncodeToString([]byte("oca:base16:asn1:" + of.key)))
	}
	on, _ := curve.Named("secp256k1")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ParseKey(text, on)
		if err != nil {
			return
		}
		if again, err := ParseKey(hex.EncodeToString(key.DER()), nil); err != nil || !again.Equal(key) {
			t.Errorf("%q: its own DER comes back as %v, %v", text, again, err)
		}
	})
}
