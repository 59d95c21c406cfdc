package rest

import (
	"context"
	"net/http"

	"pylon/internal/domain/account"
	"pylon/internal/domain/rerating"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/ident"
)

// Rerating is the question what past sessions cost by another tariff, and how far
// it has been answered.
type Rerating struct {
	ID           string          `json:"id" example:"rrt_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Mode         string          `json:"mode" enum:"simulate,correct" doc:"simulate: nothing changes; correct: bills are credited and made anew"`
	SimulationID *string         `json:"simulation_id" doc:"That a correction confirms"`
	CorrectionID *string         `json:"correction_id" doc:"That confirms a simulation"`
	Sessions     ReratingChoice  `json:"sessions"`
	Pricing      ReratingPricing `json:"pricing"`
	Reason       *string         `json:"reason" doc:"Of a correction"`
	State        string          `json:"state" enum:"queued,running,done,cancelled,failed" doc:"cancelled: what had been corrected stays so"`
	ErrorCode    *string         `json:"error_code" doc:"Why it failed"`
	Expected     int64           `json:"expected" doc:"Sessions to be looked at, as they were counted at its start"`
	Seen         int64           `json:"seen" doc:"Sessions that were looked at; of a simulation those among them, too, that another customer pays or another tariff priced"`
	Counts       ReratingCounts  `json:"counts"`
	Totals       []ReratingSum   `json:"totals" doc:"One for each currency"`
	Kept         bool            `json:"differences_kept" doc:"What was found of single sessions is kept for 90 days; a simulation can be confirmed as long"`
	CreatedBy    *string         `json:"created_by" doc:"The key that asked; null for Pylon itself"`
	CreatedAt    Time            `json:"created_at" nullable:"false"`
	StartedAt    Time            `json:"started_at"`
	FinishedAt   Time            `json:"finished_at"`
}

// ReratingChoice chooses sessions that have ended; a member that is left out does
// not choose.
type ReratingChoice struct {
	From       Time    `json:"ended_from" nullable:"false" doc:"Ended at or after"`
	Until      Time    `json:"ended_until" nullable:"false" doc:"Ended before"`
	SiteID     *string `json:"site_id,omitzero" nullable:"false" maxLength:"64"`
	Station    *string `json:"station,omitzero" nullable:"false" maxLength:"64" doc:"The station's id, or its OCPP identity"`
	TokenID    *string `json:"token_id,omitzero" nullable:"false" maxLength:"64"`
	CustomerID *string `json:"customer_id,omitzero" nullable:"false" maxLength:"64" doc:"Who owes the bill"`
	TariffID   *string `json:"tariff_id,omitzero" nullable:"false" maxLength:"64" doc:"That priced the session"`
}

// ReratingPricing is by what sessions are priced: one of a tariff, terms and what
// is assigned.
type ReratingPricing struct {
	TariffID *string      `json:"tariff_id,omitzero" nullable:"false" maxLength:"64" example:"trf_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Edition  int          `json:"edition,omitzero" minimum:"1" doc:"Of the tariff; left out: the one that was valid when the session began"`
	Terms    *TariffTerms `json:"terms,omitzero" nullable:"false" doc:"Terms that nobody has published; such a simulation cannot be confirmed"`
	Assigned bool         `json:"assigned,omitzero" doc:"What the assignments, as they are now, choose for the session"`
}

// ReratingCounts are sessions by what was found.
type ReratingCounts struct {
	Changed   int64            `json:"changed" doc:"Whose bill says something else; of a correction: that were billed anew"`
	Unchanged int64            `json:"unchanged"`
	Held      int64            `json:"held" doc:"Of which no bill can be made; in no sum"`
	Skipped   int64            `json:"skipped" doc:"Whose bill is not the one any more that was compared; in no sum"`
	Reasons   []ReratingReason `json:"reasons" doc:"Of those held and skipped"`
}

// ReratingReason is why sessions were left out.
type ReratingReason struct {
	Code     string `json:"code" example:"tax_unknown"`
	Sessions int64  `json:"sessions"`
}

// ReratingAmounts are what bills come to.
type ReratingAmounts struct {
	NetMinor   int64 `json:"net_minor" example:"1000"`
	TaxMinor   int64 `json:"tax_minor" example:"190"`
	TotalMinor int64 `json:"total_minor" example:"1190"`
}

// ReratingSum is what bills of a currency come to, before and after.
type ReratingSum struct {
	Currency   string          `json:"currency" example:"EUR" doc:"ISO 4217; all amounts are in its minor unit"`
	Sessions   int64           `json:"sessions" doc:"That have an amount of this currency before or after"`
	Changed    int64           `json:"changed"`
	Before     ReratingAmounts `json:"before"`
	After      ReratingAmounts `json:"after"`
	Difference ReratingAmounts `json:"difference" doc:"After less before"`
}

// ReratingCustomer is what one who pays would owe.
type ReratingCustomer struct {
	Debtor string `json:"debtor" example:"cus_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"Who owes it: a customer, a token, or the session when the station named none"`
	ReratingSum
}

// ReratingDifference is what was found of one session.
type ReratingDifference struct {
	SessionID     string         `json:"session_id" example:"ses_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Station       string         `json:"station" example:"sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"The station's id"`
	Debtor        string         `json:"debtor"`
	Outcome       string         `json:"outcome" enum:"changed,unchanged,held,skipped"`
	Reason        *string        `json:"reason" doc:"Why it is held or skipped"`
	TariffID      *string        `json:"tariff_id" doc:"That prices it now"`
	Edition       *int           `json:"edition"`
	BillID        *string        `json:"bill_id" doc:"That stood and was compared"`
	ReplacementID *string        `json:"replacement_bill_id" doc:"That a correction issued"`
	Before        *ReratingPrice `json:"before" doc:"null: no bill stood"`
	After         *ReratingPrice `json:"after" doc:"null: it is left out"`
}

// ReratingPrice is what a bill asks for.
type ReratingPrice struct {
	Currency string `json:"currency" example:"EUR"`
	ReratingAmounts
}

// NewRerating is a simulation to be made.
type NewRerating struct {
	Sessions Closed[ReratingChoice]  `json:"sessions"`
	Pricing  Closed[ReratingPricing] `json:"pricing"`
}

// NewCorrection says why a simulation is confirmed.
type NewCorrection struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" example:"The sign at the site said 0.49."`
}

// InRerating is the path of one re-rating.
type InRerating struct {
	Rerating string `path:"reratingId" maxLength:"64" example:"rrt_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
}

// DifferenceFilter is the input of the list of differences.
type DifferenceFilter struct {
	Debtor  string `query:"debtor" maxLength:"64"`
	Outcome string `query:"outcome" enum:"changed,unchanged,held,skipped"`
}

func viewRerating(r rerating.Rerating) Rerating {
	c := &r.Choice
	out := Rerating{
		ID: string(r.ID), Mode: string(r.Mode), SimulationID: orNull(r.Simulation), CorrectionID: orNull(r.Confirmed),
		Sessions: ReratingChoice{
			From: Time{c.From}, Until: Time{c.Until}, SiteID: orNull(c.Site), Station: orNull(c.Station), TokenID: orNull(c.Token),
			CustomerID: orNull(c.Customer), TariffID: orNull(c.Tariff),
		},
		Pricing: ReratingPricing{TariffID: orNull(r.Pricing.Tariff), Edition: r.Pricing.Edition, Terms: if1(r.Pricing.Terms, viewTerms), Assigned: r.Pricing.Assigned},
		Reason:  orNull(r.Reason), State: string(r.State), ErrorCode: orNull(r.Code), Expected: r.Expected, Seen: r.Counts.Seen,
		Counts: ReratingCounts{
			Changed: r.Counts.Changed, Unchanged: r.Counts.Unchanged, Held: r.Counts.Held, Skipped: r.Counts.Skipped,
			Reasons: each(r.Counts.Reasons, func(x *rerating.Reason) ReratingReason { return ReratingReason(*x) }),
		},
		Totals: each(r.Totals, viewReratingSum), Kept: !r.Forgotten,
		CreatedBy: orNull(r.By), CreatedAt: Time{r.CreatedAt}, StartedAt: Time{r.StartedAt}, FinishedAt: Time{r.EndedAt},
	}
	return out
}

func viewAmounts(a rerating.Amounts) ReratingAmounts {
	return ReratingAmounts{NetMinor: a.Net, TaxMinor: a.Tax, TotalMinor: a.Total}
}

func viewReratingSum(s *rerating.Sum) ReratingSum {
	return ReratingSum{
		Currency: string(s.Currency), Sessions: s.Sessions, Changed: s.Changed,
		Before: viewAmounts(s.Before), After: viewAmounts(s.After), Difference: viewAmounts(s.Difference()),
	}
}

func viewReratingPrice(p rerating.Price) *ReratingPrice {
	if p.Currency == "" {
		return nil
	}
	return &ReratingPrice{Currency: string(p.Currency), ReratingAmounts: viewAmounts(p.Amounts)}
}

func viewDifference(d rerating.Difference) ReratingDifference {
	out := ReratingDifference{
		SessionID: string(d.Session), Station: string(d.Station), Debtor: d.Debtor, Outcome: string(d.Outcome), Reason: orNull(d.Reason),
		TariffID: orNull(d.Tariff), BillID: orNull(d.Bill), ReplacementID: orNull(d.Replacement),
		Before: viewReratingPrice(d.Before), After: viewReratingPrice(d.After),
	}
	if d.Edition > 0 {
		out.Edition = &d.Edition
	}
	return out
}

func oneRerating(r rerating.Rerating) *One[Rerating] {
	return &One[Rerating]{ETag: etag(r.Version), Body: viewRerating(r)}
}

func createdRerating(r rerating.Rerating) Created[Rerating] {
	return Created[Rerating]{Location: prefix + "/re-ratings/" + string(r.ID), ETag: etag(r.Version), Body: viewRerating(r)}
}

// named returns what a member names, "" when it is left out.
func named[T ~string](member *string) T {
	if member == nil {
		return ""
	}
	return T(*member)
}

// choice returns the sessions that are chosen. A station may be named by its
// identity.
func (s *Server) choice(ctx context.Context, by account.Actor, in *ReratingChoice) (rerating.Choice, error) {
	c := rerating.Choice{
		From: in.From.Time, Until: in.Until.Time, Site: named[ident.SiteID](in.SiteID), Token: named[ident.TokenID](in.TokenID),
		Customer: named[ident.CustomerID](in.CustomerID), Tariff: named[ident.TariffID](in.TariffID),
	}
	if in.Station == nil {
		return c, nil
	}
	d, err := s.store.Station(ctx, by.Organisation, *in.Station)
	if fault.Is(err, fault.NotFound) {
		return c, fault.InvalidField("/sessions/station", "station_unknown", "is no station of this organisation")
	}
	c.Station = d.Station.ID
	return c, err
}

func (p *ReratingPricing) domain() rerating.Pricing {
	return rerating.Pricing{
		Tariff: named[ident.TariffID](p.TariffID), Edition: p.Edition, Terms: if1(p.Terms, (*TariffTerms).domain), Assigned: p.Assigned,
	}
}

// rerating returns the re-rating of a path.
func (s *Server) rerating(ctx context.Context, by account.Actor, in InRerating) (rerating.Rerating, error) {
	id, err := pathID[ident.ReratingID](in.Rerating)
	if err != nil {
		return rerating.Rerating{}, err
	}
	return s.store.Rerating(ctx, by.Organisation, id)
}

func (s *Server) reratingOperations() {
	handle(s, operation{
		id: "create-re-rating", method: http.MethodPost, path: "/re-ratings", tag: "billing", scope: account.BillsWrite,
		summary: "Ask what past sessions cost by another tariff",
		detail: "A dry run: nothing changes. Each session is rated anew and held against the bill that stands; what comes of it is told for each session, " +
			"for each customer and in total. One rater is asked; a correction asks both.",
		status: http.StatusCreated, onceKey: keyTaken,
		example: map[string]any{
			"sessions": map[string]any{"ended_from": "2026-05-01T00:00:00Z", "ended_until": "2026-06-01T00:00:00Z"},
			"pricing":  map[string]any{"terms": tariffExample()},
		},
	}, func(ctx context.Context, by account.Actor, in *struct{ Payload[NewRerating] }) (*Created[Rerating], error) {
		b := in.Body.value
		of, err := s.choice(ctx, by, &b.Sessions.value)
		if err != nil {
			return nil, err
		}
		r, err := s.reratings.Simulate(ctx, by, of, b.Pricing.value.domain(), keep(ctx, http.StatusCreated, createdRerating))
		return new(createdRerating(r)), err
	})
	handle(s, operation{
		id: "confirm-re-rating", method: http.MethodPost, path: "/re-ratings/{reratingId}/confirm", tag: "billing", scope: account.BillsCorrect,
		summary: "Have bills corrected as a simulation found",
		detail: "Makes a correction, once. Each session that was found to change gets a credit note and another bill, by the edition of the tariff that was found; " +
			"one whose bill is not the one any more that was compared is skipped, and told.",
		status: http.StatusCreated, onceKey: keyTaken, refuses: []int{http.StatusConflict},
		example: map[string]any{"reason": "The sign at the site said 0.49."},
	}, func(ctx context.Context, by account.Actor, in *struct {
		InRerating
		Payload[NewCorrection]
	},
	) (*Created[Rerating], error) {
		of, err := s.rerating(ctx, by, in.InRerating)
		if err != nil {
			return nil, err
		}
		r, err := s.reratings.Confirm(ctx, by, of.ID, in.Body.value.Reason, keep(ctx, http.StatusCreated, createdRerating))
		return new(createdRerating(r)), err
	})
	handle(s, operation{
		id: "cancel-re-rating", method: http.MethodPost, path: "/re-ratings/{reratingId}/cancel", tag: "billing", scope: account.BillsWrite,
		summary: "Cancel a re-rating", detail: "No more sessions are looked at. What was corrected stays so.",
		status: http.StatusOK, refuses: []int{http.StatusConflict},
	}, func(ctx context.Context, by account.Actor, in *struct{ InRerating }) (*One[Rerating], error) {
		there, err := s.rerating(ctx, by, in.InRerating)
		if err != nil {
			return nil, err
		}
		r, err := s.reratings.Cancel(ctx, by, there.ID)
		return oneRerating(r), err
	})
	s.reratingReads()
}

func (s *Server) reratingReads() {
	handle(s, operation{
		id: "list-re-ratings", method: http.MethodGet, path: "/re-ratings", tag: "billing", scope: account.BillsRead,
		summary: "List simulations and corrections", detail: "The youngest first.",
	}, func(ctx context.Context, by account.Actor, in *struct{ Paging }) (*Listed[Rerating], error) {
		found, err := s.store.Reratings(ctx, by.Organisation, in.query(""))
		return listed(ctx, found, err, viewRerating)
	})
	handle(s, operation{
		id: "get-re-rating", method: http.MethodGet, path: "/re-ratings/{reratingId}", tag: "billing", scope: account.BillsRead, summary: "Get a simulation or a correction",
	}, func(ctx context.Context, by account.Actor, in *struct{ InRerating }) (*One[Rerating], error) {
		r, err := s.rerating(ctx, by, in.InRerating)
		return oneRerating(r), err
	})
	handle(s, operation{
		id: "list-re-rating-customers", method: http.MethodGet, path: "/re-ratings/{reratingId}/customers", tag: "billing", scope: account.BillsRead,
		summary: "List what each customer would owe", detail: "By who owes it, and the currency.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InRerating
		Paging
	},
	) (*Listed[ReratingCustomer], error) {
		r, err := s.rerating(ctx, by, in.InRerating)
		if err != nil {
			return nil, err
		}
		found, err := s.store.ReratingCustomers(ctx, r.ID, in.query(""))
		return listed(ctx, found, err, func(c rerating.CustomerSum) ReratingCustomer {
			return ReratingCustomer{Debtor: c.Debtor, ReratingSum: viewReratingSum(&c.Sum)}
		})
	})
	handle(s, operation{
		id: "list-re-rating-differences", method: http.MethodGet, path: "/re-ratings/{reratingId}/differences", tag: "billing", scope: account.BillsRead,
		summary: "List what was found of sessions", detail: "By the session's id; kept for 90 days.",
	}, func(ctx context.Context, by account.Actor, in *struct {
		InRerating
		Paging
		DifferenceFilter
	},
	) (*Listed[ReratingDifference], error) {
		r, err := s.rerating(ctx, by, in.InRerating)
		if err != nil {
			return nil, err
		}
		found, err := s.store.Differences(ctx, r.ID, rerating.Filter{Debtor: in.Debtor, Outcome: rerating.Outcome(in.Outcome)}, in.query(""))
		return listed(ctx, found, err, viewDifference)
	})
}
