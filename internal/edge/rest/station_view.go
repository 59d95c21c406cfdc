package rest

import (
	"pylon/internal/domain/station"
)

// Station is a charging station: what people set, what it says of itself, and
// how it stands.
type Station struct {
	ID              string     `json:"id" example:"sta_01JD3K6X5M8Q2V7T9WBNCRFHYZ" doc:"Ours"`
	StationID       string     `json:"station_id" example:"CP-1" doc:"The OCPP identity, unique in the organisation"`
	Name            string     `json:"name" example:"Level 2, left"`
	SiteID          *string    `json:"site_id" example:"sit_01JD3K6X5M8Q2V7T9WBNCRFHYZ"`
	Registration    string     `json:"registration" enum:"accepted,pending,rejected"`
	Automation      string     `json:"automation" enum:"on,off" doc:"off: Pylon sends nothing by itself"`
	SecurityProfile int        `json:"security_profile" minimum:"0" maximum:"3" doc:"The least that is accepted"`
	HasPassword     bool       `json:"has_password"`
	OCPPVersion     *string    `json:"ocpp_version" enum:"1.6,2.0.1,2.1" doc:"Spoken last; null before the first connection"`
	Vendor          string     `json:"vendor"`
	Model           string     `json:"model"`
	Serial          string     `json:"serial"`
	Firmware        string     `json:"firmware"`
	ICCID           string     `json:"iccid"`
	IMSI            string     `json:"imsi"`
	MeterType       string     `json:"meter_type"`
	MeterSerial     string     `json:"meter_serial"`
	BootReason      string     `json:"boot_reason"`
	BootedAt        Time       `json:"booted_at"`
	Connection      Connection `json:"connection"`
	Controller      *Condition `json:"controller" doc:"What the station says of itself as a whole; null before it does"`
	EVSEs           []EVSE     `json:"evses"`
	Quirks          Quirks     `json:"quirks"`
	TemplateID      *string    `json:"template_id" doc:"Where the quirks are from; null: set at the station, or there are none"`
	CreatedAt       Time       `json:"created_at" nullable:"false"`
}

// Connection is how a station is connected, or since when it is not.
type Connection struct {
	Status          string  `json:"status" enum:"online,offline"`
	Since           Time    `json:"since"`
	LastSeenAt      Time    `json:"last_seen_at" doc:"May be a minute old"`
	OCPPVersion     *string `json:"ocpp_version" doc:"Of this connection, or of the last"`
	SecurityProfile int     `json:"security_profile" doc:"Of this connection, or of the last"`
	CloseReason     *string `json:"close_reason" doc:"Why the last connection ended"`
}

// Condition is a status with what is known about it.
type Condition struct {
	Status      string  `json:"status" enum:"unknown,available,occupied,preparing,charging,suspended_ev,suspended_evse,finishing,reserved,unavailable,faulted"`
	Since       Time    `json:"since"`
	ReportedAt  Time    `json:"reported_at" doc:"When the station last said so"`
	ErrorCode   *string `json:"error_code" doc:"OCPP 1.6; null when there is none"`
	Info        *string `json:"info"`
	VendorID    *string `json:"vendor_id"`
	VendorError *string `json:"vendor_error_code"`
}

// EVSE is a place where one car charges.
type EVSE struct {
	ID         int         `json:"id" example:"1"`
	Condition  *Condition  `json:"condition" doc:"What the station says of the EVSE as a whole; null when it does not"`
	Connectors []Connector `json:"connectors"`
}

// Connector is an outlet of an EVSE.
type Connector struct {
	ID int `json:"id" example:"1"`
	Condition
}

// Quirks are what a make of station does its own way, and what it is; they come
// from a template, or from whoever set them at the station.
type Quirks struct {
	Switches
	Outlets []Outlet `json:"outlets,omitzero" doc:"What connectors are, where the station does not say it: the entry that is about the fewest goes first"`
}

// Switches are quirks of a station as a whole.
type Switches struct {
	Lenient          *bool  `json:"lenient,omitzero" nullable:"false" doc:"Apply messages whose meaning is clear although they break the schema; left out: in OCPP 1.6 those that carry paid energy, else none"`
	SharedEVSE       bool   `json:"shared_evse,omitzero" doc:"OCPP 1.6: connectors are outlets of one EVSE"`
	Subprotocol      string `json:"subprotocol,omitzero" example:"ocpp1.6" doc:"The one that Pylon chooses when the station offers it: ocpp1.6, ocpp2.0.1 or ocpp2.1"`
	MeterUnit        string `json:"meter_unit,omitzero" example:"Wh" doc:"Of registers that name none: Wh or kWh"`
	ReversedTags     bool   `json:"reversed_tags,omitzero" doc:"The station sends the bytes of a card in reverse"`
	Phases           int    `json:"phases,omitzero" example:"3" doc:"1 or 3; 0: unknown"`
	MaxCurrentMA     int64  `json:"max_current_ma,omitzero" example:"32000" doc:"Rating of a phase, at most 10000000; 0: unknown"`
	HeartbeatSeconds int    `json:"heartbeat_seconds,omitzero" example:"300" doc:"Interval that the station is told, at most 86400; 0: Pylon's"`
}

// Outlet is what a connector is, or, where a number is left out, what each is.
type Outlet struct {
	EVSE      int    `json:"evse_id,omitzero" minimum:"0" doc:"Left out: each"`
	Connector int    `json:"connector_id,omitzero" minimum:"0" doc:"Of the EVSE; left out: each"`
	Type      string `json:"type,omitzero" maxLength:"64" example:"IEC_62196_T2_COMBO" doc:"OCPI's ConnectorType; left out: not known"`
	MaxPowerW int64  `json:"max_power_w,omitzero" minimum:"0" maximum:"1000000000" example:"150000" doc:"That the EVSE can give; left out: not known"`
}

// viewStation turns a station into what clients see. Where it connects from
// and who owns it stay inside.
func viewStation(d station.Detail) Station {
	controller, evses := viewEVSEs(d.Connectors)
	return Station{
		ID: string(d.ID), StationID: string(d.Identity), Name: d.Name, SiteID: orNull(d.Site),
		Registration: string(d.Registration), Automation: onOff(d.Automation), SecurityProfile: d.SecurityProfile,
		HasPassword: len(d.Secrets) > 0, OCPPVersion: orNull(d.Station.OCPP), Vendor: d.Vendor, Model: d.Model,
		Serial: d.Serial, Firmware: d.Firmware, ICCID: d.ICCID, IMSI: d.IMSI, MeterType: d.MeterType, MeterSerial: d.MeterSerial,
		BootReason: d.BootReason, BootedAt: Time{d.BootedAt}, Connection: viewConnection(d.Link),
		Controller: controller, EVSEs: evses, Quirks: viewQuirks(d.Quirks), TemplateID: orNull(d.Template), CreatedAt: Time{d.CreatedAt},
	}
}

func viewConnection(l station.Link) Connection {
	status := station.Offline
	if l.Online {
		status = station.Online
	}
	return Connection{
		Status: string(status), Since: Time{l.Since}, LastSeenAt: Time{l.LastSeen}, OCPPVersion: orNull(l.OCPP),
		SecurityProfile: l.Profile, CloseReason: orNull(l.CloseReason),
	}
}

// viewEVSEs sorts connectors, which come by EVSE and connector, below their
// EVSEs. EVSE 0 is the station itself, connector 0 its EVSE.
func viewEVSEs(connectors []station.Connector) (controller *Condition, evses []EVSE) {
	evses = []EVSE{}
	for _, c := range connectors {
		condition := viewCondition(c)
		if c.EVSE == 0 {
			controller = &condition
			continue
		}
		if len(evses) == 0 || evses[len(evses)-1].ID != c.EVSE {
			evses = append(evses, EVSE{ID: c.EVSE, Connectors: []Connector{}})
		}
		evse := &evses[len(evses)-1]
		if c.Connector == 0 {
			evse.Condition = &condition
			continue
		}
		evse.Connectors = append(evse.Connectors, Connector{ID: c.Connector, Condition: condition})
	}
	return controller, evses
}

func viewCondition(c station.Connector) Condition {
	return Condition{
		Status: string(c.Status), Since: Time{c.Since}, ReportedAt: Time{c.ReportedAt}, ErrorCode: orNull(c.ErrorCode),
		Info: orNull(c.Info), VendorID: orNull(c.VendorID), VendorError: orNull(c.VendorError),
	}
}

func viewQuirks(q station.Quirks) Quirks {
	return Quirks{Outlets: each(q.Outlets, viewOutlet), Switches: Switches{
		Lenient: q.Lenient, SharedEVSE: q.SharedEVSE, Subprotocol: q.Subprotocol, MeterUnit: q.MeterUnit, ReversedTags: q.ReversedTags,
		Phases: q.Phases, MaxCurrentMA: q.MaxCurrentMA, HeartbeatSeconds: q.HeartbeatSeconds,
	}}
}

func (w Switches) domain() station.Quirks {
	return station.Quirks{
		Lenient: w.Lenient, SharedEVSE: w.SharedEVSE, Subprotocol: w.Subprotocol, MeterUnit: w.MeterUnit, ReversedTags: w.ReversedTags,
		Phases: w.Phases, MaxCurrentMA: w.MaxCurrentMA, HeartbeatSeconds: w.HeartbeatSeconds,
	}
}

func viewOutlet(o *station.Outlet) Outlet {
	return Outlet{EVSE: o.EVSE, Connector: o.Connector, Type: o.Type, MaxPowerW: int64(o.MaxPower)}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// stationTag is a station's ETag: its version, and what moves by itself.
func stationTag(d station.Detail) string {
	online := int64(0)
	if d.Online {
		online = 1
	}
	moving := []int64{d.Epoch, online, d.Since.UnixMicro(), d.LastSeen.UnixMicro()}
	for _, c := range d.Connectors {
		moving = append(moving, c.Version, c.ReportedAt.UnixMicro())
	}
	return etag(d.Station.Version, moving...)
}
