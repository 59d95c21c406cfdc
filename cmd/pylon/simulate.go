package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/cmd/pylon/remote"
	"pylon/internal/app/rehearsal"
	"pylon/internal/client"
	"pylon/internal/sim/world"
)

type simulateCmd struct {
	URL      string        `name:"url" default:"ws://127.0.0.1:8080/ocpp" help:"Where stations connect; each appends a slash and its identity."`
	Stations int           `default:"50" help:"How many stations."`
	Versions []string      `default:"1.6,2.0.1,2.1" help:"OCPP versions that they speak, in turns."`
	Seed     uint64        `default:"1" help:"Decides everything: the same seed is the same network and the same day."`
	Duration time.Duration `default:"24h" help:"How much of a day, by the stations' clock."`
	Hour     int           `default:"8" help:"Hour of the day at which it begins, 0 to 23."`
	Hurry    int           `default:"1" help:"People come so many times as often and stay as much shorter."`
	Signed   bool          `name:"signed-meters" help:"All meters sign what begins and ends a transaction."`
	Screens  int           `name:"screens" help:"Of how many stations one shows its driver prices and costs; 0: none does."`
	Sampling time.Duration `default:"1m" help:"Between the meter values of a session."`
	Faults   string        `default:"none" enum:"none,some,all" help:"What goes wrong: none; some: lost connections, power cuts, lost answers; all: whatever the simulator knows."`
	Speed    int           `default:"1" help:"Time runs so many times as fast for stations and cars. A server does not know of it: the stations take no time from the server, their time stamps run ahead of its clock, and it will say that their clocks are wrong."`

	API       string `name:"api" default:"http://127.0.0.1:8080" help:"Pylon's API, for --create and --check; the key is taken from PYLON_API_KEY."`
	Create    bool   `help:"First make the sites, stations and cards through the API. What is there already stays."`
	Check     bool   `help:"In the end compare with what the API says; exit code 1 when something is lost, doubled or different."`
	PrintPlan bool   `name:"print-plan" help:"Print the stations with their passwords and the cards as JSON, for systems that are not Pylon, and do nothing else."`
	Output    string `short:"o" default:"table" enum:"table,json" help:"How the result looks: ${enum}."`
}

// Run plays the day. When ctx ends before, the power fails everywhere, and the
// result is of what was until then.
func (s *simulateCmd) Run(ctx context.Context, to terminal, user remote.Terminal) error {
	scale, err := s.scale()
	if err != nil {
		return err
	}
	plan := world.New(scale)
	if s.PrintPlan {
		return s.print(to.out, listOf(plan))
	}
	api, err := client.New(client.Options{Base: s.API, Key: user.Environ("PYLON_API_KEY")})
	if err != nil {
		return err
	}
	if s.Create {
		fmt.Fprintf(to.err, "making %d stations and %d cards at %s\n", len(plan.Stations), len(plan.Drivers), s.API)
		if err := rehearsal.Furnish(ctx, api, plan); err != nil {
			return err
		}
	}
	play := rehearsal.Play{Plan: plan, URL: s.URL, Speed: s.Speed, Tell: to.err}
	if s.Check {
		play.API = api
	}
	report, err := play.Run(ctx)
	if err != nil {
		return err
	}
	if s.Output == "json" {
		err = s.print(to.out, report)
	} else {
		_, err = fmt.Fprint(to.out, report)
	}
	if n := len(report.Discrepancies); err == nil && n > 0 {
		return fmt.Errorf("%d discrepancies between what was and what %s says", n, s.API)
	}
	return err
}

// scale returns what the flags describe.
func (s *simulateCmd) scale() (world.Scale, error) {
	versions, err := world.Versions(s.Versions)
	scale := world.Scale{
		Seed: s.Seed, Versions: versions, Stations: s.Stations, From: time.Duration(s.Hour) * time.Hour, Length: s.Duration, Hurry: s.Hurry,
		Sampling: s.Sampling, Signed: s.Signed, Screens: s.Screens, Strangers: strangers, Faults: world.Faults(s.Faults),
	}
	switch {
	case err != nil:
		return scale, fmt.Errorf("versions: %w", err)
	case s.Stations < 1:
		return scale, errors.New("stations: one at least")
	case s.Speed < 1 || s.Hurry < 1:
		return scale, errors.New("speed and hurry: 1 at least")
	case s.Hour < 0 || s.Hour > 23:
		return scale, errors.New("hour: 0 to 23")
	case s.Duration < time.Minute || s.Sampling < time.Second:
		return scale, errors.New("duration and sampling: a minute and a second at least")
	}
	return scale, nil
}

// strangers is how many of 1000 people come with a card that nobody knows.
const strangers = 20

func (s *simulateCmd) print(to io.Writer, v any) error {
	if err := json.MarshalWrite(to, v, jsontext.WithIndent("  "), json.Deterministic(true)); err != nil {
		return err
	}
	_, err := fmt.Fprintln(to)
	return err
}

// listing is what another system must know of a plan.
type listing struct {
	Stations []listedStation `json:"stations"`
	Tokens   []listedToken   `json:"tokens"`
}

type listedStation struct {
	ID       string `json:"station_id"`
	Password string `json:"password"`
	Version  string `json:"ocpp_version"`
	Vendor   string `json:"vendor"`
	Model    string `json:"model"`
	EVSEs    int    `json:"evses"`
	PowerW   int64  `json:"power_w"` // of an EVSE
	Site     string `json:"site"`
	City     string `json:"city"`
}

type listedToken struct {
	UID  string `json:"uid"`
	Type string `json:"type"`
}

func listOf(p world.Plan) listing {
	var l listing
	for _, s := range p.Stations {
		site, h := p.Sites[s.Site], s.Hardware
		l.Stations = append(l.Stations, listedStation{
			ID: s.Identity, Password: s.Password, Version: s.Version.String(), Vendor: h.Vendor, Model: h.Model, EVSEs: h.EVSEs,
			PowerW: int64(h.MaxPower), Site: site.Name, City: site.City,
		})
	}
	for _, t := range p.Tokens() {
		l.Tokens = append(l.Tokens, listedToken{UID: t.UID, Type: t.Type})
	}
	return l
}
