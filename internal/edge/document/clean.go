package document

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// clean returns a stranger's text as one line that is harmless wherever it is
// put: valid UTF-8, no control characters, none that steer direction or are no
// characters at all, single spaces, letters and their accents in one where there is
// such a letter. Letters, signs and joiners stay.
func clean(text string) string {
	const replacement = "\uFFFD"
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\v', r == '\f', r == '\r', r == 0x85, r == 0x2028, r == 0x2029:
			return ' '
		case hidden(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, replacement))
	words := strings.FieldsFunc(norm.NFC.String(text), func(r rune) bool { return r == ' ' }) // a space that does not break stays one
	if text = strings.Join(words, " "); strings.TrimSpace(text) == "" {
		return ""
	}
	return text
}

// hidden reports whether a character is not seen, but acts: controls, those that
// steer direction, byte order marks, annotations, tags, and what is no character.
func hidden(r rune) bool {
	const ascii = 0x7F
	return r < ascii && r < ' ' || r >= ascii && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) ||
		unicode.Is(unicode.Noncharacter_Code_Point, r) || r == 0xFEFF || r >= 0xFFF9 && r <= 0xFFFB || r >= 0xE0000 && r <= 0xE007F)
}

// paragraphs returns the lines of a text that has several, each clean.
func paragraphs(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = clean(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// shown returns signed data as it is, but for what cannot be seen: control
// characters become their pictures, so that nobody takes it for the data itself.
func shown(data string) string {
	const pictures, del, picture = 0x2400, 0x7F, 0x2421
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ':
			return pictures + r
		case r == del:
			return picture
		case hidden(r):
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(data, string(unicode.ReplacementChar)))
}
