package central

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"os/exec"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/clock"
	"pylon/test/foreign"
)

// reportMax bounds the wait for the report, and for the interpreter to go.
const reportMax = 30 * time.Second

// central is a running central system.
type central struct {
	url    string // stations append a slash and their identity
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *jsontext.Decoder
	stderr *bytes.Buffer
}

// report is what a central system has to say of its day.
type report struct {
	Received   map[string]int            `json:"received"` // by action
	Sent       map[string]map[string]int `json:"sent"`     // by action and outcome
	Violations []string                  `json:"violations"`
}

// launch starts a central system of a version that goes by the clock. It is killed
// when the test ends.
func launch(t *testing.T, version string, seed uint64, clk clock.Clock, speed int) *central {
	t.Helper()
	foreign.Needs(t, foreign.Python)
	c := &central{cmd: exec.CommandContext(t.Context(), foreign.Python, "-B", "python/central.py", version, fmt.Sprint(seed)), stderr: &bytes.Buffer{}}
	c.cmd.Stderr = c.stderr
	c.cmd.WaitDelay = reportMax
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.stdout = jsontext.NewDecoder(stdout)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var ready struct{ Port int }
	c.read(t, &ready, json.MatchCaseInsensitiveNames(true))
	c.url = fmt.Sprintf("ws://127.0.0.1:%d/ocpp", ready.Port)
	begin := map[string]any{"now": clk.Now(), "speed": speed, "certificate": certificate(t, clk.Now())}
	if err := json.MarshalEncode(jsontext.NewEncoder(c.stdin), begin); err != nil { // ends with a line feed
		t.Fatal(err)
	}
	return c
}

// read reads the next thing that the central system says.
func (c *central) read(t *testing.T, to any, options ...json.Options) {
	t.Helper()
	if err := json.UnmarshalDecode(c.stdout, to, options...); err != nil {
		c.cmd.Wait() // its words say more than its code
		t.Fatalf("the central system: %v\n%s", err, c.stderr)
	}
}

// end ends the day and returns the report.
func (c *central) end(ctx context.Context, t *testing.T) report {
	t.Helper()
	stop := context.AfterFunc(ctx, func() { c.cmd.Process.Kill() }) // the reading says that it is gone
	defer stop()
	if err := c.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	var r report
	c.read(t, &r)
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("the central system: %v\n%s", err, c.stderr)
	}
	return r
}

// certificate returns a root certificate, in PEM, that is valid for a year.
func certificate(t *testing.T, now time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Central root"}, NotBefore: now, NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
