package store

import (
	"database/sql/driver"
	"strings"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/event"
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/token"
	"pylon/internal/kernel/ident"
)

// The rows. A field that is added to a domain type gets a line here and a
// column in a new migration, nothing else.

// owned is a row of a station whose type does not name its organisation.
type owned[T any] struct {
	org ident.OrganisationID
	row T
}

var organisations = table[account.Organisation]{"organisations", 1, 1, func(to []column, o *account.Organisation) []column {
	return append(to,
		text("org", &o.ID),
		text("slug", &o.Slug),
		text("name", &o.Name),
		text("country", &o.Country),
		text("currency", &o.Currency),
		text("time_zone", &o.TimeZone),
		always("created_at", &o.CreatedAt),
		number("version", &o.Version),
		flag("is_first", &o.First),
	)
}}

// keys leaves out last_used_at, which is written in bulk: see [keysUsed].
var keys = table[account.Key]{"api_keys", 1, 2, func(to []column, k *account.Key) []column {
	return append(to,
		text("id", &k.ID),
		text("org", &k.Organisation),
		text("name", &k.Name),
		digest(&k.Hash),
		text("hint", &k.Hint),
		doc("scopes", &k.Scopes),
		when("expires_at", &k.ExpiresAt),
		when("revoked_at", &k.RevokedAt),
		always("created_at", &k.CreatedAt),
		number("version", &k.Version),
	)
}}

var sites = table[site.Site]{"sites", 1, 2, func(to []column, s *site.Site) []column {
	return append(to,
		text("id", &s.ID),
		text("org", &s.Organisation),
		text("name", &s.Name),
		text("country", &s.Country),
		text("time_zone", &s.TimeZone),
		text("address", &s.Address),
		text("city", &s.City),
		text("postal_code", &s.PostalCode),
		text("latitude", &s.Latitude),
		text("longitude", &s.Longitude),
		always("created_at", &s.CreatedAt),
		number("version", &s.Version),
	)
}}

var templates = table[station.Template]{"templates", 1, 2, func(to []column, t *station.Template) []column {
	return append(to,
		text("id", &t.ID),
		text("org", &t.Organisation),
		text("vendor", &t.Vendor),
		text("model", &t.Model),
		text("firmware", &t.Firmware),
		doc("quirks", &t.Quirks),
		doc("settings", &t.Settings),
		text("reboot", &t.Reboot),
		number("version", &t.Version),
	)
}}

var tokens = table[token.Token]{"tokens", 1, 2, func(to []column, t *token.Token) []column {
	return append(to,
		text("id", &t.ID),
		text("org", &t.Organisation),
		text("uid", &t.UID),
		derived("uid_key", token.Key(t.UID)),
		text("type", &t.Type),
		text("status", &t.Status),
		text("group_uid", &t.Group),
		derived("group_key", token.Key(t.Group)),
		text("label", &t.Label),
		text("customer", &t.Customer),
		text("cost_centre", &t.CostCentre),
		when("valid_from", &t.ValidFrom),
		when("expires_at", &t.ExpiresAt),
		number("max_sessions", &t.MaxSessions),
		number("running", &t.Running),
		when("seen_at", &t.SeenAt),
		text("seen_station", &t.SeenStation),
		always("created_at", &t.CreatedAt),
		number("version", &t.Version),
	)
}}

var stations = table[station.Station]{"stations", 1, 4, func(to []column, s *station.Station) []column {
	return append(to,
		text("id", &s.ID),
		text("org", &s.Organisation),
		text("identity", &s.Identity),
		always("created_at", &s.CreatedAt),
		text("site", &s.Site),
		text("name", &s.Name),
		text("registration", &s.Registration),
		flag("automation", &s.Automation),
		number("security_profile", &s.SecurityProfile),
		doc("secrets", &s.Secrets),
		text("ocpp", &s.OCPP),
		text("vendor", &s.Vendor),
		text("model", &s.Model),
		text("serial", &s.Serial),
		text("firmware", &s.Firmware),
		text("iccid", &s.ICCID),
		text("imsi", &s.IMSI),
		text("meter_type", &s.MeterType),
		text("meter_serial", &s.MeterSerial),
		text("boot_reason", &s.BootReason),
		when("booted_at", &s.BootedAt),
		doc("quirks", &s.Quirks),
		text("template", &s.Template),
		number("last_transaction", &s.LastTransaction),
		number("version", &s.Version),
		derived("search", strings.ToLower(strings.Join([]string{string(s.Identity), s.Name, s.Vendor, s.Model, s.Serial}, "\n"))),
	)
}}

// links has no epoch among its columns: only taking the next one changes it.
var links = table[station.Link]{"links", 1, 1, func(to []column, l *station.Link) []column {
	return append(to,
		text("station", &l.Station),
		text("node", &l.Node),
		flag("online", &l.Online),
		when("since", &l.Since),
		text("ocpp", &l.OCPP),
		number("profile", &l.Profile),
		when("last_seen", &l.LastSeen),
		text("remote_addr", &l.RemoteAddr),
		text("close_reason", &l.CloseReason),
	)
}}

var connectors = table[owned[station.Connector]]{"connectors", 3, 4, func(to []column, o *owned[station.Connector]) []column {
	c := &o.row
	return append(to,
		text("station", &c.Station),
		number("evse", &c.EVSE),
		number("connector", &c.Connector),
		text("org", &o.org),
		text("status", &c.Status),
		when("since", &c.Since),
		when("reported_at", &c.ReportedAt),
		when("taken_at", &c.TakenAt),
		text("error_code", &c.ErrorCode),
		text("info", &c.Info),
		text("vendor_id", &c.VendorID),
		text("vendor_error", &c.VendorError),
		number("version", &c.Version),
	)
}}

var intervals = table[owned[station.Interval]]{"intervals", 4, 5, func(to []column, o *owned[station.Interval]) []column {
	i := &o.row
	return append(to,
		text("station", &i.Station),
		number("evse", &i.EVSE),
		number("connector", &i.Connector),
		always("from_at", &i.From),
		text("org", &o.org),
		text("status", &i.Status),
		text("error_code", &i.ErrorCode),
		when("to_at", &i.To),
	)
}}

// sessions is what a session is; what a reading moves stands in [progress].
var sessions = table[session.Session]{"sessions", 2, 3, func(to []column, s *session.Session) []column {
	return append(to,
		text("station", &s.Station),
		text("id", &s.ID),
		text("org", &s.Organisation),
		text("site", &s.Site),
		number("evse", &s.EVSE),
		number("connector", &s.Connector),
		text("transaction_id", &s.TransactionID),
		text("status", &s.Status),
		text("token", &s.Token),
		text("method", &s.Method),
		text("group_uid", &s.Group),
		text("answer", &s.Answer),
		number("reservation_id", &s.ReservationID),
		number("remote_start_id", &s.RemoteStartID),
		text("stopped_by", &s.StoppedBy),
		always("started_at", &s.StartedAt),
		text("started_as_sent", &s.StartedAsSent),
		always("start_received_at", &s.StartReceivedAt),
		when("ended_at", &s.EndedAt),
		text("ended_as_sent", &s.EndedAsSent),
		when("end_received_at", &s.EndReceivedAt),
		lasting("clock_offset_us", &s.ClockOffset),
		text("time_zone", &s.TimeZone),
		text("country", &s.Country),
		doc("begin_register", &s.Begin),
		text("stop_reason", &s.StopReason),
		text("plug_in", &s.PlugIn),
		text("start_key", &s.StartKey),
		text("stop_key", &s.StopKey),
		text("tariff", &s.Tariff),
		text("ended_by", &s.EndedBy),
		text("evidence", &s.Evidence),
		when("token_at", &s.TokenAt),
		lasting("clock_now_us", &s.ClockNow),
		doc("aside", &s.Aside),
		derived("ended_energy_mwh", endedEnergy(s)),
	)
}}

// endedEnergy is a session's energy once it has ended, when nothing moves it
// any more: sums over many sessions need not look at their progress.
func endedEnergy(s *session.Session) driver.Value {
	if s.EndedAt.IsZero() {
		return nil
	}
	return int64(s.Energy)
}

// progress is the part of a session that a reading moves: the columns that
// [change.Set.Progress] writes.
var progress = table[session.Session]{"progress", 2, 3, func(to []column, s *session.Session) []column {
	return append(to,
		text("station", &s.Station),
		text("session", &s.ID),
		text("org", &s.Organisation),
		number("energy_mwh", &s.Energy),
		doc("last_register", &s.Last),
		number("power_w", &s.PowerW),
		when("power_at", &s.PowerAt),
		number("soc_permille", &s.StateOfCharge),
		text("charging_state", &s.ChargingState),
		when("state_since", &s.StateSince),
		text("state_cause", &s.StateCause),
		text("state_trigger", &s.StateTrigger),
		number("segment_no", &s.SegmentNo),
		number("last_seq_no", &s.LastSeqNo),
		number("frames", &s.Frames),
		number("noted", &s.Noted),
		when("last_event_at", &s.LastEventAt),
		when("heard_at", &s.HeardAt),
		when("read_at", &s.ReadAt),
		when("alive_at", &s.AliveAt),
		number("version", &s.Version),
	)
}}

var segments = table[owned[session.Segment]]{"segments", 3, 4, func(to []column, o *owned[session.Segment]) []column {
	s := &o.row
	return append(to,
		text("station", &s.Station),
		text("session", &s.Session),
		number("number", &s.Number),
		text("org", &o.org),
		text("state", &s.State),
		text("cause", &s.Cause),
		always("from_at", &s.From),
		when("to_at", &s.To),
		text("trigger_as_sent", &s.Trigger),
	)
}}

var findings = table[station.Finding]{"findings", 1, 3, func(to []column, f *station.Finding) []column {
	return append(to,
		text("id", &f.ID),
		text("org", &f.Organisation),
		text("station", &f.Station),
		text("session", &f.Session),
		text("code", &f.Code),
		text("detail", &f.Detail),
		text("action", &f.Action),
		blob("raw", &f.Raw),
		always("at", &f.At),
		when("resolved_at", &f.ResolvedAt),
	)
}}

var commands = table[command.Command]{"commands", 1, 3, func(to []column, c *command.Command) []column {
	return append(to,
		text("id", &c.ID),
		text("org", &c.Organisation),
		text("station", &c.Station),
		text("type", &c.Type),
		doc("input", &c.Input),
		text("action", &c.Action),
		blob("payload", &c.Payload),
		text("state", &c.State),
		flag("waits", &c.Wait),
		always("deadline", &c.Deadline),
		blob("result", &c.Result),
		text("error_code", &c.ErrorCode),
		text("error_detail", &c.ErrorDetail),
		text("by_key", &c.By),
		always("created_at", &c.CreatedAt),
		when("sent_at", &c.SentAt),
		when("finished_at", &c.FinishedAt),
		number("version", &c.Version),
	)
}}

var audits = table[account.Audit]{"audits", 1, 2, func(to []column, a *account.Audit) []column {
	return append(to,
		text("id", &a.ID),
		text("org", &a.Organisation),
		text("by_key", &a.By),
		text("by_name", &a.ByName),
		text("action", &a.Action),
		text("subject", &a.Subject),
		always("at", &a.At),
		text("detail", &a.Detail),
	)
}}

var idempotency = table[change.Idempotency]{"idempotency", 2, 2, func(to []column, i *change.Idempotency) []column {
	return append(to,
		text("org", &i.Organisation),
		text("key", &i.Key),
		blob("fingerprint", &i.Fingerprint),
		number("status", &i.Status),
		text("header", &i.Header),
		blob("body", &i.Body),
		always("at", &i.At),
	)
}}

var events = table[event.Recorded]{"events", 1, 1, func(to []column, e *event.Recorded) []column {
	return append(to,
		place("place", &e.Position),
		text("org", &e.Organisation),
		text("type", &e.Type),
		text("site", &e.Site),
		text("station", &e.Station),
		text("subject", &e.Subject),
		number("version", &e.Version),
		always("at", &e.At),
		raw("data", &e.JSON),
	)
}}
