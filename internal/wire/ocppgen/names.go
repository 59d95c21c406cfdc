package main

import "strings"

// initialisms are the words that Go writes in capitals.
const initialisms = " ac apn csms cs csr dc der ev evcc evse exi hv iccid id imsi iso ocpp ocsp pf psp rpm sim tbc uri url vat vpn "

// goName turns a name of a schema into an exported Go name: evseId into EVSEID, limit_L2 into LimitL2.
func goName(name string) string {
	var b strings.Builder
	for _, word := range words(name) {
		lower := strings.ToLower(word)
		singular, plural := strings.CutSuffix(lower, "s")
		switch {
		case isInitialism(lower):
			b.WriteString(strings.ToUpper(word))
		case plural && isInitialism(singular):
			b.WriteString(strings.ToUpper(singular) + "s")
		default:
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

func isInitialism(word string) bool { return strings.Contains(initialisms, " "+word+" ") }

// words splits a name where a lower case letter or a digit meets a capital, before the last capital
// of a run ("EVSEId", "OCSPRequest"), and at underscores.
func words(name string) []string {
	var words []string
	start := 0
	for i := 1; i <= len(name); i++ {
		if i < len(name) && !boundary(name, i) {
			continue
		}
		if word := strings.Trim(name[start:i], "_"); word != "" {
			words = append(words, word)
		}
		start = i
	}
	return words
}

// boundary reports whether a word of name begins at i.
func boundary(name string, i int) bool {
	before, here := name[i-1], name[i]
	switch {
	case here == '_':
		return true
	case isDigit(here) != isDigit(before):
		return true
	case !isUpper(here):
		return false
	case !isUpper(before):
		return true
	default: // inside a run of capitals: the last one begins a word when a small letter follows
		return i+1 < len(name) && isLower(name[i+1])
	}
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
