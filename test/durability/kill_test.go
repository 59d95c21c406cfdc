// Package durability shows that what Pylon has answered is on the disk: it kills the
// program in the middle of its work and counts what is left, and it reads the
// program's system calls to see that no answer leaves before its commit is synced.
package durability

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pylon/test/program"
)

const (
	// stationCount stations are in a session when the server is killed.
	stationCount = 50
	// killAfter is how many more messages are acknowledged before that, so that
	// starts, samples and stops are all on their way.
	killAfter = 400
	// runMax bounds a part of the test.
	runMax = 2 * time.Minute
)

// TestKill kills the server with SIGKILL while 50 stations charge, and starts it
// again on the same data. Every transaction message that was acknowledged is there
// exactly once; what the stations then send again, because they got no answer, is
// there exactly once too.
func TestKill(t *testing.T) {
	config := program.Config{Binary: program.Build(t), Data: t.TempDir()}
	server := program.Start(t, config)
	stations := fleet(t, server, stationCount)
	unanswered := chargeUntilKilled(t, server, stations)

	server = program.Start(t, config)
	lost := 0
	for i, s := range stations {
		checkStored(t, server, s, unanswered[i].id != "")
		if unanswered[i].id != "" {
			lost++
		}
	}
	t.Logf("%d of %d stations had a message on its way", lost, len(stations))
	if lost == 0 {
		t.Error("no message was on its way; the kill came too late to prove anything")
	}
	goOn(t, server, stations, unanswered)
	for _, s := range stations {
		checkStored(t, server, s, false)
	}
	server.Stop(t)
}

// chargeUntilKilled lets every station charge, kills the server once all of them
// are in a session and have gone on for a while, and returns the message that each
// station has no answer to; the zero message where there is none.
func chargeUntilKilled(t *testing.T, server *program.Server, stations []*station) []message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runMax)
	defer cancel()
	unanswered := make([]message, len(stations))
	var inSession, done sync.WaitGroup
	var answers atomic.Int64
	enough := make(chan struct{})
	inSession.Add(len(stations))
	for i, s := range stations {
		done.Go(func() {
			var err error
			send := func(m message) bool {
				unanswered[i] = m
				if err = s.send(m); err == nil {
					unanswered[i] = message{}
				}
				return err == nil
			}
			reachSession := sync.OnceFunc(inSession.Done)
			defer reachSession()
			if err = s.connect(ctx, server); err != nil || !send(s.begin()) {
				t.Errorf("before the kill: %v", err)
				return
			}
			reachSession()
			inSession.Wait()
			for s.charge(send, i) && ctx.Err() == nil {
				if answers.Add(1) == killAfter {
					close(enough)
				}
			}
		})
	}
	inSession.Wait()
	select {
	case <-enough:
	case <-ctx.Done():
		t.Errorf("%d messages answered within %v, want %d", answers.Load(), runMax, killAfter)
	}
	server.Kill()
	done.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return unanswered
}

// charge sends the station's next message: a few samples, the stop, and then the
// start of another transaction. Stations differ in how long they charge.
func (s *station) charge(send func(message) bool, i int) bool {
	switch tx := s.last(); {
	case bool(tx.ended):
		return send(s.begin())
	case len(tx.samples) < 4+(i+len(s.transactions))%7:
		return send(s.measure())
	default:
		return send(s.end())
	}
}

// goOn connects every station again, has it send what got no answer, and ends its
// transaction.
func goOn(t *testing.T, server *program.Server, stations []*station, unanswered []message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runMax)
	defer cancel()
	var done sync.WaitGroup
	for i, s := range stations {
		done.Go(func() {
			if err := s.connect(ctx, server); err != nil {
				t.Error(err)
				return
			}
			defer s.socket.Close()
			if again := unanswered[i]; again.id != "" {
				again.id = s.nextID() // OCPP 2.0.1 wants a new id for a second try
				if err := s.send(again); err != nil {
					t.Error(err)
					return
				}
			}
			if !s.last().ended {
				if err := s.send(s.end()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// checkStored compares what the server tells of a station with what the station
// was told. One message may be there or not: the one without an answer, if any.
func checkStored(t *testing.T, server *program.Server, s *station, oneOpen bool) {
	t.Helper()
	sessions := map[string][]program.Session{}
	for _, session := range server.Sessions(t, s.identity) {
		sessions[session.TransactionID] = append(sessions[session.TransactionID], session)
	}
	for _, tx := range s.transactions {
		if tx.id == "" {
			continue // a start of 1.6 without an answer: only the server can know its id
		}
		found := sessions[tx.id]
		delete(sessions, tx.id)
		if len(found) != 1 {
			if bool(tx.begun) || len(found) > 1 || !oneOpen {
				t.Errorf("%s: transaction %s: got %d sessions, want 1", s.identity, tx.id, len(found))
			}
			continue
		}
		checkSession(t, server, s, tx, found[0], oneOpen)
	}
	if len(sessions) > 1 || len(sessions) == 1 && !oneOpen {
		t.Errorf("%s: got sessions that it never had: %v", s.identity, sessions)
	}
}

// checkSession compares a session with the transaction it comes from.
func checkSession(t *testing.T, server *program.Server, s *station, tx *transaction, session program.Session, oneOpen bool) {
	t.Helper()
	where := fmt.Sprintf("%s: transaction %s", s.identity, tx.id)
	if bool(tx.ended) && (session.EndedAt.IsZero() || session.EnergyWh != int64(tx.endsWh-tx.beginsWh)) {
		t.Errorf("%s: got %+v, want it ended with %d Wh", where, session, tx.endsWh-tx.beginsWh)
	}
	if tx.endsWh == 0 && !session.EndedAt.IsZero() {
		t.Errorf("%s: got %+v, want it running", where, session)
	}
	stored := map[int]int{}
	for _, value := range server.MeterValues(t, session.ID) {
		if value.Measurand != "Energy.Active.Import.Register" || value.Context != "Sample.Periodic" {
			continue
		}
		register, err := strconv.Atoi(value.Value)
		if err != nil {
			t.Fatalf("%s: value %q: %v", where, value.Value, err)
		}
		stored[register]++
	}
	for _, sample := range tx.samples {
		got := stored[sample.registerWh]
		delete(stored, sample.registerWh)
		if got != 1 && (bool(sample.acknowledged) || got > 1 || !oneOpen) {
			t.Errorf("%s: sample of %d Wh: got it %d times, want once", where, sample.registerWh, got)
		}
	}
	if len(stored) > 0 {
		t.Errorf("%s: got samples that it never sent: %v", where, stored)
	}
}
