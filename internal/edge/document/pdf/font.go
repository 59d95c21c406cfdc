// Package pdf writes PDF files: pages with text, lines and areas, and the parts of
// TrueType fonts that the text needs.
//
// Guarantees: the same calls give the same bytes, on any machine and with any
// release of Go: lengths are integers, and streams are packed by an algorithm that leaves its
// writer no choice (LZW). Text stays text: it can be searched, copied and read aloud.
package pdf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unicode"
)

// Length is a length on paper, in thousandths of a point (1/72 inch).
type Length int

// Point is a point, Millimetre nearly one: lengths are written in them.
const (
	Point      Length = 1000
	Millimetre Length = 2835
)

// Font is a TrueType font, ready to be measured and cut. It is never changed once
// it is parsed.
type Font struct {
	name    string
	tables  map[string][]byte
	glyphs  map[rune]uint16
	widths  []int // of each glyph, in thousandths of the font's size
	offsets []int // of each glyph in glyf, and the end
	missing uint16

	box                        [4]int
	ascent, descent, capHeight int
}

var errFont = errors.New("not a TrueType font that can be embedded")

// ParseFont reads a TrueType font; name is what the file calls it, without
// spaces. The data is kept and must not change.
func ParseFont(name string, data []byte) (f *Font, err error) {
	defer func() {
		if recover() != nil { // the data is shorter than it says: fonts come with the program, so this is a broken build
			f, err = nil, fmt.Errorf("font %s: %w", name, errFont)
		}
	}()
	data = slices.Clip(data)
	f = &Font{name: name, tables: map[string][]byte{}, glyphs: map[rune]uint16{}}
	const header, record = 12, 16
	for i := range int(u16(data, 4)) {
		entry := data[header+i*record:]
		at, size := u32(entry, 8), u32(entry, 12)
		f.tables[string(entry[:4])] = data[at : at+size]
	}
	for _, table := range []string{"head", "hhea", "hmtx", "maxp", "loca", "glyf", "cmap", "OS/2"} {
		if f.tables[table] == nil {
			return nil, fmt.Errorf("font %s: %w: no table %s", name, errFont, table)
		}
	}
	f.measure()
	f.locate()
	if err := f.characters(); err != nil {
		return nil, fmt.Errorf("font %s: %w", name, err)
	}
	f.missing = f.glyphs[unicode.ReplacementChar]
	return f, nil
}

func u16(b []byte, at int) uint16 { return binary.BigEndian.Uint16(b[at:]) }
func i16(b []byte, at int) int    { return int(int16(u16(b, at))) } //nolint:gosec // the format's own two's complement
func u32(b []byte, at int) int    { return int(binary.BigEndian.Uint32(b[at:])) }

// measure reads sizes, in thousandths of the font's size.
func (f *Font) measure() {
	head, hhea, hmtx, os2 := f.tables["head"], f.tables["hhea"], f.tables["hmtx"], f.tables["OS/2"]
	em := int(u16(head, 18))
	scaled := func(n int) int { return (n*1000*2 + em) / (2 * em) }
	for i := range f.box {
		f.box[i] = scaled(i16(head, 36+2*i))
	}
	f.ascent, f.descent, f.capHeight = scaled(i16(hhea, 4)), scaled(i16(hhea, 6)), scaled(i16(os2, 88))
	measured := int(u16(hhea, 34))
	for glyph := range int(u16(f.tables["maxp"], 4)) {
		f.widths = append(f.widths, scaled(int(u16(hmtx, 4*min(glyph, measured-1)))))
	}
}

// locate reads where each glyph's outline is.
func (f *Font) locate() {
	loca, long := f.tables["loca"], u16(f.tables["head"], 50) == 1
	for i := range len(f.widths) + 1 {
		if long {
			f.offsets = append(f.offsets, u32(loca, 4*i))
		} else {
			f.offsets = append(f.offsets, 2*int(u16(loca, 2*i)))
		}
	}
}

// characters reads which character has which glyph, from the table for Unicode.
func (f *Font) characters() error {
	cmap := f.tables["cmap"]
	const windows, bmp, full = 3, 1, 10
	basic, all := -1, -1
	for i := range int(u16(cmap, 2)) {
		entry := cmap[4+8*i:]
		if u16(entry, 0) == windows && u16(entry, 2) == bmp {
			basic = u32(entry, 4)
		}
		if u16(entry, 0) == windows && u16(entry, 2) == full {
			all = u32(entry, 4)
		}
	}
	const format4, format12 = 4, 12
	switch {
	case all >= 0 && u16(cmap, all) == format12:
		f.mapGroups(cmap[all:])
	case basic >= 0 && u16(cmap, basic) == format4:
		f.mapSegments(cmap[basic:])
	default:
		return fmt.Errorf("%w: no map of characters", errFont)
	}
	return nil
}

func (f *Font) mapGroups(t []byte) {
	for i := range u32(t, 12) {
		group := t[16+12*i:]
		first, last, glyph := u32(group, 0), u32(group, 4), u32(group, 8)
		for c := first; c <= last && glyph+c-first < len(f.widths); c++ {
			f.put(c, glyph+c-first)
		}
	}
}

func (f *Font) mapSegments(t []byte) {
	size := int(u16(t, 6)) // twice the number of segments
	ends, starts := t[14:], t[16+size:]
	deltas, ranges := t[16+2*size:], t[16+3*size:]
	for s := 0; s < size; s += 2 {
		start, end := int(u16(starts, s)), int(u16(ends, s))
		delta, offset := int(u16(deltas, s)), int(u16(ranges, s))
		for c := start; c <= end && c < 0xFFFF; c++ {
			glyph := c
			if offset != 0 {
				if glyph = int(u16(ranges, s+offset+2*(c-start))); glyph == 0 {
					continue
				}
			}
			f.put(c, (glyph+delta)&0xFFFF)
		}
	}
}

func (f *Font) put(character, glyph int) {
	if glyph > 0 && glyph < len(f.widths) {
		f.glyphs[rune(character)] = uint16(glyph) //nolint:gosec // below the number of glyphs, which has 16 bits
	}
}

// glyph returns the glyph of a character. Spaces of any width that the font does
// not have are the plain one; another character is shown as the replacement.
func (f *Font) glyph(r rune) uint16 {
	if g, ok := f.glyphs[r]; ok {
		return g
	}
	if unicode.IsSpace(r) {
		return f.glyphs[' ']
	}
	return f.missing
}

// Has reports whether the font has a glyph for the character.
func (f *Font) Has(r rune) bool { return f.glyphs[r] != 0 }

// Width returns how long a text is at a size.
func (f *Font) Width(text string, size Length) Length {
	sum := 0
	for _, r := range text {
		sum += f.widths[f.glyph(r)]
	}
	return Length(sum) * size / 1000
}
