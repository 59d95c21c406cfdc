package sim

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// access says who may do what with a setting.
type access string

const (
	readOnly  access = "ReadOnly"
	readWrite access = "ReadWrite"
	writeOnly access = "WriteOnly"
)

// setting is a configuration key of 1.6 and a variable of 2.x: one value under
// two names, either of which may be missing.
type setting struct {
	key                 string // 1.6
	component, variable string // 2.x
	instance            string // 2.x, of the variable
	kind                string // data type of 2.x: integer, boolean, MemberList, string
	access              access
	value               string
}

// The settings that the simulator itself looks up, by their key.
const (
	keyHeartbeatInterval = "HeartbeatInterval"
	keySampleInterval    = "MeterValueSampleInterval"
	keySampledData       = "MeterValuesSampledData"
	keyAuthorizeRemote   = "AuthorizeRemoteTxRequests"
	keyConnectionTimeOut = "ConnectionTimeOut"
	keyAttempts          = "TransactionMessageAttempts"
	keyAttemptInterval   = "TransactionMessageRetryInterval"
	keyStopOnInvalid     = "StopTransactionOnInvalidId"
	keyPassword          = "AuthorizationKey"
	keyTxStartPoint      = "TxStartPoint" // 2.x alone; 1.6 starts when authorised
	startWhenEVConnected = "EVConnected"
	startWhenPowered     = "PowerPathClosed"
	measurandsByDefault  = energyRegister + "," + activePower + "," + currentImport + "," + voltage + "," + stateOfCharge
	heartbeatUntilTold   = 300 // seconds
)

// settings are the configuration of one station; its lock guards them.
type settings []setting

func newSettings(c Config) settings {
	start := startWhenPowered
	if c.StartWhenConnected {
		start = startWhenEVConnected
	}
	return settings{
		{keyHeartbeatInterval, "OCPPCommCtrlr", "HeartbeatInterval", "", "integer", readWrite, strconv.Itoa(heartbeatUntilTold)},
		{keySampleInterval, "SampledDataCtrlr", "TxUpdatedInterval", "", "integer", readWrite, strconv.Itoa(int(c.SampleInterval / time.Second))},
		{keySampledData, "SampledDataCtrlr", "TxUpdatedMeasurands", "", "MemberList", readWrite, measurandsByDefault},
		{keyAuthorizeRemote, "AuthCtrlr", "AuthorizeRemoteStart", "", "boolean", readWrite, "false"},
		{keyConnectionTimeOut, "TxCtrlr", "EVConnectionTimeOut", "", "integer", readWrite, "60"},
		{keyAttempts, "OCPPCommCtrlr", "MessageAttempts", "TransactionEvent", "integer", readWrite, "3"},
		{keyAttemptInterval, "OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent", "integer", readWrite, "10"},
		{keyStopOnInvalid, "TxCtrlr", "StopTxOnInvalidId", "", "boolean", readWrite, "true"},
		{keyPassword, "SecurityCtrlr", "BasicAuthPassword", "", "string", writeOnly, c.Password},
		{"", "TxCtrlr", keyTxStartPoint, "", "MemberList", readOnly, start},
		{"", "TxCtrlr", "TxStopPoint", "", "MemberList", readOnly, "Authorized,EVConnected"},
		{"", "SecurityCtrlr", "Identity", "", "string", readOnly, c.Identity},
		{"", "SecurityCtrlr", "OrganizationName", "", "string", readWrite, ""},
		{"", "ClockCtrlr", "TimeSource", "", "SequenceList", readOnly, "Heartbeat"},
		{"", "DeviceDataCtrlr", "ItemsPerMessage", "GetReport", "integer", readOnly, strconv.Itoa(reportItemsMax)},
		{"NumberOfConnectors", "", "", "", "integer", readOnly, strconv.Itoa(c.Hardware.EVSEs)},
		{"SupportedFeatureProfiles", "", "", "", "MemberList", readOnly, "Core,RemoteTrigger"},
		{"GetConfigurationMaxKeys", "", "", "", "integer", readOnly, "50"},
		{"LocalAuthorizeOffline", "AuthCtrlr", "LocalAuthorizeOffline", "", "boolean", readOnly, "true"},
		{"StopTransactionOnEVSideDisconnect", "TxCtrlr", "StopTxOnEVSideDisconnect", "", "boolean", readOnly, "true"},
		{"UnlockConnectorOnEVSideDisconnect", "OCPPCommCtrlr", "UnlockOnEVSideDisconnect", "", "boolean", readOnly, "true"},
		{"WebSocketPingInterval", "OCPPCommCtrlr", "WebSocketPingInterval", "", "integer", readOnly, "0"},
	}
}

// byKey finds a setting by its name in 1.6, compared without case as 1.6 asks.
func (s settings) byKey(key string) *setting {
	return s.find(func(at setting) bool { return at.key != "" && strings.EqualFold(at.key, key) })
}

// byVariable finds a setting by its names in 2.x.
func (s settings) byVariable(component, variable string) *setting {
	return s.find(func(at setting) bool {
		return at.component != "" && strings.EqualFold(at.component, component) && strings.EqualFold(at.variable, variable)
	})
}

func (s settings) find(is func(setting) bool) *setting {
	if i := slices.IndexFunc(s, is); i >= 0 {
		return &s[i]
	}
	return nil
}

// set changes the value, if the setting may be written and the value is of its
// kind.
func (at *setting) set(value string) bool {
	if at.access == readOnly {
		return false
	}
	switch at.kind {
	case "integer":
		if n, err := strconv.Atoi(value); err != nil || n < 0 {
			return false
		}
	case "boolean":
		if value != "true" && value != "false" {
			return false
		}
	}
	at.value = value
	return true
}

func (s settings) text(key string) string { return s.byKey(key).value }

func (s settings) is(key string) bool { return s.text(key) == "true" }

func (s settings) number(key string) int {
	n, _ := strconv.Atoi(s.text(key)) // set checked it
	return n
}

func (s settings) seconds(key string) time.Duration {
	return time.Duration(s.number(key)) * time.Second
}

func (s settings) measurands() []string { return strings.Split(s.text(keySampledData), ",") }

// startsWhenConnected says whether a transaction begins with the cable, before
// anyone is authorised.
func (s settings) startsWhenConnected() bool {
	return s.byVariable("TxCtrlr", keyTxStartPoint).value == startWhenEVConnected
}
