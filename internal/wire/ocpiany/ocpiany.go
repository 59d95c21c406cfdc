// Package ocpiany reads objects of OCPI of which nobody says the version, such as
// those in files.
package ocpiany

import (
	"bytes"

	"pylon/internal/kernel/trade"
	"pylon/internal/wire/ocpi"
	"pylon/internal/wire/ocpi221"
	"pylon/internal/wire/ocpi230"
)

// Tariff reads a tariff of OCPI 2.2.1 or 2.3.0: only the latter says whether prices
// include tax, and calls the sides of a limit before and after taxes. What breaks the
// version's rules is [pylon/internal/kernel/fault.Invalid], with the members that do.
func Tariff(text []byte) (trade.Tariff, error) {
	if bytes.Contains(text, []byte(`"tax_included"`)) || bytes.Contains(text, []byte(`"before_taxes"`)) {
		var t ocpi230.Tariff
		if err := ocpi.Decode(text, &t); err != nil {
			return trade.Tariff{}, err
		}
		return t.Trade()
	}
	var t ocpi221.Tariff
	if err := ocpi.Decode(text, &t); err != nil {
		return trade.Tariff{}, err
	}
	return t.Trade()
}
