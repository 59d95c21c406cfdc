package ocpp16_test

import (
	"encoding/json"
	"testing"

	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

const meterValuesFrame = `[2,"5f1c2f6e-6b0b-4d7d-9d0a-2f8f6a1f0c11","MeterValues",{"connectorId":1,"transactionId":4711,"meterValue":[{"timestamp":"2026-03-04T10:15:30.000Z","sampledValue":[` +
	`{"value":"12345.678","context":"Sample.Periodic","format":"Raw","measurand":"Energy.Active.Import.Register","location":"Outlet","unit":"kWh"},` +
	`{"value":"7.36","context":"Sample.Periodic","format":"Raw","measurand":"Power.Active.Import","location":"Outlet","unit":"kW"},` +
	`{"value":"16.02","context":"Sample.Periodic","format":"Raw","measurand":"Current.Import","phase":"L1","location":"Outlet","unit":"A"},` +
	`{"value":"230.1","context":"Sample.Periodic","format":"Raw","measurand":"Voltage","phase":"L1-N","location":"Outlet","unit":"V"}]}]}]`

// naiveMeterValues is what a program without a generator would write: no checks.
type naiveMeterValues struct {
	ConnectorID   int  `json:"connectorId"`
	TransactionID *int `json:"transactionId,omitempty"`
	MeterValue    []struct {
		Timestamp    string `json:"timestamp"`
		SampledValue []struct {
			Value     string  `json:"value"`
			Context   *string `json:"context,omitempty"`
			Format    *string `json:"format,omitempty"`
			Measurand *string `json:"measurand,omitempty"`
			Phase     *string `json:"phase,omitempty"`
			Location  *string `json:"location,omitempty"`
			Unit      *string `json:"unit,omitempty"`
		} `json:"sampledValue"`
	} `json:"meterValue"`
}

// BenchmarkMeterValues splits the frame, decodes and validates four samples; the naive way
// splits and unmarshals only.
func BenchmarkMeterValues(b *testing.B) {
	data := []byte(meterValuesFrame)
	b.Run("pylon", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			frame, bad := ocppj.Parse(ocppj.V16, data)
			if bad != nil {
				b.Fatal(bad)
			}
			m, _ := ocpp16.NewRequest(frame.Action)
			if violations := schema.Decode(frame.Payload, m); violations != nil {
				b.Fatal(violations)
			}
		}
	})
	b.Run("naive", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var frame []json.RawMessage
			if err := json.Unmarshal(data, &frame); err != nil {
				b.Fatal(err)
			}
			var action string
			if err := json.Unmarshal(frame[2], &action); err != nil {
				b.Fatal(err)
			}
			var m naiveMeterValues
			if err := json.Unmarshal(frame[3], &m); err != nil {
				b.Fatal(err)
			}
		}
	})
}
