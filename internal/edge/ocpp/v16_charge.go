package ocpp

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/decimal"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/schema"
)

func authorize16(ctx context.Context, x *exchange, q *ocpp16.AuthorizeRequest) (schema.Message, error) {
	d, err := x.owner.Authorize(ctx, x.presented16(q.IDTag), fleet.Place{})
	if err != nil {
		return nil, err
	}
	x.owner.Offer(ctx, q.IDTag, d)
	return &ocpp16.AuthorizeResponse{IDTagInfo: *tagInfo16(&d)}, nil
}

func start16(ctx context.Context, x *exchange, q *ocpp16.StartTransactionRequest) (schema.Message, error) {
	presented := x.presented16(q.IDTag)
	r := x.report16(session.Started, q.Timestamp)
	r.EVSE, r.Connector = x.station.Quirks.Place(q.ConnectorID)
	r.Token = &presented
	r.StartKey = session.StartKey(q.ConnectorID, q.IDTag, r.OccurredAt, int64(q.MeterStart))
	if q.ReservationID != nil {
		r.ReservationID = int64(*q.ReservationID)
	}
	r.Samples = []meter.Sample{register16(q.MeterStart, q.Timestamp, meter.ContextBegin)}
	a, err := x.owner.Report(ctx, r)
	if err != nil {
		return nil, err
	}
	id, err := strconv.Atoi(a.TransactionID)
	if err != nil {
		return nil, fmt.Errorf("transaction id of a 1.6 start: %w", err)
	}
	info := &ocpp16.IDTagInfo{Status: ocpp16.AuthorizationStatusAccepted}
	if a.Token != nil {
		info = tagInfo16(a.Token)
	}
	return &ocpp16.StartTransactionResponse{TransactionID: id, IDTagInfo: *info}, nil
}

func stop16(ctx context.Context, x *exchange, q *ocpp16.StopTransactionRequest) (schema.Message, error) {
	r := x.report16(session.Ended, q.Timestamp)
	r.TransactionID = strconv.Itoa(q.TransactionID)
	r.StopReason = string(ocpp16.ReasonLocal) // what it means when it is left out
	if q.Reason != nil {
		r.StopReason = word(*q.Reason)
	}
	if q.IDTag != nil {
		presented := x.presented16(*q.IDTag)
		r.Token = &presented
	}
	r.Samples = append(x.samples16(q.TransactionData), register16(q.MeterStop, q.Timestamp, meter.ContextEnd))
	a, err := x.owner.Report(ctx, r)
	if err != nil {
		return nil, err
	}
	response := new(ocpp16.StopTransactionResponse)
	if a.Token != nil {
		response.IDTagInfo = tagInfo16(a.Token)
	}
	return response, nil
}

// meterValues16 takes in samples of a connector, with or without the id of its
// transaction, or of the station itself (connector 0). Which session they
// belong to, if any, is for the domain to find out.
func meterValues16(ctx context.Context, x *exchange, q *ocpp16.MeterValuesRequest) (schema.Message, error) {
	var at schema.Timestamp
	if n := len(q.MeterValue); n > 0 {
		at = q.MeterValue[n-1].Timestamp
	}
	r := x.report16(session.Updated, at)
	r.EVSE, r.Connector = x.station.Quirks.Place(q.ConnectorID)
	r.Samples = x.samples16(q.MeterValue)
	if q.ConnectorID == 0 {
		return nil, x.owner.Meter(ctx, x.frameOf(&r))
	}
	if q.TransactionID != nil {
		r.TransactionID = strconv.Itoa(*q.TransactionID)
	}
	_, err := x.owner.Report(ctx, r)
	return nil, err
}

// frameOf is a report's samples outside a transaction.
func (x *exchange) frameOf(r *session.Report) meter.Frame {
	return meter.Frame{
		EVSE: r.EVSE, Connector: r.Connector, Source: meter.SourceMeterValues, SeqNo: -1, Digest: digest(x.frame.Payload),
		ReceivedAt: r.ReceivedAt, OccurredAt: r.OccurredAt, AsSent: r.AsSent, Samples: r.Samples,
	}
}

// report16 begins a report of something that happened at.
func (x *exchange) report16(kind session.ReportKind, at schema.Timestamp) session.Report {
	r := session.Report{
		Kind: kind, Version: station.OCPP16, SeqNo: -1, ReservationID: -1, RemoteStartID: -1,
		OccurredAt: moment(at), AsSent: string(at), ReceivedAt: x.at,
		State: session.StateUnknown,
	}
	if at == "" {
		r.OccurredAt = x.at
	}
	return r
}

func (x *exchange) presented16(idTag string) token.Presented {
	return token.Presented{UID: x.station.Quirks.UID(idTag)}
}

// idTagMax is the longest idTag, and so the longest group, of 1.6.
const idTagMax = 20

// tagInfo16 folds a decision to what 1.6 can say.
func tagInfo16(d *token.Decision) *ocpp16.IDTagInfo {
	info := &ocpp16.IDTagInfo{Status: status16Of(d.Verdict)}
	if !d.ExpiresAt.IsZero() {
		at := schema.TimestampOf(d.ExpiresAt)
		info.ExpiryDate = &at
	}
	if d.Group != "" && len(d.Group) <= idTagMax {
		info.ParentIDTag = &d.Group
	}
	return info
}

func status16Of(v token.Verdict) ocpp16.AuthorizationStatus {
	switch v { //exhaustive:enforce
	case token.VerdictAccepted:
		return ocpp16.AuthorizationStatusAccepted
	case token.VerdictBlocked:
		return ocpp16.AuthorizationStatusBlocked
	case token.VerdictConcurrentTx:
		return ocpp16.AuthorizationStatusConcurrentTx
	case token.VerdictExpired:
		return ocpp16.AuthorizationStatusExpired
	case token.VerdictInvalid, token.VerdictUnknown:
		return ocpp16.AuthorizationStatusInvalid
	}
	panic("ocpp: no 1.6 status for verdict " + string(v))
}

// register16 is meterStart or meterStop as a sample: Wh by definition.
func register16(wh int, at schema.Timestamp, context string) meter.Sample {
	return meter.Sample{
		At: moment(at), AtAsSent: string(at), Measurand: meter.EnergyImportRegister, Context: context, Unit: "Wh",
		Value: decimal.FromInt(int64(wh), 0),
	}
}

func (x *exchange) samples16(values []ocpp16.MeterValue) []meter.Sample {
	n := 0
	for i := range values {
		n += len(values[i].SampledValue)
	}
	samples := make([]meter.Sample, 0, n+1) // a stop adds its register
	for i := range values {
		v := &values[i]
		at := moment(v.Timestamp)
		for j := range v.SampledValue {
			s, err := sample16(&v.SampledValue[j])
			if err != nil {
				x.unread = append(x.unread, fmt.Sprintf("meterValue[%d].sampledValue[%d].value: %v", i, j, err))
				continue
			}
			s.At, s.AtAsSent = at, string(v.Timestamp)
			samples = append(samples, s)
		}
	}
	return samples
}

// sample16 takes in one value, which 1.6 sends as text: a number, or signed
// data.
func sample16(v *ocpp16.SampledValue) (meter.Sample, error) {
	s := meter.Sample{
		Measurand: string(value(v.Measurand)), Context: string(value(v.Context)), Phase: string(value(v.Phase)),
		Location: string(value(v.Location)), Unit: string(value(v.Unit)),
	}
	if value(v.Format) == ocpp16.ValueFormatSignedData {
		s.Signed = &meter.SignedValue{Data: v.Value}
		return s, nil
	}
	var err error
	s.Value, err = decimal.Parse(strings.TrimSpace(v.Value))
	return s, err
}
