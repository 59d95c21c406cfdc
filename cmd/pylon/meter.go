package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/app"
)

type meterCmd struct {
	Verify meterVerify `cmd:"" help:"Check signed meter values in a file, without a server." example:"pylon meter verify session.xml --key 3059301306072A8648CE3D0201…"`
}

type meterVerify struct {
	File string   `arg:"" type:"path" help:"Values in OCMF, as they are or in base64, or a transparency file (XML); - is standard input."`
	Key  []string `placeholder:"KEY" help:"The meter's public key, in hex or base64, as printed on it; without, the keys in the file are used."`
	JSON bool     `help:"One JSON object instead of words."`
}

// Run prints what each value is, and what all come to together; something that is
// wrong is an error. What cannot be checked is none.
func (m *meterVerify) Run(to terminal) error {
	in, err := openInput(m.File)
	if err != nil {
		return err
	}
	defer in.Close()
	report, err := app.CheckMeterFile(in, m.Key)
	if err != nil {
		return fmt.Errorf("%s: %w", m.File, err)
	}
	if m.JSON {
		err = json.MarshalWrite(to.out, report, jsontext.WithIndent("  "))
	} else {
		err = m.tell(to.out, report)
	}
	if err == nil && report.Failed() {
		err = fmt.Errorf("%s: not as the meter signed it", m.File)
	}
	return err
}

func (m *meterVerify) tell(to io.Writer, report *app.MeterReport) error {
	var b strings.Builder
	for i := range report.Values {
		v := &report.Values[i]
		fmt.Fprintf(&b, "value %d: %s", i+1, strings.ReplaceAll(v.Verdict, "_", " "))
		for _, part := range []struct{ name, text string }{{"", v.Format}, {"page ", v.Page}, {"meter ", v.Meter}, {"signed by ", v.Gateway}} {
			if part.text != "" {
				b.WriteString(", " + part.name + part.text)
			}
		}
		b.WriteString("\n")
		for _, text := range []string{v.Why, v.Detail} {
			if text != "" {
				b.WriteString("  " + text + "\n")
			}
		}
		for _, r := range v.Readings {
			fmt.Fprintf(&b, "  %s\n", strings.Join(strings.Fields(strings.Join([]string{
				r.At.Format(time.RFC3339), "(" + r.Clock + ")", r.Reason, r.Register, r.Value, r.Unit,
			}, " ")), " "))
		}
	}
	s := &report.Session
	fmt.Fprintf(&b, "together: %s", strings.ReplaceAll(s.Verdict, "_", " "))
	if s.Energy != "" {
		b.WriteString(", " + s.Energy + " kWh")
	}
	if s.Time != "" {
		b.WriteString(" in " + s.Time)
	}
	b.WriteString("\n")
	for _, p := range s.Problems {
		b.WriteString("  " + p + "\n")
	}
	_, err := io.WriteString(to, b.String())
	return err
}
