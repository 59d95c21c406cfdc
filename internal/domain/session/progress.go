package session

// Progress reports whether s, a later state of the session before, differs
// from it only in what the reports of a running session move: the reading, the
// charging state and the counters. That is nearly every report, and the store
// writes it at less cost.
func (s Session) Progress(before Session) bool {
	before.Last, before.Energy = s.Last, s.Energy
	before.PowerW, before.PowerAt, before.StateOfCharge = s.PowerW, s.PowerAt, s.StateOfCharge
	before.ChargingState, before.StateSince, before.SegmentNo = s.ChargingState, s.StateSince, s.SegmentNo
	before.StateCause, before.StateTrigger, before.Noted = s.StateCause, s.StateTrigger, s.Noted
	before.ToldAt = s.ToldAt
	before.HeardAt, before.ReadAt, before.AliveAt = s.HeardAt, s.ReadAt, s.AliveAt
	before.LastSeqNo, before.Frames, before.LastEventAt, before.Version = s.LastSeqNo, s.Frames, s.LastEventAt, s.Version
	return s == before
}
