package signed

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/metering"
	"pylon/internal/wire/transparency"
)

// signer is a meter that signs on P-256.
type signer struct {
	t   *testing.T
	key *ecdsa.PrivateKey
}

func newSigner(t *testing.T) signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{t, key}
}

// public returns the key as it is printed on the device.
func (d signer) public() string {
	der, err := x509.MarshalPKIXPublicKey(&d.key.PublicKey)
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.ToUpper(hex.EncodeToString(der))
}

// sign returns a record of one reading.
func (d signer) sign(page int, reason, value string) string {
	payload := fmt.Sprintf(`{"FV":"1.0","GS":"GW","PG":"T%d","MS":"MT","IS":true,"IT":"ISO14443","ID":"04A1B2","RD":[`+
		`{"TM":"2026-03-01T08:%02d:00,000+0100 S","TX":"%s","RV":%s,"RI":"1-0:1.8.0","RU":"kWh","RT":"AC","EF":"","ST":"G"}]}`, page, page, reason, value)
	digest := sha256.Sum256([]byte(payload))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return "OCMF|" + payload + `|{"SD":"` + hex.EncodeToString(signature) + `"}`
}

// note puts a key as OCA's application note wants it.
func note(key string) string {
	return base64.StdEncoding.EncodeToString([]byte("oca:base16:asn1:" + key))
}

func in64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func frames(values ...meter.SignedValue) []meter.Frame {
	var list []meter.Frame
	for i := range values {
		list = append(list, meter.Frame{Samples: []meter.Sample{
			{Measurand: meter.PowerImport}, {Context: meter.ContextPeriodic, Signed: &values[i]},
		}})
	}
	return list
}

// TestWrappings reads a session in each way in which stations send one.
func TestWrappings(t *testing.T) {
	d := newSigner(t)
	begin, end := d.sign(7, "B", "100.00"), d.sign(8, "E", "110.50")
	object := func(data, key, name string) string {
		text, err := json.Marshal(map[string]string{name: data, "signingMethod": "", "encodingMethod": "OCMF", "publicKey": key})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for name, wrap := range map[string]func(record string) meter.SignedValue{
		"2.x": func(r string) meter.SignedValue {
			return meter.SignedValue{Data: in64(r), EncodingMethod: "OCMF", PublicKey: note(d.public())}
		},
		"2.x, key in base64": func(r string) meter.SignedValue {
			return meter.SignedValue{Data: in64(r), EncodingMethod: "OCMF", PublicKey: in64(d.public())}
		},
		"2.x with method": func(r string) meter.SignedValue {
			return meter.SignedValue{Data: in64(r), SigningMethod: "ECDSA-secp256r1-SHA256", EncodingMethod: "OCMF", PublicKey: d.public()}
		},
		"1.6, an object": func(r string) meter.SignedValue {
			return meter.SignedValue{Data: object(in64(r), note(d.public()), "signedMeterData")}
		},
		"1.6, an older object": func(r string) meter.SignedValue {
			return meter.SignedValue{Data: object(in64(r), d.public(), "signedMeterValue")}
		},
		"1.6, an object around it": func(r string) meter.SignedValue {
			return meter.SignedValue{Data: object(r, d.public(), "signedMeterData")}
		},
		"1.6, as it is": func(r string) meter.SignedValue { return meter.SignedValue{Data: r, PublicKey: d.public()} },
		"1.6, hex": func(r string) meter.SignedValue {
			return meter.SignedValue{Data: hex.EncodeToString([]byte(r)), PublicKey: d.public()}
		},
	} {
		list := frames(wrap(begin), wrap(end), wrap(begin))
		for how, known := range map[string][]string{"key sent": nil, "key known": {newSigner(t).public(), note(d.public())}} {
			values := Values(list, known)
			cert := metering.Certified(values, metering.Known{})
			if len(values) != 3 || cert.Verdict != metering.Verified || cert.Energy != 10_500_000 || cert.Key != (metering.Key{DER: d.public(), Known: known != nil}) {
				t.Errorf("%s, %s: got %d values, %s %v %d mWh, key %v", name, how, len(values), cert.Verdict, cert.Problems, cert.Energy, cert.Key)
			}
			if values[0].Carried != *list[0].Samples[1].Signed || values[0].Context != meter.ContextPeriodic {
				t.Errorf("%s: what was carried is %+v", name, values[0])
			}
			checkFile(t, name, values)
		}
	}
}

// checkFile writes values and reads them again: the driver sees the same.
func checkFile(t *testing.T, name string, values []metering.Value) {
	t.Helper()
	data, err := Transparency(values, "29")
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	again, err := File(data, nil)
	if err != nil || len(again) != len(values) {
		t.Errorf("%s: comes back as %d values, %v", name, len(again), err)
		return
	}
	for i := range again {
		if again[i].Verdict != values[i].Verdict || !reflect.DeepEqual(again[i].Set, values[i].Set) || again[i].Context != values[i].Context {
			t.Errorf("%s: value %d comes back as %s %+v", name, i, again[i].Verdict, again[i].Set)
		}
	}
	if f, err := transparency.Read(data); err != nil || f.Values[0].Transaction != "29" || f.Values[0].Data.Encoding != "plain" {
		t.Errorf("%s: the file is %+v, %v", name, f, err)
	}
}

func TestVerdicts(t *testing.T) {
	d, stranger := newSigner(t), newSigner(t)
	record := d.sign(7, "B", "100.00")
	changed := strings.Replace(record, "100.00", "200.00", 1)
	for name, test := range map[string]struct {
		value meter.SignedValue
		known []string
		want  metering.Code
		read  bool
	}{
		"right":                        {meter.SignedValue{Data: record, PublicKey: d.public()}, nil, "", true},
		"right, and the key known":     {meter.SignedValue{Data: record}, []string{d.public()}, "", true},
		"key known in other letters":   {meter.SignedValue{Data: record}, []string{strings.ToLower(d.public())}, "", true},
		"no key":                       {meter.SignedValue{Data: record}, nil, metering.KeyMissing, true},
		"key of words":                 {meter.SignedValue{Data: record, PublicKey: "see label"}, nil, metering.KeyUnreadable, true},
		"known key of words":           {meter.SignedValue{Data: record, PublicKey: d.public()}, []string{"see label"}, metering.KeyUnreadable, true},
		"sent key is not the known":    {meter.SignedValue{Data: record, PublicKey: d.public()}, []string{stranger.public()}, metering.SignatureWrong, true},
		"changed":                      {meter.SignedValue{Data: changed, PublicKey: d.public()}, nil, metering.SignatureWrong, true},
		"signed by a stranger":         {meter.SignedValue{Data: record, PublicKey: stranger.public()}, nil, metering.SignatureWrong, true},
		"method not known":             {meter.SignedValue{Data: record, SigningMethod: "RSA", PublicKey: d.public()}, nil, metering.MethodUnknown, true},
		"method of another curve":      {meter.SignedValue{Data: record, SigningMethod: "ECDSA-secp256k1-SHA256", PublicKey: d.public()}, nil, metering.KeyOtherCurve, true},
		"signature of words":           {meter.SignedValue{Data: record[:strings.LastIndex(record, `{"SD"`)] + `{"SD":"none"}`, PublicKey: d.public()}, nil, metering.SignatureMalformed, true},
		"encoding of the signature":    {meter.SignedValue{Data: strings.Replace(record, `{"SD"`, `{"SE":"base58","SD"`, 1), PublicKey: d.public()}, nil, metering.MethodUnknown, true},
		"no page":                      {meter.SignedValue{Data: strings.Replace(record, `"PG":"T7",`, "", 1), PublicKey: d.public()}, nil, metering.Malformed, false},
		"called OCMF":                  {meter.SignedValue{Data: "?", EncodingMethod: "OCMF", PublicKey: d.public()}, nil, metering.Malformed, false},
		"EDL":                          {meter.SignedValue{Data: "AAAA", EncodingMethod: "EDL", PublicKey: d.public()}, nil, metering.EncodingUnknown, false},
		"Alfen":                        {meter.SignedValue{Data: "AP;0;3;AJ2I"}, nil, metering.EncodingUnknown, false},
		"SML":                          {meter.SignedValue{Data: "1B1B1B1B01010101"}, nil, metering.EncodingUnknown, false},
		"nothing":                      {meter.SignedValue{}, nil, metering.EncodingUnknown, false},
		"an object of something else":  {meter.SignedValue{Data: `{"a":1}`}, nil, metering.EncodingUnknown, false},
		"an object that is not closed": {meter.SignedValue{Data: `{"signedMeterData":"`}, nil, metering.EncodingUnknown, false},
	} {
		got := Value(test.value, test.known)
		verdict := metering.Verified
		if test.want != "" {
			verdict = test.want.Verdict()
		}
		if got.Verdict != verdict || got.Code != test.want || (got.Set != nil) != test.read || got.Carried != test.value {
			t.Errorf("%s: got %s %s (%s), read %t, want %s %s", name, got.Verdict, got.Code, got.Detail, got.Set != nil, verdict, test.want)
		}
	}
	for data, want := range map[string]string{"AP;0;3;AJ2I": "ALFEN", "1b1b1b1b0101": "EDL", "": ""} {
		if got := Value(meter.SignedValue{Data: data}, nil).Format; got != want {
			t.Errorf("%q: format %q, want %q", data, got, want)
		}
	}
}

// TestMoreThanAreChecked sends more values than anybody needs: what repeats costs nothing, the rest is
// left.
func TestMoreThanAreChecked(t *testing.T) {
	d := newSigner(t)
	var many []meter.SignedValue
	for i := range valuesMax + 2 {
		many = append(many, meter.SignedValue{Data: d.sign(7, "B", "1"), PublicKey: fmt.Sprintf("%d", i)}, meter.SignedValue{Data: "AP;0"})
	}
	values := Values(frames(many...), nil)
	if got := values[2*valuesMax].Code; got != metering.TooMany {
		t.Errorf("the last but one: got %q, want too_many", got)
	}
	if got := values[len(values)-1].Code; got != metering.EncodingUnknown {
		t.Errorf("the last, which repeats: got %q, want encoding_unknown", got)
	}
}

// TestKeySentOnce takes a key that came with one value for the others: that is what
// OncePerTransaction means.
func TestKeySentOnce(t *testing.T) {
	d := newSigner(t)
	values := Values(frames(meter.SignedValue{Data: d.sign(7, "B", "1")}, meter.SignedValue{Data: d.sign(8, "E", "2"), PublicKey: note(d.public())}), nil)
	if cert := metering.Certified(values, metering.Known{}); !cert.Billable() || cert.Energy != 1_000_000 {
		t.Errorf("got %s %v", cert.Verdict, cert.Problems)
	}
}

// TestOtherFormatsStayWhole puts what is not read into the file as it came.
func TestOtherFormatsStayWhole(t *testing.T) {
	values := Values(frames(
		meter.SignedValue{Data: "AP;0;3;AJ2I\n"}, meter.SignedValue{Data: "1B1B1B1B01010101"}, meter.SignedValue{Data: "QUFBQQ==", EncodingMethod: "EDL", PublicKey: "ABCD"},
	), nil)
	data, err := Transparency(values, "a2f-1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := transparency.Read(data)
	want := []transparency.Value{
		{Context: meter.ContextPeriodic, Format: "ALFEN", Data: transparency.Text{Encoding: "plain", Text: "AP;0;3;AJ2I"}},
		{Context: meter.ContextPeriodic, Format: "EDL", Data: transparency.Text{Encoding: "hex", Text: "1B1B1B1B01010101"}},
		{Context: meter.ContextPeriodic, Format: "EDL", Data: transparency.Text{Encoding: "base64", Text: "QUFBQQ=="}, Key: transparency.Text{Encoding: "hex", Text: "ABCD"}},
	}
	if err != nil || !reflect.DeepEqual(got.Values, want) {
		t.Errorf("got %+v, %v, want %+v", got.Values, err, want)
	}
}

// TestBill writes the file of a bill: what a meter signed as it came, each value once, and what XML cannot
// hold in base64.
func TestBill(t *testing.T) {
	d := newSigner(t)
	record := d.sign(7, "B", "100.00")
	reading := func(nature, data string) billing.SignedReading {
		return billing.SignedReading{Nature: nature, Format: "OCMF", Data: data, PublicKey: d.public()}
	}
	const bad = "OCMF|\x01<values>]]>&|{}"
	data, err := Bill(&billing.Document{Charges: []billing.Charge{
		{Transaction: "29", Signed: []billing.SignedReading{reading("begin", record), reading("end", record)}},
		{Transaction: "a-b", Signed: []billing.SignedReading{reading("begin", bad), reading("intermediate", "<!DOCTYPE a>")}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := transparency.Read(data)
	if err != nil || len(got.Values) != 3 {
		t.Fatalf("got %+v, %v, want 3 values", got.Values, err)
	}
	first := got.Values[0]
	if first.Data != (transparency.Text{Encoding: "plain", Text: record}) || first.Transaction != "29" || first.Context != meter.ContextBegin || first.Key != (transparency.Text{Encoding: "hex", Text: d.public()}) {
		t.Errorf("got %+v", first)
	}
	if v := got.Values[1]; v.Data != (transparency.Text{Encoding: "base64", Text: in64(bad)}) || v.Transaction != "" {
		t.Errorf("what XML cannot hold: got %+v", v)
	}
	if v := got.Values[2]; v.Data.Text != "<!DOCTYPE a>" {
		t.Errorf("what looks like XML: got %+v", v)
	}
	if none, err := Bill(&billing.Document{Charges: []billing.Charge{{}}}); err != nil || none != nil {
		t.Errorf("nothing signed: got %q, %v", none, err)
	}
}

func TestFile(t *testing.T) {
	d := newSigner(t)
	one, two := d.sign(7, "B", "100.00"), d.sign(8, "E", "110.50")
	spread := strings.ReplaceAll(d.sign(9, "B", "1"), ",", ",\n  ")
	for name, test := range map[string]struct {
		text string
		want []metering.Verdict
	}{
		"one":                {one, []metering.Verdict{metering.Verified}},
		"two in lines":       {one + "\n" + two + "\n", []metering.Verdict{metering.Verified, metering.Verified}},
		"two in one line":    {one + two, []metering.Verdict{metering.Verified, metering.Verified}},
		"a mark before":      {"\uFEFF" + one, []metering.Verdict{metering.Verified}},
		"over lines, spoilt": {spread, []metering.Verdict{metering.Failed}},
		"base64":             {in64(one) + "\r\n" + in64(two), []metering.Verdict{metering.Verified, metering.Verified}},
		"base64 in pieces":   {in64(one)[:76] + "\n" + in64(one)[76:], []metering.Verdict{metering.Verified}},
		"hex":                {hex.EncodeToString([]byte(one)), []metering.Verdict{metering.Verified}},
	} {
		values, err := File([]byte(test.text), []string{d.public()})
		var got []metering.Verdict
		for _, v := range values {
			got = append(got, v.Verdict)
		}
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, test.want)
		}
	}
	for name, text := range map[string]string{"empty": "", "words": "hello\nworld", "no values": "<values/>", "another file": "<html></html>"} {
		if values, err := File([]byte(text), nil); err == nil {
			t.Errorf("%s: got %v, want an error", name, values)
		}
	}
}

func TestEveryCodeHasWords(t *testing.T) {
	seen := map[string]metering.Code{}
	for _, c := range metering.Codes() {
		text := words(c)
		if text == string(c) || seen[text] != "" {
			t.Errorf("%s: %q, which is also of %q", c, text, seen[text])
		}
		seen[text] = c
	}
	got := Explain(metering.Problem{Code: metering.UnsignedDiffers, Values: []string{"signed_mwh", "1", "unsigned_mwh", "2"}})
	if want := "the energy differs from what the station reported without signature (signed 1 mWh, unsigned 2 mWh)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzFile(f *testing.F) {
	f.Add([]byte(`OCMF|{"PG":"T1","RD":[{"TM":"2018-07-24T13:22:04,000+0200 S","ST":"G"}]}|{"SD":"30"}`))
	f.Add([]byte(`<values><value><signedData encoding="plain">OCMF|{}|{}</signedData></value></values>`))
	f.Add([]byte("QVA7MDs=\nT0NNRnx7fXx7fQ=="))
	f.Fuzz(func(t *testing.T, data []byte) {
		values, err := File(data, nil)
		if err == nil && len(values) == 0 {
			t.Errorf("%q: neither values nor an error", data)
		}
		for i := range values {
			if values[i].Verdict == metering.Verified {
				t.Errorf("%q: value %d is verified without a key", data, i)
			}
		}
		metering.Certified(values, metering.Known{})
		metering.Pages(values)
	})
}
