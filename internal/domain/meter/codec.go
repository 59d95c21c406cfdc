package meter

import (
	"fmt"
	"slices"

	"pylon/internal/kernel/decimal"
)

// frameCodec is the first byte of an encoded frame: how the rest is to be read.
const frameCodec = 1

// AppendFrame appends f to dst in a compact form of which [ParseFrame] makes
// the same frame again: digits, units, signed values and words as sent, byte
// for byte. What is not in it is what a frame is found by: Station, Session and
// Number. Times are kept to the microsecond, in UTC; a Decimal that nobody set
// comes back as the number 0 that it is.
//
// A frame of four samples takes about 70 bytes.
func AppendFrame(dst []byte, f *Frame) []byte {
	w := writer{buf: append(slices.Grow(dst, frameRoom+len(f.Samples)*sampleRoom), frameCodec)}
	w.int(int64(f.Source))
	w.bool(f.Offline)
	w.int(int64(f.EVSE))
	w.int(int64(f.Connector))
	w.int(f.SeqNo)
	w.blob(f.Digest)
	received := f.ReceivedAt.UnixMicro()
	w.int(received)
	w.stamp(stampOf(f.OccurredAt, f.AsSent), received)
	w.word(f.Answer)
	w.uint(uint64(len(f.Samples)))
	before := Sample{At: f.OccurredAt, AtAsSent: f.AsSent}
	for i := range f.Samples {
		w.sample(&f.Samples[i], &before)
		before = f.Samples[i]
	}
	return w.buf
}

// What a frame and a sample without signature usually take, so that the buffer
// need not grow.
const (
	frameRoom  = 48
	sampleRoom = 16
)

// ParseFrame reads what [AppendFrame] wrote. Station, Session and Number are
// the caller's to fill in. Damaged data is an error.
func ParseFrame(data []byte) (Frame, error) {
	r := reader{data: data}
	if codec := r.byte(); codec != frameCodec {
		return Frame{}, fmt.Errorf("frame: unknown encoding %d", codec)
	}
	f := Frame{
		Source:    Source(r.int()), //nolint:gosec // written from a Source
		Offline:   r.bool(),
		EVSE:      int(r.int()),
		Connector: int(r.int()),
		SeqNo:     r.int(),
		Digest:    r.blob(),
	}
	received := r.int()
	f.ReceivedAt = micro(received)
	sent := r.stamp(received)
	f.OccurredAt, f.AsSent = sent.time(), sent.text()
	f.Answer = r.word()
	n := r.count(sampleMin)
	if n > 0 {
		f.Samples = make([]Sample, n)
	}
	before := Sample{At: f.OccurredAt, AtAsSent: f.AsSent}
	for i := range f.Samples {
		r.sample(&f.Samples[i], &before)
		before = f.Samples[i]
	}
	return f, r.end("frame")
}

// The fields of a sample that may differ from those of the sample before.
const (
	otherTime = 1 << iota
	otherMeasurand
	otherContext
	otherPhase
	otherLocation
	otherUnit
	otherMultiplier
	signed
)

// sampleMin is the least that a sample takes: what differs, and a value of
// scale and digits.
const sampleMin = 3

// sample writes what differs from the sample before, and the value.
func (w *writer) sample(s, before *Sample) {
	what := byte(0)
	mark := func(bit byte, differs bool) {
		if differs {
			what |= bit
		}
	}
	mark(otherTime, !s.At.Equal(before.At) || s.AtAsSent != before.AtAsSent)
	mark(otherMeasurand, s.Measurand != before.Measurand)
	mark(otherContext, s.Context != before.Context)
	mark(otherPhase, s.Phase != before.Phase)
	mark(otherLocation, s.Location != before.Location)
	mark(otherUnit, s.Unit != before.Unit)
	mark(otherMultiplier, s.Multiplier != before.Multiplier)
	mark(signed, s.Signed != nil)
	w.buf = append(w.buf, what)
	if what&otherTime != 0 {
		w.stamp(stampOf(s.At, s.AtAsSent), before.At.UnixMicro())
	}
	for i, text := range [...]string{s.Measurand, s.Context, s.Phase, s.Location, s.Unit} {
		if what&(otherMeasurand<<i) != 0 {
			w.word(text)
		}
	}
	if what&otherMultiplier != 0 {
		w.int(int64(s.Multiplier))
	}
	w.value(s.Value)
	if s.Signed != nil {
		w.text(s.Signed.Data)
		w.text(s.Signed.SigningMethod)
		w.text(s.Signed.EncodingMethod)
		w.text(s.Signed.PublicKey)
	}
}

// sample reads what [writer.sample] wrote.
func (r *reader) sample(s, before *Sample) {
	*s = *before
	s.Signed = nil
	what := r.byte()
	if what&otherTime != 0 {
		sent := r.stamp(before.At.UnixMicro())
		s.At, s.AtAsSent = sent.time(), sent.text()
	}
	for i, text := range [...]*string{&s.Measurand, &s.Context, &s.Phase, &s.Location, &s.Unit} {
		if what&(otherMeasurand<<i) != 0 {
			*text = r.word()
		}
	}
	if what&otherMultiplier != 0 {
		s.Multiplier = int(r.int())
	}
	s.Value = r.value()
	if what&signed != 0 {
		s.Signed = &SignedValue{Data: r.text(), SigningMethod: r.text(), EncodingMethod: r.text(), PublicKey: r.text()}
	}
}

// value writes a decimal: its scale plus one and its digits as an integer, or
// 0 and the text of a number that is written in another way.
func (w *writer) value(d decimal.Decimal) {
	digits, scale, ok := plain(d.String())
	if !ok {
		w.uint(0)
		w.text(d.String())
		return
	}
	w.uint(uint64(scale) + 1) //nolint:gosec // scale is 0 to maxDigits
	w.int(digits)
}

func (r *reader) value() decimal.Decimal {
	switch scale := r.uint(); {
	case scale == 0:
		return r.decimal(r.text())
	case scale > maxDigits+1:
		r.fail()
		return decimal.Decimal{}
	default:
		return decimal.FromInt(r.int(), int(scale)-1)
	}
}

// decimal parses a number that was one when it was written.
func (r *reader) decimal(text string) decimal.Decimal {
	d, err := decimal.Parse(text)
	if err != nil {
		r.fail()
	}
	return d
}

// maxDigits is how many digits surely fit an int64.
const maxDigits = 18

// plain takes apart a number that [decimal.FromInt] writes in the same way:
// digits, perhaps a minus and a point, but no exponent, no plus and no minus
// zero. It returns the digits as an integer and how many stand after the point.
func plain(text string) (digits int64, scale int, ok bool) {
	i := 0
	if text != "" && text[0] == '-' {
		i = 1
	}
	negative, count, point := i == 1, 0, -1
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '.' && point < 0:
			point = i
		case c >= '0' && c <= '9' && count < maxDigits:
			digits = digits*10 + int64(c-'0')
			count++
		default:
			return 0, 0, false
		}
	}
	if point >= 0 {
		scale = len(text) - 1 - point
	}
	if negative {
		digits = -digits
	}
	return digits, scale, count > 0 && !(negative && digits == 0)
}
