package device

import (
	"slices"
	"strings"

	"pylon/internal/kernel/decimal"
)

// Same reports whether two values of a variable mean the same: numbers by
// their value, truth without case, lists of members in any order. What is
// known of the variable decides which; without that (OCPP 1.6) the values do.
func Same(a, b string, c Characteristics) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if a == b {
		return true
	}
	switch c.DataType {
	case "string", "dateTime":
		return false
	case "MemberList":
		return sameMembers(a, b)
	case "SequenceList":
		return slices.Equal(members(a), members(b))
	case "OptionList":
		return strings.EqualFold(a, b)
	}
	return sameTruth(a, b) || sameNumber(a, b) || c.DataType == "" && sameList(a, b)
}

func sameTruth(a, b string) bool {
	return strings.EqualFold(a, b) && (strings.EqualFold(a, "true") || strings.EqualFold(a, "false"))
}

func sameNumber(a, b string) bool {
	x, err := decimal.Parse(unpadded(a))
	if err != nil {
		return false
	}
	y, err := decimal.Parse(unpadded(b))
	return err == nil && x.Cmp(y) == 0
}

// unpadded takes off the zeros before a number that some stations print.
func unpadded(s string) string {
	for len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9' {
		s = s[1:]
	}
	return s
}

// sameList compares lists in order, spaces aside: of a 1.6 key nobody says
// whether the order counts. Source: OCPP 1.6 section 9.1, comma separated lists.
func sameList(a, b string) bool {
	return strings.Contains(a, ",") && slices.Equal(members(a), members(b))
}

func sameMembers(a, b string) bool {
	x, y := members(a), members(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(slices.Compact(x), slices.Compact(y))
}

// members are the members of a comma separated list; an empty one has none.
func members(list string) []string {
	all := strings.Split(list, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}
