package document

import (
	"strconv"
	"strings"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"

	"pylon/internal/edge/document/pdf"
)

// fonts are those of the PDF, by their places.
type fonts [2]*pdf.Font

// The places of the fonts.
const (
	regular = 0
	bold    = 1
)

func loadFonts() (f fonts, err error) {
	if f[regular], err = pdf.ParseFont("LiberationSans", liberationsansregular.TTF); err != nil {
		return f, err
	}
	f[bold], err = pdf.ParseFont("LiberationSans-Bold", liberationsansbold.TTF)
	return f, err
}

// The paper: A4 with margins that a printer can hold, and room for two lines of footer.
const (
	paperWidth  pdf.Length = 595_276
	paperHeight pdf.Length = 841_890
	margin                 = 17 * pdf.Millimetre
	left                   = margin
	right                  = paperWidth - margin
	top                    = margin
	bottom                 = paperHeight - 21*pdf.Millimetre
)

// The colours.
const (
	ink      pdf.Colour = 0x1B211D
	soft     pdf.Colour = 0x5F6B63
	hairline pdf.Colour = 0xD9DDD8
	accent   pdf.Colour = 0x0F6B4F
	alarm    pdf.Colour = 0xA8321A
)

// The sizes of text.
const (
	small  = 7 * pdf.Point
	note   = 8 * pdf.Point
	normal = 9 * pdf.Point
	larger = 11 * pdf.Point
	title  = 20 * pdf.Point
	huge   = 26 * pdf.Point
)

// leading is the distance of lines of a size.
func leading(size pdf.Length) pdf.Length { return size * 7 / 5 }

// setter sets a sheet on pages, from top to bottom.
type setter struct {
	s     *sheet
	fonts fonts
	file  *pdf.File
	page  *pdf.Page
	y     pdf.Length // of the next line's top
	head  func()     // what a new page repeats; nil: nothing
}

// typeset returns the sheet as a PDF.
func typeset(s *sheet, f fonts) []byte {
	info := pdf.Info{Title: s.Title, Author: s.Issuer.Name, Language: s.Language, Created: s.Issued}
	t := &setter{s: s, fonts: f, file: pdf.New(info, paperWidth, paperHeight, f[:]...)}
	t.newPage()
	t.opening()
	t.charges()
	t.totals()
	t.sessions()
	t.margins()
	return t.file.Bytes()
}

// newPage begins a page. All but the first say whose and what they are.
func (t *setter) newPage() {
	first := len(t.file.Pages()) == 0
	t.page, t.y = t.file.Page(), top
	if first {
		return
	}
	half := (right - left) / 2
	t.text(left, half, style{regular, note, soft}, t.s.Issuer.Name)
	t.textRight(right, half, style{regular, note, soft}, t.s.Title)
	t.y += leading(note)
	t.rule(left, right)
	t.y += larger
	if t.head != nil {
		t.head()
	}
}

// room begins a page when so much does not fit on this one.
func (t *setter) room(height pdf.Length) {
	if t.y+height > bottom {
		t.newPage()
	}
}

// margins writes the foot of every page, now that their number is known.
func (t *setter) margins() {
	pages := t.file.Pages()
	width := (right - left) * 3 / 4
	foot := t.wrap(style{regular, small, soft}, width, strings.Join(t.s.Footer, " · "))
	foot = foot[:min(2, len(foot))]
	for i, page := range pages {
		t.page, t.y = page, bottom+5*pdf.Millimetre
		t.rule(left, right)
		t.y += 2 * pdf.Millimetre
		number := t.s.Pages(strconv.Itoa(i+1), strconv.Itoa(len(pages)))
		t.textRight(right, right-left-width, style{regular, small, soft}, number)
		for _, text := range foot {
			text = strings.TrimSuffix(text, " ·") // where a line ends, nothing needs to be told apart
			t.text(left, width, style{regular, small, soft}, text)
			t.y += leading(small)
		}
	}
}

// opening sets what is above the lines: who, what, how much, to whom.
func (t *setter) opening() {
	t.text(left, right-left, style{bold, larger, accent}, t.s.Issuer.Name)
	t.y += leading(larger)
	t.text(left, right-left, style{regular, title, ink}, t.s.Title)
	t.y += leading(title)
	t.rule(left, right)
	t.y += 6 * pdf.Millimetre

	middle := left + (right-left)*9/20
	start := t.y
	t.text(left, middle-left, style{regular, note, soft}, t.s.Headline.Label)
	t.y += leading(note)
	t.text(left, middle-left-5*pdf.Millimetre, style{bold, huge, ink}, t.s.Headline.Value)
	t.y += leading(huge)
	if t.s.State != "" {
		t.text(left, middle-left, style{bold, normal, accent}, t.s.State)
		t.y += leading(normal)
	}
	end := t.y
	t.y = start
	t.facts(t.s.Facts, middle, right)
	t.y = max(t.y, end) + 6*pdf.Millimetre

	start = t.y
	if t.s.Customer.Name != "" {
		t.party(&t.s.Customer, left, middle-5*pdf.Millimetre)
		end = t.y
		t.y = start
		t.party(&t.s.Issuer, middle, right)
		t.y = max(t.y, end)
	} else {
		t.party(&t.s.Issuer, left, right)
	}
	t.y += 5 * pdf.Millimetre
}

// party sets a name and an address between two edges.
func (t *setter) party(p *party, from, to pdf.Length) {
	t.text(from, to-from, style{regular, note, soft}, p.Word)
	t.y += leading(note)
	t.paragraph(style{bold, normal, ink}, from, to, p.Name)
	for _, text := range p.Lines {
		t.paragraph(style{regular, normal, ink}, from, to, text)
	}
	for _, f := range p.Facts {
		t.paragraph(style{regular, note, soft}, from, to, f.Label+" "+f.Value)
	}
}

// facts sets labels at the left edge and their values at the right one, a hairline below each.
func (t *setter) facts(facts []fact, from, to pdf.Length) {
	for _, f := range facts {
		label := style{regular, note, soft}
		value := style{regular, normal, ink}
		width := t.width(label, f.Label) + 3*pdf.Millimetre
		lines := t.wrap(value, to-from-width, f.Value)
		t.room(leading(normal)*pdf.Length(len(lines)) + pdf.Millimetre)
		t.y += pdf.Millimetre / 2
		t.text(from, to-from, label, f.Label)
		for _, text := range lines {
			t.textRight(to, to-from-width, value, text)
			t.y += leading(normal)
		}
		t.y += pdf.Millimetre / 2
		t.rule(from, to)
	}
}

// heading sets a heading, and begins a page when what follows would not fit with it.
func (t *setter) heading(text string, size, follows pdf.Length) {
	t.room(4*pdf.Millimetre + leading(size) + follows)
	t.y += 4 * pdf.Millimetre
	t.paragraph(style{bold, size, ink}, left, right, text)
	t.y += pdf.Millimetre
}
