package session

import (
	"strconv"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
)

// sequence watches the numbers that OCPP 2.x gives to events: each one more
// than the last. Which of a gap's numbers come later changes nothing: their
// reports are applied when they do.
func (d *decision) sequence() {
	seq := d.r.SeqNo
	if seq < 0 {
		return
	}
	last := d.before.LastSeqNo
	switch {
	case d.k.PriorFrame != nil && !d.born:
		d.raise(&d.s, station.SequenceRestarted, "seqNo "+strconv.FormatInt(seq, 10)+" came again with other content")
	case !d.born && last >= 0 && seq > last+1:
		d.raise(&d.s, station.SequenceGap, "seqNo "+strconv.FormatInt(seq, 10)+" came after "+strconv.FormatInt(last, 10))
	}
	d.s.LastSeqNo = max(d.s.LastSeqNo, seq)
}

// frame is the report as it is kept.
func (d *decision) frame() *meter.Frame {
	r := &d.r
	f := &meter.Frame{
		Station: d.k.Station.ID, Session: d.s.ID, Number: d.s.Frames, EVSE: r.EVSE, Connector: r.Connector, Source: r.source(),
		SeqNo: r.SeqNo, Digest: r.Digest, ReceivedAt: r.ReceivedAt, OccurredAt: r.OccurredAt, AsSent: r.AsSent,
		Offline: r.Offline, Samples: r.Samples,
	}
	if r.Token != nil {
		f.Answer = string(d.k.Verdict.Verdict)
	}
	return f
}

func (r *Report) source() meter.Source {
	switch {
	case r.Kind == Started:
		return meter.SourceStart
	case r.Kind == Ended:
		return meter.SourceEnd
	case r.Version == station.OCPP16:
		return meter.SourceMeterValues
	}
	return meter.SourceUpdate
}
