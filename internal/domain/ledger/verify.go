package ledger

import (
	"fmt"
	"maps"
	"slices"

	"pylon/internal/kernel/ident"
)

// Breach is a row of the books that is not as it was written, or not there.
type Breach struct {
	Organisation ident.OrganisationID // "": the row that would say it is gone
	Code         BreachCode
	Subject      string // the identifier of the journal, transfer, account or series, or its place
	Detail       string // what is wrong, in words
}

// BreachCode says what is wrong.
type BreachCode string

// The breaches.
const (
	JournalChanged  BreachCode = "journal_changed"  // the journal, one of its transfers or its hash is not as it was written
	JournalMissing  BreachCode = "journal_missing"  // taken out
	JournalUnknown  BreachCode = "journal_unknown"  // slipped in behind the last
	TransferUnknown BreachCode = "transfer_unknown" // of no journal
	AccountMissing  BreachCode = "account_missing"  // a transfer's is not there, or not of its unit
	BalanceWrong    BreachCode = "balance_wrong"    // not the sum of the account's transfers
	AccountChanged  BreachCode = "account_changed"  // its identifier does not follow from what it says, or its limits, or its parts
	NumbersBroken   BreachCode = "numbers_broken"   // a series has a gap
)

// Chain is how far the journals of a stream reach.
type Chain struct {
	Stream int64
	Head   int64 // the number of the last journal
	Hash   Hash  // its
}

// Walk follows the chains: it is shown every journal of the books in the order
// of their places, and tells the first of each chain that is not as it was
// written; the rest of that chain would be only its consequence. Journals may be
// posted meanwhile.
type Walk struct {
	heads    map[int64]Chain // as they were before the first journal was read, less those that were reached
	at       Chain           // how far the chain that it follows is right
	broken   bool            // and the next is not
	behind   []*Record       // of each chain that reaches beyond its head, the last
	Breaches []Breach
}

// NewWalk begins a walk with the heads of all chains, read before any journal.
func NewWalk(heads []Chain) *Walk {
	w := &Walk{heads: map[int64]Chain{}}
	for _, h := range heads {
		w.heads[h.Stream] = h
	}
	return w
}

// Next is shown the next journal.
func (w *Walk) Next(r *Record) {
	if r.Place.Stream != w.at.Stream {
		w.leave()
		w.at, w.broken = Chain{Stream: r.Place.Stream}, false
	}
	if w.broken {
		return
	}
	if r.Place.Number != w.at.Head+1 {
		w.missing(w.at)
		return
	}
	hash := Link(w.at.Hash, r.Place, r.Number, r.Digest())
	head := w.heads[r.Place.Stream]
	if hash != r.Hash || r.Place.Number == head.Head && hash != head.Hash {
		w.broken = true
		w.Breaches = append(w.Breaches, Breach{
			r.Organisation, JournalChanged, string(r.ID),
			fmt.Sprintf("journal %d of stream %d, one of its transfers or its hash is not as it was written", r.Place.Number, r.Place.Stream),
		})
		return
	}
	w.at.Head, w.at.Hash = r.Place.Number, hash
	if w.at.Head > head.Head {
		if last := len(w.behind) - 1; last < 0 || w.behind[last].Place.Stream != r.Place.Stream {
			w.behind = append(w.behind, nil)
		}
		w.behind[len(w.behind)-1] = r
	}
}

// missing tells that the journal behind a place is not there.
func (w *Walk) missing(at Chain) {
	w.broken = true
	w.Breaches = append(w.Breaches, Breach{
		"", JournalMissing, fmt.Sprintf("%d/%d", at.Stream, at.Head+1), fmt.Sprintf("journal %d of stream %d is not there", at.Head+1, at.Stream),
	})
}

// leave ends a chain: it must reach its head.
func (w *Walk) leave() {
	if !w.broken && w.at.Head < w.heads[w.at.Stream].Head {
		w.missing(w.at)
	}
	delete(w.heads, w.at.Stream)
}

// End ends the walk with the heads of all chains, read after the last journal.
func (w *Walk) End(heads []Chain) {
	w.leave()
	for _, stream := range slices.Sorted(maps.Keys(w.heads)) { // of which no journal is there
		if w.heads[stream].Head > 0 {
			w.missing(Chain{Stream: stream})
		}
	}
	after := map[int64]int64{}
	for _, h := range heads {
		after[h.Stream] = h.Head
	}
	for _, r := range w.behind {
		if r.Place.Number > after[r.Place.Stream] {
			w.Breaches = append(w.Breaches, Breach{
				r.Organisation, JournalUnknown, string(r.ID),
				fmt.Sprintf("journal %d of stream %d stands behind the end of its chain", r.Place.Number, r.Place.Stream),
			})
		}
	}
}

// Balance is an account as it stands in the books, its parts together.
type Balance struct {
	ID ident.AccountID
	Account
	Balance int64 // debits less credits
}

// Replayed is an account with what its transfers come to.
type Replayed struct {
	Balance
	Transfers   int64    // debits less credits, added up anew
	Least, Most [2]int64 // between what its parts must stay: of all parts the lowest and the highest
	Parts       [2]int64 // the first and the last of them
}

// Check tells what is wrong with an account.
func (r *Replayed) Check() []Breach {
	var found []Breach
	least, most := r.Class.Limits()
	last := int64(0)
	if r.Class.Hot() {
		last = Shards - 1
	}
	if r.ID != r.Account.ID() || r.Least != [2]int64{least, least} || r.Most != [2]int64{most, most} || r.Parts[0] < 0 || r.Parts[1] > last {
		found = append(found, Breach{r.Organisation, AccountChanged, string(r.ID), "its identifier, its limits or its parts do not follow from what it is"})
	}
	if r.Balance.Balance != r.Transfers {
		found = append(found, Breach{
			r.Organisation, BalanceWrong, string(r.ID), fmt.Sprintf("its balance is %d, and its transfers come to %d %s", r.Balance.Balance, r.Transfers, r.Unit),
		})
	}
	return found
}

// Numbered is a series with the numbers of its documents.
type Numbered struct {
	Series
	Documents, Lowest, Highest int64
}

// Check tells what is wrong with the numbers of a series: each is of one document.
func (n *Numbered) Check() []Breach {
	drawn := n.Next - n.First
	if n.Documents == drawn && (drawn == 0 || n.Lowest == n.First && n.Highest == n.Next-1) {
		return nil
	}
	return []Breach{{
		n.Organisation, NumbersBroken, string(n.ID()),
		fmt.Sprintf("%d numbers were drawn from %d on, and there are %d documents, from %d to %d", drawn, n.First, n.Documents, n.Lowest, n.Highest),
	}}
}

// Report is what a verification has seen.
type Report struct {
	Journals, Transfers, Accounts int64
	Breaches                      []Breach // the first of each chain, and every other row
	Cut                           bool     // there are more than BreachesMax
}

// BreachesMax bounds a report: whoever has so many looks for their cause.
const BreachesMax = 1000

// Add adds breaches, as far as there is room.
func (r *Report) Add(found ...Breach) {
	for _, b := range found {
		if len(r.Breaches) == BreachesMax {
			r.Cut = true
			return
		}
		r.Breaches = append(r.Breaches, b)
	}
}
