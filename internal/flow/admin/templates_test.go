package admin_test

import (
	"reflect"
	"strings"
	"testing"

	"pylon/internal/domain/event"
	"pylon/internal/domain/station"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/page"
)

func TestTemplateRules(t *testing.T) {
	w := newWorld(t)
	longest := strings.Repeat("n", 100)
	tests := []struct {
		name  string
		patch admin.TemplatePatch
		want  string // the member that is wrong; "": none
	}{
		{"any make", admin.TemplatePatch{Vendor: new("*")}, ""},
		{"the longest patterns", admin.TemplatePatch{Vendor: &longest, Model: &longest, Firmware: &longest}, ""},
		{"no vendor", admin.TemplatePatch{Model: new("One")}, "/vendor"},
		{"too long a vendor", admin.TemplatePatch{Vendor: new(longest + "n")}, "/vendor"},
		{"too long a model", admin.TemplatePatch{Vendor: new("*"), Model: new(longest + "n")}, "/model"},
		{"a line break", admin.TemplatePatch{Vendor: new("*"), Firmware: new("1\n")}, "/firmware"},
		{"quirks", admin.TemplatePatch{Vendor: new("*"), Quirks: &station.Quirks{Phases: 3}}, ""},
		{"no such quirk", admin.TemplatePatch{Vendor: new("*"), Quirks: &station.Quirks{Phases: 2}}, "/quirks/phases"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.admin.CreateTemplate(t.Context(), w.owner, tt.patch, nil)
			if tt.want == "" {
				w.ok(err)
				return
			}
			w.broken(err, tt.want)
		})
	}
}

func TestTemplateLife(t *testing.T) {
	w := newWorld(t)
	made, err := w.admin.CreateTemplate(t.Context(), w.owner, admin.TemplatePatch{
		Vendor: new("ACME*"), Model: new("One"), Quirks: &station.Quirks{Lenient: new(true), Phases: 3},
	}, nil)
	w.ok(err)
	next, err := w.admin.UpdateTemplate(t.Context(), w.owner, made.ID, admin.TemplatePatch{Model: new(""), Quirks: &station.Quirks{Phases: 1}}, 1)
	w.ok(err)
	if next.Vendor != "ACME*" || next.Model != "" || !reflect.DeepEqual(next.Quirks, station.Quirks{Phases: 1}) || next.Version != 2 {
		t.Errorf("changed: got %+v", next)
	}
	kept, err := w.store.Template(t.Context(), w.owner.Organisation, made.ID)
	w.ok(err)
	if !reflect.DeepEqual(kept, next) {
		t.Errorf("kept: got %+v, want %+v", kept, next)
	}
	if got, want := w.audit("template.update").Detail, `{"model":"","quirks":{"phases":1}}`; got != want {
		t.Errorf("audit: got %s, want %s", got, want)
	}
	if _, err := w.admin.UpdateTemplate(t.Context(), w.owner, made.ID, admin.TemplatePatch{Quirks: &station.Quirks{Phases: 2}}, 0); err == nil {
		t.Error("a change to two phases was made")
	}
	w.ok(w.admin.DeleteTemplate(t.Context(), w.owner, made.ID, 2))
	told := w.told()
	if e := told[len(told)-1]; e.Type != event.TemplateDeleted || e.Subject != string(made.ID) || e.Version != 3 {
		t.Errorf("event: got %+v", e)
	}
	w.refused(w.admin.DeleteTemplate(t.Context(), w.owner, made.ID, 0), fault.NotFound, "not_found")
	left, err := w.store.OwnTemplates(t.Context(), w.owner.Organisation, page.Query{})
	w.ok(err)
	if len(left.Items) != 0 {
		t.Errorf("left: got %+v, want none", left.Items)
	}
}
