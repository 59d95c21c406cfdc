package metering

import (
	"cmp"
	"slices"
	"strconv"
)

// Pages looks through the sets of a station, of many sessions or of none, for pages that
// are missing or stand for two sets, device by device and for transactions and the rest apart. Only
// what is verified counts: anyone can write a number. The problems are in order of device and page; what is
// before the first page and after the last, nobody knows.
func Pages(values []Value) []Problem {
	streams, seen := map[stream][]numbered{}, map[origin]bool{}
	for i := range values {
		v := &values[i]
		if v.Verdict != Verified {
			continue
		}
		of := streamOf(v)
		if once := (origin{of, v.Set.Signed}); !seen[once] {
			seen[once] = true
			streams[of] = append(streams[of], numbered{v.Set.Page, i})
		}
	}
	var problems []Problem
	for _, of := range sorted(streams) {
		list := streams[of]
		slices.SortStableFunc(list, func(a, b numbered) int { return cmp.Compare(a.page.Number, b.page.Number) })
		for i := 1; i < len(list); i++ {
			for _, p := range between(list[i-1].page, list[i].page, list[i].value, nil) {
				p.Values = append(p.Values, "gateway", of.gateway, "meter", of.meter)
				problems = append(problems, p)
			}
		}
	}
	return problems
}

// Elsewhere returns the pages of those values that are of the device that signed the one,
// for [Known].
func Elsewhere(values []Value, one *Value) []Page {
	var pages []Page
	for i := range values {
		if v := &values[i]; v.Verdict == Verified && one.Set != nil && streamOf(v) == streamOf(one) {
			pages = append(pages, v.Set.Page)
		}
	}
	return pages
}

// stream is what has a counter of its own: a gateway counts for all its meters, a meter that
// signs by itself for itself.
type stream struct {
	gateway, meter, key string
	fiscal              bool
}

func streamOf(v *Value) stream {
	of := stream{gateway: v.Set.Gateway.Serial, key: v.Key.DER, fiscal: v.Set.Page.Fiscal}
	if of.gateway == "" {
		of.meter = v.Set.Meter.Serial
	}
	return of
}

// origin is what makes a set: the same one may come twice.
type origin struct {
	of     stream
	signed string
}

type numbered struct {
	page  Page
	value int
}

// sorted returns the streams in the order in which their first sets came.
func sorted(streams map[stream][]numbered) []stream {
	var order []stream
	for of := range streams {
		order = append(order, of)
	}
	slices.SortFunc(order, func(a, b stream) int { return streams[a][0].value - streams[b][0].value })
	return order
}

// between tells what is wrong between two pages of one stream that should follow each
// other, but for those that are elsewhere.
func between(before, page Page, value int, elsewhere []Page) []Problem {
	if before.Number == page.Number {
		return []Problem{{PageRepeated, value, []string{"page", strconv.FormatUint(page.Number, 10)}}}
	}
	missing := page.Number - before.Number - 1
	others := map[uint64]bool{}
	for _, p := range elsewhere {
		if p.Fiscal == page.Fiscal && before.Number < p.Number && p.Number < page.Number {
			others[p.Number] = true
		}
	}
	if missing -= uint64(len(others)); missing == 0 {
		return nil
	}
	return []Problem{{PageGap, value, []string{
		"after", strconv.FormatUint(before.Number, 10), "before", strconv.FormatUint(page.Number, 10), "missing", strconv.FormatUint(missing, 10),
	}}}
}
