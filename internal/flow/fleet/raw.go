package fleet

import (
	"context"
	"unicode"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/account"
	"pylon/internal/domain/command"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// RawResult is what a station answered to a raw call.
type RawResult struct {
	Payload []byte    // the answer as the station sent it, when it was a CALLRESULT
	Error   *RawError // the CALLERROR, else nil
}

// RawError is a station's CALLERROR.
type RawError struct {
	Code        string
	Description string
	Details     []byte
}

// RawCall sends any OCPP request to a station and returns its answer. The body
// goes out as given. Conflict station_offline when there is no socket,
// TimedOut when no answer came by the deadline or the socket closed before.
func (f *Fleet) RawCall(ctx context.Context, by account.Actor, ref, action string, body []byte) (RawResult, error) {
	if err := by.Can(account.OCPPWrite); err != nil {
		return RawResult{}, err
	}
	d, err := f.store.Station(ctx, by.Organisation, ref)
	if err != nil {
		return RawResult{}, err
	}
	if err := mayAsk(&d, false); err != nil {
		return RawResult{}, err
	}
	now := f.clock.Now()
	c := command.Command{
		ID: ident.New[ident.CommandID](now), Organisation: by.Organisation, Station: d.Station.ID,
		Type: command.Raw, Input: command.Input{Action: action, Body: body}, Action: action,
		State: command.Queued, Deadline: now.Add(rawTerm), By: by.Key, CreatedAt: now, Version: 1,
	}
	if err := f.record(ctx, by, c, NewCommand{}); err != nil {
		return RawResult{}, err
	}
	a, err := f.call(ctx, d.Node, c)
	if err != nil {
		return RawResult{}, err
	}
	return rawResult(a)
}

// call sends c through the node that owns its station and waits.
func (f *Fleet) call(ctx context.Context, node ident.NodeID, c command.Command) (Answered, error) {
	if node == f.node {
		o := f.owner(c.Station)
		if o == nil {
			return Answered{}, fault.New(fault.Conflict, "station_offline", "station", string(c.Station))
		}
		return f.callHere(ctx, o, c), nil
	}
	body, err := packParcel(c)
	if err != nil {
		return Answered{}, err
	}
	reply, err := f.bus.Ask(ctx, node, msgCall, c.Station, body)
	if err != nil {
		return Answered{}, err
	}
	var a Answered
	if err := json.Unmarshal(reply, &a); err != nil {
		return Answered{}, fault.Wrap(err, fault.Unavailable, "answer_malformed")
	}
	return a, nil
}

func rawResult(a Answered) (RawResult, error) {
	switch {
	case a.Verbatim != nil:
		return RawResult{Payload: a.Verbatim}, nil
	case a.State == command.TimedOut || a.State == command.Cancelled:
		return RawResult{}, fault.New(fault.TimedOut, "station_timeout", "reason", a.ErrorCode)
	case a.ErrorCode != "" && unicode.IsLower(rune(a.ErrorCode[0])): // our own word, not one of OCPP's: it never left
		return RawResult{}, fault.New(fault.Conflict, "call_not_sent", "reason", a.ErrorCode)
	}
	return RawResult{Error: &RawError{Code: a.ErrorCode, Description: a.ErrorDetail, Details: a.Details}}, nil
}
