package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"pylon/internal/app"
)

// meterRecords returns the key of a meter on brainpoolP256r1, and a session of three records
// that OpenSSL has signed.
func meterRecords(t *testing.T) (key string, records []string) {
	data, err := os.ReadFile("../../internal/wire/ocmf/testdata/brainpoolP256r1.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	return lines[0], lines[1:4]
}

func TestMeterVerify(t *testing.T) {
	key, records := meterRecords(t)
	session := strings.Join(records, "\n")
	file := func(context, key, data string) string {
		data = strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(data)
		return `<value transactionId="1" context="` + context + `"><signedData format="OCMF">` + data + `</signedData><publicKey>` + key + `</publicKey></value>`
	}
	xml := "<values>" + file("Transaction.Begin", key, records[0]) + file("", key, records[1]) + file("Transaction.End", key, records[2]) + "</values>"
	for name, test := range map[string]struct {
		text string
		args []string
		code int
		want []string
	}{
		"OCMF": {session, []string{"--key", key}, exitOK, []string{
			"value 1: verified, OCMF, page T170, meter MT-170, signed by GW-7", "2026-03-01T07:00:00Z (synchronised) begin 1-0:1.8.0 2935.60 kWh",
			"together: verified, 9.500000 kWh in 40m12.345s",
		}},
		"a key of another meter beside": {session, []string{"--key", "3059", "--key", key}, exitOK, []string{"together: verified"}},
		"base64":                        {base64.StdEncoding.EncodeToString([]byte(records[0])), []string{"--key", key}, exitOK, []string{"value 1: verified", "together: not verifiable", "no verified reading says that the transaction ends"}},
		"transparency file":             {xml, nil, exitOK, []string{"value 3: verified", "9.500000 kWh", "the key came with the values"}},
		"no key":                        {session, nil, exitOK, []string{"value 1: not verifiable", "there is no public key"}},
		"one missing":                   {records[0] + records[2], []string{"--key", key}, exitError, []string{"together: failed", "that is missing (after 170, before 172, missing 1)"}},
		"changed":                       {strings.Replace(session, "2945.10", "2955.10", 1), []string{"--key", key}, exitError, []string{"value 3: failed", "the signature is not of this key"}},
		"no rules kept":                 {strings.Replace(session, `"TX":"B"`, `"TX":"Q"`, 1), []string{"--key", key}, exitError, []string{"value 1: failed", "OCMF: RD[0].TX: is not one of"}},
		"something else":                {"Dear driver,", nil, exitError, nil},
	} {
		path := filepath.Join(t.TempDir(), "values")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, err := invoke(t, append([]string{"meter", "verify", path}, test.args...), nil)
		if code != test.code || (code != exitOK) != (err != "") {
			t.Errorf("%s: got code %d, %q, want %d", name, code, err, test.code)
		}
		for _, want := range test.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: got\n%s\nwant %q in it", name, out, want)
			}
		}
	}
}

func TestMeterVerifyPrintsJSON(t *testing.T) {
	key, records := meterRecords(t)
	path := filepath.Join(t.TempDir(), "values")
	if err := os.WriteFile(path, []byte(strings.Join(records, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, err := invoke(t, []string{"meter", "verify", path, "--key", key, "--json"}, nil)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, err)
	}
	var got app.MeterReport
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Session.Energy != "9.500000" || len(got.Values) != 3 || got.Values[2].Readings[0].Value != "2945.10" || got.Values[0].Key != key {
		t.Errorf("got %+v", got)
	}
}
