// Package event is the vocabulary of the event log: what happened, in the
// words that webhooks, live streams and consumers share. An event is a row,
// written in the same database transaction as the change it tells of. Telemetry
// is no row but live: who missed it reads its subject.
package event

import (
	"time"

	"pylon/internal/kernel/ident"
)

// Type names what happened: noun.past_verb. Types are public and stable.
type Type string

// The types.
const (
	StationCreated      Type = "station.created"
	StationUpdated      Type = "station.updated"
	StationDeleted      Type = "station.deleted"
	StationConnected    Type = "station.connected"
	StationDisconnected Type = "station.disconnected"
	StationBooted       Type = "station.booted"
	StationDevice       Type = "station.device_changed" // its variables, what is desired of them, or how it stands to that
	StationAlerted      Type = "station.alerted"        // a security event or a finding that people should see
	ConnectorChanged    Type = "connector.status_changed"
	SessionStarted      Type = "session.started"
	SessionUpdated      Type = "session.updated"
	SessionCompleted    Type = "session.completed"
	SessionFailed       Type = "session.failed"
	SessionCorrected    Type = "session.corrected"    // it had ended, and what came late changed it: energy, end, who pays, or that it runs after all
	SessionCost         Type = "session.cost_updated" // what a running session has come to; only live
	FindingResolved     Type = "finding.resolved"     // something explains what a finding tells of
	TokenCreated        Type = "token.created"
	TokenUpdated        Type = "token.updated"
	TokenDeleted        Type = "token.deleted"
	TokenSeen           Type = "token.seen" // an unknown token was presented for the first time
	TemplateCreated     Type = "template.created"
	TemplateUpdated     Type = "template.updated"
	TemplateDeleted     Type = "template.deleted"
	TariffCreated       Type = "tariff.created"
	TariffUpdated       Type = "tariff.updated"
	TariffPublished     Type = "tariff.published" // its draft is an edition now, which prices what begins while it is valid
	TariffDeleted       Type = "tariff.deleted"
	AssignmentCreated   Type = "assignment.created" // of a tariff to places and drivers
	AssignmentUpdated   Type = "assignment.updated"
	AssignmentDeleted   Type = "assignment.deleted"
	SeriesCreated       Type = "series.created"
	SeriesUpdated       Type = "series.updated" // its points, or what it is for
	SeriesDeleted       Type = "series.deleted"
	SiteCreated         Type = "site.created"
	SiteUpdated         Type = "site.updated"
	SiteDeleted         Type = "site.deleted"
	OrganisationCreated Type = "organisation.created"
	OrganisationUpdated Type = "organisation.updated"
	KeyCreated          Type = "key.created"
	KeyUpdated          Type = "key.updated"
	KeyRevoked          Type = "key.revoked"
	CommandCreated      Type = "command.created"
	CommandUpdated      Type = "command.updated"
	CommandFinished     Type = "command.finished"
	JobCreated          Type = "job.created"
	JobUpdated          Type = "job.updated" // at most once a second while it runs
	JobFinished         Type = "job.finished"
	BillIssued          Type = "bill.issued" // or a credit note
	BillHeld            Type = "bill.held"   // no bill can be made of a session, and somebody has to look
	TabRetried          Type = "tab.retried" // what is held for one reason is settled again: a tab, or those behind one
	ReratingCreated     Type = "rerating.created"
	ReratingFinished    Type = "rerating.finished" // done, cancelled or failed
	ProfileUpdated      Type = "billing_profile.updated"
	CustomerCreated     Type = "customer.created"
	CustomerUpdated     Type = "customer.updated"
	CustomerDeleted     Type = "customer.deleted"
	PlanCreated         Type = "plan.created"
	PlanUpdated         Type = "plan.updated"
	PlanDeleted         Type = "plan.deleted"
	SubscriptionCreated Type = "subscription.created"
	SubscriptionUpdated Type = "subscription.updated" // paused, resumed or ended, perhaps later
	VoucherCreated      Type = "voucher.created"
	VoucherUpdated      Type = "voucher.updated"
	VoucherRedeemed     Type = "voucher.redeemed"  // a customer holds it
	StatementCreated    Type = "statement.created" // it takes the bills of a month
	StatementUpdated    Type = "statement.updated" // it takes those of another month, too, or waits for them
	StatementIssued     Type = "statement.issued"  // its invoice is there
	HostCreated         Type = "host.created"
	HostUpdated         Type = "host.updated"
	AgreementCreated    Type = "agreement.created" // with a host, about a site
	AgreementUpdated    Type = "agreement.updated" // its end
	SupplyCreated       Type = "supply.created"    // what the energy of a site costs
	SupplyUpdated       Type = "supply.updated"    // its end
	SettlementIssued    Type = "settlement.issued" // what a host is paid for a month
	SettlementPaid      Type = "settlement.paid"   // or a part of it
	EventFailed         Type = "event.failed"      // a consumer gave an event up: see [DeadLetter]
	EventSettled        Type = "event.settled"     // it was tried again, and went through
)

// Event is one entry of the log. A reader filters by organisation, site and
// station, and drops what has an older Version of the same Subject than it
// knows: between streams there is no order and an event may come twice.
type Event struct {
	Type         Type
	Organisation ident.OrganisationID
	Site         ident.SiteID    // "" when the subject has none
	Station      ident.StationID // "" when the subject has none
	Subject      string          // identifier of what changed
	Version      int64           // the subject's version after the change
	At           time.Time       // when it happened, by our clock
	Data         any             // a struct with snake_case JSON names; no names, no uids of people
	Live         bool            // it is told to who listens once its change is committed, and has no place in the log
}

// Position is a place in one stream of the log. Numbers in a stream have no
// gaps; streams have no order between them.
type Position struct {
	Stream string
	Number int64
}

// Recorded is an event with its place, which is zero when it is only live.
type Recorded struct {
	Position
	Event
	JSON []byte // Data as stored

	// Previous is the number of the event before it of its organisation in its
	// stream; 0: there is none, or nobody said. Only the live feed says it.
	Previous int64
}
