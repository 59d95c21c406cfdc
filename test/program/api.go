package program

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// requestMax bounds one request to the API; a command to a station may wait for it.
const requestMax = 45 * time.Second

// Session is what a customer had from a station, as the API shows it.
type Session struct {
	ID            string    `json:"id"`
	StationID     string    `json:"station_id"`
	TransactionID string    `json:"transaction_id"`
	TokenUID      string    `json:"token_uid"`
	Status        string    `json:"status"`
	StartedAt     time.Time `json:"started_at"`
	EndedAt       time.Time `json:"ended_at"`
	EnergyWh      int64     `json:"energy_wh"`
	StopReason    string    `json:"stop_reason"`
	EVSEID        int       `json:"evse_id"`
	ConnectorID   int       `json:"connector_id"`
}

// Station is a station as the API shows it, as far as tests look at it.
type Station struct {
	ID          string `json:"id"`
	StationID   string `json:"station_id"`
	OCPPVersion string `json:"ocpp_version"`
	Connection  struct {
		Status string `json:"status"`
	} `json:"connection"`
}

// Request is one request to the API.
type Request struct {
	Method, Path string
	Key          string // makes a POST repeatable; "" leaves the header out
	Prefer       string // such as "wait=30"; "" leaves the header out
	Body         any    // sent as JSON; nil for none
}

// Answer is what the API says to a [Request].
type Answer struct {
	Status int
	Body   jsontext.Value
}

// Do sends a request with the owner's key. An answer of any status is none of its
// errors.
func (s *Server) Do(ctx context.Context, r Request) (Answer, error) {
	var payload bytes.Buffer
	if r.Body != nil {
		if err := json.MarshalWrite(&payload, r.Body); err != nil {
			return Answer{}, fmt.Errorf("%s %s: %w", r.Method, r.Path, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, requestMax)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, r.Method, "http://"+s.address+r.Path, &payload)
	if err != nil {
		return Answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+Key)
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if r.Key != "" {
		request.Header.Set("Idempotency-Key", r.Key)
	}
	if r.Prefer != "" {
		request.Header.Set("Prefer", r.Prefer)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return Answer{Status: response.StatusCode, Body: body}, err
}

// want sends a request and decodes the answer into result, unless that is nil. An
// answer with another status fails the test.
func (s *Server) want(t testing.TB, r Request, status int, result any) {
	t.Helper()
	answer, err := s.Do(t.Context(), r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	if answer.Status != status {
		t.Fatalf("%s %s: got status %d, want %d: %s", r.Method, r.Path, answer.Status, status, answer.Body)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(answer.Body, result); err != nil {
		t.Fatalf("%s %s: %v: %s", r.Method, r.Path, err, answer.Body)
	}
}

// create makes a resource; key makes the request repeatable.
func (s *Server) create(t testing.TB, path, key string, body any) {
	t.Helper()
	s.want(t, Request{Method: http.MethodPost, Path: path, Key: key, Body: body}, http.StatusCreated, nil)
}

// Get reads a resource into result, and fails the test when it cannot.
func (s *Server) Get(t testing.TB, path string, result any) {
	t.Helper()
	s.want(t, Request{Method: http.MethodGet, Path: path}, http.StatusOK, result)
}

// CreateStation makes a station known, with its password.
func (s *Server) CreateStation(t testing.TB, stationID, password string) {
	t.Helper()
	body := map[string]string{"station_id": stationID, "password": password}
	s.create(t, "/api/v1/stations", "station-"+stationID, body)
}

// CreateToken makes an RFID card known, with its status.
func (s *Server) CreateToken(t testing.TB, uid, status string) {
	t.Helper()
	body := map[string]string{"uid": uid, "type": "ISO14443", "status": status}
	s.create(t, "/api/v1/tokens", "token-"+uid, body)
}

// Station returns a station by its OCPP identity.
func (s *Server) Station(t testing.TB, stationID string) Station {
	t.Helper()
	var station Station
	s.Get(t, "/api/v1/stations/"+url.PathEscape(stationID), &station)
	return station
}

// Call sends an OCPP request to a station and returns its response.
func (s *Server) Call(t testing.TB, stationID, action string, request any) jsontext.Value {
	t.Helper()
	var response jsontext.Value
	path := "/api/v1/stations/" + url.PathEscape(stationID) + "/ocpp/" + action
	s.want(t, Request{Method: http.MethodPost, Path: path, Body: request}, http.StatusOK, &response)
	return response
}

// Command asks something of a station in the words of the API, waits until it is
// over and returns the state that it ended in. key makes the request repeatable.
func (s *Server) Command(t testing.TB, stationID, key string, command any) string {
	t.Helper()
	var over struct {
		State string `json:"state"`
	}
	path := "/api/v1/stations/" + url.PathEscape(stationID) + "/commands"
	s.want(t, Request{Method: http.MethodPost, Path: path, Key: key, Prefer: "wait=30", Body: command}, http.StatusOK, &over)
	return over.State
}

// Sessions returns the sessions of a station, the oldest first.
func (s *Server) Sessions(t testing.TB, stationID string) []Session {
	t.Helper()
	return list[Session](t, s, "/api/v1/sessions", url.Values{"station_id": {stationID}, "sort": {"started_at"}})
}

// list reads a list to its end, page by page.
func list[T any](t testing.TB, s *Server, path string, query url.Values) []T {
	t.Helper()
	var all []T
	for {
		var page struct {
			Data []T    `json:"data"`
			Next string `json:"next_cursor"`
		}
		s.Get(t, path+"?"+query.Encode(), &page)
		all = append(all, page.Data...)
		if page.Next == "" {
			return all
		}
		query.Set("cursor", page.Next)
	}
}

// MeterValue is one value of a session's series, as far as tests look at it.
type MeterValue struct {
	Measurand string `json:"measurand"`
	Context   string `json:"context"`
	Value     string `json:"value"` // the digits as sent
}

// MeterValues returns the values of a session's series, in the order of the frames
// in which they came.
func (s *Server) MeterValues(t testing.TB, sessionID string) []MeterValue {
	t.Helper()
	type frame struct {
		Samples []MeterValue `json:"samples"`
	}
	var values []MeterValue
	for _, f := range list[frame](t, s, "/api/v1/sessions/"+sessionID+"/meter-values", url.Values{}) {
		values = append(values, f.Samples...)
	}
	return values
}
