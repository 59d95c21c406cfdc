package rest_test

import (
	"testing"
	"time"

	"pylon/internal/client"
)

// The client and the API agree on every word.
func TestClientAgainstTheAPI(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	th.socket.answers(yes())
	c, ctx := w.client(w.first.key), t.Context()

	made, err := c.CreateStation(ctx, map[string]any{"station_id": "CP-1", "name": "Left"})
	w.must(err)
	if made.StationID != "CP-1" || made.Name != "Left" || made.Connection.Status != "offline" || made.Automation != "on" {
		t.Errorf("made %+v", made)
	}
	changed, err := c.UpdateStation(ctx, "CP-1", map[string]any{"site_id": th.site})
	w.must(err)
	if changed.SiteID != th.site {
		t.Errorf("changed %+v", changed)
	}
	w.must(c.DeleteStation(ctx, "CP-1"))
	if _, err := c.Station(ctx, "CP-1"); !client.Is(err, "not_found") {
		t.Errorf("got %v", err)
	}
	online, err := c.Stations(ctx, client.Query{"connection": "online"})
	w.must(err)
	if len(online.Data) != 1 || online.Data[0].EVSEs[0].Connectors[0].Status == "" || online.Data[0].Connection.Since.IsZero() {
		t.Errorf("online: %+v", online)
	}

	tok, err := c.CreateToken(ctx, map[string]any{"uid": "A1", "type": "Central", "expires_at": "2030-01-01T00:00:00Z"})
	w.must(err)
	if tok.Status != "accepted" || tok.ExpiresAt.Year() != 2030 {
		t.Errorf("made %+v", tok)
	}
	w.must(c.DeleteToken(ctx, tok.ID))

	n := 0
	for s, err := range client.All(ctx, c.Sessions, client.Query{"status": "active"}) {
		w.must(err)
		if n++; s.TokenUID != "uid-main" || s.EnergyWh == 0 || !s.EndedAt.IsZero() || s.StartedAt.IsZero() {
			t.Errorf("session %+v", s)
		}
	}
	if n != 1 {
		t.Errorf("%d sessions", n)
	}
	frames, err := c.MeterValues(ctx, string(th.session), nil)
	w.must(err)
	if len(frames.Data) != 2 || frames.Data[1].Samples[0].Value != "1250.50" {
		t.Errorf("frames %+v", frames)
	}
	log, err := c.Log(ctx, "CP-main", nil)
	w.must(err)
	if len(log.Data) != 1 || log.Data[0].Action != "BootNotification" {
		t.Errorf("log %+v", log)
	}

	done, err := c.Command(ctx, "CP-main", map[string]any{"type": "clear_cache"}, 10*time.Second)
	w.must(err)
	if !done.Finished || done.State != "accepted" || string(done.Result) != `{"status":"Accepted"}` {
		t.Errorf("command %+v", done)
	}
	answer, err := c.OCPP(ctx, "CP-main", "ClearCache", []byte(`{}`))
	w.must(err)
	if string(answer) != `{"status":"Accepted"}` {
		t.Errorf("answer %s", answer)
	}
	key, err := c.CreateKey(ctx, map[string]any{"name": "less", "scopes": []string{"sites:read"}})
	w.must(err)
	if sites, err := w.client(key.Secret).Sites(ctx, nil); err != nil || len(sites.Data) != 1 {
		t.Errorf("sites %+v, %v", sites, err)
	}
}

// A finding is put away by hand, and stays so.
func TestResolveFinding(t *testing.T) {
	w := newWorld(t, options{})
	th := w.fill(w.first)
	c, ctx, open := w.client(w.first.key), t.Context(), client.Query{"open": "true"}
	before, err := c.Findings(ctx, "CP-main", open)
	w.must(err)
	first, err := c.ResolveFinding(ctx, string(th.finding))
	w.must(err)
	again, err := c.ResolveFinding(ctx, string(th.finding))
	w.must(err)
	left, err := c.Findings(ctx, "CP-main", open)
	w.must(err)
	if first.Code != "transaction_unknown" || first.ResolvedAt.IsZero() || again != first || len(left.Data) != len(before.Data)-1 {
		t.Errorf("got %+v, then %+v; %d of %d open", first, again, len(left.Data), len(before.Data))
	}
	if _, err := c.ResolveFinding(ctx, "fnd_none"); !client.Is(err, "not_found") {
		t.Errorf("one there is not: %v", err)
	}
}
