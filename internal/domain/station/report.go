package station

import (
	"time"

	"pylon/internal/domain/event"
	"pylon/internal/kernel/ident"
)

// BootReport is what a station says of itself when it boots.
type BootReport struct {
	At          time.Time // ours
	OCPP        Version
	Vendor      string
	Model       string
	Serial      string
	Firmware    string
	ICCID       string
	IMSI        string
	MeterType   string
	MeterSerial string
	Reason      string // 2.x; "" for 1.6
}

// BootAnswer is what the station is told.
type BootAnswer struct {
	Registration Registration
	Interval     time.Duration // heartbeat when accepted, else the wait before the next boot
	At           time.Time
}

// StatusReport is what a station says of one connector, or of itself (EVSE 0).
type StatusReport struct {
	EVSE        int
	Connector   int
	Status      Status
	OccurredAt  time.Time // by the station's clock; zero when not said
	ReceivedAt  time.Time
	ErrorCode   string // 1.6; "" for NoError
	Info        string
	VendorID    string
	VendorError string
}

// StatusOutcome is what a status report changes.
type StatusOutcome struct {
	Connectors []Connector // changed ones
	Intervals  []Interval  // the one that ends, the one that begins
	Events     []event.Event
	Findings   []Finding
}

// ConnectorNotice is the data of a connector event.
type ConnectorNotice struct {
	EVSE      int    `json:"evse_id"`
	Connector int    `json:"connector_id"`
	Status    Status `json:"status"`
	ErrorCode string `json:"error_code,omitzero"`
	Since     string `json:"since"` // RFC 3339
}

// LinkNotice is the data of station.connected and station.disconnected.
type LinkNotice struct {
	Status string  `json:"status"` // online, offline
	Since  string  `json:"since"`
	OCPP   Version `json:"ocpp_version,omitzero"`
	Reason string  `json:"reason,omitzero"`
}

// Notice is the data of station.created, station.updated and
// station.deleted.
type Notice struct {
	ID              ident.StationID `json:"id"`
	Identity        ident.Identity  `json:"station_id"`
	Site            ident.SiteID    `json:"site_id,omitzero"`
	Name            string          `json:"name"`
	Registration    Registration    `json:"registration"`
	Automation      bool            `json:"automation"`
	SecurityProfile int             `json:"security_profile"`
	OCPP            Version         `json:"ocpp_version,omitzero"`
}

// NoticeOf returns what an event tells of st.
func NoticeOf(st Station) Notice {
	return Notice{
		ID: st.ID, Identity: st.Identity, Site: st.Site, Name: st.Name, Registration: st.Registration,
		Automation: st.Automation, SecurityProfile: st.SecurityProfile, OCPP: st.OCPP,
	}
}

// Patch is what an operator changes on a station; nil fields stay.
type Patch struct {
	Name            *string       `json:"name,omitzero"`
	Site            *string       `json:"site_id,omitzero"` // "" takes it off its site
	Registration    *Registration `json:"registration,omitzero"`
	Automation      *bool         `json:"automation,omitzero"`
	SecurityProfile *int          `json:"security_profile,omitzero"`
	Password        *string       `json:"password,omitzero"` // at once, not by a command to the station
	Quirks          *Quirks       `json:"quirks,omitzero"`
}
