package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
)

func parse(t *testing.T) *Font {
	t.Helper()
	f, err := ParseFont("LiberationSans", liberationsansregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestParseFont(t *testing.T) {
	f := parse(t)
	for _, tt := range []struct {
		text string
		want Length // at 10 points; the widths are those of Helvetica
	}{{"", 0}, {"i", 2220}, {"m", 8330}, {"0000", 4 * 5560}, {"€", 5560}, {"\u00a0", 2780}, {"\u2003", 10000}} {
		if got := f.Width(tt.text, 10*Point); got != tt.want {
			t.Errorf("%q: got %d, want %d", tt.text, got, tt.want)
		}
	}
	for _, r := range "Aäøßşőčж€שΩ" {
		if !f.Has(r) {
			t.Errorf("no %q", r)
		}
	}
	if f.Has('中') || f.glyph('中') != f.missing {
		t.Error("a character that the font has not is not shown as missing")
	}
	data := liberationsansregular.TTF
	for name, bad := range map[string][]byte{"nothing": nil, "a word": []byte("OTTO"), "half": data[:len(data)/2], "no tables": make([]byte, 100)} {
		if _, err := ParseFont("bad", bad); !errors.Is(err, errFont) {
			t.Errorf("%s: got %v, want %v", name, err, errFont)
		}
	}
}

// A cut font has the outlines that were asked for, with the parts that they are made of, and no others.
func TestCut(t *testing.T) {
	f := parse(t)
	eacute, e := f.glyph('é'), f.glyph('e')
	keep := map[uint16]bool{}
	f.need(eacute, keep)
	if !keep[eacute] || !keep[e] {
		t.Errorf("é needs %v, which lacks é (%d) or e (%d)", keep, eacute, e)
	}
	file := f.cut(map[uint16]rune{f.glyph('A'): 'A'})
	if most := 20_000; len(file) > most {
		t.Errorf("a font with one letter has %d bytes, want at most %d", len(file), most)
	}
	if !bytes.Contains(file, f.outline(int(f.glyph('A')))) {
		t.Error("the letter is not in it")
	}
	if bytes.Contains(file, f.outline(int(f.glyph('B')))) {
		t.Error("another letter is in it")
	}
}

func TestLength(t *testing.T) {
	for l, want := range map[Length]string{0: "0", 1: "0.001", 1000: "1", 1500: "1.5", 12_340: "12.34", -2050: "-2.05", 595_276: "595.276"} {
		if got := l.String(); got != want {
			t.Errorf("%d: got %s, want %s", int(l), got, want)
		}
	}
}

func file(t *testing.T) []byte {
	t.Helper()
	f := New(Info{Title: "Prüfung (1)", Author: "שלום", Language: "de", Created: time.Date(2026, 11, 14, 1, 2, 3, 0, time.UTC)}, 595_276, 841_890, parse(t))
	f.Page().Text(10*Point, 20*Point, Style{0, 9 * Point, 0x0F6B4F}, "Grüße 中")
	f.Page().Fill(0, 0, 100*Point, Point, 0)
	return f.Bytes()
}

func TestFile(t *testing.T) {
	got := file(t)
	if !bytes.Equal(got, file(t)) {
		t.Error("the same calls give other bytes")
	}
	text := string(got)
	for what, want := range map[string]string{
		"header": "%PDF-1.7\n", "date": "/CreationDate(D:20261114010203Z)", "title": "/Title <FEFF0050007200FC00660075006E00670020002800310029>",
		"language": "/Lang <FEFF00640065>", "pages": "/Count 2/Kids[9 0 R 11 0 R ]", "size": "/MediaBox[0 0 595.276 841.89]", "end": "%%EOF\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s, %q", what, want)
		}
	}
	for number := 1; number <= 12; number++ {
		if n := strings.Count(text, fmt.Sprintf("\n%d 0 obj\n", number)); n != 1 {
			t.Errorf("object %d is there %d times", number, n)
		}
	}
}

func TestUnicodes(t *testing.T) {
	f := New(Info{}, 1, 1, parse(t))
	f.Page().Text(0, 0, Style{Size: Point}, "A\u00a0 中國")
	if got := f.used[0][f.fonts[0].glyph(' ')]; got != ' ' {
		t.Errorf("two kinds of space of one glyph: got %q, want the plain one", got)
	}
	if got := f.used[0][f.fonts[0].missing]; got != '\uFFFD' {
		t.Errorf("missing characters: got %q, want the replacement", got)
	}
	codes := string(unicodes([]uint16{36}, map[uint16]rune{36: '🚗'}))
	if want := "1 beginbfchar\n<0024><D83DDE97>\n"; !strings.Contains(codes, want) {
		t.Errorf("got %q, want %q in it", codes, want)
	}
}
