package ocpp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// inletPair returns both ends of a TCP connection, the first as an inlet over pool.
func inletPair(t *testing.T, pool *sync.Pool) (*inlet, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = near.Close() })
	i, ok := newInlet(near, pool).(*inlet)
	if !ok {
		t.Fatal("a TCP connection has no inlet")
	}
	return i, far
}

func TestInletBringsWhatWasSent(t *testing.T) {
	sent := make([]byte, 5*inletSize+17)
	for i := range sent {
		sent[i] = byte(i * 7)
	}
	for name, size := range map[string]int{"byte by byte": 1, "in pieces": 100, "more than the buffer": 2 * inletSize} {
		t.Run(name, func(t *testing.T) {
			near, far := inletPair(t, inletBuffers())
			go func() { _, _ = far.Write(sent); _ = far.Close() }()
			var got bytes.Buffer
			piece := make([]byte, size)
			for {
				n, err := near.Read(piece)
				got.Write(piece[:n])
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got.Bytes(), sent) {
				t.Errorf("got %d bytes, want the %d that were sent", got.Len(), len(sent))
			}
			if near.buffer != nil {
				t.Error("the buffer is held at the end")
			}
		})
	}
}

// A socket that waits holds no buffer, and its deadline ends the wait.
func TestInletWaitsWithoutBuffer(t *testing.T) {
	near, far := inletPair(t, inletBuffers())
	if _, err := far.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	some := make([]byte, 3)
	if n, err := near.Read(some); err != nil || string(some[:n]) != "hel" || near.buffer == nil {
		t.Fatalf("got %q, %v, buffer %v; want the beginning, and the rest kept", some[:n], err, near.buffer != nil)
	}
	if n, err := near.Read(some); err != nil || string(some[:n]) != "lo" || near.buffer != nil {
		t.Fatalf("got %q, %v, buffer %v; want the rest, and nothing kept", some[:n], err, near.buffer != nil)
	}
	if err := near.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := near.Read(some); !errors.Is(err, os.ErrDeadlineExceeded) || near.buffer != nil {
		t.Errorf("got %v, buffer %v; want the deadline, and no buffer", err, near.buffer != nil)
	}
}

// What is no socket of the operating system is left as it is.
func TestNoInlet(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	if got := newInlet(near, inletBuffers()); got != near {
		t.Errorf("got %T", got)
	}
}
