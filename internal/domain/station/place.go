package station

import "strings"

// Place returns the EVSE and the connector that an OCPP 1.6 station calls
// connector n. Connector n is EVSE n, connector 1, unless the connectors are
// outlets of one EVSE; 0 is the station itself.
func (q Quirks) Place(n int) (evse, connector int) {
	switch {
	case n <= 0:
		return 0, 0
	case q.SharedEVSE:
		return 1, n
	}
	return n, 1
}

// Connector16 is the reverse of [Quirks.Place]: what a 1.6 station calls the
// connector. An EVSE of several outlets without a connector is 0, the station.
func (q Quirks) Connector16(evse, connector int) int {
	if q.SharedEVSE {
		return connector
	}
	return evse
}

// UID returns a token's uid in its own byte order: as presented, but for
// readers that send the bytes of a card in reverse.
func (q Quirks) UID(presented string) string {
	uid := strings.TrimSpace(presented)
	if !q.ReversedTags || len(uid)%2 != 0 || !hexDigits(uid) {
		return uid
	}
	out := make([]byte, 0, len(uid))
	for i := len(uid) - 2; i >= 0; i -= 2 {
		out = append(out, uid[i], uid[i+1])
	}
	return string(out)
}

func hexDigits(text string) bool {
	for i := range len(text) {
		c := text[i] | 0x20
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return text != ""
}
