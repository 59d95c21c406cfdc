package ocpp

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pylon/internal/kernel/ident"
)

// FuzzPath reads organisation and station from the path of a URL: what comes out is
// well formed, and the same when it is written and read again.
func FuzzPath(f *testing.F) {
	for _, path := range []string{
		"/ocpp/CP-1", "/ocpp/acme/CP-1", "/ocpp/a%20b", "/ocpp//x", "/ocpp/a/b/c", "/ocpp/%2e%2e%2fx", "/ocpp/x%00", "/ocpp/%C1%A4", "/ocpp/a%2fb", "/ocpp/", "/ocpp",
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		slug, id, ok := stationOf(u)
		if !ok {
			return
		}
		if _, err := ident.ParseIdentity(string(id)); err != nil || len(slug) > slugMax {
			t.Fatalf("%q: got organisation %q, station %q (%v)", path, slug, id, err)
		}
		written := "/ocpp/" + url.PathEscape(string(id))
		if slug != "" {
			written = "/ocpp/" + url.PathEscape(slug) + "/" + url.PathEscape(string(id))
		}
		again, err := url.ParseRequestURI(written)
		if err != nil {
			t.Fatalf("%q: %v", written, err)
		}
		if gotSlug, gotID, ok := stationOf(again); !ok || gotSlug != slug || gotID != id {
			t.Errorf("%q: got %q and %q back, want %q and %q", written, gotSlug, gotID, slug, id)
		}
	})
}

// FuzzNegotiate takes any header: what is agreed on was offered.
func FuzzNegotiate(f *testing.F) {
	f.Add("ocpp1.6, ocpp2.0.1", "")
	f.Add("OCPP1.6,,ocpp2.1 ,", "ocpp1.6")
	f.Fuzz(func(t *testing.T, offer, pinned string) {
		v := negotiate(http.Header{"Sec-Websocket-Protocol": {offer}}, pinned)
		if v != 0 && !strings.Contains(offer, v.Subprotocol()) {
			t.Errorf("%q: agreed on %s", offer, v.Subprotocol())
		}
	})
}
