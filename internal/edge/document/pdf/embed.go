package pdf

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
)

// font writes the five objects of a font, the first of which has number at.
func (b *body) font(f *Font, used map[uint16]rune, at int) {
	file := f.cut(used)
	name := tag(file) + "+" + f.name
	var widths strings.Builder
	glyphs := slices.Sorted(maps.Keys(used))
	for _, glyph := range glyphs {
		fmt.Fprintf(&widths, "%d[%d]", glyph, f.widths[glyph])
	}
	b.object("<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>", name, at+1, at+4)
	b.object("<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"+
		"/FontDescriptor %d 0 R/CIDToGIDMap/Identity/DW %d/W[%s]>>", name, at+2, f.widths[0], widths.String())
	const nonsymbolic, stem = 32, 80
	b.object("<</Type/FontDescriptor/FontName/%s/Flags %d/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d/Descent %d/CapHeight %d/StemV %d/FontFile2 %d 0 R>>",
		name, nonsymbolic, f.box[0], f.box[1], f.box[2], f.box[3], f.ascent, f.descent, f.capHeight, stem, at+3)
	b.stream(file, fmt.Sprintf("/Length1 %d", len(file)))
	b.stream(unicodes(glyphs, used), "")
}

// tag returns six letters that tell one cut of a font from another.
func tag(file []byte) string {
	const letters = 6
	sum := sha256.Sum256(file)
	return strings.Map(func(r rune) rune {
		if r <= '9' {
			return r - '0' + 'A'
		}
		return r - 'a' + 'K'
	}, hex.EncodeToString(sum[:])[:letters])
}

// unicodes tells readers which character a glyph stands for.
func unicodes(glyphs []uint16, used map[uint16]rune) []byte {
	var b strings.Builder
	b.WriteString("/CIDInit/ProcSet findresource begin 12 dict begin begincmap\n" +
		"/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def/CMapName/Adobe-Identity-UCS def/CMapType 2 def\n" +
		"1 begincodespacerange<0000><FFFF>endcodespacerange\n")
	const most = 100 // entries in a block, as the format has it
	for block := range slices.Chunk(glyphs, most) {
		fmt.Fprintf(&b, "%d beginbfchar\n", len(block))
		for _, glyph := range block {
			fmt.Fprintf(&b, "<%04X><", glyph)
			for _, unit := range utf16.Encode([]rune{used[glyph]}) {
				fmt.Fprintf(&b, "%04X", unit)
			}
			b.WriteString(">\n")
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap CMapName currentdict/CMap defineresource pop end end")
	return []byte(b.String())
}
