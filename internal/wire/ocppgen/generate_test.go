package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCommittedCodeIsGenerated runs the generator and compares.
func TestCommittedCodeIsGenerated(t *testing.T) {
	for _, pkg := range []string{"ocpp16", "ocpp201", "ocpp21"} {
		t.Run(pkg, func(t *testing.T) {
			out := t.TempDir()
			if err := run(pkg, shared(t), out); err != nil {
				t.Fatal(err)
			}
			want := sources(t, out)
			got := sources(t, filepath.Join("..", pkg))
			for name, text := range want {
				if got[name] != text {
					t.Errorf("%s/%s is out of date: run go generate ./internal/wire/...", pkg, name)
				}
			}
			for name := range got {
				if _, ok := want[name]; !ok {
					t.Errorf("%s/%s is a leftover of an older generator", pkg, name)
				}
			}
		})
	}
}

// sources reads the generated files of a folder.
func sources(t *testing.T, folder string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*"+suffix))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no generated files: %v", folder, err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(path)] = string(text)
	}
	return texts
}

func TestGoName(t *testing.T) {
	tests := []struct{ name, want string }{
		{"evseId", "EVSEID"},
		{"idTagInfo", "IDTagInfo"},
		{"iso15118CertificateHashData", "ISO15118CertificateHashData"},
		{"dischargeLimit_L2", "DischargeLimitL2"},
		{"ocppCsmsUrl", "OCPPCSMSURL"},
		{"EvseKind", "EVSEKind"},
		{"NotifyEVChargingNeeds", "NotifyEVChargingNeeds"},
		{"AFRRSignal", "AFRRSignal"},
		{"prioritizedEMAIDs", "PrioritizedEMAIDs"},
		{"tariffIds", "TariffIDs"},
		{"targetSoC", "TargetSoC"},
		{"readonly", "Readonly"},
		{"vatNumber", "VATNumber"},
	}
	for _, test := range tests {
		if got := goName(test.name); got != test.want {
			t.Errorf("goName(%q): got %s, want %s", test.name, got, test.want)
		}
	}
}

// TestUnknownKeyword guards against a schema that asks for something the generator would leave out in silence.
func TestUnknownKeyword(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "spec", "ocpp", "2.0.1", "OCPP-2.0.1_part3_JSON_schemas")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, schema string }{
		{"keyword", `{"type":"object","additionalProperties":false,"properties":{"a":{"type":"string","pattern":"x"}}}`},
		{"multipleOf", `{"type":"object","additionalProperties":false,"properties":{"a":{"type":"number","multipleOf":0.25}}}`},
		{"bound", `{"type":"object","additionalProperties":false,"properties":{"a":{"type":"number","minimum":0.5}}}`},
		{"format", `{"type":"object","additionalProperties":false,"properties":{"a":{"type":"string","format":"email"}}}`},
		{"required without schema", `{"type":"object","additionalProperties":false,"properties":{},"required":["a"]}`},
		{"open", `{"type":"object","additionalProperties":true,"properties":{}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(folder, "HeartbeatRequest.json"), []byte(test.schema), 0o600); err != nil {
				t.Fatal(err)
			}
			v, err := versionOf("ocpp201")
			if err != nil {
				t.Fatal(err)
			}
			v.fromStation = []string{"Heartbeat"}
			root := filepath.Dir(filepath.Dir(folder))
			if _, err := load(v, root); err == nil {
				t.Errorf("a schema with an unknown %s was taken", test.name)
			}
		})
	}
}
