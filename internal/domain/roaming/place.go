package roaming

import (
	"cmp"
	"strconv"
	"strings"
	"unicode"

	"pylon/internal/domain/site"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/trade"
)

// Socket is where at a site a session was.
type Socket struct {
	Station   ident.StationID
	Identity  ident.Identity
	EVSE      int    // 0: the station never said
	Connector int    // likewise
	Standard  string // OCPI's ConnectorType; "": not known
}

// LocationOf returns a place as a CDR tells it: cut to OCPI's lengths, and with
// [trade.NotAvailable] in each required field of which nobody knows the value. Coordinates that nobody knows are
// 0.00000, 0.00000, since OCPI requires some, and a session must be paid for.
func LocationOf(at *site.Site, s Socket) trade.Location {
	format, power := plug(s.Standard)
	l := trade.Location{
		ID: cmp.Or(string(at.ID), trade.NotAvailable), Name: fit(at.Name, 255), Address: cmp.Or(fit(at.Address, 45), trade.NotAvailable),
		City: cmp.Or(fit(at.City, 45), trade.NotAvailable), PostalCode: fit(at.PostalCode, 10), Country: cmp.Or(alpha3(at.Country), trade.NotAvailable),
		Latitude: degrees(at.Latitude), Longitude: degrees(at.Longitude),
		EVSEUID: trade.NotAvailable, EVSEID: trade.NotAvailable, Connector: trade.NotAvailable,
		Standard: cmp.Or(s.Standard, trade.NotAvailable), Format: format, PowerType: power,
	}
	if s.EVSE > 0 {
		number := strconv.Itoa(s.EVSE)
		l.EVSEUID = string(s.Station) + "-" + number
		if id := string(s.Identity) + "*" + number; len(id) <= 48 {
			l.EVSEID = id
		}
	}
	if s.Connector > 0 {
		l.Connector = strconv.Itoa(s.Connector)
	}
	return l
}

// fit returns a text without control characters and with so many characters at most.
func fit(s string, most int) string {
	letters := []rune(strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, s)))
	return strings.TrimSpace(string(letters[:min(len(letters), most)]))
}

// degrees returns degrees with as many digits as OCPI wants, which are at least five.
func degrees(s string) string {
	const places = 6
	d, err := decimal.Parse(s)
	if err == nil {
		var n int64
		if n, _, err = d.Scaled(places); err == nil {
			return decimal.FromInt(n, places).String()
		}
	}
	return "0.000000"
}

// plug returns how people meet a connector of a standard, and its kind of current. Where
// nobody knows the standard, it is taken for what most stations have.
func plug(standard string) (format, power string) {
	switch {
	case strings.HasSuffix(standard, "_COMBO"), strings.HasPrefix(standard, "CHA"), standard == "MCS", standard == "SAE_J3400":
		return "CABLE", "DC"
	case strings.HasPrefix(standard, "DOMESTIC_"):
		return "SOCKET", "AC_1_PHASE"
	case standard == "IEC_62196_T1":
		return "CABLE", "AC_1_PHASE"
	}
	return "SOCKET", "AC_3_PHASE"
}

// PartyOf returns under which id an operator is known to partners as long as nobody
// has said: his country, and the first three letters or digits of his name.
func PartyOf(country, name string) trade.Party {
	var id []rune
	for _, c := range strings.ToUpper(name) {
		if c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			id = append(id, c)
		}
	}
	id = append(id, 'X', 'X', 'X')
	return trade.Party{CountryCode: cmp.Or(country, "ZZ"), ID: string(id[:3])}
}
