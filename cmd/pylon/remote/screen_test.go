package remote_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pylon/cmd/pylon/remote"
)

// at is a terminal that a person sits at.
func (s *server) at(typed string) remote.Terminal {
	environ := map[string]string{"PYLON_SERVER": s.URL, "PYLON_API_KEY": "k"}
	return remote.Terminal{In: strings.NewReader(typed), Environ: func(name string) string { return environ[name] }, Person: true, Typed: true}
}

func TestAStationDoesNotCommandTheScreen(t *testing.T) {
	const evil = `"x\u001b[2J\u009b2J\u202ey\nFAKE  row"`
	s := newServer(t, map[string]string{
		"GET /stations":                `{"data":[{"station_id":"CP-1","name":` + evil + `}]}`,
		"GET /stations/CP-1":           `{"station_id":"CP-1","name":` + evil + `,"evses":[{"id":1,"info":` + evil + `}]}`,
		"POST /stations/CP-1/commands": `{"id":"cmd_1","state":"rejected","finished":true,"error":{"code":"Rejected","detail":` + evil + `}}`,
		"GET /stations/CP-1/log":       `{"data":[{"at":"2026-01-02T03:04:05Z","direction":"note","kind":"closed","frame":null,"text":` + evil + `}]}`,
	})
	for _, args := range [][]string{
		{"station", "list"},
		{"station", "list", "--json"},
		{"station", "list", "-o", "ndjson"},
		{"station", "list", "-o", "yaml"},
		{"station", "list", "-o", "csv"},
		{"station", "get", "CP-1"},
		{"station", "reset", "CP-1"},
		{"ocpp", "tail", "CP-1", "--no-follow"},
	} {
		_, out, said := invokeAt(t, s.at(""), args...)
		if shown := out + said; strings.ContainsAny(shown, "\x1b\u009b\u202e") || strings.Contains(shown, "\nFAKE") {
			t.Errorf("%q shows %q", args, shown)
		}
	}
}

func TestASheetLeavesOutWhatIsEmpty(t *testing.T) {
	s := newServer(t, map[string]string{"GET /stations/CP-1": `{"station_id":"CP-1","name":"","site_id":null,"connection":{"status":"online"},"tags":["a","b"],
		"evses":[{"id":1,"connectors":[{"id":1,"status":"available"},{"id":2,"status":"faulted","error_code":"GroundFailure"}]},{"id":2,"connectors":[]}],"quirks":{}}`})
	_, out, _ := s.invoke(t, "", "station", "get", "CP-1")
	want := `station_id         CP-1
connection.status  online
tags               a, b

evses
ID  CONNECTORS ID  CONNECTORS STATUS  CONNECTORS ERROR CODE
1   1              available
1   2              faulted            GroundFailure
2
`
	if out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

// A bill has amounts with a point, kWh, and its calculation in words.
func TestASheetIsForPeople(t *testing.T) {
	s := newServer(t, map[string]string{
		"GET /bills/bil_1": `{"id":"bil_1","currency":"EUR","total_minor":155,"lines":[{"item":"energy","unit":"kWh","amount_minor":155}],
			"charges":[{"session_id":"ses_1","energy_mwh":3165000,"gaps":[{"from":1,"to":2}],
				"steps":[{"code":"total","text":"Total: 1.30\u00a0€","values":[{"name":"net","value":"1.30"}]},{"code":"x","text":"That is all.","values":[]}]}]}`,
		"GET /bills/bil_2": `{"currency":"JPY","total_minor":155}`,
		"GET /bills/bil_3": `{"classes":[{"class":"energy","unit":"EUR","debit_minor":-5},{"class":"carried","unit":"kWh","debit_minor":7}]}`,
	})
	for _, c := range []struct{ name, bill, want string }{
		{"all of it", "bil_1", `id        bil_1
currency  EUR
total     1.55

lines
ITEM    UNIT  AMOUNT
energy  kWh   1.55

charges 1
session_id  ses_1
energy_kwh  3.165

charges 1 gaps
FROM  TO
1     2

charges 1 steps
Total: 1.30 €
That is all.
`},
		{"a currency without minor units", "bil_2", "currency  JPY\ntotal     155\n"},
		{"lists only, each line in its own unit", "bil_3", "classes\nCLASS    UNIT  DEBIT  DEBIT MINOR\nenergy   EUR   -0.05\ncarried  kWh          7\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, got, said := s.invoke(t, "", "bill", "get", c.bill); got != c.want {
				t.Errorf("got\n%s%s\nwant\n%s", got, said, c.want)
			}
		})
	}
}

func TestSeveralAreOneDocument(t *testing.T) {
	s := newServer(t, map[string]string{"GET /stations/A": `{"id":"a"}`, "GET /stations/B": `{"id":"b","name":"m"}`})
	for _, c := range []struct{ format, want string }{
		{"json", "[\n  {\n    \"id\": \"a\"\n  },\n  {\n    \"id\": \"b\",\n    \"name\": \"m\"\n  }\n]\n"},
		{"ndjson", "{\"id\":\"a\"}\n{\"id\":\"b\",\"name\":\"m\"}\n"},
		{"yaml", "- id: a\n- id: b\n  name: m\n"},
		{"csv", "id,name\na,\nb,m\n"},
		{"table", "id  a\n\nid    b\nname  m\n"},
	} {
		if code, got, _ := s.invoke(t, "", "station", "get", "A", "nowhere", "B", "-o", c.format); got != c.want || code != remote.ExitPartial {
			t.Errorf("%s: got %q, want %q (exit code %d)", c.format, got, c.want, code)
		}
	}
}

func TestThingsFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stations.json")
	for _, c := range []struct {
		name, text string
		code, made int
	}{
		{"one", `{"station_id":"A"}`, remote.ExitOK, 1},
		{"a list", `[{"station_id":"A"},{"station_id":"B"}]`, remote.ExitOK, 2},
		{"one a line", "{\"station_id\":\"A\"}\n{\"station_id\":\"B\"}\n", remote.ExitOK, 2},
		{"nothing", " \n", remote.ExitUsage, 0},
		{"half of one", `{"station_id":`, remote.ExitUsage, 0},
		{"a number", `[7]`, remote.ExitUsage, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			s := newServer(t, map[string]string{"POST /stations": `{"id":"x"}`})
			if code, _, said := s.invoke(t, "", "station", "create", "-f", path); code != c.code || len(s.asked) != c.made {
				t.Errorf("got exit code %d and %q, want %d and %d made: %s", code, s.asked, c.code, c.made, said)
			}
			if code, _, said := s.invoke(t, c.text, "station", "create", "-f", "-"); code != c.code {
				t.Errorf("standard input: got exit code %d, want %d: %s", code, c.code, said)
			}
		})
	}
}

func TestAJobAsksFirst(t *testing.T) {
	create := []string{"job", "create", "--command", `{"type":"reset"}`, "--vendor", "*"}
	for _, c := range []struct {
		name, typed string
		args        []string
		code, asked int // 1: the dry run alone
	}{
		{"yes", "y\n", nil, remote.ExitOK, 2},
		{"no", "n\n", nil, remote.ExitUsage, 1},
		{"nothing", "", nil, remote.ExitUsage, 1},
		{"never ask", "y\n", []string{"--no-input"}, remote.ExitUsage, 1},
		{"--yes", "", []string{"--yes", "--no-input"}, remote.ExitOK, 2},
		{"a dry run", "", []string{"--dry-run"}, remote.ExitOK, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, map[string]string{"POST /jobs": `{"total":3,"online":2,"id":"job_1"}`})
			code, _, said := invokeAt(t, s.at(c.typed), append(create, c.args...)...)
			if code != c.code || len(s.asked) != c.asked {
				t.Errorf("got exit code %d, asked %q; want %d and %d: %s", code, s.asked, c.code, c.asked, said)
			}
		})
	}
}
