package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pylon/internal/sim"
)

// aftermath is how long after a fault what follows from it may still be noticed:
// a stop that never came is missed when the next session begins.
const aftermath = 26 * time.Hour

// finding looks for the cause of a finding: a fault of a kind that explains its
// code, at its station, before it. A code that nothing explains is a discrepancy.
func (j *judge) finding(f Finding) {
	x := Explained{Finding: f}
	causes := causes(f.Code)
	for _, at := range slices.Backward(j.faults[f.Station]) {
		if slices.Contains(causes, at.Fault) && j.explains(&at, f.At) {
			x.Cause = string(at.Fault)
			break
		}
	}
	if x.Cause == "" && j.truth.OwnTime && slices.Contains(timely(), f.Code) {
		x.Cause = "own_time"
	}
	if x.Cause == "" && slices.Contains(timely(), f.Code) && j.tardy(f) {
		x.Cause = "slow_machine"
	}
	if x.Cause == "" && j.truth.Stepped && slices.Contains(ordered(), f.Code) {
		x.Cause = "clock_stepped"
	}
	if x.Cause == "" && f.Code == "command_ignored" && j.away(f) {
		x.Cause = "connection_lost"
	}
	if x.Cause == "" && f.Code == "stop_missing" && f.Resolved && j.truth.BootsAlways[f.Station] {
		x.Cause = "boots_always"
	}
	if x.Cause == "" {
		j.say(Uncaused, f.Station, "finding %s at %s has no cause: %s%s", f.Code, stamp(f.At), f.Detail, j.past(f.Station))
	}
	j.result.Findings = append(j.result.Findings, x)
}

// past tells people what went wrong at a station in all.
func (j *judge) past(station string) string {
	var b strings.Builder
	for _, f := range j.faults[station] {
		fmt.Fprintf(&b, "; %s at %s", f.Fault, stamp(f.From))
	}
	return b.String()
}

func (j *judge) explains(fault *sim.Injected, at time.Time) bool {
	if fault.From.After(at.Add(j.truth.Slack)) {
		return false
	}
	return fault.To.IsZero() || at.Before(fault.To.Add(aftermath))
}

// away says whether a station lost its connection while a command was open that
// had no effect.
func (j *judge) away(f Finding) bool {
	const open = time.Minute // longer than commands are
	return slices.ContainsFunc(j.truth.Connections[f.Station], func(c sim.Connection) bool {
		return !c.Ended.IsZero() && c.Ended.After(f.At.Add(-open)) && c.Ended.Before(f.At.Add(j.truth.Slack))
	})
}

// tardy says whether a message that was on its way when a station was found to have
// a wrong clock took so long that it seemed so.
func (j *judge) tardy(f Finding) bool {
	for i := range j.truth.Sessions {
		t := &j.truth.Sessions[i]
		if t.Station != f.Station || j.delay(t) <= clockTolerance-exact {
			continue
		}
		for k := range t.Messages {
			m := &t.Messages[k]
			if m.Told.Sub(m.At) > clockTolerance-exact && !f.At.Before(m.At) && !f.At.After(m.Told.Add(j.truth.Slack)) {
				return true
			}
		}
	}
	return false
}

// timely are the codes that compare a station's time with the CSMS's.
func timely() []string {
	return []string{"clock_wrong", "clock_changed", "meter_jumped", "status_storm"}
}

// ordered are the codes that conclude something from the order of times.
func ordered() []string {
	return []string{"stop_missing", "meter_backwards", "meter_silent", "energy_unaccounted", "event_after_end"}
}

// causes returns the faults that a CSMS may notice with a code. The codes are
// Pylon's.
func causes(code string) []sim.Fault {
	away := []sim.Fault{sim.LinkCut, sim.PowerCut, sim.Swapped}
	switch code {
	case "transaction_unknown":
		return []sim.Fault{sim.UnknownStop, sim.LostAnswer, sim.ShuffledQueue, sim.Swapped, sim.LinkCut, sim.PowerCut}
	case "transaction_replaced", "transactions_parallel":
		return append(away, sim.DoubleStart, sim.LostStop, sim.OvertakenStop, sim.ShuffledQueue)
	case "stop_missing": // a station that boots with every connection boots in mid-session
		return append(away, sim.LostStop, sim.OvertakenStop, sim.DoubleStart, sim.ShuffledQueue, sim.StuckConnector, sim.LostAnswer)
	case "closed_from_evidence":
		return append(away, sim.LostStop, sim.OvertakenStop, sim.DoubleStart, sim.ShuffledQueue, sim.StuckConnector)
	case "sequence_gap", "sequence_restarted":
		return []sim.Fault{sim.SkippedSeqNo, sim.ShuffledQueue, sim.LostStop, sim.OvertakenStop}
	case "event_after_end":
		return append(away, sim.OvertakenStop, sim.ShuffledQueue, sim.LostStop, sim.ClockSet, sim.ClockWrong)
	case "meter_backwards", "meter_reset":
		return []sim.Fault{sim.MeterBackwards, sim.MeterReset, sim.Swapped, sim.ShuffledQueue, sim.MeterJump}
	case "meter_jumped":
		return []sim.Fault{sim.MeterJump, sim.MeterReset, sim.Swapped, sim.ClockWrong, sim.ClockSet}
	case "meter_silent":
		return []sim.Fault{sim.MeterSilent, sim.PowerCut, sim.Swapped, sim.DoubleStart, sim.LostStop}
	case "clock_wrong", "clock_changed":
		return []sim.Fault{sim.ClockWrong, sim.ClockSet}
	case "token_not_accepted", "token_reversed":
		return []sim.Fault{sim.ReversedTokens, sim.LinkCut, sim.PowerCut}
	case "tokens_differ":
		return []sim.Fault{sim.SecondToken}
	case "energy_unaccounted":
		return []sim.Fault{sim.IdleEnergy, sim.LostStop, sim.PowerCut, sim.Swapped, sim.DoubleStart, sim.ShuffledQueue, sim.MeterJump, sim.MeterReset, sim.MeterBackwards, sim.MeterSilent}
	case "station_replaced":
		return []sim.Fault{sim.Swapped}
	case "status_storm":
		return []sim.Fault{sim.StatusStorm}
	case "evse_unreported":
		return []sim.Fault{sim.UnknownStop, sim.ShuffledQueue} // an end before its start
	case "command_ignored":
		return []sim.Fault{sim.DeafCommands}
	}
	return nil
}
