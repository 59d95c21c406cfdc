package ocpp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/command"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/trade"
)

func (o *owner) Words(context.Context, token.Decision) (trade.Text, bool) {
	return o.world.words, o.world.words.Text != ""
}

func (o *owner) Owed(_ context.Context, _ ident.SessionID, over bool) (decimal.Decimal, bool) {
	return o.world.cost, over && o.world.cost.Sign() > 0
}

func (o *owner) Offer(_ context.Context, tag string, d token.Decision) {
	if o.world.words.Text != "" && d.OK() {
		_ = o.conn.Show(screen.Shown{Kind: screen.Offer, IDTag: tag, Text: o.world.words.Text})
	}
}

func (o *owner) ShowRefused() {
	_ = o.do("ShowRefused", func(r *record) error {
		o.world.note(r, "ShowRefused")
		return nil
	})
}

// show has a station show something.
func (w *world) show(id ident.Identity, x screen.Shown) error {
	w.mu.Lock()
	r := w.stations[id]
	w.mu.Unlock()
	if r.owner == nil {
		return errors.New("nobody owns the station")
	}
	return r.owner.conn.Show(x)
}

func dec(t testing.TB, text string) decimal.Decimal {
	t.Helper()
	d, err := decimal.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// payloadOf returns the action and the payload of a call.
func payloadOf(t testing.TB, frame string) (action, payload string) {
	t.Helper()
	parts := strings.SplitN(strings.TrimSuffix(frame, "]"), ",", 4)
	if len(parts) != 4 || parts[0] != "[2" {
		t.Fatalf("no call: %s", frame)
	}
	return strings.Trim(parts[2], `"`), parts[3]
}

// idOf returns the id of a call.
func idOf(frame string) string { return strings.Trim(strings.SplitN(frame, ",", 3)[1], `"`) }

// What each version is sent, to the letter.
func TestShown(t *testing.T) {
	energy, hour, idle, cheap := dec(t, "0.4900"), dec(t, "1.20"), dec(t, "6.00"), dec(t, "0.30")
	at := time.Date(2026, 3, 19, 12, 0, 0, 0, time.UTC)
	running := screen.Shown{
		Kind: screen.Running, Transaction: "17", Cost: dec(t, "1.00"), AsOf: at, Register: 1234000, Idle: true,
		Prices: screen.Prices{Energy: &energy, Time: &hour, Parking: &idle, Grace: 30 * time.Minute},
		Next:   &screen.Change{At: at.Add(time.Hour), Prices: screen.Prices{Energy: &cheap}},
	}
	const vendor = `{"vendorId":"org.openchargealliance.costmsg","messageId":"`
	for _, c := range []struct {
		name, version string
		shown         screen.Shown
		action, want  string // "" for nothing
	}{
		{"a price in 1.6", "ocpp1.6", screen.Shown{Kind: screen.Offer, IDTag: "GOOD", Text: "0.49 EUR/kWh"}, "DataTransfer", vendor + `SetUserPrice","data":"{\"idToken\":\"GOOD\",\"priceText\":\"0.49 EUR/kWh\"}"}`},
		{"a running cost in 1.6", "ocpp1.6", running, "DataTransfer", vendor + `RunningCost","data":"{\"transactionId\":17,\"timestamp\":\"2026-03-19T12:00:00.000Z\",\"meterValue\":1234000,\"cost\":1.00,\"state\":\"Idle\",\"chargingPrice\":{\"kWhPrice\":0.4900,\"hourPrice\":1.20},\"idlePrice\":{\"graceMinutes\":30,\"hourPrice\":6.00},\"nextPeriod\":{\"atTime\":\"2026-03-19T13:00:00.000Z\",\"chargingPrice\":{\"kWhPrice\":0.30}},\"triggerMeterValue\":{\"atTime\":\"2026-03-19T13:00:00.000Z\",\"atCPStatus\":[\"Charging\",\"SuspendedEV\",\"SuspendedEVSE\"]}}"}`},
		{
			"a running cost without prices in 1.6", "ocpp1.6",
			screen.Shown{Kind: screen.Running, Transaction: "17", Cost: dec(t, "0"), AsOf: at},
			"DataTransfer", vendor + `RunningCost","data":"{\"transactionId\":17,\"timestamp\":\"2026-03-19T12:00:00.000Z\",\"meterValue\":0,\"cost\":0,\"state\":\"Charging\",\"chargingPrice\":{}}"}`,
		},
		{
			"a final cost in 1.6", "ocpp1.6",
			screen.Shown{Kind: screen.Final, Transaction: "17", Cost: dec(t, "3.31"), Text: "6.8 kWh", URL: "https://r.example/1"},
			"DataTransfer", vendor + `FinalCost","data":"{\"transactionId\":17,\"cost\":3.31,\"priceText\":\"6.8 kWh, https://r.example/1\",\"qrCodeText\":\"https://r.example/1\"}"}`,
		},
		{"a transaction that is none of 1.6", "ocpp1.6", screen.Shown{Kind: screen.Running, Transaction: "a-1"}, "", ""},
		{"I02.FR.01 a running cost", "ocpp2.0.1", running, "CostUpdated", `{"totalCost":1.00,"transactionId":"17"}`},
		{"I02.FR.01 a running cost in 2.1", "ocpp2.1", running, "CostUpdated", `{"totalCost":1.00,"transactionId":"17"}`},
		{"a price is told by an answer", "ocpp2.0.1", screen.Shown{Kind: screen.Offer, IDTag: "GOOD", Text: "0.49"}, "", ""},
		{"I03.FR.02 a final cost is told by an answer", "ocpp2.1", screen.Shown{Kind: screen.Final, Transaction: "17"}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", nil)
			p := b.connect(dialing{subprotocol: c.version})
			p.ask(heartbeat)
			if err := b.world.show("CP1", c.shown); err != nil {
				t.Fatal(err)
			}
			if c.action == "" {
				if got := p.ask(heartbeat); !strings.HasPrefix(got, "[3") {
					t.Errorf("got %s, want nothing but answers", got)
				}
				return
			}
			action, payload := payloadOf(t, p.hear())
			if action != c.action || payload != c.want {
				t.Errorf("got  %s %s\nwant %s %s", action, payload, c.action, c.want)
			}
		})
	}
}

// What is shown comes after the answers that the station waits for, and the newest of
// a transaction takes the place of what waits.
func TestShownAfterAnswers(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{})
	p.ask(heartbeat)
	b.world.mu.Lock()
	b.world.before = func(method string) error {
		if method == "Authorize" { // while it is being answered
			for _, cost := range []string{"1.00", "2.00"} {
				_ = b.world.show("CP1", screen.Shown{Kind: screen.Running, Transaction: "17", Cost: dec(t, cost)})
			}
		}
		return nil
	}
	b.world.mu.Unlock()
	if got := p.ask(`[2,"a","Authorize",{"idTag":"GOOD"}]`); !strings.HasPrefix(got, `[3,"a"`) {
		t.Fatalf("got %s, want the answer first", got)
	}
	shown := p.hear()
	if _, payload := payloadOf(t, shown); !strings.Contains(payload, `\"cost\":2.00`) {
		t.Errorf("got %s, want the newest", payload)
	}
	p.say(`[3,"` + idOf(shown) + `",{"status":"Accepted"}]`)
	if got := p.ask(heartbeat); !strings.HasPrefix(got, "[3") {
		t.Errorf("got %s, want nothing more", got)
	}
	if b.world.called1("Command") || b.world.called1("ShowRefused") {
		t.Errorf("it was taken for a command, or refused: %q", b.world.calls("CP1"))
	}
}

// A station that takes no such thing is told so once, and is noted.
func TestShowRefused(t *testing.T) {
	for _, c := range []struct {
		name, version, answer string
		times                 int
		refused               bool
	}{
		{"another vendor's", "ocpp1.6", `[3,"%",{"status":"UnknownVendorId"}]`, 1, true},
		{"another message", "ocpp1.6", `[3,"%",{"status":"UnknownMessageId"}]`, 1, true},
		{"rejected, for the transaction has just ended", "ocpp1.6", `[3,"%",{"status":"Rejected"}]`, 2, false},
		{"rejected again and again", "ocpp1.6", `[3,"%",{"status":"Rejected"}]`, 3, true},
		{"not supported", "ocpp2.0.1", `[4,"%","NotSupported","",{}]`, 1, true},
		{"trouble that passes", "ocpp2.0.1", `[4,"%","InternalError","",{}]`, 2, false},
		{"accepted", "ocpp1.6", `[3,"%",{"status":"Accepted"}]`, 4, false},
		{"I02.FR.02 taken", "ocpp2.1", `[3,"%",{}]`, 4, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", nil)
			p := b.connect(dialing{subprotocol: c.version})
			p.ask(heartbeat)
			for range c.times {
				if err := b.world.show("CP1", screen.Shown{Kind: screen.Running, Transaction: "17", Cost: dec(t, "1")}); err != nil {
					t.Fatal(err)
				}
				p.say(strings.ReplaceAll(c.answer, "%", idOf(p.hear())))
			}
			if c.refused {
				b.until("noted", func() bool { return b.world.called("CP1", "ShowRefused") && b.world.noted("show_refused") })
				return
			}
			if err := b.world.order("CP1", b.raw("cmd_1", "ClearCache", "{}")); err != nil { // which goes after it
				t.Fatal(err)
			}
			p.hear()
			if b.world.called1("ShowRefused") {
				t.Error("it was taken for a refusal")
			}
		})
	}
}

// Answers tell prices and costs where the owner knows them. I01.FR.01, I03.FR.02.
func TestAnswersTellCosts(t *testing.T) {
	const authorize = `[2,"a","Authorize",{"idToken":{"idToken":"%","type":"ISO14443"}}]`
	ended := `[2,"b","TransactionEvent",{"eventType":"Ended","timestamp":"2026-03-19T12:00:00Z","triggerReason":"StopAuthorized","seqNo":9,"transactionInfo":{"transactionId":"t1"}}]`
	updated := strings.Replace(ended, "Ended", "Updated", 1)
	for _, c := range []struct {
		name, version, ask, want string
		knows                    bool
	}{
		{"I01.FR.01 the tariff", "ocpp2.0.1", strings.Replace(authorize, "%", "TEMP", 1), `"personalMessage":{"format":"UTF8","content":"0.49 EUR/kWh","language":"en"}`, true},
		{"I01.FR.01 the tariff in 2.1", "ocpp2.1", strings.Replace(authorize, "%", "TEMP", 1), `"personalMessage":{"format":"UTF8","content":"0.49 EUR/kWh","language":"en"}`, true},
		{"I01.FR.02 not where it is not shown", "ocpp2.0.1", strings.Replace(authorize, "%", "TEMP", 1), "", false},
		{"I03.FR.02 the cost at the end", "ocpp2.0.1", ended, `{"totalCost":5.95}`, true},
		{"I03.FR.04 nothing where it is not known", "ocpp2.0.1", ended, "", false},
		{"nothing where it is not due", "ocpp2.1", updated, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", nil)
			if c.knows {
				b.world.words, b.world.cost = trade.Text{Language: "en", Text: "0.49 EUR/kWh"}, dec(t, "5.95")
			}
			p := b.connect(dialing{subprotocol: c.version})
			got := p.ask(c.ask)
			if c.want == "" && (strings.Contains(got, "personalMessage") || strings.Contains(got, "totalCost")) || !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %q in it", got, c.want)
			}
		})
	}
}

// A command goes before what is only shown.
func TestCommandsGoFirst(t *testing.T) {
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{subprotocol: "ocpp2.0.1"})
	p.ask(heartbeat)
	for _, id := range []ident.CommandID{"cmd_1", "cmd_2"} {
		c := command.Command{ID: id, Type: command.ClearCache, Deadline: b.clock.Now().Add(time.Minute)}
		if err := b.world.order("CP1", c); err != nil {
			t.Fatal(err)
		}
		if id == "cmd_1" {
			if err := b.world.show("CP1", screen.Shown{Kind: screen.Running, Transaction: "17", Cost: dec(t, "1")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, want := range []string{"ClearCache", "ClearCache", "CostUpdated"} {
		frame := p.hear()
		if action, _ := payloadOf(t, frame); action != want {
			t.Errorf("call %d: got %s, want %s", i, action, want)
		}
		p.say(`[3,"` + idOf(frame) + `",{"status":"Accepted"}]`)
	}
}
