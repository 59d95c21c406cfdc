package pdf

import (
	"bytes"
	"compress/lzw"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
)

// Info is what a file says of itself.
type Info struct {
	Title, Author string
	Language      string // BCP 47
	Created       time.Time
}

// File is a PDF file in the making.
type File struct {
	info          Info
	width, height Length
	pages         []*Page
	fonts         []*Font
	used          []map[uint16]rune // by font: what has been set, and what it stands for
}

// New returns a file without pages, whose pages will be so large.
func New(info Info, width, height Length, fonts ...*Font) *File {
	f := &File{info: info, width: width, height: height, fonts: fonts}
	for range fonts {
		f.used = append(f.used, map[uint16]rune{})
	}
	return f
}

// Page adds a page.
func (f *File) Page() *Page {
	p := &Page{file: f}
	f.pages = append(f.pages, p)
	return p
}

// Pages returns the pages so far: what stands on all of them, such as their
// number, can be written last.
func (f *File) Pages() []*Page { return f.pages }

// Page is a page. Its origin is the top left corner; y grows downwards.
type Page struct {
	file    *File
	content bytes.Buffer
	colour  Colour
}

// Colour is a colour of the screen, 0xRRGGBB.
type Colour uint32

// Style is how text is set: one of the file's fonts by its place, size and colour.
type Style struct {
	Font   int
	Size   Length
	Colour Colour
}

// Text sets a text on one line, from x on, standing on y.
func (p *Page) Text(x, y Length, s Style, text string) {
	font, used := p.file.fonts[s.Font], p.file.used[s.Font]
	p.fill(s.Colour)
	fmt.Fprintf(&p.content, "BT/F%d %s Tf %s %s Td<", s.Font, s.Size, x, p.file.height-y)
	for _, r := range text {
		glyph := font.glyph(r)
		if glyph == font.missing {
			r = unicode.ReplacementChar
		}
		if was, known := used[glyph]; !known || r < was { // two characters of one glyph, such as two kinds of space: the plainer
			used[glyph] = r
		}
		fmt.Fprintf(&p.content, "%04X", glyph)
	}
	p.content.WriteString(">Tj ET\n")
}

// Fill fills an area.
func (p *Page) Fill(x, y, width, height Length, c Colour) {
	p.fill(c)
	fmt.Fprintf(&p.content, "%s %s %s %s re f\n", x, p.file.height-y-height, width, height)
}

// fill chooses the colour of what follows.
func (p *Page) fill(c Colour) {
	if c == p.colour {
		return
	}
	p.colour = c
	part := func(shift int) string { return Length((int(c) >> shift & 0xFF) * 1000 / 255).String() }
	fmt.Fprintf(&p.content, "%s %s %s rg\n", part(16), part(8), part(0))
}

// String returns the length in points, as PDF writes numbers.
func (l Length) String() string {
	sign := ""
	if l < 0 {
		sign, l = "-", -l
	}
	text := strconv.Itoa(int(l / 1000))
	if rest := l % 1000; rest != 0 {
		text += "." + strings.TrimRight(strconv.Itoa(int(rest) + 1000)[1:], "0")
	}
	return sign + text
}

// body is the file as it is written: objects in order of their numbers.
type body struct {
	bytes.Buffer
	offsets []int
}

// object writes the next object.
func (b *body) object(format string, values ...any) {
	b.offsets = append(b.offsets, b.Len())
	fmt.Fprintf(b, "%d 0 obj\n", len(b.offsets))
	fmt.Fprintf(b, format, values...)
	b.WriteString("\nendobj\n")
}

// stream writes the next object with packed data.
func (b *body) stream(data []byte, entries string) {
	const bits = 8
	var packed bytes.Buffer
	w := lzw.NewWriter(&packed, lzw.MSB, bits)
	_, _ = w.Write(data) // a buffer takes everything
	_ = w.Close()
	b.object("<</Length %d/Filter/LZWDecode/DecodeParms<</EarlyChange 0>>%s>>stream\n%s\nendstream", packed.Len(), entries, packed.Bytes())
}

// The first objects; a font has five, then each page two.
const (
	objectCatalogue = 1
	objectPages     = 2
	objectInfo      = 3
	objectFonts     = 4
	objectsOfFont   = 5
	objectsOfPage   = 2
)

// Bytes returns the file.
func (f *File) Bytes() []byte {
	var b body
	b.WriteString("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")
	b.object("<</Type/Catalog/Pages %d 0 R/Lang %s/ViewerPreferences<</DisplayDocTitle true>>>>", objectPages, text(f.info.Language))
	firstPage := objectFonts + objectsOfFont*len(f.fonts)
	var kids, fonts strings.Builder
	for i := range f.pages {
		fmt.Fprintf(&kids, "%d 0 R ", firstPage+objectsOfPage*i)
	}
	for i := range f.fonts {
		fmt.Fprintf(&fonts, "/F%d %d 0 R", i, objectFonts+objectsOfFont*i)
	}
	b.object("<</Type/Pages/Count %d/Kids[%s]/MediaBox[0 0 %s %s]/Resources<</Font<<%s>>>>>>",
		len(f.pages), kids.String(), f.width, f.height, fonts.String())
	b.object("<</Title %s/Author %s/Producer(Pylon)/CreationDate(D:%s)>>",
		text(f.info.Title), text(f.info.Author), f.info.Created.UTC().Format("20060102150405Z"))
	for i, font := range f.fonts {
		b.font(font, f.used[i], objectFonts+objectsOfFont*i)
	}
	for i, page := range f.pages {
		b.object("<</Type/Page/Parent %d 0 R/Contents %d 0 R>>", objectPages, firstPage+objectsOfPage*i+1)
		b.stream(page.content.Bytes(), "")
	}
	return b.end()
}

// end writes the table of objects.
func (b *body) end() []byte {
	id := sha256.Sum256(b.Bytes())
	start := b.Len()
	fmt.Fprintf(b, "xref\n0 %d\n0000000000 65535 f \n", len(b.offsets)+1)
	for _, offset := range b.offsets {
		fmt.Fprintf(b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(b, "trailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%X><%X>]>>\nstartxref\n%d\n%%%%EOF\n",
		len(b.offsets)+1, objectCatalogue, objectInfo, id[:16], id[:16], start)
	return b.Bytes()
}

// text writes a string of any characters.
func text(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, unit := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", unit)
	}
	return b.String() + ">"
}
