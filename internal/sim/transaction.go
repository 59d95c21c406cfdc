package sim

import (
	"strconv"
	"time"

	"pylon/internal/wire/schema"
)

// transaction is what runs on an EVSE. The station's lock guards it.
type transaction struct {
	session *Session
	number  int // 1.6: the server's id, 0 until it is known
	token   Token
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
	contextTrigger  = "Trigger"
)

// happening is one thing that happens in a transaction.
type happening struct {
	event   string
	trigger string   // trigger reason of OCPP 2.x
	token   *Token   // that is presented with it; may be nil
	reading *Reading // may be nil
	context string   // of the reading
	why     ending   // of the end

	// What tell fills in.
	at      time.Time
	phase   phase
	seqNo   int
	offline bool
}

// begin starts a transaction on an EVSE; without a token when nobody was
// authorised yet. The lock is held, here and below.
func (s *Station) begin(e *evse, trigger string, token *Token) {
	r := s.read(e)
	s.serial++
	session := &Session{
		Station:       s.config.Identity,
		Version:       s.config.Version,
		EVSE:          e.id,
		Began:         r.At,
		Begin:         r.Register,
		End:           r.Register,
		RemoteStartID: e.visit.remoteStartID,
	}
	if token != nil {
		session.Token = token.UID
	}
	e.tx = &transaction{session: session}
	s.speak.name(e.tx, strconv.FormatInt(r.At.UnixMilli(), 36)+"-"+strconv.FormatUint(s.serial, 10))
	if len(s.sessions) == sessionsMax {
		s.sessions = append(s.sessions[:0], s.sessions[1:]...)
	}
	s.sessions = append(s.sessions, session)
	s.tell(e, happening{event: started, trigger: trigger, token: token, reading: &r, context: contextBegin})
}

// finish ends the transaction of an EVSE.
func (s *Station) finish(e *evse, why ending) {
	r := s.read(e)
	session := e.tx.session
	session.Ended, session.End, session.Reason = r.At, r.Register, string(why)
	h := happening{event: ended, trigger: triggerOf(why), reading: &r, context: contextEnd, why: why}
	e.phase = finishing
	if why == endLocal {
		h.token = &e.visit.Token
	}
	s.tell(e, h)
	e.tx = nil
}

// measurands returns what a reading in a context holds.
func (s *Station) measurands(context string) []string {
	if context == contextBegin || context == contextEnd {
		return []string{energyRegister, stateOfCharge}
	}
	return s.settings.measurands()
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
	default:
		return "StopAuthorized"
	}
}

// tell queues the message about a happening, if the version has one.
func (s *Station) tell(e *evse, h happening) {
	tx := e.tx
	if h.token != nil {
		tx.token = *h.token
	}
	h.at = s.clock.Now()
	h.phase = e.phase
	h.seqNo = len(tx.session.Messages)
	h.offline = s.link == nil
	request, response := s.speak.transaction(e, h)
	if request == nil {
		return
	}
	sent := Sent{Action: response().Action(), Event: h.event, SeqNo: h.seqNo, At: h.at, Register: tx.session.End}
	tx.session.Messages = append(tx.session.Messages, sent)
	s.put(&parcel{
		request:  request,
		response: response,
		kept:     true,
		about:    tx.session,
		message:  h.seqNo,
		settled:  func(response schema.Message, err error) { s.learn(e, tx, response, err) },
	})
	s.touch()
}

// learn takes what the server answered about a transaction: an id, and whether
// its token may charge.
func (s *Station) learn(e *evse, tx *transaction, response schema.Message, err error) {
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	verdict := s.speak.learn(tx, response)
	if verdict == nil {
		return
	}
	s.remember(tx.token, *verdict)
	if !*verdict && e.tx == tx && s.settings.is(keyStopOnInvalid) {
		e.visit.end(endDeauthorized)
	}
	s.touch()
}
