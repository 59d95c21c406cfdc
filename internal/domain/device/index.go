package device

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"pylon/internal/kernel/ident"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Entry is a value that stations can be searched by.
type Entry struct {
	EVSE  int
	Key   string // [Name.Key]
	Value string
}

// Search chooses indexed values of an organisation's stations.
type Search struct {
	Name  Name    // what to look at; EVSE 0 is any EVSE
	Value *string // nil: any
}

// Found is a value that a [Search] found.
type Found struct {
	Station  ident.StationID
	Identity ident.Identity
	EVSE     int
	Value    string
}

// Indexed reports whether stations can be searched by a variable that nobody
// desires: few, because each is a row for every station.
func Indexed(n Name) bool {
	switch strings.ToLower(n.Variable) {
	case "heartbeatinterval", // who is noisy, who is seen late
		"meterintervalsampleinterval", "metervaluesampleinterval", "txupdatedinterval", // how fine sessions are metered
		"securityprofile",              // who is still to be raised
		"networkconfigurationpriority", // where a station goes when it loses us
		"supportedfeatureprofiles",     // 1.6: what it can do at all
		"vendorname", "model",          // 2.x: what it is made of, cards and meters too
		"firmwareversion",               // of its parts
		"serialnumber", "iccid", "imsi", // a part, or a card, that somebody holds in his hand
		"problem", "availabilitystate": // who has a broken part
		return true
	}
	return false
}

// indexedMax bounds the entries of a station for what nobody desires: each of
// its parts may have a few.
const indexedMax = 500

// Index returns the entries for what is known and desired, by EVSE and key.
func Index(m Model, desired []Desired) []Entry {
	var all []Entry
	unwanted := 0
	for i := range m {
		for j := range m[i].Variables {
			v := &m[i].Variables[j]
			text := v.actual()
			if text == nil {
				continue
			}
			if _, wanted := search(desired, Setting{Name: v.Name}); !wanted {
				if unwanted >= indexedMax || !Indexed(v.Name) {
					continue
				}
				unwanted++
			}
			all = append(all, Entry{EVSE: v.EVSE, Key: v.Key(), Value: *text})
		}
	}
	slices.SortFunc(all, compareEntries)
	return slices.CompactFunc(all, func(a, b Entry) bool { return compareEntries(a, b) == 0 })
}

// Reindex returns what changes from one index to another.
func Reindex(before, after []Entry) (put, drop []Entry) {
	for _, e := range after {
		if i, ok := slices.BinarySearchFunc(before, e, compareEntries); !ok || before[i].Value != e.Value {
			put = append(put, e)
		}
	}
	for _, e := range before {
		if _, ok := slices.BinarySearchFunc(after, e, compareEntries); !ok {
			drop = append(drop, e)
		}
	}
	return put, drop
}

func compareEntries(a, b Entry) int {
	if a.EVSE != b.EVSE {
		return cmp.Compare(a.EVSE, b.EVSE)
	}
	return strings.Compare(a.Key, b.Key)
}

// actual is the variable's actual value, nil when it has none.
func (v *Variable) actual() *string {
	for i := range v.Values {
		if v.Values[i].Attribute == Actual {
			return v.Values[i].Text
		}
	}
	return nil
}
