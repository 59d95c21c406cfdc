package document

import (
	"strings"

	"golang.org/x/text/unicode/bidi"

	"pylon/internal/edge/document/pdf"
)

// style is how text is set: which font, how large, in which colour.
type style struct {
	font   int
	size   pdf.Length
	colour pdf.Colour
}

func (t *setter) width(s style, text string) pdf.Length { return t.fonts[s.font].Width(text, s.size) }

// text sets a line with its left end at x. It is made smaller where it would be wider
// than it may: figures are never cut.
func (t *setter) text(x, width pdf.Length, s style, text string) {
	s = t.fit(s, width, text)
	t.page.Text(x, t.baseline(s), pdf.Style{Font: s.font, Size: s.size, Colour: s.colour}, visual(text))
}

// visual returns a text in the order in which its letters stand on paper: Hebrew runs
// from the right. Arabic is not shaped: the font has none of it.
func visual(text string) string {
	fromRight := func(r rune) bool {
		properties, _ := bidi.LookupRune(r)
		return properties.Class() == bidi.R || properties.Class() == bidi.AL
	}
	if !strings.ContainsFunc(text, fromRight) {
		return text
	}
	var p bidi.Paragraph
	if n, err := p.SetString(text, bidi.DefaultDirection(bidi.LeftToRight)); err != nil || n != len(text) {
		return text
	}
	order, err := p.Order()
	if err != nil {
		return text
	}
	var out strings.Builder
	for i := range order.NumRuns() {
		run := order.Run(i)
		if run.Direction() == bidi.RightToLeft {
			out.WriteString(bidi.ReverseString(run.String()))
		} else {
			out.WriteString(run.String())
		}
	}
	return out.String()
}

// textRight sets a line with its right end at x.
func (t *setter) textRight(x, width pdf.Length, s style, text string) {
	s = t.fit(s, width, text)
	t.text(x-t.width(s, text), width, s, text)
}

// fit returns the style in a size in which text is at most so wide.
func (t *setter) fit(s style, width pdf.Length, text string) style {
	if now := t.width(s, text); now > width && now > 0 && width > 0 {
		s.size = max(s.size*width/now, 1)
	}
	return s
}

// baseline is where letters stand in a line that begins at t.y.
func (t *setter) baseline(s style) pdf.Length { return t.y + s.size*21/20 }

// rule draws a hairline here.
func (t *setter) rule(from, to pdf.Length) {
	const hair = pdf.Point / 2
	t.page.Fill(from, t.y, to-from, hair, hairline)
}

// paragraph sets a text between two edges, in as many lines as it takes.
func (t *setter) paragraph(s style, from, to pdf.Length, text string) {
	for _, line := range t.wrap(s, to-from, text) {
		t.room(leading(s.size))
		t.text(from, to-from, s, line)
		t.y += leading(s.size)
	}
}

// wrap cuts a text into lines that are at most so wide: at spaces, and inside a word
// only when it is longer than a line. There is at least one line.
func (t *setter) wrap(s style, width pdf.Length, text string) []string {
	if t.width(s, text) <= width {
		return []string{text}
	}
	var lines []string
	line, used := "", pdf.Length(0)
	blank := t.width(s, " ")
	for word := range strings.SplitSeq(text, " ") { // not at spaces that do not break
		long := t.width(s, word)
		switch {
		case line != "" && used+blank+long <= width:
			line, used = line+" "+word, used+blank+long
			continue
		case line != "":
			lines = append(lines, line)
		}
		for long > width {
			head := t.prefix(s, width, word)
			if head == word {
				break
			}
			lines = append(lines, head)
			word = word[len(head):]
			long = t.width(s, word)
		}
		line, used = word, long
	}
	return append(lines, line)
}

// prefix returns as much of a word as is at most so wide, a letter at least.
func (t *setter) prefix(s style, width pdf.Length, word string) string {
	used := pdf.Length(0)
	for i, r := range word {
		used += t.width(s, string(r))
		if used > width && i > 0 {
			return word[:i]
		}
	}
	return word
}
