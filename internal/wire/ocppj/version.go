// Package ocppj frames OCPP messages as JSON arrays on a WebSocket, for both
// ends of the socket and for OCPP 1.6, 2.0.1 and 2.1.
//
// [Parse] guarantees that an accepted frame is JSON by its structure, has the
// elements its message type asks for and no others, and nests no deeper than a
// fixed limit; whatever it refuses comes with the answer that the version wants,
// which often is none. The Append functions write what Parse reads back
// unchanged. Nothing here knows an action or a payload.
//
// Source: OCPP-J 1.6 with its errata sheet 2025-04; OCPP 2.0.1 edition 3 part 4
// with errata 2025-09; OCPP 2.1 edition 1 part 4.
package ocppj

import "fmt"

// Version is an OCPP version that Pylon speaks. The zero value is none.
type Version uint8

// The versions, in the order of their age.
const (
	V16 Version = iota + 1
	V201
	V21
)

// Subprotocol returns the name that the WebSocket handshake gives the version:
// "ocpp1.6", "ocpp2.0.1" or "ocpp2.1".
func (v Version) Subprotocol() string { return "ocpp" + v.String() }

// String returns "1.6", "2.0.1" or "2.1".
func (v Version) String() string {
	switch v {
	case V16:
		return "1.6"
	case V201:
		return "2.0.1"
	case V21:
		return "2.1"
	}
	panic(fmt.Sprintf("ocppj: version %d is none of ours", uint8(v)))
}

// ParseSubprotocol returns the version that a subprotocol of the WebSocket
// handshake stands for, and false for one that Pylon does not speak. The names
// are compared as they are: the handshake must echo the one offered.
func ParseSubprotocol(name string) (Version, bool) {
	switch name {
	case "ocpp1.6":
		return V16, true
	case "ocpp2.0.1":
		return V201, true
	case "ocpp2.1":
		return V21, true
	}
	return 0, false
}
