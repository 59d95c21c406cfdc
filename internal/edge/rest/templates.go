package rest

import (
	"cmp"
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/domain/device"
	"pylon/internal/domain/station"
	"pylon/internal/flow/admin"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/unit"
)

// StationTemplate is quirks and desired values for the makes of station that
// match it.
type StationTemplate struct {
	ID       string    `json:"id" example:"tpl_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Vendor   string    `json:"vendor" example:"ACME*" doc:"Pattern: * stands for any characters, case does not count"`
	Model    string    `json:"model" doc:"Pattern; empty: any"`
	Firmware string    `json:"firmware" doc:"Pattern; empty: any"`
	Quirks   Quirks    `json:"quirks"`
	Desired  []Setting `json:"desired" doc:"Values that its stations shall have"`
	Reboot   string    `json:"reboot" enum:"never,idle" doc:"Whether Pylon may reset them when a value needs it"`
}

// NewStationTemplate is a template to be made.
type NewStationTemplate struct {
	Vendor   string       `json:"vendor" minLength:"1" maxLength:"100" example:"ACME*" doc:"Pattern: * stands for any characters, case does not count"`
	Model    *string      `json:"model,omitzero" nullable:"false" maxLength:"100" doc:"Pattern; any when left out"`
	Firmware *string      `json:"firmware,omitzero" nullable:"false" maxLength:"100" doc:"Pattern; any when left out"`
	Quirks   *NewQuirks   `json:"quirks,omitzero" nullable:"false"`
	Desired  []NewSetting `json:"desired,omitzero" maxItems:"500" doc:"Values that its stations shall have; what an operator desires of one goes before"`
	Reboot   *string      `json:"reboot,omitzero" nullable:"false" enum:"never,idle" doc:"Whether Pylon may reset them when a value needs it: never, or when no session runs; idle when left out"`
}

// StationTemplatePatch is a merge patch of a template, but for the quirks,
// which are given whole.
type StationTemplatePatch struct {
	Vendor   Edit[string]       `json:"vendor,omitzero" nullable:"false" maxLength:"100"`
	Model    Edit[string]       `json:"model,omitzero" maxLength:"100" doc:"null: any"`
	Firmware Edit[string]       `json:"firmware,omitzero" maxLength:"100" doc:"null: any"`
	Quirks   Edit[NewQuirks]    `json:"quirks,omitzero" doc:"In place of all that there are; null: none"`
	Desired  Edit[[]NewSetting] `json:"desired,omitzero" maxItems:"500" doc:"In place of all that there are; null: none"`
	Reboot   Edit[string]       `json:"reboot,omitzero" enum:"never,idle" doc:"null: idle"`
}

// NewQuirks are quirks that somebody sets, closed where [Quirks] are open.
type NewQuirks struct {
	Switches
	Outlets []NewOutlet `json:"outlets,omitzero" maxItems:"64" doc:"What connectors are, where the station does not say it: the entry that is about the fewest goes first"`
}

// NewOutlet is what a connector is, or, where a number is left out, what each is.
type NewOutlet Outlet

func (q NewQuirks) domain() station.Quirks {
	out := q.Switches.domain()
	out.Outlets = each(q.Outlets, func(o *NewOutlet) station.Outlet {
		return station.Outlet{EVSE: o.EVSE, Connector: o.Connector, Type: o.Type, MaxPower: unit.Watt(o.MaxPowerW)}
	})
	return out
}

// InTemplate is the path of one template.
type InTemplate struct {
	Template string `path:"templateId" maxLength:"64" example:"tpl_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

func viewTemplate(t station.Template) StationTemplate {
	out := StationTemplate{
		ID: string(t.ID), Vendor: t.Vendor, Model: t.Model, Firmware: t.Firmware, Quirks: viewQuirks(t.Quirks),
		Desired: viewSettings(t.Settings, true), Reboot: cmp.Or(string(t.Reboot), string(device.RebootIdle)),
	}
	if out.Desired == nil {
		out.Desired = []Setting{}
	}
	return out
}

func oneTemplate(t station.Template) *One[StationTemplate] {
	return &One[StationTemplate]{ETag: etag(t.Version), Body: viewTemplate(t)}
}

func createdTemplate(t station.Template) Created[StationTemplate] {
	return Created[StationTemplate]{Location: prefix + "/station-templates/" + string(t.ID), ETag: etag(t.Version), Body: viewTemplate(t)}
}

// template returns the template of a path.
func (s *Server) template(ctx context.Context, by account.Actor, in InTemplate) (station.Template, error) {
	id, err := pathID[ident.TemplateID](in.Template)
	if err != nil {
		return station.Template{}, err
	}
	return s.store.Template(ctx, by.Organisation, id)
}

func (s *Server) templateOperations() {
	handle(s, operation{
		id: "list-station-templates", method: http.MethodGet, path: "/station-templates", tag: "stations", scope: account.StationsRead,
		summary: "List station templates",
		detail: "When a station boots, it gets the quirks and the desired values of the template whose patterns match its make and say most about it. " +
			"What was set at the station itself goes before any template's.",
	}, func(ctx context.Context, by account.Actor, in *struct{ Paging }) (*Listed[StationTemplate], error) {
		rows, err := s.store.OwnTemplates(ctx, by.Organisation, in.query(""))
		return listed(ctx, rows, err, viewTemplate)
	})
	handle(s, operation{
		id: "get-station-template", method: http.MethodGet, path: "/station-templates/{templateId}", tag: "stations", scope: account.StationsRead,
		summary: "Get a station template",
	}, func(ctx context.Context, by account.Actor, in *struct{ InTemplate }) (*One[StationTemplate], error) {
		t, err := s.template(ctx, by, in.InTemplate)
		return oneTemplate(t), err
	})
	handle(s, operation{
		id: "create-station-template", method: http.MethodPost, path: "/station-templates", tag: "stations", scope: account.StationsWrite,
		summary: "Make a station template", detail: "Stations get its quirks at their next boot.",
		status: http.StatusCreated, onceKey: keyTaken,
		example: map[string]any{
			"vendor": "ACME*", "model": "Wall 2*", "quirks": map[string]any{"lenient": true, "phases": 3},
			"desired": []any{map[string]any{"variable": "MeterValueSampleInterval", "value": "60"}},
		},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewStationTemplate] }) (*Created[StationTemplate], error) {
		b := in.Body.value
		settings, err := values("/desired", b.Desired)
		if err != nil {
			return nil, err
		}
		patch := admin.TemplatePatch{Vendor: &b.Vendor, Model: b.Model, Firmware: b.Firmware, Settings: &settings}
		if b.Quirks != nil {
			patch.Quirks = new(b.Quirks.domain())
		}
		if b.Reboot != nil {
			patch.Reboot = new(device.Reboot(*b.Reboot))
		}
		t, err := s.admin.CreateTemplate(ctx, by, patch, keep(ctx, http.StatusCreated, createdTemplate))
		return new(createdTemplate(t)), err
	})
	s.templateChanges()
}

func (s *Server) templateChanges() {
	refuses := []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired}
	handle(s, operation{
		id: "update-station-template", method: http.MethodPatch, path: "/station-templates/{templateId}", tag: "stations",
		scope: account.StationsWrite, summary: "Change a station template", detail: "Stations get the change at their next boot.",
		example: map[string]any{"quirks": map[string]any{"lenient": true, "heartbeat_seconds": 60}}, refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InTemplate
		IfMatch
		Payload[StationTemplatePatch]
	},
	) (*One[StationTemplate], error) {
		there, err := s.template(ctx, by, in.InTemplate)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		p := in.Body.value
		if _, err := values("/desired", p.Desired.value); err != nil {
			return nil, err
		}
		t, err := s.admin.UpdateTemplate(ctx, by, there.ID, admin.TemplatePatch{
			Vendor: edited(p.Vendor, same), Model: edited(p.Model, same), Firmware: edited(p.Firmware, same),
			Quirks: edited(p.Quirks, NewQuirks.domain), Settings: edited(p.Desired, names),
			Reboot: edited(p.Reboot, func(r string) device.Reboot { return device.Reboot(r) }),
		}, version)
		return oneTemplate(t), err
	})
	handle(s, operation{
		id: "delete-station-template", method: http.MethodDelete, path: "/station-templates/{templateId}", tag: "stations",
		scope: account.StationsWrite, summary: "Remove a station template",
		detail: "Stations that have its quirks keep them, and its id, until their next boot.", refuses: refuses,
	}, func(ctx context.Context, by account.Actor, in *struct {
		InTemplate
		IfMatch
	},
	) (*Nothing, error) {
		there, err := s.template(ctx, by, in.InTemplate)
		if err != nil {
			return nil, err
		}
		version, err := in.needed()
		if err != nil {
			return nil, err
		}
		return done(s.admin.DeleteTemplate(ctx, by, there.ID, version))
	})
}
