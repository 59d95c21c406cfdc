package station

import "strings"

// Choose returns the template for a station of the given make: the one whose
// patterns say most about it. Among equals the organisation's own goes before
// those that come with Pylon, then the smaller identifier. False when none
// matches.
func Choose(templates []Template, vendor, model, firmware string) (Template, bool) {
	var best Template
	found := false
	for _, t := range templates {
		if !t.Matches(vendor, model, firmware) {
			continue
		}
		if !found || t.precedes(best) {
			best, found = t, true
		}
	}
	return best, found
}

// Matches reports whether the template is meant for a station of this make.
func (t Template) Matches(vendor, model, firmware string) bool {
	return Match(t.Vendor, vendor) && Match(t.Model, model) && Match(t.Firmware, firmware)
}

// precedes reports whether t is the better choice where both t and u match.
func (t Template) precedes(u Template) bool {
	if a, b := t.specificity(), u.specificity(); a != b {
		return a > b
	}
	if own := t.Organisation != ""; own != (u.Organisation != "") {
		return own
	}
	return t.ID < u.ID
}

// specificity counts the characters that the template insists on.
func (t Template) specificity() int {
	n := 0
	for _, p := range []string{t.Vendor, t.Model, t.Firmware} {
		n += len(p) - strings.Count(p, "*")
	}
	return n
}

// Match reports whether text has the form of pattern, in which '*' stands for
// any characters. An empty pattern asks for nothing. Case does not count:
// makers spell themselves differently from one firmware to the next.
func Match(pattern, text string) bool {
	if pattern == "" {
		return true
	}
	pattern, text = strings.ToLower(pattern), strings.ToLower(text)
	head, rest, starred := strings.Cut(pattern, "*")
	if !strings.HasPrefix(text, head) {
		return false
	}
	text = text[len(head):]
	for starred {
		head, rest, starred = strings.Cut(rest, "*")
		if !starred {
			return strings.HasSuffix(text, head)
		}
		at := strings.Index(text, head)
		if at < 0 {
			return false
		}
		text = text[at+len(head):]
	}
	return text == ""
}
