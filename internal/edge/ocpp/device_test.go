package ocpp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

// Parts of messages about one variable of EVSE 1.
const (
	power    = `"component":{"name":"EVSE","evse":{"id":1}},"variable":{"name":"Power"}`
	powerIs  = `{"evse_id":1,"component":"EVSE","variable":"Power"`
	setPower = `{"id":"cmd_1","type":"write_variables","variables":[` + powerIs + `,"value":"7"}]}`
	getPower = `{"id":"cmd_1","type":"read_variables","variables":[` + powerIs + `}]}`
	watch    = `{"id":"cmd_1","type":"set_monitors","monitors":[` + powerIs + `,"id":0,"type":"Delta","value":5,"severity":8}]}`
	key      = `{"id":"cmd_1","type":"write_variables","variables":[{"variable":"Key","value":"7"}]}`
)

// A command about the device model becomes a call, and its answer news.
func TestDeviceCommands(t *testing.T) {
	tests := []struct {
		name    string
		command string
		call    string // its beginning
		answer  string
		want    []string // parts of what the owner is told
		absent  string   // what it is not told
	}{
		{"2.x B05.FR.10 a variable that was set", setPower, `"SetVariables",{"setVariableData":[{"attributeValue":"7",` + power, `{"setVariableResult":[{"attributeStatus":"Accepted",` + power + `}]}`, []string{`cmd_1 accepted`, `"attribute":"Actual","status":"accepted"`}, "Inventory"},
		{"2.x B05.FR.09 a variable that cannot be set", setPower, `"SetVariables"`, `{"setVariableResult":[{"attributeStatus":"Rejected","attributeStatusInfo":{"reasonCode":"ReadOnly"},` + power + `}]}`, []string{`cmd_1 rejected final=true code=Rejected`, `"status":"rejected","detail":"ReadOnly"`}, ""},
		{"2.x B05.FR.04 a component that there is not", setPower, `"SetVariables"`, `{"setVariableResult":[{"attributeStatus":"UnknownComponent",` + power + `}]}`, []string{`cmd_1 rejected final=true code=UnknownComponent`, `"status":"unknown"`}, ""},
		{"2.x B05.FR.05 a variable that there is not", setPower, `"SetVariables"`, `{"setVariableResult":[{"attributeStatus":"UnknownVariable",` + power + `}]}`, []string{`cmd_1 rejected`, `"status":"unknown"`}, ""},
		{"2.x B05.FR.06 an attribute that there is not", setPower, `"SetVariables"`, `{"setVariableResult":[{"attributeStatus":"NotSupportedAttributeType","attributeType":"Target",` + power + `}]}`, []string{`cmd_1 rejected`, `"attribute":"Target","status":"not_supported"`}, ""},
		{"2.x B06.FR.10 a variable that was read", getPower, `"GetVariables",{"getVariableData":[{` + power + `}]}`, `{"getVariableResult":[{"attributeStatus":"Accepted","attributeValue":"7",` + power + `}]}`, []string{`Inventory {"Scope":"some"`, `"values":[{"attribute":"Actual","value":"7"}]`, `cmd_1 accepted`}, ""},
		{"2.x B06.FR.09 a variable that is write only", getPower, `"GetVariables"`, `{"getVariableResult":[{"attributeStatus":"Rejected",` + power + `}]}`, []string{`cmd_1 accepted`, `"status":"rejected"`}, "Inventory"},
		{"2.x B07.FR.07 what can be set", `{"id":"cmd_1","type":"report_variables","request_id":5,"scope":"configuration"}`, `"GetBaseReport",{"requestId":5,"reportBase":"ConfigurationInventory"}`, accept, []string{`cmd_1 accepted`}, "Inventory"},
		{"2.x B07.FR.08 all there is", `{"id":"cmd_1","type":"report_variables","request_id":5}`, `"GetBaseReport",{"requestId":5,"reportBase":"FullInventory"}`, accept, []string{`cmd_1 accepted`}, "Inventory"},
		{"2.x B07.FR.09 what is wrong", `{"id":"cmd_1","type":"report_variables","request_id":5,"scope":"summary"}`, `"GetBaseReport",{"requestId":5,"reportBase":"SummaryInventory"}`, accept, []string{`cmd_1 accepted`}, "Inventory"},
		{"2.x B07.FR.02 a report that is not supported", `{"id":"cmd_1","type":"report_variables","request_id":5}`, `"GetBaseReport"`, `{"status":"NotSupported"}`, []string{`cmd_1 rejected final=true code=NotSupported`}, "Inventory"},
		{"2.x B08.FR.11 a report of what is named", `{"id":"cmd_1","type":"report_variables","request_id":5,"variables":[` + powerIs + `}]}`, `"GetReport",{"requestId":5,"componentVariable":[{` + power + `}]}`, accept, []string{`cmd_1 accepted`}, "Inventory"},
		{"2.x B08.FR.20 a report of a whole component", `{"id":"cmd_1","type":"report_variables","request_id":5,"variables":[{"component":"EVSE"}]}`, `"GetReport",{"requestId":5,"componentVariable":[{"component":{"name":"EVSE"}}]}`, accept, []string{`cmd_1 accepted`}, "Inventory"},
		{"2.x B08.FR.15 a report of nothing", `{"id":"cmd_1","type":"report_variables","request_id":5,"variables":[` + powerIs + `}]}`, `"GetReport"`, `{"status":"EmptyResultSet"}`, []string{`Inventory {"RequestID":5,"Scope":"some"`, `cmd_1 accepted`}, `"Variables"`},
		{"2.x N02.FR.11 all monitors", `{"id":"cmd_1","type":"report_monitors","request_id":5}`, `"GetMonitoringReport",{"requestId":5}`, accept, []string{`cmd_1 accepted`}, "Monitors {"},
		{"2.x N02.FR.10 no monitors", `{"id":"cmd_1","type":"report_monitors","request_id":5}`, `"GetMonitoringReport"`, `{"status":"EmptyResultSet"}`, []string{`Monitors {"RequestID":5,`, `cmd_1 accepted`}, ""},
		{"2.x N04.FR.11 a monitor that was made", watch, `"SetVariableMonitoring",{"setMonitoringData":[{"value":5,"type":"Delta","severity":8,` + power + `}]}`, `{"setMonitoringResult":[{"id":3,"status":"Accepted","type":"Delta","severity":8,` + power + `}]}`, []string{`cmd_1 accepted`, `"id":3,"type":"Delta","value":5,"severity":8,"status":"Accepted"`}, ""},
		{"2.x N04.FR.10 a monitor that there is", watch, `"SetVariableMonitoring"`, `{"setMonitoringResult":[{"status":"Duplicate","type":"Delta","severity":8,` + power + `}]}`, []string{`cmd_1 rejected final=true code=Duplicate`, `"status":"Duplicate"`}, ""},
		{"2.x N06.FR.02 a monitor that there is not", `{"id":"cmd_1","type":"clear_monitors","monitor_ids":[4]}`, `"ClearVariableMonitoring",{"id":[4]}`, `{"clearMonitoringResult":[{"id":4,"status":"NotFound"}]}`, []string{`cmd_1 rejected final=true code=NotFound`, `"id":4,"status":"NotFound"`}, ""},
		{"1.6 5.3 a key that was set", key, `"ChangeConfiguration",{"key":"Key","value":"7"}`, accept, []string{`cmd_1 accepted`, `"status":"accepted"`}, "Inventory"},
		{"1.6 5.3 a key that is set after a reboot", key, `"ChangeConfiguration"`, `{"status":"RebootRequired"}`, []string{`cmd_1 accepted`, `"status":"reboot_required"`}, ""},
		{"1.6 5.3 a key that there is not", key, `"ChangeConfiguration"`, `{"status":"NotSupported"}`, []string{`cmd_1 rejected`, `"status":"not_supported"`}, ""},
		{"1.6 5.8 all keys", `{"id":"cmd_1","type":"report_variables"}`, `"GetConfiguration",{}`, `{"configurationKey":[{"key":"Key","readonly":true,"value":"7"}]}`, []string{`Inventory {"Scope":"full"`, `"value":"7","mutability":"ReadOnly"`, `cmd_1 accepted`}, ""},
		{"1.6 5.8 some keys", `{"id":"cmd_1","type":"read_variables","variables":[{"variable":"Key"}]}`, `"GetConfiguration",{"key":["Key"]}`, `{"unknownKey":["Key"]}`, []string{`Inventory {"Scope":"some"`, `"Unknown":["Key"]`, `"status":"unknown"`}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			versions := []string{"ocpp2.0.1", "ocpp2.1"}
			if strings.HasPrefix(tt.name, "1.6") {
				versions = []string{"ocpp1.6"}
			}
			for _, version := range versions {
				b := start(t, nil)
				b.world.add("CP1", nil)
				p := b.connect(dialing{subprotocol: version})
				b.until("claim", func() bool { return b.world.claims() == 1 })
				if err := b.world.order("CP1", commandOf(t, tt.command, b.clock.Now())); err != nil {
					t.Fatal(err)
				}
				if got, want := p.hear(), `[2,"cmd_1",`+tt.call; !strings.HasPrefix(got, want) {
					t.Errorf("%s: got %s, want %s…", version, got, want)
				}
				p.say(`[3,"cmd_1",` + tt.answer + `]`)
				b.until("answered", func() bool { return b.world.called("CP1", "CommandAnswered cmd_1") })
				b.told(version, tt.want, tt.absent)
			}
		})
	}
}

const accept = `{"status":"Accepted"}`

// told checks what the owner was told about CP1, after the command was sent.
func (b *bench) told(version string, want []string, absent string) {
	b.t.Helper()
	calls := b.world.calls("CP1")
	told := strings.Join(calls[1:], "\n") // without the claim
	if i := strings.Index(told, "CommandSent"); i >= 0 {
		_, told, _ = strings.Cut(told[i:], "\n")
	}
	for _, w := range want {
		if !strings.Contains(told, w) {
			b.t.Errorf("%s: got\n%s\nwant %s", version, told, w)
		}
	}
	if absent != "" && strings.Contains(told, absent) {
		b.t.Errorf("%s: got\n%s\nwant no %s", version, told, absent)
	}
}

// What stations tell of their variables by themselves is taken in, and what is
// to be decided for them is answered.
func TestDeviceReports(t *testing.T) {
	at := `"2100-01-02T03:04:05Z"`
	event := `{"generatedAt":` + at + `,"seqNo":0,"eventData":[{"eventId":1,"timestamp":` + at + `,"trigger":"Alerting","actualValue":"71","eventNotificationType":"CustomMonitor",` + power
	tests := []struct {
		name    string
		action  string
		payload string
		answer  string // its beginning
		want    []string
		absent  string
	}{
		{"2.x B07.FR.03, B07.FR.04 a part of a report", "NotifyReport", `{"requestId":5,"generatedAt":` + at + `,"seqNo":0,"tbc":true,"reportData":[{` + power + `,"variableAttribute":[{"value":"7","mutability":"ReadOnly"}]}]}`, `{}`, []string{`Inventory {"RequestID":5,"More":true,"Scope":"some"`, `"value":"7","mutability":"ReadOnly"`}, ""},
		{"2.x B08.FR.03 a part that nobody asked for", "NotifyReport", `{"requestId":0,"generatedAt":` + at + `,"seqNo":1}`, `{}`, []string{`Inventory {"SeqNo":1,"Scope":"some"`}, ""},
		{"2.1 N02.FR.22 monitors with what made them", "NotifyMonitoringReport", `{"requestId":5,"generatedAt":` + at + `,"seqNo":0,"monitor":[{` + power + `,"variableMonitoring":[{"id":1,"transaction":false,"value":5,"type":"TargetDelta","severity":8,"eventNotificationType":"PreconfiguredMonitor"}]}]}`, `{}`, []string{`"id":1,"type":"TargetDelta","value":5,"severity":8,"origin":"PreconfiguredMonitor"`}, ""},
		{"2.x N07.FR.03, N08.FR.02 an event", "NotifyEvent", event + `}]}`, `{}`, []string{`Happened {"evse_id":1,"component":"EVSE","variable":"Power","event_id":1`, `"severity":-1`}, "Alert "},
		{"2.1 N07.FR.20 an event with its severity", "NotifyEvent", event + `,"severity":0}]}`, `{}`, []string{`"value":"71"`}, "severity"}, // 0 is not said in the line
		{"2.1 N11.FR.05 a stream is declined", "OpenPeriodicEventStream", `{"constantStreamData":{"id":1,"params":{"values":10},"variableMonitoringId":3}}`, `{"status":"Rejected"`, nil, ""},
		{"2.1 N13.FR.02 a stream is closed", "ClosePeriodicEventStream", `{"id":1}`, `{}`, nil, ""},
		{"2.1 K22.FR.06 priority charging", "NotifyPriorityCharging", `{"transactionId":"T1","activated":true}`, `{}`, nil, ""},
		{"2.1 K28.FR.12 a profile that is not dynamic", "PullDynamicScheduleUpdate", `{"chargingProfileId":1}`, `{"status":"Rejected","statusInfo":{"reasonCode":"InvalidProfile"`, nil, ""},
		{"2.1 C18.FR.10 a number that is not checked", "VatNumberValidation", `{"vatNumber":"NL1","evseId":2}`, `{"vatNumber":"NL1","status":"Rejected",`, nil, ""},
		{"2.1 M07.FR.02 a chain that is not checked", "GetCertificateChainStatus", `{"certificateStatusRequests":[{"certificateHashData":{"hashAlgorithm":"SHA256","issuerNameHash":"a","issuerKeyHash":"b","serialNumber":"c"},"source":"OCSP","urls":["http://x"]}]}`, `{"certificateStatus":[{"certificateHashData":{"hashAlgorithm":"SHA256","issuerNameHash":"a","issuerKeyHash":"b","serialNumber":"c"},"source":"OCSP","status":"Failed"`, nil, ""},
		{"2.1 R05.FR.01 the grid wants less", "NotifyDERAlarm", `{"controlType":"VoltWatt","timestamp":` + at + `}`, `{}`, []string{"Alert grid_event VoltWatt"}, "ended"},
		{"2.1 C22.FR.01 a payment that was rejected", "NotifySettlement", `{"pspRef":"REF1","status":"Rejected","settlementAmount":1,"settlementTime":` + at + `}`, `{}`, []string{"Alert payment_settlement Rejected"}, "REF1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			versions := []string{"ocpp2.0.1", "ocpp2.1"}
			if strings.HasPrefix(tt.name, "2.1") {
				versions = []string{"ocpp2.1"}
			}
			for _, version := range versions {
				b := start(t, nil)
				b.world.add("CP1", nil)
				p := b.connect(dialing{subprotocol: version})
				got := p.ask(fmt.Sprintf(`[2,"1","%s",%s]`, tt.action, tt.payload))
				if want := `[3,"1",` + tt.answer; !strings.HasPrefix(got, want) {
					t.Errorf("%s: got %s, want %s…", version, got, want)
				}
				b.told(version, tt.want, tt.absent)
			}
		})
	}
}

// A report of 2.0.1 is read as 2.1 has it, and loses nothing by that: monitors
// of 2.0.1 lack a field that 2.1 requires.
func TestManyMonitorsOf201(t *testing.T) {
	const many = 500
	b := start(t, nil)
	b.world.add("CP1", nil)
	p := b.connect(dialing{subprotocol: "ocpp2.0.1"})
	one := `{` + power + `,"variableMonitoring":[{"id":1,"transaction":false,"value":5,"type":"Delta","severity":8}]}`
	all := strings.TrimSuffix(strings.Repeat(one+",", many), ",")
	p.ask(`[2,"1","NotifyMonitoringReport",{"requestId":5,"generatedAt":"2100-01-02T03:04:05Z","seqNo":0,"monitor":[` + all + `]}]`)
	calls := b.world.calls("CP1")
	if got := strings.Count(calls[len(calls)-1], `"type":"Delta"`); got != many {
		t.Errorf("got %d monitors, want %d", got, many)
	}
}

// Whatever the version lets a station call has an answer of its own.
func TestEveryActionIsAnswered(t *testing.T) {
	for version, actions := range map[string][]schema.Action{
		"ocpp1.6": ocpp16.Actions(), "ocpp2.0.1": ocpp201.Actions(), "ocpp2.1": ocpp21.Actions(),
	} {
		b := start(t, nil)
		b.world.add("CP1", nil)
		p := b.connect(dialing{subprotocol: version})
		for _, a := range actions {
			if a.Send {
				continue
			}
			got := p.ask(`[2,"1","` + a.Name + `",{"surprise":1}]`)
			if unsupported := strings.Contains(got, "NotSupported"); unsupported == a.FromStation {
				t.Errorf("%s %s: got %s", version, a.Name, got)
			}
			b.clock.move(time.Second) // so that the station has credit for more
		}
		_ = p.ws.Close()
		b.until("release", func() bool { return b.world.called("CP1", "Release") })
	}
}

// It is the central system that tells of a payment on the web,
// and of what a car may do.
func TestCallsOf21(t *testing.T) {
	tests := []struct{ name, action, body string }{
		{"2.1 C25.FR.21 a payment on the web", "NotifyWebPaymentStarted", `{"evseId":1,"timeout":30}`},
		{"2.1 Q02.FR.05 what energy may flow", "NotifyAllowedEnergyTransfer", `{"transactionId":"T1","allowedEnergyTransfer":["DC"]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, nil)
			b.world.add("CP1", nil)
			p := b.connect(dialing{subprotocol: "ocpp2.1"})
			b.until("claim", func() bool { return b.world.claims() == 1 })
			if err := b.world.order("CP1", b.raw("cmd_1", tt.action, tt.body)); err != nil {
				t.Fatal(err)
			}
			if got, want := p.hear(), `[2,"cmd_1","`+tt.action+`",`+tt.body+`]`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
