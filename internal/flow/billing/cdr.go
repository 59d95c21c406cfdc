package billing

import (
	"cmp"
	"context"
	"encoding/base64"
	"time"

	"pylon/internal/domain/billing"
	"pylon/internal/domain/device"
	"pylon/internal/domain/roaming"
	"pylon/internal/domain/session"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/trade"
)

// makeCDR adds the CDR of a new bill. Its id is the bill's, so that each names the other.
func (w *work) makeCDR(ctx context.Context, b *billing.Bill) error {
	facts, err := w.tradeFacts(ctx, b)
	if err != nil {
		return err
	}
	made, err := roaming.NewCDR(facts, w.rated.Question, w.rated.Answer)
	if err != nil {
		return err
	}
	w.set.CDRs = append(w.set.CDRs, roaming.Kept{CDR: *made, Organisation: b.Organisation, Session: b.Session, Token: w.view.Token})
	return nil
}

// creditCDR adds the CDR that takes back that of the bill that stood. A bill of
// before there were any has none.
func (w *work) creditCDR(ctx context.Context, now time.Time) error {
	kept, err := w.Store.CDR(ctx, w.tab.Organisation, string(w.tab.Bill))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	credit, err := roaming.Credit(&kept.CDR, now)
	if err != nil {
		return err
	}
	kept.CDR = *credit
	w.set.CDRs = append(w.set.CDRs, kept)
	return nil
}

// tradeFacts gathers what a CDR tells beside what was rated.
func (w *work) tradeFacts(ctx context.Context, b *billing.Bill) (*roaming.Facts, error) {
	s, charge := &w.view.Session, &b.Document.Charges[0]
	outlet := w.made.Outlet(device.Model{}, s.EVSE, s.Connector) // what it reports of itself is much to read
	party := roaming.PartyOf(s.Country, b.Document.Issuer.Name)
	of, err := w.cdrToken(ctx, b)
	if err != nil {
		return nil, err
	}
	of.Party = party
	return &roaming.Facts{
		Party: party, ID: string(b.ID), Session: string(b.Session), Token: of, AuthMethod: authMethod(s.Method),
		Location: roaming.LocationOf(&w.site, roaming.Socket{
			Station: s.Station, Identity: w.view.Identity, EVSE: s.EVSE, Connector: s.Connector, Standard: cmp.Or(charge.Connector, outlet.Type),
		}),
		Tariff: trade.Tariff{
			Party: party, ID: string(w.by.Tariff), AltText: w.by.Terms.Texts, AltURL: w.by.Terms.URL,
			Preauthorize: w.by.Terms.Hold, EnergyMix: w.by.Terms.Mix, UpdatedAt: s.StartedAt,
		},
		Signed: signedData(charge.Signed), Remark: b.Document.Reason, At: b.Document.IssuedAt,
	}, nil
}

// cdrToken returns what is kept of the token: what it is, and the contract behind it,
// which is the customer's or, without one, the token's own.
func (w *work) cdrToken(ctx context.Context, b *billing.Bill) (trade.Token, error) {
	if w.view.Token == "" {
		return trade.Token{Type: "AD_HOC_USER", Contract: string(b.Session)}, nil
	}
	t, err := w.Store.Token(ctx, w.view.Organisation, w.view.Token)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return trade.Token{}, err
	}
	return trade.Token{Type: tokenType(&t), Contract: b.Debtor}, nil
}

// tokenType returns a type of OCPP in OCPI's words.
func tokenType(t *token.Token) string {
	switch t.Type {
	case "", "ISO14443", "ISO15693", "MacAddress":
		return "RFID"
	case "eMAID":
		return "EMAID"
	case "Central", "KeyCode":
		return "APP_USER"
	case "NoAuthorization", "DirectPayment", "VIN":
		return "AD_HOC_USER"
	}
	return "OTHER"
}

func authMethod(m session.Method) string {
	switch m {
	case session.MethodRemote:
		return "COMMAND"
	case session.MethodToken, session.MethodGroup, session.MethodNone, session.MethodNoneGiven:
	}
	return "WHITELIST"
}

// signedData returns what the meter signed; nil when there is nothing, or more than
// a CDR can say.
func signedData(readings []billing.SignedReading) *trade.SignedData {
	const keyMost, dataMost = 512, 5000 // of OCPI
	if len(readings) == 0 || len(readings[0].PublicKey) > keyMost {
		return nil
	}
	signed := &trade.SignedData{Encoding: readings[0].Format, PublicKey: readings[0].PublicKey}
	for _, r := range readings {
		v := trade.SignedValue{Nature: nature(r.Nature), Plain: r.Data, Signed: base64.StdEncoding.EncodeToString([]byte(r.Data))}
		if r.Data == "" || len(v.Signed) > dataMost {
			return nil
		}
		signed.Values = append(signed.Values, v)
	}
	return signed
}

func nature(word string) string {
	switch word {
	case "begin":
		return "Start"
	case "end":
		return "End"
	}
	return "Intermediate"
}
