package command

import (
	"time"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// idTokenMax is OCPP 2.1's limit for what the driver identifies with; 2.0.1 has
// 36, 1.6 has 20. Which of them holds is the station's to say.
const idTokenMax = 255

// Check reports what is wrong with a new command, naming the field as callers
// know it.
func Check(c Command) error {
	in := c.Input
	if in.EVSE < 0 {
		return fault.InvalidField("/evse_id", "out_of_range", "must not be negative")
	}
	if in.Connector < 0 {
		return fault.InvalidField("/connector_id", "out_of_range", "must not be negative")
	}
	switch c.Type {
	case Start:
		if in.TokenUID == "" {
			return fault.InvalidField("/token_uid", "required", "names the token that is charged")
		}
		if len(in.TokenUID) > idTokenMax {
			return fault.InvalidField("/token_uid", "too_long", "has at most 255 characters")
		}
	case Stop:
		if in.TransactionID == "" {
			return fault.InvalidField("/session_id", "required", "session_id or transaction_id names what is stopped")
		}
	case Unlock:
		if in.EVSE == 0 {
			return fault.InvalidField("/evse_id", "required", "names the EVSE whose connector is unlocked")
		}
	case Trigger:
		if in.Message == "" {
			return fault.InvalidField("/message", "required", "names the OCPP message that the station shall send")
		}
	case SetPassword:
		if in.Secret == "" {
			return fault.InvalidField("/password", "required", "is the new password")
		}
	case Raw:
		if in.Action == "" {
			return fault.InvalidField("/action", "required", "names the OCPP action")
		}
	case ReadVariables, WriteVariables, ReportVariables, ReportMonitors:
		return checkVariables(c.Type, in)
	case SetMonitors, ClearMonitors:
		return checkMonitors(c.Type, in)
	case Reset, ChangeAvailability, ClearCache:
	default:
		return fault.InvalidField("/type", "unknown_value", "is no command type")
	}
	return nil
}

// End returns the command as it is after its end.
func (c Command) End(s State, code, detail string, now time.Time) Command {
	c.State, c.ErrorCode, c.ErrorDetail, c.FinishedAt = s, code, detail, now
	c.Version++
	return c
}

// Expire returns the command as it is after its deadline: never sent, sent but
// not answered, or accepted but without an effect that we saw.
func (c Command) Expire(now time.Time) Command {
	code := map[State]string{Queued: "not_sent", Sent: "no_answer", Accepted: "not_observed"}[c.State]
	return c.End(TimedOut, code, "", now)
}

// Notice is the data of a command event.
type Notice struct {
	ID        ident.CommandID `json:"id"`
	Type      Type            `json:"type"`
	State     State           `json:"state"`
	ErrorCode string          `json:"error_code,omitzero"`
}

// NoticeOf returns what an event tells of c.
func NoticeOf(c *Command) Notice {
	return Notice{ID: c.ID, Type: c.Type, State: c.State, ErrorCode: c.ErrorCode}
}
