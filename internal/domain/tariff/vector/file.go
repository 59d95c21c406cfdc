package vector

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/rating"
)

// file is the shape of a file.
type file struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	Decisions []string `json:"decisions"`
	Zone      string   `json:"time_zone"`
	Tariff    *tariff  `json:"tariff"`
	Session   *session `json:"session"`
	Expected  *Answer  `json:"expected"`
}

// tariff is the priced part of an OCPI tariff, of 2.2.1 and 2.3.0 alike.
type tariff struct {
	Currency    string    `json:"currency"`
	TaxIncluded string    `json:"tax_included"`
	MinPrice    *price    `json:"min_price"`
	MaxPrice    *price    `json:"max_price"`
	Elements    []element `json:"elements"`
}

// price is a limit. 2.2.1 calls the two sides excl_vat and incl_vat.
type price struct {
	BeforeTaxes *number `json:"before_taxes"`
	AfterTaxes  *number `json:"after_taxes"`
	ExclVAT     *number `json:"excl_vat"`
	InclVAT     *number `json:"incl_vat"`
}

type element struct {
	Components   []component  `json:"price_components"`
	Restrictions restrictions `json:"restrictions"`
}

type component struct {
	Type     string  `json:"type"`
	Price    *number `json:"price"`
	VAT      *number `json:"vat"`
	StepSize int64   `json:"step_size"`
}

type restrictions struct {
	StartTime   string   `json:"start_time"`
	EndTime     string   `json:"end_time"`
	StartDate   string   `json:"start_date"`
	EndDate     string   `json:"end_date"`
	MinKWh      *number  `json:"min_kwh"`
	MaxKWh      *number  `json:"max_kwh"`
	MinCurrent  *number  `json:"min_current"`
	MaxCurrent  *number  `json:"max_current"`
	MinPower    *number  `json:"min_power"`
	MaxPower    *number  `json:"max_power"`
	MinDuration *int64   `json:"min_duration"`
	MaxDuration *int64   `json:"max_duration"`
	DayOfWeek   []string `json:"day_of_week"`
	Reservation string   `json:"reservation"`
}

type session struct {
	Start       instant      `json:"start"`
	End         instant      `json:"end"`
	Reservation *reservation `json:"reservation"`
	Periods     []period     `json:"periods"`
	Timeline    []segment    `json:"timeline"`
}

type reservation struct {
	Start   instant `json:"start"`
	End     instant `json:"end"`
	Outcome string  `json:"outcome"` // USED, EXPIRED
}

type period struct {
	Start      instant `json:"start"`
	Energy     *number `json:"energy_kwh"`
	Charging   *number `json:"charging_s"`
	Parking    *number `json:"parking_s"`
	MinCurrent *number `json:"min_current"`
	MaxCurrent *number `json:"max_current"`
	MinPower   *number `json:"min_power"`
	MaxPower   *number `json:"max_power"`
}

type segment struct {
	State         rating.State `json:"state"`
	Start         instant      `json:"start"`
	End           instant      `json:"end"`
	RegisterStart *number      `json:"register_start_kwh"`
	RegisterEnd   *number      `json:"register_end_kwh"`
}

// number is a decimal number, written as a text or as a number.
type number decimal.Decimal

// UnmarshalJSONFrom reads either.
func (n *number) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if kind := token.Kind(); kind != '"' && kind != '0' {
		return decimal.ErrSyntax
	}
	parsed, err := decimal.Parse(token.String())
	*n = number(parsed)
	return err
}

// decimal returns the number, nil for none.
func (n *number) decimal() *decimal.Decimal { return (*decimal.Decimal)(n) }

// instant is a moment. OCPI lets the Z of UTC be missing.
type instant struct{ at time.Time }

// UnmarshalText reads it.
func (i *instant) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		at, err = time.Parse(time.RFC3339Nano, string(text)+"Z")
	}
	i.at = at.UTC()
	return err
}

func (f *file) question() (rating.Question, error) {
	switch {
	case f.Tariff == nil:
		return rating.Question{}, missing("/tariff")
	case f.Session == nil:
		return rating.Question{}, missing("/session")
	case f.Zone == "":
		return rating.Question{}, missing("/time_zone")
	}
	t, err := f.Tariff.priced()
	if err != nil {
		return rating.Question{}, fault.Below("/tariff", err)
	}
	s, err := f.Session.told()
	if err != nil {
		return rating.Question{}, fault.Below("/session", err)
	}
	return rating.Question{Tariff: t, Zone: f.Zone, Session: s}, nil
}

func missing(pointer string) error {
	return fault.InvalidField(pointer, "required", "is missing")
}

func (t *tariff) priced() (rating.Tariff, error) {
	currency, err := money.ParseCurrency(t.Currency)
	if err != nil {
		return rating.Tariff{}, fault.Below("/currency", err)
	}
	out := rating.Tariff{Currency: currency, TaxIncluded: rating.TaxIncluded(t.TaxIncluded), MinPrice: t.MinPrice.limit(), MaxPrice: t.MaxPrice.limit()}
	switch out.TaxIncluded {
	case rating.TaxNo, rating.TaxYes, rating.TaxNone:
	case "":
		out.TaxIncluded = rating.TaxNo // as 2.2.1, which has no such member, has it
	default:
		return rating.Tariff{}, unknown("/tax_included", "YES, NO or N/A")
	}
	for i, e := range t.Elements {
		made, err := e.priced()
		if err != nil {
			return rating.Tariff{}, fault.Below("/elements/"+strconv.Itoa(i), err)
		}
		out.Elements = append(out.Elements, made)
	}
	return out, nil
}

func unknown(pointer, known string) error {
	return fault.InvalidField(pointer, "unknown_value", "must be "+known)
}

func (p *price) limit() rating.Limit {
	if p == nil {
		return rating.Limit{}
	}
	first := func(a, b *number) *decimal.Decimal {
		if a == nil {
			a = b
		}
		return a.decimal()
	}
	return rating.Limit{Excl: first(p.BeforeTaxes, p.ExclVAT), Incl: first(p.AfterTaxes, p.InclVAT)}
}

func (e *element) priced() (rating.Element, error) {
	var out rating.Element
	for i, c := range e.Components {
		at := "/price_components/" + strconv.Itoa(i)
		if c.Price == nil {
			return rating.Element{}, missing(at + "/price")
		}
		dimension := rating.Dimension(c.Type)
		switch dimension {
		case rating.Flat, rating.Energy, rating.Time, rating.ParkingTime:
		case rating.Idle, rating.Total: // of no tariff
			fallthrough
		default:
			return rating.Element{}, unknown(at+"/type", "FLAT, ENERGY, TIME or PARKING_TIME")
		}
		out.Components = append(out.Components, rating.Component{
			Dimension: dimension, Price: decimal.Decimal(*c.Price), VAT: c.VAT.decimal(), StepSize: c.StepSize,
		})
	}
	var err error
	out.Restrictions, err = e.Restrictions.priced()
	return out, fault.Below("/restrictions", err)
}

func (r *restrictions) priced() (rating.Restrictions, error) {
	out := rating.Restrictions{
		StartTime: r.StartTime, EndTime: r.EndTime, StartDate: r.StartDate, EndDate: r.EndDate,
		MinKWh: r.MinKWh.decimal(), MaxKWh: r.MaxKWh.decimal(),
		MinCurrent: r.MinCurrent.decimal(), MaxCurrent: r.MaxCurrent.decimal(),
		MinPower: r.MinPower.decimal(), MaxPower: r.MaxPower.decimal(),
		MinDuration: r.MinDuration, MaxDuration: r.MaxDuration,
		Reservation: rating.Reserved(r.Reservation),
	}
	switch out.Reservation {
	case rating.ReservedNot, rating.ReservedUsed, rating.ReservedExpired:
	default:
		return rating.Restrictions{}, unknown("/reservation", "RESERVATION or RESERVATION_EXPIRES")
	}
	for i, name := range r.DayOfWeek {
		day, ok := weekday(name)
		if !ok {
			return rating.Restrictions{}, unknown("/day_of_week/"+strconv.Itoa(i), "MONDAY to SUNDAY")
		}
		out.Days = append(out.Days, day)
	}
	return out, nil
}

func weekday(name string) (day time.Weekday, ok bool) {
	for day := range time.Saturday + 1 {
		if strings.ToUpper(day.String()) == name {
			return day, true
		}
	}
	return 0, false
}

func (s *session) told() (rating.Session, error) {
	if s.Start.at.IsZero() || s.End.at.IsZero() {
		return rating.Session{}, missing("/start")
	}
	out := rating.Session{Start: s.Start.at, End: s.End.at}
	if r := s.Reservation; r != nil {
		if r.Outcome != "USED" && r.Outcome != "EXPIRED" {
			return rating.Session{}, unknown("/reservation/outcome", "USED or EXPIRED")
		}
		out.Reservation = &rating.Reservation{Start: r.Start.at, End: r.End.at, Expired: r.Outcome == "EXPIRED"}
	}
	for _, p := range s.Periods {
		out.Periods = append(out.Periods, rating.Period{
			Start: p.Start.at, Energy: p.Energy.decimal(), Charging: p.Charging.decimal(), Parking: p.Parking.decimal(),
			MinCurrent: p.MinCurrent.decimal(), MaxCurrent: p.MaxCurrent.decimal(),
			MinPower: p.MinPower.decimal(), MaxPower: p.MaxPower.decimal(),
		})
	}
	if len(out.Periods) == 0 && len(s.Timeline) > 0 {
		var err error
		out.Timeline, err = timeline(s.Timeline)
		return out, err
	}
	return out, nil
}
