package ocpp201_test

import (
	"encoding/json"
	"testing"

	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

const meterValuesFrame = `[2,"5f1c2f6e-6b0b-4d7d-9d0a-2f8f6a1f0c11","MeterValues",{"evseId":1,"meterValue":[{"timestamp":"2026-03-04T10:15:30.000Z","sampledValue":[` +
	`{"value":12345.678,"context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","location":"Outlet","unitOfMeasure":{"unit":"kWh"}},` +
	`{"value":7.36,"context":"Sample.Periodic","measurand":"Power.Active.Import","location":"Outlet","unitOfMeasure":{"unit":"kW"}},` +
	`{"value":16.02,"context":"Sample.Periodic","measurand":"Current.Import","phase":"L1","location":"Outlet","unitOfMeasure":{"unit":"A"}},` +
	`{"value":230.1,"context":"Sample.Periodic","measurand":"Voltage","phase":"L1-N","location":"Outlet","unitOfMeasure":{"unit":"V","multiplier":0}}]}]}]`

const transactionEventFrame = `[2,"5f1c2f6e-6b0b-4d7d-9d0a-2f8f6a1f0c12","TransactionEvent",{"eventType":"Updated","timestamp":"2026-03-04T10:15:30.000Z",` +
	`"triggerReason":"MeterValuePeriodic","seqNo":17,"offline":false,"numberOfPhasesUsed":3,` +
	`"transactionInfo":{"transactionId":"0a4b7e0e-7c1f-4f3a-8f57-0d3a7f2c9e11","chargingState":"Charging","timeSpentCharging":1800},` +
	`"evse":{"id":1,"connectorId":1},"idToken":{"idToken":"04A2B3C4D5E6F7","type":"ISO14443"},` +
	`"meterValue":[{"timestamp":"2026-03-04T10:15:30.000Z","sampledValue":[` +
	`{"value":12345.678,"context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","unitOfMeasure":{"unit":"kWh"}},` +
	`{"value":11.04,"context":"Sample.Periodic","measurand":"Power.Active.Import","unitOfMeasure":{"unit":"kW"}},` +
	`{"value":16.02,"context":"Sample.Periodic","measurand":"Current.Import","phase":"L1","unitOfMeasure":{"unit":"A"}}]}]}]`

// The structures a program without a generator would write: floats, no checks.
type naiveSampledValue struct {
	Value         float64 `json:"value"`
	Context       *string `json:"context,omitempty"`
	Measurand     *string `json:"measurand,omitempty"`
	Phase         *string `json:"phase,omitempty"`
	Location      *string `json:"location,omitempty"`
	UnitOfMeasure *struct {
		Unit       *string `json:"unit,omitempty"`
		Multiplier *int    `json:"multiplier,omitempty"`
	} `json:"unitOfMeasure,omitempty"`
}

type naiveMeterValue struct {
	Timestamp    string              `json:"timestamp"`
	SampledValue []naiveSampledValue `json:"sampledValue"`
}

type naiveMeterValues struct {
	EVSEID     int               `json:"evseId"`
	MeterValue []naiveMeterValue `json:"meterValue"`
}

type naiveTransactionEvent struct {
	EventType          string `json:"eventType"`
	Timestamp          string `json:"timestamp"`
	TriggerReason      string `json:"triggerReason"`
	SeqNo              int    `json:"seqNo"`
	Offline            *bool  `json:"offline,omitempty"`
	NumberOfPhasesUsed *int   `json:"numberOfPhasesUsed,omitempty"`
	TransactionInfo    struct {
		TransactionID     string  `json:"transactionId"`
		ChargingState     *string `json:"chargingState,omitempty"`
		TimeSpentCharging *int    `json:"timeSpentCharging,omitempty"`
	} `json:"transactionInfo"`
	EVSE *struct {
		ID          int  `json:"id"`
		ConnectorID *int `json:"connectorId,omitempty"`
	} `json:"evse,omitempty"`
	IDToken *struct {
		IDToken string `json:"idToken"`
		Type    string `json:"type"`
	} `json:"idToken,omitempty"`
	MeterValue []naiveMeterValue `json:"meterValue,omitempty"`
}

func BenchmarkMeterValues(b *testing.B) {
	b.Run("pylon", func(b *testing.B) { benchmarkPylon(b, meterValuesFrame) })
	b.Run("naive", func(b *testing.B) {
		benchmarkNaive(b, meterValuesFrame, func() any { return new(naiveMeterValues) })
	})
}

func BenchmarkTransactionEvent(b *testing.B) {
	b.Run("pylon", func(b *testing.B) { benchmarkPylon(b, transactionEventFrame) })
	b.Run("naive", func(b *testing.B) {
		benchmarkNaive(b, transactionEventFrame, func() any { return new(naiveTransactionEvent) })
	})
}

// benchmarkPylon splits the frame, decodes and validates.
func benchmarkPylon(b *testing.B, text string) {
	data := []byte(text)
	b.ReportAllocs()
	for b.Loop() {
		frame, bad := ocppj.Parse(ocppj.V201, data)
		if bad != nil {
			b.Fatal(bad)
		}
		m, _ := ocpp201.NewRequest(frame.Action)
		if violations := schema.Decode(frame.Payload, m); violations != nil {
			b.Fatal(violations)
		}
	}
}

// benchmarkNaive splits the frame and unmarshals the payload; it validates nothing.
func benchmarkNaive(b *testing.B, text string, payload func() any) {
	data := []byte(text)
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
		if err := json.Unmarshal(frame[3], payload()); err != nil {
			b.Fatal(err)
		}
	}
}
