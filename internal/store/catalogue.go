package store

import (
	"pylon/internal/domain/change"
)

// statement is a text that the writer prepares once.
type statement struct {
	id     int
	text   string
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

	owner                                 *statement
	guards, removals                      map[change.Kind]*statement
	organisations, sites, templates       versioned
	keys, tokens, stations, commands      versioned
	jobs, targets                         versioned
	connectors, progress                  versioned
	putInterval, putSegment, putFinding   *statement
	explain, openAgain                    *statement
	insertSession, updateSession          *statement
	insertLink, updateLink, takeLink      *statement
	removeLink, removeConnectors          *statement
	insertFrame, updateTail, progressTail *statement
	ensureSeries                          *statement
	insertEvent, insertAudit              *statement
	insertIdempotency                     *statement
	insertBlock, blocked, dropFrames      *statement
	seen, keyUsed, beat                   *statement
	endNode, endStreams                   *statement
	dropEvents, prunedEvents, dropStream  *statement
	dropIdempotency                       *statement
	begin, commit, rollback               *statement
	savepoint, rollbackTo, release        *statement
	mark                                  *statement
}

// versioned are the ways to write a row with a version.
type versioned struct{ insert, update *statement }

// kinds says where the rows of a kind stand and what identifies them.
var kinds = map[change.Kind]struct{ table, id string }{
	change.KindOrganisation: {"organisations", "org"},
	change.KindKey:          {"api_keys", "id"},
	change.KindSite:         {"sites", "id"},
	change.KindStation:      {"stations", "id"},
	change.KindToken:        {"tokens", "id"},
	change.KindCommand:      {"commands", "id"},
	change.KindTemplate:     {"templates", "id"},
	change.KindJob:          {"jobs", "id"},
}

func newCatalogue(d dialect, p packer) *catalogue {
	c := &catalogue{dialect: d, packer: p, guards: map[change.Kind]*statement{}, removals: map[change.Kind]*statement{}}
	c.owner = c.guard("links", "epoch", "station = $1 AND epoch = $2")
	for kind, k := range kinds {
		c.guards[kind] = c.guard(k.table, "version", k.id+" = $1 AND version = $2")
		c.removals[kind] = c.add("DELETE FROM " + k.table + " WHERE " + k.id + " = $1 AND version = $2")
	}
	c.guards[change.KindSession] = c.guard("progress", "version",
		"station = (SELECT station FROM sessions WHERE id = $1) AND session = $2 AND version = $3")

	c.organisations = versions(c, organisations)
	c.sites = versions(c, sites)
	c.templates = versions(c, templates)
	c.keys = versions(c, keys)
	c.tokens = versions(c, tokens)
	c.stations = versions(c, stations)
	c.commands = versions(c, commands)
	c.jobs = versions(c, jobs)
	c.targets = versions(c, targets)
	c.connectors = versions(c, connectors)
	c.progress = versions(c, progress)
	c.progressTail = c.add(progress.update("version", tail))
	c.insertSession = c.add(sessions.insert())
	c.updateSession = c.add(sessions.update(""))
	c.putInterval = c.add(intervals.upsert())
	c.putSegment = c.add(segments.upsert())
	c.putFinding = c.add(findings.upsert())
	c.explain = c.add("UPDATE findings SET resolved_at = $1 WHERE station = $2 AND session = $3 AND code = $4 AND resolved_at IS NULL")
	c.openAgain = c.add("UPDATE findings SET resolved_at = NULL WHERE station = $1 AND session = $2 AND code = $3")
	c.insertAudit = c.add(audits.insert())
	c.insertIdempotency = c.add(idempotency.insert())
	c.insertEvent = c.add(events.insert())
	c.insertEvent.counts = countEvents
	c.addLinks()
	c.addDevices()
	c.addFrames()
	c.addUpkeep()
	c.addTransactions()
	return c
}

// addLinks adds what changes the owner of a station.
func (c *catalogue) addLinks() {
	c.insertLink = c.add(`INSERT INTO links (station, org, epoch, node, online, ocpp, profile, remote_addr, close_reason)
		VALUES ($1, $2, 0, '', FALSE, '', 0, '', '')`)
	c.updateLink = c.add(links.update("epoch"))
	c.takeLink = c.add(links.update("", "epoch = epoch + 1") + " RETURNING epoch")
	c.takeLink.reads = true
	c.removeLink = c.add("DELETE FROM links WHERE station = $1")
	c.removeConnectors = c.add("DELETE FROM connectors WHERE station = $1")
	c.seen = c.add("UPDATE links SET last_seen = $1 WHERE station = $2 AND (last_seen IS NULL OR last_seen < $3)")
}

// tail makes a frame the last of its session, see frames.go.
const tail = `last_frame = ?, pending_since = CASE WHEN pending_since BETWEEN 1 AND ? THEN pending_since ELSE ? END`

// addFrames adds what keeps meter frames, see frames.go.
func (c *catalogue) addFrames() {
	c.insertFrame = c.add(`INSERT INTO meter_frames (place, previous, at, station, session, number, org, body)
		VALUES ($1, COALESCE((SELECT last_frame FROM progress WHERE station = $2 AND session = $3), 0), $4, $5, $6, $7, $8, $9)`)
	c.insertFrame.counts = countFrames
	c.updateTail = c.add(`UPDATE progress SET last_frame = $1,
		pending_since = CASE WHEN pending_since BETWEEN 1 AND $2 THEN pending_since ELSE $3 END
		WHERE station = $4 AND session = $5`)
	c.ensureSeries = c.add(progress.insert() + " ON CONFLICT (station, session) DO NOTHING")
	c.insertBlock = c.add(blocks.insert())
	c.blocked = c.add(`UPDATE progress SET blocked_frame = last_frame, pending_since = 0
		WHERE station = $1 AND session = $2 AND last_frame = $3 AND blocked_frame = $4`)
	c.dropFrames = c.add(`DELETE FROM meter_frames WHERE place > $1 AND place <= $2
		AND at < COALESCE((SELECT MIN(pending_since) FROM progress WHERE pending_since > 0), $3)`)
}

// addUpkeep adds leases, the log's end and what is written in bulk.
func (c *catalogue) addUpkeep() {
	c.keyUsed = c.add("UPDATE api_keys SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $3)")
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
}

func (c *catalogue) add(text string) *statement {
	s := &statement{id: len(c.all), text: c.dialect.text(text)}
	c.all = append(c.all, s)
	return s
}

// guard adds a statement that must find its row. Where it has to be an UPDATE,
// it writes column as it is.
func (c *catalogue) guard(table, column, where string) *statement {
	text, reads := c.dialect.guard(table, column, where)
	s := c.add(text)
	s.inert, s.reads = true, reads
	return s
}

// versions adds the ways to write the rows of t.
func versions[T any](c *catalogue, t table[T]) versioned {
	return versioned{insert: c.add(t.insert()), update: c.add(t.update("version"))}
}
