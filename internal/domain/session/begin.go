package session

import (
	"math"
	"strconv"
	"time"

	"pylon/internal/domain/station"
)

// foreignMax bounds the ids of others, from before a station came to us, that
// the counter steps over. It would take a station a billion transactions to
// meet a larger one.
const foreignMax = 1 << 30

// begin opens a session for a transaction that we hear of for the first time.
// That may be in its middle, or at its end: then it is made from what the
// report says, so that the energy is kept.
func (d *decision) begin() {
	k, r := &d.k, &d.r
	d.born = true
	d.s = Session{
		ID: k.NewID, Organisation: k.Station.Organisation, Site: k.Station.Site, Station: k.Station.ID,
		TransactionID: r.TransactionID, StartKey: r.StartKey, Status: Pending, TimeZone: k.Site.TimeZone, Country: k.Site.Country,
		StartReceivedAt: r.ReceivedAt, ReservationID: -1, RemoteStartID: -1, StateOfCharge: -1, LastSeqNo: -1,
		ChargingState: StateUnknown, StateCause: CauseUnknown,
	}
	d.readClock()
	d.s.StartedAt = d.at
	if r.Version == station.OCPP16 {
		d.number()
	}
	if r.Kind == Started {
		d.hearStart()
		return
	}
	d.raise(&d.s, station.TransactionUnknown, "the first that was heard of it is not its start")
	if r.Kind == Ended {
		for i := range r.Samples {
			if at := d.sampled(&r.Samples[i]); at.Before(d.s.StartedAt) && d.at.Sub(at) <= queueMax {
				d.s.StartedAt = at
			}
		}
	}
}

// number gives a 1.6 start its transaction id, from the station's counter. An
// id that somebody else gave is never given again.
func (d *decision) number() {
	last := d.k.Station.LastTransaction
	if d.r.Kind == Started {
		if last >= math.MaxInt32 {
			panic("session: a station has used up two billion transaction ids")
		}
		d.out.LastTransaction = last + 1
		d.s.TransactionID = strconv.FormatInt(last+1, 10)
		return
	}
	if id, err := strconv.ParseInt(d.s.TransactionID, 10, 64); err == nil && id > last && id < foreignMax {
		d.out.LastTransaction = id
	}
}

// hearStart notes that the start itself has been heard.
func (d *decision) hearStart() {
	d.s.StartReceivedAt = d.r.ReceivedAt
	if !d.guessed {
		d.resolve(&d.s, station.TransactionUnknown)
	}
	if d.s.StartedAsSent = d.r.AsSent; d.s.StartedAsSent == "" {
		d.s.StartedAsSent = d.r.OccurredAt.Format(time.RFC3339Nano)
	}
}
