// Package peers lets stations that others wrote charge at Pylon: the Python package
// `ocpp` for OCPP 1.6, 2.0.1 and 2.1, and the npm package `ocpp-rpc` for the first
// two. Both hold what Pylon says against JSON schemas of their own, so they are
// witnesses that do not share our mistakes.
package peers

import (
	"fmt"
	"testing"

	"pylon/test/program"
)

// What every peer's meter tells; the programs have the same figures.
const energyWh = 2500 - 1000

const (
	goodToken    = "04A1B2C3D4E5F6"
	blockedToken = "04FFFFFFFFFFFF"
)

// peers are the programs, started in this folder.
var peers = []struct {
	name    string
	command []string
	version version
}{
	{"python ocpp 1.6", []string{python, "python/station16.py"}, ocpp16},
	{"python ocpp 2.0.1", []string{python, "python/station201.py"}, ocpp201},
	{"python ocpp 2.1", []string{python, "python/station21.py"}, ocpp21()},
	{"node ocpp-rpc 1.6", []string{"node", "node/station16.mjs"}, ocpp16},
	{"node ocpp-rpc 2.0.1", []string{"node", "node/station201.mjs"}, ocpp201},
}

// TestPeers has every peer live its life against one server: it boots, charges on
// its own, is read and set, is started and stopped from afar, and is reset.
func TestPeers(t *testing.T) {
	server := program.Start(t, program.Config{Binary: program.Build(t), Data: t.TempDir()})
	server.CreateToken(t, goodToken, "accepted")
	server.CreateToken(t, blockedToken, "blocked")
	for i, tt := range peers {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			identity := fmt.Sprintf("peer|%d", i+1) // with a sign that has to be escaped on the way
			server.CreateStation(t, identity, "0123456789abcdef")
			p := launch(t, tt.command, server.WebSocket(), identity, "0123456789abcdef", goodToken, blockedToken)
			chargesOnItsOwn(t, server, p, identity, tt.version)
			for _, e := range tt.version.exchanges {
				command(t, server, p, identity, e)
			}
			chargesRaw(t, server, p, identity, tt.version)
			chargesByCommand(t, server, p, identity)
			if sessions := server.Sessions(t, identity); len(sessions) != 3 {
				t.Errorf("sessions: got %d, want 3: %+v", len(sessions), sessions)
			}
			command(t, server, p, identity, tt.version.reset)
			p.wait(t)
		})
	}
}

// chargesOnItsOwn follows a peer until it is ready for commands, checks what it was
// told and what the API shows of it.
func chargesOnItsOwn(t *testing.T, server *program.Server, p *peer, identity string, v version) {
	t.Helper()
	p.await(t, "connected", "subprotocol", v.subprotocol)
	p.await(t, "booted", "status", "Accepted")
	p.await(t, "authorized", "token", goodToken, "status", "Accepted")
	p.await(t, "authorized", "token", blockedToken, "status", "Blocked")
	p.await(t, "started", "status", "Accepted")
	stopped := p.await(t, "stopped")
	for _, asked := range v.asks {
		p.await(t, asked[0], asked[1:]...)
	}
	p.await(t, "ready")

	station := server.Station(t, identity)
	if station.OCPPVersion != v.number || station.Connection.Status != "online" {
		t.Errorf("station: got version %q and %q, want %q and online", station.OCPPVersion, station.Connection.Status, v.number)
	}
	sessions := server.Sessions(t, identity)
	if len(sessions) != 1 {
		t.Fatalf("sessions: got %d, want 1: %+v", len(sessions), sessions)
	}
	checkEnded(t, sessions[0], stopped.text("transaction_id"), "Local")
}

// chargesRaw starts and stops a session by OCPP requests that are sent as they are.
func chargesRaw(t *testing.T, server *program.Server, p *peer, identity string, v version) {
	t.Helper()
	transactionID := command(t, server, p, identity, v.start).text("transaction_id")
	checkRuns(t, sessionOf(t, server, identity, transactionID))
	command(t, server, p, identity, v.stop(transactionID))
	checkEnded(t, sessionOf(t, server, identity, transactionID), transactionID, "Remote")
}

// chargesByCommand starts and stops a session in the words of the API, the same for
// every version. Both commands end when the session shows their effect.
func chargesByCommand(t *testing.T, server *program.Server, p *peer, identity string) {
	t.Helper()
	start := map[string]any{"type": "start_session", "token_uid": goodToken, "evse_id": 1}
	if got := server.Command(t, identity, identity+"-start", start); got != "observed" {
		t.Errorf("start_session: got %s, want observed", got)
	}
	transactionID := p.await(t, "started", "status", "Accepted").text("transaction_id")
	session := sessionOf(t, server, identity, transactionID)
	checkRuns(t, session)
	stop := map[string]any{"type": "stop_session", "session_id": session.ID}
	if got := server.Command(t, identity, identity+"-stop", stop); got != "observed" {
		t.Errorf("stop_session: got %s, want observed", got)
	}
	p.await(t, "stopped", "transaction_id", transactionID)
	checkEnded(t, sessionOf(t, server, identity, transactionID), transactionID, "Remote")
}

// sessionOf returns the one session that has the station's transaction.
func sessionOf(t *testing.T, server *program.Server, identity, transactionID string) program.Session {
	t.Helper()
	for _, session := range server.Sessions(t, identity) {
		if session.TransactionID == transactionID {
			return session
		}
	}
	t.Fatalf("no session has transaction %s", transactionID)
	return program.Session{}
}

// checkRuns checks a session that is not over.
func checkRuns(t *testing.T, s program.Session) {
	t.Helper()
	if !s.EndedAt.IsZero() || s.TokenUID != goodToken {
		t.Errorf("session: got %+v, want a session of %s that runs", s, goodToken)
	}
}

// checkEnded checks a session that is over.
func checkEnded(t *testing.T, s program.Session, transactionID, reason string) {
	t.Helper()
	if s.TransactionID != transactionID || s.TokenUID != goodToken || s.EVSEID != 1 || s.ConnectorID != 1 {
		t.Errorf("session: got %+v, want transaction %s of %s at EVSE 1, connector 1", s, transactionID, goodToken)
	}
	if s.EndedAt.IsZero() || s.EnergyWh != energyWh || s.StopReason != reason {
		t.Errorf("session: got %+v, want it ended by %s with %d Wh", s, reason, energyWh)
	}
}

// command sends a command, checks the response, and returns the step that follows.
func command(t *testing.T, server *program.Server, p *peer, identity string, e exchange) step {
	t.Helper()
	got := server.Call(t, identity, e.action, raw(e.request))
	if !same(got, raw(e.response)) {
		t.Errorf("%s: got %s, want %s", e.action, got, e.response)
	}
	if e.then == nil {
		return nil
	}
	return p.await(t, e.then[0], e.then[1:]...)
}
