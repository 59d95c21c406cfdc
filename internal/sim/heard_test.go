package sim_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"testing/synctest"
	"time"

	"pylon/internal/sim"
	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// onAll runs a test with a station of each version.
func onAll(t *testing.T, change func(*sim.Config), test func(t *testing.T, r rig)) {
	for _, config := range []sim.Config{on16, on201, on21} {
		t.Run(config.Version.String(), func(t *testing.T) {
			if change != nil {
				change(&config)
			}
			onRig(t, config, test)
		})
	}
}

// heard is a message about a transaction as the server got it, in no version's words.
type heard struct {
	event    string // Started, Updated, Ended
	id       string // of the transaction; "" of a start in 1.6
	token    string
	seqNo    int // 2.x
	register int // -1 for none
	reason   string
	trigger  string // 2.x
	says     schema.Timestamp
	at       time.Time
}

// heardAll returns all messages about transactions, in the order they came.
func heardAll(r rig) []heard {
	var out []heard
	for _, request := range r.all() {
		h, ok := hear(request.message)
		h.at = request.at
		if ok {
			out = append(out, h)
		}
	}
	return out
}

func hear(message schema.Message) (heard, bool) {
	switch m := message.(type) {
	case *ocpp16.StartTransactionRequest:
		return heard{event: "Started", token: m.IDTag, register: m.MeterStart, says: m.Timestamp}, true
	case *ocpp16.MeterValuesRequest:
		if m.TransactionID == nil {
			return heard{}, false
		}
		h := heard{event: "Updated", id: fmt.Sprint(*m.TransactionID), says: m.MeterValue[0].Timestamp}
		_, _ = fmt.Sscan(m.MeterValue[0].SampledValue[0].Value, &h.register)
		return h, true
	case *ocpp16.StopTransactionRequest:
		h := heard{event: "Ended", id: fmt.Sprint(m.TransactionID), register: m.MeterStop, says: m.Timestamp}
		if m.Reason != nil {
			h.reason = string(*m.Reason)
		}
		if m.IDTag != nil {
			h.token = *m.IDTag
		}
		return h, true
	case *ocpp21.TransactionEventRequest:
		h := heard{
			event: string(m.EventType), id: m.TransactionInfo.TransactionID, seqNo: m.SeqNo, register: -1,
			trigger: string(m.TriggerReason), says: m.Timestamp,
		}
		if m.IDToken != nil {
			h.token = m.IDToken.IDToken
		}
		if m.TransactionInfo.StoppedReason != nil {
			h.reason = string(*m.TransactionInfo.StoppedReason)
		}
		if len(m.MeterValue) > 0 {
			_, _ = fmt.Sscan(m.MeterValue[0].SampledValue[0].Value.String(), &h.register)
		}
		return h, true
	}
	return heard{}, false
}

// heardOf returns those of one kind.
func heardOf(r rig, event string) []heard {
	var out []heard
	for _, h := range heardAll(r) {
		if h.event == event {
			out = append(out, h)
		}
	}
	return out
}

// come lets a driver come, who stays for a time, and goes on without waiting.
func come(r rig, stay time.Duration) (left chan error) {
	left = make(chan error, 1)
	go func() { left <- r.station.Charge(r.ctx, sim.Visit{Token: card, Car: car, Stay: stay}) }()
	synctest.Wait()
	return left
}

// leave waits until the driver has left and all is said.
func leave(t *testing.T, r rig, left chan error) {
	t.Helper()
	if err := <-left; err != nil {
		t.Fatal(err)
	}
	settle(t, r)
}

func settle(t *testing.T, r rig) {
	t.Helper()
	if err := r.station.Online(r.ctx); err != nil {
		t.Fatal(err)
	}
	if err := r.station.Settled(r.ctx); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

// boots returns why and with which serial number the station has booted.
func boots(r rig) (reasons, serials []string) {
	for _, request := range r.all() {
		switch m := request.message.(type) {
		case *ocpp16.BootNotificationRequest:
			reasons, serials = append(reasons, ""), append(serials, *m.ChargePointSerialNumber)
		case *ocpp21.BootNotificationRequest:
			reasons, serials = append(reasons, string(m.Reason)), append(serials, *m.ChargingStation.SerialNumber)
		}
	}
	return reasons, serials
}

// statuses returns what the connectors have shown, in order.
func statuses(r rig) []string {
	var out []string
	for _, request := range r.all() {
		switch m := request.message.(type) {
		case *ocpp16.StatusNotificationRequest:
			out = append(out, string(m.Status))
		case *ocpp21.StatusNotificationRequest:
			out = append(out, string(m.ConnectorStatus))
		}
	}
	return out
}

func last[T any](list []T) T { return list[len(list)-1] }

// fault returns the one fault of the station's truth.
func fault(t *testing.T, r rig) sim.Injected {
	t.Helper()
	faults := r.station.Faults()
	if len(faults) != 1 {
		t.Fatalf("got faults %+v, want one", faults)
	}
	return faults[0]
}

func is16(r rig) bool { return r.station.Version() == ocppj.V16 }

// on2 runs a test with a station of each version of 2.x.
func on2(t *testing.T, change func(*sim.Config), test func(t *testing.T, r rig)) {
	for _, config := range []sim.Config{on201, on21} {
		t.Run(config.Version.String(), func(t *testing.T) {
			if change != nil {
				change(&config)
			}
			onRig(t, config, test)
		})
	}
}

// ask sends the station a request that it must answer.
func ask[Response any, Message interface {
	*Response
	schema.Message
}](t *testing.T, r rig, request schema.Message) Response {
	t.Helper()
	var response Response
	if err := r.command(r.ctx, "CP-1", request, Message(&response)); err != nil {
		t.Fatalf("%s: %v", request.Action(), err)
	}
	synctest.Wait()
	return response
}

// names returns one word of each message of a type that has come.
func names[M schema.Message](r rig, word func(M) string) []string {
	var out []string
	for _, m := range of[M](r.csms) {
		out = append(out, word(m))
	}
	return out
}

// newCertificate returns a certificate that signs itself, in PEM.
func newCertificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	as := &x509.Certificate{SerialNumber: big.NewInt(0xABC), Subject: pkix.Name{CommonName: "root"}}
	der, err := x509.CreateCertificate(rand.Reader, as, as, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
