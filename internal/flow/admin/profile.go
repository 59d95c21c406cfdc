package admin

import (
	"context"
	"strconv"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
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
// documents, in which language, what is reviewed before and what forgiven. What was
// issued, and what prices sessions that have begun, stays as it is. A tag other than 0 must be that
// of the profile that stands ([fault.Stale] otherwise), see [billing.Profile.Tag].
func (s *Service) SetProfile(ctx context.Context, by account.Actor, as billing.Profile, tag int64) (billing.Profile, error) {
	if err := by.Can(account.BillsWrite); err != nil {
		return billing.Profile{}, err
	}
	if err := checkProfile(&as); err != nil {
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
		as.Organisation, as.Version = by.Organisation, next.Version+1
		next = as
		d := deed{"billing_profile.update", event.Event{
			Type: event.ProfileUpdated, Organisation: by.Organisation, Subject: string(by.Organisation) + "/billing-profile", Version: next.Version,
			Data: ProfileNotice{Organisation: by.Organisation, Language: next.Language},
		}, next}
		err = s.commit(ctx, by, d, &change.Set{Profiles: []billing.Profile{next}})
		return otherwise(err, change.ErrStale) // somebody else has set the first one meanwhile
	})
	return next, err
}

func checkProfile(p *billing.Profile) error {
	for i, code := range p.Review {
		if !session.Raises(code) {
			return fault.InvalidField("/review/"+strconv.Itoa(i), "enumeration", "must be the code of a finding about a session")
		}
	}
	if short := p.Short; short != nil {
		if short.Below < 0 || short.Below.Duration() > shortMax {
			return fault.InvalidField("/short/below_s", "range", "must be 0 to 3600")
		}
		if short.KWh.Sign() < 0 {
			return fault.InvalidField("/short/kwh", "range", "must not be negative")
		}
	}
	return first(
		text("/issuer/name", p.Issuer.Name, nameMax, true),
		fault.Below("/issuer", p.Issuer.Check()),
		billing.Spoken("/language", p.Language),
	)
}

// shortMax is the longest session that can be called short, as in a tariff.
const shortMax = time.Hour
