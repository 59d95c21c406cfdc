package ocpp

import (
	"crypto/sha256"
	"slices"
	"time"

	"pylon/internal/domain/station"
)

// passwordMax is how many bytes of a password are hashed: twice the longest of
// 2.1.
const passwordMax = 128

// matching returns the hash of the secret that a password is right for, nil
// when there is none.
func matching(st *station.Station, password string, now time.Time) []byte {
	if password == "" || len(password) > passwordMax {
		return nil
	}
	index, ok := station.Check(*st, []byte(password), now)
	if !ok {
		return nil
	}
	return st.Secrets[index].Hash
}

// secretOf makes a secret of a password that is sent to a station or asked of
// one. It need not be one that OCPP allows: stations take what they take.
func secretOf(password string, now time.Time) station.Secret {
	salt := station.NewSalt()
	secret, err := station.NewSecret(password, salt, now)
	if err == nil {
		return secret
	}
	hash := sha256.Sum256(append(slices.Clip(salt), password...))
	return station.Secret{Salt: salt, Hash: hash[:], State: station.SecretCurrent, At: now}
}
