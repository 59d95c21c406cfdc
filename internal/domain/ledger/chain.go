package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"pylon/internal/kernel/ident"
)

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Of the bytes that are hashed: another form of them gets another name, so that
// what was hashed before stays what it is.
const (
	contentForm = "pylon journal 1"
	linkForm    = "pylon chain 1"
)

// Place is where a journal stands: in the stream of the committer that wrote
// it, by its number in it, from 1.
type Place struct{ Stream, Number int64 }

// Line is a transfer as it is written: accounts by their identifiers.
type Line struct {
	Journal       ident.JournalID
	Index         int64 // in its journal, from 0
	Debit, Credit ident.AccountID
	Unit          Unit
	Amount        int64
}

// ID returns the name of the line: its journal's and its index.
func (l *Line) ID() string { return LineID(l.Journal, l.Index) }

// LineID returns the name of a journal's line.
func LineID(of ident.JournalID, index int64) string { return fmt.Sprintf("%s/%d", of, index) }

// Record is a journal as it stands in the books; its Transfers are its Lines.
type Record struct {
	Journal
	Lines []Line
	Place Place
	Hash  Hash
}

// Record returns a journal as it is written, except what the commit adds: its
// place, its hash and the number of its document.
func (j Journal) Record() Record {
	r := Record{Journal: j, Lines: make([]Line, len(j.Transfers))}
	for i, t := range j.Transfers {
		r.Lines[i] = Line{Journal: j.ID, Index: int64(i), Debit: t.Debit.ID(), Credit: t.Credit.ID(), Unit: t.Debit.Unit, Amount: t.Amount}
	}
	return r
}

// Digest returns the hash of what a journal says, its lines included:
// everything but the number of its document, which the commit draws.
func (r *Record) Digest() Hash { return sha256.Sum256(r.content(true)) }

// Same reports whether two journals say the same, whenever it was: that one of
// them is the other, decided again.
func (r *Record) Same(other *Record) bool {
	return string(r.content(false)) == string(other.content(false))
}

// content returns the canonical bytes of a journal: each field with its length
// before it, so that no two journals have the same. What differs when the same
// is decided again is left out unless told is true.
func (r *Record) content(told bool) []byte {
	b := make([]byte, 0, 256+128*len(r.Lines))
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	number := func(n int64) { b = binary.BigEndian.AppendUint64(b, uint64(n)) } //nolint:gosec // the same bits
	text(contentForm)
	if told {
		text(string(r.ID))
		number(r.PostedAt.UnixMicro())
		number(r.EffectiveAt.UnixMicro())
	}
	for _, s := range []string{string(r.Organisation), string(r.Template), r.Source.Type, r.Source.ID, string(r.Reverses), string(r.Series)} {
		text(s)
	}
	number(r.Revision)
	number(int64(len(r.Lines)))
	for _, l := range r.Lines {
		if told {
			text(string(l.Journal))
			number(l.Index)
		}
		text(string(l.Debit))
		text(string(l.Credit))
		text(string(l.Unit))
		number(l.Amount)
	}
	return b
}

// Link returns the hash of a journal in its chain: over that of the one before
// it (of the first, no bytes but zeros), its place, the number of its document
// and its digest.
func Link(before Hash, at Place, document int64, digest Hash) Hash {
	b := make([]byte, 0, len(linkForm)+3*8+2*len(before))
	b = append(b, linkForm...)
	b = append(b, before[:]...)
	for _, n := range []int64{at.Stream, at.Number, document} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // the same bits
	}
	return sha256.Sum256(append(b, digest[:]...))
}

// decimalOf writes a number with at least so many digits.
func decimalOf(number int64, digits int) string { return fmt.Sprintf("%0*d", digits, number) }
