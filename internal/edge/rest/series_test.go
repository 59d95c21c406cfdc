package rest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/signal"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// series makes a series with a point.
func (w *world) series(of tenant) ident.SeriesID {
	w.t.Helper()
	made, err := w.admin.CreateSeries(w.t.Context(), of.by, admin.SeriesPatch{
		Name: new("day-ahead"), Kind: new(signal.Price), Currency: new(money.Currency("EUR")), Resolution: new(60),
	}, nil)
	w.must(err)
	hour := clock.System{}.Now().Truncate(time.Hour)
	_, err = w.admin.TellPoints(w.t.Context(), of.by, made.ID, []rating.Point{{From: hour, Value: decimal.FromInt(7, 2)}}, time.Time{})
	w.must(err)
	return made.ID
}

const seriesPath = "/api/v1/series"

func TestSeriesLife(t *testing.T) {
	w := newWorld(t, options{})
	key := w.first.key
	site := w.expect(201, key, "POST", "/api/v1/sites", `{"name":"Yard"}`).member(t, "id").(string)
	made := w.expect(201, key, "POST", seriesPath, `{"name":"sun","kind":"share","site_id":"`+site+`"}`)
	one := made.Header.Get("Location")
	for name, want := range map[string]any{"name": "sun", "kind": "share", "currency": nil, "site_id": site, "resolution_minutes": float64(0), "description": ""} {
		if got := made.member(t, name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	w.refused(409, "series_exists", key, "POST", seriesPath, `{"name":"sun","kind":"share","site_id":"`+site+`"}`)
	w.expect(201, key, "POST", seriesPath, `{"name":"sun","kind":"price","currency":"EUR","resolution_minutes":15}`) // for all other sites
	for query, want := range map[string]int{"": 2, "?name=sun": 2, "?name=moon": 0, "?site_id=" + site: 1} {
		if got := w.expect(200, key, "GET", seriesPath+query, "").member(t, "data").([]any); len(got) != want {
			t.Errorf("%s: got %d, want %d", query, len(got), want)
		}
	}
	w.refused(428, "if_match_required", key, "PATCH", one, `{"description":"of the roof"}`)
	next := w.expect(200, key, "PATCH", one, `{"description":"of the roof","site_id":null,"name":"roof"}`, "If-Match", made.Header.Get("ETag"))
	if next.member(t, "description") != "of the roof" || next.member(t, "site_id") != nil || next.member(t, "name") != "roof" {
		t.Errorf("got %s", next.body)
	}
	w.expect(204, key, "DELETE", one, "", "If-Match", next.Header.Get("ETag"))
	w.refused(404, "not_found", key, "GET", one, "")
}

func TestSeriesPoints(t *testing.T) {
	w := newWorld(t, options{})
	key := w.first.key
	one := w.expect(201, key, "POST", seriesPath, `{"name":"spot","kind":"price","currency":"EUR","resolution_minutes":60}`).Header.Get("Location")
	start := clock.System{}.Now().Truncate(24 * time.Hour)
	body := func(first string, hours ...int) string {
		var points []string
		for _, h := range hours {
			points = append(points, fmt.Sprintf(`{"from":%q,"value":"%s%d"}`, start.Add(time.Duration(h)*time.Hour).Format(time.RFC3339), first, h))
		}
		return `{"points":[` + strings.Join(points, ",") + `]}`
	}
	tell := func(body string, changed, corrected float64) {
		t.Helper()
		got := w.expect(200, key, "PUT", one+"/points", body)
		if got.member(t, "changed") != changed || got.member(t, "corrected") != corrected {
			t.Errorf("got %s, want %v changed, %v corrected", got.body, changed, corrected)
		}
	}
	tell(body("0.1", 1, 2, 3), 3, 0)
	tell(body("0.1", 1, 2, 3), 0, 0)
	tell(body("-0.2", 2, 5), 2, 1)
	list := func(query string) (values []string) {
		t.Helper()
		for _, p := range w.expect(200, key, "GET", one+"/points"+query, "").member(t, "data").([]any) {
			point := p.(map[string]any)
			value := point["value"].(string)
			if point["corrected_at"] != nil {
				value += " was " + point["first_value"].(string)
			}
			values = append(values, value)
		}
		return values
	}
	at := func(d time.Duration) string { return start.Add(d).Format(time.RFC3339) }
	for query, want := range map[string]string{
		"":                                     "0.11 -0.22 was 0.12 0.13 -0.25",
		"?from=" + at(2*time.Hour+time.Minute): "-0.22 was 0.12 0.13 -0.25", // the one that holds then, too
		"?from=" + at(2*time.Hour) + "&to=" + at(3*time.Hour):           "-0.22 was 0.12",
		"?from=" + at(4*time.Hour) + "&to=" + at(5*time.Hour+time.Hour): "-0.25",
		"?to=" + at(0): "",
	} {
		if got := strings.Join(list(query), " "); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	w.refused(409, "series_in_use", key, "DELETE", one, "", "If-Match", "*")
	audits := w.expect(200, key, "GET", "/api/v1/audit", "")
	if !strings.Contains(string(audits.body), "series.points") || !strings.Contains(string(audits.body), `"corrected":1`) {
		t.Errorf("the audit trail: %s", audits.body)
	}
}

// Whatever a feed sends, it is told which point is wrong, and nothing of it is taken.
func TestSeriesPointRefusals(t *testing.T) {
	w := newWorld(t, options{})
	key := w.first.key
	fixed := w.expect(201, key, "POST", seriesPath, `{"name":"spot","kind":"price","currency":"EUR","resolution_minutes":15}`).Header.Get("Location") + "/points"
	share := w.expect(201, key, "POST", seriesPath, `{"name":"sun","kind":"share"}`).Header.Get("Location") + "/points"
	hour := clock.System{}.Now().Truncate(time.Hour)
	point := func(d time.Duration, value string) string {
		return fmt.Sprintf(`{"from":%q,"value":%s}`, hour.Add(d).Format(time.RFC3339), value)
	}
	until := func(d time.Duration) string { return fmt.Sprintf(`,"until":%q`, hour.Add(d).Format(time.RFC3339)) }
	for _, c := range []struct{ name, path, points, until, pointer string }{
		{"none", fixed, "", "", "/points"},
		{"not a number", fixed, point(0, `"NaN"`), "", "/points/0/value"},
		{"infinite", fixed, point(0, `"1e99"`), "", "/points/0/value"},
		{"a float", fixed, point(0, `0.1`), "", "/points/0/value"},
		{"too many digits", fixed, point(0, `"0.0000000001"`), "", "/points/0/value"},
		{"too large", fixed, point(0, `"1000001"`), "", "/points/0/value"},
		{"back in time", fixed, point(time.Hour, `"1"`) + "," + point(0, `"1"`), "", "/points/1/from"},
		{"twice", fixed, point(0, `"1"`) + "," + point(0, `"1"`), "", "/points/1/from"},
		{"beside the quarters", fixed, point(time.Minute, `"1"`), "", "/points/0/from"},
		{"another length", fixed, point(0, `"1"`), until(time.Hour), "/until"},
		{"long ago", fixed, point(-4*366*24*time.Hour, `"1"`), "", "/points/0/from"},
		{"far ahead", fixed, point(367*24*time.Hour, `"1"`), "", "/points/0/from"},
		{"a share above one", share, point(0, `"1.01"`), until(time.Hour), "/points/0/value"},
		{"a share below none", share, point(0, `"-0.01"`), until(time.Hour), "/points/0/value"},
		{"without an end", share, point(0, `"1"`), "", "/until"},
		{"an end before", share, point(0, `"1"`), until(0), "/until"},
		{"too many", fixed, strings.TrimSuffix(strings.Repeat(point(0, `"1"`)+",", 2001), ","), "", "/points"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.refused(422, "invalid_input", key, "PUT", c.path, `{"points":[`+c.points+`]`+c.until+`}`)
			if !strings.Contains(string(got.body), `"pointer":"`+c.pointer+`"`) {
				t.Errorf("got %s, want %s", got.body, c.pointer)
			}
			if left := w.expect(200, key, "GET", c.path, "").member(t, "data").([]any); len(left) != 0 {
				t.Errorf("left %v", left)
			}
		})
	}
	million := `{"points":[` + strings.Repeat(point(0, `"1"`)+",", 100_000) + point(0, `"1"`) + `]}`
	w.refused(413, "body_too_large", key, "PUT", fixed, million)
}
