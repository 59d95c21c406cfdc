package ocpp

import (
	"context"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/token"
	"pylon/internal/flow/fleet"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/schema"
)

func authorize2(ctx context.Context, x *exchange, q *ocpp201.AuthorizeRequest) (schema.Message, error) {
	d, err := x.owner.Authorize(ctx, x.presented2(&q.IDToken), fleet.Place{})
	if err != nil {
		return nil, err
	}
	info := tokenInfo2(&d)
	x.offer2(ctx, &d, info)
	return &ocpp201.AuthorizeResponse{IDTokenInfo: *info}, nil
}

func transactionEvent2(ctx context.Context, x *exchange, q *ocpp201.TransactionEventRequest) (schema.Message, error) {
	r := x.report2(q)
	a, err := x.owner.Report(ctx, r)
	if err != nil {
		return nil, err
	}
	response := new(ocpp201.TransactionEventResponse)
	told := x.owed2(ctx, r.Kind, &a, response)
	if a.Token == nil && !told {
		return nil, nil
	}
	if a.Token != nil {
		response.IDTokenInfo = tokenInfo2(a.Token)
	}
	return response, nil
}

func (x *exchange) report2(q *ocpp201.TransactionEventRequest) session.Report {
	evse := value(q.EVSE)
	r := session.Report{
		Kind: kind2(q.EventType), Version: x.dialect.name, TransactionID: q.TransactionInfo.TransactionID,
		EVSE: evse.ID, Connector: value(evse.ConnectorID), SeqNo: int64(q.SeqNo),
		OccurredAt: moment(q.Timestamp), AsSent: string(q.Timestamp), ReceivedAt: x.at, Offline: value(q.Offline),
		Trigger: word(q.TriggerReason), State: state2(q.TransactionInfo.ChargingState),
		StopReason:    word(value(q.TransactionInfo.StoppedReason)),
		RemoteStartID: idOr(q.TransactionInfo.RemoteStartID), ReservationID: idOr(q.ReservationID),
		Samples: samples2(q.MeterValue),
	}
	if r.Kind == session.Ended && r.StopReason == "" {
		r.StopReason = string(ocpp201.ReasonLocal) // what it means when it is left out
	}
	if q.IDToken != nil {
		presented := x.presented2(q.IDToken)
		r.Token = &presented
	}
	return r
}

func kind2(e ocpp201.TransactionEvent) session.ReportKind {
	switch e {
	case ocpp201.TransactionEventStarted:
		return session.Started
	case ocpp201.TransactionEventEnded:
		return session.Ended
	default: // its schema allows but one more
		return session.Updated
	}
}

func state2(s *ocpp201.ChargingState) session.ChargingState {
	switch value(s) {
	case ocpp201.ChargingStateIdle:
		return session.StateIdle
	case ocpp201.ChargingStateEVConnected:
		return session.StateEVConnected
	case ocpp201.ChargingStateCharging:
		return session.StateCharging
	case ocpp201.ChargingStateSuspendedEV:
		return session.StateSuspendedEV
	case ocpp201.ChargingStateSuspendedEVSE:
		return session.StateSuspendedEVSE
	default: // not said, or a word that was tolerated
		return session.StateUnknown
	}
}

// idOr returns an identifier, -1 when there is none.
func idOr(id *int) int64 {
	if id == nil {
		return -1
	}
	return int64(*id)
}

// presented2 is a token as a 2.x station presents it. The bytes of a card may
// come in reverse, those of other tokens do not.
func (x *exchange) presented2(t *ocpp201.IDToken) token.Presented {
	p := token.Presented{UID: t.IDToken, Type: string(t.Type)}
	if t.Type == ocpp201.IDTokenTypeISO14443 || t.Type == ocpp201.IDTokenTypeISO15693 {
		p.UID = x.station.Quirks.UID(t.IDToken)
	}
	return p
}

// idTokenMax is the longest idToken of 2.0.1, and so the longest group.
const idTokenMax = 36

func tokenInfo2(d *token.Decision) *ocpp201.IDTokenInfo {
	info := &ocpp201.IDTokenInfo{Status: ocpp201.AuthorizationStatus(d.Verdict)} // the verdicts are 2.x's words
	if !d.ExpiresAt.IsZero() {
		at := schema.TimestampOf(d.ExpiresAt)
		info.CacheExpiryDateTime = &at
	}
	if d.Group != "" && len(d.Group) <= idTokenMax {
		info.GroupIDToken = &ocpp201.IDToken{IDToken: d.Group, Type: ocpp201.IDTokenTypeCentral}
	}
	return info
}

// meterValues2 takes in samples outside transactions: those of a transaction
// come with its events.
func meterValues2(ctx context.Context, x *exchange, q *ocpp201.MeterValuesRequest) (schema.Message, error) {
	f := meter.Frame{
		EVSE: q.EVSEID, Source: meter.SourceMeterValues, SeqNo: -1, Digest: digest(x.frame.Payload),
		ReceivedAt: x.at, OccurredAt: x.at, Samples: samples2(q.MeterValue),
	}
	if n := len(q.MeterValue); n > 0 {
		f.AsSent = string(q.MeterValue[n-1].Timestamp)
		f.OccurredAt = moment(q.MeterValue[n-1].Timestamp)
	}
	return nil, x.owner.Meter(ctx, f)
}

func samples2(values []ocpp201.MeterValue) []meter.Sample {
	n := 0
	for i := range values {
		n += len(values[i].SampledValue)
	}
	if n == 0 {
		return nil
	}
	samples := make([]meter.Sample, 0, n)
	for i := range values {
		at := moment(values[i].Timestamp)
		for j := range values[i].SampledValue {
			s := sample2(&values[i].SampledValue[j])
			s.At, s.AtAsSent = at, string(values[i].Timestamp)
			samples = append(samples, s)
		}
	}
	return samples
}

func sample2(v *ocpp201.SampledValue) meter.Sample {
	s := meter.Sample{
		Measurand: string(value(v.Measurand)), Context: string(value(v.Context)), Phase: string(value(v.Phase)),
		Location: string(value(v.Location)), Value: v.Value,
	}
	if u := v.UnitOfMeasure; u != nil {
		s.Unit, s.Multiplier = value(u.Unit), value(u.Multiplier)
	}
	if m := v.SignedMeterValue; m != nil {
		s.Signed = &meter.SignedValue{
			Data: m.SignedMeterData, SigningMethod: m.SigningMethod, EncodingMethod: m.EncodingMethod, PublicKey: m.PublicKey,
		}
	}
	return s
}
