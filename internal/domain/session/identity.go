package session

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
)

// StartKey tells a repeated OCPP 1.6 start: the same connector, idTag, time
// and meterStart (in Wh) are the same start, whatever the message's id.
func StartKey(connector int, idTag string, at time.Time, meterStart int64) string {
	c := make(content, 0, contentSize)
	c = c.numbers(int64(connector), at.UnixMilli(), meterStart).words(token.Key(idTag))
	return hex.EncodeToString(c.digest())
}

// Seal returns r with its Digest, over everything that it says of the
// transaction, and with its times as exact as they are kept. A message that is
// sent once more has the same digest, though its id and its offline flag may
// differ (2.0.1 E11.FR.07). A 1.6 stop that names no transaction gets its
// digest as StartKey too, so that its session is found when it comes again.
func (r Report) Seal() Report {
	r = r.normal()
	c := make(content, 0, contentSize)
	c = c.numbers(int64(r.Kind), int64(r.EVSE), int64(r.Connector), r.SeqNo, r.OccurredAt.UnixMicro(), r.RemoteStartID, r.ReservationID)
	c = c.words(r.TransactionID, r.Trigger, string(r.State), r.StopReason)
	if r.Token != nil {
		c = c.words(r.Token.UID, r.Token.Type)
	}
	for i := range r.Samples {
		m := &r.Samples[i]
		c = c.numbers(m.At.UnixMicro(), int64(m.Multiplier))
		c = c.words(m.Measurand, m.Context, m.Phase, m.Location, m.Unit, m.Value.String())
		if m.Signed != nil {
			c = c.words(m.Signed.Data)
		}
	}
	r.Digest = c.digest()
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

const (
	digestSize  = 16  // of a SHA-256: tells the reports of one transaction apart
	contentSize = 512 // what a report with three samples says
)

// content is values in a row, so that neighbours do not run into each other.
type content []byte

func (c content) numbers(all ...int64) content {
	for _, n := range all {
		c = binary.BigEndian.AppendUint64(c, uint64(n)) //nolint:gosec // all bits count, whatever the sign
	}
	return c
}

func (c content) words(all ...string) content {
	for _, s := range all {
		c = append(c.numbers(int64(len(s))), s...)
	}
	return c
}

func (c content) digest() []byte {
	sum := sha256.Sum256(c)
	return append([]byte(nil), sum[:digestSize]...)
}
