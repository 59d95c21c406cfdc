package main

import "fmt"

// version says where the schemas of an OCPP version are and what they leave unsaid.
type version struct {
	pkg     string
	title   string
	folders []string // below the folder of all specifications

	// fromStation are the actions a station asks for; the CSMS asks for all others.
	fromStation []string
	both        []string // either may ask
	sends       []string // 2.1: sent without a response

	// inline names the objects and enumerations that 1.6 writes inline, by file and path; fieldEnums the
	// enumerations that go by the name of the field alone. renamed, by file and definition, keeps
	// two enumerations of one name apart.
	inline     map[string]string
	fieldEnums map[string]string
	renamed    map[string]string

	// typeEnums are enumerations named like a structure. They are all the "type" of that structure
	// or of its kin, so they get it as a suffix.
	typeEnums []string
}

// versionOf returns the description of the version that package pkg is for.
func versionOf(pkg string) (version, error) {
	switch pkg {
	case "ocpp16":
		return version16(), nil
	case "ocpp201":
		return version201(), nil
	case "ocpp21":
		return version21(), nil
	}
	return version{}, fmt.Errorf("no OCPP version has the package %q", pkg)
}

func version16() version {
	return version{
		pkg: "ocpp16", title: "OCPP 1.6",
		folders: []string{"1.6/schemas/json", "1.6/security-schemas"},
		fromStation: []string{
			"Authorize", "BootNotification", "DiagnosticsStatusNotification", "FirmwareStatusNotification", "Heartbeat",
			"LogStatusNotification", "MeterValues", "SecurityEventNotification", "SignCertificate",
			"SignedFirmwareStatusNotification", "StartTransaction", "StatusNotification", "StopTransaction",
		},
		both:   []string{"DataTransfer"},
		inline: inline16(),
		fieldEnums: map[string]string{
			"chargingProfileKind":    "ChargingProfileKindType",
			"chargingProfilePurpose": "ChargingProfilePurposeType",
			"chargingRateUnit":       "ChargingRateUnitType",
			"context":                "ReadingContext",
			"errorCode":              "ChargePointErrorCode",
			"format":                 "ValueFormat",
			"location":               "Location",
			"measurand":              "Measurand",
			"phase":                  "Phase",
			"reason":                 "Reason",
			"recurrencyKind":         "RecurrencyKindType",
			"requestedMessage":       "MessageTrigger",
			"unit":                   "UnitOfMeasure",
			"updateType":             "UpdateType",
		},
		renamed: map[string]string{
			"ExtendedTriggerMessage#MessageTriggerEnumType":             "ExtendedMessageTrigger",
			"SignedFirmwareStatusNotification#FirmwareStatusEnumType":   "SignedFirmwareStatus",
			"SignedUpdateFirmwareResponse#UpdateFirmwareStatusEnumType": "SignedUpdateFirmwareStatus",
		},
		typeEnums: []string{"Availability", "Reset", "Update"},
	}
}

// inline16 names what the 1.6 schemas write inline, as chapter 7 of the specification does.
func inline16() map[string]string {
	names := map[string]string{
		"AuthorizeResponse.idTagInfo":                                          "IdTagInfo",
		"StartTransactionResponse.idTagInfo":                                   "IdTagInfo",
		"StopTransactionResponse.idTagInfo":                                    "IdTagInfo",
		"SendLocalList.localAuthorizationList":                                 "AuthorizationData",
		"SendLocalList.localAuthorizationList.idTagInfo":                       "IdTagInfo",
		"GetConfigurationResponse.configurationKey":                            "KeyValue",
		"GetCompositeScheduleResponse.chargingSchedule":                        "ChargingSchedule",
		"GetCompositeScheduleResponse.chargingSchedule.chargingSchedulePeriod": "ChargingSchedulePeriod",

		"BootNotificationResponse.status":       "RegistrationStatus",
		"CancelReservationResponse.status":      "CancelReservationStatus",
		"ChangeAvailability.type":               "AvailabilityType",
		"ChangeAvailabilityResponse.status":     "AvailabilityStatus",
		"ChangeConfigurationResponse.status":    "ConfigurationStatus",
		"ClearCacheResponse.status":             "ClearCacheStatus",
		"ClearChargingProfileResponse.status":   "ClearChargingProfileStatus",
		"DataTransferResponse.status":           "DataTransferStatus",
		"DiagnosticsStatusNotification.status":  "DiagnosticsStatus",
		"FirmwareStatusNotification.status":     "FirmwareStatus",
		"GetCompositeScheduleResponse.status":   "GetCompositeScheduleStatus",
		"RemoteStartTransactionResponse.status": "RemoteStartStopStatus",
		"RemoteStopTransactionResponse.status":  "RemoteStartStopStatus",
		"ReserveNowResponse.status":             "ReservationStatus",
		"Reset.type":                            "ResetType",
		"ResetResponse.status":                  "ResetStatus",
		"SendLocalListResponse.status":          "UpdateStatus",
		"SetChargingProfileResponse.status":     "ChargingProfileStatus",
		"StatusNotification.status":             "ChargePointStatus",
		"TriggerMessageResponse.status":         "TriggerMessageStatus",
		"UnlockConnectorResponse.status":        "UnlockStatus",
	}
	for _, path := range []string{
		"AuthorizeResponse.idTagInfo", "StartTransactionResponse.idTagInfo", "StopTransactionResponse.idTagInfo",
		"SendLocalList.localAuthorizationList.idTagInfo",
	} {
		names[path+".status"] = "AuthorizationStatus"
	}
	for _, path := range []string{"MeterValues.meterValue", "StopTransaction.transactionData"} {
		names[path] = "MeterValue"
		names[path+".sampledValue"] = "SampledValue"
	}
	for _, path := range []string{"RemoteStartTransaction.chargingProfile", "SetChargingProfile.csChargingProfiles"} {
		names[path] = "ChargingProfile"
		names[path+".chargingSchedule"] = "ChargingSchedule"
		names[path+".chargingSchedule.chargingSchedulePeriod"] = "ChargingSchedulePeriod"
	}
	return names
}

func version201() version {
	return version{
		pkg: "ocpp201", title: "OCPP 2.0.1",
		folders:     []string{"2.0.1/OCPP-2.0.1_part3_JSON_schemas"},
		fromStation: fromStation2(),
		both:        []string{"DataTransfer"},
		typeEnums:   []string{"IDToken", "VPN"},
	}
}

func version21() version {
	return version{
		pkg: "ocpp21", title: "OCPP 2.1",
		folders: []string{"2.1/OCPP-2.1_part3_JSON_schemas"},
		fromStation: append(fromStation2(),
			"BatterySwap", "ClosePeriodicEventStream", "GetCertificateChainStatus", "NotifyDERAlarm", "NotifyDERStartStop",
			"NotifyPeriodicEventStream", "NotifyPriorityCharging", "NotifySettlement", "OpenPeriodicEventStream",
			"PullDynamicScheduleUpdate", "ReportDERControl", "VatNumberValidation"),
		both:      []string{"DataTransfer"},
		sends:     []string{"NotifyPeriodicEventStream"},
		typeEnums: []string{"CertificateStatus", "CostDimension", "VPN"},
	}
}

// fromStation2 are the actions of a station that 2.0.1 and 2.1 share.
func fromStation2() []string {
	return []string{
		"Authorize", "BootNotification", "ClearedChargingLimit", "FirmwareStatusNotification", "Get15118EVCertificate",
		"GetCertificateStatus", "Heartbeat", "LogStatusNotification", "MeterValues", "NotifyChargingLimit",
		"NotifyCustomerInformation", "NotifyDisplayMessages", "NotifyEVChargingNeeds", "NotifyEVChargingSchedule", "NotifyEvent",
		"NotifyMonitoringReport", "NotifyReport", "PublishFirmwareStatusNotification", "ReportChargingProfiles",
		"ReservationStatusUpdate", "SecurityEventNotification", "SignCertificate", "StatusNotification", "TransactionEvent",
	}
}
