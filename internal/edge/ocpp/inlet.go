package ocpp

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
)

// inletSize is what an inlet takes from the network at a time: nearly every
// message of a station in one piece.
const inletSize = 2 << 10

// inlet is a connection whose read buffer is there only while there is something
// in it. A station is silent nearly all the time, and the buffer would be the
// largest thing that its socket holds. It is for one reader.
type inlet struct {
	net.Conn
	raw  syscall.RawConn
	pool *sync.Pool                    // of *[inletSize]byte
	take func(fd uintptr) (ended bool) // [inlet.try], made once

	buffer *[inletSize]byte // nil while nothing is left
	left   []byte           // of buffer
	n      int              // what the last try has brought
	err    error
}

// newInlet returns c with a read buffer out of pool, or c itself where the
// operating system's socket is not at hand: beneath TLS, which has its own.
func newInlet(c net.Conn, pool *sync.Pool) net.Conn {
	s, ok := c.(syscall.Conn)
	if !ok {
		return c
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return c
	}
	i := &inlet{Conn: c, raw: raw, pool: pool}
	i.take = i.try
	return i
}

// inletBuffers returns a pool of buffers for inlets.
func inletBuffers() *sync.Pool {
	return &sync.Pool{New: func() any { return new([inletSize]byte) }}
}

// Read implements [net.Conn].
func (i *inlet) Read(p []byte) (int, error) {
	if len(i.left) == 0 {
		if len(p) >= inletSize {
			return i.Conn.Read(p)
		}
		if err := i.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, i.left)
	if i.left = i.left[n:]; len(i.left) == 0 {
		i.release()
	}
	return n, nil
}

// fill waits until something has come, and takes it.
func (i *inlet) fill() error {
	err := i.raw.Read(i.take)
	if err == nil {
		err = i.err
	}
	if err == nil && i.n == 0 {
		err = io.EOF
	}
	if err != nil {
		i.release()
		return err
	}
	i.left = i.buffer[:i.n]
	return nil
}

// try reads once; false: nothing is there yet.
func (i *inlet) try(fd uintptr) bool {
	if i.buffer == nil {
		i.buffer = i.pool.Get().(*[inletSize]byte) //nolint:forcetypeassert // nothing else is in the pool
	}
	for {
		i.n, i.err = syscall.Read(int(fd), i.buffer[:])
		switch {
		case errors.Is(i.err, syscall.EINTR):
			continue
		case errors.Is(i.err, syscall.EAGAIN):
			i.release()
			return false
		}
		return true
	}
}

func (i *inlet) release() {
	if i.buffer != nil {
		i.pool.Put(i.buffer)
		i.buffer, i.left = nil, nil
	}
}
