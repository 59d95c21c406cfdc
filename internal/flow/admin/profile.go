package admin

import (
	"context"
	"math/big"
	"slices"
	"strings"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Limits of what an organisation says of itself on its documents.
const (
	registerMax = 50 // a tax id has 15 characters, an entry of a register a court and a number
	phoneMax    = 50 // E.164 has 15 digits, which people write with room between
	mailMax     = 254
	ibanMin     = 15
	ibanMax     = 34 // ISO 13616
)

// ProfileNotice is the data of a profile event.
type ProfileNotice struct {
	Organisation ident.OrganisationID `json:"organisation_id"`
	Language     string               `json:"language"`
}

// Profile returns how the caller's organisation bills.
func (s *Service) Profile(ctx context.Context, by account.Actor) (billing.Profile, error) {
	if err := by.Can(account.BillsRead); err != nil {
		return billing.Profile{}, err
	}
	return s.store.Profile(ctx, by.Organisation)
}

// SetProfile says how the caller's organisation bills from now on: who issues its
// documents, and in which language. What was issued stays as it is. A tag other than 0
// must be that of the profile that stands ([fault.Stale] otherwise), see [billing.Profile.Tag].
func (s *Service) SetProfile(ctx context.Context, by account.Actor, issuer billing.Party, language string, tag int64) (billing.Profile, error) {
	if err := by.Can(account.BillsWrite); err != nil {
		return billing.Profile{}, err
	}
	if err := checkProfile(issuer, language); err != nil {
		return billing.Profile{}, err
	}
	var next billing.Profile
	err := decide(tag, func() (err error) {
		if next, err = s.store.Profile(ctx, by.Organisation); err != nil {
			return err
		}
		if err := expect(tag, next.Tag()); err != nil {
			return err
		}
		next.Issuer, next.Language = issuer, language
		next.Version++
		d := deed{"billing_profile.update", event.Event{
			Type: event.ProfileUpdated, Organisation: by.Organisation, Subject: string(by.Organisation) + "/billing-profile", Version: next.Version,
			Data: ProfileNotice{Organisation: by.Organisation, Language: language},
		}, next}
		err = s.commit(ctx, by, d, &change.Set{Profiles: []billing.Profile{next}})
		return otherwise(err, change.ErrStale) // somebody else has set the first one meanwhile
	})
	return next, err
}

func checkProfile(p billing.Party, language string) error {
	return first(
		text("/issuer/name", p.Name, nameMax, true),
		text("/issuer/street", p.Street, addressMax, false),
		text("/issuer/postal_code", p.PostalCode, nameMax, false),
		text("/issuer/city", p.City, nameMax, false),
		known(p.Country, func() error { return upper("/issuer/country", p.Country, 2) }),
		text("/issuer/tax_id", p.TaxID, registerMax, false),
		text("/issuer/registration", p.Registration, registerMax, false),
		known(p.Endpoint, func() error { return endpoint("/issuer/endpoint", p.Endpoint) }),
		text("/issuer/mail", p.Mail, mailMax, false),
		text("/issuer/phone", p.Phone, phoneMax, false),
		known(p.IBAN, func() error { return iban("/issuer/iban", p.IBAN) }),
		spoken("/language", language),
	)
}

// known checks what is not empty.
func known(s string, check func() error) error {
	if s == "" {
		return nil
	}
	return check()
}

// spoken refuses a language that no document is written in.
func spoken(pointer, language string) error {
	if !slices.Contains(billing.Languages(), language) {
		return fault.InvalidField(pointer, "enumeration", "must be one of "+strings.Join(billing.Languages(), ", "))
	}
	return nil
}

// endpoint refuses what no e-invoice can be sent to: it is scheme:id, and the
// scheme has four digits (ISO 6523).
func endpoint(pointer, s string) error {
	scheme, id, _ := strings.Cut(s, ":")
	if len(scheme) != 4 || strings.Trim(scheme, "0123456789") != "" || id == "" {
		return fault.InvalidField(pointer, "pattern", "must be a scheme of four digits, a colon and an identifier")
	}
	return text(pointer, s, nameMax, true)
}

// iban refuses an account number whose check digits (ISO 7064, modulo 97) are
// wrong: money would go astray.
func iban(pointer, s string) error {
	wrong := fault.InvalidField(pointer, "pattern", "must be an IBAN without spaces")
	if len(s) < ibanMin || len(s) > ibanMax {
		return wrong
	}
	var digits strings.Builder
	for _, c := range s[4:] + s[:4] {
		switch {
		case c >= '0' && c <= '9':
			digits.WriteRune(c)
		case c >= 'A' && c <= 'Z':
			digits.WriteByte('1' + byte(c-'A')/10)
			digits.WriteByte('0' + byte(c-'A')%10)
		default:
			return wrong
		}
	}
	n, ok := new(big.Int).SetString(digits.String(), 10)
	if !ok || n.Mod(n, big.NewInt(97)).Int64() != 1 {
		return wrong
	}
	return nil
}
