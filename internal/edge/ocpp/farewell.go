package ocpp

// farewell is why and how a socket ends.
type farewell struct {
	code   int    // close code of RFC 6455 section 7.4.1
	reason string // stable: kept with the station's connection, sent in the close frame
	abrupt bool   // the other side does not listen: no close frame
	ours   bool   // we stop: what is not answered yet stays in the station's queue
	fleet  bool   // the reason came with [conn.Close]
}

// The ends that are the station's doing, or the network's. What had arrived is
// still taken in.
var (
	endedByStation = farewell{reason: "closed_by_station", abrupt: true}
	endedByNetwork = farewell{reason: "connection_lost", abrupt: true}
	endedSilent    = farewell{reason: "silent", abrupt: true}
	endedSlow      = farewell{reason: "slow_reader", abrupt: true}
	endedBroken    = farewell{code: 1002, reason: "websocket_error"}
	endedTooLong   = farewell{code: 1009, reason: "frame_too_long"}
	endedBinary    = farewell{code: 1003, reason: "binary_frame"}
	endedGarbage   = farewell{code: 1002, reason: "garbage"}
)

// The ends that are ours. 1012 and 1013 tell a station to come back later.
var (
	endedNoProtocol = farewell{code: 1002, reason: "subprotocol_unknown", ours: true}
	endedAway       = farewell{code: 1013, reason: "database_away", ours: true}
	endedShutdown   = farewell{code: 1012, reason: "node_shutdown", ours: true}
	endedSuperseded = farewell{code: 1000, reason: "superseded", ours: true}
	endedReplaced   = farewell{code: 1000, reason: "replaced", ours: true} // by another socket that waits
	endedNotFound   = farewell{code: 1008, reason: "station_unknown", ours: true}
	endedLogin      = farewell{code: 1000, reason: "password_changed", ours: true}
	endedInternal   = farewell{code: 1011, reason: "internal", ours: true}
)
