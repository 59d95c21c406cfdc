package load

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// readBuffer is what a socket reads at a time: an answer has some hundred
	// bytes, and there may be twenty thousand sockets.
	readBuffer = 512
	// messageMax bounds a message of the server.
	messageMax = 1 << 20
	// headMax is the longest head of a frame that we write: two bytes, eight of
	// length, four of mask. Frames are put together behind so much room.
	headMax = 14
)

// The opcodes of RFC 6455, and the bits around them.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA

	bitFinal   = 0x80
	bitMask    = 0x80
	bitControl = 0x8 // of the opcode: not data
	length16   = 126 // the length stands in the next two bytes
	length64   = 127 // … eight bytes
)

// socket is a station's end of a WebSocket. It masks with zeros, which is a mask
// like any other to the server and saves us the work. It is for one
// goroutine, but for close.
type socket struct {
	conn    net.Conn
	in      *bufio.Reader
	message []byte // the last that was read
}

// dial opens a WebSocket. A server that refuses, or chooses another subprotocol,
// is an error.
func dial(ctx context.Context, e Endpoint, by time.Time) (*socket, error) {
	dialer := net.Dialer{Deadline: by}
	if e.Source != nil {
		dialer.LocalAddr = &net.TCPAddr{IP: e.Source}
	}
	conn, err := dialer.DialContext(ctx, "tcp", e.Address)
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn, in: bufio.NewReaderSize(conn, readBuffer)}
	if err := s.shakeHands(e, by); err != nil {
		s.close()
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return s, nil
}

// nonce is the same in every handshake: nobody caches ours, and nobody checks
// the answer to it.
const nonce = "cHlsb24gbWVhc3VyZXMhIQ=="

func (s *socket) shakeHands(e Endpoint, by time.Time) error {
	request := "GET " + e.Path + "/" + e.Identity + " HTTP/1.1\r\nHost: " + e.Address +
		"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + nonce +
		"\r\nSec-WebSocket-Protocol: " + e.Version.Subprotocol() + "\r\n"
	if e.Password != "" {
		request += "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(e.Identity+":"+e.Password)) + "\r\n"
	}
	if err := s.conn.SetDeadline(by); err != nil {
		return err
	}
	if _, err := io.WriteString(s.conn, request+"\r\n"); err != nil {
		return err
	}
	response, err := http.ReadResponse(s.in, nil)
	if err != nil {
		return err
	}
	_ = response.Body.Close() // of a 101 there is none, of a refusal nothing is read
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("refused: %s", response.Status)
	}
	if chosen := response.Header.Get("Sec-Websocket-Protocol"); chosen != e.Version.Subprotocol() {
		return fmt.Errorf("server chose subprotocol %q, want %q", chosen, e.Version.Subprotocol())
	}
	return nil
}

// write sends a text message: headMax bytes of room, then the message.
func (s *socket) write(frame []byte) error { return s.send(opText, frame) }

// send puts the head into the room before the message, so that one system call
// sends both.
func (s *socket) send(op byte, frame []byte) error {
	length := len(frame) - headMax
	head := [headMax]byte{bitFinal | op}
	size := 2
	switch {
	case length < length16:
		head[1] = bitMask | byte(length) //nolint:gosec // it is below 126
	case length <= 0xffff:
		head[1] = bitMask | length16
		binary.BigEndian.PutUint16(head[2:], uint16(length))
		size += 2
	default:
		head[1] = bitMask | length64
		binary.BigEndian.PutUint64(head[2:], uint64(length))
		size += 8
	}
	size += 4 // the mask: zeros
	copy(frame[headMax-size:], head[:size])
	_, err := s.conn.Write(frame[headMax-size:])
	return err
}

// read returns the next text message, which is valid until the next call. Pings
// are answered on the way. The server's goodbye is an error that tells why.
func (s *socket) read() ([]byte, error) {
	s.message = s.message[:0]
	for {
		final, op, control, err := s.frame()
		switch {
		case err != nil:
			return nil, err
		case op == opClose:
			return nil, goodbye(control)
		case op == opPing:
			if err := s.send(opPong, append(make([]byte, headMax), control...)); err != nil {
				return nil, err
			}
		case op&bitControl == 0 && final:
			return s.message, nil
		}
	}
}

// frame reads one frame. What it carries of a message is appended to the message,
// what a control frame carries is returned.
func (s *socket) frame() (final bool, op byte, control []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(s.in, head[:2]); err != nil {
		return false, 0, nil, err
	}
	final, op = head[0]&bitFinal != 0, head[0]&0xf
	length := uint64(head[1] &^ bitMask)
	switch length {
	case length16:
		_, err = io.ReadFull(s.in, head[:2])
		length = uint64(binary.BigEndian.Uint16(head[:]))
	case length64:
		_, err = io.ReadFull(s.in, head[:8])
		length = binary.BigEndian.Uint64(head[:])
	}
	if err != nil {
		return false, 0, nil, err
	}
	if length > messageMax-uint64(len(s.message)) {
		return false, 0, nil, errors.New("message is too long")
	}
	if op&bitControl != 0 {
		control = make([]byte, length)
		_, err = io.ReadFull(s.in, control)
		return final, op, control, err
	}
	from := len(s.message)
	s.message = append(s.message, make([]byte, length)...)
	_, err = io.ReadFull(s.in, s.message[from:])
	return final, op, nil, err
}

// goodbye reads a close frame: two bytes of code, then the reason.
func goodbye(control []byte) error {
	if len(control) < 2 {
		return errors.New("server closed the connection")
	}
	return fmt.Errorf("server closed the connection: %d %s", binary.BigEndian.Uint16(control), control[2:])
}

// close ends the connection without a farewell. It may be called more than once,
// by any goroutine.
func (s *socket) close() { _ = s.conn.Close() }
