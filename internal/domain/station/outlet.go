package station

import (
	"strconv"
	"strings"

	"pylon/internal/domain/device"
	"pylon/internal/kernel/decimal"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/unit"
)

// Outlet is what a connector of a station is. In the quirks of a station it may be about
// several: then the numbers are 0.
type Outlet struct {
	EVSE      int       `json:"evse,omitzero"`        // 0: each
	Connector int       `json:"connector,omitzero"`   // of the EVSE; 0: each
	Type      string    `json:"type,omitzero"`        // in OCPI's words, such as IEC_62196_T2_COMBO; "": not known
	MaxPower  unit.Watt `json:"max_power_w,omitzero"` // that the EVSE can give; 0: not known
}

// Limits of outlets.
const (
	outletsMax   = 64            // more than a station has connectors
	outletMax    = 64            // bytes of a type: none of OCPI's is longer
	powerMax     = 1_000_000_000 // W: a thousand of the largest
	voltsOfPhase = 230           // where nobody says
)

// Outlet returns what a connector of an EVSE is: what its quirks say, or else what the
// station reports of itself. Where the connector is not known (0), its type is the one
// that all connectors of the EVSE have. What nobody says is zero.
func (q *Quirks) Outlet(m device.Model, evse, connector int) Outlet {
	out := Outlet{EVSE: evse, Connector: connector}
	for _, o := range q.nearest(evse, connector) {
		if out.Type == "" {
			out.Type = o.Type
		}
		if out.MaxPower == 0 {
			out.MaxPower = o.MaxPower
		}
	}
	if out.Type == "" {
		out.Type = reportedType(m, evse, connector)
	}
	if out.MaxPower == 0 {
		out.MaxPower = reportedPower(m, evse)
	}
	if out.MaxPower == 0 {
		out.MaxPower = unit.Watt(int64(q.Phases) * q.MaxCurrentMA * voltsOfPhase / 1000)
	}
	return out
}

// nearest returns what the quirks say of a connector: what is about it alone before what
// is about its EVSE, and that before what is about all.
func (q *Quirks) nearest(evse, connector int) []Outlet {
	var found []Outlet
	for _, exact := range []Outlet{{EVSE: evse, Connector: connector}, {EVSE: evse}, {Connector: connector}, {}} {
		for _, o := range q.Outlets {
			if o.EVSE == exact.EVSE && o.Connector == exact.Connector {
				found = append(found, o)
			}
		}
	}
	return found
}

// Source: OCPP 2.0.1 part 2, appendix 3.1, components EVSE (Power) and Connector
// (ConnectorType).
func reportedType(m device.Model, evse, connector int) string {
	found := ""
	for i := range m {
		if m[i].EVSE != evse || evse == 0 {
			continue
		}
		for j := range m[i].Variables {
			v := &m[i].Variables[j]
			if !strings.EqualFold(v.Component, "Connector") || !strings.EqualFold(v.Variable, "ConnectorType") ||
				connector != 0 && v.Connector != connector {
				continue
			}
			word := ConnectorWord(m.Text(v.Name))
			if word == "" || found != "" && found != word {
				return ""
			}
			found = word
		}
	}
	return found
}

// reportedPower returns the limit of the power of an EVSE, in whole watts, cut off.
func reportedPower(m device.Model, evse int) unit.Watt {
	v := m.Find(device.Name{EVSE: evse, Component: "EVSE", Variable: "Power"})
	if v == nil || v.MaxLimit == nil {
		return 0
	}
	return wattsOf(*v.MaxLimit, v.Unit)
}

func wattsOf(d decimal.Decimal, in string) unit.Watt {
	exp := 0
	if strings.EqualFold(in, "kW") {
		exp = 3
	}
	w, _, err := d.Scaled(exp)
	if err != nil || w < 0 || w > powerMax {
		return 0
	}
	return unit.Watt(w)
}

// ConnectorWord returns what OCPI calls a type of connector that OCPP calls so; ""
// for what it has no word for. What is OCPI's word already stays.
// Source: OCPP 2.1 appendices, ConnectorEnumStringType; OCPI 2.3.0, ConnectorType.
func ConnectorWord(ocpp string) string {
	switch word := strings.TrimSpace(ocpp); strings.ToLower(word) {
	case "cccs1", "cccs1-nacs":
		return "IEC_62196_T1_COMBO"
	case "cccs2":
		return "IEC_62196_T2_COMBO"
	case "cg105":
		return "CHADEMO"
	case "cchaoji":
		return "CHAOJI"
	case "cgbt-dc":
		return "GBT_DC"
	case "cmcs":
		return "MCS"
	case "cnacs", "cnacs-ccs1":
		return "SAE_J3400"
	case "ctesla":
		return "TESLA_S"
	case "ctype1", "stype1":
		return "IEC_62196_T1"
	case "ctype2", "stype2":
		return "IEC_62196_T2"
	case "stype3":
		return "IEC_62196_T3C"
	case "s309-1p-16a":
		return "IEC_60309_2_single_16"
	case "s309-3p-16a":
		return "IEC_60309_2_three_16"
	case "s309-3p-32a":
		return "IEC_60309_2_three_32"
	case "sbs1361":
		return "DOMESTIC_G"
	case "scee-7-7":
		return "DOMESTIC_F"
	default:
		if strings.Contains(word, "_") || word == "CHADEMO" {
			return word // no word of OCPP has a low line
		}
		return ""
	}
}

// checkOutlets returns the first broken rule of what somebody says of connectors.
func checkOutlets(all []Outlet) error {
	if len(all) > outletsMax {
		return fault.InvalidField("/quirks/outlets", "too_many", "at most 64")
	}
	for i, o := range all {
		at := "/quirks/outlets/" + strconv.Itoa(i)
		switch {
		case o.EVSE < 0 || o.Connector < 0:
			return fault.InvalidField(at, "out_of_range", "numbers must not be negative")
		case o.Type == "" && o.MaxPower == 0:
			return fault.InvalidField(at, "required", "says a type, a power, or both")
		case len(o.Type) > outletMax || strings.ContainsFunc(o.Type, notOfWord):
			return fault.InvalidField(at+"/type", "pattern", "is a ConnectorType of OCPI: letters, digits and low lines")
		case o.MaxPower < 0 || o.MaxPower > powerMax:
			return fault.InvalidField(at+"/max_power_w", "out_of_range", "0 (unknown) to 1000000000")
		}
		for _, before := range all[:i] {
			if before.EVSE == o.EVSE && before.Connector == o.Connector {
				return fault.InvalidField(at, "duplicate", "is about the same connectors as another")
			}
		}
	}
	return nil
}

func notOfWord(r rune) bool {
	return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}
