package session

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"
	"time"

	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
)

// digestSize is how much of a SHA-256 tells reports of one transaction apart.
const digestSize = 16

// StartKey tells a repeated OCPP 1.6 start: the same connector, idTag, time
// and meterStart (in Wh) are the same start, whatever the message's id.
func StartKey(connector int, idTag string, at time.Time, meterStart int64) string {
	h := content{Hash: sha256.New()}
	h.number(int64(connector))
	h.text(token.Key(idTag))
	h.number(at.UnixMilli())
	h.number(meterStart)
	return hex.EncodeToString(h.Sum(nil)[:digestSize])
}

// Seal returns r with its Digest, over everything that it says of the
// transaction, and with its times as exact as they are kept. A message that is sent again once more has the same digest,
// though its id and its offline flag may differ (2.0.1 E11.FR.07). A 1.6 stop
// that names no transaction gets its digest as StartKey too, so that its
// session is found when it comes again.
func (r Report) Seal() Report {
	r = r.normal()
	h := content{Hash: sha256.New()}
	h.number(int64(r.Kind))
	h.text(r.TransactionID)
	h.number(int64(r.EVSE))
	h.number(int64(r.Connector))
	h.number(r.SeqNo)
	h.number(r.OccurredAt.UnixMicro())
	h.text(r.Trigger)
	h.text(string(r.State))
	h.text(r.StopReason)
	if r.Token != nil {
		h.text(r.Token.UID)
		h.text(r.Token.Type)
	}
	h.number(r.RemoteStartID)
	h.number(r.ReservationID)
	for i := range r.Samples {
		m := &r.Samples[i]
		h.number(m.At.UnixMicro())
		for _, word := range [...]string{m.Measurand, m.Context, m.Phase, m.Location, m.Unit, m.Value.String()} {
			h.text(word)
		}
		h.number(int64(m.Multiplier))
		if m.Signed != nil {
			h.text(m.Signed.Data)
		}
	}
	r.Digest = h.Sum(nil)[:digestSize]
	if r.Version == station.OCPP16 && r.Kind == Ended && r.TransactionID == "" {
		r.StartKey = hex.EncodeToString(r.Digest)
	}
	return r
}

// resolution is how exactly times are kept. A finer one would be lost in the
// database, and what was the same moment would differ when it comes again.
const resolution = time.Microsecond

// normal returns r with a time, with times as exact as they are kept, and
// without a 1.6 transaction id that we never give: stations send -1, and some
// 0, when the answer to their start did not reach them (errata 3.18).
func (r Report) normal() Report {
	if r.OccurredAt.IsZero() {
		r.OccurredAt = r.ReceivedAt
	}
	r.OccurredAt, r.ReceivedAt = r.OccurredAt.Truncate(resolution), r.ReceivedAt.Truncate(resolution)
	if r.Version == station.OCPP16 && (r.TransactionID == "0" || strings.HasPrefix(r.TransactionID, "-")) {
		r.TransactionID = ""
	}
	return r
}

// content hashes values so that neighbours do not run into each other.
type content struct {
	hash.Hash
	buf [8]byte
}

func (c *content) number(n int64) {
	binary.BigEndian.PutUint64(c.buf[:], uint64(n)) //nolint:gosec // all bits count, whatever the sign
	c.Write(c.buf[:])
}

func (c *content) text(s string) {
	c.number(int64(len(s)))
	c.Write([]byte(s))
}
