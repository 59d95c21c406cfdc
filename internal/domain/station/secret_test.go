package station

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"pylon/internal/kernel/fault"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// brokenRule returns the field and the code of an invalid input, "" for nil.
func brokenRule(err error) string {
	if err == nil {
		return ""
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		return err.Error()
	}
	return f.Fields[0].Pointer + " " + f.Fields[0].Code
}

func TestCheckPassword(t *testing.T) {
	of := func(n int) string { return strings.Repeat("k", n) }
	digits := func(n int) string { return strings.Repeat("a", n) }
	tests := []struct {
		name     string
		version  Version
		password string
		want     string
	}{
		{"A00.FR.205 2.0.1 just too short", OCPP201, of(15), "/password too_short"},
		{"A00.FR.205 2.0.1 shortest", OCPP201, of(16), ""},
		{"A00.FR.205 2.0.1 longest", OCPP201, of(40), ""},
		{"A00.FR.205 2.0.1 just too long", OCPP201, of(41), "/password too_long"},
		{"A00.FR.205 2.0.1 every allowed symbol", OCPP201, "*-_=:+|@.azAZ0189", ""},
		{"A00.FR.205 2.0.1 a symbol that is not allowed", OCPP201, of(16) + "!", "/password character_not_allowed"},
		{"A00.FR.205 2.1 longest", OCPP21, of(64), ""},
		{"A00.FR.205 2.1 just too long", OCPP21, of(65), "/password too_long"},
		{"1.6 A00.FR.205 just too few digits", OCPP16, digits(31), "/password not_hex"},
		{"1.6 A00.FR.205 the shortest key as digits", OCPP16, digits(32), ""},
		{"1.6 A00.FR.205 half a byte", OCPP16, digits(33), "/password not_hex"},
		{"1.6 A00.FR.205 the longest key as digits", OCPP16, digits(40), ""},
		{"1.6 A00.FR.205 just too many digits", OCPP16, digits(41), "/password too_long"},
		{"1.6 A00.FR.205 not digits", OCPP16, of(40), "/password not_hex"},
		{"1.6 A00.FR.205 just too few bytes", OCPP16, of(15), "/password too_short"},
		{"1.6 A00.FR.205 the shortest key as bytes", OCPP16, of(16), ""},
		{"1.6 A00.FR.205 the longest key as bytes", OCPP16, of(20), ""},
		{"1.6 A00.FR.205 just too many bytes", OCPP16, of(21), "/password not_hex"},
		{"1.6 bytes that nobody can type", OCPP16, of(16) + "\x01", "/password character_not_allowed"},
		{"not connected yet: what 2.1 can use", "", of(64), ""},
		{"not connected yet: what 1.6 can use", "", of(16) + "!", ""},
		{"not connected yet: what nobody can use", "", of(21) + "!", "/password character_not_allowed"},
		{"not connected yet: too short for all", "", of(15), "/password too_short"},
		{"not connected yet: too long for all", "", of(65), "/password too_long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := brokenRule(CheckPassword(tt.version, tt.password)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestGeneratePasswordSuitsEveryVersion(t *testing.T) {
	password := GeneratePassword([]byte("\x00\x7f\x80\xff0123456789abcdef"))
	if got, want := len(password), 40; got != want {
		t.Errorf("got %d characters, want %d", got, want)
	}
	for _, v := range []Version{OCPP16, OCPP201, OCPP21, ""} {
		if err := CheckPassword(v, password); err != nil {
			t.Errorf("OCPP %s: %v", v, err)
		}
	}
}

func secret(t *testing.T, password string) Secret {
	t.Helper()
	s, err := NewSecret(password, []byte("salt"), noon)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCheck(t *testing.T) {
	const plain, digits = "correct-horse-battery", "00112233445566778899AABBCCDDEEFF00112233"
	key, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	expired := secret(t, plain)
	expired.Until = noon
	lasting := secret(t, plain)
	lasting.Until = noon.Add(1)
	bytes := secret(t, "sixteen bytes ok") // a key given as its bytes
	tests := []struct {
		name      string
		secrets   []Secret
		presented string
		index     int
	}{
		{"A00.FR.207 the password", []Secret{secret(t, plain)}, plain, 0},
		{"A00.FR.207 another", []Secret{secret(t, plain)}, plain + "x", -1},
		{"a password has case", []Secret{secret(t, plain)}, strings.ToUpper(plain), -1},
		{"nothing", []Secret{secret(t, plain)}, "", -1},
		{"no secret, no login", nil, plain, -1},
		{"1.6 the key as set", []Secret{secret(t, digits)}, digits, 0},
		{"1.6 the key in the other case", []Secret{secret(t, digits)}, strings.ToLower(digits), 0},
		{"1.6 the key's bytes", []Secret{secret(t, digits)}, string(key), 0},
		{"1.6 set in the other case", []Secret{secret(t, strings.ToLower(digits))}, digits, 0},
		{"1.6 bytes of a key given as bytes", []Secret{bytes}, "sixteen bytes ok", 0},
		{"1.6 digits of a key given as bytes", []Secret{bytes}, hex.EncodeToString([]byte("sixteen bytes ok")), 0},
		{"a password that is no key has no second form", []Secret{secret(t, plain)}, hex.EncodeToString([]byte(plain)), -1},
		{"the second of two", []Secret{secret(t, plain), secret(t, digits)}, digits, 1},
		{"the first of two", []Secret{secret(t, plain), secret(t, digits)}, plain, 0},
		{"its time is over", []Secret{expired}, plain, -1},
		{"the last moment of its time", []Secret{lasting}, plain, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			index, ok := Check(Station{Secrets: tt.secrets}, []byte(tt.presented), noon)
			if index != tt.index || ok != (tt.index >= 0) {
				t.Errorf("got %d %v, want %d", index, ok, tt.index)
			}
		})
	}
}

func TestNewSecretKeepsNoPassword(t *testing.T) {
	const plain = "correct-horse-battery"
	s := secret(t, plain)
	if strings.Contains(string(s.Hash)+string(s.Salt), plain) {
		t.Error("A01.FR.08 the secret holds the password")
	}
	if a, b := secret(t, plain), secret(t, plain+"."); string(a.Hash) == string(b.Hash) {
		t.Error("two passwords have one hash")
	}
	if got, want := brokenRule(func() error { _, err := NewSecret("short", nil, noon); return err }()), "/password too_short"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// names describes secrets by their first hash byte's password and their state.
func names(st Station, passwords ...string) string {
	var all []string
	for _, s := range st.Secrets {
		for _, p := range passwords {
			if string(digest(s.Salt, []byte(p))) == string(s.Hash) {
				all = append(all, p[:3]+" "+s.State)
			}
		}
	}
	return strings.Join(all, ", ")
}

func TestPasswordChange(t *testing.T) {
	const one, two, three = "one-password-of-mine", "two-passwords-of-mine", "three-passwords-of-mine"
	start := Station{Secrets: []Secret{secret(t, one)}}
	sent := ProposeSecret(start, secret(t, two))
	twice := ProposeSecret(sent, secret(t, three))
	tests := []struct {
		name string
		st   Station
		want string
	}{
		{"A01.FR.02 old and new are valid from the sending", sent, "one current, two pending"},
		{"A01.FR.03 accepted", SettleSecret(sent, true), "two current"},
		{"A01.FR.04 refused", SettleSecret(sent, false), "one current"},
		{"a login with the new", SettleLogin(sent, 1), "two current"},
		{"a login with the old", SettleLogin(sent, 0), "one current"},
		{"sent again before any answer", twice, "one current, two pending, thr pending"},
		{"the second refused", SettleSecret(twice, false), "one current, two pending"},
		{"a login with the first proposal", SettleLogin(twice, 1), "two current"},
		{"nothing pending, nothing settled", SettleSecret(start, true), "one current"},
		{"the usual login", SettleLogin(start, 0), "one current"},
		{"a login with what is no more", SettleLogin(start, 1), "one current"},
		{"no password at all", SettleSecret(Station{}, true), ""},
		{"the first password, by a command", ProposeSecret(Station{}, secret(t, two)), "two pending"},
		{"the first password, logged in", SettleLogin(ProposeSecret(Station{}, secret(t, two)), 0), "two current"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := names(tt.st, one, two, three); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	many := start
	for range 9 {
		many = ProposeSecret(many, secret(t, two))
	}
	if got := len(many.Secrets); got != secretsMax {
		t.Errorf("got %d secrets, want %d", got, secretsMax)
	}
	if got, want := many.Secrets[0].State, SecretCurrent; got != want {
		t.Errorf("the one in use: got %q, want %q", got, want)
	}
	if got, want := names(start, one), "one current"; got != want {
		t.Errorf("the station it began with: got %q, want %q", got, want)
	}
}
