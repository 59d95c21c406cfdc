package meter

import (
	"fmt"

	"pylon/internal/kernel/decimal"
)

// The first byte of an encoded block.
const (
	varintCodec = 1 // all in one piece; nothing writes it any more
	blockCodec  = 2
)

// Block is frames of one session, or of one station outside sessions, column by
// column: what hardly changes from frame to frame becomes runs of zeros, and the
// values of one series follow each other as small differences. [Block.Frames]
// makes the same frames again, with the promises of [AppendFrame], but of a digest
// only the first [BlockDigest] bytes.
type Block struct {
	Loose []byte // is meant for a compressor
	Dense []byte // has nothing left to compress: the noise of meters, delays, digests
}

// BlockDigest is how much of a digest a block keeps, in bytes: chance is all that no
// compressor can shorten. Of the frames of one session no two are alike in them by
// chance.
const BlockDigest = 8

// Pack returns the frames as a block.
func Pack(frames []Frame) Block {
	b := blockWriter{texts: map[string]uint64{}, shapes: map[string]uint64{}, series: map[series]int{}}
	for i := range frames {
		b.frame(&frames[i])
	}
	loose, dense := writer{buf: []byte{blockCodec}}, writer{buf: rice(b.delays)}
	loose.uint(uint64(len(frames)))
	loose.uint(uint64(len(b.columns)))
	for i := range b.columns {
		loose.uint(uint64(len(b.columns[i].buf)))
		loose.buf = append(loose.buf, b.columns[i].buf...)
	}
	loose.uint(uint64(len(b.values)))
	for i := range b.values {
		b.values[i].append(&loose, &dense)
	}
	return Block{loose.buf, append(dense.buf, b.digests...)}
}

// Frames returns the frames of a block that [Pack] has made, of this version or of
// the one before, which had no dense part. Station and Session are the caller's
// to fill in. Damaged data is an error.
func (of Block) Frames() ([]Frame, error) {
	r, dense := reader{data: of.Loose}, &reader{data: of.Dense}
	codec := r.byte()
	if codec != varintCodec && codec != blockCodec {
		return nil, fmt.Errorf("block: unknown encoding %d", codec)
	}
	b := blockReader{}
	n := r.count(1)
	if r.uint() != uint64(len(b.columns)) {
		r.fail()
	}
	for i := range b.columns {
		b.columns[i].data = r.take(r.count(1))
	}
	if n > len(b.columns[colNumber].data) {
		r.fail()
		n = 0
	}
	if codec == varintCodec {
		b.delays, dense = b.columns[colReceived].ints(n), nil
	} else {
		b.delays = unrice(dense, n)
	}
	b.values = make([]values, r.count(valuesMin))
	for i := range b.values {
		b.values[i].parse(&r, dense)
	}
	if dense != nil {
		b.columns[colDigest].data = dense.data
		r.failed = r.failed || dense.failed
	}
	if err := r.end("block"); err != nil {
		return nil, err
	}
	return b.frames(n)
}

// frames takes n frames from the columns, and nothing may be left of them.
func (b *blockReader) frames(n int) ([]Frame, error) {
	frames := make([]Frame, n)
	for i := range frames {
		b.frame(&frames[i])
	}
	for i := range b.columns {
		if err := b.columns[i].end("block"); err != nil {
			return nil, fmt.Errorf("column %d: %w", i, err)
		}
	}
	if b.damaged {
		return nil, fmt.Errorf("block: %w", errDamaged)
	}
	return frames, nil
}

// The columns of a block.
const (
	colText   = iota // texts, each once
	colShape         // shapes, each once: the series of a frame's samples
	colSeries        // what each series measures
	colNumber        // differences from frame to frame, from here on
	colSource        // with Offline in the lowest bit
	colEVSE
	colConnector
	colSeqNo
	colReceived // of the first codec; now it is dense
	colOccurred
	colForm   // the way the time was sent
	colAnswer // number of a text
	colFrameShape
	colDigestLen
	colDigest     // the same
	colSampleTime // of samples that have another time than their frame
	colSampleForm
	colSigned
	columnCount
)

// series is what a sample measures, and whether it carries its frame's time.
type series struct {
	measurand, context, phase, location, unit string
	multiplier                                int
	ownTime, signed                           bool
}

// head is what the fields of a frame are told as differences to.
type head struct {
	number, evse, connector, seqNo, received, occurred, step int64
}

// blockWriter collects the columns.
type blockWriter struct {
	columns [columnCount]writer
	texts   map[string]uint64
	shapes  map[string]uint64
	series  map[series]int
	values  []values
	delays  []int64
	digests []byte
	before  head
}

// text writes the number of a text, and the text itself the first time.
func (b *blockWriter) text(column int, s string) {
	n, known := b.texts[s]
	if !known {
		n = uint64(len(b.texts))
		b.texts[s] = n
		b.columns[colText].text(s)
	}
	b.columns[column].uint(n)
}

func (b *blockWriter) frame(f *Frame) {
	c, p := &b.columns, &b.before
	source := uint64(f.Source) << 1
	if f.Offline {
		source |= 1
	}
	now := head{
		number: f.Number, evse: int64(f.EVSE), connector: int64(f.Connector), seqNo: f.SeqNo,
		received: f.ReceivedAt.UnixMicro(), occurred: f.OccurredAt.UnixMicro(),
	}
	now.step = now.occurred - p.occurred
	c[colNumber].int(now.number - p.number)
	c[colSource].uint(source)
	c[colEVSE].int(now.evse - p.evse)
	c[colConnector].int(now.connector - p.connector)
	c[colSeqNo].int(now.seqNo - p.seqNo)
	b.delays = append(b.delays, now.received-now.occurred-(p.received-p.occurred))
	c[colOccurred].int(now.step - p.step)
	b.form(colForm, stampOf(f.OccurredAt, f.AsSent))
	b.text(colAnswer, f.Answer)
	if f.Digest == nil {
		c[colDigestLen].uint(0)
	} else {
		digest := f.Digest[:min(len(f.Digest), BlockDigest)]
		c[colDigestLen].uint(uint64(len(digest)) + 1)
		b.digests = append(b.digests, digest...)
	}
	*p = now
	b.samples(f)
}

// form writes the way a time was sent.
func (b *blockWriter) form(column int, s stamp) {
	w := &b.columns[column]
	w.uint(uint64(s.form))
	switch s.form {
	case formLiteral:
		b.text(column, s.literal)
	case formOffset:
		w.int(int64(s.offset))
		w.uint(uint64(s.fraction))
	}
}

// samples writes the frame's shape, and each value to its series.
func (b *blockWriter) samples(f *Frame) {
	shape := writer{}
	numbers := make([]int, len(f.Samples))
	for i := range f.Samples {
		s := &f.Samples[i]
		numbers[i] = b.seriesOf(series{
			s.Measurand, s.Context, s.Phase, s.Location, s.Unit, s.Multiplier,
			!s.At.Equal(f.OccurredAt) || s.AtAsSent != f.AsSent, s.Signed != nil,
		})
		shape.uint(uint64(numbers[i])) //nolint:gosec // an index
	}
	for i := range f.Samples {
		s := &f.Samples[i]
		b.values[numbers[i]].add(s.Value)
		if !s.At.Equal(f.OccurredAt) || s.AtAsSent != f.AsSent {
			b.columns[colSampleTime].int(s.At.UnixMicro() - f.OccurredAt.UnixMicro())
			b.form(colSampleForm, stampOf(s.At, s.AtAsSent))
		}
		if s.Signed != nil {
			for _, text := range [...]string{s.Signed.Data, s.Signed.SigningMethod, s.Signed.EncodingMethod, s.Signed.PublicKey} {
				b.text(colSigned, text)
			}
		}
	}
	n, known := b.shapes[string(shape.buf)]
	if !known {
		n = uint64(len(b.shapes))
		b.shapes[string(shape.buf)] = n
		b.columns[colShape].uint(uint64(len(f.Samples)))
		b.columns[colShape].buf = append(b.columns[colShape].buf, shape.buf...)
	}
	b.columns[colFrameShape].uint(n)
}

// seriesOf returns the number of a series, and describes it the first time.
func (b *blockWriter) seriesOf(key series) int {
	n, known := b.series[key]
	if known {
		return n
	}
	n = len(b.series)
	b.series[key] = n
	b.values = append(b.values, values{})
	for _, text := range [...]string{key.measurand, key.context, key.phase, key.location, key.unit} {
		b.text(colSeries, text)
	}
	w := &b.columns[colSeries]
	w.int(int64(key.multiplier))
	w.bool(key.ownTime)
	w.bool(key.signed)
	return n
}

// blockReader takes the columns apart again.
type blockReader struct {
	columns [columnCount]reader
	texts   []string
	shapes  [][]int
	series  []series
	values  []values
	delays  []int64 // of the frames that are left
	before  head
	damaged bool
}

func (b *blockReader) text(column int) string {
	n := b.columns[column].uint()
	if n == uint64(len(b.texts)) {
		b.texts = append(b.texts, b.columns[colText].text())
	}
	if n >= uint64(len(b.texts)) {
		b.damaged = true
		return ""
	}
	return b.texts[n]
}

func (b *blockReader) frame(f *Frame) {
	c, p := &b.columns, &b.before
	p.number += c[colNumber].int()
	source := c[colSource].uint()
	p.evse += c[colEVSE].int()
	p.connector += c[colConnector].int()
	p.seqNo += c[colSeqNo].int()
	delay := p.received - p.occurred + b.delays[0]
	b.delays = b.delays[1:]
	p.step += c[colOccurred].int()
	p.occurred += p.step
	p.received = p.occurred + delay
	*f = Frame{
		Number: p.number, Source: Source(source >> 1), Offline: source&1 != 0, EVSE: int(p.evse), Connector: int(p.connector), //nolint:gosec // written from a Source
		SeqNo: p.seqNo, ReceivedAt: micro(p.received), OccurredAt: micro(p.occurred),
	}
	f.AsSent = b.form(colForm, p.occurred)
	f.Answer = b.text(colAnswer)
	if n := c[colDigestLen].uint(); n > 0 {
		if n-1 > uint64(len(c[colDigest].data)) {
			b.damaged = true
			return
		}
		f.Digest = append([]byte{}, c[colDigest].take(int(n-1))...) //nolint:gosec // bounded by the length of the data
	}
	b.samples(f)
}

func (b *blockReader) form(column int, at int64) string {
	r := &b.columns[column]
	s := stamp{at: at, form: form(r.byte())}
	switch s.form {
	case formLiteral:
		s.literal = b.text(column)
	case formOffset:
		s.offset = int32(r.int()) //nolint:gosec // written from an int32
		s.fraction = r.byte()
	}
	if !s.valid() {
		b.damaged = true
		return ""
	}
	return s.text()
}

func (b *blockReader) samples(f *Frame) {
	shape := b.shape(b.columns[colFrameShape].uint())
	if len(shape) > 0 {
		f.Samples = make([]Sample, len(shape))
	}
	for i, n := range shape {
		of := &b.series[n]
		s := &f.Samples[i]
		*s = Sample{
			At: f.OccurredAt, AtAsSent: f.AsSent, Measurand: of.measurand, Context: of.context, Phase: of.phase,
			Location: of.location, Unit: of.unit, Multiplier: of.multiplier,
		}
		var err error
		if s.Value, err = b.values[n].next(); err != nil {
			b.damaged = true
		}
		if of.ownTime {
			at := f.OccurredAt.UnixMicro() + b.columns[colSampleTime].int()
			s.At, s.AtAsSent = micro(at), b.form(colSampleForm, at)
		}
		if of.signed {
			s.Signed = &SignedValue{
				Data: b.text(colSigned), SigningMethod: b.text(colSigned), EncodingMethod: b.text(colSigned), PublicKey: b.text(colSigned),
			}
		}
	}
}

// shape returns the series of a frame's samples; its description stands where
// it is first used.
func (b *blockReader) shape(n uint64) []int {
	if n == uint64(len(b.shapes)) {
		c := &b.columns[colShape]
		shape := make([]int, c.count(1))
		for i := range shape {
			shape[i] = b.seriesAt(c.uint())
		}
		b.shapes = append(b.shapes, shape)
	}
	if n >= uint64(len(b.shapes)) || b.damaged {
		b.damaged = true
		return nil
	}
	return b.shapes[n]
}

// seriesAt returns the index of series n, which is described where it is first
// used.
func (b *blockReader) seriesAt(n uint64) int {
	if n == uint64(len(b.series)) && n < uint64(len(b.values)) {
		c := &b.columns[colSeries]
		s := series{}
		for _, text := range [...]*string{&s.measurand, &s.context, &s.phase, &s.location, &s.unit} {
			*text = b.text(colSeries)
		}
		s.multiplier, s.ownTime, s.signed = int(c.int()), c.bool(), c.bool()
		b.series = append(b.series, s)
	}
	if n >= uint64(len(b.series)) {
		b.damaged = true
		return 0
	}
	return int(n) //nolint:gosec // an index
}

// values are the decimals of one series.
type values struct {
	digits []int64
	scales []int // digits after the point; -1: the text says it
	texts  []string
}

func (v *values) add(d decimal.Decimal) {
	digits, scale, ok := plain(d.String())
	if !ok {
		v.scales = append(v.scales, -1)
		v.texts = append(v.texts, d.String())
		return
	}
	v.scales = append(v.scales, scale)
	v.digits = append(v.digits, digits)
}
