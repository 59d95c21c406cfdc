package store

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"pylon/internal/domain/account"
	"pylon/internal/domain/change"
	"pylon/internal/domain/command"
	work "pylon/internal/domain/job" // "job" is what the committer writes
	"pylon/internal/domain/session"
	"pylon/internal/domain/site"
	"pylon/internal/domain/station"
	"pylon/internal/domain/tariff"
	"pylon/internal/domain/token"
)

// statement is a text that the writer prepares once. Their ids follow the order
// in which a job has them, so that a writer may run each of them once for many
// jobs.
type statement struct {
	id     int
	text   string
	key    int     // the argument, from 1, that orders the rows of many jobs as all nodes lock them; 0: any order will do
	sums   []int   // arguments, from 1, by which a row moves that key finds: those of many jobs are added up
	bulk   bool    // may be run for many jobs at once: its text is of the kind that [forMany] knows
	inert  bool    // changes nothing: a guard
	reads  bool    // is asked for a row instead of a count
	counts counter // takes the next number of its kind
}

// counter is a row of numbers that the committer gives out.
type counter uint8

const (
	countNothing counter = iota
	countEvents          // [fillEvent] is the next
	countFrames          // [fillFrame] is the next
)

// catalogue is every statement that writes.
type catalogue struct {
	dialect dialect
	packer  packer // of documents
	all     []*statement

	deviceStatements
	leaseStatements
	ledgerStatements
	billingStatements
	reratingStatements
	customerStatements
	hostStatements
	offerStatements
	signalStatements

	owner            *statement
	guards, removals map[change.Kind]*statement

	organisations versioned[account.Organisation]
	keys          versioned[account.Key]
	sites         versioned[site.Site]
	templates     versioned[station.Template]
	tariffs       versioned[tariff.Tariff]
	assignments   versioned[tariff.Assignment]
	tokens        versioned[token.Token]
	commands      versioned[command.Command]
	jobs          versioned[work.Job]
	targets       versioned[work.Target]
	stations      versioned[station.Station]
	connectors    versioned[owned[station.Connector]]
	progress      versioned[session.Session]

	putInterval, putSegment, putFinding   *statement
	insertEdition                         *statement
	resolve, explain, openAgain           *statement
	insertSession, updateSession          *statement
	insertLink, updateLink, takeLink      *statement
	removeLink, removeConnectors          *statement
	insertFrame, updateTail, progressTail *statement
	ensureSeries                          *statement
	insertEvent, insertAudit              *statement
	insertArrival                         *statement
	versionOfEvents                       int // among the columns of an event
	insertIdempotency                     *statement
	insertBlock, blocked, dropFrames      *statement
	seen, keyUsed, beat                   *statement
	endNode, endStreams                   *statement
	dropEvents, prunedEvents, dropStream  *statement
	dropIdempotency                       *statement
	begin, commit, rollback               *statement
	savepoint, rollbackTo, release        *statement
	mark, fence, openStream               *statement
}

// versioned are the ways to write rows that have a version.
type versioned[T any] struct {
	of             table[T]
	insert, update *statement
	version        int  // which of the columns it is
	shared         bool // they are of a kind: jobs of other callers may be about the same row
}

type kindsOfRows map[change.Kind]struct{ table, id string }

// kinds says where the rows of a kind stand and what identifies them, which is
// their first column.
var kinds = kindsOfRows{
	change.KindOrganisation: {"organisations", "org"},
	change.KindKey:          {"api_keys", "id"},
	change.KindSite:         {"sites", "id"},
	change.KindStation:      {"stations", "id"},
	change.KindToken:        {"tokens", "id"},
	change.KindCommand:      {"commands", "id"},
	change.KindTemplate:     {"templates", "id"},
	change.KindJob:          {"jobs", "id"},
	change.KindTariff:       {"tariffs", "id"},
	change.KindAssignment:   {"tariff_assignments", "id"},
	change.KindRerating:     {"reratings", "id"},
	change.KindCustomer:     {"customers", "id"},
	change.KindPlan:         {"plans", "id"},
	change.KindSubscription: {"subscriptions", "id"},
	change.KindPlanMonth:    {"plan_months", "id"},
	change.KindVoucher:      {"vouchers", "id"},
	change.KindRedemption:   {"redemptions", "id"},
	change.KindSeries:       {"series", "id"},
}

// newCatalogue makes the statements in the order of [catalogue.plan]: guards
// first, then what jobs of several stations share.
func newCatalogue(d dialect, p packer) *catalogue {
	c := &catalogue{dialect: d, packer: p, guards: map[change.Kind]*statement{}, removals: map[change.Kind]*statement{}}
	c.addTransactions()
	c.owner = c.guard("links", "epoch", "station = $1 AND epoch = $2")
	c.owner.key = 1
	c.addLeases()
	for kind := range kinds.inOrder {
		k := kinds[kind]
		c.guards[kind] = c.guard(k.table, "version", k.id+" = $1 AND version = $2")
		c.guards[kind].key = 1
	}
	c.guards[change.KindSession] = c.guard("progress", "version",
		"station = (SELECT station FROM sessions WHERE id = $1) AND session = $2 AND version = $3")
	c.guards[change.KindSession].key = 1
	c.tokens = versions(c, tokens)
	c.commands = versions(c, commands)
	c.targets = versions(c, targets)
	c.jobs = versions(c, jobs)
	c.organisations = versions(c, organisations)
	c.keys = versions(c, keys)
	c.sites = versions(c, sites)
	c.templates = versions(c, templates)
	c.tariffs = versions(c, tariffs)
	c.insertEdition = c.bulk(editions.insert())
	c.assignments = versions(c, assignments)
	for kind := range kinds.inOrder {
		k := kinds[kind]
		c.removals[kind] = c.add("DELETE FROM " + k.table + " WHERE " + k.id + " = $1 AND version = $2")
	}
	c.stations = versions(c, stations)
	c.addLinks()
	c.connectors = versions(c, connectors)
	c.addSessions()
	c.putInterval = c.bulk(intervals.upsert())
	c.putSegment = c.bulk(segments.upsert())
	c.addDevices()
	c.addConsumers()
	c.addBilling()
	c.addReratings()
	c.addCustomers()
	c.addOffers()
	c.addSignals()
	c.addHosts()
	c.addLedger()
	c.addRecords()
	c.addUpkeep()
	return c
}

// inOrder yields the kinds in the same order everywhere: nodes that lock rows in
// one order do not wait for each other in a circle.
func (k kindsOfRows) inOrder(yield func(change.Kind) bool) {
	for _, kind := range slices.Sorted(maps.Keys(k)) {
		if !yield(kind) {
			return
		}
	}
}

// addLinks adds what changes the owner of a station.
func (c *catalogue) addLinks() {
	c.insertLink = c.bulk(`INSERT INTO links (station, org, epoch, node, online, ocpp, profile, remote_addr, close_reason)
		VALUES ($1, $2, 0, '', FALSE, '', 0, '', '')`)
	c.takeLink = c.bulk(links.update("", "epoch = epoch + 1") + " RETURNING epoch")
	c.takeLink.reads = true
	c.updateLink = c.bulk(links.update("epoch"))
	c.takeLink.key, c.updateLink.key = links.keyOfUpdate(), links.keyOfUpdate()
	c.removeLink = c.add("DELETE FROM links WHERE station = $1")
	c.removeConnectors = c.add("DELETE FROM connectors WHERE station = $1")
	c.seen = c.bulk("UPDATE links SET last_seen = $1 WHERE station = $2 AND (last_seen IS NULL OR last_seen < $3)")
	c.seen.key = 2
}

// addSessions adds sessions and their frames: those that begin before their
// frames, those that go on behind them.
func (c *catalogue) addSessions() {
	c.insertSession = c.bulk(sessions.insert())
	c.progress = unwritten(progress)
	c.progress.insert = c.bulk(progress.insert())
	c.addFrames()
	c.progress.update = c.bulk(progress.update("version"))
	c.updateSession = c.bulk(sessions.update(""))
}

// addRecords adds what is told of a change.
func (c *catalogue) addRecords() {
	c.putFinding = c.bulk(findings.upsert())
	c.resolve = c.add("UPDATE findings SET resolved_at = $1 WHERE id = $2 AND resolved_at IS NULL")
	c.openAgain = c.add("UPDATE findings SET resolved_at = NULL WHERE station = $1 AND session = $2 AND code = $3")
	c.explain = c.add("UPDATE findings SET resolved_at = $1 WHERE station = $2 AND session = $3 AND code = $4 AND resolved_at IS NULL")
	c.insertAudit = c.bulk(audits.insert())
	c.insertIdempotency = c.bulk(idempotency.insert())
	c.insertEvent = c.bulk(events.insert())
	c.insertEvent.counts = countEvents
	c.insertArrival = c.bulk(c.arrival())
	c.insertArrival.counts = countEvents
}

// arrival returns INSERT of an event whose version is the epoch of its station: in
// the place of the version it takes the station.
func (c *catalogue) arrival() string {
	c.versionOfEvents = slices.Index(events.names(), "version")
	version := "$" + strconv.Itoa(c.versionOfEvents+1)
	return strings.Replace(events.insert(), version, "(SELECT epoch FROM links WHERE station = "+version+")", 1)
}

// tail makes a frame the last of its session, see frames.go.
const tail = `last_frame = ?, pending_since = CASE WHEN pending_since BETWEEN 1 AND ? THEN pending_since ELSE ? END`

// addFrames adds what keeps meter frames, see frames.go.
func (c *catalogue) addFrames() {
	c.ensureSeries = c.bulk(progress.insert() + " ON CONFLICT (station, session) DO NOTHING")
	c.insertFrame = c.bulk(`INSERT INTO meter_frames (place, previous, at, station, session, number, org, body)
		VALUES ($1, COALESCE((SELECT last_frame FROM progress WHERE station = $2 AND session = $3), 0), $4, $5, $6, $7, $8, $9)`)
	c.insertFrame.counts = countFrames
	c.updateTail = c.bulk(`UPDATE progress SET last_frame = $1,
		pending_since = CASE WHEN pending_since BETWEEN 1 AND $2 THEN pending_since ELSE $3 END
		WHERE station = $4 AND session = $5`)
	c.progressTail = c.bulk(progress.update("version", tail))
	c.insertBlock = c.bulk(blocks.insert())
	c.blocked = c.add(`UPDATE progress SET blocked_frame = last_frame, pending_since = 0
		WHERE station = $1 AND session = $2 AND last_frame = $3 AND blocked_frame = $4`)
	c.dropFrames = c.add(`DELETE FROM meter_frames WHERE place > $1 AND place <= $2
		AND at < COALESCE((SELECT MIN(pending_since) FROM progress WHERE pending_since > 0), $3)`)
}

// addUpkeep adds leases, the log's end and what is written in bulk.
func (c *catalogue) addUpkeep() {
	c.keyUsed = c.bulk("UPDATE api_keys SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $3)")
	c.keyUsed.key = 2
	c.beat = c.add("UPDATE nodes SET beat = beat + 1 WHERE node = $1 AND ended_at IS NULL")
	c.endNode = c.add("UPDATE nodes SET ended_at = $1 WHERE node = $2 AND ended_at IS NULL")
	c.endStreams = c.add("UPDATE streams SET ended_at = $1 WHERE node = $2 AND ended_at IS NULL")
	c.dropEvents = c.add("DELETE FROM events WHERE place > $1 AND place <= $2")
	c.prunedEvents = c.add("UPDATE streams SET pruned = $1 WHERE stream = $2 AND pruned < $3")
	c.dropStream = c.add(`DELETE FROM streams WHERE stream = $1 AND pruned = head AND ended_at < $2
		AND stream < (SELECT MAX(stream) FROM streams)`) // numbers are never given again
	c.dropIdempotency = c.add("DELETE FROM idempotency WHERE at < $1")
}

// addTransactions adds what stands around the jobs of a batch.
func (c *catalogue) addTransactions() {
	c.begin = c.add(c.dialect.begin)
	c.commit = c.add("COMMIT")
	c.rollback = c.add("ROLLBACK")
	c.savepoint = c.add("SAVEPOINT job")
	c.rollbackTo = c.add("ROLLBACK TO SAVEPOINT job")
	c.release = c.add("RELEASE SAVEPOINT job")
	c.mark = c.add("UPDATE streams SET head = $1, batches = $2 WHERE stream = $3 AND batches = $4 AND ended_at IS NULL")
	c.fence = c.add("UPDATE streams SET batches = batches + 2 WHERE stream = $1 RETURNING batches")
	c.fence.reads = true
	c.openStream = c.add(`INSERT INTO streams (stream, node, head, batches, pruned, started_at)
		SELECT COALESCE((SELECT MAX(stream) FROM streams), 0) + 1, node, 0, 0, 0, $1 FROM nodes WHERE node = $2 AND ended_at IS NULL
		RETURNING stream`)
	c.openStream.reads = true
}

func (c *catalogue) add(text string) *statement {
	s := &statement{id: len(c.all), text: c.dialect.text(text)}
	c.all = append(c.all, s)
	return s
}

// bulk adds a statement that may be run for many jobs at once.
func (c *catalogue) bulk(text string) *statement {
	s := c.add(text)
	s.bulk = true
	return s
}

// guard adds a statement that must find its row. Where it has to be an UPDATE,
// it writes column as it is.
func (c *catalogue) guard(table, column, where string) *statement {
	text, reads := c.dialect.guard(table, column, where)
	s := c.bulk(text)
	s.inert, s.reads = true, reads
	return s
}

// versions adds the ways to write the rows of t.
func versions[T any](c *catalogue, t table[T]) versioned[T] {
	v := unwritten(t)
	v.insert, v.update = c.bulk(t.insert()), c.bulk(t.update("version"))
	v.update.key = t.keyOfUpdate()
	return v
}

// unwritten returns what [write] must know of t, without the statements.
func unwritten[T any](t table[T]) versioned[T] {
	v := versioned[T]{of: t, version: slices.Index(t.names(), "version")}
	for _, k := range kinds {
		v.shared = v.shared || k.table == t.name
	}
	return v
}
