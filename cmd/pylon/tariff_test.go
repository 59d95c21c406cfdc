package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const tariffFile = `{"country_code":"DE","party_id":"ABC","id":"16","currency":"EUR","type":"AD_HOC_PAYMENT","tax_included":"YES",
	"elements":[{"price_components":[{"type":"ENERGY","price":0.50,"vat":19,"step_size":1}]}],"last_updated":"2026-01-01T00:00:00Z"}`

func TestTariffLint(t *testing.T) {
	old := strings.NewReplacer(`"tax_included":"YES",`, `"min_price":{"excl_vat":1},`, "0.50", "0.5").Replace(tariffFile)
	for _, c := range []struct {
		name   string
		tariff string
		args   []string
		code   int
		out    string // that is in the output
	}{
		{"good", tariffFile, []string{"--power", "150", "--country", "FR"}, exitOK, ""},
		{"worth knowing", tariffFile, []string{"--power", "150", "--country", "DE"}, exitOK, "hint  /certified  In Germany energy"},
		{"forbidden", strings.Replace(tariffFile, "ENERGY", "TIME", 1), []string{"--power", "150", "--country", "DE"}, exitError, "error  /elements/0/price_components/0  From 50 kW on"},
		{"surprising", strings.Replace(tariffFile, `"step_size":1`, `"step_size":500`, 1), nil, exitOK, "warning  /elements/0/price_components/0/step_size"},
		{"of 2.2.1", old, nil, exitOK, "warning  /min_price"},
		{"no tariff of OCPI", "{}", nil, exitError, "error  /id"},
		{"what cannot be meant", strings.Replace(tariffFile, `"step_size":1`, `"step_size":0`, 1), nil, exitError, "error  /elements/0/price_components/0/step_size"},
		{"as JSON", strings.Replace(tariffFile, `"vat":19,`, "", 1), []string{"--json"}, exitError, `"code": "vat_missing"`},
		{"no JSON", "x", nil, exitError, "is not JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "tariff.json")
			if err := os.WriteFile(file, []byte(c.tariff), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out, err := invoke(t, append([]string{"tariff", "lint", file}, c.args...), nil)
			if code != c.code || !strings.Contains(out, c.out) || (c.out == "") != (out == "") {
				t.Errorf("got exit code %d, %q, %q, want %d, %q", code, out, err, c.code, c.out)
			}
		})
	}
}

// vectorOf returns the path of an example, from wherever the program runs.
func vectorOf(t *testing.T, name string) string {
	t.Helper()
	file, err := filepath.Abs("../../test/rating/testdata/vectors/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTariffPrice(t *testing.T) {
	file := vectorOf(t, "derived-dst-fall-back")
	var outputs []string
	for _, args := range [][]string{{"--check"}, {"--rater", "plain", "--check"}, {"--rater", "swift", "--check"}, {"--split", "--check"}} {
		code, out, err := invoke(t, append([]string{"tariff", "price", "--vector", file}, args...), nil)
		if code != exitOK || err != "" || !strings.Contains(out, `"incl": "54/5"`) {
			t.Fatalf("%v: got exit code %d, %s, %s", args, code, out, err)
		}
		outputs = append(outputs, out)
	}
	for _, out := range outputs {
		if out != outputs[0] {
			t.Errorf("got %s, want %s", out, outputs[0])
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.json")
	for _, c := range []struct{ name, old, new, err string }{
		{"another price than is expected", `"1.20"`, `"1.30"`, "total_exact: got"},
		{"no such zone", `Europe/Amsterdam`, `Europe/Nowhere`, "/zone"},
		{"no such currency", `"EUR"`, `"EUX"`, "/tariff/currency"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(other, []byte(strings.Replace(string(text), c.old, c.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out, told := invoke(t, []string{"tariff", "price", "--vector", other, "--check"}, nil)
			if code != exitError || out != "" || !strings.Contains(told, c.err) {
				t.Errorf("got exit code %d, %q, %q, want %q", code, out, told, c.err)
			}
		})
	}
}

func TestTariffExplain(t *testing.T) {
	file := vectorOf(t, "spec-cdr-time-then-parking-step")
	for language, want := range map[string]string{"en": "Europe/Amsterdam", "de": "Europe/Amsterdam"} {
		code, out, err := invoke(t, []string{"tariff", "explain", "--vector", file, "--language", language}, nil)
		if code != exitOK || strings.Count(out, "\n") < 8 || !strings.Contains(out, want) {
			t.Errorf("%s: got exit code %d, %s, %s", language, code, out, err)
		}
	}
	if code, _, err := invoke(t, []string{"tariff", "explain", "--vector", file, "--language", "tlh"}, nil); code != exitError {
		t.Errorf("no such language: got exit code %d, %s", code, err)
	}
}
