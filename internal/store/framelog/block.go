package framelog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"pylon/internal/kernel/ident"
)

// A block is what is compressed at once: the frames of some stations, sorted by
// station and Seq. Numbers are varints, strings have their length before them.
//
//	base     the smallest Seq
//	kinds    count, then of each: direction, type, action
//	groups   count, then of each: station, organisation, frames, bytes of meta, bytes of text
//	meta     of all groups, of each frame: kind, Seq - the Seq before, At - Seq,
//	         length of data, length of note, length of id, and of an id that is
//	         there its place in the data + 1, or 0
//	text     of all groups, of each frame: data, note, and an id that is not in the data
//
// Small numbers stand together and texts that resemble each other, too: that is
// what makes them small.

// kind is what many frames have in common.
type kind struct {
	direction    Direction
	kind, action string
}

// group is the frames of one station in a block.
type group struct {
	station      ident.StationID
	organisation ident.OrganisationID
	frames       int
	meta, text   []byte
}

// block is a decoded block. It aliases the bytes it was parsed from.
type block struct {
	base   int64
	kinds  []kind
	groups []group // by station
}

// byStation orders records as a block has them.
func byStation(a, b *Record) int {
	if c := strings.Compare(string(a.Station), string(b.Station)); c != 0 {
		return c
	}
	if a.Seq < b.Seq {
		return -1
	}
	return 1
}

// packer builds blocks. It is reused to spare its buffers.
type packer struct {
	kinds      map[kind]uint64
	order      []kind
	groups     []byte
	count      int
	meta, text []byte
	raw        []byte
}

// pack returns the records as a block, valid until the next call. They are
// sorted and at least one.
func (p *packer) pack(records []*Record) []byte {
	p.kinds, p.order, p.groups, p.count, p.meta, p.text = map[kind]uint64{}, p.order[:0], p.groups[:0], 0, p.meta[:0], p.text[:0]
	base := slices.MinFunc(records, func(a, b *Record) int { return int(a.Seq - b.Seq) }).Seq
	for len(records) > 0 {
		station := records[0].Station
		n := 1
		for n < len(records) && records[n].Station == station {
			n++
		}
		p.group(base, records[:n])
		records = records[n:]
	}

	raw := binary.AppendVarint(p.raw[:0], base)
	raw = binary.AppendUvarint(raw, uint64(len(p.order)))
	for _, k := range p.order {
		raw = appendString(raw, string(k.direction))
		raw = appendString(raw, k.kind)
		raw = appendString(raw, k.action)
	}
	raw = appendLength(raw, p.count)
	raw = append(raw, p.groups...)
	raw = append(raw, p.meta...)
	p.raw = append(raw, p.text...)
	return p.raw
}

// group adds the records of one station.
func (p *packer) group(base int64, records []*Record) {
	meta, text := len(p.meta), len(p.text)
	before := base
	for _, r := range records {
		p.frame(r, before)
		before = r.Seq
	}
	p.groups = appendString(p.groups, string(records[0].Station))
	p.groups = appendString(p.groups, string(records[0].Organisation))
	for _, n := range []int{len(records), len(p.meta) - meta, len(p.text) - text} {
		p.groups = appendLength(p.groups, n)
	}
	p.count++
}

// frame adds one record; before is the Seq of the one before.
func (p *packer) frame(r *Record, before int64) {
	k := kind{r.Direction, r.Type, r.Action}
	number, known := p.kinds[k]
	if !known {
		number = uint64(len(p.order))
		p.kinds[k] = number
		p.order = append(p.order, k)
	}
	m := binary.AppendUvarint(p.meta, number)
	m = binary.AppendVarint(m, r.Seq-before)
	m = binary.AppendVarint(m, r.At.UnixMicro()-r.Seq)
	m = binary.AppendUvarint(m, uint64(len(r.Data)))
	m = binary.AppendUvarint(m, uint64(len(r.Note)))
	m = binary.AppendUvarint(m, uint64(len(r.MessageID)))
	p.text = append(append(p.text, r.Data...), r.Note...)
	if r.MessageID != "" {
		place := idPlace(r.Data, r.MessageID)
		m = appendLength(m, place+1)
		if place < 0 {
			p.text = append(p.text, r.MessageID...)
		}
	}
	p.meta = m
}

// idPlace returns where data begins to spell id, -1 when that is not near its
// beginning, where every OCPP frame has it.
func idPlace(data []byte, id string) int {
	const near = 16
	head := data[:min(len(data), len(id)+near)]
	for at := range len(head) - len(id) + 1 {
		if string(head[at:at+len(id)]) == id {
			return at
		}
	}
	return -1
}

func appendLength(b []byte, n int) []byte {
	return binary.AppendUvarint(b, uint64(n)) //nolint:gosec // never negative
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// errDamaged says that a block does not parse.
var errDamaged = errors.New("block is damaged")

// cursor reads a block. After the first thing that does not fit it is bad and
// reads nothing more.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

// bytes returns the next n bytes, nil when that is none.
func (c *cursor) bytes(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.bad, c.b = true, nil
	}
	if n == 0 || c.bad {
		return nil
	}
	head := c.b[:n:n]
	c.b = c.b[n:]
	return head
}

func (c *cursor) string() string { return string(c.bytes(c.uvarint())) }

// count reads how many things follow, each of which takes at least one byte.
func (c *cursor) count() int {
	n := c.uvarint()
	if n > uint64(len(c.b)) {
		c.bad = true
		return 0
	}
	return int(n) //nolint:gosec // at most a length
}

// parse returns the block that raw holds, or errDamaged.
func parse(raw []byte) (block, error) {
	c := cursor{b: raw}
	b := block{base: c.varint()}
	b.kinds = make([]kind, c.count())
	for i := range b.kinds {
		b.kinds[i] = kind{Direction(c.string()), c.string(), c.string()}
	}
	b.groups = make([]group, c.count())
	type extent struct{ meta, text uint64 }
	extents := make([]extent, len(b.groups))
	for i := range b.groups {
		g := group{station: ident.StationID(c.string()), organisation: ident.OrganisationID(c.string()), frames: c.count()}
		extents[i] = extent{c.uvarint(), c.uvarint()}
		b.groups[i] = g
	}
	for i := range b.groups {
		b.groups[i].meta = c.bytes(extents[i].meta)
	}
	for i := range b.groups {
		b.groups[i].text = c.bytes(extents[i].text)
	}
	if c.bad {
		return block{}, errDamaged
	}
	return b, nil
}

// find returns the group of a station, nil when there is none.
func (b *block) find(station ident.StationID) *group {
	i, found := slices.BinarySearchFunc(b.groups, station, func(g group, id ident.StationID) int {
		return strings.Compare(string(g.station), string(id))
	})
	if !found {
		return nil
	}
	return &b.groups[i]
}

// records appends the records of a group to dst, by Seq. Their Data aliases the
// block.
func (b *block) records(dst []Record, g *group) ([]Record, error) {
	meta, text := cursor{b: g.meta}, cursor{b: g.text}
	seq := b.base
	for range g.frames {
		number := meta.uvarint()
		seq += meta.varint()
		at := seq + meta.varint()
		data := text.bytes(meta.uvarint())
		note := text.bytes(meta.uvarint())
		id := meta.uvarint()
		from := cursor{}
		if id > 0 {
			if place := meta.uvarint(); place > 0 {
				from.b = data
				from.bytes(place - 1)
			} else {
				from.b = text.bytes(id)
			}
		}
		name := from.bytes(id)
		if meta.bad || text.bad || from.bad || number >= uint64(len(b.kinds)) {
			return dst, errDamaged
		}
		k := b.kinds[number]
		dst = append(dst, Record{Seq: seq, Entry: Entry{
			Station: g.station, Organisation: g.organisation, At: time.UnixMicro(at).UTC(),
			Direction: k.direction, Type: k.kind, Action: k.action,
			MessageID: string(name), Data: data, Note: string(note),
		}})
	}
	return dst, nil
}

// fingerprint stands for a station in the list of those that a fresh block has.
func fingerprint(station ident.StationID) uint32 {
	return crc32.ChecksumIEEE([]byte(station))
}

// rawMax bounds what a block says that it unpacks to: a full batch whose last
// frame is the longest, and its bookkeeping.
const rawMax = 8 << 20

// codec compresses blocks.
type codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// newCodec returns the codec of the fastest level: on these blocks the next two
// take up to twice the time and leave as much.
func newCodec() (*codec, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, fmt.Errorf("compressor: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(rawMax))
	if err != nil {
		return nil, fmt.Errorf("decompressor: %w", err)
	}
	return &codec{encoder, decoder}, nil
}

func (c *codec) close() error {
	c.decoder.Close()
	return c.encoder.Close()
}

// compress appends raw, compressed, to dst.
func (c *codec) compress(dst, raw []byte) []byte { return c.encoder.EncodeAll(raw, dst) }

// open returns the block that data holds, or errDamaged. The size is that of all
// that was unpacked.
func (c *codec) open(data []byte) (b block, size int, err error) {
	raw, err := c.decoder.DecodeAll(data, nil)
	if err != nil {
		return block{}, 0, fmt.Errorf("%w: %w", errDamaged, err)
	}
	b, err = parse(raw)
	return b, len(raw), err
}

// unpackAll appends all records of the block that data holds to dst.
func (c *codec) unpackAll(dst []Record, data []byte) ([]Record, error) {
	b, _, err := c.open(data)
	for i := range b.groups {
		if err == nil {
			dst, err = b.records(dst, &b.groups[i])
		}
	}
	return dst, err
}
