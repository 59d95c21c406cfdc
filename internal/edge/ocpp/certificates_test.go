package ocpp_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pylon/internal/edge/ocpp"
)

// issue writes a certificate for 127.0.0.1 with the given name and its key.
func issue(t *testing.T, dir, file, name string, key crypto.Signer, at time.Time) ocpp.KeyPair {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pair := ocpp.KeyPair{Certificate: filepath.Join(dir, file+".pem"), Key: filepath.Join(dir, file+".key")}
	for name, block := range map[string]*pem.Block{
		pair.Certificate: {Type: "CERTIFICATE", Bytes: der}, pair.Key: {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return pair
}

// A00.FR.318 the server has an ECDSA and an RSA certificate and the four cipher
// suites; A00.FR.313 nothing below TLS 1.2; renewed files are read again.
func TestCertificates(t *testing.T) {
	dir, c := t.TempDir(), newHandClock()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	prime, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pairs := []ocpp.KeyPair{issue(t, dir, "ecdsa", "one", curve, c.Now()), issue(t, dir, "rsa", "two", prime, c.Now())}
	certificates, err := ocpp.LoadCertificates(c, slog.New(slog.DiscardHandler), pairs...)
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, nil)
	b.world.add("CP1", withPassword(2, password))
	secure := b.secure(certificates)

	for _, suite := range []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	} {
		config := &tls.Config{InsecureSkipVerify: true, CipherSuites: []uint16{suite}, MaxVersion: tls.VersionTLS12}
		if _, got := secure(config); got != suite {
			t.Errorf("got cipher suite %x, want %x", got, suite)
		}
	}
	if name, _ := secure(&tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); name != "" {
		t.Error("TLS 1.1 was agreed")
	}
	modern := &tls.Config{InsecureSkipVerify: true}
	issue(t, dir, "ecdsa", "renewed", curve, c.Now().Add(time.Hour))
	if name, _ := secure(modern); name != "one" {
		t.Errorf("got certificate %q, want the one in use", name)
	}
	c.set(-time.Hour) // which holds up nobody who counts by the steady clock
	c.move(11 * time.Second)
	if name, _ := secure(modern); name != "renewed" {
		t.Errorf("got certificate %q, want the renewed one", name)
	}
	if err := os.WriteFile(pairs[0].Certificate, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.move(11 * time.Second)
	if name, _ := secure(modern); name != "renewed" {
		t.Errorf("got certificate %q, want the last good one", name)
	}
	if certificates.Reload() == nil {
		t.Error("half a certificate was loaded")
	}
	if lines := b.logged("connected"); !strings.HasSuffix(lines[0].Note, "security profile 2") {
		t.Errorf("got %q, want security profile 2", lines[0].Note)
	}
}

// secure returns a function that connects CP1 over TLS and returns the common
// name of the server's certificate and the cipher suite, "" when TLS failed.
func (b *bench) secure(certificates *ocpp.Certificates) func(*tls.Config) (string, uint16) {
	b.server.Close()
	server := newServer(b.gateway, tls.NewListener(loopback(b.t), certificates.Config()))
	server.Start()
	b.t.Cleanup(server.Close)
	b.server = server
	return func(config *tls.Config) (string, uint16) {
		var state tls.ConnectionState
		config.VerifyConnection = func(s tls.ConnectionState) error { state = s; return nil }
		d := websocket.Dialer{TLSClientConfig: config}
		header := basic("CP1", password)
		header.Set("Sec-WebSocket-Protocol", "ocpp1.6")
		ws, response, err := d.DialContext(b.t.Context(), "wss"+server.URL[len("http"):]+"/ocpp/CP1", header)
		if err != nil {
			return "", 0
		}
		_ = response.Body.Close()
		_ = ws.Close()
		return state.PeerCertificates[0].Subject.CommonName, state.CipherSuite
	}
}
