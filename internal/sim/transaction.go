package sim

import (
	"strconv"
	"time"

	"pylon/internal/kernel/unit"
	"pylon/internal/wire/schema"
)

// transaction is what runs on an EVSE. The station's lock guards it.
type transaction struct {
	id       string // the station's; in 2.x the server's too
	session  *Session
	number   int              // 1.6: the server's id, 0 until it is known
	named    bool             // 1.6: whether the start was settled, with a number or without
	token    Token            // that may charge, as the station writes it
	seqNo    int              // of the next message
	from     unit.WattHour    // what the meter had counted when it began
	since    time.Time        // when power was allowed, by the station's clock; zero until then
	priority bool             // 2.1: priority charging is on
	samples  []Reading        // 1.6, kept for the stop when the station sends them there
	signed   []*signedReading // 1.6, kept for the stop
}

// The kinds of transaction event, in the words of OCPP 2.x.
const (
	started = "Started"
	updated = "Updated"
	ended   = "Ended"
)

// The contexts of a reading.
const (
	contextBegin    = "Transaction.Begin"
	contextEnd      = "Transaction.End"
	contextPeriodic = "Sample.Periodic"
	contextClock    = "Sample.Clock"
	contextTrigger  = "Trigger"
)

// happening is one thing that happens in a transaction.
type happening struct {
	event   string
	trigger string   // trigger reason of OCPP 2.x
	token   *Token   // that is presented with it, as the station writes it; may be nil
	reading *Reading // may be nil
	context string   // of the reading
	why     ending   // of the end

	// What tell fills in.
	at       time.Time
	register unit.WattHour
	phase    phase
	seqNo    int
	offline  bool
}

// begin starts a transaction on an EVSE; without a token when nobody was
// authorised yet. The lock is held, here and below.
func (s *Station) begin(e *evse, trigger string, token *Token) {
	r := s.read(e)
	s.serial++
	session := &Session{
		Station:   s.config.Identity,
		Version:   s.config.Version,
		EVSE:      e.id,
		Began:     r.At,
		TrueBegan: r.At.Add(-s.skew),
		Begin:     r.Register,
		End:       r.Register,
	}
	e.tx = &transaction{session: session, from: e.meter.counted()}
	if e.visit != nil {
		session.RemoteStartID, session.ReservationID = e.visit.remoteStartID, e.visit.reservation
	}
	if token != nil {
		s.identify(e, *token)
		token = &e.tx.token
	}
	e.tx.id = strconv.FormatInt(s.clock.Now().UnixMilli(), 36) + "-" + strconv.FormatUint(s.serial, 10)
	if !s.is16() {
		session.TransactionID = e.tx.id
	}
	s.sessions = append(s.sessions, session)
	s.tell(e, happening{event: started, trigger: trigger, token: token, reading: &r, context: contextBegin})
}

// identify notes who charges.
func (s *Station) identify(e *evse, token Token) {
	e.tx.token = token
	if !e.visit.remote {
		e.tx.token = s.written(token)
	}
	e.tx.session.Token, e.tx.session.Presented = token.UID, e.tx.token.UID
}

// finish ends the transaction of an EVSE.
func (s *Station) finish(e *evse, why ending) {
	r := s.read(e)
	s.over(e, why, r.At)
	h := happening{event: ended, trigger: triggerOf(why), reading: &r, context: contextEnd, why: why}
	e.phase = finishing
	if why == endLocal {
		h.token = &e.tx.token
	}
	if second := e.tx.session.SecondToken; second != "" && s.is16() {
		h.token = &Token{UID: second, Type: e.tx.token.Type}
	}
	s.tell(e, h)
	s.leave(e)
}

// lose ends the transaction of an EVSE without a word about it.
func (s *Station) lose(e *evse, why ending) {
	s.count(e)
	s.over(e, why, s.time())
	e.tx.session.Unstoppable = true
	s.leave(e)
}

// over notes the end of the session, by the station's clock.
func (s *Station) over(e *evse, why ending, at time.Time) {
	session := e.tx.session
	session.Ended, session.TrueEnded, session.Reason = at, at.Add(-s.skew), string(why)
}

// leave forgets the transaction, and the charging profiles that were its own.
func (s *Station) leave(e *evse) {
	s.profiles.Ended(e.tx.id)
	e.tx = nil
}

// measurands returns what a reading in a context holds.
func (s *Station) measurands(context string) []string {
	switch context {
	case contextBegin:
		return s.settings.list(startedData)
	case contextEnd:
		return s.settings.list(endedData)
	case contextClock:
		return s.settings.list(alignedData)
	default:
		return s.settings.list(sampledData)
	}
}

// triggerOf returns the trigger reason of OCPP 2.x for an end.
func triggerOf(why ending) string {
	switch why {
	case endRemote:
		return "RemoteStop"
	case endDeauthorized:
		return "Deauthorized"
	case endReset, endHardReset, endSoftReset:
		return "ResetCommand"
	case endUnlock:
		return "UnlockCommand"
	case endPowerLoss:
		return "AbnormalCondition"
	case endTimeout:
		return "EVConnectTimeout"
	default:
		return "StopAuthorized"
	}
}

// tell queues the message about a happening, if the version has one.
func (s *Station) tell(e *evse, h happening) {
	tx := e.tx
	h.at, h.phase = s.time(), e.phase
	if h.reading != nil { // one moment, however long it took to get here
		h.at, h.register = h.reading.At, h.reading.Register
		if s.lasting(MeterSilent) {
			h.reading = nil
		}
	}
	if !s.is16() && s.strike(SkippedSeqNo, e) {
		tx.seqNo++
	}
	h.seqNo = tx.seqNo
	h.offline = s.link == nil || s.dark()
	message, ready := s.speak.transaction(e, h)
	if message == nil {
		return
	}
	tx.seqNo++
	sent := Sent{Action: message.Action(), Event: h.event, SeqNo: h.seqNo, At: h.at, Register: h.register, Measured: h.reading != nil}
	if h.event != updated && s.is16() { // meterStart and meterStop are not left out
		sent.Measured = true
	}
	p := &parcel{
		message: message,
		ready:   ready,
		kept:    true,
		about:   tx.session,
		place:   len(tx.session.Messages),
		settled: func(response schema.Message, err error) { s.learn(e, tx, h, response, err) },
	}
	if s.is16() && h.event != started {
		p.waits = func() bool { return !tx.named }
	}
	if h.event == ended && s.strike(LostStop, e) {
		sent.Withheld, tx.session.Unstoppable = true, true
		tx.session.Messages = append(tx.session.Messages, sent)
		s.touch()
		return
	}
	if h.event == ended {
		if a, ok := s.take(OvertakenStop, e); ok {
			p.held, s.overtaken, s.holdFor = true, e, a.length
		}
	}
	tx.session.Messages = append(tx.session.Messages, sent)
	s.put(p)
	s.touch()
}

// learn takes what the server answered about a transaction: an id, and whether
// its token may charge. What it says of another token that was shown meanwhile
// changes nothing.
func (s *Station) learn(e *evse, tx *transaction, h happening, response schema.Message, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.touch()
	tx.named = tx.named || h.event == started
	if err != nil {
		return
	}
	s.showAnswer(tx, h, response)
	says := s.speak.learn(tx, response)
	if says == nil || h.token != nil && *h.token != tx.token {
		return
	}
	s.remember(tx.token, *says)
	if !says.accepted && e.tx == tx && s.settings.is(stopOnInvalid) {
		e.visit.end(endDeauthorized)
	}
}
