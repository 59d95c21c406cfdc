package app

import (
	"context"
	"testing"
	"time"

	"pylon/internal/client"
	"pylon/internal/domain/device"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/metering"
	"pylon/internal/edge/signed"
	"pylon/internal/sim"
	"pylon/internal/wire/ocppj"
)

// TestSignedValuesComeThrough charges at stations of each version whose meters sign: what
// the API hands out of a session that is closed is certified, to the watt-hour, with the key that the station's
// device model has.
func TestSignedValuesComeThrough(t *testing.T) {
	s := serve(t, configuration(t))
	if _, err := s.api.CreateToken(t.Context(), map[string]any{"uid": "04AA01", "type": "ISO14443"}); err != nil {
		t.Fatal(err)
	}
	versions := map[string]ocppj.Version{"CP-16": ocppj.V16, "CP-201": ocppj.V201, "CP-21": ocppj.V21}
	stations, visits := []*sim.Station{}, make(chan error, len(versions))
	for identity, v := range versions {
		s.station(identity, nil)
		st := s.simulate(identity, v, sim.Quirks{SignedMeters: true})
		stations = append(stations, st)
		go func() {
			if err := st.Online(t.Context()); err != nil {
				visits <- err
				return
			}
			visits <- st.Charge(t.Context(), sim.Visit{
				Token: sim.Token{UID: "04AA01", Type: "ISO14443"}, Stay: 3 * time.Second,
				Car: sim.Car{Phases: 3, MaxCurrent: 16_000, MaxPower: 11_000, Battery: 60_000, Charge: 100, Target: 900},
			})
		}()
	}
	for range stations {
		if err := <-visits; err != nil {
			t.Fatalf("a visit: %v", err)
		}
	}
	for _, st := range stations {
		if err := st.Settled(t.Context()); err != nil {
			t.Fatal(err)
		}
		truth := st.Truth()[0]
		values := signed.Values(s.frames(st.Identity()), []string{s.meterKey(st.Identity())})
		cert := metering.Certified(values, metering.Known{Token: truth.Presented})
		if want := (truth.End - truth.Begin).Milli(); !cert.Billable() || cert.Energy != want || want == 0 {
			t.Errorf("%s: got %s %v, %d mWh of %d values, want %d", st.Identity(), cert.Verdict, cert.Problems, cert.Energy, len(values), want)
		}
		if file, err := signed.Transparency(values, truth.TransactionID); err != nil {
			t.Errorf("%s: %v", st.Identity(), err)
		} else if again, err := signed.File(file, nil); err != nil || len(again) != len(values) || again[0].Verdict != metering.Verified {
			t.Errorf("%s: the file comes back as %v, %v", st.Identity(), again, err)
		}
	}
}

// frames returns what the API tells of the only session of a station.
func (s *served) frames(station string) []meter.Frame {
	s.t.Helper()
	var session string
	await(s.t, "the session of "+station, func(ctx context.Context) (bool, error) {
		p, err := s.api.Sessions(ctx, client.Query{"station_id": station, "status": "completed"})
		if len(p.Data) == 1 {
			session = p.Data[0].ID
		}
		return session != "", err
	})
	p, err := s.api.MeterValues(s.t.Context(), session, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	var frames []meter.Frame
	for _, from := range p.Data {
		f := meter.Frame{}
		for _, v := range from.Samples {
			if v.Signed != nil {
				f.Samples = append(f.Samples, meter.Sample{Context: v.Context, Signed: new(meter.SignedValue(*v.Signed))})
			}
		}
		frames = append(frames, f)
	}
	return frames
}

// meterKey returns the key of a station's first meter, as the station has reported it.
func (s *served) meterKey(station string) string {
	s.t.Helper()
	var found device.MeterKey
	await(s.t, "the key of "+station, func(ctx context.Context) (bool, error) {
		p, err := s.api.Variables(ctx, station, client.Query{"q": "PublicKey"})
		for _, v := range p.Data {
			name := device.Name{EVSE: v.EVSEID, Component: v.Component, Variable: v.Variable}
			if key, ok := device.KeyVariable(name, *v.Attributes[0].Value); ok && key.EVSE == 1 {
				found = key
			}
		}
		return found.Key != "", err
	})
	return found.Key
}
