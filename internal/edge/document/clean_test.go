package document

import "testing"

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		" \t\n ":                        "",
		"\u00a0":                        "",
		"Café  &\nSöhne ":               "Café & Söhne",
		"12\u00a0€":                     "12\u00a0€",
		"a\x00b\x1b[31mc\x7f":           "ab[31mc",
		"invoice\u202efdp.exe":          "invoicefdp.exe",
		"\u2066a\u2069\u200f":           "a",
		"\xffa\xfe":                     "\ufffda\ufffd",
		"\ufeffa\uffff\U000e0041":       "a",
		"e\u0301":                       "é",
		"👩\u200d👧":                      "👩\u200d👧",
		"one\u2028two\u2029three\u0085": "one two three",
		"<b>&amp;</b>":                  "<b>&amp;</b>",
	} {
		if got := clean(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if again := clean(clean(text)); again != want {
			t.Errorf("%q: cleaned twice: got %q, want %q", text, again, want)
		}
	}
}

// Signed data is shown as it is; what cannot be seen is shown as something that can.
func TestShown(t *testing.T) {
	for data, want := range map[string]string{
		`OCMF|{"RV":1.0}|{"SD":"30"}`: `OCMF|{"RV":1.0}|{"SD":"30"}`,
		"a  b":                        "a  b",
		"a\nb\x00\x7f":                "a␊b␀␡",
		"\u202e\xff\ufeff":            "\ufffd\ufffd\ufffd",
	} {
		if got := shown(data); got != want {
			t.Errorf("%q: got %q, want %q", data, got, want)
		}
	}
}

func TestParagraphs(t *testing.T) {
	if got := paragraphs(" one\n\n two  three\r\n"); len(got) != 2 || got[0] != "one" || got[1] != "two three" {
		t.Errorf("got %q", got)
	}
}
