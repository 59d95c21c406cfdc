package sim

import (
	"slices"
	"time"
)

// Fault is something that goes wrong at a station, or that a station does wrong.
type Fault string

// The faults. Each says what its duration means in [Station.Inject]. Those that
// wait for a chance ("the next …") strike once.
const (
	LinkCut         Fault = "link_cut"          // the connection is lost, and none is to be had for the duration
	PowerCut        Fault = "power_cut"         // the station is dark for the duration; [Config.AfterPowerCut] says what becomes of what ran
	StuckConnector  Fault = "stuck_connector"   // the lock does not open for the duration, or for ever: faulted, the cable stays in
	ClockWrong      Fault = "clock_wrong"       // the clock is off by the duration from now on, which may be negative, and takes no time from the server
	ClockSet        Fault = "clock_set"         // the clock is set right, but for the duration, and follows the server again
	MeterSilent     Fault = "meter_silent"      // no values come from the meter for the duration, or for ever
	MeterBackwards  Fault = "meter_backwards"   // the register loses a little once
	MeterReset      Fault = "meter_reset"       // the register begins again at 0
	MeterJump       Fault = "meter_jump"        // the register gains far too much once
	LostAnswer      Fault = "lost_answer"       // the socket goes after the next transaction message, before its answer; it comes again
	Repeated        Fault = "repeated"          // the next transaction message that is answered comes once more, behind those that wait by then
	LostStop        Fault = "lost_stop"         // the next stop is never sent
	OvertakenStop   Fault = "overtaken_stop"    // the next stop waits in the station while Available and a boot go before it; for the duration after the boot, at least 1 s
	ShuffledQueue   Fault = "shuffled_queue"    // what was queued offline leaves out of order, once
	SkippedSeqNo    Fault = "skipped_seq_no"    // 2.x: the next message of a transaction skips a number; 1.6 has none
	StatusStorm     Fault = "status_storm"      // the status flaps ten times a second for the duration
	DeafCommands    Fault = "deaf_commands"     // commands are answered Accepted and not done, for the duration or for ever
	LowerCaseTokens Fault = "lower_case_tokens" // tokens leave in lower case, for the duration or for ever
	ReversedTokens  Fault = "reversed_tokens"   // tokens leave with their bytes in reverse, for the duration or for ever
	SecondToken     Fault = "second_token"      // the running transaction, or the next, is shown another token too
	IdleEnergy      Fault = "idle_energy"       // the meter runs while nobody charges, for the duration or for ever
	Swapped         Fault = "swapped"           // another station takes the place: other serial number, other meters, nothing remembered
	UnknownStop     Fault = "unknown_stop"      // a stop is sent for a transaction that nobody began; it is in no session
	DoubleStart     Fault = "double_start"      // the running transaction, or the next, is forgotten without a stop and started again
)

// Faults returns all faults.
func Faults() []Fault {
	return []Fault{
		LinkCut, PowerCut, StuckConnector, ClockWrong, ClockSet, MeterSilent, MeterBackwards, MeterReset, MeterJump,
		LostAnswer, Repeated, LostStop, OvertakenStop, ShuffledQueue, SkippedSeqNo, StatusStorm, DeafCommands, LowerCaseTokens,
		ReversedTokens, SecondToken, IdleEnergy, Swapped, UnknownStop, DoubleStart,
	}
}

// Injected is a fault in the station's truth.
type Injected struct {
	Fault         Fault
	Station       string
	EVSE          int       // that it struck; 0 when it is the whole station's, or has not struck yet
	From, To      time.Time // by the true clock; To is zero when it lasts for ever or waits for its chance
	TransactionID string    // that it struck; "" when it struck none, or the server's id is not known
}

// struck is an injected fault, with what it needs to say later which transaction it was.
type struck struct {
	Injected
	session *Session
}

// Inject makes a fault happen. The duration says how long it lasts, or what the
// fault says; 0 is a moment or for ever, as fits the fault. It returns at once.
func (s *Station) Inject(f Fault, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := &struck{Injected: Injected{Fault: f, Station: s.config.Identity, From: s.clock.Now()}}
	s.injected = append(s.injected, at)
	switch f {
	case LinkCut, PowerCut, Swapped:
		s.injectLoss(at, d)
	case ClockWrong, ClockSet:
		s.injectTime(at, d)
	case MeterBackwards, MeterReset, MeterJump:
		s.injectMeter(at)
	case StuckConnector, StatusStorm:
		s.injectStatus(at, d)
	case MeterSilent, DeafCommands, LowerCaseTokens, ReversedTokens, IdleEnergy:
		s.countAll()
		s.last(at, d)
	case SecondToken, DoubleStart, UnknownStop:
		s.injectTransaction(at)
	case LostAnswer, Repeated, LostStop, OvertakenStop, ShuffledQueue, SkippedSeqNo:
		s.arm(at, d)
	default:
		panic("sim: no fault is called " + string(f))
	}
	s.touch()
}

// Faults returns what was injected, oldest first.
func (s *Station) Faults() []Injected {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Injected, len(s.injected))
	for i, at := range s.injected {
		out[i] = at.Injected
		if at.session != nil {
			out[i].TransactionID = at.session.TransactionID
		}
	}
	return out
}

// hit notes what a fault struck, and that it is over.
func (s *Station) hit(at *struck, e *evse) {
	at.To = s.clock.Now()
	s.mark(at, e)
}

// mark notes what a fault strikes while it lasts.
func (s *Station) mark(at *struck, e *evse) {
	at.EVSE = e.id
	if e.tx != nil {
		at.session = e.tx.session
	}
}

// arm makes a fault wait for its chance. A second one of its kind waits behind the first.
func (s *Station) arm(at *struck, d time.Duration) {
	s.armed = append(s.armed, armed{at, d})
}

// armed is a fault that waits for its chance.
type armed struct {
	*struck
	length time.Duration
}

// take takes the chance of a fault on an EVSE, if one of the kind waits for it.
func (s *Station) take(f Fault, e *evse) (armed, bool) {
	i := slices.IndexFunc(s.armed, func(a armed) bool { return a.Fault == f })
	if i < 0 {
		return armed{}, false
	}
	a := s.armed[i]
	s.hit(a.struck, e)
	s.armed = slices.Delete(s.armed, i, i+1)
	return a, true
}

// strike is take for those who only want to know whether.
func (s *Station) strike(f Fault, e *evse) bool {
	_, ok := s.take(f, e)
	return ok
}

// last makes a fault last for a time, or for ever for 0.
func (s *Station) last(at *struck, d time.Duration) {
	if s.under == nil {
		s.under = map[Fault]int{}
	}
	s.under[at.Fault]++
	s.end(at, d, func() { s.under[at.Fault]-- })
}

// lasting says whether a fault lasts.
func (s *Station) lasting(f Fault) bool { return s.under[f] > 0 }

// end ends a fault after a time, but never for 0.
func (s *Station) end(at *struck, d time.Duration, undo func()) {
	if d <= 0 {
		return
	}
	at.To = at.From.Add(d)
	s.later(d, func() {
		s.countAll() // until now it was so
		undo()
		s.reportAll()
		s.touch()
	})
}

// waits says whether a fault waits for its chance.
func (s *Station) waits(f Fault) bool {
	return slices.ContainsFunc(s.armed, func(a armed) bool { return a.Fault == f })
}
