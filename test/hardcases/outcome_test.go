package hardcases

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// session is what a conversation says of a session of the API.
type session struct {
	ID            string    `json:"id"`
	EVSE          int       `json:"evse_id"`
	Connector     int       `json:"connector_id"`
	TransactionID string    `json:"transaction_id"`
	TokenUID      *string   `json:"token_uid"`
	AuthorisedBy  *string   `json:"authorised_by"`
	Status        string    `json:"status"`
	StartedAt     time.Time `json:"started_at"`
	EndedAt       time.Time `json:"ended_at"`
	EnergyWh      int64     `json:"energy_wh"`
	StopReason    *string   `json:"stop_reason"`
	EndedBy       *string   `json:"ended_by"`
	Evidence      *string   `json:"evidence"`
}

// sessions are all sessions in the order in which they began.
func (k *talk) sessions() []string {
	k.t.Helper()
	var found struct {
		Data []session `json:"data"`
	}
	k.get("/api/v1/sessions?limit=100&sort=started_at&station_id="+identity, &found)
	var lines []string
	for _, s := range found.Data {
		lines = append(lines, k.names.hide(s.String()))
	}
	return lines
}

func (s session) String() string {
	orDash := func(text *string) string {
		if text == nil {
			return "-"
		}
		return *text
	}
	moment := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.UTC().Format("2006-01-02T15:04:05.999Z")
	}
	return fmt.Sprintf("%s %s evse=%d/%d transaction=%s token=%s by=%s from=%s to=%s energy_wh=%d reason=%s ended_by=%s evidence=%s",
		s.ID, s.Status, s.EVSE, s.Connector, s.TransactionID, orDash(s.TokenUID), orDash(s.AuthorisedBy),
		moment(s.StartedAt), moment(s.EndedAt), s.EnergyWh, orDash(s.StopReason), orDash(s.EndedBy), orDash(s.Evidence))
}

// finding is what a conversation says of a finding of the API.
type finding struct {
	SessionID  *string   `json:"session_id"`
	Code       string    `json:"code"`
	Detail     string    `json:"detail"`
	At         time.Time `json:"at"`
	ResolvedAt time.Time `json:"resolved_at"`
}

// findings are all findings about the station, by code, session and detail.
func (k *talk) findings() []string {
	k.t.Helper()
	var found struct {
		Data []finding `json:"data"`
	}
	k.get("/api/v1/stations/"+identity+"/findings?limit=100", &found)
	var lines []string
	for _, f := range found.Data {
		state, of := "open", "-"
		if !f.ResolvedAt.IsZero() {
			state = "resolved"
		}
		if f.SessionID != nil {
			of = *f.SessionID
		}
		lines = append(lines, k.names.hide(fmt.Sprintf("%s %s %s: %s", f.Code, state, of, f.Detail)))
	}
	slices.Sort(lines)
	return lines
}

// happened are the events of the log since the talk began; readings are only live,
// and may come before or behind their neighbours. Several of a kind in a row are
// one line.
func (k *talk) happened() []string {
	k.t.Helper()
	var lines []string
	times := 1
	for _, e := range k.mark("end") {
		if e.Live {
			continue
		}
		var data struct {
			Status    string `json:"status"`
			State     string `json:"state"`
			Code      string `json:"code"`
			Kind      string `json:"kind"`
			EVSE      int    `json:"evse_id"`
			Connector int    `json:"connector_id"`
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			k.t.Fatalf("event %s: %v", e.Type, err)
		}
		subject := e.Subject
		if strings.HasPrefix(subject, "sta_") {
			subject = ""
		}
		if strings.HasPrefix(e.Type, "connector.") {
			subject = strconv.Itoa(data.EVSE) + "/" + strconv.Itoa(data.Connector)
		}
		line := k.names.hide(strings.Join(strings.Fields(strings.Join([]string{e.Type, subject, data.Status, data.State, data.Kind, data.Code}, " ")), " "))
		last := len(lines) - 1
		if last >= 0 && strings.TrimSuffix(lines[last], " ×"+strconv.Itoa(times)) == line {
			times++
			lines[last] = line + " ×" + strconv.Itoa(times)
			continue
		}
		times = 1
		lines = append(lines, line)
	}
	return lines
}

// connectors are what the connectors do in the end.
func (k *talk) connectors() []string {
	k.t.Helper()
	st, err := k.api.Station(k.t.Context(), identity)
	if err != nil {
		k.t.Fatal(err)
	}
	var lines []string
	for _, e := range st.EVSEs {
		for _, c := range e.Connectors {
			lines = append(lines, fmt.Sprintf("%d/%d %s", e.ID, c.ID, c.Status))
		}
	}
	return lines
}
