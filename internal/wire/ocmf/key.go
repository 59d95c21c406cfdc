package ocmf

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"pylon/internal/kernel/curve"
)

// KeyMax is the longest text of a key that is read, in bytes: what OCPP 2.x carries.
const KeyMax = 2500

// ErrKey says that a text is no public key.
var ErrKey = errors.New("not a public key")

// ParseKey reads a public key as meters, stations and files write it: hex or base64, with
// white space anywhere, of SubjectPublicKeyInfo or of a point; also in the envelope of OCA's
// application note on signed meter values (section 3.2.2), and in base64 of any of these. A
// point says not on which curve it is: then it is on the one given, which may be nil when it is
// not known. It fails with [ErrKey], or with [curve.ErrCurve] when the key is on a curve that is not ours.
func ParseKey(text string, on *curve.Curve) (curve.PublicKey, error) {
	if len(text) > KeyMax {
		return curve.PublicKey{}, fmt.Errorf("%w: longer than %d bytes", ErrKey, KeyMax)
	}
	err := fmt.Errorf("%w: neither hex nor base64", ErrKey)
	for _, data := range decodings(text) {
		key, wrong := keyOf(data, on)
		if wrong == nil {
			return key, nil
		}
		err = wrong
		if isText(data) {
			for _, inner := range decodings(string(data)) {
				if key, wrong = keyOf(inner, on); wrong == nil {
					return key, nil
				}
				err = wrong
			}
		}
	}
	return curve.PublicKey{}, err
}

// keyOf reads a key without encoding.
func keyOf(data []byte, on *curve.Curve) (curve.PublicKey, error) {
	key, err := curve.ParseKey(data)
	if err == nil || errors.Is(err, curve.ErrCurve) {
		return key, err
	}
	if on != nil {
		if key, wrong := on.Key(data); wrong == nil {
			return key, nil
		}
	}
	return curve.PublicKey{}, fmt.Errorf("%w: %w", ErrKey, err)
}

// envelope is what a key begins with that is as OCA wants it: after it come encoding, content
// and the key as printed on the meter, between colons.
const envelope = "oca:"

// decodings returns what a text of hex or base64 may stand for.
func decodings(text string) [][]byte {
	if rest, ok := strings.CutPrefix(strings.TrimSpace(text), envelope); ok {
		parts := strings.SplitN(rest, ":", 3)
		if len(parts) != 3 || parts[1] != "asn1" {
			return nil
		}
		if text = parts[2]; parts[0] == "base16" {
			text = strings.Map(onlyHex, strings.TrimPrefix(text, "0x"))
		}
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	var found [][]byte
	if data, err := hex.DecodeString(strings.TrimPrefix(text, "0x")); err == nil && len(data) > 0 {
		found = append(found, data)
	}
	if data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "=")); err == nil && len(data) > 0 {
		found = append(found, data)
	}
	return found
}

// onlyHex drops what is no digit: the note says to ignore it.
func onlyHex(r rune) rune {
	if strings.ContainsRune("0123456789abcdefABCDEF", r) {
		return r
	}
	return -1
}

func isText(data []byte) bool {
	for _, c := range data {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c > '~' {
			return false
		}
	}
	return true
}

// Unwrap finds the record in what a message or a file carried: as it is, in hex (OCPP's
// SignedData) or in base64. It reports false when it is none of these.
func Unwrap(carried string) (record string, ok bool) {
	text := strings.TrimSpace(carried)
	if isRecord(text) {
		return text, true
	}
	for _, data := range decodings(text) {
		if isRecord(string(data)) {
			return strings.TrimSpace(string(data)), true
		}
	}
	return "", false
}

func isRecord(text string) bool {
	return strings.HasPrefix(strings.TrimSpace(text), header+separator)
}
