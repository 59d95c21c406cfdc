package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"pylon/internal/sim"
	"pylon/internal/wire/ocppj"
)

// A template makes the stations of its vendor lenient from their boot on, and
// no others.
func TestTemplateIsChosenAtBoot(t *testing.T) {
	s := serve(t, configuration(t))
	bearer := http.Header{"Authorization": {"Bearer " + key}, "Content-Type": {"application/json"}}
	status, body := s.request(http.MethodPost, "/api/v1/station-templates", bearer, `{"vendor":"vendor x*","quirks":{"lenient":true}}`)
	if status != http.StatusCreated {
		t.Fatalf("the template: %d %s", status, body)
	}
	for _, tt := range []struct {
		identity, vendor string
		lenient          bool
	}{
		{"CP-X", "Vendor X Ltd", true},
		{"CP-Y", "Vendor Y", false},
	} {
		t.Run(tt.vendor, func(t *testing.T) {
			s.station(tt.identity, nil)
			link, _ := s.dial(sim.Endpoint{Identity: tt.identity, Version: ocppj.V201})
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			go func() { _ = link.Serve(ctx, nil) }() // it ends with the link
			strict := func() bool {
				t.Helper()
				_, err := link.CallRaw(ctx, "Heartbeat", []byte(`{"mood":"good"}`))
				refused, ok := errors.AsType[*ocppj.CallError](err)
				if err != nil && !ok {
					t.Fatal(err)
				}
				return refused != nil
			}
			if !strict() {
				t.Error("lenient before its boot")
			}
			boot := fmt.Sprintf(`{"reason":"PowerUp","chargingStation":{"vendorName":%q,"model":"One"}}`, tt.vendor)
			if _, err := link.CallRaw(ctx, "BootNotification", []byte(boot)); err != nil {
				t.Fatal(err)
			}
			if got := !strict(); got != tt.lenient {
				t.Errorf("lenient after its boot: %t, want %t", got, tt.lenient)
			}
		})
	}
}
