package framelog

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pylon/internal/kernel/page"
)

// openNode opens the log of one of several nodes.
func openNode(tb testing.TB, where Place, node int, c *setClock) *Log {
	tb.Helper()
	log, err := Open(tb.Context(), where.with(Options{Clock: c, Node: testNode(node)}))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := log.Close(); err != nil {
			tb.Error(err)
		}
	})
	return log
}

// Nodes is what holds where several nodes share a database.
func Nodes(t *testing.T, on func(testing.TB) Place) {
	for _, c := range []struct {
		name string
		test func(*testing.T, database)
	}{
		{"MakeTheTablesAtOnce", testMakeTheTablesAtOnce},
		{"SeeEachOther", testNodesSeeEachOther},
		{"MoveAStation", testAStationThatMoves},
		{"MergeWhatTheDeadLeft", testMergeWhatTheDeadLeft},
		{"KnowOfACommitLater", testACommitThatIsKnownLater},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, on) })
	}
}

func testMakeTheTablesAtOnce(t *testing.T, on database) {
	where := on(t)
	var nodes sync.WaitGroup
	for i := range 6 {
		nodes.Go(func() {
			log, err := Open(t.Context(), where.with(Options{Clock: &setClock{now: morning}, Node: testNode(i)}))
			if err != nil {
				t.Error(err)
				return
			}
			if err := log.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
}

// A frame is found on another node as soon as its own has written it, wherever
// it is by then.
func testNodesSeeEachOther(t *testing.T, on database) {
	where, now := on(t), &setClock{now: morning}
	one, other := openNode(t, where, 1, now), openNode(t, where, 2, now)
	one.Append(Entry{Station: testStation(1), At: morning, MessageID: "hello"})
	if got := all(t, other, testStation(1), Filter{}, 10); len(got) != 0 {
		t.Errorf("in memory: the other node got %v", got)
	}
	for _, place := range places[1:] {
		place.move(t, one)
		for _, log := range []*Log{one, other} {
			if got := all(t, log, testStation(1), Filter{}, 10); len(got) != 1 || got[0].MessageID != "hello" {
				t.Errorf("%s: %s got %v", place.name, log.disk.node, got)
			}
		}
	}
}

// A station goes from node to node, whose clocks differ, while blocks of both
// are written and merged and others talk: every page of every node has each
// frame once, in the order of Seq.
func testAStationThatMoves(t *testing.T, on database) {
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 3))
		where, now := on(t), &setClock{now: morning}
		nodes := []*Log{openNode(t, where, 1, now), openNode(t, where, 2, now), openNode(t, where, 3, now)}
		station, count := testStation(1), 0
		for range 30 {
			n := random.IntN(len(nodes))
			for range random.IntN(20) {
				at := now.now.Add(time.Duration(n*random.IntN(3)) * time.Second)
				nodes[n].Append(Entry{Station: station, At: at, MessageID: fmt.Sprint(count), Data: make([]byte, random.IntN(30_000))})
				nodes[n].Append(Entry{Station: testStation(2 + n), At: at})
				count++
				now.now = now.now.Add(time.Duration(random.IntN(2)) * time.Millisecond)
			}
			if random.IntN(2) == 0 {
				flush(t, nodes[n])
			}
			if random.IntN(4) == 0 {
				merge(t, nodes[n])
			}
		}
		for _, log := range nodes {
			flush(t, log)
		}
		for _, newest := range []bool{false, true} {
			for _, log := range nodes {
				got := all(t, log, station, Filter{Newest: newest}, 2+random.IntN(50))
				if len(got) != count {
					t.Fatalf("seed %d: got %d frames, want %d", seed, len(got), count)
				}
				ids := map[string]bool{}
				for i, r := range got {
					ids[r.MessageID] = true
					if i > 0 && r.Seq != got[i-1].Seq && (r.Seq > got[i-1].Seq) == newest {
						t.Fatalf("seed %d: frame %d comes after %d", seed, r.Seq, got[i-1].Seq)
					}
				}
				if len(ids) != count {
					t.Fatalf("seed %d: got %d different frames, want %d", seed, len(ids), count)
				}
			}
		}
	}
}

// Fresh blocks of a node that is gone become runs, once, however many nodes try.
func testMergeWhatTheDeadLeft(t *testing.T, on database) {
	where, now := on(t), &setClock{now: morning}
	dead := openNode(t, where, 1, now)
	const frames = 50
	for i := range frames {
		dead.Append(Entry{Station: testStation(i % 3), At: morning.Add(time.Duration(i) * time.Second), MessageID: fmt.Sprint(i)})
		flush(t, dead)
	}
	heirs := []*Log{openNode(t, where, 2, now), openNode(t, where, 3, now), openNode(t, where, 4, now)}
	fresh := func() (n int) {
		if err := heirs[0].disk.reader.QueryRow(`SELECT COUNT(*) FROM fresh_blocks`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	now.now = morning.Add(mergeAfter)
	if err := heirs[0].mergeLeft(t.Context()); err != nil || fresh() != frames {
		t.Fatalf("%d fresh blocks, %v: the node may be alive", fresh(), err)
	}
	now.now = morning.Add(leftAfter + time.Hour)
	var merging sync.WaitGroup
	for _, log := range heirs {
		merging.Go(func() {
			if err := log.mergeLeft(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	merging.Wait()
	if n := fresh(); n != 0 {
		t.Errorf("%d fresh blocks are left", n)
	}
	for station := range 3 {
		got := all(t, heirs[1], testStation(station), Filter{}, 10)
		if want := (frames - station + 2) / 3; len(got) != want {
			t.Errorf("station %d: got %d frames, want %d", station, len(got), want)
		}
	}
	// The node was alive after all: it sees that its blocks are merged and goes on.
	dead.clock = now
	if err := dead.mergeIfDue(t.Context()); err != nil || len(dead.fresh) != 0 {
		t.Errorf("the node that came back: %v, %d fresh blocks, want none", err, len(dead.fresh))
	}
	dead.Append(Entry{Station: testStation(0), At: now.now, MessageID: "again"})
	flush(t, dead)
	if got := all(t, heirs[0], testStation(0), Filter{Newest: true}, 1); got[0].MessageID != "again" {
		t.Errorf("got %v, want what it wrote since", got[0])
	}
}

// A block whose commit landed, though its node was told that it had not, is in
// memory and on the disk: its frames come once, and it is written once.
func testACommitThatIsKnownLater(t *testing.T, on database) {
	log := openNode(t, on(t), 1, &setClock{now: morning})
	for i := range 5 {
		log.Append(Entry{Station: testStation(1), At: morning, MessageID: fmt.Sprint(i)})
	}
	written := log.memory.take(true)
	if err := log.write(t.Context(), written); err != nil {
		t.Fatal(err)
	}
	log.fresh = nil
	log.memory.batches = slices.Insert(log.memory.batches, 0, written)
	log.memory.cost += written.cost
	for range 2 {
		for _, newest := range []bool{false, true} {
			if got := all(t, log, testStation(1), Filter{Newest: newest}, 2); len(got) != 5 {
				t.Errorf("got %d frames, want 5", len(got))
			}
		}
		flush(t, log)
	}
	var blocks int
	if err := log.disk.reader.QueryRow(`SELECT COUNT(*) FROM fresh_blocks`).Scan(&blocks); err != nil || blocks != 1 || len(log.fresh) != 1 {
		t.Errorf("got %d blocks, %v, %d known; want one", blocks, err, len(log.fresh))
	}
}

// Outage is a database that goes away and comes back: what fits into memory is
// written then, of the rest the log says how much it was.
func Outage(t *testing.T, where Place, kill, start func()) {
	log := openNode(t, where, 1, &setClock{now: morning})
	station := testStation(1)
	log.Append(Entry{Station: station, At: morning, MessageID: "before"})
	flush(t, log)
	if _, err := log.disk.writer.Exec(`CHECKPOINT`); err != nil { // its commit did not wait for the disk
		t.Fatal(err)
	}
	kill()
	const size = 64 << 10
	total := 0
	for range bufferMax/size + 200 {
		log.Append(Entry{Station: station, At: morning.Add(time.Duration(total) * time.Millisecond), Data: make([]byte, size)})
		if total++; total == 10 {
			if err := log.flush(t.Context()); err == nil {
				t.Error("written to a database that is away")
			}
		}
	}
	stats := log.Stats()
	if stats.Buffered > bufferMax || stats.Lost == 0 || stats.Written != 1 {
		t.Errorf("while it is away: got %+v", stats)
	}
	if _, err := log.Query(t.Context(), station, Filter{}, page.Query{}); err == nil {
		t.Error("a search said nothing of the database that is away")
	}
	start()
	flush(t, log)
	flush(t, log)
	stats = log.Stats()
	if want := 2 + int64(total) - stats.Lost; stats.Written != want || stats.Buffered != 0 {
		t.Errorf("afterwards: got %+v, want %d written: all but the lost, and a note", stats, want)
	}
	notes := all(t, log, station, Filter{Directions: []Direction{Note}}, 10)
	if want := fmt.Sprintf("%d frames since ", stats.Lost); len(notes) != 1 || notes[0].Type != TypeLost || !strings.HasPrefix(notes[0].Note, want) {
		t.Errorf("got notes %v, want %q", notes, want)
	}
	if got := all(t, log, station, Filter{}, page.Max); int64(len(got)) != stats.Written || got[0].MessageID != "before" {
		t.Errorf("got %d frames from %q, want %d", len(got), got[0].MessageID, stats.Written)
	}
}

// A file that was written before there were several nodes goes on.
func TestAFileOfBefore(t *testing.T) {
	where := Place{Path: filepath.Join(t.TempDir(), "frames.db")}
	log := openTest(t, where, &setClock{now: morning})
	log.Append(Entry{Station: testStation(1), At: morning, MessageID: "merged"})
	flush(t, log)
	merge(t, log)
	log.Append(Entry{Station: testStation(1), At: morning, MessageID: "fresh"})
	flush(t, log)
	asBefore(t, log.disk.writer)

	log = openTest(t, where, &setClock{now: morning})
	log.Append(Entry{Station: testStation(1), At: morning, MessageID: "now"})
	flush(t, log)
	if len(log.fresh) != 2 {
		t.Errorf("got %d fresh blocks, want that of before and one more", len(log.fresh))
	}
	merge(t, log)
	var ids []string
	for _, r := range all(t, log, testStation(1), Filter{}, 10) {
		ids = append(ids, r.MessageID)
	}
	if got := strings.Join(ids, " "); got != "merged fresh now" {
		t.Errorf("got %q", got)
	}
}

// asBefore makes the tables what they were without the node.
func asBefore(t *testing.T, db *sql.DB) {
	t.Helper()
	for _, text := range []string{
		`DROP INDEX merged_blocks_by_run`, `DROP INDEX merged_blocks_by_end`, `DROP INDEX merged_blocks_by_node`,
		`ALTER TABLE merged_blocks DROP COLUMN node`,
		`CREATE UNIQUE INDEX merged_blocks_by_place ON merged_blocks (run, part, first_station, last_station)`,
		`CREATE TABLE before AS SELECT first_seq, last_seq, first_us, frames, raw_bytes, stations, data FROM fresh_blocks`,
		`DROP TABLE fresh_blocks`,
		`CREATE TABLE fresh_blocks (first_seq BIGINT NOT NULL PRIMARY KEY, last_seq BIGINT NOT NULL, first_us BIGINT NOT NULL,
			frames BIGINT NOT NULL, raw_bytes BIGINT NOT NULL, stations BYTEA NOT NULL, data BYTEA NOT NULL)`,
		`INSERT INTO fresh_blocks SELECT * FROM before`,
		`DROP TABLE before`,
	} {
		if _, err := db.ExecContext(context.Background(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}
