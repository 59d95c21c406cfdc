package document

import "time"

// sheet is a document in words: all that is to be read, in the order of reading.
// HTML and PDF lay it out; neither knows amounts, languages or zones.
type sheet struct {
	Language string // BCP 47
	Issued   time.Time
	Title    string // kind and number
	Kind     string
	Number   string

	Issuer   party
	Customer party // without lines: not known
	Facts    []fact
	Headline fact   // what it comes to
	State    string // paid, or payable by when

	Basis    string // what the amounts of the lines include
	Columns  columns
	Groups   []group
	Sums     []sum
	Taxes    table
	Relief   string // why a rate is 0
	Payments table

	Charges []session
	Listing table // of sessions that have bills of their own, a row for each
	Words   words
	Footer  []string // one line about the issuer, item by item
	Pages   func(page, pages string) string
}

// words are the headings.
type words struct {
	Lines, Taxes, Payments, Session, Sessions, Steps, Signed, Format, PublicKey, Data string
}

// party is who issues or gets the document.
type party struct {
	Word  string
	Name  string
	Lines []string
	Facts []fact
}

// fact is a label and what stands there.
type fact struct{ Label, Value string }

// columns are the headings of lines.
type columns struct{ Item, Quantity, Price, VAT, Amount string }

// group holds the lines of a cost centre; without a name it is the only one.
type group struct {
	Name     string
	Blocks   []block
	Subtotal sum
	Count    string // sessions and energy
}

// block holds the lines of a session; the only one of a document has no title.
type block struct {
	Title, Detail string
	Lines         []line
}

// line is one line of the bill.
type line struct {
	Item, Quantity, Price, VAT, Amount string
	Credit                             bool // takes something off
}

// sum is a line of the totals.
type sum struct {
	Label, Amount string
	Strong        bool
}

// table is a small table whose first column is text and the others figures.
type table struct {
	Head []string
	Rows [][]string
}

// session tells of a charge.
type session struct {
	Title  string
	Brief  bool // one of many: its facts stand in a few lines
	Facts  []fact
	Tariff fact // its text, in lines
	Texts  []string
	Steps  []string
	Signed []reading
}

// reading is a signed one.
type reading struct {
	Nature, At, Energy, Verdict string
	Trust                       string // verified, failed, not_verifiable: how it is shown
	Format, Data, PublicKey     string
}
