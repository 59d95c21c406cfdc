// Package transparency reads and writes the XML file in which signed meter values go
// to a driver, who checks them with a program that neither he nor we have written.
//
// Source: S.A.F.E. e.V., Transparenzsoftware (github.com/SAFE-eV/transparenzsoftware), XML_Format.md
// and values.xsd. The two differ in the order of key and data: the schema's is written, either is read.
package transparency

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	// MaxLength is the largest file that is read, in bytes: 100 long data sets.
	MaxLength = 4 << 20
	// ValuesMax is how many values a file may have.
	ValuesMax = 1000
)

// ErrFile says that data is not such a file; what is wrong stands before it.
var ErrFile = errors.New("not a transparency file")

// File is the values of one session, or of several.
type File struct{ Values []Value }

// Value is one signed data set with the key to check it.
type Value struct {
	Transaction string // a whole number: the program shows it and orders by it
	Context     string // Transaction.Begin, Transaction.End; "": not said
	Key         Text   // empty when the reader is to know it
	Data        Text
	Format      string // OCMF, ALFEN, EDL_40_P, …; "": not said
}

// Text is data with what it is encoded in: plain, hex or base64; "": not said.
type Text struct{ Encoding, Text string }

// The elements of the file, in the order of its schema.
type (
	values struct {
		XMLName xml.Name `xml:"values"`
		Values  []value  `xml:"value"`
	}
	value struct {
		Transaction string  `xml:"transactionId,attr"`
		Context     string  `xml:"context,attr"`
		Key         *text   `xml:"publicKey"`
		Data        *signed `xml:"signedData"`
	}
	text struct {
		Encoding string `xml:"encoding,attr"`
		Text     string `xml:",chardata"`
	}
	signed struct {
		text
		Format string `xml:"format,attr"`
	}
)

// Read reads a file, with key and data in either order and white space around them. Its errors
// are [ErrFile].
func Read(data []byte) (File, error) {
	if len(data) > MaxLength {
		return File{}, fmt.Errorf("longer than %d bytes: %w", MaxLength, ErrFile)
	}
	decoder := xml.NewDecoder(bytes.NewReader(data))
	var in values
	if err := decoder.Decode(&in); err != nil {
		return File{}, fmt.Errorf("%w: %w", err, ErrFile)
	}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if rest, ok := token.(xml.CharData); err != nil || ok && len(bytes.TrimSpace(rest)) > 0 || isElement(token) {
			return File{}, fmt.Errorf("something follows the values: %w", ErrFile)
		}
	}
	if len(in.Values) > ValuesMax {
		return File{}, fmt.Errorf("more than %d values: %w", ValuesMax, ErrFile)
	}
	var f File
	for i, v := range in.Values {
		if v.Data == nil || strings.TrimSpace(v.Data.Text) == "" {
			return File{}, fmt.Errorf("value %d: signedData: is missing: %w", i+1, ErrFile)
		}
		out := Value{
			Transaction: v.Transaction, Context: v.Context, Format: v.Data.Format, Data: Text{v.Data.Encoding, strings.TrimSpace(v.Data.Text)},
		}
		if v.Key != nil && strings.TrimSpace(v.Key.Text) != "" {
			out.Key = Text{v.Key.Encoding, strings.TrimSpace(v.Key.Text)}
		}
		f.Values = append(f.Values, out)
	}
	return f, nil
}

func isElement(token xml.Token) bool {
	_, ok := token.(xml.StartElement)
	return ok
}

// Write returns the file. What XML cannot hold, data with white space around it, and a
// transaction that is not a whole number are errors that name the value: to be changed on the way
// is the one thing that must not happen to it.
func (f File) Write() ([]byte, error) {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<values>\n")
	for i := range f.Values {
		if err := f.Values[i].write(&b); err != nil {
			return nil, fmt.Errorf("value %d: %w", i+1, err)
		}
	}
	b.WriteString("</values>\n")
	return []byte(b.String()), nil
}

func (v *Value) write(b *strings.Builder) error {
	if v.Transaction != "" && strings.Trim(v.Transaction, "0123456789") != "" {
		return fmt.Errorf("transactionId: %q is not a whole number", v.Transaction)
	}
	if v.Data.Text == "" {
		return errors.New("signedData: is missing")
	}
	for name, text := range map[string]string{"publicKey": v.Key.Text, "signedData": v.Data.Text} {
		if text != strings.TrimSpace(text) {
			return fmt.Errorf("%s: white space around it", name)
		}
	}
	for name, text := range map[string]string{
		"context": v.Context, "format": v.Format, "encoding": v.Key.Encoding + v.Data.Encoding, "publicKey": v.Key.Text, "signedData": v.Data.Text,
	} {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, forbidden) {
			return fmt.Errorf("%s: has characters that XML cannot hold", name)
		}
	}
	b.WriteString("  <value")
	attribute(b, "transactionId", v.Transaction)
	attribute(b, "context", v.Context)
	b.WriteString(">\n")
	if v.Key.Text != "" {
		b.WriteString("    <publicKey")
		attribute(b, "encoding", v.Key.Encoding)
		b.WriteString(">" + escape(v.Key.Text) + "</publicKey>\n")
	}
	b.WriteString("    <signedData")
	attribute(b, "format", v.Format)
	attribute(b, "encoding", v.Data.Encoding)
	b.WriteString(">" + escape(v.Data.Text) + "</signedData>\n  </value>\n")
	return nil
}

// attribute writes an attribute that is not empty.
func attribute(b *strings.Builder, name, value string) {
	if value != "" {
		b.WriteString(" " + name + `="` + strings.ReplaceAll(escape(value), `"`, "&quot;") + `"`)
	}
}

// escape leaves quotes as they are, so that a person can read OCMF in the file; readers would
// make a line feed of a carriage return.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;").Replace(text)
}

// forbidden reports whether XML 1.0 cannot hold a character, in whatever way it is written.
func forbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\uFFFE' || r == '\uFFFF'
}
