package app

import (
	"io"
	"strconv"
	"time"

	"pylon/internal/domain/metering"
	"pylon/internal/edge/signed"
	"pylon/internal/kernel/decimal"
	"pylon/internal/wire/transparency"
)

// MeterReport is what the signed meter values in a file come to.
type MeterReport struct {
	Values  []MeterValue `json:"values"`
	Session MeterSession `json:"session"` // all values taken together
}

// Failed reports whether something is wrong, and not just unknown.
func (r *MeterReport) Failed() bool {
	failed := r.Session.Verdict == string(metering.Failed)
	for i := range r.Values {
		failed = failed || r.Values[i].Verdict == string(metering.Failed)
	}
	return failed
}

// MeterValue is one signed data set.
type MeterValue struct {
	Verdict  string         `json:"verdict"` // verified, failed, not_verifiable
	Code     string         `json:"code,omitzero"`
	Why      string         `json:"why,omitzero"` // code in words
	Detail   string         `json:"detail,omitzero"`
	Format   string         `json:"format,omitzero"`
	Context  string         `json:"context,omitzero"`
	Page     string         `json:"page,omitzero"`
	Meter    string         `json:"meter,omitzero"`   // serial number
	Gateway  string         `json:"gateway,omitzero"` // serial number
	Key      string         `json:"public_key,omitzero"`
	Readings []MeterReading `json:"readings"`
}

// MeterReading is one reading of one register, with the digits that were signed.
type MeterReading struct {
	At       time.Time `json:"at"`
	Clock    string    `json:"clock"`
	Reason   string    `json:"reason,omitzero"`
	Register string    `json:"register,omitzero"`
	Value    string    `json:"value,omitzero"`
	Unit     string    `json:"unit,omitzero"`
}

// MeterSession is what the values prove together.
type MeterSession struct {
	Verdict  string   `json:"verdict"`
	Energy   string   `json:"energy_kwh,omitzero"` // "" when not verified
	Time     string   `json:"time,omitzero"`       // such as 40m12.345s; "" when the meter signs no time
	Problems []string `json:"problems,omitzero"`   // in words
}

// milliInKilo is the power of ten between a milliwatt-hour and a kilowatt-hour.
const milliInKilo = 6

// CheckMeterFile checks the signed meter values in a file: OCMF, as it is or in base64, or a
// transparency file. Keys are the meter's public keys; without, those in the file are used, which proves only that
// nobody changed a value after it was signed by someone.
func CheckMeterFile(in io.Reader, keys []string) (*MeterReport, error) {
	data, err := readUpTo(in, transparency.MaxLength)
	if err != nil {
		return nil, err
	}
	values, err := signed.File(data, keys)
	if err != nil {
		return nil, err
	}
	report := &MeterReport{}
	for i := range values {
		report.Values = append(report.Values, meterValue(&values[i]))
	}
	cert := metering.Certified(values, metering.Known{})
	report.Session = MeterSession{Verdict: string(cert.Verdict)}
	for _, p := range cert.Problems {
		text := signed.Explain(p)
		if p.Value >= 0 {
			text = "value " + strconv.Itoa(p.Value+1) + ": " + text
		}
		report.Session.Problems = append(report.Session.Problems, text)
	}
	if cert.Verdict == metering.Verified {
		report.Session.Energy = decimal.FromInt(int64(cert.Energy), milliInKilo).String()
		if cert.Time != nil {
			report.Session.Time = cert.Time.String()
		}
	}
	return report, nil
}

func meterValue(v *metering.Value) MeterValue {
	out := MeterValue{
		Verdict: string(v.Verdict), Code: string(v.Code), Detail: v.Detail, Format: v.Format, Context: v.Context, Key: v.Key.DER,
		Readings: []MeterReading{},
	}
	if v.Code != "" {
		out.Why = signed.Explain(metering.Problem{Code: v.Code})
	}
	if v.Set == nil {
		return out
	}
	out.Page, out.Meter, out.Gateway = pageName(v.Set.Page), v.Set.Meter.Serial, v.Set.Gateway.Serial
	for i := range v.Set.Readings {
		r := &v.Set.Readings[i]
		reading := MeterReading{At: r.At, Clock: string(r.Clock), Reason: string(r.Reason), Register: r.Register, Unit: r.Unit}
		if r.Value != nil {
			reading.Value = r.Value.String()
		}
		out.Readings = append(out.Readings, reading)
	}
	return out
}

func pageName(p metering.Page) string {
	context := "T"
	if p.Fiscal {
		context = "F"
	}
	return context + strconv.FormatUint(p.Number, 10)
}
