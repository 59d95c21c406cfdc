package app

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"pylon/internal/client"
	"pylon/internal/domain/metering"
	"pylon/internal/edge/signed"
	"pylon/internal/sim"
	"pylon/internal/wire/ocppj"
)

// certified makes a tariff of certified energy at a spot price, for Type 2 below 23 kW; what there is
// else costs a fixed fee.
func (s *served) certified() {
	s.t.Helper()
	create := func(path string, body any) string {
		s.t.Helper()
		var made struct {
			ID string `json:"id"`
		}
		if _, err := s.api.Call(s.t.Context(), http.MethodPost, path, body, &made); err != nil {
			s.t.Fatal(err)
		}
		return made.ID
	}
	for _, tariff := range []struct{ draft, assignment string }{
		{
			`"certified":true,"extras":[{"id":"spot","vat":"19","series":"day-ahead","spot":{"markup":"0.10","fallback":"9"}}],"elements":[{"price_components":[{"type":"ENERGY","price":"0","vat":"19"}]}]`,
			`,"connector_type":"IEC_62196_T2","power_from_w":11000,"power_to_w":23000`,
		},
		{`"elements":[{"price_components":[{"type":"FLAT","price":"7","vat":"19"}]}]`, ``},
	} {
		id := create("/tariffs", value(`{"name":"A","draft":{"currency":"EUR","tax_included":"NO","default_vat":"19",`+tariff.draft+`}}`))
		if _, err := s.api.Act(s.t.Context(), client.Path("/tariffs/", id, "/publish"), "*"); err != nil {
			s.t.Fatal(err)
		}
		create("/tariff-assignments", value(`{"tariff_id":"`+id+`"`+tariff.assignment+`}`))
	}
	series := create("/series", value(`{"name":"day-ahead","kind":"price","currency":"EUR","resolution_minutes":60}`))
	hour := s.api.Now().Truncate(time.Hour)
	points := map[string]any{"points": []any{
		map[string]any{"from": hour, "value": "200"}, map[string]any{"from": hour.Add(time.Hour), "value": "200"},
	}}
	if _, err := s.api.Call(s.t.Context(), http.MethodPut, client.Path("/series/", series, "/points"), points, nil); err != nil {
		s.t.Fatal(err)
	}
}

// value is a JSON text as a value.
func value(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(err) // a text of the test
	}
	return v
}

// bill is what a test reads of a bill.
type bill struct {
	ID    string `json:"id"`
	Net   int64  `json:"net_minor"`
	Lines []struct {
		Item string `json:"item"`
	} `json:"lines"`
	Charges []struct {
		EnergyMWh int64 `json:"energy_mwh"`
		Signed    []struct {
			Nature  string `json:"nature"`
			Verdict string `json:"verdict"`
		} `json:"signed_readings"`
	} `json:"charges"`
}

// billOf returns the bill of the only session of a station.
func (s *served) billOf(station string) (b bill) {
	s.t.Helper()
	await(s.t, "the bill of "+station, func(ctx context.Context) (bool, error) {
		p, err := s.api.Sessions(ctx, client.Query{"station_id": station, "status": "completed"})
		if err != nil || len(p.Data) != 1 {
			return false, err
		}
		var list struct {
			Data []bill `json:"data"`
		}
		if _, err := s.api.Call(ctx, http.MethodGet, "/bills?session_id="+p.Data[0].ID, nil, &list); err != nil || len(list.Data) != 1 {
			return false, err
		}
		_, err = s.api.Call(ctx, http.MethodGet, client.Path("/bills/", list.Data[0].ID), nil, &b)
		return err == nil, err
	})
	return b
}

// Stations of each version, whose meters sign, at a tariff of certified energy that is chosen by their connectors: the
// bill rests on two verified readings, has the energy between them, and the driver can check it himself.
func TestCertifiedEnergyIsBilled(t *testing.T) {
	s := serve(t, configuration(t))
	if _, err := s.api.CreateToken(t.Context(), map[string]any{"uid": "04AA01", "type": "ISO14443"}); err != nil {
		t.Fatal(err)
	}
	s.certified()
	var stations []*sim.Station
	for identity, v := range map[string]ocppj.Version{"CP-16": ocppj.V16, "CP-21": ocppj.V21} {
		s.station(identity, nil)
		if v == ocppj.V16 {
			s.patch(identity, `{"quirks":{"outlets":[{"type":"IEC_62196_T2","max_power_w":22000}]}}`)
		}
		st := s.simulate(identity, v, sim.Quirks{SignedMeters: true})
		if err := st.Online(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.meterKey(identity)
		stations = append(stations, st)
	}
	charge(t, 3*time.Second, stations...)
	for _, st := range stations {
		truth, b := st.Truth()[0], s.billOf(st.Identity())
		var verdicts []string
		for _, r := range b.Charges[0].Signed {
			verdicts = append(verdicts, r.Nature+" "+r.Verdict)
		}
		if got := strings.Join(verdicts, ", "); got != "begin verified, end verified" {
			t.Errorf("%s: got %s", st.Identity(), got)
		}
		energy := int64((truth.End - truth.Begin).Milli())
		if want := (energy*20_010 + 500_000) / 1_000_000; b.Charges[0].EnergyMWh != energy || energy == 0 || b.Net != want {
			t.Errorf("%s: got %d mWh, %d, want %d mWh, %d", st.Identity(), b.Charges[0].EnergyMWh, b.Net, energy, want)
		}
		var file []byte
		if _, err := s.api.Call(t.Context(), http.MethodGet, client.Path("/bills/", b.ID, "/transparency"), nil, &file); err != nil {
			t.Fatal(err)
		}
		values, err := signed.File(file, nil)
		if err != nil || len(values) != 2 || values[0].Verdict != metering.Verified || values[1].Verdict != metering.Verified {
			t.Errorf("%s: the file: %+v, %v", st.Identity(), values, err)
		}
	}
}

// patch changes a station.
func (s *served) patch(station, fields string) {
	s.t.Helper()
	if _, err := s.api.Call(s.t.Context(), http.MethodPatch, client.Path("/stations/", station), value(fields), nil); err != nil {
		s.t.Fatal(err)
	}
}
