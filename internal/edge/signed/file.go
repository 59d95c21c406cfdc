package signed

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/metering"
	"pylon/internal/wire/ocmf"
	"pylon/internal/wire/transparency"
)

// Transparency returns the file with which a driver checks the values with the transparency program of S.A.F.E.:
// each with the key that it was checked with, or else the one that came with it. Transaction is the
// station's number of it; what is no number, as in OCPP 2.x, is left out.
func Transparency(values []metering.Value, transaction string) ([]byte, error) {
	var f transparency.File
	add(&f, values, transaction)
	return written(&f)
}

// Bill returns that file of all that meters have signed of what a document is about; nil
// when that is nothing.
func Bill(d *billing.Document) ([]byte, error) {
	var f transparency.File
	for i := range d.Charges {
		c := &d.Charges[i]
		var values []metering.Value
		for k := range c.Signed {
			if v := valueOf(&c.Signed[k]); k == 0 || c.Signed[k].Data != c.Signed[k-1].Data { // begin and end of one value
				values = append(values, v)
			}
		}
		add(&f, values, c.Transaction)
	}
	if len(f.Values) == 0 {
		return nil, nil
	}
	for i := range f.Values {
		v := &f.Values[i]
		if _, err := (transparency.File{Values: []transparency.Value{*v}}).Write(); err != nil { // XML cannot hold it as it came
			v.Format, v.Key, v.Data = "", transparency.Text{}, transparency.Text{Encoding: "base64", Text: base64.StdEncoding.EncodeToString([]byte(v.Data.Text))}
		}
	}
	return written(&f)
}

// valueOf returns the value that a document shows.
func valueOf(r *billing.SignedReading) metering.Value {
	v := metering.Value{Carried: meter.SignedValue{Data: r.Data, EncodingMethod: r.Format, PublicKey: r.PublicKey}, Format: r.Format}
	if _, err := hex.DecodeString(r.PublicKey); err == nil {
		v.Key.DER = r.PublicKey
	}
	switch r.Nature {
	case "begin":
		v.Context = meter.ContextBegin
	case "end":
		v.Context = meter.ContextEnd
	}
	return v
}

// add adds the values of a transaction to a file.
func add(f *transparency.File, values []metering.Value, transaction string) {
	if strings.Trim(transaction, "0123456789") != "" {
		transaction = ""
	}
	for i := range values {
		v := &values[i]
		c := unpack(v.Carried, v.Context)
		out := transparency.Value{Transaction: transaction, Context: v.Context, Format: formatOCMF}
		if text, ok := ocmf.Unwrap(c.data); ok {
			out.Data = transparency.Text{Encoding: "plain", Text: text}
		} else {
			out.Format, out.Data = v.Format, transparency.Text{Encoding: encodingOf(c.data), Text: strings.TrimSpace(c.data)}
		}
		switch {
		case v.Key.DER != "":
			out.Key = transparency.Text{Encoding: "hex", Text: v.Key.DER}
		case c.key != "":
			out.Key = transparency.Text{Encoding: encodingOf(c.key), Text: c.key}
		}
		f.Values = append(f.Values, out)
	}
}

func written(f *transparency.File) ([]byte, error) {
	data, err := f.Write()
	if err != nil {
		return nil, fmt.Errorf("transparency file: %w", err)
	}
	return data, nil
}

// encodingOf tells what a text is encoded in, as the transparency program names it.
func encodingOf(text string) string {
	text = strings.TrimSpace(text)
	if _, err := hex.DecodeString(text); err == nil {
		return "hex"
	}
	if _, err := base64.StdEncoding.DecodeString(text); err == nil {
		return "base64"
	}
	return "plain"
}

// ErrNothing says that a file has no signed value in it.
var ErrNothing = errors.New("no signed meter values: neither OCMF nor a transparency file")

// File reads the signed values in a file and checks them as [Values] does: OCMF, one record or
// several, as it is or in base64 or hex, a line each; or a transparency file.
func File(data []byte, known []string) ([]metering.Value, error) {
	text := strings.TrimSpace(strings.TrimPrefix(string(data), "\uFEFF"))
	if strings.HasPrefix(text, "<") {
		return xmlFile([]byte(text), known)
	}
	var list []carried
	add := func(records string) {
		const start = formatOCMF + "|" // nowhere else: no section has a bar in it
		for _, record := range strings.Split(records, start)[1:] {
			list = append(list, unpack(meter.SignedValue{Data: start + strings.TrimSpace(record)}, ""))
		}
	}
	if records, ok := ocmf.Unwrap(text); ok {
		add(records)
		return check(list, known), nil
	}
	for line := range strings.Lines(text) {
		if record, ok := ocmf.Unwrap(line); ok {
			add(record)
		}
	}
	if len(list) == 0 {
		return nil, ErrNothing
	}
	return check(list, known), nil
}

func xmlFile(data []byte, known []string) ([]metering.Value, error) {
	f, err := transparency.Read(data)
	if err != nil {
		return nil, err
	}
	if len(f.Values) == 0 {
		return nil, ErrNothing
	}
	var list []carried
	for _, v := range f.Values {
		list = append(list, unpack(meter.SignedValue{Data: v.Data.Text, EncodingMethod: v.Format, PublicKey: v.Key.Text}, v.Context))
	}
	return check(list, known), nil
}
