package document

import (
	"strconv"
	"strings"

	"pylon/internal/edge/document/pdf"
)

// The right edges of the columns of lines; the first begins at the left.
const (
	itemWidth    = 68 * pdf.Millimetre
	quantityEdge = left + 96*pdf.Millimetre
	priceEdge    = left + 130*pdf.Millimetre
	vatEdge      = left + 146*pdf.Millimetre
	gutter       = 3 * pdf.Millimetre
)

// charges sets the lines, group by group. A new page repeats the headings.
func (t *setter) charges() {
	t.heading(t.s.Words.Lines, larger, 6*leading(normal))
	t.columns()
	t.head = t.columns
	for i := range t.s.Groups {
		t.group(&t.s.Groups[i])
	}
	t.head = nil
	if t.s.Basis != "" {
		t.y += pdf.Millimetre
		t.paragraph(style{regular, note, soft}, left, right, t.s.Basis)
	}
}

// columns sets the headings of the lines.
func (t *setter) columns() {
	c, s := &t.s.Columns, style{regular, note, soft}
	t.row(s, s, [5]string{c.Item, c.Quantity, c.Price, c.VAT, c.Amount})
	t.y += leading(note) + pdf.Millimetre/2
	t.rule(left, right)
	t.y += pdf.Millimetre / 2
}

// row sets five texts in the columns, each on one line. It does not move on.
func (t *setter) row(quiet, loud style, texts [5]string) {
	t.text(left, itemWidth, loud, texts[0])
	t.textRight(quantityEdge, quantityEdge-left-itemWidth-gutter, quiet, texts[1])
	t.textRight(priceEdge, priceEdge-quantityEdge-gutter, quiet, texts[2])
	t.textRight(vatEdge, vatEdge-priceEdge-gutter, quiet, texts[3])
	t.textRight(right, right-vatEdge-gutter, loud, texts[4])
}

func (t *setter) group(g *group) {
	const most = right - left
	if g.Name != "" {
		t.room(5 * leading(normal))
		t.y += 2 * pdf.Millimetre
		t.paragraph(style{bold, normal, accent}, left, right, g.Name)
	}
	for i := range g.Blocks {
		t.block(&g.Blocks[i])
	}
	if g.Subtotal.Label == "" {
		return
	}
	t.room(3 * leading(normal))
	t.y += pdf.Millimetre
	strong := style{bold, normal, ink}
	count := t.width(style{regular, note, soft}, g.Count) + gutter
	labels := t.wrap(strong, vatEdge-left-count, g.Subtotal.Label)
	for i, label := range labels {
		t.room(leading(normal))
		t.text(left, most, strong, label)
		if i == len(labels)-1 {
			t.text(left+t.width(strong, label)+gutter, count, style{regular, note, soft}, g.Count)
			t.textRight(right, right-vatEdge-gutter, strong, g.Subtotal.Amount)
		}
		t.y += leading(normal)
	}
	t.y += 2 * pdf.Millimetre
}

func (t *setter) block(b *block) {
	if b.Title != "" {
		t.room(4 * leading(normal))
		t.y += pdf.Millimetre * 3 / 2
		s := style{bold, normal, ink}
		from := left + t.width(s, b.Title) + gutter
		t.text(left, right-left, s, b.Title)
		for i, detail := range t.wrap(style{regular, note, soft}, right-from, b.Detail) {
			if i > 0 {
				t.y += leading(note)
				t.room(leading(note))
			}
			t.text(from, right-from, style{regular, note, soft}, detail)
		}
		t.y += leading(normal)
	}
	for i := range b.Lines {
		t.line(&b.Lines[i])
	}
}

func (t *setter) line(l *line) {
	items := t.wrap(style{regular, normal, ink}, itemWidth, l.Item)
	t.room(leading(normal) + pdf.Millimetre)
	t.y += pdf.Millimetre / 2
	t.row(style{regular, normal, soft}, style{regular, normal, ink}, [5]string{items[0], l.Quantity, l.Price, l.VAT, l.Amount})
	t.y += leading(normal)
	for _, item := range items[1:] {
		t.room(leading(normal))
		t.text(left, itemWidth, style{regular, normal, ink}, item)
		t.y += leading(normal)
	}
	t.y += pdf.Millimetre / 2
	t.rule(left, right)
}

// totals sets the sums, the taxes and the payments.
func (t *setter) totals() {
	from := left + (right-left)/2
	t.room(leading(normal)*pdf.Length(len(t.s.Sums)) + 6*pdf.Millimetre)
	t.y += 3 * pdf.Millimetre
	for _, sum := range t.s.Sums {
		s := style{regular, normal, ink}
		t.room(leading(normal) + 2*pdf.Millimetre)
		if sum.Strong {
			s.font, s.size = bold, larger
			t.y += pdf.Millimetre
			t.rule(from, right)
			t.y += pdf.Millimetre
		}
		t.text(from, (right-from)/2, s, sum.Label)
		t.textRight(right, (right-from)/2-gutter, s, sum.Amount)
		t.y += leading(s.size)
	}
	if len(t.s.Taxes.Rows) > 0 {
		t.table(t.s.Words.Taxes, &t.s.Taxes, left+110*pdf.Millimetre)
	}
	if t.s.Relief != "" {
		t.y += pdf.Millimetre
		t.paragraph(style{regular, note, soft}, left, right, t.s.Relief)
	}
	if len(t.s.Payments.Rows) > 0 {
		t.table(t.s.Words.Payments, &t.s.Payments, right)
	}
}

// table sets a small table: its first column takes what the figures leave.
func (t *setter) table(title string, table *table, to pdf.Length) {
	const figure = 28 * pdf.Millimetre
	t.heading(title, larger, 3*leading(normal))
	first := to - left - figure*pdf.Length(len(table.Head)-1)
	row := func(s style, values []string) {
		lines := t.wrap(s, first-gutter, values[0])
		t.room(leading(s.size))
		for i, value := range values[1:] {
			t.textRight(to-figure*pdf.Length(len(values)-2-i), figure-gutter, s, value)
		}
		for _, text := range lines {
			t.text(left, first, s, text)
			t.y += leading(s.size)
		}
		t.y += pdf.Millimetre / 2
		t.rule(left, to)
		t.y += pdf.Millimetre / 2
	}
	row(style{regular, note, soft}, table.Head)
	for _, values := range table.Rows {
		row(style{regular, normal, ink}, values)
	}
}

// sessions sets what is told of each session.
func (t *setter) sessions() {
	const follows = 6 * (normal * 7 / 5)
	if len(t.s.Listing.Rows) > 0 {
		t.table(t.s.Words.Sessions, &t.s.Listing, right)
	}
	several := len(t.s.Charges) > 1
	if several {
		t.heading(t.s.Words.Sessions, larger, follows)
	}
	for i := range t.s.Charges {
		c := &t.s.Charges[i]
		switch {
		case c.Brief:
			t.room(3 * leading(normal))
			t.y += 2 * pdf.Millimetre
			t.paragraph(style{bold, normal, ink}, left, right, c.Title)
		case several:
			t.heading(c.Title, normal, follows)
		default:
			t.heading(c.Title, larger, follows)
		}
		t.session(c)
	}
}

func (t *setter) session(c *session) {
	if c.Brief {
		texts := make([]string, 0, len(c.Facts)+1)
		for _, f := range c.Facts {
			texts = append(texts, f.Label+" "+f.Value)
		}
		if len(c.Texts) > 0 {
			texts = append(texts, c.Tariff.Label+" "+strings.Join(c.Texts, " "))
		}
		t.paragraph(style{regular, note, ink}, left, right, strings.Join(texts, " · "))
	} else {
		t.told(c)
	}
	t.steps(c.Steps)
	t.signed(c.Signed)
}

// told sets the facts of a session in two columns, and its tariff below.
func (t *setter) told(c *session) {
	half := (len(c.Facts) + 1) / 2
	t.room(leading(normal) * 4)
	middle := left + (right-left)/2
	for i := range half { // two columns, row by row, so that a page may end between two rows
		start := t.y
		t.room(leading(normal) * 2)
		if t.y < start {
			start = t.y
		}
		t.facts(c.Facts[i:i+1], left, middle-gutter)
		end := t.y
		if other := i + half; other < len(c.Facts) && end > start {
			t.y = start
			t.facts(c.Facts[other:other+1], middle+gutter, right)
		}
		t.y = max(t.y, end)
	}
	if len(c.Texts) > 0 {
		t.y += 2 * pdf.Millimetre
		t.room(3 * leading(normal))
		t.paragraph(style{regular, note, soft}, left, right, c.Tariff.Label)
		for _, text := range c.Texts {
			t.paragraph(style{regular, normal, ink}, left, right, text)
		}
	}
}

func (t *setter) steps(steps []string) {
	if len(steps) == 0 {
		return
	}
	const indent = 7 * pdf.Millimetre
	t.y += 2 * pdf.Millimetre
	t.room(3 * leading(normal))
	t.paragraph(style{regular, note, soft}, left, right, t.s.Words.Steps)
	for i, step := range steps {
		t.room(leading(normal))
		t.text(left, indent, style{regular, note, soft}, strconv.Itoa(i+1)+".")
		t.paragraph(style{regular, normal, ink}, left+indent, right, step)
	}
}

func (t *setter) signed(readings []reading) {
	if len(readings) == 0 {
		return
	}
	t.y += 2 * pdf.Millimetre
	t.room(5 * leading(normal))
	t.paragraph(style{regular, note, soft}, left, right, t.s.Words.Signed)
	for _, r := range readings {
		t.room(4 * leading(normal))
		t.y += pdf.Millimetre
		colour := ink
		switch r.Trust {
		case "verified":
			colour = accent
		case "failed":
			colour = alarm
		}
		t.textRight(right, (right-left)/3, style{bold, note, colour}, r.Verdict)
		t.paragraph(style{regular, normal, ink}, left, right-(right-left)/3, r.Nature+"  "+r.Energy+"  "+r.At)
		for _, f := range []fact{{t.s.Words.Format, r.Format}, {t.s.Words.PublicKey, r.PublicKey}, {t.s.Words.Data, r.Data}} {
			if f.Value != "" {
				t.paragraph(style{regular, small, soft}, left, right, f.Label+": "+f.Value)
			}
		}
	}
}
