package device

import (
	"strconv"
	"strings"

	"pylon/internal/kernel/ident"
)

// alertSeverity is the least severe of what people are told at once: 0 danger,
// 1 hardware failure, 2 system failure, 3 critical. From 4 (error) on the
// station goes on by itself. Source: OCPP 2.0.1 part 2, SetMonitoringDataType.
const alertSeverity = 3

// unsaid is the severity of a happening that does not say it.
const unsaid = -1

// Alert is an open finding about a variable, by what will clear it.
type Alert struct {
	Key     string // [Happening.AlertKey]
	Finding ident.FindingID
	Closed  bool // it is removed
}

// Keep returns what of the happening is kept: not the value of a secret, or of
// what may only be written. One whose texts are longer than a station may have
// them is not kept.
func (h Happening) Keep(m Model) (kept Happening, ok bool) {
	if v, _ := m.Value(h.Name, Actual); h.Secret() || v.Mutability == WriteOnly {
		h.Value = ""
	}
	return h, !h.tooLong() && len(h.Value)+len(h.TechCode)+len(h.TechInfo)+len(h.TransactionID) <= 2*valueMax
}

// AlertKey is the same for what raises an alert and what clears it: the
// monitor, or the variable when there is none.
func (h *Happening) AlertKey() string {
	if h.MonitorID != 0 {
		return "monitor " + strconv.Itoa(h.MonitorID)
	}
	return h.Name.Key() + "@" + strconv.Itoa(h.EVSE)
}

// Judge returns whether a happening raises an alert, or clears one. Its
// severity is its own or that of its monitor; a Problem that says neither is
// one while it is true.
func (h *Happening) Judge(m Model) (raises, clears bool) {
	if h.Cleared {
		return false, true
	}
	severity := h.Severity
	if watch := m.Monitor(h.MonitorID); severity == unsaid && h.MonitorID != 0 && watch != nil {
		severity = watch.Severity
	}
	problem := strings.EqualFold(h.Variable, "Problem")
	switch {
	case problem && strings.EqualFold(h.Value, "false"):
		return false, true
	case h.Trigger != "Alerting":
		return false, false
	case severity == unsaid:
		return problem && strings.EqualFold(h.Value, "true"), false
	}
	return severity <= alertSeverity, false
}

// Text tells people what happened.
func (h *Happening) Text() string {
	text := h.Name.String() + " is " + strconv.Quote(cut(h.Value))
	if h.TechCode != "" {
		text += ", " + cut(h.TechCode)
	}
	if h.TechInfo != "" {
		text += ": " + cut(h.TechInfo)
	}
	return text
}

// textMax is how much of a value stands in a sentence for people, in bytes.
const textMax = 200

// cut returns the beginning of a text, in whole characters.
func cut(s string) string {
	if len(s) <= textMax {
		return s
	}
	return strings.ToValidUTF8(s[:textMax], "") + "…"
}
