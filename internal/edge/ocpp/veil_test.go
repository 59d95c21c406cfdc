package ocpp_test

import (
	"fmt"
	"testing"
	"time"

	"pylon/internal/domain/command"
)

// A station that quotes its passwords leaves them in no log, no command and no
// event, whatever they are called there.
func TestStationQuotesItsPasswords(t *testing.T) {
	tests := []struct{ name, says string }{
		{"an error", `[4,"cmd_1","InternalError","cannot set %s",{"value":"%[1]s"}]`},
		{"a reason", `[3,"cmd_1",{"status":"Rejected","statusInfo":{"reasonCode":"no","additionalInfo":"%s"}}]`},
		{"vendor data", `[2,"d","DataTransfer",{"vendorId":"v","data":"%s"}]`},
		{"a security event", `[2,"s","SecurityEventNotification",{"type":"x","timestamp":"2100-01-02T03:04:05Z","techInfo":"%s"}]`},
		{"an answer to nothing", `[3,"x",{"note":"%s"}]`},
		{"garbage", `[2,"x",%s`},
		{"a transaction message that breaks its schema", `[2,"m","MeterValues",{"note":"%s"}]`},
	}
	for _, tt := range tests {
		for _, secret := range []string{password, newPassword, fmt.Sprintf("%x", newPassword)} {
			t.Run(tt.name+" "+secret, func(t *testing.T) {
				b := start(t, nil)
				b.world.add("CP1", withPassword(1, password))
				p := b.connect(dialing{password: password})
				b.until("claim", func() bool { return b.world.claims() == 1 })
				c := command.Command{ID: "cmd_1", Type: command.SetPassword, Input: command.Input{Secret: newPassword}, Deadline: b.clock.Now().Add(time.Minute)}
				if err := b.world.order("CP1", c); err != nil {
					t.Fatal(err)
				}
				p.hear()
				p.say(fmt.Sprintf(tt.says, secret))
				p.ask(`[2,"last","Heartbeat",{}]`)
				b.stop()
				b.keepsSecret(secret)
			})
		}
	}
}
