package load

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"pylon/internal/kernel/clock"
	"pylon/internal/wire/ocppj"
)

const (
	// answerMax is how long a station waits for the server, the same half minute
	// after which real ones give up.
	answerMax = 30 * time.Second
	// drawn is what a car draws between two readings, however fast they follow:
	// ten seconds are a usual interval.
	drawn = 10 * time.Second
)

// Endpoint is where a station connects, as whom and from where.
type Endpoint struct {
	Address  string        // of the server, host:port
	Path     string        // "/ocpp"; a slash and the identity are appended
	Identity string        // needs no escaping
	Password string        // of HTTP Basic; "" sends none
	Version  ocppj.Version // V16 or V201
	Source   net.IP        // nil: the system chooses
}

// Config is a station.
type Config struct {
	Endpoint
	Token    string // the uid of its one driver's card
	Readings int    // of each session in [Station.Step]
	Seed     uint64 // of its meter
	Clock    clock.Clock
	// Time tells when what the station says has happened; nil: now. With a time of
	// its own it says what it kept while it was offline.
	Time func() time.Time
}

// Station is one connected station. It is for one goroutine; only Close is for
// any. Every method but Listen returns when the server has answered; an error is
// final.
type Station struct {
	Config
	script  script
	socket  *socket
	release func() bool // lets go of the context
	offline bool        // while what it says has happened
	meter   meter
	frame   []byte // room for the head, then the message

	calls       uint64
	id          []byte // of the call in flight
	now         time.Time
	state       string
	transaction string
	seqNo       int64
	begun       int // transactions
	step        int // of the session in Step
}

// Connect opens the station's socket and sends nothing. The end of ctx closes the
// socket, then or later.
func Connect(ctx context.Context, c Config) (*Station, error) {
	s := &Station{Config: c, meter: newMeter(c.Seed), frame: make([]byte, headMax, headMax+readBuffer)}
	switch c.Version {
	case ocppj.V16:
		s.script = script16{}
	case ocppj.V201:
		s.script = script201{}
	default:
		return nil, fmt.Errorf("station %s: there is no script for %s", c.Identity, c.Version.Subprotocol())
	}
	if s.offline = s.Time != nil; !s.offline {
		s.Time = c.Clock.Now
	}
	var err error
	if s.socket, err = dial(ctx, c.Endpoint, c.Clock.Now().Add(answerMax)); err != nil {
		return nil, fmt.Errorf("station %s: %w", c.Identity, err)
	}
	s.release = context.AfterFunc(ctx, s.socket.close)
	return s, nil
}

// Close ends the connection as a power cut does.
func (s *Station) Close() {
	s.release()
	s.socket.close()
}

// Boot sends BootNotification. An answer other than Accepted is an error.
func (s *Station) Boot() error {
	_, err := s.accepted(s.script.boot)
	return err
}

// Heartbeat sends Heartbeat.
func (s *Station) Heartbeat() error {
	_, err := s.call(s.script.heartbeat)
	return err
}

// Free reports the connector as available, Taken as occupied (1.6: preparing).
func (s *Station) Free() error {
	s.state, _ = s.script.statuses()
	_, err := s.call(s.script.status)
	return err
}

// Taken is the counterpart of Free.
func (s *Station) Taken() error {
	_, s.state = s.script.statuses()
	_, err := s.call(s.script.status)
	return err
}

// Authorize presents the driver's card. An answer other than Accepted is an
// error.
func (s *Station) Authorize() error {
	_, err := s.accepted(s.script.authorize)
	return err
}

// Start begins a transaction. A card that is not accepted is an error.
func (s *Station) Start() error {
	answer, err := s.accepted(s.script.start)
	if err != nil {
		return err
	}
	s.begun++
	return s.script.started(answer, s)
}

// Reading sends what the meter shows in the running transaction.
func (s *Station) Reading() error {
	s.meter.advance(drawn)
	_, err := s.call(s.script.reading)
	return err
}

// Stop ends the transaction.
func (s *Station) Stop() error {
	s.meter.advance(drawn)
	_, err := s.call(s.script.stop)
	return err
}

// Step sends the next message of an endless day: a car comes, its driver
// authorises, charges for as many readings as configured and leaves; once per
// session the station sends a heartbeat.
func (s *Station) Step() error {
	step := s.step
	s.step++
	switch {
	case step == 0:
		return s.Taken()
	case step == 1:
		return s.Authorize()
	case step == 2:
		return s.Start()
	case step < 3+s.Readings:
		return s.Reading()
	case step == 3+s.Readings:
		return s.Stop()
	case step == 4+s.Readings:
		return s.Free()
	}
	s.step = 0
	return s.Heartbeat()
}

// Samples is how many values a reading has.
func (s *Station) Samples() int {
	if s.Version == ocppj.V16 {
		return 4
	}
	return 3
}

// Listen answers the server until the socket ends, and returns why it ended.
func (s *Station) Listen() error {
	if err := s.socket.conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	for {
		message, err := s.socket.read()
		if err != nil {
			return err
		}
		if err := s.refuse(message); err != nil {
			return err
		}
	}
}

// accepted is call where nothing but Accepted will do.
func (s *Station) accepted(line line) ([]byte, error) {
	answer, err := s.call(line)
	if err == nil && !bytes.Contains(answer, []byte(`"Accepted"`)) {
		return nil, fmt.Errorf("station %s: call %s was answered %s", s.Identity, s.id, answer)
	}
	return answer, err
}

// line appends one call of a script.
type line func(dst []byte, s *Station) []byte

// call sends one line of the script and returns the answer, which is valid until
// the next call.
func (s *Station) call(line line) ([]byte, error) {
	s.tick()
	s.calls++
	s.id = strconv.AppendUint(append(s.id[:0], '"'), s.calls, 10)
	s.id = append(s.id, '"')
	s.frame = append(s.frame[:headMax], `[2,`...)
	s.frame = append(append(s.frame, s.id...), ',')
	s.frame = append(line(s.frame, s), ']')
	answer, err := s.exchange()
	if err != nil {
		return nil, fmt.Errorf("station %s: call %s: %w", s.Identity, s.id, err)
	}
	return answer, nil
}

// tick reads the station's time, which is never the same twice in milliseconds.
func (s *Station) tick() {
	now := s.Time().Truncate(time.Millisecond)
	if !now.After(s.now) {
		now = s.now.Add(time.Millisecond)
	}
	s.now = now
}

// exchange sends the frame and reads until its answer is there.
func (s *Station) exchange() ([]byte, error) {
	if err := s.socket.conn.SetDeadline(s.Clock.Now().Add(answerMax)); err != nil {
		return nil, err
	}
	if err := s.socket.write(s.frame); err != nil {
		return nil, err
	}
	for {
		message, err := s.socket.read()
		switch {
		case err != nil:
			return nil, err
		case bytes.HasPrefix(message, []byte(`[3,`)) && bytes.HasPrefix(message[3:], s.id):
			return message[3+len(s.id):], nil
		case bytes.HasPrefix(message, []byte(`[4,`)):
			return nil, fmt.Errorf("refused: %s", message)
		}
		if err := s.refuse(message); err != nil {
			return nil, err
		}
	}
}

// refuse answers a call of the server.
func (s *Station) refuse(message []byte) error {
	frame, bad := ocppj.Parse(s.Version, message)
	if bad != nil || frame.Type != ocppj.TypeCall {
		return fmt.Errorf("server sent %.100q", message)
	}
	answer := ocppj.AppendCallError(make([]byte, headMax), s.Version, frame.ID, &ocppj.CallError{Code: ocppj.NotImplemented})
	return s.socket.write(answer)
}

// serial is short enough for every version's field of that name.
func (s *Station) serial() string { return s.Identity[max(0, len(s.Identity)-25):] }

// newTransaction names a 2.0.1 transaction: no two of a station's are named
// alike, whenever it connected.
func (s *Station) newTransaction() string {
	return strconv.FormatInt(s.now.UnixMilli(), 36) + "-" + strconv.Itoa(s.begun)
}
