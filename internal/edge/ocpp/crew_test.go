package ocpp_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"pylon/internal/kernel/ident"
)

// More stations than goroutines wait for them are answered at once, and again
// when most of those have ended.
func TestManyAnswersAtOnce(t *testing.T) {
	const stations = 300
	b := start(t, nil)
	all, leave := make(chan struct{}, 1), make(chan struct{})
	var inside atomic.Int32
	b.world.before = func(method string) error {
		if method != "Boot" {
			return nil
		}
		if inside.Add(1)%stations == 0 {
			all <- struct{}{}
		}
		<-leave
		return nil
	}
	var peers [stations]*peer
	for i := range peers {
		id := fmt.Sprintf("CP%d", i)
		b.world.add(ident.Identity(id), nil)
		peers[i] = b.connect(dialing{path: "/ocpp/" + id})
	}
	for range 2 {
		for _, p := range peers {
			p.say(`[2,"1","BootNotification",{"chargePointVendor":"Acme","chargePointModel":"One"}]`)
		}
		<-all // each is being answered
		for range peers {
			leave <- struct{}{}
		}
		for _, p := range peers {
			if got := p.hear(); !strings.Contains(got, "Accepted") {
				t.Errorf("got %s", got)
			}
		}
	}
}
