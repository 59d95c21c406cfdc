package ocpi

import (
	"fmt"

	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/trade"
)

// Trade returns the CDR as all versions have it, or [fault.Invalid].
func (c *CDR[T, P]) Trade() (*trade.CDR, error) {
	if err := Understand(c); err != nil {
		return nil, err
	}
	general := &trade.CDR{
		Party:                  trade.Party{CountryCode: c.CountryCode, ID: c.PartyID},
		ID:                     c.ID,
		Start:                  c.StartDateTime.Moment(),
		End:                    c.EndDateTime.Moment(),
		Session:                c.SessionID,
		Token:                  c.CdrToken.trade(),
		AuthMethod:             c.AuthMethod,
		AuthorizationReference: c.AuthorizationReference,
		Location:               c.CdrLocation.trade(),
		Meter:                  c.MeterID,
		Currency:               money.Currency(c.Currency),
		Periods:                each(c.ChargingPeriods, (*ChargingPeriod).trade),
		Signed:                 c.SignedData.trade(),
		Energy:                 *c.TotalEnergy,
		Time:                   *c.TotalTime,
		ParkingTime:            c.TotalParkingTime,
		Remark:                 c.Remark,
		Invoice:                c.InvoiceReferenceID,
		HomeCharger:            c.HomeChargingCompensation != nil && *c.HomeChargingCompensation,
		UpdatedAt:              c.LastUpdated.Moment(),
	}
	if c.credit() {
		general.Credits = c.CreditReferenceID
	}
	for i, tariff := range c.Tariffs {
		t, err := tariff.Trade()
		if err != nil {
			return nil, fault.Below(fmt.Sprintf("/tariffs/%d", i), err)
		}
		general.Tariffs = append(general.Tariffs, t)
	}
	for _, cost := range c.costs(general) {
		if err := cost.read(); err != nil {
			return nil, fault.Below("/"+cost.name, err)
		}
	}
	return general, nil
}

// cost is one of the sums of a CDR: where the version has it, and where all have it.
type cost[P Part[trade.Price]] struct {
	name  string
	wire  *P
	trade **trade.Price
}

// costs pairs the sums of the CDR with those of general.
func (c *CDR[T, P]) costs(general *trade.CDR) []cost[P] {
	total := &general.Total
	return []cost[P]{
		{"total_cost", &c.TotalCost, &total},
		{"total_fixed_cost", &c.TotalFixedCost, &general.FixedCost},
		{"total_energy_cost", &c.TotalEnergyCost, &general.EnergyCost},
		{"total_time_cost", &c.TotalTimeCost, &general.TimeCost},
		{"total_parking_cost", &c.TotalParkingCost, &general.ParkingCost},
		{"total_reservation_cost", &c.TotalReservationCost, &general.ReservationCost},
	}
}

func (c *cost[P]) read() error {
	var none P
	if *c.wire == none {
		return nil
	}
	price, err := (*c.wire).Trade()
	if err != nil {
		return err
	}
	if *c.trade == nil {
		*c.trade = new(trade.Price)
	}
	**c.trade = price
	return nil
}

// CDROf is the way back from [CDR.Trade]; the version turns tariffs and prices into its own. It
// checks nothing.
func CDROf[T Part[trade.Tariff], P Part[trade.Price]](
	general *trade.CDR, tariff func(*trade.Tariff) (T, error), price func(*trade.Price) (P, error),
) (CDR[T, P], error) {
	c := CDR[T, P]{
		CountryCode:            general.Party.CountryCode,
		PartyID:                general.Party.ID,
		ID:                     general.ID,
		StartDateTime:          DateTimeOf(general.Start),
		EndDateTime:            DateTimeOf(general.End),
		SessionID:              general.Session,
		CdrToken:               tokenOf(&general.Token),
		AuthMethod:             general.AuthMethod,
		AuthorizationReference: general.AuthorizationReference,
		CdrLocation:            locationOf(&general.Location),
		MeterID:                general.Meter,
		Currency:               string(general.Currency),
		ChargingPeriods:        each(general.Periods, periodOf),
		SignedData:             signedOf(general.Signed),
		TotalEnergy:            new(general.Energy),
		TotalTime:              new(general.Time),
		TotalParkingTime:       general.ParkingTime,
		Remark:                 general.Remark,
		InvoiceReferenceID:     general.Invoice,
		CreditReferenceID:      general.Credits,
		LastUpdated:            DateTimeOf(general.UpdatedAt),
	}
	if general.Credits != "" {
		c.Credit = new(true)
	}
	if general.HomeCharger {
		c.HomeChargingCompensation = new(true)
	}
	for i := range general.Tariffs {
		t, err := tariff(&general.Tariffs[i])
		if err != nil {
			return CDR[T, P]{}, fault.Below(fmt.Sprintf("/tariffs/%d", i), err)
		}
		c.Tariffs = append(c.Tariffs, t)
	}
	for _, cost := range c.costs(general) {
		if *cost.trade == nil {
			continue
		}
		p, err := price(*cost.trade)
		if err != nil {
			return CDR[T, P]{}, fault.Below("/"+cost.name, err)
		}
		*cost.wire = p
	}
	return c, nil
}

func (t *CdrToken) trade() trade.Token {
	return trade.Token{
		Party: trade.Party{CountryCode: t.CountryCode, ID: t.PartyID},
		UID:   t.UID, Type: t.Type, Contract: t.ContractID,
	}
}

func tokenOf(t *trade.Token) *CdrToken {
	return &CdrToken{CountryCode: t.Party.CountryCode, PartyID: t.Party.ID, UID: t.UID, Type: t.Type, ContractID: t.Contract}
}

func (l *CdrLocation) trade() trade.Location {
	return trade.Location{
		ID: l.ID, Name: l.Name, Address: l.Address, City: l.City, PostalCode: l.PostalCode, State: l.State, Country: l.Country,
		Latitude: l.Coordinates.Latitude, Longitude: l.Coordinates.Longitude,
		EVSEUID: l.EVSEUID, EVSEID: l.EVSEID, Connector: l.ConnectorID,
		Standard: l.ConnectorStandard, Format: l.ConnectorFormat, PowerType: l.ConnectorPowerType,
	}
}

func locationOf(l *trade.Location) *CdrLocation {
	return &CdrLocation{
		ID: l.ID, Name: l.Name, Address: l.Address, City: l.City, PostalCode: l.PostalCode, State: l.State, Country: l.Country,
		Coordinates: &GeoLocation{Latitude: l.Latitude, Longitude: l.Longitude},
		EVSEUID:     l.EVSEUID, EVSEID: l.EVSEID, ConnectorID: l.Connector,
		ConnectorStandard: l.Standard, ConnectorFormat: l.Format, ConnectorPowerType: l.PowerType,
	}
}

func (p *ChargingPeriod) trade() trade.Period {
	return trade.Period{
		Start: p.StartDateTime.Moment(),
		Volumes: each(p.Dimensions, func(d *CdrDimension) trade.Volume {
			return trade.Volume{Dimension: trade.Dimension(d.Type), Amount: *d.Volume}
		}),
		Tariff: p.TariffID,
	}
}

func periodOf(p *trade.Period) ChargingPeriod {
	return ChargingPeriod{
		StartDateTime: DateTimeOf(p.Start),
		Dimensions: each(p.Volumes, func(v *trade.Volume) CdrDimension {
			return CdrDimension{Type: string(v.Dimension), Volume: new(v.Amount)}
		}),
		TariffID: p.Tariff,
	}
}

func (s *SignedData) trade() *trade.SignedData {
	if s == nil {
		return nil
	}
	return &trade.SignedData{
		Encoding: s.EncodingMethod, Version: s.EncodingMethodVersion, PublicKey: s.PublicKey, URL: s.URL,
		Values: each(s.SignedValues, func(v *SignedValue) trade.SignedValue {
			return trade.SignedValue{Nature: v.Nature, Plain: v.PlainData, Signed: v.SignedData}
		}),
	}
}

func signedOf(s *trade.SignedData) *SignedData {
	if s == nil {
		return nil
	}
	return &SignedData{
		EncodingMethod: s.Encoding, EncodingMethodVersion: s.Version, PublicKey: s.PublicKey, URL: s.URL,
		SignedValues: each(s.Values, func(v *trade.SignedValue) SignedValue {
			return SignedValue{Nature: v.Nature, PlainData: v.Plain, SignedData: v.Signed}
		}),
	}
}
