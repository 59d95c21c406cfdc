package ident_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// bodyOf is a well-formed identifier without its prefix.
const bodyOf = "01JD3K6X5M8Q2V7T9WBNCRFHYZ"

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name string
		text string
		ok   bool
	}{
		{"well formed", "sta_" + bodyOf, true},
		{"the first there can be", "sta_" + strings.Repeat("0", 26), true},
		{"the last there can be", "sta_7" + strings.Repeat("Z", 25), true},
		{"more than 128 bits", "sta_8" + strings.Repeat("0", 25), false},
		{"nothing", "", false},
		{"a prefix alone", "sta_", false},
		{"no prefix", bodyOf, false},
		{"another kind", "ses_" + bodyOf, false},
		{"prefix in capitals", "STA_" + bodyOf, false},
		{"one short", "sta_" + bodyOf[1:], false},
		{"one long", "sta_" + bodyOf + "0", false},
		{"small letters", "sta_" + strings.ToLower(bodyOf), false},
		{"a letter Crockford leaves out", "sta_" + bodyOf[:25] + "U", false},
		{"a line break", "sta_" + bodyOf[:25] + "\n", false},
		{"beyond ASCII", "sta_" + bodyOf[:24] + "é", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ident.Parse[ident.StationID](c.text)
			if c.ok && (err != nil || string(got) != c.text) {
				t.Errorf("got %q and %v, want it back", got, err)
			}
			if !c.ok && (got != "" || !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "identifier_malformed") {
				t.Errorf("got %q and %v, want identifier_malformed", got, err)
			}
		})
	}
}

// An identifier of each kind parses as its own kind only.
func TestKinds(t *testing.T) {
	now := time.Unix(1_763_726_400, 0)
	kinds := []struct {
		made  string
		parse func(string) error
	}{
		kind[ident.OrganisationID](now), kind[ident.SiteID](now), kind[ident.StationID](now), kind[ident.TokenID](now),
		kind[ident.SessionID](now), kind[ident.CommandID](now), kind[ident.KeyID](now), kind[ident.FindingID](now),
		kind[ident.AuditID](now), kind[ident.TemplateID](now), kind[ident.NodeID](now),
	}
	for i, made := range kinds {
		for j, parser := range kinds {
			if err := parser.parse(made.made); (err == nil) != (i == j) {
				t.Errorf("%s parsed like %s: got %v", made.made, parser.made, err)
			}
		}
	}
}

func kind[T ident.ID](now time.Time) (k struct {
	made  string
	parse func(string) error
},
) {
	k.made = string(ident.New[T](now))
	k.parse = func(s string) error { _, err := ident.Parse[T](s); return err }
	return k
}

// Identifiers sort as their milliseconds do, and parse back.
func TestNewSortsByTime(t *testing.T) {
	const last = 1<<48 - 1 // the year 10889
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(rapid.Int64Range(0, last), 2, 8).Draw(t, "ms")
		slices.Sort(times)
		var before ident.SessionID
		for i, ms := range times {
			id := ident.New[ident.SessionID](time.UnixMilli(ms))
			if got, err := ident.Parse[ident.SessionID](string(id)); err != nil || got != id {
				t.Fatalf("%s at %d: got %q and %v back", id, ms, got, err)
			}
			if i > 0 && ms > times[i-1] && id <= before {
				t.Fatalf("%s at %d is not behind %s at %d", id, ms, before, times[i-1])
			}
			before = id
		}
	})
}

// The millisecond stands in the first ten characters, as in a ULID: the same
// for all of a moment, and known from the outside.
func TestNewCarriesTheTime(t *testing.T) {
	for _, c := range []struct {
		name string
		at   time.Time
		want string
	}{
		{"the epoch", time.UnixMilli(0), "0000000000"},
		{"a millisecond later", time.UnixMilli(1), "0000000001"},
		{"the example of the ULID specification", time.UnixMilli(1_469_918_176_385), "01ARYZ6S41"},
		{"the last", time.UnixMilli(1<<48 - 1), "7ZZZZZZZZZ"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(ident.New[ident.KeyID](c.at))[4:14]; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestNewNeverRepeats(t *testing.T) {
	const many = 10_000
	now, seen := time.UnixMilli(0), make(map[ident.TokenID]bool, many)
	for range many {
		seen[ident.New[ident.TokenID](now)] = true
	}
	if got := len(seen); got != many {
		t.Errorf("identifiers of one millisecond: got %d, want %d", got, many)
	}
}

func TestParseIdentity(t *testing.T) {
	for _, c := range []struct {
		name string
		text string
		code string // "": it is one
	}{
		{"one character", "a", ""},
		{"the longest", strings.Repeat("x", 64), ""},
		{"as makers write them", "DE*ABC|E+2-1_7.B=a@b", ""},
		{"the first printable", "!", ""},
		{"the last printable", "~", ""},
		{"nothing", "", "station_identity_length"},
		{"too long", strings.Repeat("x", 65), "station_identity_length"},
		{"a space", "a b", "station_identity_character"},
		{"delete", "a\x7f", "station_identity_character"},
		{"a control character", "a\x1f", "station_identity_character"},
		{"a slash", "a/b", "station_identity_character"},
		{"a colon", "a:b", "station_identity_character"},
		{"beyond ASCII", "ä", "station_identity_character"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ident.ParseIdentity(c.text)
			if c.code == "" && (err != nil || string(got) != c.text) {
				t.Errorf("got %q and %v, want it back", got, err)
			}
			if c.code != "" && (got != "" || !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != c.code) {
				t.Errorf("got %q and %v, want %s", got, err, c.code)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("sta_" + bodyOf)
	f.Add("sta_")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := ident.Parse[ident.StationID](s); err == nil && (string(id) != s || len(s) != len("sta_")+26) {
			t.Errorf("%q became %q", s, id)
		}
	})
}

// What has no other name than its parts has the same identifier wherever it is
// made, and another one when a letter moves from one part to the next.
func TestDerive(t *testing.T) {
	id := ident.Derive[ident.AccountID]("org_a", "wallet", "drv")
	if got, err := ident.Parse[ident.AccountID](string(id)); err != nil || got != ident.Derive[ident.AccountID]("org_a", "wallet", "drv") {
		t.Errorf("got %s, %v, want %s", got, err, id)
	}
	seen := map[ident.AccountID]bool{}
	for _, parts := range [][]string{{"org_a", "wallet", "drv"}, {"org_aw", "allet", "drv"}, {"org_a", "walletdrv"}, {"org_a", "wallet", "drv", ""}, nil, {""}} {
		seen[ident.Derive[ident.AccountID](parts...)] = true
	}
	if len(seen) != 6 {
		t.Errorf("six accounts have %d identifiers", len(seen))
	}
}
