package ocpp

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"
)

func TestRedact(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", `[2,"1","Heartbeat", {} ]`, `[2,"1","Heartbeat", {} ]`},
		{"1.6 key", `[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"30313233"}]`, `[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"***"}]`},
		{"value before key, odd case and escapes", `{"value" : "3\u0030","key":"authorization\u004bey"}`, `{"value" : "***","key":"authorization\u004bey"}`},
		{"1.6 other key", `{"key":"HeartbeatInterval","value":"10"}`, `{"key":"HeartbeatInterval","value":"10"}`},
		{"1.6 configuration", `{"configurationKey":[{"key":"AuthorizationKey","readonly":false,"value":"x"},{"key":"B","readonly":true,"value":"1.50"},{"key":"WifiPassword","readonly":true,"value":"y"}],"unknownKey":["Password"]}`, `{"configurationKey":[{"key":"AuthorizationKey","readonly":false,"value":"***"},{"key":"B","readonly":true,"value":"1.50"},{"key":"WifiPassword","readonly":true,"value":"***"}],"unknownKey":["Password"]}`},
		{"2.x variable", `{"setVariableData":[{"attributeValue":"x","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}},{"attributeValue":"y","component":{"name":"A"},"variable":{"name":"B"}}]}`, `{"setVariableData":[{"attributeValue":"***","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}},{"attributeValue":"y","component":{"name":"A"},"variable":{"name":"B"}}]}`},
		{"2.x report", `{"reportData":[{"component":{"name":"S"},"variable":{"name":"BasicAuthPassword"},"variableAttribute":[{"type":"Actual","value":"x"},{"value":"y"}]}]}`, `{"reportData":[{"component":{"name":"S"},"variable":{"name":"BasicAuthPassword"},"variableAttribute":[{"type":"Actual","value":"***"},{"value":"***"}]}]}`},
		{"2.x write only", `{"reportData":[{"component":{"name":"S"},"variable":{"name":"Pin"},"variableAttribute":[{"value":"x","mutability":"WriteOnly"},{"value":"y","mutability":"ReadOnly"}]}]}`, `{"reportData":[{"component":{"name":"S"},"variable":{"name":"Pin"},"variableAttribute":[{"value":"***","mutability":"WriteOnly"},{"value":"y","mutability":"ReadOnly"}]}]}`},
		{"2.1 variable of a network profile", `{"attributeValue":"x","variable":{"name":"VpnKey"}}`, `{"attributeValue":"***","variable":{"name":"VpnKey"}}`},
		{"2.x event", `{"eventData":[{"actualValue":"x","variable":{"name":"BasicAuthPassword"}}]}`, `{"eventData":[{"actualValue":"***","variable":{"name":"BasicAuthPassword"}}]}`},
		{"network profile", `{"configurationSlot":1,"connectionData":{"basicAuthPassword":"x","ocppCsmsUrl":"wss://me:pw@host/ocpp","apn":{"apn":"a","apnPassword":"x"},"vpn":{"server":"s","user":"u","password":"p","key":"k"}}}`, `{"configurationSlot":1,"connectionData":{"basicAuthPassword":"***","ocppCsmsUrl":"wss://***@host/ocpp","apn":{"apn":"a","apnPassword":"***"},"vpn":{"server":"s","user":"u","password":"***","key":"***"}}}`},
		{"a login in a URI", `{"location":"ftp://user:pa55@host/path@x"}`, `{"location":"ftp://***@host/path@x"}`},
		{"an address in a path", `{"location":"https://host/a@b"}`, `{"location":"https://host/a@b"}`},
		{"a number is no text", `{"key":"AuthorizationKey","value":1}`, `{"key":"AuthorizationKey","value":1}`},
		{"names twice", `{"key":"AuthorizationKey","value":"a","value":"b"}`, `{"key":"AuthorizationKey","value":"***","value":"***"}`},
		{"no JSON", `[2,"1","ChangeConfiguration"`, `[2,"1","ChangeConfiguration"`},
		{"no JSON with a secret", `{"key":"AuthorizationKey","value":"x"`, `"withheld: it speaks of passwords"`},
		{"empty", ``, ``},
	}
	for _, tt := range tests {
		if got := string(redact([]byte(tt.in))); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add(`[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"30313233"}]`)
	f.Add(`{"connectionData":{"vpn":{"key":"k"},"ocppCsmsUrl":"a://b@c"}}`)
	f.Add(`{"variable":{"name":"password"},"variableAttribute":[{"value":"x"}]}`)
	f.Fuzz(func(t *testing.T, in string) {
		once := redact([]byte(in))
		if twice := redact(once); string(twice) != string(once) {
			t.Errorf("not done in one go: %q, %q, %q", in, once, twice)
		}
	})
}

func TestCredit(t *testing.T) {
	var c credit
	now := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	spend := func(after, price, want time.Duration) {
		t.Helper()
		now = now.Add(after)
		if got := c.spend(now, price, time.Second); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	spend(0, time.Second, 0) // all there is
	spend(0, time.Millisecond, time.Millisecond)
	spend(time.Millisecond, 0, 0)
	spend(500*time.Millisecond, 500*time.Millisecond, 0)
	spend(time.Hour, time.Second, 0) // no more than a second is saved up
	spend(0, time.Second, time.Second)
}

func TestOnce(t *testing.T) {
	var o once
	now := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	if !o.every("a", now, time.Minute) || o.every("a", now.Add(59*time.Second), time.Minute) || !o.every("a", now.Add(time.Minute), time.Minute) {
		t.Error("a minute is not kept")
	}
	for i := range 2 * onceMax {
		o.every(string(rune('0'+i)), now.Add(time.Minute), time.Minute)
	}
	if len(o.done) > onceMax {
		t.Errorf("remembers %d", len(o.done))
	}
	if !o.every("new", now.Add(2*findingTerm), time.Minute) {
		t.Error("what is old does not give way")
	}
}

func TestAttemptsAreForgotten(t *testing.T) {
	a := newAttempts()
	now := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range attemptsMax + 10 {
		a.failed(attempt{organisation: string(rune(i))}, now)
	}
	if len(a.paid) > attemptsMax {
		t.Errorf("remembers %d", len(a.paid))
	}
}

// An IPv6 customer has 2^64 addresses.
func TestAddressIsTheCustomers(t *testing.T) {
	for _, tt := range []struct{ remote, want string }{
		{"192.0.2.7:4711", "192.0.2.7"},
		{"[::ffff:192.0.2.7]:4711", "192.0.2.7"},
		{"[2001:db8:1:2:3:4:5:6]:4711", "2001:db8:1:2::"},
		{"[fe80::1%eth0]:4711", "fe80::"},
	} {
		if got := addressOf(&http.Request{RemoteAddr: tt.remote}).String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.remote, got, tt.want)
		}
	}
}

func TestFillStopsAtTheLimit(t *testing.T) {
	b := &buffer{bytes: make([]byte, 0, 4)}
	for _, tt := range []struct {
		size int
		want error
	}{{0, nil}, {4, nil}, {10, nil}, {11, errFrameTooLong}} {
		if got := newBuffers().fill(b, zeros(tt.size), 10, nil); !errors.Is(got, tt.want) {
			t.Errorf("%d bytes: got %v, want %v", tt.size, got, tt.want)
		}
		if tt.want == nil && len(b.bytes) != tt.size {
			t.Errorf("got %d bytes, want %d", len(b.bytes), tt.size)
		}
	}
}

// zeros is a message of so many bytes.
func zeros(n int) io.Reader { return bytes.NewReader(make([]byte, n)) }

func TestPriceOfCalls(t *testing.T) {
	c := new(conn)
	for _, tt := range []struct {
		action string
		want   time.Duration
	}{
		{"Heartbeat", priceFrame}, {"Heartbeat", priceHasty}, // the first is not answered yet
		{"NotifyEvent", priceNews}, {"NotifyReport", priceNews}, {"NotifyMonitoringReport", priceNews},
	} {
		if got := c.priceOfCall(tt.action); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.action, got, tt.want)
		}
	}
}
