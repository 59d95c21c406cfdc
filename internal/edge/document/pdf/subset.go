package pdf

import (
	"encoding/binary"
	"maps"
	"slices"
)

// cut returns a font file with the outlines of these glyphs, and of those that they
// are made of. Glyphs keep their numbers; the others are empty.
func (f *Font) cut(used map[uint16]rune) []byte {
	keep := map[uint16]bool{0: true}
	for glyph := range used {
		f.need(glyph, keep)
	}
	glyphs := slices.Sorted(maps.Keys(keep))
	count := int(glyphs[len(glyphs)-1]) + 1
	var outlines []byte
	offsets := make([]byte, 0, 4*(count+1))
	for glyph := range count {
		offsets = binary.BigEndian.AppendUint32(offsets, uint32(len(outlines))) //nolint:gosec // a part of a font
		if keep[uint16(glyph)] {
			outlines = append(outlines, f.outline(glyph)...)
			for len(outlines)%4 != 0 {
				outlines = append(outlines, 0)
			}
		}
	}
	offsets = binary.BigEndian.AppendUint32(offsets, uint32(len(outlines))) //nolint:gosec // a part of a font
	return f.assemble(count, outlines, offsets)
}

func (f *Font) outline(glyph int) []byte {
	return f.tables["glyf"][f.offsets[glyph]:f.offsets[glyph+1]]
}

// need marks a glyph and, when it is put together from others, those too.
func (f *Font) need(glyph uint16, keep map[uint16]bool) {
	if keep[glyph] || int(glyph) >= len(f.widths) {
		return
	}
	keep[glyph] = true
	outline := f.outline(int(glyph))
	if len(outline) == 0 || i16(outline, 0) >= 0 {
		return
	}
	const words, scale, more, two, four = 1, 8, 32, 64, 128 // flags of a part
	for at := 10; ; {
		flags := u16(outline, at)
		f.need(u16(outline, at+2), keep)
		at += 6
		if flags&words != 0 {
			at += 2
		}
		switch {
		case flags&scale != 0:
			at += 2
		case flags&two != 0:
			at += 4
		case flags&four != 0:
			at += 8
		}
		if flags&more == 0 {
			return
		}
	}
}

// assemble puts the tables of a cut font into a file.
func (f *Font) assemble(count int, outlines, offsets []byte) []byte {
	clone := func(table string) []byte { return slices.Clone(f.tables[table]) }
	head, hhea, maxp := clone("head"), clone("hhea"), clone("maxp")
	binary.BigEndian.PutUint32(head[8:], 0)  // checksum of the file: nobody asks for it in a PDF
	binary.BigEndian.PutUint16(head[50:], 1) // offsets have four bytes
	measured := min(count, int(u16(hhea, 34)))
	binary.BigEndian.PutUint16(hhea[34:], uint16(measured)) //nolint:gosec // at most what was there
	binary.BigEndian.PutUint16(maxp[4:], uint16(count))     //nolint:gosec // at most what was there
	hmtx := f.tables["hmtx"]
	hmtx = hmtx[:min(len(hmtx), 4*measured+2*(count-measured))]
	tables := map[string][]byte{"head": head, "hhea": hhea, "maxp": maxp, "hmtx": hmtx, "loca": offsets, "glyf": outlines}
	for _, hints := range []string{"cvt ", "fpgm", "prep"} {
		if f.tables[hints] != nil {
			tables[hints] = f.tables[hints]
		}
	}
	const header, record = 12, 16
	file := make([]byte, header, header+record*len(tables))
	binary.BigEndian.PutUint32(file, 0x00010000)
	search, steps := 1, 0
	for 2*search <= len(tables) {
		search, steps = 2*search, steps+1
	}
	for i, n := range []int{len(tables), search * record, steps, (len(tables) - search) * record} {
		binary.BigEndian.PutUint16(file[4+2*i:], uint16(n)) //nolint:gosec // a handful of tables
	}
	at := header + record*len(tables)
	var body []byte
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		table := tables[name]
		file = append(file, name...)
		file = binary.BigEndian.AppendUint32(file, checksum(table))
		file = binary.BigEndian.AppendUint32(file, uint32(at+len(body))) //nolint:gosec // a part of a font
		file = binary.BigEndian.AppendUint32(file, uint32(len(table)))   //nolint:gosec // a part of a font
		body = append(body, table...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	return append(file, body...)
}

// checksum adds up a table as big-endian words.
func checksum(table []byte) (sum uint32) {
	for len(table) >= 4 {
		sum += binary.BigEndian.Uint32(table)
		table = table[4:]
	}
	var last [4]byte
	copy(last[:], table)
	return sum + binary.BigEndian.Uint32(last[:])
}
