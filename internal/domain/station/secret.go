package station

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"time"
)

// The states of a [Secret].
const (
	SecretCurrent = "current"
	SecretPending = "pending" // sent to the station, which has neither logged in nor refused since
)

// secretsMax bounds the passwords that are right at a time: the one in use and
// the last few that were sent without an answer.
const secretsMax = 4

// saltBytes makes equal passwords of two stations look different, for more
// stations than there will be.
const saltBytes = 16

// NewSalt returns a fresh random salt.
func NewSalt() []byte {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: the runtime ends the process instead
	return salt
}

// NewSecret returns the current secret for a password. The salt is random, of
// any length. A password that no version can use is [fault.Invalid].
//
// The hash is one round of SHA-256: station passwords are random and of 16
// bytes or more, so a slow hash would only slow the handshake.
func NewSecret(password string, salt []byte, now time.Time) (Secret, error) {
	if err := CheckPassword("", password); err != nil {
		return Secret{}, err
	}
	stored := []byte(password)
	if key := keyOf(password); key != nil {
		stored = key
	}
	return Secret{
		Salt: salt, Hash: digest(salt, stored), State: SecretCurrent, At: now,
		Hex: len(stored) >= keyMin && len(stored) <= keyMax,
	}, nil
}

// Check reports which of the station's secrets was presented, as an index into
// st.Secrets. The time it takes tells nothing about the secrets. A 1.6 key is
// right as its bytes and as hex digits of either case, because stations send
// both.
func Check(st Station, presented []byte, now time.Time) (index int, ok bool) {
	key := keyOf(string(presented))
	if key == nil {
		key = presented // so that both forms cost the same
	}
	index = -1
	for i, s := range st.Secrets {
		hit := subtle.ConstantTimeCompare(digest(s.Salt, presented), s.Hash)
		asKey := subtle.ConstantTimeCompare(digest(s.Salt, key), s.Hash)
		if s.Hex {
			hit |= asKey
		}
		if s.Until.IsZero() || now.Before(s.Until) {
			index = subtle.ConstantTimeSelect(hit, i, index)
		}
	}
	return index, index >= 0
}

func digest(salt, password []byte) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write(password)
	return h.Sum(nil)
}

// ProposeSecret notes a password that is about to be sent to the station. From
// then on it may log in with what it had or with this one, because stations
// close the connection before their answer leaves.
func ProposeSecret(st Station, s Secret) Station {
	s.State = SecretPending
	all := append(append(make([]Secret, 0, len(st.Secrets)+1), st.Secrets...), s)
	if len(all) > secretsMax { // the one in use stays, the oldest proposal goes
		all = append(all[:1], all[2:]...)
	}
	st.Secrets = all
	return st
}

// SettleSecret ends the time of several passwords by the station's answer to
// the newest: that one alone when it accepted, without it when it refused.
// Nothing changes when no password is pending.
// Source: OCPP 2.0.1 part 2, A01.FR.03, A01.FR.04.
func SettleSecret(st Station, accepted bool) Station {
	newest := len(st.Secrets) - 1
	if newest < 0 || st.Secrets[newest].State != SecretPending {
		return st
	}
	if accepted {
		return SettleLogin(st, newest)
	}
	st.Secrets = append([]Secret(nil), st.Secrets[:newest]...)
	return st
}

// SettleLogin ends the time of several passwords by a login with the one at
// index, as [Check] returned it: it alone is right from now on.
func SettleLogin(st Station, index int) Station {
	if index < 0 || index >= len(st.Secrets) || len(st.Secrets) == 1 && st.Secrets[0].State == SecretCurrent {
		return st
	}
	s := st.Secrets[index]
	s.State = SecretCurrent
	st.Secrets = []Secret{s}
	return st
}
