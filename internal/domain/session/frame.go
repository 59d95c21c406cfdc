package session

import (
	"strconv"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/station"
)

// sequence watches the numbers that OCPP 2.x gives to events: each one more
// than the last. A gap is closed when as many have come as there are numbers.
func (d *decision) sequence() {
	s, seq, last := &d.s, d.r.SeqNo, d.before.LastSeqNo
	if seq < 0 {
		return
	}
	if d.born && seq > 0 || seq < s.firstSeqNo() {
		s.setAside().FirstSeqNo = seq
	}
	s.LastSeqNo = max(s.LastSeqNo, seq)
	switch {
	case d.k.PriorFrame != nil && !d.born:
		d.raise(s, station.SequenceRestarted, "seqNo "+strconv.FormatInt(seq, 10)+" came again with other content")
	case !d.born && last >= 0 && seq > last+1:
		d.raise(s, station.SequenceGap, "seqNo "+strconv.FormatInt(seq, 10)+" came after "+strconv.FormatInt(last, 10))
	case s.Frames == s.LastSeqNo-s.firstSeqNo() && !s.Noted.Has(station.SequenceRestarted): // and this is one more
		d.resolve(s, station.SequenceGap)
	}
}

// firstSeqNo is the lowest number of an event that was heard.
func (s *Session) firstSeqNo() int64 {
	if s.Aside == nil {
		return 0
	}
	return s.Aside.FirstSeqNo
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
