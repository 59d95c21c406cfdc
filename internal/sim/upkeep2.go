package sim

import (
	"fmt"
	"slices"
	"strings"

	"pylon/internal/kernel/unit"
	"pylon/internal/wire/ocpp21"
	"pylon/internal/wire/schema"
)

func (d *dialect2) updateFirmware(r *ocpp21.UpdateFirmwareRequest) Reply {
	u := update{requestID: r.RequestID, signed: r.Firmware.Signature != nil}
	replaced, then := d.s.updateFirmware(u, r.Firmware.Location, timeOf(&r.Firmware.RetrieveDateTime))
	status := ocpp21.UpdateFirmwareStatusAccepted
	if replaced {
		status = ocpp21.UpdateFirmwareStatusAcceptedCanceled
	}
	return Reply{Message: &ocpp21.UpdateFirmwareResponse{Status: status}, Then: then}
}

func (d *dialect2) getLog(r *ocpp21.GetLogRequest) Reply {
	replaced, then := d.s.uploadLog(upload{requestID: r.RequestID}, r.Log.RemoteLocation)
	status := ocpp21.LogStatusAccepted
	if replaced {
		status = ocpp21.LogStatusAcceptedCanceled
	}
	return Reply{Message: &ocpp21.GetLogResponse{Status: status, Filename: new(d.s.logName())}, Then: then}
}

func (d *dialect2) installCertificate(r *ocpp21.InstallCertificateRequest) Reply {
	outcome := d.s.installCertificate(string(r.CertificateType), r.Certificate)
	return Reply{Message: &ocpp21.InstallCertificateResponse{Status: ocpp21.InstallCertificateStatus(outcome)}}
}

func (d *dialect2) deleteCertificate(r *ocpp21.DeleteCertificateRequest) Reply {
	c := r.CertificateHashData
	outcome := d.s.deleteCertificate(newCertificateHash(c.IssuerNameHash, c.IssuerKeyHash, c.SerialNumber))
	return Reply{Message: &ocpp21.DeleteCertificateResponse{Status: ocpp21.DeleteCertificateStatus(outcome)}}
}

func (d *dialect2) getInstalledCertificates(r *ocpp21.GetInstalledCertificateIdsRequest) Reply {
	response := &ocpp21.GetInstalledCertificateIdsResponse{Status: ocpp21.GetInstalledCertificateStatusNotFound}
	var uses []string
	for _, use := range r.CertificateType {
		uses = append(uses, string(use))
	}
	for _, c := range d.s.certificatesFor(uses...) {
		response.Status = ocpp21.GetInstalledCertificateStatusAccepted
		response.CertificateHashDataChain = append(response.CertificateHashDataChain, ocpp21.CertificateHashDataChain{
			CertificateType: ocpp21.GetCertificateIDUse(c.use),
			CertificateHashData: ocpp21.CertificateHashData{
				HashAlgorithm: ocpp21.HashAlgorithmSHA256, IssuerNameHash: c.issuerName, IssuerKeyHash: c.issuerKey, SerialNumber: c.serial,
			},
		})
	}
	return Reply{Message: response}
}

func (d *dialect2) certificateSigned(r *ocpp21.CertificateSignedRequest) Reply {
	status := ocpp21.CertificateSignedStatusRejected
	if _, ok := hashOf(r.CertificateChain); ok {
		status = ocpp21.CertificateSignedStatusAccepted
	}
	return Reply{Message: &ocpp21.CertificateSignedResponse{Status: status}}
}

// networksMax is how many connection profiles a station keeps.
const networksMax = 3

// setNetworkProfile keeps a way to connect, which is used after a restart when its slot
// is the first in NetworkConfigurationPriority. Source: OCPP 2.x B09, B10.
func (d *dialect2) setNetworkProfile(r *ocpp21.SetNetworkProfileRequest) Reply {
	c := r.ConnectionData
	status := ocpp21.SetNetworkProfileStatusAccepted
	switch known := strings.HasPrefix(c.OCPPCSMSURL, "ws://") || strings.HasPrefix(c.OCPPCSMSURL, "wss://"); {
	case !known, r.ConfigurationSlot < 0 || r.ConfigurationSlot >= networksMax, c.SecurityProfile > securityProfileMax,
		c.OCPPTransport != ocpp21.OCPPTransportJSON:
		status = ocpp21.SetNetworkProfileStatusRejected
	case c.SecurityProfile < d.s.settings.number(securityProfile): // B09.FR.04
		status = ocpp21.SetNetworkProfileStatusRejected
	default:
		if d.s.networks == nil {
			d.s.networks = map[int]network{}
		}
		d.s.networks[r.ConfigurationSlot] = network{c.OCPPCSMSURL, value(c.BasicAuthPassword), c.SecurityProfile}
	}
	return Reply{Message: &ocpp21.SetNetworkProfileResponse{Status: status}}
}

// customerInformation tells, and clears, what the station knows of a token.
// Source: OCPP 2.x N09, N10.
func (d *dialect2) customerInformation(r *ocpp21.CustomerInformationRequest) Reply {
	if r.IDToken == nil {
		return Reply{Message: &ocpp21.CustomerInformationResponse{Status: ocpp21.CustomerInformationStatusInvalid}}
	}
	uid := strings.ToLower(r.IDToken.IDToken)
	data := ""
	if _, known := d.s.tokens.cache[uid]; known {
		data = fmt.Sprintf("%s is in the authorization cache", r.IDToken.IDToken)
	}
	if r.Clear {
		delete(d.s.tokens.cache, uid)
	}
	then := func() {}
	if r.Report {
		then = d.s.trigger(func() []*parcel {
			return []*parcel{{message: &ocpp21.NotifyCustomerInformationRequest{
				RequestID: r.RequestID, Data: data, GeneratedAt: schema.TimestampOf(d.s.time()),
			}}}
		})
	}
	return Reply{Message: &ocpp21.CustomerInformationResponse{Status: ocpp21.CustomerInformationStatusAccepted}, Then: then}
}

// displaysMax is how many messages a display holds.
const displaysMax = 10

func (d *dialect2) setDisplayMessage(r *ocpp21.SetDisplayMessageRequest) Reply {
	m := r.Message
	status := ocpp21.DisplayMessageStatusAccepted
	same := func(has ocpp21.MessageInfo) bool { return has.ID == m.ID }
	switch {
	case m.Message.Format != ocpp21.MessageFormatASCII && m.Message.Format != ocpp21.MessageFormatUTF8:
		status = ocpp21.DisplayMessageStatusNotSupportedMessageFormat
	case m.TransactionID != nil && d.s.with(called(*m.TransactionID)) == nil:
		status = ocpp21.DisplayMessageStatusUnknownTransaction
	case !slices.ContainsFunc(d.displays, same) && len(d.displays) == displaysMax:
		status = ocpp21.DisplayMessageStatusRejected
	default:
		d.displays = append(slices.DeleteFunc(d.displays, same), m)
	}
	return Reply{Message: &ocpp21.SetDisplayMessageResponse{Status: status}}
}

func (d *dialect2) getDisplayMessages(r *ocpp21.GetDisplayMessagesRequest) Reply {
	found := slices.DeleteFunc(slices.Clone(d.displays), func(m ocpp21.MessageInfo) bool {
		return len(r.ID) > 0 && !slices.Contains(r.ID, m.ID) ||
			r.Priority != nil && *r.Priority != m.Priority || r.State != nil && (m.State == nil || *r.State != *m.State)
	})
	if len(found) == 0 {
		return Reply{Message: &ocpp21.GetDisplayMessagesResponse{Status: ocpp21.GetDisplayMessagesStatusUnknown}}
	}
	send := d.s.trigger(func() []*parcel {
		return pages(found, func(_ int, page []ocpp21.MessageInfo, more *bool) schema.Message {
			return &ocpp21.NotifyDisplayMessagesRequest{RequestID: r.RequestID, MessageInfo: page, TBC: more}
		})
	})
	return Reply{Message: &ocpp21.GetDisplayMessagesResponse{Status: ocpp21.GetDisplayMessagesStatusAccepted}, Then: send}
}

func (d *dialect2) clearDisplayMessage(r *ocpp21.ClearDisplayMessageRequest) Reply {
	before := len(d.displays)
	d.displays = slices.DeleteFunc(d.displays, func(m ocpp21.MessageInfo) bool { return m.ID == r.ID })
	status := ocpp21.ClearMessageStatusAccepted
	if len(d.displays) == before {
		status = ocpp21.ClearMessageStatusUnknown
	}
	return Reply{Message: &ocpp21.ClearDisplayMessageResponse{Status: status}}
}

func (d *dialect2) notifyAllowedEnergyTransfer(r *ocpp21.NotifyAllowedEnergyTransferRequest) Reply {
	status := ocpp21.NotifyAllowedEnergyTransferStatusRejected
	if d.s.with(called(r.TransactionID)) != nil {
		status = ocpp21.NotifyAllowedEnergyTransferStatusAccepted
	}
	return Reply{Message: &ocpp21.NotifyAllowedEnergyTransferResponse{Status: status}}
}

// permille reads a state of charge in percent.
func permille(percent int) unit.Permille { return unit.Permille(min(max(percent, 0), 100)) * 10 }
