package document

import (
	"maps"
	"slices"
	"strings"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/metering"
	"pylon/internal/kernel/unit"
)

// groups sorts the lines by cost centre, in the order of the centres' names, those
// without one last; within a centre by session, those of none last. A document
// without cost centres has one group without a name.
func (c *composer) groups() []group {
	byCentre := map[string][]int{}
	for i := range c.d.Lines {
		name := clean(c.d.Lines[i].CostCentre)
		byCentre[name] = append(byCentre[name], i)
	}
	names := make([]string, 0, len(byCentre))
	for name := range byCentre {
		if name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	plain := len(names) == 0
	if len(byCentre[""]) > 0 {
		names = append(names, "")
	}
	groups := make([]group, 0, len(names))
	for _, name := range names {
		g := c.group(byCentre[name])
		switch {
		case plain:
			g.Subtotal, g.Count = sum{}, ""
		case name == "":
			g.Name = c.l.Text("centre.none")
			g.Subtotal.Label = c.l.Text("subtotal", "name", g.Name)
		default:
			g.Name = c.l.Text("centre", "name", name)
			g.Subtotal.Label = c.l.Text("subtotal", "name", name)
		}
		groups = append(groups, g)
	}
	return groups
}

// group returns the blocks of these lines, and what they come to.
func (c *composer) group(lines []int) group {
	byCharge := map[int][]int{}
	var total int64
	for _, i := range lines {
		at := c.d.Lines[i].Charge
		byCharge[at] = append(byCharge[at], i)
		total += c.d.Lines[i].Amount
	}
	var g group
	var energy unit.MilliWattHour
	sessions := 0
	for _, at := range slices.Sorted(maps.Keys(byCharge)) {
		if at < 0 {
			continue
		}
		b := block{Lines: c.lines(byCharge[at])}
		if len(c.d.Charges) > 1 {
			b.Title, b.Detail = c.titles(at)
		}
		g.Blocks = append(g.Blocks, b)
		energy += c.d.Charges[at].Energy
		sessions++
	}
	if rest := byCharge[-1]; len(rest) > 0 {
		b := block{Lines: c.lines(rest)}
		if len(g.Blocks) > 0 && len(c.d.Charges) > 1 {
			b.Title = c.l.Text("further")
		}
		g.Blocks = append(g.Blocks, b)
	}
	g.Subtotal.Amount, g.Subtotal.Strong = c.money(total), true
	if sessions > 0 {
		g.Count = c.count(sessions, energy)
	}
	return g
}

func (c *composer) lines(at []int) []line {
	lines := make([]line, 0, len(at))
	for _, i := range at {
		lines = append(lines, c.line(&c.d.Lines[i]))
	}
	return lines
}

// titles returns when and where a session was, in short.
func (c *composer) titles(at int) (title, detail string) {
	charge := &c.d.Charges[at]
	return c.span(at), strings.Join(append(place(charge), c.energy(charge.Energy)), " · ")
}

// place returns where a session was, in short.
func place(charge *billing.Charge) (where []string) {
	for _, text := range []string{charge.Site, charge.EVSE} {
		if text = clean(text); text != "" {
			where = append(where, text)
		}
	}
	return where
}

// span returns from when to when a session was.
func (c *composer) span(at int) string {
	charge, zone := &c.d.Charges[at], c.zones[at]
	start, end := charge.Start.In(zone).Truncate(time.Minute), charge.End.In(zone).Truncate(time.Minute)
	until := c.l.Time(end)
	if c.l.Date(start) != c.l.Date(end) {
		until = c.l.Date(end) + ", " + until
	}
	return c.l.Date(start) + ", " + c.l.Time(start) + "–" + until
}

// list adds a session that has a bill of its own, which tells the rest.
func (c *composer) list(to *table, at int) {
	if to.Head == nil {
		to.Head = []string{c.l.Text("section.session"), c.l.Text("kind.receipt"), c.l.Text("label.energy"), c.l.Text("column.gross")}
	}
	charge := &c.d.Charges[at]
	what := append([]string{c.span(at)}, place(charge)...)
	if centre := clean(charge.CostCentre); centre != "" {
		what = append(what, c.l.Text("centre", "name", centre))
	}
	to.Rows = append(to.Rows, []string{strings.Join(what, " · "), clean(charge.Bill), c.energy(charge.Energy), c.money(charge.Total)})
}

// chargesTold is how many sessions a document tells of at length; with more, what is known of each
// stands in a few lines.
const chargesTold = 3

// session tells all of a charge.
func (c *composer) session(at int) session {
	charge, zone := &c.d.Charges[at], c.zones[at]
	s := session{Title: c.l.Text("section.session"), Brief: len(c.d.Charges) > chargesTold}
	if len(c.d.Charges) > 1 {
		title, _ := c.titles(at)
		s.Title = ordinal(at) + ". " + title
	}
	site := clean(charge.Site)
	if address := clean(charge.Address); address != "" && address != site {
		site += ", " + address
	}
	s.Facts = c.known(
		"label.site", strings.TrimPrefix(site, ", "),
		"label.station", charge.Station,
		"label.evse", charge.EVSE,
		"label.connector", c.l.Choose("connector", charge.Connector),
		"label.begin", c.l.Moment(charge.Start.In(zone)),
		"label.end", c.l.Moment(charge.End.In(zone)),
		"label.zone", charge.Zone,
		"label.duration", c.l.Duration(charge.End.Sub(charge.Start)),
		"label.register_begin", c.energy(charge.Begin),
		"label.register_end", c.energy(charge.Finish),
		"label.energy", c.energy(charge.Energy),
		"label.session", charge.Session,
	)
	s.Tariff.Label, s.Texts = c.l.Text("label.tariff"), paragraphs(charge.Tariff)
	tell := teller{c.l, zone, c.d.Currency}
	for i := range charge.Steps {
		s.Steps = append(s.Steps, tell.step(&charge.Steps[i]))
	}
	for i := range charge.Signed {
		if r := &charge.Signed[i]; r.Nature == "intermediate" && r.Verdict == string(metering.Verified) {
			continue // nothing is billed by it; the file for the transparency program has it
		}
		s.Signed = append(s.Signed, c.reading(&charge.Signed[i], zone))
	}
	return s
}

func (c *composer) reading(r *billing.SignedReading, zone *time.Location) reading {
	at := ""
	if !r.At.IsZero() { // of a format that we do not read
		at = c.l.Moment(r.At.In(zone))
	}
	return reading{
		Nature:  clean(c.l.Choose("nature", r.Nature)),
		At:      at,
		Energy:  c.energy(r.Energy),
		Verdict: clean(c.l.Choose("verdict", r.Verdict)),
		Trust:   r.Verdict,
		Format:  clean(r.Format), Data: shown(r.Data), PublicKey: shown(r.PublicKey),
	}
}
