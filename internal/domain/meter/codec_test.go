package meter

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pylon/internal/kernel/decimal"
)

// numbers are ways to write a number that must come back as they were.
var numbers = []string{
	"0", "0.0", "-0", "-0.00", "12.50", "12345678.901", "-7", "1e3", "1E-3", "+5", "999999999999999999", "9999999999999999999",
	"0.000000000000000001", "230.10", "123456789012345678901234567890.5", "-0.5",
}

// sentTimes are ways to write a time that must come back as they were.
var sentTimes = []string{
	"", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.0Z", "2026-03-01T12:00:00.123Z", "2026-03-01T12:00:00.123456789Z",
	"2026-03-01T14:00:00+02:00", "2026-03-01T12:00:00.5-09:30", "2026-03-01T12:00:00-00:00", "2026-03-01T12:00:00", "yesterday",
	"2026-03-01t12:00:00z", "2026-03-01T12:00:00+2:00", "1970-01-01T00:00:00Z", "2026-03-01T12:00:00.1234567890Z", "2026-03-01T12:00:00.", "2026-03-01T12:00:00.Z",
}

func drawTime(t *rapid.T, name string) (time.Time, string) {
	text := rapid.SampledFrom(sentTimes).Draw(t, name)
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil && rapid.Bool().Draw(t, name+" said right") {
		return at.UTC().Truncate(time.Microsecond), text
	}
	us := rapid.Int64Range(-62135596800000000, 253402300799999999).Draw(t, name+" µs")
	return time.UnixMicro(us).UTC(), text
}

func drawDecimal(t *rapid.T, name string) decimal.Decimal {
	if rapid.Bool().Draw(t, name+" odd") {
		d, err := decimal.Parse(rapid.SampledFrom(numbers).Draw(t, name))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	return decimal.FromInt(rapid.Int64().Draw(t, name), rapid.IntRange(0, maxDigits).Draw(t, name+" scale"))
}

func drawWord(t *rapid.T, name string) string {
	if rapid.Bool().Draw(t, name+" known") {
		return rapid.SampledFrom(words[:]).Draw(t, name)
	}
	return rapid.String().Draw(t, name)
}

func drawSample(t *rapid.T) Sample {
	s := Sample{
		Measurand: drawWord(t, "measurand"), Context: drawWord(t, "context"), Phase: drawWord(t, "phase"),
		Location: drawWord(t, "location"), Unit: drawWord(t, "unit"), Multiplier: rapid.IntRange(-9, 9).Draw(t, "multiplier"),
		Value: drawDecimal(t, "value"),
	}
	s.At, s.AtAsSent = drawTime(t, "sample at")
	if rapid.Bool().Draw(t, "signed") {
		s.Signed = &SignedValue{
			Data: rapid.String().Draw(t, "data"), SigningMethod: drawWord(t, "method"),
			EncodingMethod: rapid.String().Draw(t, "encoding"), PublicKey: rapid.String().Draw(t, "key"),
		}
	}
	return s
}

func drawFrame(t *rapid.T) Frame {
	f := Frame{
		Number: rapid.Int64().Draw(t, "number"), EVSE: rapid.IntRange(0, 40).Draw(t, "evse"), Connector: rapid.IntRange(0, 4).Draw(t, "connector"),
		Source: Source(rapid.IntRange(0, 3).Draw(t, "source")), SeqNo: rapid.Int64Range(-1, 1<<31).Draw(t, "seq no"),
		Offline: rapid.Bool().Draw(t, "offline"), Answer: drawWord(t, "answer"),
	}
	f.OccurredAt, f.AsSent = drawTime(t, "occurred")
	f.ReceivedAt, _ = drawTime(t, "received")
	if rapid.Bool().Draw(t, "with digest") {
		f.Digest = rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, "digest")
	}
	f.Samples = rapid.SliceOfN(rapid.Custom(drawSample), 0, 6).Draw(t, "samples")
	for i := range f.Samples {
		if rapid.Bool().Draw(t, "time of the frame") {
			f.Samples[i].At, f.Samples[i].AtAsSent = f.OccurredAt, f.AsSent
		}
	}
	if len(f.Samples) == 0 {
		f.Samples = nil
	}
	return f
}

func TestFrameComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawFrame(t)
		got, err := ParseFrame(AppendFrame([]byte("before"), &want)[len("before"):])
		if err != nil {
			t.Fatal(err)
		}
		got.Number = want.Number // not part of it
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got\n%+v\nwant\n%+v", got, want)
		}
	})
}

func TestCodecKeepsMicroseconds(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))
	got, err := ParseFrame(AppendFrame(nil, &Frame{ReceivedAt: at, OccurredAt: at, AsSent: "2026-03-01T11:00:00.123456789Z"}))
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2026, 3, 1, 11, 0, 0, 123456000, time.UTC)
	if got.ReceivedAt != want || got.OccurredAt != want || got.AsSent != "2026-03-01T11:00:00.123456789Z" {
		t.Errorf("got %v, %v, %q, want %v twice and the words as sent", got.ReceivedAt, got.OccurredAt, got.AsSent, want)
	}
}

func TestPlainNumbers(t *testing.T) {
	for _, tt := range []struct {
		text  string
		plain bool
	}{
		{"0", true},
		{"12.50", true},
		{"-7", true},
		{"-0.5", true},
		{"999999999999999999", true},
		{"0.00", true},
		{"1000000000000000000", false},
		{"-0", false},
		{"-0.00", false},
		{"+5", false},
		{"1e3", false},
	} {
		digits, scale, ok := plain(tt.text)
		if ok != tt.plain {
			t.Errorf("plain(%s): got %v, want %v", tt.text, ok, tt.plain)
		}
		if got := decimal.FromInt(digits, scale).String(); ok && got != tt.text {
			t.Errorf("plain(%s) writes %s", tt.text, got)
		}
	}
}

// TestWordsStand pins what is in the database: the number of a word never changes.
func TestWordsStand(t *testing.T) {
	seen := map[string]bool{}
	for i, word := range words {
		if seen[word] {
			t.Errorf("word %d, %q, stands there twice", i, word)
		}
		seen[word] = true
	}
	for number, want := range map[int]string{0: "", 1: EnergyImportRegister, 5: PowerImport, 24: "Accepted", 73: "Blocked", len(words) - 1: "NotAtThisTime"} {
		if words[number] != want {
			t.Errorf("word %d: got %q, want %q", number, words[number], want)
		}
	}
}

// charge is n frames as a station sends them once a minute: energy, power,
// current and voltage, all with the time of their frame.
func charge(n int) []Frame {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	frames := make([]Frame, n)
	noise := uint64(1)
	jitter := func(below uint64) int64 {
		noise = noise*6364136223846793005 + 1442695040888963407
		return int64(noise >> 33 % below)
	}
	energy := int64(123_456_789)
	for i := range frames {
		at := start.Add(time.Duration(i) * time.Minute)
		digest := make([]byte, 16)
		for j := range digest {
			digest[j] = byte(jitter(256))
		}
		power := 10_900 + jitter(200)
		energy += power / 60
		frames[i] = Frame{
			Number: int64(i + 1), EVSE: 1, Connector: 1, Source: SourceUpdate, SeqNo: int64(i + 1), Digest: digest,
			ReceivedAt: at.Add(time.Duration(20_000+jitter(60_000)) * time.Microsecond), OccurredAt: at, AsSent: at.Format(time.RFC3339),
		}
		sample := func(measurand, phase, unit string, value int64, scale int) {
			frames[i].Samples = append(frames[i].Samples, Sample{
				At: at, AtAsSent: frames[i].AsSent, Measurand: measurand, Context: ContextPeriodic, Phase: phase, Location: "Outlet", Unit: unit,
				Value: decimal.FromInt(value, scale),
			})
		}
		sample(EnergyImportRegister, "", "Wh", energy, 0)
		sample(PowerImport, "", "W", power, 0)
		sample("Current.Import", "L1", "A", 1580+jitter(20), 2)
		sample("Voltage", "L1-N", "V", 2295+jitter(12), 1)
	}
	return frames
}

func FuzzParseFrame(f *testing.F) {
	for _, frame := range charge(3) {
		f.Add(AppendFrame(nil, &frame))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := ParseFrame(data)
		if err != nil {
			return
		}
		again, err := ParseFrame(AppendFrame(nil, &frame))
		if err != nil || !reflect.DeepEqual(again, frame) {
			t.Fatalf("got\n%+v, %v\nwant\n%+v", again, err, frame)
		}
	})
}

func TestDamagedFrameIsRefused(t *testing.T) {
	data := AppendFrame(nil, &charge(4)[0])
	parse := func(b []byte) error { _, err := ParseFrame(b); return err }
	refusesDamage(t, data, parse)
}

// refusesDamage tries data without its end, and with one byte too many.
func refusesDamage(t *testing.T, data []byte, parse func([]byte) error) {
	t.Helper()
	if err := parse(data); err != nil {
		t.Errorf("whole: %v", err)
	}
	for n := range data {
		if parse(data[:n]) == nil {
			t.Errorf("the first %d of %d bytes pass for the whole", n, len(data))
		}
	}
	if parse(append(bytes.Clone(data), 0)) == nil {
		t.Errorf("one byte too many passes")
	}
}

func BenchmarkAppendFrame(b *testing.B) {
	f := &charge(30)[29]
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendFrame(buf[:0], f)
	}
	b.ReportMetric(float64(len(buf))/float64(len(f.Samples)), "bytes/sample")
}

func BenchmarkParseFrame(b *testing.B) {
	data := AppendFrame(nil, &charge(30)[29])
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseFrame(data); err != nil {
			b.Fatal(err)
		}
	}
}
