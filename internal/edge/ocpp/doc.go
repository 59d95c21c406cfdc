// Package ocpp is the gateway at which charging stations connect: OCPP 1.6,
// 2.0.1 and 2.1 as JSON over WebSockets. It lets a station in, turns what the
// station says into the words of the domain, answers it after the commit, and
// turns commands into calls.
//
// Guarantees:
//
//   - A station is answered after what it said is durable, never before.
//   - Paid energy is never thrown away. A transaction message that cannot be
//     applied is committed raw, as a finding, before its CALLERROR leaves. While
//     the database is away such a message gets no answer at all: after
//     [awayMax] the socket is closed, because an offline station keeps its
//     queue and a refused one loses it.
//   - One call is in flight in each direction. A station is answered while a
//     call of ours is open, and what it sends meanwhile waits in order.
//   - Whatever a station sends has a defined answer, a counter and a line in
//     its log, and costs no other station anything.
//   - Secrets are taken out before a frame is logged or a command reported.
//
// The ways through the package: handshake.go lets stations in, seat.go decides
// which of two sockets speaks for a station, read.go and inbox.go take messages
// in, serve.go answers them by the routes in v16_*.go, v2_*.go and v21_*.go,
// outbox.go sends commands, recognise.go and device.go follow what calls change
// whoever composed them, sweep.go looks after the silent.
package ocpp
