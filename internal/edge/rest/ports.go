package rest

import (
	"context"
	"time"

	"pylon/internal/domain/account"
	"pylon/internal/domain/billing"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	"pylon/internal/domain/customer"
	"pylon/internal/domain/device"
	"pylon/internal/domain/event"
	"pylon/internal/domain/job"
	"pylon/internal/domain/ledger"
	"pylon/internal/domain/meter"
	"pylon/internal/domain/plan"
	"pylon/internal/domain/report"
	"pylon/internal/domain/rerating"
	"pylon/internal/domain/session"
	"pylon/internal/domain/signal"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/token"
	settle "pylon/internal/flow/billing"
	"pylon/internal/flow/fleet"
	"pylon/internal/kernel/ident"
	"pylon/internal/kernel/money"
	"pylon/internal/kernel/page"
	"pylon/internal/kernel/rating"
)

// Store is what rest reads. Look-ups that find nothing return an error of kind
// NotFound; a cursor that is not one of the list's is Invalid.
type Store interface {
	hostStore
	cdrStore

	Ping(ctx context.Context) error

	KeyByHash(ctx context.Context, hash [32]byte) (account.Key, account.Organisation, error)
	KeysUsed(ctx context.Context, at map[ident.KeyID]time.Time) error
	Key(ctx context.Context, org ident.OrganisationID, id ident.KeyID) (account.Key, error)
	Keys(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[account.Key], error)
	Audits(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[account.Audit], error)
	Idempotency(ctx context.Context, org ident.OrganisationID, key string) (change.Idempotency, error)

	Site(ctx context.Context, org ident.OrganisationID, id ident.SiteID) (site.Site, error)
	Sites(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[site.Site], error)
	Station(ctx context.Context, org ident.OrganisationID, ref string) (station.Detail, error)
	Stations(ctx context.Context, org ident.OrganisationID, f station.Filter, q page.Query) (page.Result[station.Detail], error)
	Template(ctx context.Context, org ident.OrganisationID, id ident.TemplateID) (station.Template, error)
	OwnTemplates(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[station.Template], error)
	Tariff(ctx context.Context, org ident.OrganisationID, id ident.TariffID) (tariff.Tariff, error)
	Tariffs(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[tariff.Tariff], error)
	Assignment(ctx context.Context, org ident.OrganisationID, id ident.AssignmentID) (tariff.Assignment, error)
	ListAssignments(ctx context.Context, org ident.OrganisationID, id ident.TariffID, q page.Query) (page.Result[tariff.Assignment], error)
	Signal(ctx context.Context, org ident.OrganisationID, id ident.SeriesID) (signal.Series, error)
	Signals(ctx context.Context, org ident.OrganisationID, f signal.Filter, q page.Query) (page.Result[signal.Series], error)
	ListPoints(ctx context.Context, id ident.SeriesID, from, to time.Time, q page.Query) (page.Result[signal.Point], error)
	Customer(ctx context.Context, org ident.OrganisationID, id ident.CustomerID) (customer.Customer, error)
	Customers(ctx context.Context, org ident.OrganisationID, f customer.Filter, q page.Query) (page.Result[customer.Customer], error)
	CustomerStatement(ctx context.Context, org ident.OrganisationID, id ident.StatementID) (customer.Statement, error)
	CustomerStatements(ctx context.Context, org ident.OrganisationID, f customer.StatementFilter, q page.Query) (page.Result[customer.Statement], error)
	Intervals(ctx context.Context, id ident.StationID, from, to time.Time, q page.Query) (page.Result[station.Interval], error)
	Findings(ctx context.Context, org ident.OrganisationID, f station.FindingFilter, q page.Query) (page.Result[station.Finding], error)
	Documents(ctx context.Context, id ident.StationID) (device.Model, error)
	Plan(ctx context.Context, id ident.StationID) (device.Plan, error)
	Desired(ctx context.Context, org ident.OrganisationID, f device.DesiredFilter, q page.Query) (page.Result[device.Wanted], error)
	DeviceChanges(ctx context.Context, id ident.StationID, f device.ChangeFilter, q page.Query) (page.Result[device.Change], error)
	Happenings(ctx context.Context, id ident.StationID, q page.Query) (page.Result[device.Happening], error)
	SearchVariables(ctx context.Context, org ident.OrganisationID, f device.Search, q page.Query) (page.Result[device.Found], error)
	StationFrames(ctx context.Context, id ident.StationID, evse int, from, to time.Time, q page.Query) (page.Result[meter.Frame], error)

	Token(ctx context.Context, org ident.OrganisationID, id ident.TokenID) (token.Token, error)
	TokenByUID(ctx context.Context, org ident.OrganisationID, uid string) (token.Token, error)
	Tokens(ctx context.Context, org ident.OrganisationID, f token.Filter, q page.Query) (page.Result[token.Token], error)

	Session(ctx context.Context, org ident.OrganisationID, id ident.SessionID) (session.View, error)
	Sessions(ctx context.Context, org ident.OrganisationID, f session.Filter, q page.Query) (page.Result[session.View], error)
	Segments(ctx context.Context, id ident.StationID, ses ident.SessionID) ([]session.Segment, error)
	Frames(ctx context.Context, id ident.StationID, ses ident.SessionID, q page.Query) (page.Result[meter.Frame], error)

	Command(ctx context.Context, org ident.OrganisationID, id ident.CommandID) (command.Command, error)
	Commands(ctx context.Context, org ident.OrganisationID, f command.Filter, q page.Query) (page.Result[command.Command], error)

	Job(ctx context.Context, org ident.OrganisationID, id ident.JobID) (job.Job, error)
	Jobs(ctx context.Context, org ident.OrganisationID, f job.Query, q page.Query) (page.Result[job.Job], error)
	Targets(ctx context.Context, id ident.JobID, states []job.TargetState, q page.Query) (page.Result[job.Target], error)

	Usage(ctx context.Context, org ident.OrganisationID, f report.Filter, q page.Query) (page.Result[report.Day], error)
	DeadLetters(ctx context.Context, org ident.OrganisationID, open bool, q page.Query) (page.Result[event.DeadLetter], error)

	Tab(ctx context.Context, id ident.SessionID) (billing.Tab, error)
	Bill(ctx context.Context, org ident.OrganisationID, id ident.BillID) (billing.Bill, error)
	Bills(ctx context.Context, org ident.OrganisationID, f billing.Filter, q page.Query) (page.Result[billing.Bill], error)
	Offer(ctx context.Context, org ident.OrganisationID, id ident.PlanID) (plan.Plan, error)
	Offers(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[plan.Plan], error)
	Subscription(ctx context.Context, org ident.OrganisationID, id ident.SubscriptionID) (plan.Subscription, error)
	Subscriptions(ctx context.Context, org ident.OrganisationID, f plan.Filter, q page.Query) (page.Result[plan.Subscription], error)
	Voucher(ctx context.Context, org ident.OrganisationID, id ident.VoucherID) (plan.Voucher, error)
	Vouchers(ctx context.Context, org ident.OrganisationID, f plan.VoucherFilter, q page.Query) (page.Result[plan.Voucher], error)
	Rerating(ctx context.Context, org ident.OrganisationID, id ident.ReratingID) (rerating.Rerating, error)
	Reratings(ctx context.Context, org ident.OrganisationID, q page.Query) (page.Result[rerating.Rerating], error)
	ReratingCustomers(ctx context.Context, id ident.ReratingID, q page.Query) (page.Result[rerating.CustomerSum], error)
	Differences(ctx context.Context, id ident.ReratingID, f rerating.Filter, q page.Query) (page.Result[rerating.Difference], error)

	Journal(ctx context.Context, org ident.OrganisationID, id ident.JournalID) (ledger.Record, error)
	Journals(ctx context.Context, org ident.OrganisationID, f ledger.Filter, q page.Query) (page.Result[ledger.Record], error)
	LedgerAccount(ctx context.Context, org ident.OrganisationID, id ident.AccountID) (ledger.Balance, error)
	LedgerAccounts(ctx context.Context, org ident.OrganisationID, f ledger.AccountFilter, q page.Query) (page.Result[ledger.Balance], error)
	Statement(ctx context.Context, org ident.OrganisationID, id ident.AccountID, q page.Query) (page.Result[ledger.Entry], error)
	TrialBalance(ctx context.Context, org ident.OrganisationID) ([]ledger.Sum, error)
	Series(ctx context.Context, org ident.OrganisationID) ([]ledger.Series, error)

	// EventsAfter returns events of org behind the given positions, in each
	// stream by number, at most limit of them; fewer say that there are no more. A
	// stream that is not named is done with when one that began after it is named,
	// and is else read from its beginning. A position whose followers are pruned is
	// Conflict events_pruned.
	EventsAfter(ctx context.Context, org ident.OrganisationID, after []event.Position, limit int) ([]event.Recorded, error)
	// Streams returns every stream that there is, oldest first. One that is there
	// shows that all older ones are, or have been.
	Streams(ctx context.Context) ([]event.Stream, error)
}

// Stations is what fleet does for a caller who wants something of a station.
type Stations interface {
	UpdateStation(ctx context.Context, by account.Actor, ref string, p station.Patch, version int64) (station.Detail, error)
	Command(ctx context.Context, by account.Actor, ref string, in fleet.NewCommand) (command.Command, error)
	AwaitCommand(ctx context.Context, by account.Actor, id ident.CommandID, enough func(command.Command) bool) (command.Command, error)
	CancelCommand(ctx context.Context, by account.Actor, id ident.CommandID) (command.Command, error)
	SetDesired(ctx context.Context, by account.Actor, ref string, w device.Wishes, tag int64) (device.Plan, error)
	RawCall(ctx context.Context, by account.Actor, ref, action string, body []byte) (fleet.RawResult, error)
}

// Desk settles sessions when somebody says so.
type Desk interface {
	Release(ctx context.Context, by account.Actor, id ident.SessionID, keep settle.Keep) (billing.Tab, error)
	TakeBack(ctx context.Context, by account.Actor, id ident.BillID, reason string, keep settle.Keep) (billing.Tab, error)
}

// Feed is the live feed of committed events.
type Feed interface {
	// Subscribe returns the events of org from now on, in each stream by number,
	// perhaps some twice. The Previous of each shows when one before it is lost.
	// The channel is closed when the subscriber is too far
	// behind, when something may be missing, and by cancel, which may be called
	// more than once: what is missing is in the store.
	Subscribe(org ident.OrganisationID) (events <-chan event.Recorded, cancel func())
}

// FrameLog is the frames that were exchanged with stations, newest first
// unless the query sorts by "at".
type FrameLog interface {
	Entries(ctx context.Context, id ident.StationID, f station.LogFilter, q page.Query) (page.Result[station.LogEntry], error)
}

// Press writes bills: the same document gives the same bytes.
type Press interface {
	HTML(d *billing.Document) ([]byte, error)
	PDF(d *billing.Document) ([]byte, error)
	// UBL writes an e-invoice. What breaks the rules of one is Conflict e_invoice_refused.
	UBL(d *billing.Document) ([]byte, error)
	// Policy is the Content-Security-Policy under which the HTML is served.
	Policy() string
	// Steps tells how an amount came about, a sentence for each step.
	Steps(steps []rating.Step, language string, zone *time.Location, currency money.Currency) ([]string, error)
}
