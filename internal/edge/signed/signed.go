// Package signed reads the signed meter values that stations send, checks their
// signatures, and hands them to package metering, which judges them; and it writes them into the
// file that a driver can check by himself.
//
// What comes in is kept as it came: reading it never changes it. OCMF is understood, however it is
// wrapped; of other formats only the name is told.
package signed

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/metering"
	"pylon/internal/wire/ocmf"
)

// Values returns the signed values of frames, those of a session for example, in their order,
// each checked. The frames are of one EVSE. Known are its public keys, as text, in any form that a station may send
// them in; when there are any, no other is good. Without, a value is checked with the key that came with it or,
// since many stations send theirs once in a transaction, with one that came with another.
func Values(frames []meter.Frame, known []string) []metering.Value {
	var list []carried
	for i := range frames {
		for k := range frames[i].Samples {
			if s := &frames[i].Samples[k]; s.Signed != nil {
				list = append(list, unpack(*s.Signed, s.Context))
			}
		}
	}
	return check(list, known)
}

// Value returns one signed value, checked as [Values] does.
func Value(as meter.SignedValue, known []string) metering.Value {
	return check([]carried{unpack(as, "")}, known)[0]
}

// valuesMax is how many different values are checked at once: ten days of quarter-hours. One takes up to
// 4 ms, and a station may send as many as it likes.
const valuesMax = 1000

// failuresMax is how many values that no key has signed are looked at: one is enough to fail a
// session, and each is tried with every key.
const failuresMax = 50

func check(list []carried, known []string) []metering.Value {
	sent := ""
	if i := slices.IndexFunc(list, func(c carried) bool { return c.key != "" }); i >= 0 {
		sent = list[i].key
	}
	values := make([]metering.Value, len(list))
	done := map[meter.SignedValue]metering.Value{} // stations repeat themselves
	failed := 0
	for i := range list {
		c := &list[i]
		v, again := done[c.as]
		switch {
		case again:
			v.Context = c.context
		case len(done) == valuesMax, failed == failuresMax:
			v = fail(metering.Value{Carried: c.as, Context: c.context}, metering.TooMany, "")
		default:
			v = c.read(known, sent)
			done[c.as] = v
			if v.Verdict == metering.Failed {
				failed++
			}
		}
		values[i] = v
	}
	return values
}

// carried is a signed value without what OCPP wraps it in.
type carried struct {
	as      meter.SignedValue
	context string

	data, encoding, method, key string
}

// unpack takes apart what 1.6 stations put into the value of a sample: what 2.x has as an
// object, as JSON. Source: OCA application note on signed meter values, section 3.2.1; some follow an
// older text and call the data signedMeterValue.
func unpack(as meter.SignedValue, context string) carried {
	c := carried{as: as, context: context, data: as.Data, encoding: as.EncodingMethod, method: as.SigningMethod, key: strings.TrimSpace(as.PublicKey)}
	if !strings.HasPrefix(strings.TrimSpace(as.Data), "{") {
		return c
	}
	var in struct {
		Data     string `json:"signedMeterData"`
		Older    string `json:"signedMeterValue"`
		Encoding string `json:"encodingMethod"`
		Method   string `json:"signingMethod"`
		Key      string `json:"publicKey"`
	}
	if json.Unmarshal([]byte(as.Data), &in) != nil || in.Data == "" && in.Older == "" {
		return c
	}
	c.data, c.encoding, c.method, c.key = in.Data, in.Encoding, in.Method, strings.TrimSpace(in.Key)
	if c.data == "" {
		c.data = in.Older
	}
	return c
}

// formatOCMF is what the format that we read is called everywhere.
const formatOCMF = "OCMF"

// read reads and checks the value. Sent is a key that came with another.
func (c *carried) read(known []string, sent string) metering.Value {
	v := metering.Value{Carried: c.as, Context: c.context, Format: formatOCMF}
	text, ok := ocmf.Unwrap(c.data)
	if !ok && !strings.EqualFold(c.encoding, formatOCMF) {
		v.Format = c.format()
		return fail(v, metering.EncodingUnknown, "")
	}
	if !ok {
		text = c.data // for the error to tell what is wrong
	}
	record, err := ocmf.Parse(text)
	if err != nil {
		return fail(v, metering.Malformed, err.Error())
	}
	v.Set = setOf(record)
	by, err := record.Method(c.method)
	if err != nil {
		return fail(v, metering.MethodUnknown, err.Error())
	}
	if len(known) > 0 {
		return verify(v, record, by, known)
	}
	if c.key != "" {
		sent = c.key
	}
	if sent == "" {
		return fail(v, metering.KeyMissing, "")
	}
	v = verify(v, record, by, []string{sent})
	v.Key.Known = false
	return v
}

func fail(v metering.Value, code metering.Code, detail string) metering.Value {
	v.Verdict, v.Code, v.Detail = code.Verdict(), code, detail
	return v
}

// verify tries keys, until one has signed the record; else the last that could be read is to
// blame.
func verify(v metering.Value, record *ocmf.Record, by ocmf.Method, keys []string) metering.Value {
	last := fail(v, metering.KeyUnreadable, "")
	for _, text := range keys {
		key, err := ocmf.ParseKey(text, by.Curve)
		if err != nil {
			if last.Code == metering.KeyUnreadable {
				last.Detail = err.Error()
			}
			continue
		}
		v.Key = metering.Key{DER: strings.ToUpper(hex.EncodeToString(key.DER())), Known: true}
		if err = record.Verify(key, by); err == nil {
			v.Verdict = metering.Verified
			return v
		}
		last = fail(v, codeOf(err), err.Error())
	}
	return last
}

func codeOf(err error) metering.Code {
	switch {
	case errors.Is(err, ocmf.ErrEncoding):
		return metering.MethodUnknown
	case errors.Is(err, ocmf.ErrKeyCurve):
		return metering.KeyOtherCurve
	case errors.Is(err, ocmf.ErrForm):
		return metering.SignatureMalformed
	}
	return metering.SignatureWrong
}

// format returns the name of a format that we do not read: what the station calls it, or what
// it looks like. The names are those of the transparency program.
func (c *carried) format() string {
	text := strings.TrimSpace(c.data)
	switch {
	case c.encoding != "":
		return c.encoding
	case strings.HasPrefix(text, "AP;"):
		return "ALFEN"
	case strings.HasPrefix(strings.ToLower(text), "1b1b1b1b"): // the escape sequence of SML
		return "EDL"
	}
	return ""
}
