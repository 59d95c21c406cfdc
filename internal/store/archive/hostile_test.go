package archive_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"pylon/internal/store/archive"
)

// part is a part of a forged archive.
func part(letter byte, payload string) string {
	return string(binary.AppendUvarint([]byte{letter}, uint64(len(payload)))) + payload
}

// pack compresses what an archive unpacks to.
func pack(tb testing.TB, content ...string) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithWindowSize(1<<20))
	if err != nil {
		tb.Fatal(err)
	}
	for _, c := range content {
		if _, err := io.WriteString(w, c); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

const (
	headline = "pylon backup 1\n"
	manifest = `{"program":"x","schema":%d,"taken_at":"2026-03-01T12:00:00Z","database":"sqlite","frames":false}`
	tokens   = `{"name":"tokens","columns":[{"name":"id","kind":"TEXT"}]}`
)

func manifestOf(version int64) string { return part('M', fmt.Sprintf(manifest, version)) }

// empty fails the test when a restore that failed has left something.
func empty(t *testing.T, to archive.Place) {
	t.Helper()
	if to.DatabaseURL == "" {
		entries, err := os.ReadDir(to.Folder)
		if err != nil || len(entries) > 0 {
			t.Errorf("the folder has %v, %v; want nothing", entries, err)
		}
		return
	}
	var tables, schemas int
	err := open(t, to, false).QueryRowContext(t.Context(), `SELECT
		(SELECT COUNT(*) FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')),
		(SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name IN ('pylon_restoring', 'frames'))`).Scan(&tables, &schemas)
	if err != nil || tables+schemas > 0 {
		t.Errorf("the database has %d tables in %d schemas, %v; want none", tables, schemas, err)
	}
}

// What is no archive, or not whole, is said to be so, and leaves nothing behind.
func TestWhatIsNoArchive(t *testing.T) {
	version := newest(t)
	bad := map[string]struct {
		data []byte
		says string
	}{
		"nothing":                  {nil, "begins like this"},
		"a text":                   {[]byte("hello, I am a backup\n"), "begins like this"},
		"another compressed thing": {pack(t, "something of another program"), "begins like this"},
		"a newer format":           {pack(t, "pylon backup 2\n"), "newer Pylon"},
		"nothing behind the line":  {pack(t, headline), "ends in the middle"},
		"no manifest":              {pack(t, headline, part('T', tokens)), `'M' should be`},
		"a manifest of nonsense":   {pack(t, headline, part('M', "{")), "part 'M'"},
		"a newer schema":           {pack(t, headline, manifestOf(version+1)), "use a newer Pylon"},
		"no schema":                {pack(t, headline, manifestOf(0)), "version 0"},
		"a table of its own":       {pack(t, headline, manifestOf(version), part('T', `{"name":"evil\"; DROP TABLE tokens; --","columns":[{"name":"id","kind":"TEXT"}]}`)), "which Pylon has not"},
		"a table of the database":  {pack(t, headline, manifestOf(version), part('T', `{"name":"sqlite_schema","columns":[{"name":"name","kind":"TEXT"}]}`)), "which Pylon has not"},
		"a column of its own":      {pack(t, headline, manifestOf(version), part('T', `{"name":"tokens","columns":[{"name":"id) SELECT 1 --","kind":"TEXT"}]}`)), "which Pylon has not"},
		"a column twice":           {pack(t, headline, manifestOf(version), part('T', `{"name":"tokens","columns":[{"name":"id","kind":"TEXT"},{"name":"id","kind":"TEXT"}]}`)), "which Pylon has not"},
		"a column of another kind": {pack(t, headline, manifestOf(version), part('T', `{"name":"tokens","columns":[{"name":"id","kind":"BYTEA"}]}`)), "which Pylon has not"},
		"no columns":               {pack(t, headline, manifestOf(version), part('T', `{"name":"tokens","columns":[]}`)), "0 columns"},
		"a row that is too short":  {pack(t, headline, manifestOf(version), part('T', tokens), part('R', "\x01\x05abc")), "a row is damaged"},
		"a row of a huge text":     {pack(t, headline, manifestOf(version), part('T', tokens), part('R', "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")), "a row is damaged"},
		"a part of a terabyte":     {pack(t, headline, manifestOf(version), part('T', tokens), "R\x80\x80\x80\x80\x80\x20"), "at most"},
		"a part that is promised":  {pack(t, headline, manifestOf(version), part('T', tokens), "R\x80\x80\x80\x1e"), "ends in the middle"},
		"rows that the table does not take": {
			pack(t, headline, manifestOf(version), part('T', tokens), part('R', "\x01\x01a\x01\x01b"), part('E', "{}")), "tokens",
		},
		"no end of the table": {pack(t, headline, manifestOf(version), part('T', tokens), part('Z', "[]")), "no end"},
		"no tables":           {pack(t, headline, manifestOf(version), part('Z', "[]")), "0 tables"},
		"a wrong end":         {pack(t, headline, manifestOf(version), part('Z', `[{"table":"tokens","rows":1,"sha256":""}]`)), "does not tell"},
		"an unknown part":     {pack(t, headline, manifestOf(version), part('Q', "")), `'Q'`},
		"something behind":    {pack(t, headline, manifestOf(version), part('Z', "null"), "x"), "behind its end"},
	}
	targets := databases(t)
	for name, b := range bad {
		for into, target := range targets {
			if into == "postgresql" && !strings.HasPrefix(name, "a row") { // in the middle of a table; each takes a second there
				continue
			}
			t.Run(name+" into "+into, func(t *testing.T) {
				to := target()
				_, err := archive.Restore(t.Context(), bytes.NewReader(b.data), archive.RestoreOptions{To: to, Now: noon})
				if err == nil || !strings.Contains(err.Error(), b.says) {
					t.Errorf("got %v, want an error that says %q", err, b.says)
				}
				empty(t, to)
			})
		}
	}
}

// An archive that is cut anywhere, or in which any byte is another, is not taken
// for whole.
func TestEveryDamageIsSeen(t *testing.T) {
	at := databases(t)["sqlite"]()
	prepare(t, at, newest(t))
	random := rand.New(rand.NewPCG(7, 7))
	fill(t, at, random, 3)
	data := write(t, at)
	if _, err := archive.Verify(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	for range 300 {
		n := random.IntN(len(data))
		if _, err := archive.Verify(bytes.NewReader(data[:n])); !errors.Is(err, archive.ErrDamaged) {
			t.Fatalf("cut to %d of %d bytes: got %v", n, len(data), err)
		}
		other := bytes.Clone(data)
		other[n] ^= 1 << random.IntN(8)
		if c, err := archive.Verify(bytes.NewReader(other)); err == nil && !same(t, other, data) {
			t.Fatalf("byte %d of %d: whole, with %d rows", n, len(data), c.Rows())
		}
	}
	if _, err := archive.Verify(io.MultiReader(bytes.NewReader(data), bytes.NewReader(pack(t, "more")))); !errors.Is(err, archive.ErrDamaged) {
		t.Errorf("another stream behind it: got %v", err)
	}
}

// same reports whether two archives unpack to the same: there are bits in the
// headers of zstd that mean nothing.
func same(tb testing.TB, a, b []byte) bool {
	tb.Helper()
	r, err := zstd.NewReader(nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	one, err := r.DecodeAll(a, nil)
	if err != nil {
		return false
	}
	other, err := r.DecodeAll(b, nil)
	return err == nil && bytes.Equal(one, other)
}

// A little that unpacks to very much is given up early, and in little memory.
func TestABombIsGivenUp(t *testing.T) {
	var bomb bytes.Buffer
	w, err := zstd.NewWriter(&bomb, zstd.WithWindowSize(1<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Repeat("\x01\x00", 16<<20)
	for _, s := range []string{headline, manifestOf(newest(t)), part('T', tokens)} {
		if _, err := io.WriteString(w, s); err != nil {
			t.Fatal(err)
		}
	}
	for range 30 {
		if _, err := io.WriteString(w, part('R', rows)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = archive.Verify(&bomb)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "times its size") {
		t.Errorf("got %v, want that it unpacks to too much", err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 512<<20 {
		t.Errorf("%d MiB were needed to see it", grown>>20)
	}
}

// A restore that is called off leaves nothing, in the middle of a table too.
func TestARestoreThatIsCalledOff(t *testing.T) {
	at := databases(t)["sqlite"]()
	prepare(t, at, newest(t))
	fill(t, at, rand.New(rand.NewPCG(3, 3)), 200)
	data := write(t, at)
	for into, target := range databases(t) {
		t.Run(into, func(t *testing.T) {
			to := target()
			ctx, cancel := context.WithCancel(t.Context())
			half := io.MultiReader(bytes.NewReader(data[:len(data)/2]), callOff{cancel}, bytes.NewReader(data[len(data)/2:]))
			if _, err := archive.Restore(ctx, half, archive.RestoreOptions{To: to, Now: noon}); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want that it was called off", err)
			}
			empty(t, to)
			// What a killed restore left is in nobody's way.
			if to.DatabaseURL == "" {
				if err := os.WriteFile(filepath.Join(to.Folder, "pylon.db.restoring"), []byte("half"), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if _, err := open(t, to, false).ExecContext(t.Context(), "CREATE SCHEMA pylon_restoring; CREATE TABLE pylon_restoring.tokens (id TEXT)"); err != nil {
				t.Fatal(err)
			}
			if _, err := archive.Restore(t.Context(), bytes.NewReader(data), archive.RestoreOptions{To: to, Now: noon}); err != nil {
				t.Errorf("again: %v", err)
			}
		})
	}
}

// callOff is a reader that has nothing and calls off.
type callOff struct{ cancel context.CancelFunc }

func (c callOff) Read([]byte) (int, error) {
	c.cancel()
	return 0, io.EOF
}

// An archive of any version that was ever released gets the tables of today.
func TestArchivesOfOlderTables(t *testing.T) {
	for version := int64(1); version < newest(t); version++ {
		for from, source := range databases(t) {
			if from == "postgresql" && version != 4 { // the archives are the same
				continue
			}
			t.Run(fmt.Sprintf("version %d of %s", version, from), func(t *testing.T) {
				at := source()
				prepare(t, at, version)
				fill(t, at, rand.New(rand.NewPCG(uint64(version), 1)), 10)
				data := write(t, at)
				for into, target := range databases(t) {
					if into == "postgresql" && from != into {
						continue
					}
					to := target()
					if _, err := archive.Restore(t.Context(), bytes.NewReader(data), archive.RestoreOptions{To: to, Now: noon}); err != nil {
						t.Fatalf("into %s: %v", into, err)
					}
					only := func(t archive.Table) bool { return t.Name == "tokens" || t.Name == "events" }
					later := []string{"tokens.customer", "tokens.cost_centre"} // than the first version
					compare(t, contents(t, write(t, to), only, later...), contents(t, data, only, later...))
					run(t, to)
				}
			})
		}
	}
}

// A text that SQLite took and PostgreSQL does not is changed as the store would
// have, and keeps nobody from moving.
func TestATextThatPostgreSQLDoesNotTake(t *testing.T) {
	at := databases(t)["sqlite"]()
	prepare(t, at, newest(t))
	_, err := open(t, at, false).ExecContext(t.Context(), "INSERT INTO sites VALUES ($1, '', $2, '', '', '', '', '', '', '', 0, 1)", "sit_1", "a\x00b\xffc")
	if err != nil {
		t.Fatal(err)
	}
	to := databases(t)["postgresql"]()
	if _, err := archive.Restore(t.Context(), bytes.NewReader(write(t, at)), archive.RestoreOptions{To: to, Now: noon}); err != nil {
		t.Fatal(err)
	}
	var name string
	if err := open(t, to, false).QueryRowContext(t.Context(), "SELECT name FROM sites").Scan(&name); err != nil || name != "a\uFFFDb\uFFFDc" {
		t.Errorf("got %q, %v", name, err)
	}
}

// A backup goes to a new file, for its owner alone, that is there when it is whole.
func TestTheFile(t *testing.T) {
	at := databases(t)["sqlite"]()
	prepare(t, at, newest(t))
	folder := t.TempDir()
	path := filepath.Join(folder, "b")
	if _, err := archive.WriteFile(t.Context(), path, archive.Options{From: archive.Place{Folder: folder}, Now: noon}); err == nil {
		t.Error("a folder without a database was backed up")
	}
	if _, err := archive.WriteFile(t.Context(), path, archive.Options{From: at, Now: noon}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.WriteFile(t.Context(), path, archive.Options{From: at, Now: noon}); err == nil || !strings.Contains(err.Error(), "not written over") {
		t.Errorf("a second time: got %v", err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Fatalf("the folder has %v, %v; want the backup alone", entries, err)
	}
	if info, err := entries[0].Info(); err != nil || info.Mode() != 0o600 {
		t.Errorf("its mode is %v, %v; want that its owner alone reads it", info.Mode(), err)
	}
}
