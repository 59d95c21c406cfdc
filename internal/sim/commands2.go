package sim

import (
	"context"

	"pylon/internal/wire/ocpp201"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/ocppj"
	"pylon/internal/wire/schema"
)

// answer2 decodes a request of the action that the types name, and lets a function
// answer it.
func answer2[Request any, Message message[Request]](d *dialect2, payload []byte, reply func(*Request) Reply) (Reply, *ocppj.CallError) {
	var request Request
	asked := Message(&request)
	if violations := d.judge(ocpp201.NewRequest, asked.Action(), payload); violations != nil {
		return Reply{}, ocppj.Refusal(ocppj.V201, violations)
	}
	if violations := schema.Decode(payload, asked); violations != nil {
		return Reply{}, ocppj.Refusal(d.s.config.Version, violations)
	}
	return reply(&request), nil
}

func (d *dialect2) handle(ctx context.Context, action string, payload []byte) (Reply, *ocppj.CallError) {
	switch action {
	case ocpp21.ActionRequestStartTransaction:
		return answer2(d, payload, func(r *ocpp21.RequestStartTransactionRequest) Reply { return d.requestStart(ctx, r) })
	case ocpp21.ActionRequestStopTransaction:
		return answer2(d, payload, d.requestStop)
	case ocpp21.ActionGetTransactionStatus:
		return answer2(d, payload, d.getTransactionStatus)
	case ocpp21.ActionReset:
		return answer2(d, payload, func(r *ocpp21.ResetRequest) Reply { return d.reset(ctx, r) })
	case ocpp21.ActionTriggerMessage:
		return answer2(d, payload, d.triggerMessage)
	case ocpp21.ActionChangeAvailability:
		return answer2(d, payload, d.changeAvailability)
	case ocpp21.ActionUnlockConnector:
		return answer2(d, payload, d.unlock)
	case ocpp21.ActionReserveNow:
		return answer2(d, payload, d.reserveNow)
	case ocpp21.ActionCancelReservation:
		return answer2(d, payload, d.cancelReservation)
	case ocpp21.ActionClearCache:
		return answer2(d, payload, d.clearCache)
	case ocpp21.ActionGetLocalListVersion:
		return answer2(d, payload, d.getLocalListVersion)
	case ocpp21.ActionSendLocalList:
		return answer2(d, payload, d.sendLocalList)
	case ocpp21.ActionDataTransfer:
		return answer2(d, payload, d.dataTransfer)
	case ocpp21.ActionCostUpdated:
		if d.s.config.Screen == RefusesCosts {
			return Reply{}, unknownAction(true, action)
		}
		return answer2(d, payload, d.costUpdated)
	}
	return d.handleModel(action, payload)
}

// handleModel answers what is about the device model and its monitors.
func (d *dialect2) handleModel(action string, payload []byte) (Reply, *ocppj.CallError) {
	switch action {
	case ocpp21.ActionGetVariables:
		return answer2(d, payload, d.getVariables)
	case ocpp21.ActionSetVariables:
		return answer2(d, payload, d.setVariables)
	case ocpp21.ActionGetBaseReport:
		return answer2(d, payload, d.getBaseReport)
	case ocpp21.ActionGetReport:
		return answer2(d, payload, d.getReport)
	case ocpp21.ActionSetVariableMonitoring:
		return answer2(d, payload, d.setVariableMonitoring)
	case ocpp21.ActionClearVariableMonitoring:
		return answer2(d, payload, d.clearVariableMonitoring)
	case ocpp21.ActionGetMonitoringReport:
		return answer2(d, payload, d.getMonitoringReport)
	case ocpp21.ActionSetMonitoringBase:
		return answer2(d, payload, d.setMonitoringBase)
	case ocpp21.ActionSetMonitoringLevel:
		return answer2(d, payload, d.setMonitoringLevel)
	case ocpp21.ActionSetNetworkProfile:
		return answer2(d, payload, d.setNetworkProfile)
	case ocpp21.ActionCustomerInformation:
		return answer2(d, payload, d.customerInformation)
	case ocpp21.ActionSetDisplayMessage:
		return answer2(d, payload, d.setDisplayMessage)
	case ocpp21.ActionGetDisplayMessages:
		return answer2(d, payload, d.getDisplayMessages)
	case ocpp21.ActionClearDisplayMessage:
		return answer2(d, payload, d.clearDisplayMessage)
	}
	return d.handleMore(action, payload)
}

// handleMore answers what belongs to smart charging, firmware and security.
func (d *dialect2) handleMore(action string, payload []byte) (Reply, *ocppj.CallError) {
	switch action {
	case ocpp21.ActionSetChargingProfile:
		return answer2(d, payload, d.setChargingProfile)
	case ocpp21.ActionClearChargingProfile:
		return answer2(d, payload, d.clearChargingProfile)
	case ocpp21.ActionGetChargingProfiles:
		return answer2(d, payload, d.getChargingProfiles)
	case ocpp21.ActionGetCompositeSchedule:
		return answer2(d, payload, d.getCompositeSchedule)
	case ocpp21.ActionUpdateFirmware:
		return answer2(d, payload, d.updateFirmware)
	case ocpp21.ActionGetLog:
		return answer2(d, payload, d.getLog)
	case ocpp21.ActionInstallCertificate:
		return answer2(d, payload, d.installCertificate)
	case ocpp21.ActionDeleteCertificate:
		return answer2(d, payload, d.deleteCertificate)
	case ocpp21.ActionGetInstalledCertificateIds:
		return answer2(d, payload, d.getInstalledCertificates)
	case ocpp21.ActionCertificateSigned:
		return answer2(d, payload, d.certificateSigned)
	}
	if d.v21() {
		return d.handle21(action, payload)
	}
	_, known := ocpp201.NewRequest(action)
	return Reply{}, unknownAction(known, action)
}

// handle21 answers what is new in 2.1.
func (d *dialect2) handle21(action string, payload []byte) (Reply, *ocppj.CallError) {
	switch action {
	case ocpp21.ActionUpdateDynamicSchedule:
		return answer2(d, payload, d.updateDynamicSchedule)
	case ocpp21.ActionUsePriorityCharging:
		return answer2(d, payload, d.usePriorityCharging)
	case ocpp21.ActionNotifyAllowedEnergyTransfer:
		return answer2(d, payload, d.notifyAllowedEnergyTransfer)
	}
	_, known := ocpp21.NewRequest(action)
	return Reply{}, unknownAction(known, action)
}

func (d *dialect2) requestStart(ctx context.Context, r *ocpp21.RequestStartTransactionRequest) Reply {
	g := grant{token: Token{UID: r.IDToken.IDToken, Type: r.IDToken.Type}, remoteStartID: r.RemoteStartID}
	if r.ChargingProfile != nil {
		g.profile = new(profile2(*r.ChargingProfile))
	}
	accepted, id, then := d.s.remoteStart(ctx, value(r.EVSEID), g)
	return Reply{Message: &ocpp21.RequestStartTransactionResponse{Status: startStop2(accepted), TransactionID: optional(id)}, Then: then}
}

func (d *dialect2) requestStop(r *ocpp21.RequestStopTransactionRequest) Reply {
	accepted, then := d.s.remoteStop(called(r.TransactionID))
	return Reply{Message: &ocpp21.RequestStopTransactionResponse{Status: startStop2(accepted)}, Then: then}
}

func startStop2(accepted bool) ocpp21.RequestStartStopStatus {
	if accepted {
		return ocpp21.RequestStartStopStatusAccepted
	}
	return ocpp21.RequestStartStopStatusRejected
}

func (d *dialect2) getTransactionStatus(r *ocpp21.GetTransactionStatusRequest) Reply {
	response := &ocpp21.GetTransactionStatusResponse{}
	for _, p := range d.s.outbox.parcels {
		if p.kept && (r.TransactionID == nil || p.about != nil && p.about.TransactionID == *r.TransactionID) {
			response.MessagesInQueue = true
		}
	}
	if r.TransactionID != nil {
		response.OngoingIndicator = new(d.s.with(called(*r.TransactionID)) != nil)
	}
	return Reply{Message: response}
}

func (d *dialect2) reset(ctx context.Context, r *ocpp21.ResetRequest) Reply {
	result, then := d.s.reset(ctx, reset{
		why:      endReset,
		evse:     value(r.EVSEID),
		whenIdle: r.Type == ocpp21.ResetOnIdle,
		resumes:  r.Type == ocpp21.ResetImmediateAndResume,
	})
	return Reply{Message: &ocpp21.ResetResponse{Status: ocpp21.ResetStatus(result)}, Then: then}
}

func (d *dialect2) triggerMessage(r *ocpp21.TriggerMessageRequest) Reply {
	evseID := 0
	if r.EVSE != nil {
		evseID = r.EVSE.ID
	}
	status, then := ocpp21.TriggerMessageStatusAccepted, func() {}
	one := func(p func() *parcel) func() { return d.s.trigger(func() []*parcel { return []*parcel{p()} }) }
	switch r.RequestedMessage {
	case ocpp21.MessageTriggerBootNotification:
		if d.s.accepted { // F06.FR.17
			return Reply{Message: &ocpp21.TriggerMessageResponse{Status: ocpp21.TriggerMessageStatusRejected}}
		}
		then = d.s.triggerBoot()
	case ocpp21.MessageTriggerHeartbeat:
		then = d.s.triggerHeartbeat()
	case ocpp21.MessageTriggerStatusNotification:
		then = d.s.triggerStatus(evseID)
	case ocpp21.MessageTriggerMeterValues:
		then = d.s.readNow(evseID)
	case ocpp21.MessageTriggerTransactionEvent:
		then = d.s.sampleNow(evseID)
	case ocpp21.MessageTriggerFirmwareStatusNotification:
		then = one(d.s.firmwareParcel)
	case ocpp21.MessageTriggerLogStatusNotification:
		then = one(func() *parcel { return d.s.logParcel(false) })
	default:
		status = ocpp21.TriggerMessageStatusNotImplemented
	}
	if d.s.those(evseID) == nil {
		status, then = ocpp21.TriggerMessageStatusRejected, nil
	}
	return Reply{Message: &ocpp21.TriggerMessageResponse{Status: status}, Then: then}
}

func (d *dialect2) changeAvailability(r *ocpp21.ChangeAvailabilityRequest) Reply {
	evseID := 0
	if r.EVSE != nil {
		evseID = r.EVSE.ID
	}
	result, then := d.s.changeAvailability(evseID, r.OperationalStatus == ocpp21.OperationalStatusOperative)
	return Reply{Message: &ocpp21.ChangeAvailabilityResponse{Status: ocpp21.ChangeAvailabilityStatus(result)}, Then: then}
}

// unlock opens the lock, but not during a transaction: F05.FR.02.
func (d *dialect2) unlock(r *ocpp21.UnlockConnectorRequest) Reply {
	status := ocpp21.UnlockStatusUnlocked
	switch e := d.s.evse(r.EVSEID); {
	case e == nil || r.ConnectorID != 1:
		status = ocpp21.UnlockStatusUnknownConnector
	case e.tx != nil:
		status = ocpp21.UnlockStatusOngoingAuthorizedTransaction
	default:
		status = ocpp21.UnlockStatus(d.s.unlock(e))
	}
	return Reply{Message: &ocpp21.UnlockConnectorResponse{Status: status}}
}

func (d *dialect2) reserveNow(r *ocpp21.ReserveNowRequest) Reply {
	booking := reservation{id: r.ID, token: Token{UID: r.IDToken.IDToken, Type: r.IDToken.Type}, expires: timeOf(&r.ExpiryDateTime)}
	if r.GroupIDToken != nil {
		booking.group = r.GroupIDToken.IDToken
	}
	if kind := value(r.ConnectorType); kind != "" && kind != d.s.config.Hardware.Connector {
		return Reply{Message: &ocpp21.ReserveNowResponse{Status: ocpp21.ReserveNowStatusRejected}}
	}
	outcome, then := d.s.reserve(value(r.EVSEID), booking)
	return Reply{Message: &ocpp21.ReserveNowResponse{Status: ocpp21.ReserveNowStatus(outcome)}, Then: then}
}

func (d *dialect2) cancelReservation(r *ocpp21.CancelReservationRequest) Reply {
	found, then := d.s.cancelReservation(r.ReservationID)
	status := ocpp21.CancelReservationStatusRejected
	if found {
		status = ocpp21.CancelReservationStatusAccepted
	}
	return Reply{Message: &ocpp21.CancelReservationResponse{Status: status}, Then: then}
}

func (d *dialect2) clearCache(*ocpp21.ClearCacheRequest) Reply {
	if !d.s.settings.is(cacheEnabled) {
		return Reply{Message: &ocpp21.ClearCacheResponse{Status: ocpp21.ClearCacheStatusRejected}}
	}
	return Reply{Message: &ocpp21.ClearCacheResponse{Status: ocpp21.ClearCacheStatusAccepted}, Then: d.s.locked(d.s.forget)}
}

func (d *dialect2) getLocalListVersion(*ocpp21.GetLocalListVersionRequest) Reply {
	version := d.s.tokens.version
	if !d.s.settings.is(listEnabled) {
		version = 0 // there is no list
	}
	return Reply{Message: &ocpp21.GetLocalListVersionResponse{VersionNumber: version}}
}

func (d *dialect2) sendLocalList(r *ocpp21.SendLocalListRequest) Reply {
	if !d.s.settings.is(listEnabled) {
		return Reply{Message: &ocpp21.SendLocalListResponse{Status: ocpp21.SendLocalListStatusFailed}}
	}
	u := listUpdate{version: r.VersionNumber, full: r.UpdateType == ocpp21.UpdateFull}
	for _, at := range r.LocalAuthorizationList {
		listed := listEntry{uid: at.IDToken.IDToken}
		if at.IDTokenInfo != nil {
			listed.verdict = new(verdict2(*at.IDTokenInfo))
		}
		u.entries = append(u.entries, listed)
	}
	return Reply{Message: &ocpp21.SendLocalListResponse{Status: ocpp21.SendLocalListStatus(d.s.updateList(u))}}
}

// dataTransfer answers a vendor that the station knows, its own, and no other.
func (d *dialect2) dataTransfer(r *ocpp21.DataTransferRequest) Reply {
	status := ocpp21.DataTransferStatusUnknownVendorId
	if r.VendorID == d.s.config.Hardware.Vendor {
		status = ocpp21.DataTransferStatusUnknownMessageId
	}
	return Reply{Message: &ocpp21.DataTransferResponse{Status: status}}
}
