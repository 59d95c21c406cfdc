package remote

import (
	"context"
	"iter"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/client"
)

// stationConfig is what a station is set up as, and what it should be.
type stationConfig struct {
	List    configList    `cmd:"" help:"Show variables as reported and as desired." example:"pylon station config list CP-7 --search interval"`
	Set     configSet     `cmd:"" help:"Set variables now." example:"pylon station config set CP-7 HeartbeatInterval=300"`
	Desire  configDesire  `cmd:"" help:"Keep variables at values, whatever happens." example:"pylon station config desire CP-7 OCPPCommCtrlr.HeartbeatInterval=300"`
	Forget  configForget  `cmd:"" help:"Desire nothing of variables any more; their values stay."`
	Refresh configRefresh `cmd:"" help:"Have the station report its variables anew."`
	History configHistory `cmd:"" help:"How variables have changed."`
}

type configList struct {
	Station string `arg:"" help:"OCPP identity or id."`
	Search  string `placeholder:"TEXT" help:"Part of a component's or variable's name."`
	Desired bool   `help:"Only those of which something is desired."`
	Limit   int    `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *configList) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	only := query("q", l.Search)
	if l.Desired {
		only["desired"] = "true"
	}
	variables := api.Each(ctx, client.Path("/stations/", l.Station, "/variables"), paged(only, l.Limit))
	if c.Output == "table" || c.Output == "csv" {
		variables = byAttribute(variables)
	}
	return c.rows(c.upTo(variables, l.Limit), []column{
		{"EVSE", "evse_id", number},
		{"CONNECTOR", "connector_id", number},
		{"COMPONENT", "component", nil},
		{"INSTANCE", "instance", nil},
		{"VARIABLE", "variable", nil},
		{"INSTANCE", "variable_instance", nil},
		{"ATTRIBUTE", "attribute.attribute", unlessActual},
		{"VALUE", "attribute.value", nil},
		{"UNIT", "characteristics.unit", nil},
		{"DESIRED", "attribute.desired.desired_value", nil},
		{"STATE", "attribute.desired.state", nil},
		{"ACCESS", "attribute.mutability", nil},
	})
}

// byAttribute yields each variable once for every attribute that it has.
func byAttribute(variables iter.Seq2[jsontext.Value, error]) iter.Seq2[jsontext.Value, error] {
	return func(yield func(jsontext.Value, error) bool) {
		for variable, err := range variables {
			var members map[string]jsontext.Value
			var attributes []jsontext.Value
			if err == nil {
				err = unmarshal(variable, &members)
			}
			if err == nil {
				err = unmarshal(members["attributes"], &attributes)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, attribute := range attributes {
				members["attribute"] = attribute
				line, err := marshal(members)
				if !yield(line, err) || err != nil {
					return
				}
			}
		}
	}
}

// unlessActual shows an attribute that is not the usual one.
func unlessActual(value any) string {
	if value == "Actual" {
		return ""
	}
	return text(value)
}

// setting reads NAME=VALUE, where a name is a 1.6 key, or
// [EVSE/[CONNECTOR/]]Component[#instance].Variable[#instance] of the device
// model.
func setting(text string, valued bool) (map[string]any, error) {
	name, value, has := strings.Cut(text, "=")
	if name == "" || has != valued {
		if valued {
			return nil, usage("%q is not NAME=VALUE", text)
		}
		return nil, usage("%q is no variable's name", text)
	}
	s := map[string]any{}
	places := []string{"evse_id", "connector_id"}
	for place, rest, more := strings.Cut(name, "/"); more; place, rest, more = strings.Cut(name, "/") {
		n, err := strconv.Atoi(place)
		if err != nil || len(places) == 0 {
			return nil, usage("%q: before a slash stand EVSE and connector", text)
		}
		s[places[0]], places, name = n, places[1:], rest
	}
	if component, variable, ok := strings.Cut(name, "."); ok {
		component, instance, _ := strings.Cut(component, "#")
		s["component"] = component
		if instance != "" {
			s["instance"] = instance
		}
		name = variable
	}
	name, instance, _ := strings.Cut(name, "#")
	s["variable"] = name
	if instance != "" {
		s["variable_instance"] = instance
	}
	if valued {
		s["value"] = value
	}
	return s, nil
}

func settings(texts []string, valued bool) ([]map[string]any, error) {
	var all []map[string]any
	for _, text := range texts {
		s, err := setting(text, valued)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

type configSet struct {
	Asking
	Station string   `arg:"" help:"OCPP identity or id."`
	Setting []string `arg:"" help:"NAME=VALUE; a name is a 1.6 key or [EVSE/]Component.Variable."`
}

// Run sets them, in one command where the version allows that.
func (s *configSet) Run(ctx context.Context, c *Connection) error {
	all, err := settings(s.Setting, true)
	if err != nil {
		return err
	}
	return c.ask(ctx, []string{s.Station}, s.Asking, map[string]any{"type": "write_variables", "variables": all})
}

type configRefresh struct {
	Asking
	Station []string `arg:"" help:"OCPP identities or ids."`
	Scope   string   `default:"full" enum:"full,configuration,summary" help:"How much: ${enum}."`
}

// Run asks for a report.
func (r *configRefresh) Run(ctx context.Context, c *Connection) error {
	return c.ask(ctx, r.Station, r.Asking, map[string]any{"type": "report_variables", "scope": r.Scope})
}

type configHistory struct {
	Station string `arg:"" help:"OCPP identity or id."`
	Limit   int    `default:"50" help:"At most so many; 0 for all."`
}

// Run lists.
func (h *configHistory) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, client.Path("/stations/", h.Station, "/variables/history"), nil, h.Limit, []column{
		{"AT", "received_at", when},
		{"EVSE", "evse_id", number},
		{"CONNECTOR", "connector_id", number},
		{"COMPONENT", "component", nil},
		{"VARIABLE", "variable", nil},
		{"BEFORE", "old", nil},
		{"AFTER", "new", nil},
		{"HOW", "how", nil},
	})
}

type configDesire struct {
	Station []string `arg:"" help:"OCPP identities or ids."`
	Setting []string `short:"s" name:"set" required:"" placeholder:"NAME=VALUE" help:"As for set; may be given several times." sep:"none"`
	Reboot  *string  `help:"never, idle (when nobody charges) or template: whether the station may be reset when a value needs it."`
}

// Run desires.
func (d *configDesire) Run(ctx context.Context, c *Connection) error {
	all, err := settings(d.Setting, true)
	if err != nil {
		return err
	}
	patch := fields("reboot", d.Reboot)
	patch["set"] = all
	return c.desire(ctx, d.Station, patch)
}

type configForget struct {
	Station string   `arg:"" help:"OCPP identity or id."`
	Name    []string `arg:"" help:"1.6 keys or [EVSE/]Component.Variable."`
}

// Run forgets.
func (f *configForget) Run(ctx context.Context, c *Connection) error {
	all, err := settings(f.Name, false)
	if err != nil {
		return err
	}
	return c.desire(ctx, []string{f.Station}, map[string]any{"remove": all})
}

func (c *Connection) desire(ctx context.Context, stations []string, patch map[string]any) error {
	return c.each(ctx, stations, func(ctx context.Context, api *client.Client, station string) (jsontext.Value, error) {
		return api.Update(ctx, client.Path("/stations/", station, "/desired"), patch)
	})
}
