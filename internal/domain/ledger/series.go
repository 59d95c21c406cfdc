package ledger

import (
	"strings"
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// SeriesID names a series: its organisation and its name.
type SeriesID string

// Series numbers documents without a gap: a number is drawn by the commit that
// posts its document, so that one that fails draws none. A series begins and
// never changes; for another format, or another year, there is another series.
type Series struct {
	Organisation ident.OrganisationID
	Name         string // such as invoice-2026
	Format       string // of a number: one run of # stands for the digits, as in R26-######
	First        int64  // the first number, at least 1
	Next         int64  // the number that is drawn next: nobody writes it, a new series begins with First
	CreatedAt    time.Time
}

const (
	seriesNameMax   = 32
	seriesFormatMax = 30 // e-invoices and banks take 35 characters and a few more
)

// ID returns the identifier of the series.
func (s Series) ID() SeriesID { return SeriesID(string(s.Organisation) + "/" + s.Name) }

// Name returns the name of the series within its organisation.
func (id SeriesID) Name() string {
	_, name, _ := strings.Cut(string(id), "/")
	return name
}

// Validate refuses a series that cannot be begun: an error of kind Invalid.
func (s Series) Validate() error {
	switch {
	case s.Organisation == "":
		return fault.InvalidField("/organisation", "required", "whose documents they are")
	case s.Name == "" || !plain(s.Name, seriesNameMax) || strings.Contains(s.Name, "/"):
		return fault.InvalidField("/name", "malformed", "has 1 to 32 printable characters of ASCII, none of them /")
	case !plain(s.Format, seriesFormatMax):
		return fault.InvalidField("/format", "malformed", "has at most 30 printable characters of ASCII")
	case len(strings.FieldsFunc(s.Format, func(r rune) bool { return r != '#' })) != 1:
		return fault.InvalidField("/format", "malformed", "has one run of #, where the digits are")
	case s.First < 1:
		return fault.InvalidField("/first", "out_of_range", "is at least 1")
	}
	return nil
}

// Written returns a number as its documents bear it: with zeros before it as
// the format has room, and longer when it has not.
func (s Series) Written(number int64) string {
	from := strings.Index(s.Format, "#")
	if from < 0 {
		return decimalOf(number, 1)
	}
	width := strings.LastIndex(s.Format, "#") - from + 1
	return s.Format[:from] + decimalOf(number, width) + s.Format[from+width:]
}
