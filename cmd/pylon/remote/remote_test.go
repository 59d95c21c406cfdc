package remote_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/cmd/pylon/remote"
)

// server answers like the API, as far as a test says how: by method and path.
type server struct {
	*httptest.Server
	answers map[string]string // "GET /stations" to a body, beginning with its status when that is not 200
	asked   []string          // method, path with query, body
	keys    []string          // what came as the key
}

func newServer(t *testing.T, answers map[string]string) *server {
	t.Helper()
	s := &server{answers: answers}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP implements [http.Handler].
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if text := jsontext.Value(body); text.Canonicalize() == nil { // members in order
		body = text
	}
	path := strings.TrimPrefix(r.URL.Path, "/api/v1")
	line := r.Method + " " + path
	if r.URL.RawQuery != "" {
		line += "?" + r.URL.RawQuery
	}
	s.asked = append(s.asked, strings.TrimSpace(line+" "+string(body)))
	s.keys = append(s.keys, r.Header.Get("Authorization"))
	answer, ok := s.answers[r.Method+" "+path]
	if !ok {
		answer = `404 {"title":"Not found","code":"not_found","detail":"there is no such thing","trace_id":"t1"}`
	}
	status := http.StatusOK
	if !strings.HasPrefix(answer, "{") && !strings.HasPrefix(answer, "[") && answer != "ready" {
		if _, err := fmt.Sscanf(answer, "%d", &status); err != nil {
			panic(err)
		}
		answer = answer[4:]
	}
	w.WriteHeader(status)
	fmt.Fprint(w, answer)
}

// invoke runs the command line against s.
func (s *server) invoke(t *testing.T, in string, args ...string) (code int, out, said string) {
	t.Helper()
	return invoke(t, in, map[string]string{"PYLON_SERVER": s.URL, "PYLON_API_KEY": "k"}, args...)
}

func invoke(t *testing.T, in string, environ map[string]string, args ...string) (code int, out, said string) {
	t.Helper()
	return invokeAt(t, remote.Terminal{In: strings.NewReader(in), Environ: func(name string) string { return environ[name] }}, args...)
}

func invokeAt(t *testing.T, to remote.Terminal, args ...string) (code int, out, said string) {
	t.Helper()
	var cli struct {
		remote.Commands `embed:""`

		Tariff remote.Tariff `cmd:""` // the program adds what needs no server
	}
	var stdout, stderr bytes.Buffer
	to.Out, to.Err = &stdout, &stderr
	parser, err := kong.New(&cli, kong.Bind(to), kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Writers(&stdout, &stderr))
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		return remote.ExitUsage, "", err.Error()
	}
	if err := chosen.Run(); err != nil {
		return remote.ExitCode(err), stdout.String(), stderr.String() + remote.Explain(err)
	}
	return remote.ExitOK, stdout.String(), stderr.String()
}

const twoStations = `{"data":[
	{"station_id":"CP-1","name":"North, gate","connection":{"status":"online","last_seen_at":"2026-01-02T03:04:05.678Z"},
	 "evses":[{"id":1,"connectors":[{"id":1,"status":"available"}]},{"id":2,"connectors":[{"id":1,"status":"available"},{"id":2,"status":"faulted"}]}]},
	{"station_id":"CP-2","name":"\u001b[2Jevil","connection":{"status":"offline"},"evses":[]}],"next_cursor":""}`

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		name   string
		args   []string
		want   []string
		absent []string
	}{
		{
			"a table for people", nil,
			[]string{"STATION", "CP-1", "2 available, faulted", "2026-01-02 03:04:05Z", "offline"},
			[]string{"\x1b", `"station_id"`},
		},
		{"JSON as the API has it", []string{"--json"}, []string{`"station_id": "CP-1"`, `"last_seen_at": "2026-01-02T03:04:05.678Z"`}, []string{"STATION", "\x1b"}},
		{"a line each", []string{"-o", "ndjson"}, []string{`{"station_id":"CP-1","name":"North, gate"`, "\n{\"station_id\":\"CP-2\""}, []string{"\x1b"}},
		{"YAML", []string{"-o", "yaml"}, []string{"- station_id: CP-1", "  name: North, gate", "    status: online"}, []string{`{`}},
		{"CSV with quotes where needed", []string{"-o", "csv"}, []string{"station_id,name,connection.status", `CP-1,"North, gate",online`}, []string{"connectors"}},
		{"no more than asked for", []string{"-o", "csv", "--limit", "1"}, []string{"CP-1"}, []string{"CP-2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, map[string]string{"GET /stations": twoStations})
			code, out, said := s.invoke(t, "", append([]string{"station", "list"}, c.args...)...)
			if code != remote.ExitOK {
				t.Fatalf("exit code %d: %s", code, said)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("got %q, want %q in it", out, want)
				}
			}
			for _, absent := range c.absent {
				if strings.Contains(out, absent) {
					t.Errorf("got %q, want no %q in it", out, absent)
				}
			}
		})
	}
}

func TestPagesAreFollowed(t *testing.T) {
	pages := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pages++
		cursor := r.URL.Query().Get("cursor")
		next := map[string]string{"": "b", "b": "c", "c": ""}[cursor]
		fmt.Fprintf(w, `{"data":[{"id":"tok_%s"}],"next_cursor":%q}`, cursor, next)
	}))
	defer s.Close()
	_, out, said := invoke(t, "", map[string]string{"PYLON_SERVER": s.URL, "PYLON_API_KEY": "k"}, "token", "list", "-o", "ndjson")
	if got := strings.Count(out, "\n"); got != 3 || pages != 3 {
		t.Errorf("got %d things of %d pages, want 3 of 3: %s %s", got, pages, out, said)
	}
}

func TestExitCodes(t *testing.T) {
	problem := func(status int, code string) string {
		return fmt.Sprintf(`%d {"title":"No","code":%q,"detail":"because","trace_id":"t7","errors":[{"pointer":"/uid","code":"c","detail":"is wrong"}]}`, status, code)
	}
	command := func(state, code string) map[string]string {
		return map[string]string{"POST /stations/CP-1/commands": fmt.Sprintf(
			`{"id":"cmd_1","state":%q,"finished":true,"error":{"code":%q,"detail":"why"}}`, state, code)}
	}
	for _, c := range []struct {
		name    string
		answers map[string]string
		args    []string
		want    int
		says    string
	}{
		{"all is well", map[string]string{"GET /sites": `{"data":[]}`}, []string{"site", "list"}, remote.ExitOK, "nothing there"},
		{"a verb that is none", nil, []string{"station", "explode"}, remote.ExitUsage, "explode"},
		{"a field that the API refuses", map[string]string{"POST /tokens": problem(422, "invalid")}, []string{"token", "create", "x"}, remote.ExitUsage, "/uid: is wrong"},
		{"nothing of that name", nil, []string{"session", "get", "ses_1"}, remote.ExitNotFound, "trace t1"},
		{"no such key", map[string]string{"GET /sites": problem(401, "key_unknown")}, []string{"site", "list"}, remote.ExitAuth, "PYLON_API_KEY"},
		{"a key without the scope", map[string]string{"GET /sites": problem(403, "scope_missing")}, []string{"site", "list"}, remote.ExitAuth, "scope"},
		{
			"a station that is away",
			map[string]string{"POST /stations/CP-1/commands": problem(409, "station_offline")},
			[]string{"station", "reset", "CP-1"},
			remote.ExitConflict, "--wait-for-station",
		},
		{"a station that says no", command("rejected", "Rejected"), []string{"station", "reset", "CP-1"}, remote.ExitConflict, "CP-1 rejected it: why"},
		{"a station that does not answer", command("timed_out", "no_answer"), []string{"station", "unlock", "CP-1"}, remote.ExitUnavailable, "in time"},
		{"a station that does it", command("observed", ""), []string{"station", "reset", "CP-1"}, remote.ExitOK, "CP-1: observed"},
		{"one of two", command("observed", ""), []string{"station", "reset", "CP-1", "CP-2"}, remote.ExitPartial, "1 of 2 failed"},
		{"none of two", nil, []string{"station", "reset", "CP-1", "CP-2"}, remote.ExitError, "none of them"},
		{"a deletion that nobody confirms", nil, []string{"station", "delete", "CP-1"}, remote.ExitUsage, "--yes"},
		{"a change of nothing", nil, []string{"station", "update", "CP-1"}, remote.ExitUsage, "nothing to change"},
		{"a context that there is not", nil, []string{"site", "list", "--context", "prod"}, remote.ExitUsage, `no context "prod"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, c.answers)
			got, _, said := s.invoke(t, "", c.args...)
			if got != c.want || !strings.Contains(said, c.says) {
				t.Errorf("got exit code %d, want %d with %q; it says:\n%s", got, c.want, c.says, said)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		gone := httptest.NewServer(http.NotFoundHandler())
		gone.Close()
		got, _, said := invoke(t, "", map[string]string{"PYLON_SERVER": gone.URL}, "doctor")
		if got != remote.ExitUnavailable || !strings.Contains(said, "broken") {
			t.Errorf("got exit code %d: %s", got, said)
		}
	})
}

func TestBodies(t *testing.T) {
	made := `{"id":"x_1","state":"observed","finished":true}`
	for _, c := range []struct {
		name string
		in   string
		args []string
		want string
	}{
		{
			"a station with a password", "secret-16-letters\n",
			[]string{"station", "create", "CP 1", "--security-profile", "2", "--password-stdin"},
			`POST /stations {"password":"secret-16-letters","security_profile":2,"station_id":"CP 1"}`,
		},
		{
			"a token is a card unless said otherwise", "",
			[]string{"token", "create", "04AB", "--label", "Van"},
			`POST /tokens {"label":"Van","type":"ISO14443","uid":"04AB"}`,
		},
		{"a token that never ends", "", []string{"token", "update", "tok_1", "--expires-at", ""}, `PATCH /tokens/tok_1 {"expires_at":null}`},
		{
			"an OCPP request from standard input", `{"key":["a"]}`,
			[]string{"ocpp", "call", "CP-1", "GetConfiguration", "-"},
			`POST /stations/CP-1/ocpp/GetConfiguration {"key":["a"]}`,
		},
		{"a name that needs escaping", "", []string{"station", "get", "a/b"}, `GET /stations/a/b`},
		{
			"variables of the device model", "",
			[]string{"station", "config", "set", "CP-1", "1/2/Connector#A.Power#x=a=b", "HeartbeatInterval=300"},
			`{"timeout_s":30,"type":"write_variables","variables":[{"component":"Connector","connector_id":2,"evse_id":1,"instance":"A",` +
				`"value":"a=b","variable":"Power","variable_instance":"x"},{"value":"300","variable":"HeartbeatInterval"}]}`,
		},
		{
			"a start", "",
			[]string{"station", "start", "CP-1", "--token", "04AB", "--evse", "2", "--wait-for-station", "--timeout", "1h"},
			`{"evse_id":2,"timeout_s":3600,"token_uid":"04AB","type":"start_session","wait_for_station":true}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, map[string]string{
				"POST /stations": made, "POST /tokens": made, "PATCH /tokens/tok_1": made, "POST /stations/CP-1/commands": made,
				"POST /stations/CP-1/ocpp/GetConfiguration": made, "GET /stations/a/b": made,
				"PATCH /stations/CP-1/desired": made, "POST /jobs": made,
			})
			code, _, said := s.invoke(t, c.in, c.args...)
			if code != remote.ExitOK || len(s.asked) != 1 || !strings.Contains(s.asked[0], c.want) {
				t.Errorf("got %q, want %q (exit code %d: %s)", s.asked, c.want, code, said)
			}
		})
	}
}

func TestSecretsAreNoFlags(t *testing.T) {
	for _, args := range [][]string{
		{"station", "create", "CP-1", "--password", "x"}, {"station", "password", "CP-1", "x"}, {"site", "list", "--key", "x"}, {"context", "set", "a", "--server", "http://h", "x"},
	} {
		if code, _, said := invoke(t, "", nil, args...); code != remote.ExitUsage {
			t.Errorf("%q: got exit code %d, want a refusal: %s", args, code, said)
		}
	}
}

func TestContexts(t *testing.T) {
	s := newServer(t, map[string]string{"GET /me": `{}`, "GET /sites": `{"data":[]}`})
	other := newServer(t, map[string]string{"GET /me": `{}`, "GET /sites": `{"data":[]}`})
	environ := map[string]string{"XDG_CONFIG_HOME": t.TempDir()}
	must := func(in string, args ...string) string {
		t.Helper()
		code, out, said := invoke(t, in, environ, args...)
		if code != remote.ExitOK {
			t.Fatalf("%q: exit code %d: %s", args, code, said)
		}
		return out
	}
	must("key-1\n", "context", "set", "prod", "--server", s.URL)
	must("key-2\n", "context", "set", "lab", "--server", other.URL)
	must("", "site", "list")
	must("", "site", "list", "--context", "lab")
	must("", "context", "select", "lab")
	must("", "site", "list")
	if got, want := strings.Join(s.keys, " "), "Bearer key-1 Bearer key-1"; got != want {
		t.Errorf("first server got %q, want %q", got, want)
	}
	if got, want := strings.Join(other.keys, " "), "Bearer key-2 Bearer key-2 Bearer key-2"; got != want {
		t.Errorf("second server got %q, want %q", got, want)
	}
	if out := must("", "context", "list"); strings.Contains(out, "key-1") || !strings.Contains(out, "prod") {
		t.Errorf("got %q, want the names and no key", out)
	}
	path := filepath.Join(environ["XDG_CONFIG_HOME"], "pylon", "contexts.json")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v %v, want a file for its owner alone", info.Mode(), err)
	}
	t.Run("the key of one server is not sent to another", func(t *testing.T) {
		third := newServer(t, map[string]string{"GET /sites": `{"data":[]}`})
		must("", "site", "list", "--server", third.URL)
		if got := third.keys[0]; got != "" {
			t.Errorf("got %q, want none", got)
		}
	})
	must("", "context", "delete", "lab")
	if code, _, _ := invoke(t, "", environ, "site", "list", "--context", "lab"); code != remote.ExitUsage {
		t.Errorf("got exit code %d for a context that was deleted", code)
	}
}

func TestTail(t *testing.T) {
	s := newServer(t, map[string]string{"GET /stations/CP-1/log": `{"data":[
		{"at":"2026-01-02T03:04:05Z","direction":"in","kind":"call","message_id":"7","action":"Heartbeat","frame":[2,"7","Heartbeat",{"a":1}]},
		{"at":"2026-01-02T03:04:05.004Z","direction":"out","kind":"result","message_id":"7","action":"Heartbeat","frame":[3,"7",{"b":2}]},
		{"at":"2026-01-02T03:04:06Z","direction":"note","kind":"closed","frame":null,"text":"the socket \u001b[31m went"}]}`})
	_, out, said := s.invoke(t, "", "ocpp", "tail", "CP-1", "--no-follow")
	want := "03:04:05.000 → call   Heartbeat {\"a\":1}\n03:04:05.004 ← result Heartbeat (4ms) {\"b\":2}\n03:04:06.000 · closed - the socket \ufffd[31m went\n"
	if out != want {
		t.Errorf("got\n%s%s, want\n%s", out, said, want)
	}
}

func TestDoctor(t *testing.T) {
	s := newServer(t, map[string]string{
		"GET /readyz": "ready", "GET /me": `{"name":"ops"}`, "GET /stations": twoStations,
		"GET /stations/CP-2":     `{"station_id":"CP-2","registration":"pending","connection":{"status":"offline"},"evses":[]}`,
		"GET /stations/CP-2/log": `{"data":[{"at":"2026-01-02T03:04:05Z","direction":"note","kind":"refused","text":"wrong password"}]}`,
	})
	code, out, said := s.invoke(t, "", "doctor", "CP-2")
	for _, want := range []string{"✓  key", "!  offline", "!  faults", "never connected", "registration", "wrong password"} {
		if !strings.Contains(out, want) {
			t.Errorf("got\n%s\nwant %q in it", out, want)
		}
	}
	if code != remote.ExitError || !strings.Contains(said, "2 of ") {
		t.Errorf("got exit code %d: %s", code, said)
	}
}
