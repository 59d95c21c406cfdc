package hostile

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// wire is a connection whose every byte the attacker chooses.
type wire struct {
	net.Conn
	in *bufio.Reader
}

// dial opens a connection to the server.
func (s *stage) dial(ctx context.Context) (*wire, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", s.server.Address())
	if err != nil {
		return nil, err
	}
	return &wire{c, bufio.NewReaderSize(c, 512)}, nil
}

// hello is a handshake.
type hello struct {
	path      string // "" is the identity's
	identity  string
	password  string
	protocols []string // each a header of its own
	extra     []string // headers, whole lines
}

// bytes returns the handshake as it goes out.
func (h hello) bytes(host string) []byte {
	if h.path == "" {
		h.path = "/ocpp/" + h.identity
	}
	var b strings.Builder
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", h.path, host)
	b.WriteString("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
	for _, p := range h.protocols {
		b.WriteString("Sec-WebSocket-Protocol: " + p + "\r\n")
	}
	if h.password != "" {
		b.WriteString("Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(h.identity+":"+h.password)) + "\r\n")
	}
	for _, line := range h.extra {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("\r\n")
	return []byte(b.String())
}

// shake sends a handshake and returns the answer's status, and the connection when
// it is a WebSocket now.
func (s *stage) shake(ctx context.Context, h hello) (*wire, *http.Response, error) {
	w, err := s.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	w.SetDeadline(time.Now().Add(answerMax))
	response, err := w.ask(h.bytes(s.server.Address()))
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		w.Close()
		return nil, response, err
	}
	w.SetDeadline(time.Time{})
	return w, response, nil
}

// ask sends bytes and reads one answer, its body left out.
func (w *wire) ask(request []byte) (*http.Response, error) {
	if _, err := w.Write(request); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(w.in, nil)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // only the status counts
		response.Body.Close()
	}
	return response, nil
}

// The opcodes of RFC 6455.
const (
	opContinue = 0
	opText     = 1
	opBinary   = 2
	opClose    = 8
	opPing     = 9
	opPong     = 10
	final      = 0x80 // bits of the first byte
	compressed = 0x40
)

// frame returns a frame as a client sends it; first is its first byte.
func frame(first byte, payload []byte) []byte {
	b := append(header(first, len(payload)), 0, 0, 0, 0) // a mask that changes nothing
	return append(b, payload...)
}

// header returns what stands before the mask of a frame of n bytes.
func header(first byte, n int) []byte {
	switch {
	case n < 126:
		return []byte{first, 0x80 | byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{first, 0x80 | 126}, uint16(n))
	}
	return binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, uint64(n))
}

// text sends a message.
func (w *wire) text(message string) error {
	_, err := w.Write(frame(final|opText, []byte(message)))
	return err
}

// next reads the server's next frame.
func (w *wire) next() (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(w.in, head[:]); err != nil {
		return 0, nil, err
	}
	n := int64(head[1] & 0x7f)
	switch n {
	case 126:
		var long [2]byte
		if _, err := io.ReadFull(w.in, long[:]); err != nil {
			return 0, nil, err
		}
		n = int64(binary.BigEndian.Uint16(long[:]))
	case 127:
		var long [8]byte
		if _, err := io.ReadFull(w.in, long[:]); err != nil {
			return 0, nil, err
		}
		n = int64(binary.BigEndian.Uint64(long[:]))
	}
	if n > 4*mib {
		return 0, nil, fmt.Errorf("a frame of %d bytes", n)
	}
	payload = make([]byte, n)
	if _, err = io.ReadFull(w.in, payload); err == nil && head[0]&compressed != 0 {
		payload, err = inflate(payload)
	}
	return head[0] & 0x0f, payload, err
}

// inflate returns the text of a compressed message; each stands alone.
func inflate(payload []byte) ([]byte, error) {
	const tail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff" // what RFC 7692 leaves out, and an end
	return io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(payload), strings.NewReader(tail))))
}

// message reads the server's next text; what it asks of stations and pings are
// skipped. A close is an error that names its code.
func (w *wire) message(within time.Duration) (string, error) {
	w.SetReadDeadline(time.Now().Add(within))
	for {
		opcode, payload, err := w.next()
		switch {
		case err != nil:
			return "", err
		case opcode == opClose && len(payload) >= 2:
			return "", fmt.Errorf("closed with %d %s", binary.BigEndian.Uint16(payload), payload[2:])
		case opcode == opText && !strings.HasPrefix(string(payload), "[2,"):
			return string(payload), nil
		}
	}
}

// ends reads until the server has ended the connection, and reports how many did
// not within limit.
func ends(t *testing.T, what string, limit time.Duration, wires []*wire) {
	t.Helper()
	var late atomic.Int64
	each(len(wires), func(i int) {
		if wires[i] == nil {
			return
		}
		wires[i].SetReadDeadline(time.Now().Add(limit))
		_, err := io.Copy(io.Discard, wires[i].in)
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			late.Add(1)
		}
	})
	if n := late.Load(); n > 0 {
		t.Errorf("%s: %d of %d connections did not end within %v", what, n, len(wires), limit)
	}
}

// hangUp closes what is open.
func hangUp(wires []*wire) {
	for _, w := range wires {
		if w != nil {
			_ = w.Close() // the server may have done it
		}
	}
}
