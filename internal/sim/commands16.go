package sim

import (
	"context"
	"encoding/hex"
	"time"

	"pylon/internal/wire/ocpp16"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// answer16 decodes a request and lets a function answer it.
func answer16[Request any, Message message[Request]](payload []byte, reply func(*Request) Reply) (Reply, *ocppj.CallError) {
	var request Request
	if violations := schema.Decode(payload, Message(&request)); violations != nil {
		return Reply{}, ocppj.Refusal(ocppj.V16, violations)
	}
	return reply(&request), nil
}

func (d dialect16) handle(ctx context.Context, action string, payload []byte) (Reply, *ocppj.CallError) {
	switch action {
	case ocpp16.ActionRemoteStartTransaction:
		return answer16(payload, func(r *ocpp16.RemoteStartTransactionRequest) Reply { return d.remoteStart(ctx, r) })
	case ocpp16.ActionRemoteStopTransaction:
		return answer16(payload, d.remoteStop)
	case ocpp16.ActionReset:
		return answer16(payload, func(r *ocpp16.ResetRequest) Reply { return d.reset(ctx, r) })
	case ocpp16.ActionTriggerMessage:
		return answer16(payload, d.triggerMessage)
	case ocpp16.ActionExtendedTriggerMessage:
		return answer16(payload, d.triggerExtended)
	case ocpp16.ActionChangeAvailability:
		return answer16(payload, d.changeAvailability)
	case ocpp16.ActionUnlockConnector:
		return answer16(payload, d.unlock)
	case ocpp16.ActionGetConfiguration:
		return answer16(payload, d.getConfiguration)
	case ocpp16.ActionChangeConfiguration:
		return answer16(payload, d.changeConfiguration)
	case ocpp16.ActionClearCache:
		return answer16(payload, d.clearCache)
	case ocpp16.ActionGetLocalListVersion:
		return answer16(payload, d.getLocalListVersion)
	case ocpp16.ActionSendLocalList:
		return answer16(payload, d.sendLocalList)
	case ocpp16.ActionReserveNow:
		return answer16(payload, d.reserveNow)
	case ocpp16.ActionCancelReservation:
		return answer16(payload, d.cancelReservation)
	case ocpp16.ActionDataTransfer:
		return answer16(payload, d.dataTransfer)
	}
	return d.handleMore(action, payload)
}

// handleMore answers what belongs to smart charging, firmware and security.
func (d dialect16) handleMore(action string, payload []byte) (Reply, *ocppj.CallError) {
	switch action {
	case ocpp16.ActionSetChargingProfile:
		return answer16(payload, d.setChargingProfile)
	case ocpp16.ActionClearChargingProfile:
		return answer16(payload, d.clearChargingProfile)
	case ocpp16.ActionGetCompositeSchedule:
		return answer16(payload, d.getCompositeSchedule)
	case ocpp16.ActionUpdateFirmware:
		return answer16(payload, d.updateFirmware)
	case ocpp16.ActionSignedUpdateFirmware:
		return answer16(payload, d.signedUpdateFirmware)
	case ocpp16.ActionGetDiagnostics:
		return answer16(payload, d.getDiagnostics)
	case ocpp16.ActionGetLog:
		return answer16(payload, d.getLog)
	case ocpp16.ActionInstallCertificate:
		return answer16(payload, d.installCertificate)
	case ocpp16.ActionDeleteCertificate:
		return answer16(payload, d.deleteCertificate)
	case ocpp16.ActionGetInstalledCertificateIds:
		return answer16(payload, d.getInstalledCertificates)
	case ocpp16.ActionCertificateSigned:
		return answer16(payload, d.certificateSigned)
	}
	_, known := ocpp16.NewRequest(action)
	return Reply{}, unknownAction(known, action)
}

func (d dialect16) remoteStart(ctx context.Context, r *ocpp16.RemoteStartTransactionRequest) Reply {
	g := grant{token: Token{UID: r.IDTag}}
	if r.ChargingProfile != nil {
		g.profile = new(profile16(*r.ChargingProfile))
	}
	accepted, _, then := d.s.remoteStart(ctx, value(r.ConnectorID), g)
	return Reply{Message: &ocpp16.RemoteStartTransactionResponse{Status: startStop16(accepted)}, Then: then}
}

func (d dialect16) remoteStop(r *ocpp16.RemoteStopTransactionRequest) Reply {
	accepted, then := d.s.remoteStop(numbered(r.TransactionID))
	return Reply{Message: &ocpp16.RemoteStopTransactionResponse{Status: startStop16(accepted)}, Then: then}
}

func startStop16(accepted bool) ocpp16.RemoteStartStopStatus {
	if accepted {
		return ocpp16.RemoteStartStopStatusAccepted
	}
	return ocpp16.RemoteStartStopStatusRejected
}

func (d dialect16) reset(ctx context.Context, r *ocpp16.ResetRequest) Reply {
	why := endSoftReset
	if r.Type == ocpp16.ResetTypeHard {
		why = endHardReset
	}
	_, then := d.s.reset(ctx, reset{why: why})
	return Reply{Message: &ocpp16.ResetResponse{Status: ocpp16.ResetStatusAccepted}, Then: then}
}

func (d dialect16) triggerMessage(r *ocpp16.TriggerMessageRequest) Reply {
	status, then := d.trigger(string(r.RequestedMessage), value(r.ConnectorID))
	return Reply{Message: &ocpp16.TriggerMessageResponse{Status: status}, Then: then}
}

func (d dialect16) triggerExtended(r *ocpp16.ExtendedTriggerMessageRequest) Reply {
	status, then := d.trigger(string(r.RequestedMessage), value(r.ConnectorID))
	return Reply{Message: &ocpp16.ExtendedTriggerMessageResponse{Status: status}, Then: then}
}

func (d dialect16) trigger(message string, connector int) (ocpp16.TriggerMessageStatus, func()) {
	if d.s.those(connector) == nil {
		return ocpp16.TriggerMessageStatusRejected, nil
	}
	one := func(p func() *parcel) func() { return d.s.trigger(func() []*parcel { return []*parcel{p()} }) }
	var then func()
	switch message {
	case ocpp16.ActionBootNotification:
		then = d.s.triggerBoot()
	case ocpp16.ActionHeartbeat:
		then = d.s.triggerHeartbeat()
	case ocpp16.ActionStatusNotification:
		then = d.s.triggerStatus(connector)
	case ocpp16.ActionMeterValues:
		then = d.s.readNow(connector)
	case ocpp16.ActionFirmwareStatusNotification:
		then = one(d.s.firmwareParcel)
	case ocpp16.ActionDiagnosticsStatusNotification:
		then = one(func() *parcel { return d.s.logParcel(true) })
	case ocpp16.ActionLogStatusNotification:
		then = one(func() *parcel { return d.s.logParcel(false) })
	default:
		return ocpp16.TriggerMessageStatusNotImplemented, nil
	}
	return ocpp16.TriggerMessageStatusAccepted, then
}

func (d dialect16) changeAvailability(r *ocpp16.ChangeAvailabilityRequest) Reply {
	result, then := d.s.changeAvailability(r.ConnectorID, r.Type == ocpp16.AvailabilityTypeOperative)
	return Reply{Message: &ocpp16.ChangeAvailabilityResponse{Status: ocpp16.AvailabilityStatus(result)}, Then: then}
}

// unlock ends the transaction, as 1.6 has it, and opens the lock.
func (d dialect16) unlock(r *ocpp16.UnlockConnectorRequest) Reply {
	e := d.s.evse(r.ConnectorID)
	if e == nil {
		return Reply{Message: &ocpp16.UnlockConnectorResponse{Status: ocpp16.UnlockStatusNotSupported}}
	}
	reply := Reply{Message: &ocpp16.UnlockConnectorResponse{Status: ocpp16.UnlockStatus(d.s.unlock(e))}}
	if e.tx != nil {
		v := e.visit
		reply.Then = func() { v.end(endUnlock) }
	}
	return reply
}

func (d dialect16) getConfiguration(r *ocpp16.GetConfigurationRequest) Reply {
	response := &ocpp16.GetConfigurationResponse{}
	list := func(at entry, l line) {
		if l.key != "" && l.access != writeOnly {
			response.ConfigurationKey = append(response.ConfigurationKey,
				ocpp16.KeyValue{Key: l.key, Readonly: l.access == readOnly, Value: new(d.s.settings.text(at))})
		}
	}
	if len(r.Key) == 0 {
		for i, l := range book(d.s.config) {
			list(entry(i), l)
		}
		return Reply{Message: response}
	}
	for _, key := range r.Key {
		if at, l, ok := d.s.byKey(key); ok {
			list(at, l)
		} else {
			response.UnknownKey = append(response.UnknownKey, key)
		}
	}
	return Reply{Message: response}
}

func (d dialect16) changeConfiguration(r *ocpp16.ChangeConfigurationRequest) Reply {
	at, l, known := d.s.byKey(r.Key)
	text := r.Value
	if known && at == password { // sent as hex, security white paper A00.FR.205
		if raw, err := hex.DecodeString(text); err == nil {
			text = string(raw)
		}
	}
	reply := func(status ocpp16.ConfigurationStatus, then func()) Reply {
		return Reply{Message: &ocpp16.ChangeConfigurationResponse{Status: status}, Then: then}
	}
	if !known {
		return reply(ocpp16.ConfigurationStatusNotSupported, nil)
	}
	switch taken, reboot := d.s.settings.set(at, l, text); {
	case !taken:
		return reply(ocpp16.ConfigurationStatusRejected, nil)
	case reboot:
		return reply(ocpp16.ConfigurationStatusRebootRequired, nil)
	}
	return reply(ocpp16.ConfigurationStatusAccepted, d.s.applied(at))
}

func (d dialect16) clearCache(*ocpp16.ClearCacheRequest) Reply {
	if !d.s.settings.is(cacheEnabled) {
		return Reply{Message: &ocpp16.ClearCacheResponse{Status: ocpp16.ClearCacheStatusRejected}}
	}
	return Reply{Message: &ocpp16.ClearCacheResponse{Status: ocpp16.ClearCacheStatusAccepted}, Then: d.s.locked(d.s.forget)}
}

func (d dialect16) getLocalListVersion(*ocpp16.GetLocalListVersionRequest) Reply {
	version := d.s.tokens.version
	if !d.s.settings.is(listEnabled) {
		version = -1 // there is no list
	}
	return Reply{Message: &ocpp16.GetLocalListVersionResponse{ListVersion: version}}
}

func (d dialect16) sendLocalList(r *ocpp16.SendLocalListRequest) Reply {
	if !d.s.settings.is(listEnabled) {
		return Reply{Message: &ocpp16.SendLocalListResponse{Status: ocpp16.UpdateStatusNotSupported}}
	}
	u := listUpdate{version: r.ListVersion, full: r.UpdateType == ocpp16.UpdateTypeFull}
	for _, at := range r.LocalAuthorizationList {
		listed := listEntry{uid: at.IDTag}
		if at.IDTagInfo != nil {
			listed.verdict = new(verdict16(*at.IDTagInfo))
		}
		u.entries = append(u.entries, listed)
	}
	return Reply{Message: &ocpp16.SendLocalListResponse{Status: ocpp16.UpdateStatus(d.s.updateList(u))}}
}

func (d dialect16) reserveNow(r *ocpp16.ReserveNowRequest) Reply {
	outcome, then := d.s.reserve(r.ConnectorID, reservation{
		id:      r.ReservationID,
		token:   Token{UID: r.IDTag},
		group:   value(r.ParentIDTag),
		expires: timeOf(&r.ExpiryDate),
	})
	return Reply{Message: &ocpp16.ReserveNowResponse{Status: ocpp16.ReservationStatus(outcome)}, Then: then}
}

func (d dialect16) cancelReservation(r *ocpp16.CancelReservationRequest) Reply {
	found, then := d.s.cancelReservation(r.ReservationID)
	status := ocpp16.CancelReservationStatusRejected
	if found {
		status = ocpp16.CancelReservationStatusAccepted
	}
	return Reply{Message: &ocpp16.CancelReservationResponse{Status: status}, Then: then}
}

// dataTransfer answers a vendor that the station knows, its own, and no other.
func (d dialect16) dataTransfer(r *ocpp16.DataTransferRequest) Reply {
	status := ocpp16.DataTransferStatusUnknownVendorId
	switch {
	case r.VendorID == d.s.config.Hardware.Vendor:
		status = ocpp16.DataTransferStatusUnknownMessageId
	case r.VendorID == costVendor && d.s.config.Screen == ShowsCost:
		status = d.showCost(r)
	}
	return Reply{Message: &ocpp16.DataTransferResponse{Status: status}}
}

func (d dialect16) updateFirmware(r *ocpp16.UpdateFirmwareRequest) Reply {
	_, then := d.s.updateFirmware(update{}, r.Location, timeOf(&r.RetrieveDate))
	return Reply{Message: &ocpp16.UpdateFirmwareResponse{}, Then: then}
}

func (d dialect16) signedUpdateFirmware(r *ocpp16.SignedUpdateFirmwareRequest) Reply {
	replaced, then := d.s.updateFirmware(update{requestID: r.RequestID, signed: true}, r.Firmware.Location, timeOf(&r.Firmware.RetrieveDateTime))
	status := ocpp16.SignedUpdateFirmwareStatusAccepted
	if replaced {
		status = ocpp16.SignedUpdateFirmwareStatusAcceptedCanceled
	}
	return Reply{Message: &ocpp16.SignedUpdateFirmwareResponse{Status: status}, Then: then}
}

func (d dialect16) getDiagnostics(r *ocpp16.GetDiagnosticsRequest) Reply {
	_, then := d.s.uploadLog(upload{diagnostics: true}, r.Location)
	return Reply{Message: &ocpp16.GetDiagnosticsResponse{FileName: new(d.s.logName())}, Then: then}
}

func (d dialect16) getLog(r *ocpp16.GetLogRequest) Reply {
	replaced, then := d.s.uploadLog(upload{requestID: r.RequestID}, r.Log.RemoteLocation)
	status := ocpp16.LogStatusAccepted
	if replaced {
		status = ocpp16.LogStatusAcceptedCanceled
	}
	return Reply{Message: &ocpp16.GetLogResponse{Status: status, Filename: new(d.s.logName())}, Then: then}
}

func (d dialect16) installCertificate(r *ocpp16.InstallCertificateRequest) Reply {
	outcome := d.s.installCertificate(string(r.CertificateType), r.Certificate)
	return Reply{Message: &ocpp16.InstallCertificateResponse{Status: ocpp16.InstallCertificateStatus(outcome)}}
}

func (d dialect16) deleteCertificate(r *ocpp16.DeleteCertificateRequest) Reply {
	c := r.CertificateHashData
	outcome := d.s.deleteCertificate(newCertificateHash(c.IssuerNameHash, c.IssuerKeyHash, c.SerialNumber))
	return Reply{Message: &ocpp16.DeleteCertificateResponse{Status: ocpp16.DeleteCertificateStatus(outcome)}}
}

func (d dialect16) getInstalledCertificates(r *ocpp16.GetInstalledCertificateIdsRequest) Reply {
	response := &ocpp16.GetInstalledCertificateIdsResponse{Status: ocpp16.GetInstalledCertificateStatusNotFound}
	for _, c := range d.s.certificatesFor(string(r.CertificateType)) {
		response.Status = ocpp16.GetInstalledCertificateStatusAccepted
		response.CertificateHashData = append(response.CertificateHashData, ocpp16.CertificateHashData{
			HashAlgorithm: ocpp16.HashAlgorithmSHA256, IssuerNameHash: c.issuerName, IssuerKeyHash: c.issuerKey, SerialNumber: c.serial,
		})
	}
	return Reply{Message: response}
}

func (d dialect16) certificateSigned(r *ocpp16.CertificateSignedRequest) Reply {
	status := ocpp16.CertificateSignedStatusRejected
	if _, ok := hashOf(r.CertificateChain); ok {
		status = ocpp16.CertificateSignedStatusAccepted
	}
	return Reply{Message: &ocpp16.CertificateSignedResponse{Status: status}}
}

func (d dialect16) setChargingProfile(r *ocpp16.SetChargingProfileRequest) Reply {
	p := profile16(r.CSChargingProfiles)
	p.EVSE = r.ConnectorID
	if number := r.CSChargingProfiles.TransactionID; number != nil {
		p.Transaction = "unknown" // to the station, unless it runs
		if e := d.s.with(numbered(*number)); e != nil {
			p.Transaction = e.tx.id
		}
	}
	status := ocpp16.ChargingProfileStatusAccepted
	then, refusal := d.s.setProfile(p)
	if refusal != "" {
		status = ocpp16.ChargingProfileStatusRejected
	}
	return Reply{Message: &ocpp16.SetChargingProfileResponse{Status: status}, Then: then}
}

func (d dialect16) clearChargingProfile(r *ocpp16.ClearChargingProfileRequest) Reply {
	status := ocpp16.ClearChargingProfileStatusAccepted
	if !d.s.clearProfiles(criteria16(r)) {
		status = ocpp16.ClearChargingProfileStatusUnknown
	}
	return Reply{Message: &ocpp16.ClearChargingProfileResponse{Status: status}, Then: d.s.locked(d.s.regulate)}
}

func (d dialect16) getCompositeSchedule(r *ocpp16.GetCompositeScheduleRequest) Reply {
	c, ok := d.s.composite(r.ConnectorID, time.Duration(r.Duration)*time.Second, string(value(r.ChargingRateUnit)))
	if !ok {
		return Reply{Message: &ocpp16.GetCompositeScheduleResponse{Status: ocpp16.GetCompositeScheduleStatusRejected}}
	}
	return Reply{Message: &ocpp16.GetCompositeScheduleResponse{
		Status:           ocpp16.GetCompositeScheduleStatusAccepted,
		ConnectorID:      &r.ConnectorID,
		ScheduleStart:    new(schema.TimestampOf(c.from)),
		ChargingSchedule: schedule16(c),
	}}
}
