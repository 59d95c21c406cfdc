package admin_test

import (
	"reflect"
	"strings"
	"testing"

	"pylon/internal/domain/billing"
	"pylon/internal/kernel/fault"
)

func TestProfileRules(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("n", 301)
	tests := []struct {
		name     string
		issuer   billing.Party
		language string
		want     string // the member that is wrong; "": none
	}{
		{"a name", billing.Party{Name: "Stadtstrom"}, "de", ""},
		{"everything", billing.Party{
			Name: "Stadtstrom Nord GmbH", Street: "Hafenstraße 12", PostalCode: "20457", City: "Hamburg", Country: "DE", TaxID: "DE123456789",
			Registration: "HRB 1, Hamburg", Endpoint: "0088:4012345000009", Mail: "bills@stadtstrom.example", Phone: "+49 40 1", IBAN: "DE89370400440532013000",
		}, "sv", ""},
		{"a longer account number", billing.Party{Name: "n", IBAN: "MT84MALT011000012345MTLCAST001S"}, "en", ""},
		{"no name", billing.Party{City: "Hamburg"}, "de", "/issuer/name"},
		{"too long a street", billing.Party{Name: "n", Street: long}, "de", "/issuer/street"},
		{"two lines", billing.Party{Name: "n", City: "Ham\nburg"}, "de", "/issuer/city"},
		{"a country in words", billing.Party{Name: "n", Country: "Germany"}, "de", "/issuer/country"},
		{"too long a tax id", billing.Party{Name: "n", TaxID: long}, "de", "/issuer/tax_id"},
		{"an address for an endpoint", billing.Party{Name: "n", Endpoint: "a@b.example"}, "de", "/issuer/endpoint"},
		{"an endpoint without an id", billing.Party{Name: "n", Endpoint: "0088:"}, "de", "/issuer/endpoint"},
		{"a digit swapped", billing.Party{Name: "n", IBAN: "DE89370400440532013001"}, "de", "/issuer/iban"},
		{"an account number with spaces", billing.Party{Name: "n", IBAN: "DE89 3704 0044 0532 0130 00"}, "de", "/issuer/iban"},
		{"too short an account number", billing.Party{Name: "n", IBAN: "DE89"}, "de", "/issuer/iban"},
		{"an account number of signs", billing.Party{Name: "n", IBAN: strings.Repeat("ß", 10)}, "de", "/issuer/iban"},
		{"no language", billing.Party{Name: "n"}, "", "/language"},
		{"a language without a catalogue", billing.Party{Name: "n"}, "tlh", "/language"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.admin.SetProfile(t.Context(), w.owner, billing.Profile{Issuer: tt.issuer, Language: tt.language}, 0)
			if tt.want == "" {
				w.ok(err)
				return
			}
			w.broken(err, tt.want)
		})
	}
}

func TestProfileLife(t *testing.T) {
	w := newWorld(t)
	unsaid, err := w.admin.Profile(t.Context(), w.other)
	w.ok(err)
	if unsaid.Issuer != (billing.Party{Name: "Other", Country: "FR"}) || unsaid.Language != billing.Language || unsaid.Tag() != 1 {
		t.Errorf("unsaid: got %+v", unsaid)
	}
	first, err := w.admin.SetProfile(t.Context(), w.other, billing.Profile{Issuer: billing.Party{Name: "Autre"}, Language: "fr"}, 1)
	w.ok(err)
	_, err = w.admin.SetProfile(t.Context(), w.other, billing.Profile{Issuer: billing.Party{Name: "Encore"}, Language: "fr"}, 1)
	w.refused(err, fault.Stale, "version_moved")
	next, err := w.admin.SetProfile(t.Context(), w.other, billing.Profile{Issuer: billing.Party{Name: "Encore"}, Language: "fr"}, first.Tag())
	w.ok(err)
	kept, err := w.admin.Profile(t.Context(), w.other)
	w.ok(err)
	if !reflect.DeepEqual(kept, next) || kept.Issuer.Name != "Encore" || kept.Tag() != 3 {
		t.Errorf("kept: got %+v, want %+v", kept, next)
	}
	own, err := w.admin.Profile(t.Context(), w.owner)
	w.ok(err)
	if own.Version != 0 {
		t.Errorf("another organisation's profile moved: %+v", own)
	}
}
