package ocpp

import (
	"bytes"
	"encoding/hex"
	"slices"
	"sync/atomic"

	"pylon/internal/wire/ocppj"
)

const (
	veilMin = 8 // a shorter password is in too many words to be taken out of them
	veilMax = 8 // passwords of one socket: two of the station, each in two spellings, and as many before
)

// veil takes the passwords of a socket out of what its station says: stations
// quote them in errors, vendor data and security events, under any name. The
// zero value hides nothing. Its methods are safe for concurrent use.
type veil struct{ secrets atomic.Pointer[[][]byte] }

// hide adds a password. OCPP 1.6 sets it in hex, and stations quote either.
func (v *veil) hide(password string) {
	v.add([]byte(password))
	other, err := hex.DecodeString(password)
	if err != nil {
		other = hex.AppendEncode(nil, []byte(password))
	}
	v.add(other)
}

func (v *veil) add(secret []byte) {
	if len(secret) < veilMin {
		return
	}
	for {
		old := v.secrets.Load()
		var all [][]byte
		if old != nil {
			all = slices.Clone((*old)[max(0, len(*old)-veilMax+1):])
		}
		all = append(all, secret)
		if v.secrets.CompareAndSwap(old, &all) {
			return
		}
	}
}

// over returns data with *** for each password; what has none is returned
// itself.
func (v *veil) over(data []byte) []byte {
	secrets := v.secrets.Load()
	if secrets == nil {
		return data
	}
	for _, secret := range *secrets {
		if bytes.Contains(data, secret) {
			data = bytes.ReplaceAll(data, secret, []byte("***"))
		}
	}
	return data
}

// parse reads a frame without the station's passwords. Only an answer keeps
// them: who asked gets it as it came.
func (c *conn) parse(b *buffer) (ocppj.Frame, *ocppj.FrameError) {
	frame, refused := ocppj.Parse(c.dialect.version, b.bytes)
	if refused == nil && frame.Type == ocppj.TypeCallResult {
		return frame, nil
	}
	veiled := c.veil.over(b.bytes)
	if len(veiled) == len(b.bytes) && bytes.Equal(veiled, b.bytes) {
		return frame, refused
	}
	b.bytes = append(b.bytes[:0], veiled...)
	return ocppj.Parse(c.dialect.version, b.bytes)
}

// redact is [redact], and takes out the socket's own passwords too.
func (c *conn) redact(data []byte) []byte { return c.veil.over(redact(data)) }
