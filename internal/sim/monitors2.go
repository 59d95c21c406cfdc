package sim

import (
	"slices"
	"strconv"
	"time"

	"pylon/internal/kernel/decimal"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

// monitorsMax is how many monitors a station holds.
const monitorsMax = 50

// monitor watches one variable. Source: OCPP 2.x part 2, N.
type monitor struct {
	id  int
	set ocpp21.SetMonitoringData

	beyond bool   // a threshold is passed, and was told
	last   string // value when a delta was last told
}

func (d *dialect2) setVariableMonitoring(r *ocpp21.SetVariableMonitoringRequest) Reply {
	response := &ocpp21.SetVariableMonitoringResponse{}
	for _, asked := range r.SetMonitoringData {
		result := ocpp21.SetMonitoringResult{
			Status: ocpp21.SetMonitoringStatusAccepted, Type: asked.Type, Severity: asked.Severity,
			Component: asked.Component, Variable: asked.Variable, ID: asked.ID,
		}
		var m *monitor
		if m, result.Status = d.install(asked); m != nil {
			result.ID = &m.id
		}
		response.SetMonitoringResult = append(response.SetMonitoringResult, result)
	}
	return Reply{Message: response, Then: d.s.locked(d.watch)}
}

// install takes a monitor, or changes the one with the id.
func (d *dialect2) install(asked ocpp21.SetMonitoringData) (*monitor, ocpp21.SetMonitoringStatus) {
	model := d.deviceModel()
	has := find(model, asked.Component, asked.Variable)
	numeric := has != nil && slices.Contains([]ocpp21.Data{ocpp21.DataInteger, ocpp21.DataDecimal}, has.VariableCharacteristics.DataType)
	threshold := asked.Type == ocpp21.MonitorUpperThreshold || asked.Type == ocpp21.MonitorLowerThreshold
	same := func(m *monitor) bool { return asked.ID != nil && m.id == *asked.ID }
	old := slices.IndexFunc(d.monitors, same)
	switch {
	case !knows(model, asked.Component):
		return nil, ocpp21.SetMonitoringStatusUnknownComponent
	case has == nil:
		return nil, ocpp21.SetMonitoringStatusUnknownVariable
	case asked.ID != nil && old < 0, asked.Severity < 0 || asked.Severity > 9:
		return nil, ocpp21.SetMonitoringStatusRejected // N04.FR.12
	case !has.VariableCharacteristics.SupportsMonitoring, threshold && !numeric,
		asked.Type == ocpp21.MonitorTargetDelta, asked.Type == ocpp21.MonitorTargetDeltaRelative:
		return nil, ocpp21.SetMonitoringStatusUnsupportedMonitorType
	case asked.Value.Sign() < 0, d.exceeds(has, asked, threshold):
		return nil, ocpp21.SetMonitoringStatusRejected
	case old < 0 && slices.ContainsFunc(d.monitors, func(m *monitor) bool { return alike(m.set, asked) }):
		return nil, ocpp21.SetMonitoringStatusDuplicate
	case old < 0 && len(d.monitors) == monitorsMax:
		return nil, ocpp21.SetMonitoringStatusRejected
	}
	m := &monitor{set: asked, last: value(has.VariableAttribute[0].Value)}
	if old >= 0 {
		m.id = d.monitors[old].id
		d.monitors[old] = m
	} else {
		d.monitor++
		m.id = d.monitor
		d.monitors = append(d.monitors, m)
	}
	d.schedule(m)
	return m, ocpp21.SetMonitoringStatusAccepted
}

// exceeds says whether a threshold is none that the variable could pass.
func (d *dialect2) exceeds(has *ocpp21.ReportData, asked ocpp21.SetMonitoringData, threshold bool) bool {
	most := has.VariableCharacteristics.MaxLimit
	return threshold && most != nil && asked.Value.Cmp(*most) > 0
}

// alike says whether two monitors watch the same in the same way: N04.FR.13.
func alike(a, b ocpp21.SetMonitoringData) bool {
	return a.Type == b.Type && a.Severity == b.Severity && sameComponent(a.Component, b.Component) && sameVariable(a.Variable, b.Variable)
}

// schedule sets a periodic monitor going.
func (d *dialect2) schedule(m *monitor) {
	every, _, err := m.set.Value.Scaled(0)
	if err != nil || every <= 0 {
		return
	}
	wait := time.Duration(every) * time.Second
	switch m.set.Type {
	case ocpp21.MonitorPeriodic:
	case ocpp21.MonitorPeriodicClockAligned:
		wait -= time.Duration(d.s.time().Unix()%every)*time.Second + time.Duration(d.s.time().Nanosecond())
	default:
		return
	}
	d.s.later(wait, func() {
		if slices.Contains(d.monitors, m) && d.s.speak == dialect(d) {
			d.notify(m, ocpp21.EventTriggerPeriodic, false)
			d.schedule(m)
		}
	})
}

// watch tells of thresholds that were passed, either way, and of values that have
// changed enough.
func (d *dialect2) watch() {
	if len(d.monitors) == 0 {
		return
	}
	model := d.deviceModel()
	for _, m := range d.monitors {
		has := find(model, m.set.Component, m.set.Variable)
		if has == nil {
			continue
		}
		now := value(has.VariableAttribute[0].Value)
		switch m.set.Type {
		case ocpp21.MonitorUpperThreshold, ocpp21.MonitorLowerThreshold:
			if beyond := m.beyondBy(now); beyond != m.beyond {
				m.beyond = beyond
				d.notify(m, ocpp21.EventTriggerAlerting, !beyond)
			}
		case ocpp21.MonitorDelta:
			if m.changedTo(now) {
				m.last = now
				d.notify(m, ocpp21.EventTriggerDelta, false)
			}
		default: // by the clock
		}
	}
}

func (m *monitor) beyondBy(text string) bool {
	now, err := decimal.Parse(text)
	if err != nil {
		return false
	}
	if m.set.Type == ocpp21.MonitorUpperThreshold {
		return now.Cmp(m.set.Value) > 0
	}
	return now.Cmp(m.set.Value) < 0
}

// changedTo says whether a value has moved by the delta; one that is no number, whether
// it is another: N03.FR.05.
func (m *monitor) changedTo(text string) bool {
	was, errWas := strconv.ParseInt(m.last, 10, 64)
	is, errIs := strconv.ParseInt(text, 10, 64)
	if errWas != nil || errIs != nil {
		return text != m.last
	}
	least, _, err := m.set.Value.Scaled(0)
	return err == nil && max(is-was, was-is) >= least && is != was
}

// notify sends what a monitor saw, if the station tells of things so little severe.
func (d *dialect2) notify(m *monitor, trigger ocpp21.EventTrigger, cleared bool) {
	if !d.s.settings.is(monitoringEnabled) || m.set.Severity > d.s.settings.number(monitoringLevel) {
		return
	}
	has := find(d.deviceModel(), m.set.Component, m.set.Variable)
	event := d.event(m.set.Component, m.set.Variable.Name, value(has.VariableAttribute[0].Value))
	event.Trigger, event.EventNotificationType = trigger, ocpp21.EventNotificationCustomMonitor
	event.VariableMonitoringID = &m.id
	if trigger == ocpp21.EventTriggerAlerting {
		event.Cleared = &cleared
	}
	if d.v21() {
		event.Severity = &m.set.Severity
	}
	d.s.put(&parcel{message: &ocpp21.NotifyEventRequest{GeneratedAt: event.Timestamp, EventData: []ocpp21.EventData{event}}})
}

// event returns an event about a variable, with the next id.
func (d *dialect2) event(c ocpp21.Component, name, actual string) ocpp21.EventData {
	d.events++
	return ocpp21.EventData{
		EventID:     d.events,
		Timestamp:   schema.TimestampOf(d.s.time()),
		ActualValue: actual,
		Component:   c,
		Variable:    ocpp21.Variable{Name: name},
	}
}

func (d *dialect2) clearVariableMonitoring(r *ocpp21.ClearVariableMonitoringRequest) Reply {
	response := &ocpp21.ClearVariableMonitoringResponse{}
	for _, id := range r.ID {
		before := len(d.monitors)
		d.monitors = slices.DeleteFunc(d.monitors, func(m *monitor) bool { return m.id == id })
		status := ocpp21.ClearMonitoringStatusAccepted
		if len(d.monitors) == before {
			status = ocpp21.ClearMonitoringStatusNotFound
		}
		response.ClearMonitoringResult = append(response.ClearMonitoringResult, ocpp21.ClearMonitoringResult{ID: id, Status: status})
	}
	return Reply{Message: response}
}

// setMonitoringBase drops the monitors that were set, unless all are wanted; the
// station has none of its own. Source: OCPP 2.x N05.
func (d *dialect2) setMonitoringBase(r *ocpp21.SetMonitoringBaseRequest) Reply {
	d.s.settings.values[monitoringBase] = string(r.MonitoringBase)
	if r.MonitoringBase != ocpp21.MonitoringBaseAll {
		d.monitors = nil
	}
	return Reply{Message: &ocpp21.SetMonitoringBaseResponse{Status: ocpp21.GenericDeviceModelStatusAccepted}}
}

func (d *dialect2) setMonitoringLevel(r *ocpp21.SetMonitoringLevelRequest) Reply {
	if r.Severity < 0 || r.Severity > 9 {
		return Reply{Message: &ocpp21.SetMonitoringLevelResponse{Status: ocpp21.GenericStatusRejected}}
	}
	d.s.settings.values[monitoringLevel] = strconv.Itoa(r.Severity)
	return Reply{Message: &ocpp21.SetMonitoringLevelResponse{Status: ocpp21.GenericStatusAccepted}}
}

func (d *dialect2) getMonitoringReport(r *ocpp21.GetMonitoringReportRequest) Reply {
	found := slices.DeleteFunc(slices.Clone(d.monitors), func(m *monitor) bool {
		return !chosen(r.ComponentVariable, m.set.Component, m.set.Variable) || !m.meets(r.MonitoringCriteria)
	})
	if len(found) == 0 {
		return Reply{Message: &ocpp21.GetMonitoringReportResponse{Status: ocpp21.GenericDeviceModelStatusEmptyResultSet}}
	}
	send := d.s.trigger(func() []*parcel {
		return pages(found, func(seqNo int, page []*monitor, more *bool) schema.Message {
			return d.monitoringReport(r.RequestID, seqNo, page, more)
		})
	})
	return Reply{Message: &ocpp21.GetMonitoringReportResponse{Status: ocpp21.GenericDeviceModelStatusAccepted}, Then: send}
}

func (m *monitor) meets(criteria []ocpp21.MonitoringCriterion) bool {
	kind := ocpp21.MonitoringCriterionThresholdMonitoring
	switch m.set.Type {
	case ocpp21.MonitorDelta:
		kind = ocpp21.MonitoringCriterionDeltaMonitoring
	case ocpp21.MonitorPeriodic, ocpp21.MonitorPeriodicClockAligned:
		kind = ocpp21.MonitoringCriterionPeriodicMonitoring
	default:
	}
	return len(criteria) == 0 || slices.Contains(criteria, kind)
}

// monitoringReport is the one message in which 2.1 asks for a field that 2.0.1 does not
// have, so each has its own.
func (d *dialect2) monitoringReport(requestID, seqNo int, page []*monitor, more *bool) schema.Message {
	now := schema.TimestampOf(d.s.time())
	if d.v21() {
		report := &ocpp21.NotifyMonitoringReportRequest{RequestID: requestID, SeqNo: seqNo, GeneratedAt: now, TBC: more}
		for _, m := range page {
			report.Monitor = append(report.Monitor, ocpp21.MonitoringData{
				Component: m.set.Component, Variable: m.set.Variable,
				VariableMonitoring: []ocpp21.VariableMonitoring{{
					ID: m.id, Transaction: value(m.set.Transaction), Value: m.set.Value, Type: m.set.Type, Severity: m.set.Severity,
					EventNotificationType: ocpp21.EventNotificationCustomMonitor,
				}},
			})
		}
		return report
	}
	report := &ocpp201.NotifyMonitoringReportRequest{RequestID: requestID, SeqNo: seqNo, GeneratedAt: now, TBC: more}
	for _, m := range page {
		c := ocpp201.Component{Name: m.set.Component.Name, Instance: m.set.Component.Instance}
		if e := m.set.Component.EVSE; e != nil {
			c.EVSE = &ocpp201.EVSE{ID: e.ID, ConnectorID: e.ConnectorID}
		}
		report.Monitor = append(report.Monitor, ocpp201.MonitoringData{
			Component: c, Variable: ocpp201.Variable{Name: m.set.Variable.Name, Instance: m.set.Variable.Instance},
			VariableMonitoring: []ocpp201.VariableMonitoring{{
				ID: m.id, Transaction: value(m.set.Transaction), Value: m.set.Value, Type: ocpp201.Monitor(m.set.Type), Severity: m.set.Severity,
			}},
		})
	}
	return report
}
