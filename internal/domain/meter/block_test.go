package meter

import (
	"encoding/hex"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestBlockComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(drawFrame), 0, 8).Draw(t, "frames")
		want = append(want, want...) // series that go on
		for i := range want {
			want[i].Digest = want[i].Digest[:min(len(want[i].Digest), BlockDigest)]
		}
		long := slices.Clone(want)
		for i := range long {
			if len(long[i].Digest) == BlockDigest {
				long[i].Digest = append(slices.Clone(long[i].Digest), "more"...)
			}
		}
		got, err := Pack(long).Frames()
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("got %d frames, want %d", len(got), len(want))
		}
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Fatalf("frame %d: got\n%+v\nwant\n%+v", i, got[i], want[i])
			}
		}
	})
}

// TestOldBlockIsRead reads three frames as the first codec wrote them: they stand
// in databases for years.
func TestOldBlockIsRead(t *testing.T) {
	old, err := hex.DecodeString("01031272001d456e657267792e4163746976652e496d706f72742e52656769737465720f53616d706c652e506572696f646963064f75746c65740257" +
		"6813506f7765722e4163746976652e496d706f727401570e43757272656e742e496d706f7274024c31014107566f6c74616765044c312d4e01560504" +
		"00010203200102000304000000050200030600000007020803090000000a020b030c000000030202020304040403020000030200000302020209becd" +
		"08a9f401ede2031180c0f8daa6fda506ffa3dca1a6fda506000302020203000000030000000309090918d659cce65af39af66b8dde623db024a0ffe4" +
		"8ab8cd16f4050000000401010300010398b7de75f002ee02010103000103dcab01c0018701010303000103f018081101020300010380240f12")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Block{Loose: old}.Frames()
	if err != nil {
		t.Fatal(err)
	}
	want := charge(3)
	for i := range want {
		want[i].Digest = want[i].Digest[:BlockDigest]
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	refusesDamage(t, old, func(b []byte) error { _, err := Block{Loose: b}.Frames(); return err })
}

func TestDamagedBlockIsRefused(t *testing.T) {
	b := Pack(charge(4))
	refusesDamage(t, b.Loose, func(loose []byte) error { _, err := Block{loose, b.Dense}.Frames(); return err })
	refusesDamage(t, b.Dense, func(dense []byte) error { _, err := Block{b.Loose, dense}.Frames(); return err })
}

func TestRice(t *testing.T) {
	for name, of := range map[string][]int64{
		"none":          {},
		"zeros":         {0, 0, 0, 0, 0, 0, 0, 0, 0},
		"either sign":   {1, -1, 2, -2, 15, -16},
		"a great one":   {0, 1, math.MaxInt64, math.MinInt64, -1},
		"all great":     {1 << 40, -1 << 41, 1<<62 + 1},
		"at the limit":  {0, 0, 0, 0, 0, 0, 0, 11, 12, -12, -13},
		"only that one": {math.MinInt64},
	} {
		code := rice(of)
		r := reader{data: append(code, "rest"...)}
		got := unrice(&r, len(of))
		if !slices.Equal(got, of) || r.failed || string(r.data) != "rest" {
			t.Errorf("%s: got %v, rest %q, want %v", name, got, r.data, of)
		}
		if bits := 8 + riceSize(of, riceBits(of)); len(code) != (bits+7)/8 {
			t.Errorf("%s: got %d bytes of code, want those of %d bits", name, len(code), bits)
		}
	}
}

func FuzzParseBlock(f *testing.F) {
	for _, n := range []int{0, 3} {
		b := Pack(charge(n))
		f.Add(b.Loose, b.Dense)
	}
	f.Fuzz(func(t *testing.T, loose, dense []byte) {
		frames, err := Block{loose, dense}.Frames()
		if err != nil {
			return
		}
		again, err := Pack(frames).Frames()
		if err != nil || len(again) != len(frames) {
			t.Fatalf("got %d frames, %v, want %d", len(again), err, len(frames))
		}
		for i := range frames {
			if !reflect.DeepEqual(again[i], frames[i]) {
				t.Fatalf("frame %d: got\n%+v\nwant\n%+v", i, again[i], frames[i])
			}
		}
	})
}

// BenchmarkPack tells what the samples of an hour take before the compressor, by
// the second.
func BenchmarkPack(b *testing.B) {
	frames := charge(360)
	var block Block
	b.ReportAllocs()
	for b.Loop() {
		block = Pack(frames)
	}
	samples := float64(len(frames) * len(frames[0].Samples))
	b.ReportMetric(float64(len(block.Dense))/samples, "dense-B/sample")
	b.ReportMetric(float64(len(block.Loose))/samples, "loose-B/sample")
}
