package sim_test

import (
	"encoding/hex"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/meter"
	"pylon/internal/domain/metering"
	"pylon/internal/edge/signed"
	"pylon/internal/kernel/clock"
	"pylon/internal/sim"
	"pylon/internal/wire/ocmf"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/ocppj"
)

// carried returns the signed values that a server was sent.
func carried(r rig) []meter.SignedValue {
	var list []meter.SignedValue
	for _, stop := range of[*ocpp16.StopTransactionRequest](r.csms) {
		for _, values := range stop.TransactionData {
			for _, v := range values.SampledValue {
				if v.Format != nil && *v.Format == ocpp16.ValueFormatSignedData {
					list = append(list, meter.SignedValue{Data: v.Value})
				}
			}
		}
	}
	for _, event := range of[*ocpp21.TransactionEventRequest](r.csms) {
		for _, values := range event.MeterValue {
			for _, v := range values.SampledValue {
				if s := v.SignedMeterValue; s != nil {
					list = append(list, meter.SignedValue{Data: s.SignedMeterData, SigningMethod: *s.SigningMethod, EncodingMethod: s.EncodingMethod, PublicKey: *s.PublicKey})
				}
			}
		}
	}
	return list
}

func frameOf(values []meter.SignedValue) []meter.Frame {
	f := meter.Frame{}
	for i := range values {
		f.Samples = append(f.Samples, meter.Sample{Signed: &values[i]})
	}
	return []meter.Frame{f}
}

// TestSignedMeters charges twice, and both sessions are certified to the watt-hour.
func TestSignedMeters(t *testing.T) {
	onAll(t, func(c *sim.Config) { c.Quirks.SignedMeters = true }, func(t *testing.T, r rig) {
		leave(t, r, come(r, time.Minute))
		leave(t, r, come(r, 2*time.Minute))
		key, sent, truth := r.station.MeterKey(1), carried(r), r.station.Truth()
		if len(sent) != 4 || len(truth) != 2 {
			t.Fatalf("got %d signed values of %d sessions, want 4 of 2", len(sent), len(truth))
		}
		values := signed.Values(frameOf(sent), []string{key})
		for i, session := range truth {
			cert := metering.Certified(values[2*i:2*i+2], metering.Known{Token: session.Presented})
			if want := (session.End - session.Begin).Milli(); !cert.Billable() || cert.Energy != want || want == 0 {
				t.Errorf("session %d: got %s %v, %d mWh, want %d", i, cert.Verdict, cert.Problems, cert.Energy, want)
			}
			if took := session.Ended.Sub(session.Began); cert.Time == nil || (*cert.Time-took).Abs() > time.Millisecond {
				t.Errorf("session %d: took %v, want %v", i, cert.Time, took)
			}
		}
		if problems := metering.Pages(values); len(problems) > 0 {
			t.Errorf("pages: %v", problems)
		}
		if open := signed.Values(frameOf(sent), nil); !slices.ContainsFunc(open, func(v metering.Value) bool { return v.Verdict == metering.Verified && v.Key.DER == key }) {
			t.Errorf("with the keys that were sent: got %v", open)
		}
	})
}

func TestMetersDoNotSignUnasked(t *testing.T) {
	onAll(t, func(*sim.Config) {}, func(t *testing.T, r rig) {
		leave(t, r, come(r, time.Minute))
		if sent := carried(r); len(sent) > 0 || r.station.MeterKey(1) != "" {
			t.Errorf("got %d signed values, key %q", len(sent), r.station.MeterKey(1))
		}
	})
}

// TestMetersAreThemselves gives each meter a key of its own, and the same one again from
// the same seed.
func TestMetersAreThemselves(t *testing.T) {
	config := sim.Config{Endpoint: sim.Endpoint{Version: ocppj.V21, Identity: "CP-1"}, Hardware: sim.AC22(), Seed: 7, Quirks: sim.Quirks{SignedMeters: true}}
	seen := map[string]bool{}
	for _, seed := range []uint64{7, 8, 7} {
		config.Seed = seed
		station := sim.New(config, clock.System{}, slog.New(slog.DiscardHandler))
		seen[station.MeterKey(1)], seen[station.MeterKey(2)] = true, true
	}
	if len(seen) != 4 || seen[""] {
		t.Errorf("got %d keys, want those of 2 meters of 2 stations", len(seen))
	}
}

// TestMetersTellTheirKeys asks for the key of a meter, where OCA's application note has it.
func TestMetersTellTheirKeys(t *testing.T) {
	signing := func(c sim.Config) sim.Config { c.Quirks.SignedMeters = true; return c }
	check := func(t *testing.T, r rig, told *string) {
		t.Helper()
		if told == nil {
			t.Fatal("it tells none")
		}
		key, err := ocmf.ParseKey(*told, nil)
		if got := strings.ToUpper(hex.EncodeToString(key.DER())); err != nil || got != r.station.MeterKey(1) {
			t.Errorf("told %q: got %s, %v, want %s", *told, got, err, r.station.MeterKey(1))
		}
	}
	onRig(t, signing(on16), func(t *testing.T, r rig) {
		answer := ask[ocpp16.GetConfigurationResponse](t, r, &ocpp16.GetConfigurationRequest{Key: []string{"MeterPublicKey1"}})
		check(t, r, answer.ConfigurationKey[0].Value)
	})
	onRig(t, signing(on21), func(t *testing.T, r rig) {
		answer := ask[ocpp21.GetVariablesResponse](t, r, &ocpp21.GetVariablesRequest{GetVariableData: []ocpp21.GetVariableData{{
			Component: ocpp21.Component{Name: "FiscalMetering", EVSE: &ocpp21.EVSE{ID: 1}}, Variable: ocpp21.Variable{Name: "PublicKey"},
		}}})
		check(t, r, answer.GetVariableResult[0].AttributeValue)
	})
}
