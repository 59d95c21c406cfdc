package remote

import (
	"context"
	"strings"

	"pylon/internal/client"
)

// Assignment is the noun.
type Assignment struct {
	Connection `embed:""`

	List   assignmentList   `cmd:"" help:"List where and for whom tariffs are." example:"pylon assignment list --tariff 'Fast, ad hoc'"`
	Get    assignmentGet    `cmd:"" help:"Show assignments."`
	Create assignmentCreate `cmd:"" help:"Say where and for whom a tariff is; the most specific assignment gives a session its tariff." example:"pylon assignment create 'Fast, ad hoc' --power-from 50 --ad-hoc"`
	Edit   assignmentEdit   `cmd:"" help:"Change an assignment; sessions that have begun keep their prices."`
	Delete assignmentDelete `cmd:"" help:"Delete assignments; sessions that have begun keep their prices."`
}

const assignmentsPath = "/tariff-assignments"

type assignmentList struct {
	Tariff string `placeholder:"TARIFF" help:"Those of this tariff: identifier, trf_…, or name."`
	Limit  int    `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *assignmentList) Run(ctx context.Context, c *Connection) error {
	id, err := c.tariffID(ctx, l.Tariff)
	if err != nil {
		return err
	}
	return c.list(ctx, assignmentsPath, query("tariff_id", id), l.Limit, []column{
		{"ASSIGNMENT", "id", nil},
		{"TARIFF", "tariff_id", nil},
		{"SITE", "site_id", nil},
		{"STATION", "station", nil},
		{"EVSE", "evse_id", nil},
		{"CONNECTOR", "connector_type", nil},
		{"KW FROM", "power_from_w", kilo},
		{"KW BELOW", "power_to_w", kilo},
		{"CONTRACT", "contract", nil},
		{"GROUP", "group", nil},
		{"AD HOC", "ad_hoc", nil},
		{"FROM", "valid_from", when},
		{"UNTIL", "valid_until", when},
	})
}

// tariffID returns the identifier of a tariff that is named by it or otherwise; ""
// for none.
func (c *Connection) tariffID(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	api, err := c.open()
	if err != nil {
		return "", err
	}
	at, err := findTariff(ctx, api, name)
	return strings.TrimPrefix(at, tariffsPath+"/"), err
}

type assignmentGet struct {
	Assignment []string `arg:"" help:"Identifiers, asg_…"`
}

// Run shows.
func (g *assignmentGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Assignment, below(assignmentsPath+"/"))
}

// assignmentFields say where, for whom and when.
type assignmentFields struct {
	Site      *string `placeholder:"ID" help:"At this site." group:"Where"`
	Station   *string `placeholder:"ID" help:"At this station: OCPP identity or id." group:"Where"`
	EVSE      *int    `name:"evse" help:"At this EVSE of the station; 0 for any." group:"Where"`
	Connector *string `placeholder:"TYPE" help:"With this connector, in OCPI's words, such as IEC_62196_T2_COMBO." group:"Where"`
	PowerFrom *int64  `name:"power-from" placeholder:"KW" help:"Where the EVSE gives this or more; 0 for any." group:"Where"`
	PowerTo   *int64  `name:"power-to" placeholder:"KW" help:"Where the EVSE gives less than this; 0 for any." group:"Where"`
	Contract  *string `help:"For who has this contract." group:"For whom"`
	Group     *string `help:"For this group of drivers." group:"For whom"`
	AdHoc     *bool   `name:"ad-hoc" negatable:"" help:"For who pays without a contract." group:"For whom"`
	From      *string `placeholder:"TIME" help:"From then on: RFC 3339, or a date (UTC)." group:"When"`
	Until     *string `placeholder:"TIME" help:"Until then, in the same words." group:"When"`
}

// body returns the members of a request. What is ” is any: a patch says null,
// and what is to be made leaves it out.
func (f assignmentFields) body(api *client.Client, patch bool) map[string]any {
	const watts = 1000
	body := fields(
		"site_id", f.Site, "station", f.Station, "evse_id", f.EVSE, "connector_type", f.Connector,
		"contract", f.Contract, "group", f.Group, "ad_hoc", f.AdHoc, "valid_from", f.From, "valid_until", f.Until,
	)
	for name, kw := range map[string]*int64{"power_from_w": f.PowerFrom, "power_to_w": f.PowerTo} {
		if kw != nil {
			body[name] = *kw * watts
		}
	}
	for name, value := range body {
		word, is := value.(string)
		switch {
		case !is:
		case word == "" && patch:
			body[name] = nil
		case word == "":
			delete(body, name)
		case strings.HasPrefix(name, "valid_"):
			body[name] = moment(word, api.Now())
		}
	}
	return body
}

type assignmentCreate struct {
	FromFile
	Tariff string `arg:"" optional:"" help:"Identifier, trf_…, or name."`
	assignmentFields
}

// Run makes it.
func (n *assignmentCreate) Run(ctx context.Context, c *Connection) error {
	if (n.File == "") == (n.Tariff == "") {
		return usage("give the tariff, or --file")
	}
	if n.File != "" {
		return n.create(ctx, c, assignmentsPath)
	}
	id, err := c.tariffID(ctx, n.Tariff)
	if err != nil {
		return err
	}
	body := n.body(c.api, false)
	body["tariff_id"] = id
	return c.create(ctx, assignmentsPath, body)
}

type assignmentEdit struct {
	Assignment string  `arg:"" help:"Identifier, asg_…; '' for a flag is any."`
	Tariff     *string `help:"Another tariff: identifier, trf_…, or name."`
	assignmentFields
}

// Run changes it.
func (e *assignmentEdit) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	body := e.body(api, true)
	if e.Tariff != nil {
		if body["tariff_id"], err = c.tariffID(ctx, *e.Tariff); err != nil {
			return err
		}
	}
	return c.update(ctx, []string{e.Assignment}, below(assignmentsPath+"/"), body)
}

type assignmentDelete struct {
	Assignment []string `arg:"" help:"Identifiers, asg_…"`
	Yes        bool     `short:"y" help:"Do not ask."`
}

// Run deletes.
func (d *assignmentDelete) Run(ctx context.Context, c *Connection) error {
	return c.remove(ctx, d.Assignment, d.Yes, below(assignmentsPath+"/"))
}
