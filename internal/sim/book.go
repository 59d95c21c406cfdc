package sim

import (
	"strconv"
	"time"
)

// entry is the place of a setting in the book.
type entry int

// The settings that the simulator obeys. Those that it only shows follow them in
// the book, and have no name here.
const (
	heartbeatInterval entry = iota
	sampleInterval
	sampledData
	startedData
	endedData
	alignedInterval
	alignedData
	authorizeRemote
	localAuthorizeOffline
	localPreAuthorize
	offlineForUnknown
	cacheEnabled
	listEnabled
	listItems
	connectionTimeOut
	attempts
	attemptInterval
	stopOnInvalid
	password
	securityProfile
	pingInterval
	txStartPoint
	offlineThreshold
	monitoringEnabled
	monitoringLevel
	monitoringBase
	networkPriority
	smartCharging
	reservations
)

const (
	startWhenEVConnected = "EVConnected"
	startWhenPowered     = "PowerPathClosed"
	heartbeatUntilTold   = 300 // seconds, until the server names an interval
	listMax              = 500 // tokens in a local list
	stackLevelMax        = 10
	profilesMax          = 50  // charging profiles in a station
	periodsMax           = 100 // in a charging schedule
	securityProfileMax   = 3
)

// book returns all settings that a station has, whatever its version, in the order
// of their entries. What they are preset to depends on the station.
func book(c Config) []line {
	return append(obeyed(c), displayed(c)...)
}

func measurandsKnown() []string {
	return []string{energyRegister, activePower, currentImport, voltage, stateOfCharge, powerOffered, currentOffered}
}

// obeyed are the settings with a name.
func obeyed(c Config) []line {
	start := startWhenPowered
	if c.StartWhenConnected {
		start = startWhenEVConnected
	}
	known, unknowing := measurandsKnown(), energyRegister+","+stateOfCharge
	usual := energyRegister + "," + activePower + "," + currentImport + "," + voltage + "," + stateOfCharge
	return []line{
		heartbeatInterval: {key: "HeartbeatInterval", component: "OCPPCommCtrlr", variable: "HeartbeatInterval", kind: integer, access: readWrite, preset: strconv.Itoa(heartbeatUntilTold), unit: "s"},
		sampleInterval:    {key: "MeterValueSampleInterval", component: "SampledDataCtrlr", variable: "TxUpdatedInterval", kind: integer, access: readWrite, preset: strconv.Itoa(int(c.SampleInterval / time.Second)), unit: "s"},
		sampledData:       {key: "MeterValuesSampledData", component: "SampledDataCtrlr", variable: "TxUpdatedMeasurands", kind: memberList, access: readWrite, preset: usual, choice: known},
		startedData:       {component: "SampledDataCtrlr", variable: "TxStartedMeasurands", kind: memberList, access: readWrite, preset: unknowing, choice: known},
		endedData:         {key: "StopTxnSampledData", component: "SampledDataCtrlr", variable: "TxEndedMeasurands", kind: memberList, access: readWrite, preset: unknowing, choice: known},
		alignedInterval:   {key: "ClockAlignedDataInterval", component: "AlignedDataCtrlr", variable: "Interval", kind: integer, access: readWrite, preset: "0", unit: "s", most: int(24 * time.Hour / time.Second)},
		alignedData:       {key: "MeterValuesAlignedData", component: "AlignedDataCtrlr", variable: "Measurands", kind: memberList, access: readWrite, preset: energyRegister, choice: known},
		authorizeRemote:   {key: "AuthorizeRemoteTxRequests", component: "AuthCtrlr", variable: "AuthorizeRemoteStart", kind: boolean, access: readWrite, preset: "false"},

		localAuthorizeOffline: {key: "LocalAuthorizeOffline", component: "AuthCtrlr", variable: "LocalAuthorizeOffline", kind: boolean, access: readWrite, preset: "true"},
		localPreAuthorize:     {key: "LocalPreAuthorize", component: "AuthCtrlr", variable: "LocalPreAuthorize", kind: boolean, access: readWrite, preset: "false"},
		offlineForUnknown:     {key: "AllowOfflineTxForUnknownId", component: "AuthCtrlr", variable: "OfflineTxForUnknownIdEnabled", kind: boolean, access: readWrite, preset: "false"},
		cacheEnabled:          {key: "AuthorizationCacheEnabled", component: "AuthCacheCtrlr", variable: "Enabled", kind: boolean, access: readWrite, preset: "true"},
		listEnabled:           {key: "LocalAuthListEnabled", component: "LocalAuthListCtrlr", variable: "Enabled", kind: boolean, access: readWrite, preset: "true"},
		listItems:             {key: "SendLocalListMaxLength", component: "LocalAuthListCtrlr", variable: "ItemsPerMessage", kind: integer, access: readOnly, preset: "100"},
		connectionTimeOut:     {key: "ConnectionTimeOut", component: "TxCtrlr", variable: "EVConnectionTimeOut", kind: integer, access: readWrite, preset: "60", unit: "s"},
		attempts:              {key: "TransactionMessageAttempts", component: "OCPPCommCtrlr", variable: "MessageAttempts", instance: "TransactionEvent", kind: integer, access: readWrite, preset: "3"},
		attemptInterval:       {key: "TransactionMessageRetryInterval", component: "OCPPCommCtrlr", variable: "MessageAttemptInterval", instance: "TransactionEvent", kind: integer, access: readWrite, preset: "10", unit: "s"},
		stopOnInvalid:         {key: "StopTransactionOnInvalidId", component: "TxCtrlr", variable: "StopTxOnInvalidId", kind: boolean, access: readWrite, preset: "true"},

		password:          {key: "AuthorizationKey", component: "SecurityCtrlr", variable: "BasicAuthPassword", kind: text, access: writeOnly, preset: c.Password, most: 64},
		securityProfile:   {key: "SecurityProfile", component: "SecurityCtrlr", variable: "SecurityProfile", kind: integer, access: readOnly, preset: strconv.Itoa(c.SecurityProfile), most: securityProfileMax},
		pingInterval:      {key: "WebSocketPingInterval", component: "OCPPCommCtrlr", variable: "WebSocketPingInterval", kind: integer, access: readWrite, preset: "0", unit: "s"},
		txStartPoint:      {component: "TxCtrlr", variable: "TxStartPoint", kind: memberList, access: readWrite, preset: start, choice: []string{startWhenEVConnected, startWhenPowered}, most: 1, reboot: true},
		offlineThreshold:  {component: "OCPPCommCtrlr", variable: "OfflineThreshold", kind: integer, access: readWrite, preset: "300", unit: "s"},
		monitoringEnabled: {component: "MonitoringCtrlr", variable: "Enabled", kind: boolean, access: readWrite, preset: "true"},
		monitoringLevel:   {component: "MonitoringCtrlr", variable: "ActiveMonitoringLevel", kind: integer, access: readOnly, preset: "9"},
		monitoringBase:    {component: "MonitoringCtrlr", variable: "ActiveMonitoringBase", kind: option, access: readOnly, preset: "All"},
		networkPriority:   {component: "OCPPCommCtrlr", variable: "NetworkConfigurationPriority", kind: sequence, access: readWrite, preset: "0", reboot: true},
		smartCharging:     {component: "SmartChargingCtrlr", variable: "Enabled", kind: boolean, access: readWrite, preset: "true"},
		reservations:      {component: "ReservationCtrlr", variable: "Enabled", kind: boolean, access: readWrite, preset: "true"},
	}
}

// displayed are the settings that nothing depends on, or that cannot be changed.
func displayed(c Config) []line {
	show := func(key, component, variable string, kind kind, value string) line {
		return line{key: key, component: component, variable: variable, kind: kind, access: readOnly, preset: value}
	}
	of := func(l line, instance string) line { l.instance = instance; return l }
	free := func(l line, most int) line { l.access, l.most = readWrite, most; return l }
	page := strconv.Itoa(reportItemsMax)
	rotation := free(show("ConnectorPhaseRotation", "", "", memberList, "0.RST"), c.Hardware.EVSEs+1)
	rotation.reboot = true
	var keys []line
	for i, key := range c.meterKeys {
		keys = append(keys, show("MeterPublicKey"+strconv.Itoa(i+1), "", "", text, key))
	}
	keys = append(keys, screenLines(c)...)
	return append(keys,
		show("NumberOfConnectors", "", "", integer, strconv.Itoa(c.Hardware.EVSEs)),
		show("SupportedFeatureProfiles", "", "", memberList, "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"),
		show("GetConfigurationMaxKeys", "", "", integer, "100"),
		rotation,
		show("ReserveConnectorZeroSupported", "ReservationCtrlr", "NonEvseSpecific", boolean, "true"),
		show("LocalAuthListMaxLength", "", "", integer, strconv.Itoa(listMax)),
		show("ChargeProfileMaxStackLevel", "SmartChargingCtrlr", "ProfileStackLevel", integer, strconv.Itoa(stackLevelMax)),
		show("ChargingScheduleAllowedChargingRateUnit", "", "", memberList, "Current,Power"),
		show("", "SmartChargingCtrlr", "RateUnit", memberList, "A,W"),
		show("ChargingScheduleMaxPeriods", "SmartChargingCtrlr", "PeriodsPerSchedule", integer, strconv.Itoa(periodsMax)),
		of(show("MaxChargingProfilesInstalled", "SmartChargingCtrlr", "Entries", integer, strconv.Itoa(profilesMax)), "ChargingProfiles"),
		show("StopTransactionOnEVSideDisconnect", "TxCtrlr", "StopTxOnEVSideDisconnect", boolean, "true"),
		show("UnlockConnectorOnEVSideDisconnect", "OCPPCommCtrlr", "UnlockOnEVSideDisconnect", boolean, "true"),
		free(show("ResetRetries", "OCPPCommCtrlr", "ResetRetries", integer, "1"), 10),
		free(show("CpoName", "SecurityCtrlr", "OrganizationName", text, ""), 50),
		show("", "SecurityCtrlr", "Identity", text, c.Identity),
		show("", "SecurityCtrlr", "CertificateEntries", integer, strconv.Itoa(certificatesMax)),
		show("", "TxCtrlr", "TxStopPoint", memberList, "Authorized,EVConnected"),
		show("", "ClockCtrlr", "TimeSource", sequence, "Heartbeat"),
		of(show("", "DeviceDataCtrlr", "ItemsPerMessage", integer, page), "GetReport"),
		of(show("", "DeviceDataCtrlr", "ItemsPerMessage", integer, page), "GetVariables"),
		of(show("", "DeviceDataCtrlr", "ItemsPerMessage", integer, page), "SetVariables"),
		of(show("", "MonitoringCtrlr", "ItemsPerMessage", integer, page), "SetVariableMonitoring"),
		show("", "OCPPCommCtrlr", "FileTransferProtocols", memberList, "HTTP,HTTPS,FTP"),
		of(show("", "OCPPCommCtrlr", "MessageTimeout", integer, strconv.Itoa(int(c.Patience/time.Second))), "Default"),
		show("", "DisplayMessageCtrlr", "SupportedFormats", memberList, "ASCII,UTF8"),
		show("", "DisplayMessageCtrlr", "SupportedPriorities", memberList, "AlwaysFront,InFront,NormalCycle"),
		show("", "LocalAuthListCtrlr", "Entries", integer, strconv.Itoa(listMax)),
	)
}
