package sim

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

// signer is the part of a meter that signs what it shows, in OCMF on P-256. All comes
// from the station's seed: the same station signs the same reading with the same bytes.
type signer struct {
	key    *ecdsa.PrivateKey
	public string // SubjectPublicKeyInfo in upper-case hex, as it is printed on the meter
	sent   string // the same as a station sends it: OCA application note on signed meter values, section 3.2.2
	serial string
	page   uint64 // of the last record
}

// newSigner returns the signer of an EVSE's meter.
func newSigner(c Config, evse int) *signer {
	for try := 0; ; try++ {
		secret := sha256.Sum256(fmt.Appendf(nil, "meter %d of %s, seed %d, try %d", evse, c.Identity, c.Seed, try))
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret[:])
		if err != nil {
			continue // one number in 2^32 is no key
		}
		der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			panic("sim: a key of P-256 cannot be written: " + err.Error())
		}
		public := strings.ToUpper(hex.EncodeToString(der))
		return &signer{
			key: key, public: public, sent: base64.StdEncoding.EncodeToString([]byte("oca:base16:asn1:" + public)), serial: fmt.Sprintf("%s-%d", c.Serial, evse),
		}
	}
}

// MeterKey returns the public key of an EVSE's meter, in hex; "" when it does not sign.
func (s *Station) MeterKey(id int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.evse(id); e != nil && e.meter.signer != nil {
		return e.meter.signer.public
	}
	return ""
}

// signedReading is a record with what it is about.
type signedReading struct {
	reading Reading
	context string
	record  string
	key     string // as it is sent
}

// sign returns what the meter signs about the begin or the end of a transaction; nil
// when it does not sign. The lock is held.
func (s *Station) sign(e *evse, h happening) *signedReading {
	meter := e.meter.signer
	if meter == nil || h.reading == nil || h.context != contextBegin && h.context != contextEnd {
		return nil
	}
	meter.page++
	token := e.tx.token
	kind := "CENTRAL"
	if token.UID == "" {
		kind = "NONE"
	} else if token.Type == "" || token.Type == "ISO14443" {
		kind = "ISO14443"
	}
	id, err := json.Marshal(token.UID)
	if err != nil {
		panic("sim: a token is no text: " + err.Error())
	}
	r := h.reading
	payload := fmt.Sprintf(`{"FV":"1.0","PG":"T%d","MV":"%s","MM":"Simulated","MS":"%s","MF":"1.0","IS":%t,"IL":"%s","IF":[],"IT":"%s","ID":%s,`+
		`"RD":[{"TM":"%s S","TX":"%s","RV":%d.%03d,"RI":"1-0:1.8.0","RU":"kWh","RT":"%s","EF":"","ST":"G"}]}`,
		meter.page, s.config.Hardware.Vendor, meter.serial, token.UID != "", levelOf(token), kind, id,
		r.At.UTC().Format("2006-01-02T15:04:05,000-0700"), letterOf(h), r.Register/1000, r.Register%1000, currentOf(s.config.Hardware))
	digest := sha256.Sum256([]byte(payload))
	signature, err := meter.key.Sign(nil, digest[:], crypto.SHA256) // without chance, by RFC 6979
	if err != nil {
		panic("sim: a meter cannot sign: " + err.Error())
	}
	return &signedReading{
		reading: *r, context: h.context,
		record: "OCMF|" + payload + `|{"SA":"ECDSA-secp256r1-SHA256","SD":"` + hex.EncodeToString(signature) + `"}`,
		key:    meter.sent,
	}
}

func levelOf(t Token) string {
	if t.UID == "" {
		return "NONE"
	}
	return "HEARSAY"
}

func currentOf(h Hardware) string {
	if h.DC() {
		return "DC"
	}
	return "AC"
}

// letterOf says why a reading was taken, in OCMF's letters.
func letterOf(h happening) string {
	switch {
	case h.context == contextBegin:
		return "B"
	case h.why == endLocal:
		return "L"
	case h.why == endRemote:
		return "R"
	case h.why == endPowerLoss:
		return "P"
	}
	return "E"
}

// keep keeps a record for the stop; nil is none.
func (tx *transaction) keep(r *signedReading) {
	if r != nil {
		tx.signed = append(tx.signed, r)
	}
}

// attach puts the record beside the register in what is sent with it.
func (r *signedReading) attach(values []ocpp21.MeterValue) {
	for i := range values {
		for k := range values[i].SampledValue {
			if v := &values[i].SampledValue[k]; value(v.Measurand) == energyRegister {
				v.SignedMeterValue = &ocpp21.SignedMeterValue{
					SignedMeterData: base64.StdEncoding.EncodeToString([]byte(r.record)), EncodingMethod: "OCMF", SigningMethod: new(""), PublicKey: &r.key,
				}
			}
		}
	}
}

// value16 returns the record as 1.6 carries it: the object of 2.x as JSON, in the place
// of a number. Source: OCA application note on signed meter values, section 3.
func (r *signedReading) value16(location ocpp16.Location) ocpp16.MeterValue {
	text, err := json.Marshal(ocpp21.SignedMeterValue{
		SignedMeterData: base64.StdEncoding.EncodeToString([]byte(r.record)), EncodingMethod: "OCMF", SigningMethod: new(""), PublicKey: &r.key,
	})
	if err != nil {
		panic("sim: a signed value cannot be written: " + err.Error())
	}
	return ocpp16.MeterValue{Timestamp: schema.TimestampOf(r.reading.At), SampledValue: []ocpp16.SampledValue{{
		Value: string(text), Format: new(ocpp16.ValueFormatSignedData), Context: new(ocpp16.ReadingContext(r.context)),
		Measurand: new(ocpp16.Measurand(energyRegister)), Unit: new(ocpp16.UnitOfMeasure("Wh")), Location: &location,
	}}}
}
