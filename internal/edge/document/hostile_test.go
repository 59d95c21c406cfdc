package document_test

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/rating"
)

// hostile is the invoice with a stranger's text wherever strangers write.
func hostile(text string) *billing.Document {
	d := invoice()
	d.Charges[1].Signed, d.Paid = charge().Signed, []billing.Payment{{Method: text, Reference: text, At: d.IssuedAt, Amount: 1}}
	d.BuyerReference, d.Number, d.Replaces.Number = text, text, text
	for _, p := range []*billing.Party{&d.Issuer, &d.Customer} {
		p.Name, p.Street, p.PostalCode, p.City, p.Registration, p.Mail, p.Phone = text, text, text, text, text, text, text
	}
	for i := range d.Lines {
		d.Lines[i].Name, d.Lines[i].CostCentre = text, text
	}
	for i := range d.Charges {
		c := &d.Charges[i]
		c.Site, c.Address, c.Station, c.EVSE, c.Connector, c.Session, c.Tariff = text, text, text, text, text, text, text
		c.Steps = []rating.Step{{Code: text, Values: []string{text, text}}, {Code: "element", Values: []string{"dimension", text, "price", text, "from", text}}}
		for k := range c.Signed {
			s := &c.Signed[k]
			s.Nature, s.Format, s.Data, s.PublicKey, s.Verdict = text, text, text, text, text
		}
	}
	return d
}

// skeleton returns the tags of a page, one after the other.
func skeleton(page string) []string { return tags.FindAllString(page, -1) }

// style is the only place where a page has text of ours between signs that could be tags.
var style = regexp.MustCompile(`(?s)<style>.*</style>`)

// harmless fails when a text holds what could act on its own: control characters, steering of
// direction, or bytes that are no text.
func harmless(t *testing.T, form, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s: not UTF-8", form)
	}
	if i := strings.IndexFunc(text, func(r rune) bool {
		return unicode.Is(unicode.Cc, r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Noncharacter_Code_Point, r) || r == 0xFEFF
	}); i >= 0 {
		t.Errorf("%s: has %q", form, text[i:min(len(text), i+8)])
	}
}

func FuzzTexts(f *testing.F) {
	for _, text := range []string{
		"Café & Söhne", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "</style><style>*{display:none}", "{{.}}", "]]>", "<!--", "&lt;&#x3c;",
		"שלום עולם 12.00", "مرحبا", "\u202eexe.txt", "a\x00b\x1bc\x7f\u0085d", "\xff\xfe", "\ufeff\uffff\ufdd0", "e\u0301", "中文", "👩‍👩‍👧", "\u2028\u2029\n\r\t",
		strings.Repeat("W", 3000), strings.Repeat("lang ", 800), ")Tj ET (", "<FEFF>", "endstream endobj", "a\u0000", "{name}", "[x]", "javascript:alert(1)", "=1+1",
		"\U000e0041\U000e0042", "IBAN", "1e999999", "2026-11-14T17:03:12Z", "1/0", "1/3", "-",
	} {
		f.Add(text)
	}
	p := press(f)
	benign, err := p.HTML(hostile("x"))
	if err != nil {
		f.Fatal(err)
	}
	want := skeleton(style.ReplaceAllString(string(benign), ""))
	f.Fuzz(func(t *testing.T, text string) {
		const most = 5000 // characters: longer texts only take longer
		if len(text) > most {
			return
		}
		d := hostile("x" + text + "x") // at least a letter at either end: what is empty is left out, which changes the tags
		page, err := p.HTML(d)
		if err != nil {
			t.Fatal(err)
		}
		harmless(t, "HTML", string(page))
		body := style.ReplaceAllString(string(page), "")
		if got := skeleton(body); !slices.Equal(withoutParagraphs(got), withoutParagraphs(want)) {
			t.Errorf("the tags of the page are others than with harmless texts")
		}
		file, err := p.PDF(d)
		if err != nil {
			t.Fatal(err)
		}
		harmless(t, "PDF", read(t, file).all())
		invoice, err := p.UBL(d)
		if err != nil {
			t.Fatal(err)
		}
		harmless(t, "UBL", string(invoice))
		dec := xml.NewDecoder(strings.NewReader(string(invoice)))
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// withoutParagraphs leaves out what a tariff's text of several lines has more of.
func withoutParagraphs(found []string) []string {
	return slices.DeleteFunc(slices.Clone(found), func(tag string) bool { return tag == "<p>" || tag == "</p>" || tag == "<bdi>" || tag == "</bdi>" })
}

func TestHostileNamesComeOutAsText(t *testing.T) {
	page, err := press(t).HTML(hostile("<script>alert(1)</script>"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), "<script") {
		t.Error("the page has a script")
	}
	if !strings.Contains(words(page), "<script>alert(1)</script>") {
		t.Error("the name is not there as it is written")
	}
	for _, other := range []string{"http:", "https:", "src=", "url(", "@import"} {
		if strings.Contains(strings.ReplaceAll(string(page), "http-equiv", ""), other) {
			t.Errorf("the page loads something: %s", other)
		}
	}
}
