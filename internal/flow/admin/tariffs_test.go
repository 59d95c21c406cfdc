package admin_test

import (
	"strings"
	"testing"
	"time"

	"pylon/internal/domain/event"
	"pylon/internal/domain/tariff"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/rating"
	"pylon/internal/kernel/trade"
)

// draft is a draft without a fault.
func draft() *tariff.Draft {
	return &tariff.Draft{Terms: tariff.Terms{Priced: rating.Tariff{Currency: "EUR", TaxIncluded: rating.TaxYes, Elements: []rating.Element{
		{Components: []rating.Component{{Dimension: rating.Energy, Price: decimal.FromInt(49, 2), VAT: new(decimal.FromInt(19, 0)), StepSize: 1}}},
	}}}}
}

func TestTariffLife(t *testing.T) {
	w := newWorld(t)
	made, err := w.admin.CreateTariff(t.Context(), w.owner, admin.TariffPatch{Name: new("Day"), Draft: new(draft())}, nil)
	w.ok(err)
	bad := draft()
	bad.Terms.Priced.Elements[0].Components[0].StepSize = 0
	_, err = w.admin.UpdateTariff(t.Context(), w.owner, made.ID, admin.TariffPatch{Draft: &bad}, 0)
	w.broken(err, "/draft/elements/0/price_components/0/step_size")
	_, err = w.admin.UpdateTariff(t.Context(), w.owner, made.ID, admin.TariffPatch{Name: new("")}, 0)
	w.broken(err, "/name")
	_, err = w.admin.UpdateTariff(t.Context(), w.owner, made.ID, admin.TariffPatch{Type: new(trade.TariffType("NIGHT"))}, 0)
	w.broken(err, "/type")
	_, err = w.admin.PublishTariff(t.Context(), w.owner, made.ID, 7)
	w.refused(err, fault.Stale, "version_moved")
	published, err := w.admin.PublishTariff(t.Context(), w.owner, made.ID, 1)
	w.ok(err)
	if published.Version != 2 || published.Published != 1 || published.Draft != nil {
		t.Errorf("published: got %+v", published)
	}
	told := w.told()
	if e := told[len(told)-1]; e.Type != event.TariffPublished || e.Subject != string(made.ID) || e.Version != 2 {
		t.Errorf("event: got %+v", e)
	}
	if got := w.audit("tariff.publish").Detail; !strings.Contains(got, `"edition":1`) {
		t.Errorf("audit: got %s", got)
	}
	_, err = w.admin.PublishTariff(t.Context(), w.owner, made.ID, 0)
	w.refused(err, fault.Conflict, "tariff_without_draft")
	w.refused(w.admin.DeleteTariff(t.Context(), w.owner, made.ID, 0), fault.Conflict, "tariff_published")
	_, err = w.admin.UpdateTariff(t.Context(), w.owner, made.ID, admin.TariffPatch{EndsAt: new(time.Unix(1, 0))}, 0)
	w.broken(err, "/ends_at")
	kept, err := w.store.Tariff(t.Context(), w.owner.Organisation, made.ID)
	w.ok(err)
	if len(kept.Editions) != 1 || kept.Editions[0].Terms.Priced.Elements[0].Components[0].Price.String() != "0.49" {
		t.Errorf("kept: got %+v", kept)
	}
	unused, err := w.admin.CreateTariff(t.Context(), w.owner, admin.TariffPatch{Name: new("Night")}, nil)
	w.ok(err)
	assigned, err := w.admin.CreateAssignment(t.Context(), w.owner, admin.AssignmentPatch{Tariff: &unused.ID, Contract: new("Smith & Co")}, nil)
	w.ok(err)
	if got := w.audit("assignment.create").Detail; strings.Contains(got, "Smith") {
		t.Errorf("the audit trail names a customer: %s", got)
	}
	w.refused(w.admin.DeleteTariff(t.Context(), w.owner, unused.ID, 0), fault.Conflict, "tariff_assigned")
	w.ok(w.admin.DeleteAssignment(t.Context(), w.owner, assigned.ID, 1))
	w.ok(w.admin.DeleteTariff(t.Context(), w.owner, unused.ID, 1))
}

func TestAssignmentRules(t *testing.T) {
	w := newWorld(t)
	made, err := w.admin.CreateTariff(t.Context(), w.owner, admin.TariffPatch{Name: new("Day")}, nil)
	w.ok(err)
	nobody := ident.New[ident.TariffID](time.Unix(1, 0))
	for _, c := range []struct {
		name  string
		patch admin.AssignmentPatch
		want  string
	}{
		{"no tariff", admin.AssignmentPatch{}, "/tariff_id"},
		{"no such tariff", admin.AssignmentPatch{Tariff: &nobody}, "/tariff_id"},
		{"no such site", admin.AssignmentPatch{Tariff: &made.ID, Site: new(ident.SiteID("sit_x"))}, "/site_id"},
		{"no such station", admin.AssignmentPatch{Tariff: &made.ID, Station: new(ident.StationID("CP-9"))}, "/station"},
		{"an EVSE of nothing", admin.AssignmentPatch{Tariff: &made.ID, EVSE: new(1)}, "/evse_id"},
		{"for two", admin.AssignmentPatch{Tariff: &made.ID, Group: new("g"), AdHoc: new(true)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.admin.CreateAssignment(t.Context(), w.owner, c.patch, nil)
			w.broken(err, c.want)
		})
	}
	a, err := w.admin.CreateAssignment(t.Context(), w.owner, admin.AssignmentPatch{Tariff: &made.ID, Group: new("g")}, nil)
	w.ok(err)
	next, err := w.admin.UpdateAssignment(t.Context(), w.owner, a.ID, admin.AssignmentPatch{Group: new(""), AdHoc: new(true)}, 1)
	w.ok(err)
	if next.Group != "" || !next.AdHoc || next.Version != 2 || next.Tariff != made.ID {
		t.Errorf("got %+v", next)
	}
}
