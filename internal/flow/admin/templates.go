package admin

import (
	"context"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/device"
	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/kernel/ident"
)

// patternMax is twice what OCPP lets a station say of its vendor, model or
// firmware: there is room for a '*' beside each character.
const patternMax = 100

// TemplatePatch is what a template is made of, or what changes of it; nil
// fields stay. A new template needs a vendor, "*" for any; no model and no
// firmware are any. Quirks and settings are given whole.
type TemplatePatch struct {
	Vendor   *string           `json:"vendor,omitzero"`
	Model    *string           `json:"model,omitzero"`
	Firmware *string           `json:"firmware,omitzero"`
	Quirks   *station.Quirks   `json:"quirks,omitzero"`
	Settings *[]device.Setting `json:"settings,omitzero"`
	Reboot   *device.Reboot    `json:"reboot,omitzero"`
}

// TemplateNotice is the data of a template event.
type TemplateNotice struct {
	ID       ident.TemplateID `json:"id"`
	Vendor   string           `json:"vendor"`
	Model    string           `json:"model"`
	Firmware string           `json:"firmware"`
}

// CreateTemplate makes a template. Like every change of one, stations see it at
// their next boot.
func (s *Service) CreateTemplate(ctx context.Context, by account.Actor, in TemplatePatch, keep Keep[station.Template]) (station.Template, error) {
	if err := by.Can(account.StationsWrite); err != nil {
		return station.Template{}, err
	}
	made, err := in.apply(station.Template{
		ID: ident.New[ident.TemplateID](s.clock.Now()), Organisation: by.Organisation, Version: 1,
	})
	if err != nil {
		return station.Template{}, err
	}
	d := deed{"template.create", templateEvent(event.TemplateCreated, made), in}
	return made, s.commit(ctx, by, d, &change.Set{Templates: []station.Template{made}, Idempotency: keep.of(made)})
}

// UpdateTemplate changes a template. A version other than 0 must be the one
// that stands ([fault.Stale] otherwise).
func (s *Service) UpdateTemplate(ctx context.Context, by account.Actor, id ident.TemplateID, p TemplatePatch, version int64) (station.Template, error) {
	if err := by.Can(account.StationsWrite); err != nil {
		return station.Template{}, err
	}
	var next station.Template
	err := decide(version, func() error {
		was, err := s.store.Template(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		if next, err = p.apply(was); err != nil {
			return err
		}
		next.Version++
		d := deed{"template.update", templateEvent(event.TemplateUpdated, next), p}
		return s.commit(ctx, by, d, &change.Set{Templates: []station.Template{next}})
	})
	return next, err
}

// DeleteTemplate removes a template. Stations that have their quirks from it
// keep them, and its identifier, until they boot again.
func (s *Service) DeleteTemplate(ctx context.Context, by account.Actor, id ident.TemplateID, version int64) error {
	if err := by.Can(account.StationsWrite); err != nil {
		return err
	}
	return decide(version, func() error {
		was, err := s.store.Template(ctx, by.Organisation, id)
		if err != nil {
			return err
		}
		if err := expect(version, was.Version); err != nil {
			return err
		}
		gone := was
		gone.Version++
		d := deed{"template.delete", templateEvent(event.TemplateDeleted, gone), struct{}{}}
		return s.commit(ctx, by, d, &change.Set{Removed: []change.Removal{{Kind: change.KindTemplate, ID: string(id), Version: was.Version}}})
	})
}

// apply returns the template as the patch wants it.
func (p TemplatePatch) apply(to station.Template) (station.Template, error) {
	set(&to.Vendor, p.Vendor)
	set(&to.Model, p.Model)
	set(&to.Firmware, p.Firmware)
	set(&to.Quirks, p.Quirks)
	set(&to.Settings, p.Settings)
	set(&to.Reboot, p.Reboot)
	return to, first(
		text("/vendor", to.Vendor, patternMax, true),
		text("/model", to.Model, patternMax, false),
		text("/firmware", to.Firmware, patternMax, false),
		to.Quirks.Check(),
		device.CheckSettings("/desired", to.Settings),
		to.Reboot.Check("/reboot"),
	)
}

func templateEvent(t event.Type, of station.Template) event.Event {
	return event.Event{
		Type: t, Organisation: of.Organisation, Subject: string(of.ID), Version: of.Version,
		Data: TemplateNotice{ID: of.ID, Vendor: of.Vendor, Model: of.Model, Firmware: of.Firmware},
	}
}
