package ocppj_test

import (
	"testing"

	"pylon/internal/wire/ocppj"
)

const meterValues = `[2,"c5dc6bb6-3c5e-4ea5-9d4c-5ad2a4b9e0d1","MeterValues",{"connectorId":1,"transactionId":4711,"meterValue":[` +
	`{"timestamp":"2026-03-01T12:00:00.000Z","sampledValue":[` +
	`{"value":"1234567","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","location":"Outlet","unit":"Wh"},` +
	`{"value":"11040.0","context":"Sample.Periodic","measurand":"Power.Active.Import","location":"Outlet","unit":"W"},` +
	`{"value":"16.0","context":"Sample.Periodic","measurand":"Current.Import","phase":"L1","location":"Outlet","unit":"A"},` +
	`{"value":"230.0","context":"Sample.Periodic","measurand":"Voltage","phase":"L1-N","location":"Outlet","unit":"V"}]}]}]`

func BenchmarkParse(b *testing.B) {
	data := []byte(meterValues)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ocppj.Parse(ocppj.V16, data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendCallResult(b *testing.B) {
	payload := []byte(`{"idTagInfo":{"status":"Accepted"},"transactionId":4711}`)
	dst := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		dst = ocppj.AppendCallResult(dst[:0], "c5dc6bb6-3c5e-4ea5-9d4c-5ad2a4b9e0d1", payload)
	}
}

func TestParseAllocatesItsStringsOnly(t *testing.T) {
	data := []byte(meterValues)
	got := testing.AllocsPerRun(100, func() {
		if _, err := ocppj.Parse(ocppj.V16, data); err != nil {
			t.Fatal(err)
		}
	})
	if want := 2.0; got != want { // id and action
		t.Errorf("Parse allocates %v times, want %v", got, want)
	}
}
