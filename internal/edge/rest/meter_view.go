package rest

import (
	"pylon/internal/domain/meter"
)

// MeterFrame is one message with samples, as received.
type MeterFrame struct {
	Number      int64    `json:"number" doc:"Grows within a session"`
	EVSEID      int      `json:"evse_id" doc:"0: the station's own meter"`
	ConnectorID int      `json:"connector_id" doc:"0: not said"`
	Source      string   `json:"source" enum:"meter_values,start,update,end" doc:"The kind of message"`
	SeqNo       *int64   `json:"seq_no" doc:"Of a TransactionEvent"`
	OccurredAt  Time     `json:"occurred_at" doc:"By the station's clock"`
	ReceivedAt  Time     `json:"received_at" nullable:"false" doc:"By ours"`
	Offline     bool     `json:"offline" doc:"The station was offline when it took the samples"`
	Samples     []Sample `json:"samples"`
}

// Sample is one measured value. Texts are spelled as in OCPP; an empty one was
// left out by the station and means OCPP's default.
type Sample struct {
	At         Time         `json:"at" doc:"By the station's clock"`
	Value      string       `json:"value" example:"12.50" doc:"The digits as sent"`
	Unit       string       `json:"unit" example:"kWh" doc:"Empty: Wh"`
	Multiplier int          `json:"multiplier" doc:"Power of ten by which value is to be multiplied"`
	Measurand  string       `json:"measurand" example:"Energy.Active.Import.Register" doc:"Empty: Energy.Active.Import.Register"`
	Context    string       `json:"context" example:"Sample.Periodic" doc:"Empty: Sample.Periodic"`
	Phase      string       `json:"phase" example:"L1"`
	Location   string       `json:"location" doc:"Empty: Outlet"`
	Signed     *SignedValue `json:"signed_value"`
}

// SignedValue is a signed reading, byte for byte as sent.
type SignedValue struct {
	Data           string `json:"data"`
	SigningMethod  string `json:"signing_method"`
	EncodingMethod string `json:"encoding_method"`
	PublicKey      string `json:"public_key"`
}

// sources are the sources' words.
var sources = [...]string{
	meter.SourceMeterValues: "meter_values", meter.SourceStart: "start", meter.SourceUpdate: "update", meter.SourceEnd: "end",
}

func viewFrame(f meter.Frame) MeterFrame {
	out := MeterFrame{
		Number: f.Number, EVSEID: f.EVSE, ConnectorID: f.Connector, Source: sources[f.Source],
		OccurredAt: Time{f.OccurredAt}, ReceivedAt: Time{f.ReceivedAt}, Offline: f.Offline, Samples: make([]Sample, len(f.Samples)),
	}
	if f.SeqNo >= 0 {
		out.SeqNo = &f.SeqNo
	}
	for i, s := range f.Samples {
		out.Samples[i] = viewSample(s)
	}
	return out
}

func viewSample(s meter.Sample) Sample {
	out := Sample{
		At: Time{s.At}, Value: s.Value.String(), Unit: s.Unit, Multiplier: s.Multiplier, Measurand: s.Measurand,
		Context: s.Context, Phase: s.Phase, Location: s.Location,
	}
	if s.Signed != nil {
		out.Signed = new(SignedValue(*s.Signed))
	}
	return out
}
