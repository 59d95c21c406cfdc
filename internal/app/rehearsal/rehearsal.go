// Package rehearsal plays a day of the simulator against a Pylon as anybody could:
// over its public API it makes what the plan needs and asks afterwards what Pylon
// knows of the day, in the words of the checker.
package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"pylon/internal/client"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/unit"
	"pylon/internal/sim/check"
	"pylon/internal/sim/world"
)

const (
	// atOnce is how many requests are under way at a time: enough to keep a server
	// busy, few enough not to be in the way of its stations.
	atOnce = 4
	// pageSize is the largest that the API gives.
	pageSize = "500"
)

// Furnish makes the plan's sites, stations and tokens. What is there already stays
// as it is, so that a second rehearsal finds the first one's network.
func Furnish(ctx context.Context, api *client.Client, p world.Plan) error {
	sites, err := furnishSites(ctx, api, p)
	if err != nil {
		return err
	}
	err = each(ctx, p.Stations, func(ctx context.Context, s world.Station) error {
		_, err := api.CreateStation(ctx, map[string]any{"station_id": s.Identity, "password": s.Password, "site_id": sites[s.Site]})
		return known("station "+s.Identity, err)
	})
	if err != nil {
		return err
	}
	return each(ctx, p.Drivers, func(ctx context.Context, d world.Driver) error {
		_, err := api.CreateToken(ctx, map[string]any{"uid": d.Token.UID, "type": d.Token.Type, "status": "accepted"})
		return known("token", err)
	})
}

// furnishSites returns the ids of the plan's sites.
func furnishSites(ctx context.Context, api *client.Client, p world.Plan) ([]string, error) {
	there := map[string]string{} // by name
	for s, err := range client.All(ctx, api.Sites, client.Query{"limit": pageSize}) {
		if err != nil {
			return nil, err
		}
		there[s.Name] = s.ID
	}
	ids := make([]string, len(p.Sites))
	for i, s := range p.Sites {
		if id, ok := there[s.Name]; ok {
			ids[i] = id
			continue
		}
		made, err := api.CreateSite(ctx, map[string]any{"name": s.Name, "city": s.City, "latitude": s.Latitude, "longitude": s.Longitude})
		if err != nil {
			return nil, fmt.Errorf("site %s: %w", s.Name, err)
		}
		ids[i] = made.ID
	}
	return ids, nil
}

// known is err, nil when it says that the thing is there already.
func known(what string, err error) error {
	if p, ok := errors.AsType[*client.Problem](err); ok && p.Status == http.StatusConflict {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Claim asks what Pylon says of the plan's stations since a moment, with every
// message that it has kept. The sessions come in the order in which they began.
func Claim(ctx context.Context, api *client.Client, p world.Plan, since time.Time) (check.Claim, error) {
	var c check.Claim
	ours := map[string]bool{}
	for i := range p.Stations {
		ours[p.Stations[i].Identity] = true
	}
	for s, err := range client.All(ctx, api.Sessions, client.Query{"limit": pageSize, "sort": "started_at"}) {
		if err != nil {
			return c, err
		}
		if ours[s.StationID] && !s.ReceivedAt.Before(since) { // by our clock: the station's may be decades behind
			c.Sessions = append(c.Sessions, sessionOf(s))
		}
	}
	places := make([]int, len(c.Sessions))
	for i := range places {
		places[i] = i
	}
	err := each(ctx, places, func(ctx context.Context, i int) (err error) {
		c.Sessions[i].Messages, err = messages(ctx, api, c.Sessions[i].ID)
		return err
	})
	if err != nil {
		return c, err
	}
	for i := range p.Stations {
		found, err := findings(ctx, api, p.Stations[i].Identity, since)
		if err != nil {
			return c, err
		}
		c.Findings = append(c.Findings, found...)
	}
	return c, nil
}

func sessionOf(s client.Session) check.Session {
	return check.Session{
		ID: s.ID, Station: s.StationID, EVSE: s.EVSEID, TransactionID: s.TransactionID, Token: s.TokenUID,
		Status: check.Status(s.Status), Began: s.StartedAt, Ended: s.EndedAt, Energy: unit.WattHour(s.EnergyWh), Reason: s.StopReason,
	}
}

func messages(ctx context.Context, api *client.Client, session string) ([]check.Message, error) {
	get := func(ctx context.Context, q client.Query) (client.Page[client.MeterFrame], error) {
		return api.MeterValues(ctx, session, q)
	}
	var all []check.Message
	for f, err := range client.All(ctx, get, client.Query{"limit": pageSize}) {
		if err != nil {
			return nil, fmt.Errorf("session %s: %w", session, err)
		}
		m := check.Message{Event: eventOf(f.Source), SeqNo: -1, At: f.OccurredAt}
		if f.SeqNo != nil {
			m.SeqNo = int(*f.SeqNo)
		}
		m.Register, m.Measured = registerOf(f)
		all = append(all, m)
	}
	return all, nil
}

// registerOf returns the last register of energy in a frame; false when there is none.
func registerOf(f client.MeterFrame) (unit.WattHour, bool) {
	for _, s := range slices.Backward(f.Samples) {
		if s.Phase != "" || s.Measurand != "" && s.Measurand != "Energy.Active.Import.Register" {
			continue
		}
		scale := 0
		if s.Unit == "kWh" {
			scale = 3
		}
		value, err := decimal.Parse(s.Value)
		if err != nil {
			return 0, false
		}
		register, _, err := value.Scaled(scale)
		return unit.WattHour(register), err == nil
	}
	return 0, false
}

// eventOf returns the event in a transaction that a frame is.
func eventOf(source string) string {
	switch source {
	case "start":
		return "Started"
	case "end":
		return "Ended"
	}
	return "Updated"
}

func findings(ctx context.Context, api *client.Client, station string, since time.Time) ([]check.Finding, error) {
	get := func(ctx context.Context, q client.Query) (client.Page[client.Finding], error) {
		return api.Findings(ctx, station, q)
	}
	var all []check.Finding
	for f, err := range client.All(ctx, get, client.Query{"limit": pageSize}) {
		if err != nil {
			return nil, fmt.Errorf("station %s: %w", station, err)
		}
		if !f.At.Before(since) {
			all = append(all, check.Finding{
				Station: station, Session: f.SessionID, Code: f.Code, Detail: f.Detail, At: f.At, Resolved: !f.ResolvedAt.IsZero(),
			})
		}
	}
	return all, nil
}

// each calls f for all things, some at a time, until one fails.
func each[T any](ctx context.Context, all []T, f func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, thing := range all {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { return f(ctx, thing) })
	}
	return group.Wait()
}
