package document_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"pylon/internal/edge/document"
)

var (
	update = flag.Bool("update", false, "write the goldens anew")
	out    = flag.String("out", "", "folder for the PDFs, to look at")
)

func press(t testing.TB) *document.Press {
	t.Helper()
	p, err := document.New()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What was handed out once is handed out again in the same bytes: the pages and the e-invoices
// as they are, the PDFs by their digest.
func TestGoldens(t *testing.T) {
	p := press(t)
	for name, d := range samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // one press serves all
			page, err := p.HTML(d)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".html", page)
			paper, err := p.PDF(d)
			if err != nil {
				t.Fatal(err)
			}
			if *out != "" {
				if err := os.WriteFile(filepath.Join(*out, name+".pdf"), paper, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			sum := sha256.Sum256(paper)
			golden(t, name+".pdf.sha256", []byte(hex.EncodeToString(sum[:])+"\n"))
			if d.Customer.Name == "" {
				return
			}
			invoice, err := p.UBL(d)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".xml", invoice)
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Errorf("%s differs at byte %d: got …%s, want …%s; `go test ./internal/edge/document -update` takes the new one",
			name, at, excerpt(got, at), excerpt(want, at))
	}
}

func excerpt(text []byte, at int) []byte { return text[max(0, at-20):min(len(text), at+80)] }
