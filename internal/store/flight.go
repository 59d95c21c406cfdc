package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// flight is what goes to the database at once: groups of statements, by their
// waves.
type flight struct {
	groups []*group
	index  []*group // those of wave 0 that take more, by the statement's id
	free   []*group // memory
}

// Waves before and behind those of jobs.
const (
	firstWave = -1
	lastWave  = math.MaxInt
)

// errMissed says that a statement did not hit the row that it must.
var errMissed = errors.New("a row is not as it was expected")

// group is one statement of a flight with the arguments of all who share it.
type group struct {
	*prepared
	stmt    *statement
	wave    int
	members []member
	values  [][]byte // the arguments, encoded; an array begins with room for its header
	nulls   []bool   // by argument: one of the array is NULL

	answered bool   // the database has taken it
	tag      string // what it says of it
}

// member is a statement of a job in a group.
type member struct {
	job *job
	op  *op
	hit bool
}

func (f *flight) clear() {
	for _, g := range f.groups {
		clear(g.members)
		f.free = append(f.free, g)
	}
	f.groups = f.groups[:0]
	clear(f.index)
}

// group returns the group of a statement in a wave.
func (f *flight) group(p *prepared, wave int) *group {
	for len(f.index) <= p.id {
		f.index = append(f.index, nil)
	}
	if p.many {
		if g := f.index[p.id]; g != nil && wave == 0 {
			return g
		}
		for _, g := range f.groups {
			if wave != 0 && g.wave == wave && g.prepared == p {
				return g
			}
		}
	}
	g := f.fresh(p, wave)
	f.groups = append(f.groups, g)
	if p.many && wave == 0 {
		f.index[p.id] = g
	}
	return g
}

// fresh returns an empty group.
func (f *flight) fresh(p *prepared, wave int) *group {
	g := &group{}
	if last := len(f.free) - 1; last >= 0 {
		g, f.free = f.free[last], f.free[:last]
	}
	values := g.values[:cap(g.values)]
	for len(values) < len(p.types) {
		values = append(values, nil)
	}
	*g = group{prepared: p, stmt: p.statement, wave: wave, members: g.members[:0], values: values[:len(p.types)], nulls: g.nulls[:0]}
	for i := range g.values {
		if g.values[i] = g.values[i][:0]; g.values[i] == nil { // which would be NULL
			g.values[i] = []byte{}
		}
		if p.many {
			g.values[i] = append(g.values[i], make([]byte, arrayHeader)...)
		}
		g.nulls = append(g.nulls, false)
	}
	return g
}

// sorted returns the groups in the order in which they are to be run.
func (f *flight) sorted() []*group {
	slices.SortStableFunc(f.groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.wave, b.wave), cmp.Compare(a.id, b.id))
	})
	return f.groups
}

// firstMiss returns what the first miss of a flight means, nil when all that
// have an answer were hits.
func (f *flight) firstMiss() error {
	for _, g := range f.groups {
		for _, m := range g.members {
			if g.answered && m.op.miss != nil && !m.hit {
				return m.op.miss
			}
		}
	}
	return nil
}

// arrayHeader is the size of what stands before the elements of an array: one
// dimension, whether there are NULLs, the type, the length, the first index.
const arrayHeader = 5 * 4

// add puts a statement behind those that are there.
func (g *group) add(m member, n *numbers) error {
	g.members = append(g.members, m)
	if g.sorts() {
		return nil
	}
	return g.encode(m.op, n)
}

// sorts reports whether the order of the members is that of their rows.
func (g *group) sorts() bool { return g.many && g.stmt.key > 0 }

// arrange brings the rows that other nodes lock as well into the order in which
// they do: two that wait for each other both lose a second. To sort 256 of them
// takes some 30 µs; of rows that only the owner of a station writes it would be
// for nothing.
func (g *group) arrange() error {
	if !g.sorts() {
		return nil
	}
	at := g.stmt.key - 1
	slices.SortStableFunc(g.members, func(a, b member) int {
		one, _ := a.op.args[at].(string)
		other, _ := b.op.args[at].(string)
		return cmp.Compare(one, other)
	})
	if err := g.addUp(); err != nil {
		return err
	}
	for i := range g.members {
		if err := g.encode(g.members[i].op, nil); err != nil {
			return err
		}
	}
	return nil
}

// addUp makes one of members that are about the same row, where an argument
// tells by how much it moves: a statement changes a row once.
func (g *group) addUp() error {
	if g.stmt.sums == nil {
		return nil
	}
	at := g.stmt.key - 1
	apart := g.members[:0]
	for _, m := range g.members {
		last := len(apart) - 1
		if last < 0 || apart[last].op.args[at] != m.op.args[at] {
			apart = append(apart, m)
			continue
		}
		whole := *m.op
		whole.args = slices.Clone(m.op.args)
		for _, i := range g.stmt.sums {
			one, _ := apart[last].op.args[i-1].(int64)
			other, _ := m.op.args[i-1].(int64)
			if whole.args[i-1] = one + other; (one+other > one) != (other > 0) && other != 0 {
				return fmt.Errorf("%q: %d and %d are more than a row takes", g.stmt.text, one, other)
			}
		}
		apart[last].op = &whole
	}
	clear(g.members[len(apart):])
	g.members = apart
	return nil
}

// encode puts arguments behind those that are there.
func (g *group) encode(o *op, n *numbers) error {
	if len(o.args) != len(g.types) {
		return fmt.Errorf("%q takes %d arguments, not %d", g.stmt.text, len(g.types), len(o.args))
	}
	for i, v := range o.args {
		switch of := v.(type) {
		case fill:
			v = n.of(of)
		case late:
			v = *of.of
		}
		to := g.values[i]
		if g.many {
			to = append(to, 0, 0, 0, 0) // the element's size
		}
		from := len(to)
		switch v := v.(type) {
		case nil:
		case string:
			to = append(to, v...)
		case int64:
			to = binary.BigEndian.AppendUint64(to, uint64(v)) //nolint:gosec // the same bits
		case []byte:
			to = append(to, v...)
		case bool:
			to = append(to, byteOf(v))
		}
		if v != nil && typeOf(v) != g.types[i] {
			return fmt.Errorf("%q: argument %d is %T, which is no %s", g.stmt.text, i+1, v, typeName(g.types[i]))
		}
		size := len(to) - from
		if v == nil {
			size, g.nulls[i] = -1, true
		}
		if g.many {
			binary.BigEndian.PutUint32(to[from-4:], uint32(size)) //nolint:gosec // a size, or -1
		}
		g.values[i] = to
	}
	return nil
}

func byteOf(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// typeOf returns the type of the column that takes v, 0 when there is none.
func typeOf(v any) uint32 {
	switch v.(type) {
	case string:
		return pgtype.TextOID
	case int64:
		return pgtype.Int8OID
	case []byte:
		return pgtype.ByteaOID
	case bool:
		return pgtype.BoolOID
	}
	return 0
}

// typeName is how SQL calls the type of a column, "" for one that no column has.
func typeName(oid uint32) string {
	switch oid {
	case pgtype.TextOID:
		return "text"
	case pgtype.Int8OID:
		return "bigint"
	case pgtype.ByteaOID:
		return "bytea"
	case pgtype.BoolOID:
		return "boolean"
	}
	return ""
}

// send puts the statement into a pipeline.
func (g *group) send(p *pgconn.Pipeline) {
	for i, v := range g.values {
		switch {
		case g.many:
			header := binary.BigEndian.AppendUint32(v[:0], 1)
			header = binary.BigEndian.AppendUint32(header, uint32(byteOf(g.nulls[i])))
			header = binary.BigEndian.AppendUint32(header, g.types[i])
			header = binary.BigEndian.AppendUint32(header, uint32(len(g.members))) //nolint:gosec // a few thousand
			binary.BigEndian.AppendUint32(header, 1)
		case g.nulls[i]:
			g.values[i] = nil
		}
	}
	p.SendQueryStatement(g.as, g.values, []int16{pgtype.BinaryFormatCode}, []int16{pgtype.BinaryFormatCode})
}

// receive takes the database's answer.
func (g *group) receive(p *pgconn.Pipeline) error {
	answer, err := p.GetResults()
	if err != nil {
		return err
	}
	rows, ok := answer.(*pgconn.ResultReader)
	if !ok {
		return fmt.Errorf("%q: the database answered %T", g.stmt.text, answer)
	}
	for rows.NextRow() {
		if err := g.take(rows.Values()); err != nil {
			return err
		}
	}
	tag, err := rows.Close()
	if err != nil {
		return err
	}
	g.answered, g.tag = true, tag.String()
	if len(g.as.Fields) == 0 && tag.RowsAffected() == int64(len(g.members)) {
		for i := range g.members {
			g.members[i].hit = true
		}
	}
	return nil
}

// take puts a row where it belongs. The first of many rows' columns says whose
// it is.
func (g *group) take(row [][]byte) error {
	whose := 0
	if g.many {
		ord := int(binary.BigEndian.Uint64(row[0])) //nolint:gosec // of ours
		if ord < 1 || ord > len(g.members) {
			return fmt.Errorf("%q: row %d of %d", g.stmt.text, ord, len(g.members))
		}
		whose, row = ord-1, row[1:]
	}
	m := &g.members[whose]
	m.hit = true
	for i := range min(len(row), len(m.op.row)) {
		if row[i] == nil {
			continue
		}
		m.op.row[i] = int64(binary.BigEndian.Uint64(row[i])) //nolint:gosec // the same bits
	}
	return nil
}

// missed reports whether a member did not hit the row that it must.
func (g *group) missed() bool {
	return slices.ContainsFunc(g.members, func(m member) bool { return m.op.miss != nil && !m.hit })
}
