package page

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
)

// words are the functions of the templates.
func words() template.FuncMap {
	return template.FuncMap{
		"kw":    kilo,
		"stamp": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock": func(t time.Time) string { return t.UTC().Format("15:04:05") },
		"iszero": func(t time.Time) bool {
			return t.IsZero()
		},
	}
}

// kilo writes watts or watt-hours in thousands with one digit, rounded half
// away from zero.
func kilo(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	n = (n + 50) / 100
	return sign + strconv.FormatInt(n/10, 10) + "." + strconv.FormatInt(n%10, 10)
}

// place names a connector shortly.
func place(evse, connector int) string {
	if connector == 1 {
		return strconv.Itoa(evse)
	}
	return fmt.Sprintf("%d.%d", evse, connector)
}

// statusWords returns the glyph and the word of a connector's status: never
// colour alone.
func statusWords(s station.Status) (glyph, word string) {
	switch s {
	case station.Available:
		return "available", "Available"
	case station.Charging:
		return "charging", "Charging"
	case station.Occupied:
		return "plugged", "Occupied"
	case station.Preparing:
		return "plugged", "Preparing"
	case station.Finishing:
		return "plugged", "Finishing"
	case station.SuspendedEV:
		return "paused", "Paused by car"
	case station.SuspendedEVSE:
		return "paused", "Paused by station"
	case station.Reserved:
		return "plugged", "Reserved"
	case station.Unavailable:
		return "closed", "Unavailable"
	case station.Faulted:
		return "faulted", "Faulted"
	case station.Unknown, station.Online, station.Offline:
	}
	return "offline", "Unknown"
}

// weight orders glyphs by how much an operator wants to see them: a station's
// tile shows its heaviest connector.
func weight(glyph string) int {
	return strings.Index("offline closed available plugged paused charging faulted", glyph)
}

// stateWords returns the glyph and the word of a session's charging state.
func stateWords(s session.ChargingState) (glyph, word string) {
	switch s {
	case session.StateCharging:
		return "charging", "Charging"
	case session.StateSuspendedEV:
		return "paused", "Paused by car"
	case session.StateSuspendedEVSE:
		return "paused", "Paused by station"
	case session.StateEVConnected:
		return "plugged", "Connected"
	case session.StateIdle:
		return "plugged", "Idle"
	case session.StateUnknown:
	}
	return "plugged", "Running"
}

// notice is what the page reads of an event's data.
type notice struct {
	Status   string `json:"status"`
	EVSE     int    `json:"evse_id"`
	EnergyWh int64  `json:"energy_wh"`
	Type     string `json:"type"`
	State    string `json:"state"`
}

// eventWords returns the glyph of an event and the rest of the sentence that
// begins with its station.
func eventWords(e event.Recorded) (glyph, text string) {
	var n notice
	if err := json.Unmarshal(e.JSON, &n); err != nil {
		n = notice{} // the sentence does without
	}
	switch e.Type {
	case event.StationCreated:
		return "plugged", "was added"
	case event.StationUpdated:
		return "plugged", "was changed"
	case event.StationDeleted:
		return "offline", "was removed"
	case event.StationConnected:
		return "available", "connected"
	case event.StationDisconnected:
		return "offline", "lost its connection"
	case event.StationBooted:
		return "available", "booted"
	case event.StationAlerted:
		return "faulted", "raised an alert"
	case event.ConnectorChanged:
		glyph, word := statusWords(station.Status(n.Status))
		return glyph, fmt.Sprintf("EVSE %d: %s", n.EVSE, strings.ToLower(word))
	case event.SessionStarted:
		return "charging", fmt.Sprintf("EVSE %d: a session began", n.EVSE)
	case event.SessionCompleted:
		return "available", fmt.Sprintf("EVSE %d: a session ended with %s kWh", n.EVSE, kilo(n.EnergyWh))
	case event.SessionCorrected:
		return "available", fmt.Sprintf("EVSE %d: a session was corrected to %s kWh", n.EVSE, kilo(n.EnergyWh))
	case event.FindingResolved:
		return "available", "has an alert less"
	case event.SessionFailed:
		return "faulted", fmt.Sprintf("EVSE %d: a session failed", n.EVSE)
	case event.CommandCreated, event.CommandUpdated, event.CommandFinished:
		return "plugged", strings.ReplaceAll(fmt.Sprintf("command %s: %s", n.Type, n.State), "_", " ")
	}
	return "plugged", strings.NewReplacer(".", " ", "_", " ").Replace(string(e.Type))
}
