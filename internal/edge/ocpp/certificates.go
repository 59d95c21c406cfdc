package ocpp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"pylon/internal/kernel/clock"
)

// KeyPair is where a certificate chain and its private key are, as PEM.
type KeyPair struct{ Certificate, Key string }

// Certificates are the server's certificates for security profile 2. They are
// read again when their files change, so that a renewal needs no restart.
// Methods are safe for concurrent use.
type Certificates struct {
	clock clock.Clock
	log   *slog.Logger
	pairs []KeyPair

	mu      sync.Mutex
	current []*tls.Certificate
	stamps  []time.Time // of the files that current was read from
	looked  time.Time   // when the files' times were looked at, by the steady clock
}

// lookEvery is how often handshakes look whether the files have changed.
const lookEvery = 10 * time.Second

// LoadCertificates reads the pairs; there is at least one. A server that shall
// talk to every station has two: an ECDSA and an RSA certificate.
// Source: OCPP 2.0.1 part 2, A00.FR.318.
func LoadCertificates(c clock.Clock, log *slog.Logger, pairs ...KeyPair) (*Certificates, error) {
	if len(pairs) == 0 {
		return nil, errors.New("tls: no certificate")
	}
	all := &Certificates{clock: c, log: log, pairs: pairs}
	return all, all.Reload()
}

// Reload reads the files. When one cannot be used, what was read before stays.
func (c *Certificates) Reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reload()
}

// reload is Reload with mu held.
func (c *Certificates) reload() error {
	stamps, err := c.modified()
	if err != nil {
		return err
	}
	read := make([]*tls.Certificate, len(c.pairs))
	for i, p := range c.pairs {
		pair, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
		if err != nil {
			return fmt.Errorf("tls: certificate %s: %w", p.Certificate, err)
		}
		read[i] = &pair
	}
	c.current, c.stamps, c.looked = read, stamps, c.clock.Now()
	return nil
}

// modified returns when the files were changed last.
func (c *Certificates) modified() ([]time.Time, error) {
	var stamps []time.Time
	for _, p := range c.pairs {
		for _, file := range []string{p.Certificate, p.Key} {
			info, err := os.Stat(file)
			if err != nil {
				return nil, fmt.Errorf("tls: %w", err)
			}
			stamps = append(stamps, info.ModTime())
		}
	}
	return stamps, nil
}

// Config returns the configuration of a listener for stations.
// Source: OCPP 2.0.1 part 2, A00.FR.313 and A00.FR.318.
func (c *Certificates) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: c.choose,
		CipherSuites: []uint16{ // of TLS 1.2; those of 1.3 are not chosen
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384, //nolint:gosec // OCPP asks for both
		},
	}
}

// choose returns the first certificate that the client can use.
func (c *Certificates) choose(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.clock.Steady(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		c.refresh()
	}
	for _, pair := range c.current {
		if hello.SupportsCertificate(pair) == nil {
			return pair, nil
		}
	}
	return c.current[0], nil
}

// refresh reads the files again when they have changed. A renewal that is
// half done is seen the next time.
func (c *Certificates) refresh() {
	stamps, err := c.modified()
	if err == nil && !sameTimes(stamps, c.stamps) {
		err = c.reload()
	}
	if err != nil {
		c.log.Warn("certificates not reloaded", "error", err)
	}
}

func sameTimes(a, b []time.Time) bool {
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}
