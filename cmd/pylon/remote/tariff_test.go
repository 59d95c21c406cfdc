package remote_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pylon/cmd/pylon/remote"
)

const (
	oneTariff = `{"id":"trf_1","name":"Day","type":null,"published":1,"ends_at":null,
		"draft":{"currency":"EUR","elements":[{"price_components":[{"type":"ENERGY","price":"0.490"},{"type":"PARKING_TIME","price":"6"}]}]}}`
	twoTariffs = `{"data":[` + oneTariff + `,{"id":"trf_2","name":"Night","draft":null,"published":0},{"id":"trf_3","name":"Night","draft":null,"published":0}],"next_cursor":""}`
)

// What the commands ask of the API, tariffs by name and by identifier.
func TestTariffs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tariff.json")
	if err := os.WriteFile(file, []byte(`{"currency":"EUR"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{
		"GET /tariffs": twoTariffs, "GET /tariffs/trf_1": oneTariff, "GET /tariffs/trf_2": `{"id":"trf_2","name":"Night","draft":null}`, "POST /tariffs": oneTariff,
		"PATCH /tariffs/trf_1": oneTariff, "POST /tariffs/trf_1/publish": oneTariff,
		"GET /tariffs/trf_1/notices": `{"data":[{"severity":"error","pointer":"/elements","text":"No.","code":"x","values":[]}]}`,
		"POST /tariff-assignments":   `{"id":"asg_1"}`, "PATCH /tariff-assignments/asg_1": `{"id":"asg_1"}`,
		"POST /sessions/ses_1/tab/release": `{"session_id":"ses_1","state":"billed"}`, "POST /bills/bil_1/take-back": `{"session_id":"ses_1","state":"free"}`,
	}
	tests := []struct {
		name string
		args []string
		code int
		want string // the last that is asked
		says string
	}{
		{"a list", []string{"tariff", "list"}, remote.ExitOK, "GET /tariffs?limit=500", "ENERGY 0.490, PARKING_TIME 6"},
		{"by name", []string{"tariff", "get", "Day"}, remote.ExitOK, "GET /tariffs/trf_1", "Day"},
		{"by a name that two have", []string{"tariff", "get", "Night"}, remote.ExitUsage, "GET /tariffs?limit=500", "trf_2, trf_3"},
		{"by a name that none has", []string{"tariff", "get", "Dusk"}, remote.ExitNotFound, "GET /tariffs?limit=500", "pylon tariff list"},
		{"from OCPI", []string{"tariff", "create", "Day", "--ocpi", file}, remote.ExitOK, `POST /tariffs {"name":"Day","ocpi":{"currency":"EUR"}}`, "trf_1"},
		{"from the API's form", []string{"tariff", "create", "Day", "--draft", file, "--type", "REGULAR"}, remote.ExitOK, `POST /tariffs {"draft":{"currency":"EUR"},"name":"Day","type":"REGULAR"}`, ""},
		{"from both", []string{"tariff", "create", "Day", "--draft", file, "--ocpi", file}, remote.ExitUsage, "", "not both"},
		{"a draft dropped", []string{"tariff", "edit", "trf_1", "--no-draft", "--type", ""}, remote.ExitOK, `PATCH /tariffs/trf_1 {"draft":null,"type":null}`, ""},
		{"nothing changed", []string{"tariff", "edit", "trf_1"}, remote.ExitUsage, "", "nothing to change"},
		{"published", []string{"tariff", "publish", "trf_1", "--yes"}, remote.ExitOK, "POST /tariffs/trf_1/publish", ""},
		{"published unasked", []string{"tariff", "publish", "trf_1"}, remote.ExitUsage, "GET /tariffs/trf_1", "Publish Day (ENERGY 0.490, PARKING_TIME 6)? It never changes then. Say so with --yes."},
		{"without a draft", []string{"tariff", "publish", "trf_2", "--yes"}, remote.ExitConflict, "GET /tariffs/trf_2", "pylon tariff edit"},
		{"ended", []string{"tariff", "end", "trf_1", "--at", "2099-01-01"}, remote.ExitOK, `PATCH /tariffs/trf_1 {"ends_at":"2099-01-01T00:00:00Z"}`, ""},
		{"never", []string{"tariff", "end", "trf_1", "--never"}, remote.ExitOK, `PATCH /tariffs/trf_1 {"ends_at":null}`, ""},
		{"looked over", []string{"tariff", "notices", "trf_1", "--ad-hoc", "--power", "150", "--country", "DE"}, remote.ExitOK, "GET /tariffs/trf_1/notices?ad_hoc=true&country=DE&power_w=150000", "No."},
		{
			"assigned",
			[]string{"assignment", "create", "Day", "--power-from", "50", "--ad-hoc", "--group", "", "--from", "2099-01-01"},
			remote.ExitOK,
			`POST /tariff-assignments {"ad_hoc":true,"power_from_w":50000,"tariff_id":"trf_1","valid_from":"2099-01-01T00:00:00Z"}`, "",
		},
		{"assigned to any", []string{"assignment", "edit", "asg_1", "--group", "", "--evse", "0", "--no-ad-hoc"}, remote.ExitOK, `PATCH /tariff-assignments/asg_1 {"ad_hoc":false,"evse_id":0,"group":null}`, ""},
		{"released", []string{"bill", "release", "ses_1"}, remote.ExitOK, "POST /sessions/ses_1/tab/release", "billed"},
		{"taken back", []string{"bill", "take-back", "bil_1", "--reason", "Wrong card", "--yes"}, remote.ExitOK, `POST /bills/bil_1/take-back {"reason":"Wrong card"}`, "free"},
		{"taken back unasked", []string{"bill", "take-back", "bil_1", "--reason", "Wrong card"}, remote.ExitUsage, "", "--yes"},
		{"taken back for nothing", []string{"bill", "take-back", "bil_1"}, remote.ExitUsage, "", "--reason"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, answers)
			code, out, said := s.invoke(t, "", tt.args...)
			last := ""
			if len(s.asked) > 0 {
				last = s.asked[len(s.asked)-1]
			}
			if code != tt.code || last != tt.want || !strings.Contains(out+said, tt.says) {
				t.Errorf("exit code %d, asked %q, says %s%s: want %d, %q, %q", code, s.asked, out, said, tt.code, tt.want, tt.says)
			}
		})
	}
}

// People read amounts with a point, programs as the API has them.
func TestAmounts(t *testing.T) {
	s := newServer(t, map[string]string{"GET /bills": `{"data":[{"id":"bil_1","total_minor":662,"net_minor":-5,"tax_minor":0,"currency":"EUR"},{"id":"bil_2","total_minor":662,"currency":"JPY"},{"id":"bil_3","total_minor":662,"currency":"points"}],"next_cursor":""}`})
	for output, want := range map[string][]string{"table": {"6.62", "-0.05", "0.00", "662    JPY", "662    points"}, "csv": {",662,EUR", ",-5,"}, "ndjson": {`"total_minor":662`}} {
		code, out, said := s.invoke(t, "", "bill", "list", "-o", output)
		for _, text := range want {
			if code != remote.ExitOK || !strings.Contains(out, text) {
				t.Errorf("%s: exit code %d, %s%s: want %q", output, code, out, said, text)
			}
		}
	}
}

// Whoever publishes what he has seen is refused what somebody has changed since.
func TestPublishNamesWhatWasSeen(t *testing.T) {
	s := newServer(t, map[string]string{"GET /tariffs/trf_1": oneTariff, "POST /tariffs/trf_1/publish": `412 {"title":"It has changed meanwhile","code":"version_moved"}`})
	code, _, said := s.invoke(t, "", "tariff", "publish", "trf_1", "--yes")
	if code != remote.ExitConflict || !strings.Contains(said, "changed") || !slices.Equal(s.asked, []string{"GET /tariffs/trf_1", "POST /tariffs/trf_1/publish"}) {
		t.Errorf("exit code %d: %s, asked %q", code, said, s.asked)
	}
}
