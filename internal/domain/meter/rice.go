package meter

// Numbers that are mostly small are written in Rice's code: what is above the
// lowest k bits as that many ones and a zero, then the k bits. Of the noise of a
// meter, which no compressor finds a pattern in, that takes little more than
// there is of it.

// riceLimit is how many ones at most there are; so many mean that the number
// follows as it is, in 64 bits.
const riceLimit = 24

// rice returns the numbers in their code: a byte for k, then the bits, with zeros
// up to a whole byte. How many there are is for the reader to know.
func rice(of []int64) []byte {
	k := riceBits(of)
	w := bitWriter{buf: []byte{byte(k)}} //nolint:gosec // riceBitsMax at most
	for _, v := range of {
		u := zigzag(v)
		high := u >> k
		if high >= riceLimit {
			w.bits(1<<riceLimit-1, riceLimit)
			w.bits(u>>32, 32)
			w.bits(u&(1<<32-1), 32)
			continue
		}
		w.bits(1<<(high+1)-2, int(high)+1)
		w.bits(u&(1<<k-1), k)
	}
	return w.buf
}

// unrice takes n numbers that rice has written from r.
func unrice(r *reader, n int) []int64 {
	k := int(r.byte())
	if k > riceBitsMax || n > 8*len(r.data) {
		r.fail()
		return nil
	}
	b := bitReader{data: r.data}
	of := make([]int64, n)
	for i := range of {
		high := 0
		for high < riceLimit && b.bits(1) == 1 {
			high++
		}
		u := uint64(high) << k
		if high == riceLimit {
			u = b.bits(32)<<32 | b.bits(32)
		} else {
			u |= b.bits(k)
		}
		of[i] = int64(u>>1) ^ -int64(u&1)
	}
	if b.failed {
		r.fail()
		return nil
	}
	r.data = r.data[(b.at+7)/8:]
	return of
}

// riceBitsMax is the largest k: beyond it nothing is small.
const riceBitsMax = 32

// riceBits returns the k that makes the code of the numbers shortest.
func riceBits(of []int64) int {
	best, least := 0, riceSize(of, 0)
	for k := 1; k <= riceBitsMax; k++ {
		if n := riceSize(of, k); n < least {
			best, least = k, n
		}
	}
	return best
}

// riceSize is how many bits the numbers take with k.
func riceSize(of []int64, k int) int {
	n := 0
	for _, v := range of {
		if high := zigzag(v) >> k; high < riceLimit {
			n += int(high) + 1 + k
		} else {
			n += riceLimit + 64
		}
	}
	return n
}

// zigzag makes small numbers of either sign small.
func zigzag(v int64) uint64 {
	return uint64(v)<<1 ^ uint64(v>>63) //nolint:gosec // bits, not a quantity
}

// bitWriter appends bits, the highest first.
type bitWriter struct {
	buf  []byte
	room int // free bits of the last byte
}

// bits appends the n lowest bits of v; n is 32 at most.
func (w *bitWriter) bits(v uint64, n int) {
	for n > 0 {
		if w.room == 0 {
			w.buf, w.room = append(w.buf, 0), 8
		}
		some := min(n, w.room)
		n -= some
		w.room -= some
		w.buf[len(w.buf)-1] |= byte(v>>n&(1<<some-1)) << w.room //nolint:gosec // eight bits at most
	}
}

// bitReader takes bits from data. Behind its end it returns zeros and fails.
type bitReader struct {
	data   []byte
	at     int
	failed bool
}

func (r *bitReader) bits(n int) (v uint64) {
	for n > 0 {
		if r.at/8 >= len(r.data) {
			r.failed = true
			return 0
		}
		left := 8 - r.at%8
		some := min(n, left)
		v = v<<some | uint64(r.data[r.at/8]>>(left-some))&(1<<some-1)
		r.at += some
		n -= some
	}
	return v
}
