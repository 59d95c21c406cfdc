package cluster

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

const (
	one     = ident.NodeID("nod_01JD3K6X5M8Q2V7T9WBNCRFH01")
	two     = ident.NodeID("nod_01JD3K6X5M8Q2V7T9WBNCRFH02")
	nobody  = ident.NodeID("nod_01JD3K6X5M8Q2V7T9WBNCRFH00")
	station = ident.StationID("sta_01JD3K6X5M8Q2V7T9WBNCRFH01")
)

// listen runs a server that others reach, as a cluster has it. A port of 0 is
// any.
func listen(tb testing.TB, port int, change func(*server.Options)) *server.Server {
	tb.Helper()
	o := &server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true}
	if port == 0 {
		o.Port = server.RANDOM_PORT
	}
	if change != nil {
		change(o)
	}
	s, err := server.NewServer(o)
	if err != nil {
		tb.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(openWait) {
		tb.Fatal("the server is not ready")
	}
	tb.Cleanup(func() { stopServer(s) })
	return s
}

func open(tb testing.TB, o Options) *Bus {
	tb.Helper()
	b, err := Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return closing(tb, b)
}

func closing(tb testing.TB, b *Bus) *Bus {
	tb.Helper()
	tb.Cleanup(func() {
		if err := b.Close(); err != nil {
			tb.Error(err)
		}
	})
	return b
}

// pair returns two buses on the server inside the first.
func pair(tb testing.TB) (first, second *Bus) {
	tb.Helper()
	first = open(tb, Options{Node: one})
	second, err := connect(tb.Context(), Options{Node: two}, first.server)
	if err != nil {
		tb.Fatal(err)
	}
	return first, closing(tb, second)
}

func echo(_ context.Context, kind string, id ident.StationID, body []byte) ([]byte, error) {
	return []byte(kind + " " + string(id) + " " + string(body)), nil
}

func serve(tb testing.TB, b *Bus, handle Handler) {
	tb.Helper()
	if err := b.Serve(handle); err != nil {
		tb.Fatal(err)
	}
}

func TestBadOptions(t *testing.T) {
	empty := listen(t, 0, nil)
	gone := empty.ClientURL()
	stopServer(empty)
	secret := listen(t, 0, func(o *server.Options) { o.Username, o.Password = "pylon", "right" })
	for _, test := range []struct {
		name    string
		options Options
		want    fault.Kind
	}{
		{"a node without a name", Options{}, fault.Invalid},
		{"a node whose name is a pattern", Options{Node: "nod_*"}, fault.Invalid},
		{"nobody there", Options{Node: one, URL: gone}, fault.Unavailable},
		{"wrong password", Options{Node: one, URL: "nats://pylon:wrong@" + secret.Addr().String()}, fault.Unavailable},
		{"no such credentials", Options{Node: one, URL: secret.ClientURL(), CredentialsFile: "nowhere"}, fault.Unavailable},
		{"a malformed URL", Options{Node: one, URL: "nats://pylon:wrong@host:port:port"}, fault.Internal},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, err := Open(t.Context(), test.options)
			if err == nil {
				t.Fatal(b.Close(), "opened")
			}
			if fault.KindOf(err) != test.want || strings.Contains(err.Error(), "wrong") {
				t.Errorf("got %v, want kind %d and no password", err, test.want)
			}
		})
	}
}

// Nodes prove who they are by what the URL carries, by certificates, and by
// credentials.
func TestAuthentication(t *testing.T) {
	dir := t.TempDir()
	certificate, certificateFile, keyFile := selfSigned(t, dir)
	roots := x509.NewCertPool()
	roots.AddCert(certificate.Leaf)
	credentials, trust := operator(t, dir)
	for _, test := range []struct {
		name    string
		server  func(*server.Options)
		prefix  string
		options Options
	}{
		{"password in the URL", func(o *server.Options) { o.Username, o.Password = "pylon", "right" }, "nats://pylon:right@", Options{}},
		{
			"TLS both ways", func(o *server.Options) {
				o.TLS, o.TLSVerify, o.TLSTimeout = true, true, openWait.Seconds()
				o.TLSConfig = &tls.Config{
					Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots,
					MinVersion: tls.VersionTLS13,
				}
			}, "tls://", Options{RootCAFile: certificateFile, CertificateFile: certificateFile, KeyFile: keyFile},
		},
		{"credentials", trust, "nats://", Options{CredentialsFile: credentials}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := listen(t, 0, test.server)
			bare := Options{URL: "nats://" + s.Addr().String(), Node: one}
			if b, err := Open(t.Context(), bare); !fault.Is(err, fault.Unavailable) {
				t.Fatalf("without anything: got %v, %v", b, err)
			}
			test.options.URL = test.prefix + s.Addr().String()
			test.options.Node = one
			first := open(t, test.options)
			test.options.Node = two
			second := open(t, test.options)
			serve(t, second, echo)
			if got, err := first.Ask(t.Context(), two, "hello", station, nil); err != nil || len(got) == 0 {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// selfSigned returns a certificate for 127.0.0.1 that signs itself, and its
// files.
func selfSigned(t *testing.T, dir string) (certificate tls.Certificate, certificateFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := clock.System{}.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificateFile, keyFile = filepath.Join(dir, "node.pem"), filepath.Join(dir, "node.key")
	write(t, certificateFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	certificate, err = tls.LoadX509KeyPair(certificateFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, certificateFile, keyFile
}

// operator returns a file with a user's credentials, and what makes a server
// trust them.
func operator(t *testing.T, dir string) (file string, trust func(*server.Options)) {
	t.Helper()
	pairOf := func(create func() (nkeys.KeyPair, error)) (nkeys.KeyPair, string) {
		pair, err := create()
		if err != nil {
			t.Fatal(err)
		}
		public, err := pair.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		return pair, public
	}
	sign := func(claims interface {
		Encode(nkeys.KeyPair) (string, error)
	}, by nkeys.KeyPair,
	) string {
		token, err := claims.Encode(by)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	operator, operatorKey := pairOf(nkeys.CreateOperator)
	account, accountKey := pairOf(nkeys.CreateAccount)
	user, userKey := pairOf(nkeys.CreateUser)
	resolver := &server.MemAccResolver{}
	if err := resolver.Store(accountKey, sign(jwt.NewAccountClaims(accountKey), operator)); err != nil {
		t.Fatal(err)
	}
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := jwt.FormatUserConfig(sign(jwt.NewUserClaims(userKey), account), seed)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "node.creds")
	write(t, file, credentials)
	return file, func(o *server.Options) {
		o.TrustedKeys, o.AccountResolver = []string{operatorKey}, resolver
	}
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The server dies while somebody asks, somebody watches and somebody reads the
// feed, and comes back: nobody waits in vain, all look at the rows, and then
// everything goes on.
func TestServerRestarts(t *testing.T) {
	s := listen(t, 0, nil)
	port := s.Addr().(*net.TCPAddr).Port
	first, second := open(t, Options{URL: s.ClientURL(), Node: one}), open(t, Options{URL: s.ClientURL(), Node: two})
	asked, ended := make(chan struct{}, 1), make(chan struct{})
	serve(t, second, func(ctx context.Context, kind string, id ident.StationID, body []byte) ([]byte, error) {
		if kind == "wait" {
			asked <- struct{}{}
			<-ctx.Done()
			close(ended)
			return nil, ctx.Err()
		}
		return echo(ctx, kind, id, body)
	})
	answer := make(chan error)
	go func() {
		_, err := first.Ask(t.Context(), two, "wait", station, nil)
		answer <- err
	}()
	<-asked
	feed, cancel := first.Subscribe(orgA)
	defer cancel()
	woken, cancelWatch, err := first.Watch("cmd_1")
	if err != nil {
		t.Fatal(err)
	}
	defer cancelWatch()

	stopServer(s)
	if err := <-answer; !fault.Is(err, fault.Unavailable) {
		t.Errorf("who waited for an answer: got %v, want Unavailable", err)
	}
	if first.Connected() {
		t.Error("still connected")
	}
	if _, err := first.Ask(t.Context(), two, "hello", station, nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("ask without a server: got %v, want Unavailable", err)
	}
	if err := first.Tell(two, "hello", station, nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("tell without a server: got %v, want Unavailable", err)
	}
	if err := first.Notify("cmd_2"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("notify without a server: got %v, want Unavailable", err)
	}
	first.Publish(events(orgA, 1, 1)) // to here it comes all the same
	if got := <-feed; got.Number != 1 {
		t.Errorf("without a server: got event %d, want 1", got.Number)
	}

	listen(t, port, nil)
	for range feed { // closed when the connection is back
		t.Error("an event that nobody published")
	}
	<-woken
	serving := false
	for range 1000 { // the other node may still be on its way
		got, err := first.Ask(t.Context(), two, "hello", station, []byte("again"))
		if serving = err == nil && string(got) == "hello "+string(station)+" again"; serving {
			break
		}
		<-clock.System{}.After(10 * time.Millisecond)
	}
	if !serving {
		t.Error("the nodes do not reach each other again")
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	<-ended // the handler that nobody waited for any more
}

// A node that was away tells the others that they have missed it.
func TestGap(t *testing.T) {
	first, second := pair(t)
	feed, cancel := second.Subscribe(orgA)
	defer cancel()
	woken, cancelWatch, err := second.Watch("cmd_1")
	if err != nil {
		t.Fatal(err)
	}
	defer cancelWatch()
	first.reconnected(first.conn)
	if _, open := <-feed; open {
		t.Error("an event that nobody published")
	}
	<-woken
}

func TestClose(t *testing.T) {
	first, second := pair(t)
	started, ended := make(chan struct{}), make(chan struct{})
	serve(t, second, func(ctx context.Context, _ string, _ ident.StationID, _ []byte) ([]byte, error) {
		close(started)
		<-ctx.Done()
		close(ended)
		return nil, fault.New(fault.Unavailable, "closing")
	})
	answer := make(chan error)
	go func() {
		_, err := first.Ask(t.Context(), two, "wait", station, nil)
		answer <- err
	}()
	<-started
	feed, cancel := second.Subscribe(orgA)
	for range 2 {
		if err := second.Close(); err != nil {
			t.Error(err)
		}
	}
	<-ended
	if err := <-answer; fault.CodeOf(err) != "closing" {
		t.Errorf("the last answer: got %v", err)
	}
	if _, open := <-feed; open {
		t.Error("an event that nobody published")
	}
	cancel()
	late, _ := second.Subscribe(orgA)
	if _, open := <-late; open {
		t.Error("a closed bus has a feed")
	}
	if _, err := second.Ask(t.Context(), one, "hello", station, nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("ask on a closed bus: got %v", err)
	}
}
