package rest

import (
	"cmp"
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/domain/host"
)

// Margin is what a site earned in a time, or all of them in a month, and what is
// left of it.
type Margin struct {
	SiteID           *string     `json:"site_id" doc:"null: of all sites, or of stations that stand nowhere"`
	Month            *string     `json:"month" example:"2026-05" doc:"null: of all the days"`
	Currency         string      `json:"currency" example:"EUR" doc:"ISO 4217; all amounts are in its minor unit"`
	Sessions         int64       `json:"sessions" doc:"That a bill stands for"`
	EnergyMWh        int64       `json:"energy_mwh" doc:"Milliwatt-hours"`
	Income           IncomeMinor `json:"income_minor"`
	NetMinor         int64       `json:"net_minor" doc:"All income"`
	EnergyCostMinor  int64       `json:"energy_cost_minor" doc:"By the site's supply; 0 where nobody has said. The sum is rounded, not its parts"`
	HostShareMinor   int64       `json:"host_share_minor" doc:"Of bills; fixed and least amounts are in settlements"`
	ProviderFeeMinor int64       `json:"provider_fee_minor" doc:"Of payment providers"`
	MarginMinor      int64       `json:"margin_minor" doc:"Net less cost, share and fee"`
}

// IncomeMinor is net income by class.
type IncomeMinor struct {
	Energy      int64 `json:"energy"`
	Time        int64 `json:"time"`
	Parking     int64 `json:"parking"`
	Fixed       int64 `json:"fixed"`
	Reservation int64 `json:"reservation"`
}

// MarginFilter is the input of the report.
type MarginFilter struct {
	From  string `query:"from" format:"date" example:"2026-03-01" doc:"Sessions that ended on this day or later, by the site's clock"`
	To    string `query:"to" format:"date" example:"2026-03-31" doc:"This day and earlier"`
	Group string `query:"group" enum:"site,month" default:"site" doc:"A line for each of them, and for each currency"`
}

func viewMargin(m host.Margin) (Margin, error) {
	cost, err := m.CostMinor()
	if err != nil {
		return Margin{}, err
	}
	left, err := m.Left()
	return Margin{
		SiteID: orNull(m.Site), Month: orNull(m.Month), Currency: string(m.Currency), Sessions: m.Sessions, EnergyMWh: int64(m.Energy),
		Income: IncomeMinor(m.Income), NetMinor: m.Income.Net(), EnergyCostMinor: cost, HostShareMinor: m.Share, ProviderFeeMinor: m.Fees, MarginMinor: left,
	}, err
}

func (s *Server) marginOperation() {
	handle(s, operation{
		id: "report-margin", method: http.MethodGet, path: "/reports/margin", tag: "hosts", scope: account.HostsRead,
		summary: "See what is left of what sites earn",
		detail:  "Income of bills that stand, what their energy cost and what hosts get of it: a correction is there in the moment in which it is made.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		Paging
		MarginFilter
	},
	) (*Listed[Margin], error) {
		rows, err := s.store.Margins(ctx, by.Organisation, cmp.Or(host.MarginBy(in.Group), host.BySite), host.Days{From: in.From, To: in.To}, in.query(""))
		var wrong error
		out, err := listed(ctx, rows, err, func(m host.Margin) Margin {
			v, err := viewMargin(m)
			wrong = cmp.Or(wrong, err)
			return v
		})
		return out, cmp.Or(err, wrong)
	})
}
