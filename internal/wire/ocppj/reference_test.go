package ocppj_test

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/wire/ocppj"
)

// FuzzParse compares the splitter with the slow reference below, and checks what
// the package promises of any input.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, version byte, data []byte) {
		v := all[int(version)%len(all)]
		got, ferr := ocppj.Parse(v, data)
		want, fault := slowParse(v, data)
		if ferr != nil {
			if ferr.Fault != fault {
				t.Fatalf("fault %v, the reference says %v", ferr.Fault, fault)
			}
			checkRefusal(t, v, ferr)
			return
		}
		if fault != 0 {
			t.Fatalf("taken, the reference says %v", fault)
		}
		if !sameFrame(got, want) {
			t.Fatalf("\n got %+v\nwant %+v", got, want)
		}
		if utf8.RuneCountInString(got.Description) > 255 || got.Code != got.Code.In(v) {
			return // Append would cut or respell it
		}
		raw := appendFrame(v, got)
		again, ferr := ocppj.Parse(v, raw)
		if ferr != nil || !sameFrame(again, got) {
			t.Fatalf("%s reads back as %+v, %v; want %+v", raw, again, ferr, got)
		}
	})
}

// checkRefusal asserts that a refusal is itself answered by nobody.
func checkRefusal(t *testing.T, v ocppj.Version, ferr *ocppj.FrameError) {
	t.Helper()
	raw := ferr.AppendAnswer(nil)
	if ferr.Answer == 0 {
		if len(raw) != 0 {
			t.Fatalf("no answer is due, but %s", raw)
		}
		return
	}
	if !jsontext.Value(raw).IsValid() {
		t.Fatalf("the answer %s is not JSON", raw)
	}
	if ferr.Code != ferr.Code.In(v) {
		t.Fatalf("%s is no code of %v", ferr.Code, v)
	}
	if _, again := ocppj.Parse(v, raw); again != nil && again.Answer != 0 {
		t.Fatalf("the answer %s would be answered", raw)
	}
}

func sameFrame(a, b ocppj.Frame) bool {
	return a.Type == b.Type && a.ID == b.ID && a.Action == b.Action && a.Code == b.Code && a.Description == b.Description &&
		bytes.Equal(a.Payload, b.Payload) && bytes.Equal(a.Details, b.Details)
}

// slowParse is Parse as one would write it on a JSON library. It returns the
// first fault instead of a whole refusal.
func slowParse(v ocppj.Version, data []byte) (ocppj.Frame, ocppj.Fault) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	r := slowReader{data: data, Decoder: jsontext.NewDecoder(bytes.NewReader(data), structureOnly())}
	if tok, err := r.ReadToken(); err != nil || tok.Kind() != '[' {
		return ocppj.Frame{}, ocppj.FaultShape
	}
	var f ocppj.Frame
	fault := r.head(v, &f)
	if fault == 0 {
		fault = r.content(&f)
	}
	if fault != 0 {
		return ocppj.Frame{}, fault
	}
	if tok, err := r.ReadToken(); err != nil || tok.Kind() != ']' {
		return ocppj.Frame{}, ocppj.FaultShape
	}
	if _, err := r.ReadToken(); !errors.Is(err, io.EOF) {
		return ocppj.Frame{}, ocppj.FaultShape
	}
	return f, 0
}

// structureOnly leaves duplicate names and texts that are not Unicode to others.
func structureOnly() jsontext.Options {
	return json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

type slowReader struct {
	*jsontext.Decoder
	data []byte
}

// comma reports whether a comma comes next: the library reads over it.
func (r slowReader) comma() bool {
	rest := bytes.TrimLeft(r.data[r.InputOffset():], " \t\r\n")
	return len(rest) > 0 && rest[0] == ','
}

func (r slowReader) head(v ocppj.Version, f *ocppj.Frame) ocppj.Fault {
	raw, err := r.ReadValue()
	if err != nil || raw.Kind() != '0' {
		return ocppj.FaultType
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil || n < 2 || n > 6 || n > 4 && v != ocppj.V21 {
		return ocppj.FaultTypeUnknown
	}
	f.Type = ocppj.MessageType(n)
	limit := 36
	if v == ocppj.V16 {
		limit = 255
	}
	var fault ocppj.Fault
	f.ID, fault = r.text(limit, ocppj.FaultID)
	return fault
}

func (r slowReader) content(f *ocppj.Frame) ocppj.Fault {
	var fault ocppj.Fault
	switch f.Type {
	case ocppj.TypeCall, ocppj.TypeSend:
		if f.Action, fault = r.text(64, ocppj.FaultAction); fault != 0 {
			return fault
		}
		f.Payload, fault = r.payload()
	case ocppj.TypeCallResult:
		f.Payload, fault = r.payload()
	default:
		fault = r.callError(f)
	}
	return fault
}

func (r slowReader) callError(f *ocppj.Frame) ocppj.Fault {
	code, fault := r.text(64, ocppj.FaultError)
	if fault != 0 {
		return fault
	}
	f.Code, f.Details = ocppj.ErrorCode(code), []byte("{}")
	if !r.comma() {
		return 0
	}
	if r.PeekKind() == 'n' {
		if _, err := r.ReadToken(); err != nil {
			return ocppj.FaultError
		}
	} else if f.Description, fault = r.text(1<<30, ocppj.FaultError); fault != 0 {
		return fault
	}
	if !r.comma() {
		return 0
	}
	raw, err := r.shallow()
	if err != nil {
		return ocppj.FaultError
	}
	if raw.Kind() != 'n' {
		f.Details = raw
	}
	return 0
}

func (r slowReader) payload() ([]byte, ocppj.Fault) {
	if !r.comma() {
		return nil, ocppj.FaultShape
	}
	raw, err := r.shallow()
	switch {
	case err != nil:
		return nil, ocppj.FaultPayload
	case raw.Kind() == 'n':
		return []byte("{}"), 0
	case raw.Kind() != '{':
		return nil, ocppj.FaultPayloadObject
	}
	return raw, 0
}

func (r slowReader) text(limit int, otherwise ocppj.Fault) (string, ocppj.Fault) {
	if !r.comma() {
		return "", ocppj.FaultShape
	}
	raw, err := r.ReadValue()
	if err != nil || raw.Kind() != '"' {
		return "", otherwise
	}
	plain, err := jsontext.AppendUnquote(nil, raw)
	if err != nil || utf8.RuneCount(plain) > limit {
		return "", otherwise
	}
	return string(plain), 0
}

// shallow reads a value and refuses one of more than 32 levels.
func (r slowReader) shallow() (jsontext.Value, error) {
	raw, err := r.ReadValue()
	if err != nil {
		return nil, err
	}
	raw = raw.Clone()
	inner := jsontext.NewDecoder(bytes.NewReader(raw), structureOnly())
	for {
		if _, err := inner.ReadToken(); err != nil {
			if errors.Is(err, io.EOF) {
				return raw, nil
			}
			return nil, err
		}
		if inner.StackDepth() > 32 {
			return nil, io.ErrShortBuffer
		}
	}
}
