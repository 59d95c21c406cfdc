package remote

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"

	"pylon/internal/client"
)

// column is a column of a table: its title, and the member of a thing that it
// shows, as a path of names with dots between.
type column struct {
	title string
	path  string
	as    func(value any) string // nil: as it is
}

func marshal(v any) ([]byte, error) {
	return json.Marshal(v, jsontext.WithIndent("  "), json.Deterministic(true))
}

func unmarshal(text []byte, v any) error { return json.Unmarshal(text, v) }

// pageMax is the longest page that the API gives.
const pageMax = 500

// list shows the things of a list of the API, at most limit of them unless that
// is 0.
func (c *Connection) list(ctx context.Context, path string, q client.Query, limit int, columns []column) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	return c.rows(c.upTo(api.Each(ctx, path, paged(q, limit)), limit), columns)
}

// paged asks for pages that are long enough to see whether there is more than
// limit.
func paged(q client.Query, limit int) client.Query {
	if q == nil {
		q = client.Query{}
	}
	page := pageMax
	if limit > 0 {
		page = min(limit+1, pageMax)
	}
	q["limit"] = strconv.Itoa(page)
	return q
}

// rows shows the things of a list.
func (c *Connection) rows(things iter.Seq2[jsontext.Value, error], columns []column) error {
	switch c.Output {
	case "json", "yaml":
		all := []jsontext.Value{}
		for thing, err := range things {
			if err != nil {
				return err
			}
			all = append(all, thing)
		}
		return c.document(all)
	case "ndjson":
		for thing, err := range things {
			if err != nil {
				return err
			}
			if err := c.line(thing); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		return c.csv(things, columns)
	}
	return c.table(things, columns)
}

// upTo yields at most limit things, all of them when that is 0. It says when
// there are more, so that nobody takes a part for the whole.
func (c *Connection) upTo(things iter.Seq2[jsontext.Value, error], limit int) iter.Seq2[jsontext.Value, error] {
	return func(yield func(jsontext.Value, error) bool) {
		n := 0
		for thing, err := range things {
			if n++; limit > 0 && n > limit && err == nil {
				c.say("There are more than these %d: --limit 0 shows all.", limit)
				return
			}
			if !yield(thing, err) || err != nil {
				return
			}
		}
	}
}

// one shows one thing.
func (c *Connection) one(thing jsontext.Value) error {
	switch c.Output {
	case "json", "yaml":
		return c.document(thing)
	case "ndjson":
		return c.line(thing)
	case "csv":
		return c.several([]jsontext.Value{thing})
	}
	return writeSheet(c.terminal.Out, thing)
}

// several shows things of which each may have other members.
func (c *Connection) several(things []jsontext.Value) error {
	if c.Output != "csv" {
		return c.document(things)
	}
	var lines [][]pair
	for _, thing := range things {
		line, err := flatten(thing)
		if err != nil {
			return err
		}
		lines = append(lines, line)
	}
	return c.writeCSV(grid(lines))
}

// document writes JSON or YAML.
func (c *Connection) document(v any) error {
	text, err := marshal(v)
	if err != nil {
		return err
	}
	if c.Output == "yaml" {
		return writeYAML(c.terminal.Out, text)
	}
	return c.writeJSON(text)
}

func (c *Connection) line(thing jsontext.Value) error {
	compact := thing.Clone()
	if err := compact.Compact(); err != nil {
		return err
	}
	return c.writeJSON(compact)
}

// writeJSON writes a text and ends the line. A person's terminal gets escaped
// what would command it: see [clean].
func (c *Connection) writeJSON(text []byte) error {
	if c.terminal.Person {
		text = escaped(text)
	}
	_, err := fmt.Fprintln(c.terminal.Out, string(text))
	return err
}

// escaped returns a JSON text that means the same and holds nothing but what can
// be printed.
func escaped(text []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(text) {
		if unicode.IsPrint(r) || strings.ContainsRune("\t\r\n", r) { // these stand between values, never in a text
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.Bytes()
}

// writeYAML writes a JSON document as YAML, its members in their order.
func writeYAML(out io.Writer, text []byte) error {
	doc, err := parsed(text)
	if err != nil {
		return err
	}
	plain(doc)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(doc), enc.Close()); err != nil {
		return err
	}
	_, err = out.Write(escaped(b.Bytes()))
	return err
}

// parsed reads a JSON document as YAML, which every JSON text is when its
// control characters are escaped.
func parsed(text []byte) (*yaml.Node, error) {
	var doc yaml.Node
	err := yaml.Unmarshal(escaped(text), &doc)
	return &doc, err
}

// plain takes JSON's braces and quotes off. Words that would read as something
// else keep theirs, because their tag says that they are text; so do those with
// something in them that has to be escaped.
func plain(n *yaml.Node) {
	n.Style = 0
	if strings.ContainsFunc(n.Value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, child := range n.Content {
		plain(child)
	}
}

func (c *Connection) table(things iter.Seq2[jsontext.Value, error], columns []column) error {
	rows := [][]string{titles(columns, true)}
	for thing, err := range things {
		if err != nil {
			return err
		}
		row, err := cells(thing, columns, true)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if len(rows) == 1 {
		c.say("nothing there")
		return nil
	}
	return writeTable(c.terminal.Out, filled(rows))
}

func (c *Connection) csv(things iter.Seq2[jsontext.Value, error], columns []column) error {
	rows := [][]string{titles(columns, false)}
	for thing, err := range things {
		if err != nil {
			return err
		}
		row, err := cells(thing, columns, false)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return c.writeCSV(rows)
}

// filled returns the columns that have something below their title.
func filled(rows [][]string) [][]string {
	kept := make([][]string, len(rows))
	for i := range rows[0] {
		if !slices.ContainsFunc(rows[1:], func(row []string) bool { return row[i] != "" }) {
			continue
		}
		for n, row := range rows {
			kept[n] = append(kept[n], row[i])
		}
	}
	return kept
}

func titles(columns []column, forPeople bool) []string {
	var out []string
	for _, c := range columns {
		if forPeople {
			out = append(out, c.title)
		} else {
			out = append(out, c.path)
		}
	}
	return out
}

func cells(thing jsontext.Value, columns []column, forPeople bool) ([]string, error) {
	var members map[string]any
	if err := json.Unmarshal(thing, &members); err != nil {
		return nil, err
	}
	if forPeople {
		inUnits(members)
	}
	var row []string
	for _, c := range columns {
		value := member(members, c.path)
		if c.as != nil && (forPeople || composed(value)) {
			row = append(row, c.as(value))
		} else {
			row = append(row, text(value))
		}
	}
	return row, nil
}

// inUnits writes the amounts of a thing, which are in the minor unit of its
// currency, as people do: with a point.
func inUnits(members map[string]any) {
	unit := first(text(members["currency"]), text(members["unit"]))
	for name, value := range members {
		minor, err := strconv.ParseInt(text(value), 10, 64)
		if err != nil || !strings.HasSuffix(name, "_minor") {
			continue
		}
		if amount, ok := client.Amount(minor, unit); ok {
			members[name] = amount
		}
	}
}

// composed reports whether a value has parts: those are summed up for programs,
// too, which ask for JSON when they want them.
func composed(value any) bool {
	switch value.(type) {
	case []any, map[string]any:
		return true
	}
	return false
}

// member returns the value at a path, nil when there is none. A number in a path
// is a place in a list.
func member(thing any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch v := thing.(type) {
		case map[string]any:
			thing = v[name]
		case []any:
			at, err := strconv.Atoi(name)
			if err != nil || at < 0 || at >= len(v) {
				return nil
			}
			thing = v[at]
		default:
			return nil
		}
	}
	return thing
}

// text is a value in one word, "" for null.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	compact, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(compact)
}

// flatten lists the values of a thing under their paths, in their order.
func flatten(thing []byte) ([]pair, error) {
	var values []pair
	dec := jsontext.NewDecoder(bytes.NewReader(thing))
	for {
		token, err := dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, err
		}
		text := token.String()
		switch kind := token.Kind(); kind {
		case '{', '[', '}', ']':
			continue
		case 'n':
			text = ""
		case '"':
			if outer, length := dec.StackIndex(dec.StackDepth()); outer == '{' && length%2 == 1 {
				continue // a member's name
			}
		}
		path := strings.ReplaceAll(strings.TrimPrefix(string(dec.StackPointer()), "/"), "/", ".")
		values = append(values, pair{path, text})
	}
}

// gap stands between the columns of a table.
const gap = "  "

// writeTable writes rows of the same length as columns that line up.
func writeTable(out io.Writer, rows [][]string) error {
	widths := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			fmt.Fprintf(&line, "%-*s"+gap, widths[i], clean(cell))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (c *Connection) writeCSV(rows [][]string) error {
	w := csv.NewWriter(c.terminal.Out)
	for _, row := range rows {
		if c.terminal.Person {
			for i := range row {
				row[i] = clean(row[i])
			}
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// clean takes out of a text what would command the terminal or begin a line of
// its own: some of it comes from stations, and who controls a station must not
// control the operator's screen.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Zs, r): // a number and its unit stay on one line in a document
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// cleanLines is [clean] for a text whose lines are ours.
func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = clean(line)
	}
	return strings.Join(lines, "\n")
}

// How values look in tables.

// when shows a time to the second, in UTC.
func when(value any) string {
	s, _ := value.(string)
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return text(value)
	}
	return at.UTC().Format("2006-01-02 15:04:05Z")
}

// kilo shows Wh as kWh and W as kW.
func kilo(value any) string {
	n, ok := value.(float64)
	if !ok {
		return text(value)
	}
	return strconv.FormatFloat(n/1000, 'f', 3, 64)
}

// fromMilli shows mWh as kWh.
func fromMilli(value any) string {
	n, ok := value.(float64)
	if !ok {
		return text(value)
	}
	return strconv.FormatFloat(n/1_000_000, 'f', 3, 64)
}

// statuses shows the connectors of a station: how many have which status.
func statuses(value any) string {
	evses, _ := value.([]any)
	var order []string
	count := map[string]int{}
	for _, evse := range evses {
		connectors, _ := member(evse, "connectors").([]any)
		for _, connector := range connectors {
			status := text(member(connector, "status"))
			if count[status]++; count[status] == 1 {
				order = append(order, status)
			}
		}
	}
	for i, status := range order {
		if n := count[status]; n > 1 {
			order[i] = strconv.Itoa(n) + " " + status
		}
	}
	return strings.Join(order, ", ")
}

// number shows a number of OCPP's: 0 stands for the whole.
func number(value any) string {
	if value == 0.0 {
		return ""
	}
	return text(value)
}

// values yields things of our own like those of a list.
func values(things []any) iter.Seq2[jsontext.Value, error] {
	return func(yield func(jsontext.Value, error) bool) {
		for _, thing := range things {
			text, err := json.Marshal(thing)
			if !yield(text, err) || err != nil {
				return
			}
		}
	}
}
