package station

import (
	"time"

	"pylon/internal/kernel/ident"
)

// How long a station that does not take part waits before it boots again.
const (
	pendingRetry  = time.Minute      // an operator who accepts it sees it start within that time
	rejectedRetry = 15 * time.Minute // it only has to learn, one day, that this has changed
)

// Boot takes in what a station says of itself and returns what it is told. The
// heartbeat is the interval for accepted stations without a quirk of their own.
// What the station leaves out this time stays as it was known.
//
// Its quirks come from the best template for its make, unless an operator has
// set them: quirks without a template are the operator's.
// Source: OCPP 2.0.1 part 2, B01 to B03; 1.6 section 4.2.
func Boot(st Station, templates []Template, in BootReport, heartbeat time.Duration) (Station, BootAnswer) {
	st.OCPP, st.Vendor, st.Model = in.OCPP, said(in.Vendor, st.Vendor), said(in.Model, st.Model)
	st.Serial, st.Firmware = said(in.Serial, st.Serial), said(in.Firmware, st.Firmware)
	st.ICCID, st.IMSI = said(in.ICCID, st.ICCID), said(in.IMSI, st.IMSI)
	st.MeterType, st.MeterSerial = said(in.MeterType, st.MeterType), said(in.MeterSerial, st.MeterSerial)
	st.BootReason, st.BootedAt = in.Reason, in.At
	if st.Template != "" || st.Quirks.equal(Quirks{}) {
		t, _ := Choose(templates, st.Vendor, st.Model, st.Firmware)
		st.Template, st.Quirks = t.ID, t.Quirks
	}
	st.Version++
	return st, BootAnswer{Registration: st.Registration, Interval: interval(&st, heartbeat), At: in.At}
}

// Replaced reports whether another device has booted under a station's
// identity, by its serial number. A station that speaks another version of OCPP
// since may say another number of its own.
func Replaced(before, after Station) bool {
	return before.Serial != "" && after.Serial != before.Serial && after.OCPP == before.OCPP
}

// said returns what was said, or what was known before when that is nothing.
func said(now, before string) string {
	if now == "" {
		return before
	}
	return now
}

func interval(st *Station, heartbeat time.Duration) time.Duration {
	switch {
	case st.Registration == Rejected:
		return rejectedRetry
	case st.Registration != Accepted:
		return pendingRetry
	case st.Quirks.HeartbeatSeconds > 0:
		return time.Duration(st.Quirks.HeartbeatSeconds) * time.Second
	}
	return heartbeat
}

// BootNotice is the data of station.booted.
type BootNotice struct {
	ID           ident.StationID `json:"id"`
	OCPP         Version         `json:"ocpp_version"`
	Vendor       string          `json:"vendor"`
	Model        string          `json:"model"`
	Firmware     string          `json:"firmware,omitzero"`
	Reason       string          `json:"reason,omitzero"`
	Registration Registration    `json:"registration"`
}

// BootNoticeOf returns what an event tells of st's boot.
func BootNoticeOf(st Station) BootNotice {
	return BootNotice{
		ID: st.ID, OCPP: st.OCPP, Vendor: st.Vendor, Model: st.Model, Firmware: st.Firmware,
		Reason: st.BootReason, Registration: st.Registration,
	}
}
