package rest

import (
	"context"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/screen"
	"pylon/internal/domain/session"
	"pylon/internal/flow/running"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
)

// Costs tells what sessions cost.
type Costs interface {
	// Of returns what a session costs by now; nil when it has no cost.
	Of(ctx context.Context, org ident.OrganisationID, id ident.SessionID) (*running.Cost, error)
}

// SessionDetail is a session with what it costs.
type SessionDetail struct {
	Session
	Cost *SessionCost `json:"cost" doc:"What it costs as far as it is known; null when no tariff applies, nobody is authorised, or no bill can be made"`
}

// SessionCost is what a session costs as far as it is known.
type SessionCost struct {
	Currency    string        `json:"currency" example:"EUR" doc:"ISO 4217; amounts are in its minor unit, prices in the currency itself"`
	NetMinor    int64         `json:"net_minor" example:"500"`
	TaxMinor    int64         `json:"tax_minor" example:"95"`
	TotalMinor  int64         `json:"total_minor" example:"595"`
	AsOf        Time          `json:"as_of" nullable:"false" doc:"Up to then; when it has ended: its end"`
	Provisional bool          `json:"provisional" doc:"There is no bill yet, and late readings may still move it"`
	BillID      *string       `json:"bill_id" doc:"That says so"`
	Gross       bool          `json:"parts_gross" doc:"Amounts of parts include tax"`
	Parts       []CostPart    `json:"parts" doc:"What a cost that is provisional is made of"`
	PriceText   *string       `json:"price_text" doc:"The tariff as its owner tells it"`
	Prices      *CostPrices   `json:"prices" doc:"That hold now, with tax; null when it has ended"`
	Next        *CostPricesAt `json:"next_prices" doc:"How they change next if it goes on charging as it does; null: not for a day"`
	IdleSince   Time          `json:"idle_since" doc:"Since when the car asks for nothing; null: it does, or nobody knows"`
}

// CostPart is what one dimension comes to.
type CostPart struct {
	Dimension   string `json:"dimension" enum:"FLAT,ENERGY,TIME,PARKING_TIME,IDLE,TOTAL" doc:"TOTAL: limits, vouchers and discounts on everything"`
	AmountMinor int64  `json:"amount_minor" example:"500"`
}

// CostPrices are what one more unit costs, with tax.
type CostPrices struct {
	Energy  *string `json:"per_kwh" example:"0.49"`
	Time    *string `json:"per_hour_charging"`
	Parking *string `json:"per_hour_parking" doc:"While the car asks for nothing; idle fees are in it"`
	Grace   int64   `json:"idle_grace_s" doc:"Before an idle fee begins"`
}

// CostPricesAt are prices from a moment on.
type CostPricesAt struct {
	At Time `json:"at" nullable:"false"`
	CostPrices
}

func viewCost(c *running.Cost) *SessionCost {
	if c == nil {
		return nil
	}
	v := &SessionCost{
		Currency: string(c.Currency), NetMinor: c.Net, TaxMinor: c.Tax, TotalMinor: c.Total, AsOf: Time{c.AsOf},
		Provisional: c.Provisional(), BillID: orNull(c.Bill), Gross: c.Gross, Parts: []CostPart{}, PriceText: orNull(c.Text), IdleSince: Time{c.IdleFrom},
	}
	for _, p := range c.Parts {
		v.Parts = append(v.Parts, CostPart{string(p.Dimension), p.Amount})
	}
	if c.Prices != nil {
		v.Prices = new(viewPrices(c.Prices))
	}
	if c.Next != nil {
		v.Next = &CostPricesAt{Time{c.Next.At}, viewPrices(&c.Next.Prices)}
	}
	return v
}

func viewPrices(p *screen.Prices) CostPrices {
	text := func(d *decimal.Decimal) *string {
		if d == nil {
			return nil
		}
		return new(d.String())
	}
	return CostPrices{text(p.Energy), text(p.Time), text(p.Parking), int64(p.Grace / time.Second)}
}

// sessionDetail adds to a session what it costs.
func (s *Server) sessionDetail(ctx context.Context, by account.Actor, v session.View) (*One[SessionDetail], error) {
	found := &One[SessionDetail]{Body: SessionDetail{Session: viewSession(v)}}
	var total int64
	var bill ident.BillID
	if s.costs != nil {
		c, err := s.costs.Of(ctx, by.Organisation, v.ID)
		if err != nil {
			return nil, err
		}
		if found.Body.Cost = viewCost(c); c != nil {
			total, bill = c.Total, c.Bill
		}
	}
	found.ETag = etag(v.Version, wordOf(v.TokenUID, string(v.Identity), string(bill)), total)
	return found, nil
}
