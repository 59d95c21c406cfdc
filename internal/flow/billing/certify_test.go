package billing_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/device"
	"pylon/internal/domain/event"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/session"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/page"
)

// signer is a meter that signs on P-256.
type signer struct {
	*testing.T
	key *ecdsa.PrivateKey
}

func newSigner(t *testing.T) signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{t, key}
}

// public returns the key as it is printed on the meter.
func (d signer) public() string {
	der, err := x509.MarshalPKIXPublicKey(&d.key.PublicKey)
	if err != nil {
		d.Fatal(err)
	}
	return strings.ToUpper(hex.EncodeToString(der))
}

// sign returns a record of one reading in kilowatt-hours, so many minutes after noon.
func (d signer) sign(page, minute int, reason, kwh string) string {
	payload := fmt.Sprintf(`{"FV":"1.0","GS":"GW","PG":"T%d","MS":"MT","RD":[{"TM":"%s S","TX":"%s","RV":%s,"RI":"1-0:1.8.0","RU":"kWh","RT":"AC","EF":"","ST":"G"}]}`,
		page, noon().Add(time.Duration(minute)*time.Minute).Format("2006-01-02T15:04:05,000-0700"), reason, kwh)
	digest := sha256.Sum256([]byte(payload))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		d.Fatal(err)
	}
	return "OCMF|" + payload + `|{"SD":"` + hex.EncodeToString(signature) + `"}`
}

// certify makes the tariff one of certified energy.
func (w *world) certify() {
	w.price("0.50")
	w.priced.Editions[0].Terms.Certified = true
}

// signs writes frames with signed values of a session that ended, as the station sent them.
func (w *world) signs(s session.Session, key string, records ...string) {
	w.Helper()
	for _, r := range records {
		s.Frames++
		w.commit(&change.Set{Owner: w.owner, Frames: []meter.Frame{{
			Station: s.Station, Session: s.ID, Number: s.Frames, EVSE: s.EVSE, Connector: 1, SeqNo: -1, ReceivedAt: s.EndedAt, OccurredAt: s.EndedAt,
			Samples: []meter.Sample{{At: s.EndedAt, Measurand: meter.EnergyImportRegister, Signed: &meter.SignedValue{Data: r, EncodingMethod: "OCMF", PublicKey: key}}},
		}}})
	}
}

// learns has the station tell a key of EVSE 1.
func (w *world) learns(key string) {
	w.Helper()
	w.commit(&change.Set{MeterKeys: []device.MeterKey{{Station: w.owner.Station, Organisation: w.org, EVSE: 1, Key: key, ToldAt: now()}}})
	w.news(event.Event{Type: event.StationDevice, Organisation: w.org, Station: w.owner.Station, Subject: string(w.owner.Station) + "/device", Data: device.KeyNotice{Keys: 1}})
}

// found returns the open findings of a code.
func (w *world) found(code station.FindingCode) []station.Finding {
	w.Helper()
	all, err := w.Findings(w.Context(), w.org, station.FindingFilter{Station: w.owner.Station}, page.Query{Limit: 100})
	if err != nil {
		w.Fatal(err)
	}
	return slices.DeleteFunc(all.Items, func(f station.Finding) bool { return f.Code != code || !f.ResolvedAt.IsZero() })
}

// verdicts returns what a charge says of its signed readings.
func verdicts(c *billing.Charge) string {
	var all []string
	for _, r := range c.Signed {
		all = append(all, r.Nature+" "+r.Verdict)
	}
	return strings.Join(all, ", ")
}

// Signed end minus signed begin is billed, and nothing else: to the milliwatt-hour, where the
// station's own register shows watt-hours.
func TestCertifiedEnergy(t *testing.T) {
	each(t, func(w *world) {
		w.certify()
		d := newSigner(w.T)
		w.learns(d.public())
		s := w.ends(10) // by the register that is not signed
		w.signs(s, "", d.sign(1, 0, "B", "100.0000"), d.sign(2, 30, "C", "105.0000"), d.sign(3, 60, "E", "110.0004"))
		w.hears(event.SessionStarted, s)
		w.hears(event.SessionCompleted, s)
		bill := w.bills(s, 1)[0].Document
		c := &bill.Charges[0]
		if c.Begin != 100_000_000 || c.Finish != 110_000_400 || c.Energy != 10_000_400 || bill.Lines[0].Quantity.String() != "10.001" { // by its step of a watt-hour
			w.Errorf("got %d to %d, %d mWh, %s on the line", c.Begin, c.Finish, c.Energy, bill.Lines[0].Quantity)
		}
		if got := verdicts(c); got != "begin verified, intermediate verified, end verified" || c.Signed[0].PublicKey != d.public() || c.Signed[2].Energy != 110_000_400 {
			w.Errorf("got %s, %+v", got, c.Signed)
		}
		w.hears(event.SessionCorrected, s)
		w.bills(s, 1)
		if f := w.found(station.MeterUnproven); len(f) > 0 {
			w.Errorf("findings: %+v", f)
		}
	})
}

// What is not proven is not billed where the tariff demands it, and billed with its verdict where not.
func TestUncertifiedEnergy(t *testing.T) {
	each(t, func(w *world) {
		d, stranger := newSigner(w.T), newSigner(w.T)
		w.learns(d.public())
		begin, end := d.sign(1, 0, "B", "100"), d.sign(2, 60, "E", "110")
		flipped := strings.Replace(end, `"RV":110`, `"RV":111`, 1)
		for _, c := range []struct {
			name     string
			records  []string
			why      string // the tab is held
			verdicts string // where nothing is demanded
			failed   bool   // and people are told
		}{
			{"a flipped byte", []string{begin, flipped}, "signature_wrong", "begin verified, end failed", true},
			{"no end", []string{begin}, "end_missing", "begin verified", false},
			{"nothing signed", nil, "no_values", "", false},
			{"another meter", []string{stranger.sign(1, 0, "B", "100"), stranger.sign(2, 60, "E", "110")}, "signature_wrong", "begin failed, end failed", true},
			{"other energy than is told", []string{begin, d.sign(2, 60, "E", "112")}, "unsigned_differs", "begin verified, end verified", false},
			{"a page is missing", []string{begin, d.sign(3, 60, "E", "110")}, "page_gap", "begin verified, end verified", true},
			{"words", []string{"OCMF|hello", begin, end}, "malformed", "intermediate failed, begin verified, end verified", true},
			{"a huge one", []string{begin, end, "OCMF|" + strings.Repeat("{", 600_000)}, "malformed", "begin verified, end verified", true},
		} {
			w.certify()
			s := w.ends(10)
			w.signs(s, "", c.records...)
			w.hears(event.SessionStarted, s)
			w.hears(event.SessionCompleted, s)
			w.bills(s, 0)
			tab := w.tab(s)
			if tab.State != billing.TabHeld || tab.Reason != billing.HeldUncertified {
				w.Errorf("%s: the tab: %+v", c.name, tab)
				continue
			}
			held := slices.IndexFunc(w.found(station.BillHeld), func(f station.Finding) bool { return f.Session == s.ID && strings.Contains(f.Detail, c.why) })
			if held < 0 {
				w.Errorf("%s: no finding says %s: %+v", c.name, c.why, w.found(station.BillHeld))
			}
			w.price("0.50")
			free := w.ends(10)
			w.signs(free, "", c.records...)
			w.hears(event.SessionStarted, free)
			w.hears(event.SessionCompleted, free)
			bill := w.bills(free, 1)[0].Document
			told := slices.ContainsFunc(w.found(station.MeterUnproven), func(f station.Finding) bool { return f.Session == free.ID })
			if got := verdicts(&bill.Charges[0]); got != c.verdicts || bill.Total != 595 || told != c.failed {
				w.Errorf("%s: got %q, %d, people are told %t; want %q, 595, %t", c.name, got, bill.Total, told, c.verdicts, c.failed)
			}
		}
	})
}

// A key that a station tells after the session releases what waits for it, and a bill that
// stands does not change because of it.
func TestKeyThatComesLate(t *testing.T) {
	each(t, func(w *world) {
		w.certify()
		d := newSigner(w.T)
		s := w.ends(10)
		w.signs(s, "", d.sign(1, 0, "B", "100"), d.sign(2, 60, "E", "110"))
		w.hears(event.SessionCompleted, s)
		if tab := w.tab(s); tab.Reason != billing.HeldUncertified {
			w.Fatalf("the tab: %+v", tab)
		}
		w.price("0.50")
		free := w.ends(10)
		w.signs(free, "", d.sign(3, 0, "B", "100"), d.sign(4, 60, "E", "110"))
		w.hears(event.SessionCompleted, free)
		if got := verdicts(&w.bills(free, 1)[0].Document.Charges[0]); got != "begin not_verifiable, end not_verifiable" {
			w.Errorf("without a key: got %s", got)
		}
		w.learns(d.public())
		if got := verdicts(&w.bills(s, 1)[0].Document.Charges[0]); got != "begin verified, end verified" {
			w.Errorf("with it: got %s", got)
		}
		w.hears(event.SessionCorrected, free)
		w.bills(free, 1)
	})
}

// A meter that was replaced has another key: what the old one signed is verified all the same.
func TestMeterReplaced(t *testing.T) {
	each(t, func(w *world) {
		w.certify()
		old, fresh := newSigner(w.T), newSigner(w.T)
		w.learns(old.public())
		w.learns(fresh.public())
		for _, d := range []signer{old, fresh} {
			s := w.ends(10)
			w.signs(s, fresh.public(), d.sign(1, 0, "B", "100"), d.sign(2, 60, "E", "110"))
			w.hears(event.SessionCompleted, s)
			if got := verdicts(&w.bills(s, 1)[0].Document.Charges[0]); got != "begin verified, end verified" {
				w.Errorf("got %s", got)
			}
		}
	})
}

// A gateway counts for all its meters: pages that another session has are not missing.
func TestGatewayOfTwo(t *testing.T) {
	each(t, func(w *world) {
		w.certify()
		d := newSigner(w.T)
		w.learns(d.public())
		w.commit(&change.Set{MeterKeys: []device.MeterKey{{Station: w.owner.Station, Organisation: w.org, EVSE: 2, Key: d.public(), ToldAt: now()}}})
		beside, s := w.corrects(w.ends(10), func(s *session.Session) { s.EVSE = 2 }), w.ends(10)
		w.signs(beside, "", d.sign(2, 0, "B", "100"), d.sign(3, 60, "E", "110"))
		w.signs(s, "", d.sign(1, 0, "B", "100"), d.sign(4, 60, "E", "110"))
		w.hears(event.SessionCompleted, s)
		w.bills(s, 1)
	})
}

// A bill shows the two readings that it rests on, however many a station sends.
func TestManyReadings(t *testing.T) {
	each(t, func(w *world) {
		w.certify()
		d := newSigner(w.T)
		w.learns(d.public())
		s := w.ends(10)
		records := []string{d.sign(1, 0, "B", "100")}
		for i := range 250 {
			records = append(records, d.sign(2+i, 30, "C", "105"))
		}
		w.signs(s, "", append(records, d.sign(252, 60, "E", "110"))...)
		w.hears(event.SessionCompleted, s)
		if got := verdicts(&w.bills(s, 1)[0].Document.Charges[0]); got != "begin verified, end verified" {
			w.Errorf("got %s", got)
		}
	})
}

// A session that took nothing needs no proof.
func TestNothingToCertify(t *testing.T) {
	each(t, func(w *world) {
		w.certify()
		s := w.ends(0)
		w.hears(event.SessionCompleted, s)
		if d := w.bills(s, 1)[0].Document; d.Total != 0 {
			w.Errorf("got %d", d.Total)
		}
	})
}
