package ocpp

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/domain/command"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/fault"
)

// asked has the fields of requests of all versions by which we recognise what
// a call changes, whoever composed it.
type asked struct {
	// RemoteStartTransaction, RequestStartTransaction, and their stops.
	IDTag         string         `json:"idTag"`
	ConnectorID   int            `json:"connectorId"`
	IDToken       askedToken     `json:"idToken"`
	EVSEID        int            `json:"evseId"`
	RemoteStartID int            `json:"remoteStartId"`
	TransactionID jsontext.Value `json:"transactionId"` // a number in 1.6

	// ChangeConfiguration, SetVariables, SetNetworkProfile.
	Key             string          `json:"key"`
	Value           string          `json:"value"`
	SetVariableData []askedVariable `json:"setVariableData"`
	ConnectionData  struct {
		BasicAuthPassword string `json:"basicAuthPassword"`
	} `json:"connectionData"`
}

type askedToken struct {
	IDToken string `json:"idToken"`
	Type    string `json:"type"`
}

type askedVariable struct {
	Variable struct {
		Name string `json:"name"`
	} `json:"variable"`
	Value string `json:"attributeValue"`
}

// recognise fills in what the call of o means, so that what it changes is
// followed: variables and monitors, the station's password, a remote start, a
// remote stop.
func (o *order) recognise(d *dialect, st *station.Station, now time.Time) error {
	o.means, o.input = d.asks(o.action, redact(o.payload))
	means := map[string]command.Type{
		"RemoteStartTransaction": command.Start, "RequestStartTransaction": command.Start,
		"RemoteStopTransaction": command.Stop, "RequestStopTransaction": command.Stop,
		"Reset": command.Reset, "ChangeAvailability": command.ChangeAvailability,
		"ChangeConfiguration": command.SetPassword, "SetVariables": command.SetPassword, "SetNetworkProfile": command.SetPassword,
	}[o.action]
	if means == "" {
		return nil
	}
	var a asked
	if err := json.Unmarshal(o.payload, &a); err != nil {
		return fault.Wrap(err, fault.Invalid, "body_malformed") // it fits its schema, so this is our own mistake
	}
	switch means {
	case command.Start:
		o.input = a.start(st)
	case command.Stop:
		o.input.TransactionID = a.transaction()
	case command.SetPassword:
		password := a.password()
		if password == "" {
			return nil
		}
		secret := secretOf(password, now)
		o.secret, o.plain = &secret, password
		if len(o.input.Variables) > 1 {
			return nil // it sets more than the password
		}
	}
	o.means = means
	return nil
}

func (a *asked) start(st *station.Station) command.Input {
	if a.IDTag == "" {
		return command.Input{
			TokenUID: a.IDToken.IDToken, TokenType: a.IDToken.Type, EVSE: a.EVSEID, RemoteStartID: a.RemoteStartID,
		}
	}
	evse, connector := st.Quirks.Place(a.ConnectorID)
	return command.Input{TokenUID: st.Quirks.UID(a.IDTag), EVSE: evse, Connector: connector}
}

// transaction returns the transaction's id as text, whatever it is on the wire.
func (a *asked) transaction() string {
	if text, err := jsontext.AppendUnquote(nil, a.TransactionID); err == nil {
		return string(text)
	}
	if n, err := strconv.Atoi(string(a.TransactionID)); err == nil {
		return strconv.Itoa(n)
	}
	return string(a.TransactionID)
}

// password returns the Basic password that the station is given, "" when none.
func (a *asked) password() string {
	if strings.EqualFold(a.Key, keyPassword16) {
		return a.Value
	}
	for _, v := range a.SetVariableData {
		if strings.EqualFold(v.Variable.Name, variablePassword) {
			return v.Value
		}
	}
	return a.ConnectionData.BasicAuthPassword
}

// Where stations keep their Basic password. Names are compared without case.
const (
	keyPassword16    = "AuthorizationKey"
	variablePassword = "BasicAuthPassword"
)
