package ocmf

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/decimal"
)

func (r *Record) readPayload() error {
	f, err := open("payload", "", []byte(r.Payload))
	if err != nil {
		return err
	}
	f.text("FV", &r.Version)
	f.text("GI", &r.Gateway.Model)
	f.text("GS", &r.Gateway.Serial)
	f.text("GV", &r.Gateway.Version)
	f.text("MV", &r.Meter.Vendor)
	f.text("MM", &r.Meter.Model)
	f.text("MS", &r.Meter.Serial)
	f.text("MF", &r.Meter.Version)
	f.page("PG", &r.Page)
	f.flag("IS", &r.User.Assigned)
	f.text("IL", &r.User.Level)
	f.texts("IF", &r.User.Flags)
	f.text("IT", &r.User.Type)
	f.text("ID", &r.User.ID)
	f.text("TT", &r.Tariff)
	f.text("CF", &r.Controller)
	f.text("CT", &r.Point.Type)
	f.text("CI", &r.Point.ID)
	f.loss("LC", &r.Loss)
	f.readings("RD", &r.Readings)
	return f.failed()
}

func (s *Signature) read(section string) error {
	f, err := open("signature", "", []byte(section))
	if err != nil {
		return err
	}
	f.text("SA", &s.Method)
	f.text("SE", &s.Encoding)
	f.text("SM", &s.Type)
	f.need("SD")
	f.text("SD", &s.Data)
	return f.failed()
}

// fields reads the members of an object, one by one. It stops at the first that breaks a
// rule. What is missing, or null, leaves its target as it is.
type fields struct {
	at  string // of the object, before its members' names
	of  map[string]jsontext.Value
	err *Error
}

// open reads an object; what names it in an error about the whole.
func open(what, at string, data []byte) (*fields, error) {
	f := &fields{at: at}
	if err := json.Unmarshal(data, &f.of); err != nil {
		return nil, &Error{Field: strings.TrimSuffix(at, "."), Rule: fmt.Sprintf("the %s is not a JSON object: %v", what, err)}
	}
	if f.of == nil {
		return nil, &Error{Field: strings.TrimSuffix(at, "."), Rule: fmt.Sprintf("the %s is not a JSON object", what)}
	}
	return f, nil
}

// failed returns the first error, as nil when there is none.
func (f *fields) failed() error {
	if f.err == nil {
		return nil
	}
	return f.err
}

func (f *fields) fail(name, rule string) {
	if f.err == nil {
		f.err = &Error{f.at + name, rule}
	}
}

// value returns a member that is there and not null.
func (f *fields) value(name string) (jsontext.Value, bool) {
	v, ok := f.of[name]
	return v, ok && v.Kind() != 'n' && f.err == nil
}

func (f *fields) need(name string) {
	if _, ok := f.value(name); !ok {
		f.fail(name, "is missing")
	}
}

func (f *fields) text(name string, to *string) {
	v, ok := f.value(name)
	if !ok {
		return
	}
	if v.Kind() != '"' || json.Unmarshal(v, to) != nil {
		f.fail(name, "is not a string")
	}
}

func (f *fields) flag(name string, to *bool) {
	v, ok := f.value(name)
	if !ok {
		return
	}
	if json.Unmarshal(v, to) != nil {
		f.fail(name, "is neither true nor false")
	}
}

func (f *fields) texts(name string, to *[]string) {
	v, ok := f.value(name)
	if !ok {
		return
	}
	if json.Unmarshal(v, to) != nil {
		f.fail(name, "is not an array of strings")
	}
}

// number takes a number as it is written, also as a string: meters of more than one maker
// send it so.
func (f *fields) number(name string, to **decimal.Decimal) {
	v, ok := f.value(name)
	if !ok {
		return
	}
	text := string(v)
	if v.Kind() == '"' && json.Unmarshal(v, &text) != nil {
		f.fail(name, "is not a number")
		return
	}
	d, err := decimal.Parse(text)
	if err != nil {
		f.fail(name, err.Error())
		return
	}
	*to = &d
}

// letter takes one letter of those given.
func (f *fields) letter(name, of string, to *byte) {
	text := ""
	f.text(name, &text)
	switch {
	case text == "":
	case len(text) > 1 || !strings.Contains(of, text):
		f.fail(name, "is not one of "+strings.Join(strings.Split(of, ""), " "))
	default:
		*to = text[0]
	}
}

// page reads a letter and a number without leading zeros.
func (f *fields) page(name string, to *Page) {
	f.need(name)
	text := ""
	f.text(name, &text)
	if f.err != nil {
		return
	}
	number, err := strconv.ParseUint(text[min(1, len(text)):], 10, 64)
	context := Context(0)
	if text != "" {
		context = Context(text[0])
	}
	*to = Page{context, number}
	if err != nil || to.String() != text || context != Transaction && context != Fiscal {
		f.fail(name, "is not T or F and a number without leading zeros")
	}
}

func (f *fields) loss(name string, to **Loss) {
	v, ok := f.value(name)
	if !ok {
		return
	}
	in, err := open("cable", f.at+name+".", v)
	if err != nil {
		f.fail(name, "is not an object")
		return
	}
	l := &Loss{}
	in.text("LN", &l.Name)
	in.number("LI", &l.Number)
	in.need("LR")
	in.number("LR", &l.Resistance)
	in.need("LU")
	in.text("LU", &l.Unit)
	*to, f.err = l, in.err
}

func (f *fields) readings(name string, to *[]Reading) {
	f.need(name)
	v, ok := f.value(name)
	if !ok {
		return
	}
	var list []jsontext.Value
	switch {
	case json.Unmarshal(v, &list) != nil:
		f.fail(name, "is not an array")
	case len(list) == 0:
		f.fail(name, "has no reading")
	case len(list) > ReadingsMax:
		f.fail(name, fmt.Sprintf("has more than %d readings", ReadingsMax))
	}
	var before Reading
	for i := range list {
		if f.err != nil {
			return
		}
		in, err := open("reading", fmt.Sprintf("%s%s[%d].", f.at, name, i), list[i])
		if err != nil {
			f.fail(fmt.Sprintf("%s[%d]", name, i), "is not an object")
			return
		}
		in.reading(&before)
		f.err = in.err
		*to = append(*to, before)
	}
}

// reading changes the reading before into this one: what was not sent is as it was.
func (f *fields) reading(r *Reading) {
	f.text("TM", &r.AsSent)
	f.letter("TX", reasons, (*byte)(&r.Reason))
	f.number("RV", &r.Value)
	f.text("RI", &r.Register)
	f.text("RU", &r.Unit)
	f.text("RT", &r.Current)
	f.number("CL", &r.Loss)
	f.text("EF", &r.Errors)
	f.letter("ST", statuses, (*byte)(&r.Status))
	switch {
	case f.err != nil:
	case r.AsSent == "":
		f.fail("TM", "is missing")
	case r.Status == 0:
		f.fail("ST", "is missing")
	case r.Value != nil && r.Unit == "":
		f.fail("RU", "is missing beside a value")
	case !r.readTime():
		f.fail("TM", "is not a time like 2018-07-24T13:22:04,000+0200 and U, I, S or R")
	}
}

const (
	timeLayout = "2006-01-02T15:04:05,000-0700"
	clocks     = "UISR"
)

// readTime reads the time as it was sent.
func (r *Reading) readTime() bool {
	text, clock, ok := strings.Cut(r.AsSent, " ")
	if !ok || len(text) != len(timeLayout) || len(clock) != 1 || !strings.Contains(clocks, clock) {
		return false
	}
	at, err := time.Parse(timeLayout, text)
	r.At, r.Clock = at, Clock(clock[0])
	return err == nil
}
