package station

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"pylon/internal/domain/event"
)

const (
	// ReportedEvery is how old the time of the last report may be before a
	// repeated one writes it again.
	ReportedEvery = time.Minute

	// statusQueueMax is the oldest that a status may be. No station keeps them
	// for longer: an older one comes from a clock that stands wrong.
	statusQueueMax = 30 * 24 * time.Hour

	// statusJitter is how far behind what we know a status may lie and still be
	// the news that it seems to be. Clocks are set back by as much.
	statusJitter = 5 * time.Minute
)

// ParseStatus returns the status that OCPP (of any version) calls text, Unknown
// when it calls none so.
func ParseStatus(text string) Status {
	switch text {
	case "Available":
		return Available
	case "Occupied":
		return Occupied
	case "Preparing":
		return Preparing
	case "Charging":
		return Charging
	case "SuspendedEV":
		return SuspendedEV
	case "SuspendedEVSE":
		return SuspendedEVSE
	case "Finishing":
		return Finishing
	case "Reserved":
		return Reserved
	case "Unavailable":
		return Unavailable
	case "Faulted":
		return Faulted
	}
	return Unknown
}

// Report takes in what a station says of a connector, or of itself (EVSE 0).
//
// A change closes the interval of what was, begins the next and is an event. A
// repetition changes nothing but the time of the report, and that at most once
// a minute. What lies before the status that we know, out of a station's
// queue, goes into the history alone: intervals of one connector that overlap
// are read so that the one that began last holds.
// Source: OCPP 2.0.1 part 2, G01; 1.6 section 4.9.
func Report(st Station, known []Connector, in StatusReport) StatusOutcome {
	var out StatusOutcome
	in.OccurredAt = in.when()
	before, exists := connector(known, in.EVSE, in.Connector)
	if in.Status == Unknown || in.Status == "" {
		in.Status = Unknown
		if !exists || before.Status != Unknown {
			out.Findings = append(out.Findings, Finding{
				Code: MessageTolerated, Action: "StatusNotification", At: in.ReceivedAt,
				Detail: fmt.Sprintf("EVSE %d, connector %d: a status that OCPP does not know", in.EVSE, in.Connector),
			})
		}
	}
	switch {
	case !exists:
		in.begin(st, Connector{Station: st.ID, EVSE: in.EVSE, Connector: in.Connector}, &out)
	case in.late(before):
		in.recall(before, &out)
	case in.Status != before.Status || in.ErrorCode != before.ErrorCode:
		if in.OccurredAt.Before(before.Since) {
			in.OccurredAt = before.Since
		}
		if in.OccurredAt.After(before.Since) { // else the new interval takes the old one's place
			out.Intervals = append(out.Intervals, before.interval(in.OccurredAt))
		}
		in.begin(st, before, &out)
	case in.says(before) && in.ReceivedAt.Sub(before.ReportedAt) < ReportedEvery:
	default:
		out.Connectors = append(out.Connectors, in.onto(before))
	}
	return out
}

// when is the time of a status by our best knowledge: what the station says,
// unless that lies in the future or further back than any queue.
func (in *StatusReport) when() time.Time {
	if in.OccurredAt.IsZero() || in.OccurredAt.After(in.ReceivedAt) || in.ReceivedAt.Sub(in.OccurredAt) > statusQueueMax {
		return in.ReceivedAt
	}
	return in.OccurredAt
}

// late reports whether the status is older than the one we know.
func (in *StatusReport) late(before Connector) bool {
	return in.OccurredAt.Before(before.Since) && in.ReceivedAt.Sub(in.OccurredAt) > statusJitter
}

// says reports whether everything but the times is as before.
func (in *StatusReport) says(before Connector) bool {
	return in.Status == before.Status && in.ErrorCode == before.ErrorCode && in.Info == before.Info &&
		in.VendorID == before.VendorID && in.VendorError == before.VendorError
}

// onto returns c with what the report says of the status that it is in.
func (in *StatusReport) onto(c Connector) Connector {
	c.Info, c.VendorID, c.VendorError, c.ReportedAt = in.Info, in.VendorID, in.VendorError, in.ReceivedAt
	c.Version++
	return c
}

// begin lets c be in the new status from now on.
func (in *StatusReport) begin(st Station, c Connector, out *StatusOutcome) {
	c = in.onto(c)
	c.Status, c.ErrorCode, c.Since = in.Status, in.ErrorCode, in.OccurredAt
	c.TakenAt = in.Status.takenAt(c.TakenAt, in.OccurredAt)
	out.Connectors = append(out.Connectors, c)
	out.Intervals = append(out.Intervals, c.interval(time.Time{}))
	out.Events = append(out.Events, c.changed(st, in.ReceivedAt))
}

// changed returns the event that c is in its status.
func (c Connector) changed(st Station, at time.Time) event.Event {
	return event.Event{
		Type: event.ConnectorChanged, Organisation: st.Organisation, Site: st.Site, Station: st.ID,
		Subject: fmt.Sprintf("%s/%d/%d", st.ID, c.EVSE, c.Connector), Version: c.Version, At: at,
		Data: ConnectorNotice{EVSE: c.EVSE, Connector: c.Connector, Status: c.Status, ErrorCode: c.ErrorCode, Since: stamp(c.Since)},
	}
}

// recall writes a late status into the history. When it says that the
// connector was free in between, whoever has it now came after that.
func (in *StatusReport) recall(before Connector, out *StatusOutcome) {
	out.Intervals = append(out.Intervals, Interval{
		Station: before.Station, EVSE: before.EVSE, Connector: before.Connector,
		Status: in.Status, ErrorCode: in.ErrorCode, From: in.OccurredAt, To: before.Since,
	})
	if in.Status.Free() && !before.TakenAt.IsZero() && before.TakenAt.Before(in.OccurredAt) {
		before.TakenAt = before.Since
		before.Version++
		out.Connectors = append(out.Connectors, before)
	}
}

// interval is the stretch of history that c is in, until to; zero: still so.
func (c Connector) interval(to time.Time) Interval {
	return Interval{Station: c.Station, EVSE: c.EVSE, Connector: c.Connector, Status: c.Status, ErrorCode: c.ErrorCode, From: c.Since, To: to}
}

// Free reports whether nobody has a connector in this status.
func (s Status) Free() bool { return s == Available || s == Reserved }

// takenAt is since when somebody has a connector that comes into status s at
// the given time. A fault or a lock-out says nothing about it.
func (s Status) takenAt(before, at time.Time) time.Time {
	switch s {
	case Available, Reserved:
		return time.Time{}
	case Occupied, Preparing, Charging, SuspendedEV, SuspendedEVSE, Finishing:
		if before.IsZero() {
			return at
		}
	case Unknown, Unavailable, Faulted, Online, Offline:
	}
	return before
}

// Transacts reports whether a 1.6 connector in this status has a transaction
// that goes on.
func (s Status) Transacts() bool { return s == Charging || s == SuspendedEV || s == SuspendedEVSE }

func connector(known []Connector, evse, n int) (Connector, bool) {
	for _, c := range known {
		if c.EVSE == evse && c.Connector == n {
			return c, true
		}
	}
	return Connector{}, false
}

// Merge returns known with the changed connectors in their place, by EVSE and
// connector. It leaves its arguments as they are.
func Merge(known, changed []Connector) []Connector {
	if len(changed) == 0 {
		return known
	}
	all := slices.Clone(known)
	for _, c := range changed {
		at, found := slices.BinarySearchFunc(all, c, func(a, b Connector) int {
			return cmp.Or(cmp.Compare(a.EVSE, b.EVSE), cmp.Compare(a.Connector, b.Connector))
		})
		if found {
			all[at] = c
		} else {
			all = slices.Insert(all, at, c)
		}
	}
	return all
}

// stamp writes a time as events carry it: RFC 3339, UTC, milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
