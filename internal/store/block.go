package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"pylon/internal/domain/meter"
	"pylon/internal/kernel/ident"
)

// block is a row of meter_blocks: frames of one session that follow each
// other, column by column, compressed as far as that is worth while.
type block struct {
	station     ident.StationID
	session     ident.SessionID
	first, last int64 // numbers of the first and the last frame
	org         ident.OrganisationID
	frames      int
	samples     int
	body        []byte
}

// blocks is the table of blocks.
var blocks = table[block]{"meter_blocks", 3, 5, func(to []column, b *block) []column {
	return append(to,
		text("station", &b.station),
		text("session", &b.session),
		number("first_number", &b.first),
		number("last_number", &b.last),
		text("org", &b.org),
		number("frames", &b.frames),
		number("samples", &b.samples),
		blob("body", &b.body),
	)
}}

// packer makes blocks and opens them. It is safe for concurrent use.
type packer struct {
	encoder *zstd.Encoder // of blocks
	texts   *zstd.Encoder // of documents
	decoder *zstd.Decoder
}

// blockMax bounds what a block may grow to when it is opened: far more than
// blockFrames frames with signed values, and no more than a process can spare.
const blockMax = 64 << 20

func newPacker() (packer, error) {
	// Blocks are small, are written once and stay for years: the best level pays.
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression),
		zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return packer{}, fmt.Errorf("compressor: %w", err)
	}
	// Documents are written again and again: a tenth more of size costs less than the time.
	texts, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(2), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return packer{}, fmt.Errorf("compressor: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(blockMax), zstd.WithDecoderConcurrency(0))
	if err != nil {
		return packer{}, fmt.Errorf("decompressor: %w", err)
	}
	return packer{encoder, texts, decoder}, nil
}

// pack returns the frames as a block. They are of one session, in order.
func (p packer) pack(org ident.OrganisationID, frames []meter.Frame) block {
	b := block{
		station: frames[0].Station, session: frames[0].Session, org: org,
		first: frames[0].Number, last: frames[len(frames)-1].Number, frames: len(frames),
	}
	for i := range frames {
		b.samples += len(frames[i].Samples)
	}
	packed := meter.Pack(frames)
	b.body = binary.AppendUvarint([]byte{denseBody}, uint64(len(packed.Dense)))
	b.body = p.encoder.EncodeAll(packed.Loose, append(b.body, packed.Dense...))
	return b
}

// denseBody is the first byte of a block's body that has a dense part, its length
// before it, ahead of what is compressed. A body without begins as zstd does.
const denseBody = 2

// parts takes a body apart.
func (b *block) parts() (dense, compressed []byte, err error) {
	if len(b.body) == 0 || b.body[0] != denseBody {
		return nil, b.body, nil
	}
	n, width := binary.Uvarint(b.body[1:])
	rest := b.body[1+max(width, 0):]
	if width <= 0 || n > uint64(len(rest)) {
		return nil, nil, errors.New("body is cut")
	}
	return rest[:n], rest[n:], nil
}

// open returns the frames of a block.
func (p packer) open(b *block) ([]meter.Frame, error) {
	dense, compressed, err := b.parts()
	if err != nil {
		return nil, fmt.Errorf("block %s %s %d: %w", b.station, b.session, b.first, err)
	}
	loose, err := p.decoder.DecodeAll(compressed, nil)
	if err != nil {
		return nil, fmt.Errorf("block %s %s %d: %w", b.station, b.session, b.first, err)
	}
	frames, err := meter.Block{Loose: loose, Dense: dense}.Frames()
	if err != nil {
		return nil, fmt.Errorf("block %s %s %d: %w", b.station, b.session, b.first, err)
	}
	for i := range frames {
		frames[i].Station, frames[i].Session = b.station, b.session
	}
	return frames, nil
}
