// Package load makes many stations that cost next to nothing, so that a server
// can be measured on the machine that also makes its load. A station of
// package sim has a driver, a car and a memory; one of this package has a socket,
// a meter and what it says next.
//
// What it sends is honest all the same: valid OCPP 1.6 and 2.0.1, sessions that
// begin and end, registers that rise, values and times that are never twice the
// same, one call in flight, and no call before the last is answered. What the
// server asks of it is answered NotImplemented.
//
// [Closed] drives stations as fast as they are answered; [Open] drives them by
// the clock and counts a late start as latency, so that a server which stalls
// cannot hide how long the stall was; [Gather] lets them all in at once.
package load
