package remote_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pylon/cmd/pylon/remote"
)

const billingProfile = `{"issuer":{"name":"Operator","city":"Hamburg","phone":"1"},"language":"en"}`

func TestBillDocument(t *testing.T) {
	s := newServer(t, map[string]string{"GET /bills/bil_1/document": "200 <p>a receipt"})
	code, out, said := s.invoke(t, "", "bill", "document", "bil_1")
	if code != remote.ExitOK || out != "<p>a receipt" {
		t.Errorf("exit code %d: %q, %s", code, out, said)
	}
	to := filepath.Join(t.TempDir(), "receipt.pdf")
	code, out, said = s.invoke(t, "", "bill", "document", "bil_1", "--format", "pdf", "--to", to)
	written, err := os.ReadFile(to)
	if code != remote.ExitOK || out != "" || err != nil || string(written) != "<p>a receipt" || !strings.Contains(said, "12 bytes") {
		t.Errorf("exit code %d: %q, %q, %s, %v", code, out, written, said, err)
	}
	if want := []string{"GET /bills/bil_1/document?format=html", "GET /bills/bil_1/document?format=pdf"}; !slices.Equal(s.asked, want) {
		t.Errorf("asked %q, want %q", s.asked, want)
	}
	if code, _, _ := s.invoke(t, "", "bill", "document", "bil_2"); code != remote.ExitNotFound {
		t.Errorf("a bill that is not there: exit code %d", code)
	}
	screen := remote.Terminal{In: strings.NewReader(""), Person: true, Environ: func(string) string { return "" }}
	if code, _, said := invokeAt(t, screen, "bill", "document", "bil_1", "--format", "pdf"); code != remote.ExitUsage || !strings.Contains(said, "--to") {
		t.Errorf("a PDF on a screen: exit code %d, %s", code, said)
	}
}

func TestBillingProfileSet(t *testing.T) {
	tests := []struct {
		name string
		in   string
		args []string
		code int
		want string // what is put; "": nothing
	}{
		{"one member", "", []string{"--tax-id", "DE1"}, remote.ExitOK, `{"issuer":{"city":"Hamburg","name":"Operator","phone":"1","tax_id":"DE1"},"language":"en"}`},
		{"one less", "", []string{"--phone", "", "--language", "de"}, remote.ExitOK, `{"issuer":{"city":"Hamburg","name":"Operator"},"language":"de"}`},
		{"no name, which the API refuses", "", []string{"--name", ""}, remote.ExitOK, `{"issuer":{"city":"Hamburg","name":"","phone":"1"},"language":"en"}`},
		{"all of it", `{"issuer":{"name":"New"},"language":"sv"}`, []string{"-f", "-"}, remote.ExitOK, `{"issuer":{"name":"New"},"language":"sv"}`},
		{"what is looked at", "", []string{"--review", "meter_jumped,clock_changed"}, remote.ExitOK, `{"issuer":{"city":"Hamburg","name":"Operator","phone":"1"},"language":"en","review":["meter_jumped","clock_changed"]}`},
		{"nothing is", "", []string{"--review", "", "--short-seconds", "0"}, remote.ExitOK, `{"issuer":{"city":"Hamburg","name":"Operator","phone":"1"},"language":"en","review":[],"short":{"below_s":0,"kwh":"0"}}`},
		{"no JSON", `issuer`, []string{"-f", "-"}, remote.ExitUsage, ""},
		{"nothing", "", nil, remote.ExitUsage, ""},
		{"both", "{}", []string{"-f", "-", "--name", "New"}, remote.ExitUsage, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, map[string]string{"GET /billing-profile": billingProfile, "PUT /billing-profile": billingProfile})
			code, out, said := s.invoke(t, tt.in, append([]string{"billing-profile", "set"}, tt.args...)...)
			if code != tt.code {
				t.Fatalf("exit code %d: %s", code, said)
			}
			var put string
			for _, line := range s.asked {
				if body, ok := strings.CutPrefix(line, "PUT /billing-profile "); ok {
					put = body
				}
			}
			if put != tt.want {
				t.Errorf("put %s, want %s", put, tt.want)
			}
			if tt.want != "" && !strings.Contains(out, "Operator") {
				t.Errorf("shown: %s", out)
			}
		})
	}
}
