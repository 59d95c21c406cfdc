package money

import "pylon/internal/kernel/fault"

// Currency is the code of a currency in ISO 4217, such as EUR.
type Currency string

// ParseCurrency reads a code in capitals that ISO 4217 knows as money; funds,
// metals and codes for tests are none.
func ParseCurrency(code string) (Currency, error) {
	if _, known := exponent(Currency(code)); !known {
		return "", fault.InvalidField("", "currency", "must be the code of a currency in ISO 4217, such as EUR")
	}
	return Currency(code), nil
}

// Exponent returns how many decimal digits the minor unit has: 2 for EUR, 0 for
// JPY, 3 for KWD. It panics for a Currency that [ParseCurrency] did not give.
func (c Currency) Exponent() int {
	digits, known := exponent(c)
	if !known {
		panic("money: no such currency: " + string(c))
	}
	return digits
}

// exponent returns the digits of a currency's minor unit as ISO 4217's list of
// active codes has them, and whether it is on that list.
func exponent(c Currency) (digits int, known bool) {
	switch c {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
		"XOF", "XPF":
		return 0, true
	case "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BMD", "BND", "BOB",
		"BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP", "CRC", "CUP", "CVE", "CZK",
		"DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ",
		"GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD",
		"KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR",
		"MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP",
		"PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS",
		"SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH",
		"USD", "UYU", "UZS", "VED", "VES", "WST", "XCD", "XCG", "YER", "ZAR", "ZMW", "ZWG":
		return 2, true
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3, true
	case "UYW":
		return 4, true
	}
	return 0, false
}
