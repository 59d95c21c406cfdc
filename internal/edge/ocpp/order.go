package ocpp

import (
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/domain/command"
	"pylon/internal/domain/device"
	"pylon/internal/domain/station"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/fault"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// order is a command as an OCPP call.
type order struct {
	raw     bool
	action  string
	payload []byte          // as it leaves
	means   command.Type    // what the call asks for in our words; "" for what we have no command for
	input   command.Input   // with it
	secret  *station.Secret // a password that the call sets; nil: none
	plain   string          // that password, for the veil
}

// actionOf returns the OCPP action that a command becomes; false when the
// version has none, or not in our direction.
func (d *dialect) actionOf(c *command.Command) (string, bool) {
	action := c.Input.Action
	if c.Type != command.Raw {
		action = d.actions(c)
	}
	return action, d.calls[action] != nil
}

// order makes the call of a command, and checks it against the schema: a
// message that a station would refuse does not leave.
func (d *dialect) order(c *command.Command, st *station.Station, now time.Time) (*order, error) {
	o := &order{raw: c.Type == command.Raw}
	var err error
	if o.raw {
		o.action = c.Input.Action
		o.payload, err = compact(c.Input.Body)
	} else {
		o.action, o.payload, err = d.encode(c, st)
	}
	if err != nil {
		return nil, err
	}
	if err := d.check(o.action, o.payload); err != nil {
		return nil, err
	}
	return o, o.recognise(d, st, now)
}

// encode makes the request of a command that is not raw.
func (d *dialect) encode(c *command.Command, st *station.Station) (string, []byte, error) {
	m, err := d.compose(c, st)
	if err != nil {
		return "", nil, err
	}
	payload, err := schema.Encode(m)
	return m.Action(), payload, err
}

// compact returns a raw body as it goes out: without white space, and else as
// it was given.
func compact(body []byte) ([]byte, error) {
	payload := jsontext.Value(body).Clone()
	if err := payload.Compact(); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "body_malformed")
	}
	return payload, nil
}

// check reports what a request breaks of its schema, as [fault.Invalid].
func (d *dialect) check(action string, payload []byte) error {
	m, ok := d.request(action)
	if !ok {
		return fault.New(fault.Invalid, "action_unknown", "action", action)
	}
	violations := schema.Decode(payload, m)
	if len(violations) == 0 {
		return nil
	}
	e := fault.New(fault.Invalid, "request_invalid", "action", action)
	for _, v := range violations {
		e.Fields = append(e.Fields, fault.Field{Pointer: v.Path, Code: v.Rule.String(), Detail: v.Detail})
	}
	return e
}

// allowed reports why a call may not be sent to a station of that
// registration. A raw call to one that waits is the caller's business.
// Source: OCPP 2.0.1 part 2, B02.FR.05, B03.FR.03; 1.6 section 4.2.
func (o *order) allowed(r station.Registration) error {
	charges := o.means == command.Start || o.means == command.Stop
	switch {
	case r == station.Rejected:
		return fault.New(fault.Conflict, "station_rejected")
	case r == station.Pending && charges && !o.raw:
		return fault.New(fault.Conflict, "station_pending")
	}
	return nil
}

// observable reports whether the effect of the call is seen in what the
// station reports later, so that an answer that was lost does not matter.
func (o *order) observable() bool {
	if o.raw {
		return false
	}
	switch o.means {
	case command.Start, command.Stop, command.Reset, command.ChangeAvailability:
		return true
	}
	return false
}

// verdictBody is what tells in answers of every version whether the station
// does what it was asked.
type verdictBody struct {
	Status     string `json:"status"`
	StatusInfo struct {
		ReasonCode     string `json:"reasonCode"`
		AdditionalInfo string `json:"additionalInfo"`
	} `json:"statusInfo"`
	SetVariableResult     []itemVerdict `json:"setVariableResult"`
	SetMonitoringResult   []itemVerdict `json:"setMonitoringResult"`
	ClearMonitoringResult []itemVerdict `json:"clearMonitoringResult"`
}

// itemVerdict is the verdict on one of several variables or monitors.
type itemVerdict struct {
	AttributeStatus string `json:"attributeStatus"` // of a variable
	Status          string `json:"status"`          // of a monitor
	Variable        struct {
		Name string `json:"name"`
	} `json:"variable"`
}

func (v *itemVerdict) word() string { return first(v.AttributeStatus, v.Status) }

// status returns the word that counts in the answer to o, "" when it has none.
// Of several verdicts the one on a password counts, else the first that says
// yes: what the station does of what it was asked is told item by item.
func (o *order) status(payload []byte) (status, detail string) {
	var body verdictBody
	if json.Unmarshal(payload, &body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil {
		return "", ""
	}
	status, detail = body.Status, body.StatusInfo.ReasonCode
	if body.StatusInfo.AdditionalInfo != "" {
		detail += ": " + body.StatusInfo.AdditionalInfo
	}
	items := slices.Concat(body.SetVariableResult, body.SetMonitoringResult, body.ClearMonitoringResult)
	for i := range items {
		v := &items[i]
		switch {
		case o.secret != nil && device.SpeaksOfSecret(v.Variable.Name):
			return v.word(), detail
		case i == 0, !saysNo(v.word()) && saysNo(status):
			status = v.word()
		}
	}
	return status, detail
}

// declined reports whether an answer says that the station does not do what
// it was asked.
func (o *order) declined(payload []byte) bool {
	status, _ := o.status(payload)
	return saysNo(status)
}

// saysNo reports whether a status means that a station does not do what it was
// asked. That a report has nothing in it is an answer, and no refusal.
func saysNo(status string) bool {
	switch status {
	case "", "Accepted", "Scheduled", "Unlocked", "RebootRequired", "Processing", "EmptyResultSet":
		return false
	}
	return true
}

// judge turns the end of a call into what its command has come to.
func (c *conn) judge(cmd *command.Command, o *order, r reply, how result) (fleet.Answered, news) {
	switch how {
	case resultTimedOut:
		return fleet.Answered{State: command.TimedOut, Final: true, ErrorCode: codeNoAnswer}, news{}
	case resultUnanswered:
		return fleet.Answered{State: command.TimedOut, Final: true, ErrorCode: codeClosed}, news{}
	case resultFailed:
		return fleet.Answered{
			State: command.Rejected, Final: true, ErrorCode: string(r.failure.Code), ErrorDetail: r.failure.Description, Details: r.failure.Details,
		}, news{}
	case resultInvalid:
		return fleet.Answered{
			State: command.Rejected, Final: true, ErrorCode: string(ocppj.FormatViolation), ErrorDetail: r.malformed.Description,
		}, news{}
	}
	broken := c.checkAnswer(cmd, o, r.payload)
	a := fleet.Answered{State: command.Accepted, Final: true, Result: c.redact(r.payload), Verbatim: r.payload}
	var n news
	if broken == nil {
		n = c.dialect.hear(o, a.Result, c.gateway.Clock.Now())
		a.Variables, a.Monitors = n.variables, n.monitors
	}
	switch status, detail := o.status(a.Result); {
	case o.raw: // it asks for an answer, and has it
		a.Declined = o.declined(r.payload)
	case broken != nil:
		a.State, a.ErrorCode, a.ErrorDetail = command.Rejected, string(broken.Code), broken.Description
	case o.declined(r.payload):
		a.State, a.ErrorCode, a.ErrorDetail = command.Rejected, status, detail
	default:
		a.Final = !o.observable()
	}
	return a, n
}

// hear takes the news out of an answer without secrets.
func (d *dialect) hear(o *order, payload []byte, at time.Time) news {
	answer, ok := d.heard(o.action)
	if !ok {
		return news{}
	}
	schema.Read(payload, answer)
	return d.learn(o, answer, at)
}

// checkAnswer reports how an answer breaks its schema so badly that it cannot
// be understood. A 2.1 station is told.
func (c *conn) checkAnswer(cmd *command.Command, o *order, payload []byte) *ocppj.CallError {
	m, ok := c.dialect.reply(o.action)
	if !ok {
		return nil
	}
	violations := schema.Decode(payload, m)
	if violations.Tolerable() {
		return nil
	}
	broken := ocppj.Refusal(c.dialect.version, violations)
	if c.dialect.version == ocppj.V21 {
		c.send(ocppj.TypeCallResultError, o.action, string(cmd.ID), ocppj.AppendCallResultError(nil, string(cmd.ID), broken))
	}
	return broken
}
