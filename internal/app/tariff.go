package app

import (
	"errors"
	"fmt"
	"io"

	"pylon/internal/domain/tariff"
	"pylon/internal/kernel/clock"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/trade"
	"pylon/internal/kernel/unit"
	"pylon/internal/wire/ocpiany"
)

// tariffMax bounds a file with a tariff or an example of pricing.
const tariffMax = 4 << 20

// TariffPlace says for whom and where a tariff is to be.
type TariffPlace struct {
	AdHoc   bool   `help:"Drivers without a contract pay by it; so too when the tariff says so."`
	Power   int64  `placeholder:"KW" help:"The most that one of its EVSEs gives, in kW."`
	Country string `placeholder:"CODE" help:"Where it is to be: ISO 3166-1 alpha-2, such as DE."`
	NEVI    bool   `name:"nevi" help:"The stations were paid for by the United States' NEVI programme."`
	Clock   bool   `name:"certified-clock" help:"The stations' clocks are certified for billing time."`
	Zone    string `placeholder:"ZONE" help:"Where it is to be, for changes of the clocks: IANA, such as Europe/Berlin."`
}

// TariffNotice is something to know of a tariff.
type TariffNotice struct {
	Severity string   `json:"severity"` // error, warning, hint
	Code     string   `json:"code"`
	Pointer  string   `json:"pointer"` // into the file
	Text     string   `json:"text"`
	Values   []string `json:"values"` // name, value, name, value …
}

// LintTariff reads a tariff of OCPI 2.2.1 or 2.3.0 and returns what is wrong
// with it, or, when nothing is, what is worth knowing before it is published.
func LintTariff(in io.Reader, place TariffPlace) ([]TariffNotice, error) {
	text, err := readUpTo(in, tariffMax)
	if err != nil {
		return nil, err
	}
	t, err := ocpiany.Tariff(text)
	if rules := broken(err); rules != nil {
		return rules, nil
	}
	if err != nil {
		return nil, err
	}
	terms := tariff.TermsOf(&t)
	if rules := broken(terms.Check()); rules != nil {
		return rules, nil
	}
	from := clock.System{}.Now()
	if t.From.After(from) {
		from = t.From
	}
	notices := []TariffNotice{}
	for _, n := range tariff.Lint(&terms, tariff.LintFor{
		AdHoc: place.AdHoc || t.Type == trade.TariffAdHoc, Power: unit.Watt(place.Power * 1000), Country: place.Country,
		NEVI: place.NEVI, Clock: place.Clock, Zone: place.Zone, From: from,
	}) {
		notices = append(notices, TariffNotice{string(n.Severity), string(n.Code), n.Pointer, n.Words(), append([]string{}, n.Values...)})
	}
	return notices, nil
}

// readUpTo reads all there is, but no more than most bytes.
func readUpTo(in io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("it has more than %d bytes", most)
	}
	return text, err
}

// broken returns the rules that an input breaks; nil when err tells of none.
func broken(err error) []TariffNotice {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return nil
	}
	var out []TariffNotice
	for _, f := range e.Fields {
		out = append(out, TariffNotice{Severity: string(tariff.Error), Code: f.Code, Pointer: f.Pointer, Text: f.Detail, Values: []string{}})
	}
	return out
}
