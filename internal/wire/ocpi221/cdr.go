package ocpi221

import (
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/trade"
	"pylon/internal/wire/ocpi"
)

// CDR is a charge detail record.
type CDR struct {
	ocpi.CDR[*Tariff, *Price]
	Unknown jsontext.Value `json:",embed"` // fields beyond the specification, as an object
}

// Check implements [ocpi.Object].
func (c *CDR) Check(r *ocpi.Report) {
	c.CDR.Check(r)
	ocpi.Within(r, "cdr_token", c.CdrToken, func(t *ocpi.CdrToken, r *ocpi.Report) {
		r.Listed("type", t.Type, "AD_HOC_USER", "APP_USER", other, "RFID")
	})
}

// other is the type of a token that this version has no word for.
const other = "OTHER"

// CDROf is the way back from [ocpi.CDR.Trade]; what this version cannot say, or breaks its rules, is [fault.Invalid].
// A token that is an EMAID is of type OTHER.
func CDROf(general *trade.CDR) (*CDR, error) {
	inner, err := ocpi.CDROf(general, TariffOf, priceOf)
	if err != nil {
		return nil, err
	}
	if inner.CdrToken.Type == "EMAID" {
		inner.CdrToken.Type = other
	}
	c := &CDR{CDR: inner}
	if err := ocpi.Check(c); err != nil {
		return nil, err
	}
	return c, nil
}

// Trade returns the price as all versions have it.
func (p *Price) Trade() (trade.Price, error) {
	return trade.Price{Excl: *p.ExclVAT, Incl: p.InclVAT}, nil
}

func priceOf(general *trade.Price) (*Price, error) {
	return &Price{ExclVAT: new(general.Excl), InclVAT: general.Incl}, nil
}
