package rest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pylon/internal/kernel/fault"
)

// coded finds where an error gets its public code.
var coded = regexp.MustCompile(`fault\.(?:New|Wrap)\((?:\w+, )?fault\.(\w+), "([a-z0-9_]+)"`)

// Whatever reaches a client has words for people. This reads the code of every
// package whose errors can come this way.
func TestEveryCodeHasItsText(t *testing.T) {
	found := 0
	for _, dir := range []string{"kernel", "domain", "flow", "store", "cluster", "edge/rest"} {
		err := filepath.WalkDir(filepath.Join("../..", dir), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			for _, match := range coded.FindAllStringSubmatch(string(text), -1) {
				found++
				if _, ok := catalogue[match[2]]; !ok && match[1] != "Internal" {
					t.Errorf("%s: code %s has no text in the catalogue of edge/rest", name, match[2])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 30 {
		t.Errorf("found %d codes only", found)
	}
}

func TestEveryTextIsWhole(t *testing.T) {
	for code, text := range catalogue {
		if text.title == "" || text.detail == "" || !strings.HasSuffix(text.detail, ".") && !strings.HasSuffix(text.detail, "}") {
			t.Errorf("%s: title %q, detail %q", code, text.title, text.detail)
		}
		if strings.ToLower(code) != code || strings.Contains(code, "-") {
			t.Errorf("code %s is not lower_snake", code)
		}
	}
}

func TestATextNeverShowsItsPlaceholders(t *testing.T) {
	tests := map[string]*fault.Error{
		"Station CP-1 has no connection.": fault.New(fault.Conflict, "station_offline", "since", "now", "station", "CP-1"),
		"The station is offline.":         fault.New(fault.Conflict, "station_offline"),
		"Station {x} has no connection.":  fault.New(fault.Conflict, "station_offline", "station", "{x}"),
	}
	for want, e := range tests {
		if got := textOf(e).detail; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestEveryKindHasAStatus(t *testing.T) {
	seen := map[int]fault.Kind{}
	for k := fault.Internal; k <= fault.UpstreamFailed; k++ {
		status, _ := statusOf(k)
		if other, twice := seen[status]; twice || status < 400 {
			t.Errorf("kind %d has status %d, as kind %d", k, status, other)
		}
		seen[status] = k
	}
}

func TestAnUnknownCodeHasWordsAllTheSame(t *testing.T) {
	got := textOf(fault.New(fault.Conflict, "moon_is_full"))
	if got.title != "Moon is full" {
		t.Errorf("got %+v", got)
	}
}
