package locale_test

import (
	"slices"
	"testing"
	"time"

	"pylon/internal/edge/document/locale"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/money"
)

func load(t *testing.T) map[string]*locale.Language {
	t.Helper()
	languages, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	return languages
}

// Every catalogue has every text, with the same placeholders.
func TestCataloguesAreWhole(t *testing.T) {
	languages := load(t)
	for _, tag := range []string{"en", "de", "fr", "nl", "sv", "es"} {
		if languages[tag] == nil {
			t.Errorf("no catalogue %s", tag)
		}
	}
	english := languages["en"]
	for tag, l := range languages {
		if got, want := l.Keys(), english.Keys(); !slices.Equal(got, want) {
			for _, key := range want {
				if !slices.Contains(got, key) {
					t.Errorf("%s has no %s", tag, key)
				}
			}
			for _, key := range got {
				if !slices.Contains(want, key) {
					t.Errorf("%s has %s, which English has not", tag, key)
				}
			}
		}
		for _, key := range english.Keys() {
			if !l.Has(key) {
				t.Errorf("%s: %s is empty", tag, key)
			}
			if got, want := l.Placeholders(key), english.Placeholders(key); !slices.Equal(got, want) {
				t.Errorf("%s: %s has placeholders %v, English %v", tag, key, got, want)
			}
		}
	}
}

// The figures are as the Unicode CLDR has them: these were written by a browser's Intl, in
// English as Britain writes it.
func TestFiguresAreThoseOfCLDR(t *testing.T) {
	amounts := []money.Amount{
		money.Of(123450, "EUR"), money.Of(-123450, "EUR"), money.Of(1234567890, "EUR"), money.Of(1000, "JPY"), money.Of(1500, "KWD"),
		money.Of(-1500, "KWD"), money.Of(150, "SEK"),
	}
	tests := map[string][]string{ // the amounts, 8.1 per cent, -1234.567, 4 March 2026, 4 September 2026
		"en": {"€1,234.50", "-€1,234.50", "€12,345,678.90", "JP¥1,000", "KWD\u00a01.500", "-KWD\u00a01.500", "SEK\u00a01.50", "8.1%", "-1,234.567", "4 Mar 2026", "4 Sept 2026"},
		"de": {"1.234,50\u00a0€", "-1.234,50\u00a0€", "12.345.678,90\u00a0€", "1.000\u00a0¥", "1,500\u00a0KWD", "-1,500\u00a0KWD", "1,50\u00a0SEK", "8,1\u00a0%", "-1.234,567", "04.03.2026", "04.09.2026"},
		"fr": {"1\u202f234,50\u00a0€", "-1\u202f234,50\u00a0€", "12\u202f345\u202f678,90\u00a0€", "1\u202f000\u00a0JPY", "1,500\u00a0KWD", "-1,500\u00a0KWD", "1,50\u00a0SEK", "8,1\u00a0%", "-1\u202f234,567", "4 mars 2026", "4 sept. 2026"},
		"nl": {"€\u00a01.234,50", "€\u00a0-1.234,50", "€\u00a012.345.678,90", "JP¥\u00a01.000", "KWD\u00a01,500", "KWD\u00a0-1,500", "SEK\u00a01,50", "8,1%", "-1.234,567", "4 mrt 2026", "4 sep 2026"},
		"sv": {"1\u00a0234,50\u00a0€", "\u22121\u00a0234,50\u00a0€", "12\u00a0345\u00a0678,90\u00a0€", "1\u00a0000\u00a0JPY", "1,500\u00a0KWD", "\u22121,500\u00a0KWD", "1,50\u00a0kr", "8,1\u00a0%", "\u22121\u00a0234,567", "4 mars 2026", "4 sep. 2026"},
		"es": {"1234,50\u00a0€", "-1234,50\u00a0€", "12.345.678,90\u00a0€", "1000\u00a0JPY", "1,500\u00a0KWD", "-1,500\u00a0KWD", "1,50\u00a0SEK", "8,1\u00a0%", "-1234,567", "4 mar 2026", "4 sept 2026"},
	}
	for tag, want := range tests {
		l := load(t)[tag]
		var got []string
		for _, a := range amounts {
			got = append(got, l.Money(a))
		}
		got = append(got, l.Percent(number(t, "8.1")), l.Number(number(t, "-1234.567")),
			l.Date(time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)), l.Date(time.Date(2026, 9, 4, 0, 0, 0, 0, time.UTC)))
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: got %q, want %q", tag, got[i], want[i])
			}
		}
	}
}

func number(t *testing.T, text string) decimal.Decimal {
	t.Helper()
	d, err := decimal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	l := load(t)["en"]
	for text, want := range map[string]string{
		"0": "0", "-0": "-0", "12.500": "12.500", "+3": "3", "1e3": "1,000", "1.5e-3": "0.0015", "999": "999", "-1000": "-1,000",
		"1e18": "1,000,000,000,000,000,000",
	} {
		if got := l.Number(number(t, text)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{"0.5": "€0.50", "0.4958": "€0.4958", "49": "€49.00", "1e2": "€100.00"} {
		if got := l.Price(number(t, text), "EUR"); got != want {
			t.Errorf("price %s: got %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{"19.00": "19%", "8.10": "8.1%", "0": "0%", "20": "20%"} {
		if got := l.Percent(number(t, text)); got != want {
			t.Errorf("rate %s: got %s, want %s", text, got, want)
		}
	}
	if got, want := l.Energy(41_237_000)+" "+l.Energy(41_237_001), "41.237\u00a0kWh 41.237001\u00a0kWh"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTimesNameTheirZone(t *testing.T) {
	l := load(t)["en"]
	at := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	for zone, want := range map[string]string{
		"Europe/Berlin":     "25 Oct 2026, 02:30\u00a0CEST",
		"UTC":               "25 Oct 2026, 00:30\u00a0UTC",
		"Asia/Dubai":        "25 Oct 2026, 04:30\u00a0UTC+4",
		"Asia/Kathmandu":    "25 Oct 2026, 06:15\u00a0UTC+5:45",
		"America/St_Johns":  "24 Oct 2026, 22:00\u00a0NDT",
		"America/Sao_Paulo": "24 Oct 2026, 21:30\u00a0UTC-3",
	} {
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Moment(at.In(location)); got != want {
			t.Errorf("%s: got %q, want %q", zone, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0\u00a0s", 59 * time.Second: "59\u00a0s", time.Minute: "1\u00a0min", 61 * time.Second: "1\u00a0min 1\u00a0s", time.Hour: "1\u00a0h 0\u00a0min",
		25*time.Hour + 90*time.Second: "25\u00a0h 1\u00a0min",
	} {
		if got := l.Duration(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}

func TestTexts(t *testing.T) {
	l := load(t)["en"]
	tests := []struct {
		name      string
		got, want string
	}{
		{"values", l.Text("reference", "number", "A-1", "date", "today"), "A-1 of today"},
		{"a value is not looked through", l.Text("reference", "number", "{date}", "date", "[x]"), "{date} of [x]"},
		{"a value that is missing shows", l.Text("reference", "number", "A-1"), "A-1 of {date}"},
		{"an option without its value goes", l.Text("step.sum", "excl", "1"), "Sum: 1 without VAT."},
		{"all options", l.Text("step.sum", "excl", "1", "incl", "2"), "Sum: 1 without VAT; 2 with VAT."},
		{"an empty value is none", l.Text("step.sum", "excl", "", "incl", "2"), "Sum; 2 with VAT."},
		{"no such text", l.Text("no.such"), "no.such"},
		{"a choice", l.Choose("method", "card"), "Card"},
		{"no such choice", l.Choose("method", "shells"), "shells"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestFind(t *testing.T) {
	languages := load(t)
	for tag, want := range map[string]string{"de": "de", "de-AT": "de", "DE-ch": "de", "en-GB": "en", "sv": "sv"} {
		if l, ok := locale.Find(languages, tag); !ok || l.Tag() != want {
			t.Errorf("%s: got %v, want %s", tag, l, want)
		}
	}
	for _, tag := range []string{"", "xx", "-de", "deutsch"} {
		if _, ok := locale.Find(languages, tag); ok {
			t.Errorf("%q: found", tag)
		}
	}
}
