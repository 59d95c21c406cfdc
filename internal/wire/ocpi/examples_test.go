package ocpi_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pylon/internal/wire/ocpi"
	"pylon/internal/wire/ocpi221"
	"pylon/internal/wire/ocpi230"
)

// shared returns a folder of those that PYLON_SHARED has.
func shared(t testing.TB, parts ...string) string {
	t.Helper()
	folder := os.Getenv("PYLON_SHARED")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "shared")
	}
	folder = filepath.Join(append([]string{folder}, parts...)...)
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("PYLON_SHARED has no such folder: %v", err)
		}
		t.Skipf("PYLON_SHARED has no such folder: %v", err)
	}
	return folder
}

// examples returns the specification's own objects whose file begins with prefix, by name.
func examples(t testing.TB, version, prefix string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(shared(t, "spec", "ocpi", version, "examples"), prefix+"*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no examples %s of OCPI %s: %v", prefix, version, err)
	}
	found := map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimSuffix(filepath.Base(name), ".json")] = data
	}
	return found
}

// kind is a structure under test.
type kind struct {
	version, prefix string // of the examples
	make            func() ocpi.Object
}

// name names the structure.
func (k kind) name() string { return k.prefix + " " + k.version }

func kinds() []kind {
	return []kind{
		{"2.2.1", "tariff", func() ocpi.Object { return new(ocpi221.Tariff) }},
		{"2.3.0", "tariff", func() ocpi.Object { return new(ocpi230.Tariff) }},
		{"2.2.1", "cdr", func() ocpi.Object { return new(ocpi221.CDR) }},
		{"2.3.0", "cdr", func() ocpi.Object { return new(ocpi230.CDR) }},
		{"2.3.0", "type_displaytext", func() ocpi.Object { return new(ocpi.DisplayText) }},
		{"2.3.0", "location_energymix", func() ocpi.Object { return new(mixed) }},
	}
}

// mixed is a part of a location.
type mixed struct {
	EnergyMix ocpi.EnergyMix `json:"energy_mix"`
}

// Check implements [ocpi.Object].
func (m *mixed) Check(r *ocpi.Report) {
	ocpi.Within(r, "energy_mix", &m.EnergyMix, (*ocpi.EnergyMix).Check)
}
