package remote

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"pylon/internal/client"
)

// Series is the noun.
type Series struct {
	Connection `embed:""`

	List   seriesList   `cmd:"" help:"List series of prices and signals."`
	Get    seriesGet    `cmd:"" help:"Show series."`
	Create seriesCreate `cmd:"" help:"Make a series." example:"pylon series create day-ahead --kind price --currency EUR --resolution 60"`
	Update seriesUpdate `cmd:"" help:"Change what a series is called, or where it counts."`
	Delete seriesDelete `cmd:"" help:"Remove series that have no points."`
	Points seriesPoints `cmd:"" help:"Show the points of a series." example:"pylon series points day-ahead --from 24h"`
	Import seriesImport `cmd:"" help:"Tell points from a CSV file: a time and a value a line, in order." example:"pylon series import day-ahead prices.csv"`
}

// findSeries locates a series by its id or by its name, when there is one of it.
func findSeries(ctx context.Context, api *client.Client, name string) (string, error) {
	if strings.HasPrefix(name, "srs_") {
		return client.Path("/series/", name), nil
	}
	path := ""
	for thing, err := range api.Each(ctx, "/series", paged(query("name", name), 0)) {
		if err != nil {
			return "", err
		}
		var series struct {
			ID string `json:"id"`
		}
		if err := unmarshal(thing, &series); err != nil {
			return "", err
		}
		if path != "" {
			return "", usage("there are several series %s, of different sites: name one by its identifier, srs_…", name)
		}
		path = client.Path("/series/", series.ID)
	}
	if path == "" {
		return "", outcomeError{"there is no series " + name + "; `pylon series list` shows them", ExitNotFound}
	}
	return path, nil
}

type seriesList struct {
	Name  string `help:"Of this name."`
	Site  string `placeholder:"ID" help:"About this site."`
	Limit int    `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (l *seriesList) Run(ctx context.Context, c *Connection) error {
	return c.list(ctx, "/series", query("name", l.Name, "site_id", l.Site), l.Limit, []column{
		{"NAME", "name", nil},
		{"KIND", "kind", nil},
		{"CURRENCY", "currency", nil},
		{"MINUTES", "resolution_minutes", nil},
		{"SITE", "site_id", nil},
		{"DESCRIPTION", "description", nil},
		{"ID", "id", nil},
	})
}

type seriesGet struct {
	Series []string `arg:"" help:"Names, or identifiers, srs_…"`
}

// Run shows.
func (g *seriesGet) Run(ctx context.Context, c *Connection) error {
	return c.show(ctx, g.Series, findSeries)
}

type seriesCreate struct {
	Name        string  `arg:"" help:"By which tariffs name it."`
	Kind        string  `required:"" enum:"price,share" help:"${enum}: of a kilowatt-hour, or 0 to 1."`
	Currency    *string `help:"ISO 4217, of a price."`
	Resolution  int     `default:"0" help:"Minutes that each point holds: 15 or 60; 0 for until the next."`
	Site        *string `placeholder:"ID" help:"That it is about; for all when left out."`
	Description *string `help:"For people."`
}

// Run makes it.
func (n *seriesCreate) Run(ctx context.Context, c *Connection) error {
	body := fields("name", &n.Name, "kind", &n.Kind, "currency", n.Currency, "site_id", n.Site, "description", n.Description)
	body["resolution_minutes"] = n.Resolution
	return c.create(ctx, "/series", body)
}

type seriesUpdate struct {
	Series      []string `arg:"" help:"Names, or identifiers, srs_…"`
	Name        *string  `help:"By which tariffs name it."`
	Site        *string  `placeholder:"ID" help:"That it is about; '' for all."`
	Description *string  `help:"For people."`
}

// Run changes it.
func (u *seriesUpdate) Run(ctx context.Context, c *Connection) error {
	body := fields("name", u.Name, "site_id", u.Site, "description", u.Description)
	if u.Site != nil && *u.Site == "" {
		body["site_id"] = nil
	}
	return c.update(ctx, u.Series, findSeries, body)
}

type seriesDelete struct {
	Series []string `arg:"" help:"Names, or identifiers, srs_…"`
	Yes    bool     `short:"y" help:"Do not ask."`
}

// Run removes.
func (d *seriesDelete) Run(ctx context.Context, c *Connection) error {
	return c.remove(ctx, d.Series, d.Yes, findSeries)
}

type seriesPoints struct {
	Series string `arg:"" help:"Name, or identifier, srs_…"`
	From   string `placeholder:"TIME" help:"The one that holds then, and those behind: RFC 3339, a date (UTC), or so long ago, such as 24h."`
	To     string `placeholder:"TIME" help:"Those that begin before, in the same words."`
	Limit  int    `default:"0" help:"At most so many; 0 for all."`
}

// Run lists.
func (p *seriesPoints) Run(ctx context.Context, c *Connection) error {
	api, err := c.open()
	if err != nil {
		return err
	}
	path, err := findSeries(ctx, api, p.Series)
	if err != nil {
		return err
	}
	return c.list(ctx, path+"/points", query("from", moment(p.From, api.Now()), "to", moment(p.To, api.Now())), p.Limit, []column{
		{"FROM", "from", nil}, {"UNTIL", "until", nil}, {"VALUE", "value", nil}, {"CORRECTED", "corrected_at", when}, {"WAS", "first_value", nil},
	})
}

type seriesImport struct {
	Series string `arg:"" help:"Name, or identifier, srs_…"`
	File   string `arg:"" help:"CSV: time (RFC 3339) and value, separated by a comma or a semicolon; a first line of words is left out. - reads standard input."`
	Until  string `placeholder:"TIME" help:"End of the last point, RFC 3339; a series with a resolution needs none."`
}

// pointsAtOnce is what the API takes in one request.
const pointsAtOnce = 2000

// telling is a point as the API takes it.
type telling struct {
	From  time.Time `json:"from"`
	Value string    `json:"value"`
}

// Run tells the points in order, and says how far it came when one is refused.
func (i *seriesImport) Run(ctx context.Context, c *Connection) error {
	text, err := c.terminal.read(i.File)
	if err != nil {
		return err
	}
	points, err := readPoints(text)
	if err != nil {
		return usage("%s: %s", i.File, err)
	}
	until, err := time.Parse(time.RFC3339, i.Until)
	if i.Until != "" && err != nil {
		return usage("--until: %s is no time in RFC 3339", i.Until)
	}
	api, err := c.open()
	if err != nil {
		return err
	}
	path, err := findSeries(ctx, api, i.Series)
	if err != nil {
		return err
	}
	var of struct {
		Resolution int `json:"resolution_minutes"`
	}
	if _, err := api.Call(ctx, "GET", path, nil, &of); err != nil {
		return err
	}
	told, changed, corrected := 0, 0, 0
	for told < len(points) {
		next := points[told:min(told+pointsAtOnce, len(points))]
		body := map[string]any{"points": next}
		switch end := told + len(next); {
		case of.Resolution != 0:
		case end < len(points):
			body["until"] = points[end].From
		case i.Until != "":
			body["until"] = until
		}
		var done struct {
			Changed   int `json:"changed"`
			Corrected int `json:"corrected"`
		}
		if _, err := api.Call(ctx, "PUT", path+"/points", body, &done); err != nil {
			return fmt.Errorf("points %d to %d of %s: %w", told+1, told+len(next), i.File, err)
		}
		told, changed, corrected = told+len(next), changed+done.Changed, corrected+done.Corrected
	}
	c.say("%d points told, %d changed, %d of them corrected", told, changed, corrected)
	return nil
}

// readPoints reads lines of a time and a value. The first line may be a heading.
func readPoints(text []byte) ([]telling, error) {
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\uFEFF"))))
	in.FieldsPerRecord, in.TrimLeadingSpace = -1, true
	if first, _, _ := bytes.Cut(text, []byte("\n")); bytes.ContainsRune(first, ';') {
		in.Comma = ';'
	}
	var points []telling
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := in.FieldPos(0)
		if len(record) != 2 {
			return nil, fmt.Errorf("line %d: has %d fields, not a time and a value", line, len(record))
		}
		at, err := time.Parse(time.RFC3339, strings.TrimSpace(record[0]))
		if err != nil && line == 1 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %s is no time in RFC 3339", line, shortened(record[0]))
		}
		points = append(points, telling{at, strings.TrimSpace(record[1])})
	}
	if len(points) == 0 {
		return nil, errors.New("there are no points in it")
	}
	return points, nil
}
