package archive_test

import (
	"bytes"
	"syscall"
	"testing"
	"time"

	"pylon/internal/store/archive"
)

// benchRows is how many meter rows the benchmark has: a day of a thousand
// stations that charge for eight hours, a reading every half minute.
const benchRows = 1_000_000

// meterRows puts rows like those of meter readings into a place: 60 bytes, of
// which half are new each time.
func meterRows(b *testing.B, at archive.Place) {
	b.Helper()
	prepare(b, at, newest(b))
	text := `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		INSERT INTO meter_frames (place, previous, at, station, session, number, org, body)
		SELECT 1099511627776 + i, 1099511627776 + i - 1000, 1772366400000000 + i * 1000, 'sta_01JD3K6X5M00000000000' || (i % 1000),
		'ses_01JD3K6X5M00000000000' || (i % 1000), i / 1000, 'org_01JD3K6X5M8Q2V7T9WBNCRFHYZ', `
	if at.DatabaseURL == "" {
		text += "CAST('{\"register\":\"Energy.Active.Im' AS BLOB) || randomblob(30) FROM n"
	} else {
		text += "CAST('{\"register\":\"Energy.Active.Im' AS BYTEA) || decode(substr(md5(CAST(i AS TEXT)) || md5(CAST(i + 1 AS TEXT)), 1, 60), 'hex') FROM n"
	}
	if _, err := open(b, at, false).ExecContext(b.Context(), text, benchRows); err != nil {
		b.Fatal(err)
	}
}

// cpu returns what this process has spent.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkMillionRows is a backup, its verification and its restore into the
// same kind of database. The CPU is this process's: SQLite's own is in it,
// PostgreSQL's is not.
func BenchmarkMillionRows(b *testing.B) {
	for name, place := range databases(b) {
		at := place()
		meterRows(b, at)
		var data []byte
		report := func(b *testing.B, used time.Duration) {
			b.Helper()
			seconds := b.Elapsed().Seconds() / float64(b.N)
			c, err := archive.Verify(bytes.NewReader(data))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(c.Rows())/seconds, "rows/s")
			b.ReportMetric(float64(c.Unpacked)/seconds/1e6, "MB/s")
			b.ReportMetric(float64(c.Packed)/float64(c.Rows()), "B/row")
			b.ReportMetric(used.Seconds()/float64(b.N), "cpu-s")
		}
		b.Run("backup/"+name, func(b *testing.B) {
			before := cpu(b)
			for b.Loop() {
				data = write(b, at)
			}
			report(b, cpu(b)-before)
		})
		b.Run("verify/"+name, func(b *testing.B) {
			before := cpu(b)
			for b.Loop() {
				if _, err := archive.Verify(bytes.NewReader(data)); err != nil {
					b.Fatal(err)
				}
			}
			report(b, cpu(b)-before)
		})
		b.Run("restore/"+name, func(b *testing.B) {
			before := cpu(b)
			for b.Loop() {
				b.StopTimer()
				to := place()
				b.StartTimer()
				if _, err := archive.Restore(b.Context(), bytes.NewReader(data), archive.RestoreOptions{To: to, Now: noon}); err != nil {
					b.Fatal(err)
				}
			}
			report(b, cpu(b)-before)
		})
	}
}
