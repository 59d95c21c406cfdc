package ocpp

import (
	"time"

	"github.com/go-json-experiment/json"
)

// triggerTerm is how long a station that is not accepted may send what we
// triggered: a report of a thousand variables takes minutes over a mobile
// network.
const triggerTerm = 5 * time.Minute

// opened is what a station that is not accepted may send because we asked.
type opened map[string]opening

type opening struct {
	until time.Time
	once  bool // one message, then it is over
}

// mayCall reports whether a station that is not accepted may call action.
// Source: OCPP 2.0.1 part 2, B01.FR.10, B02.FR.09; OCPP-J 1.6 errata 3.10.
func (c *conn) mayCall(action string, at time.Time) bool {
	if action == "BootNotification" {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o, ok := c.opened[action]
	if !ok || at.After(o.until) {
		return false
	}
	switch {
	case o.once:
		delete(c.opened, action)
	case action == "NotifyReport", action == "NotifyMonitoringReport": // in as many parts as it takes
		c.opened[action] = opening{until: at.Add(triggerTerm)}
	}
	return true
}

// open notes what the station may send in answer to a call of ours.
func (c *conn) open(action string, payload []byte, at time.Time) {
	opens := triggered(action, payload)
	if opens == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opened == nil {
		c.opened = make(opened)
	}
	c.opened[opens] = opening{until: at.Add(triggerTerm), once: onceForEach(opens)}
}

// shut takes back what open allowed, when the station said no.
func (c *conn) shut(action string, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.opened, triggered(action, payload))
}

// triggered returns the action that a call of ours makes a station send, ""
// when none.
func triggered(action string, payload []byte) string {
	switch action {
	case "GetBaseReport", "GetReport":
		return "NotifyReport"
	case "GetMonitoringReport":
		return "NotifyMonitoringReport"
	case "TriggerMessage", "ExtendedTriggerMessage":
	default:
		return ""
	}
	var asked struct {
		Message string `json:"requestedMessage"`
	}
	if json.Unmarshal(payload, &asked) != nil {
		return "" // it was checked against its schema
	}
	switch asked.Message {
	case "SignChargePointCertificate", "SignChargingStationCertificate", "SignV2GCertificate", "SignV2G20Certificate", "SignCombinedCertificate":
		return "SignCertificate"
	}
	return asked.Message
}

// onceForEach reports whether a station sends one message for each trigger,
// and not one for each EVSE or connector.
func onceForEach(action string) bool {
	switch action {
	case "NotifyReport", "NotifyMonitoringReport", "StatusNotification", "MeterValues", "TransactionEvent":
		return false
	}
	return true
}
