package store

import (
	"encoding/hex"
	"reflect"
	"testing"
	"time"

	"pylon/internal/domain/meter"
	"pylon/internal/kernel/decimal"
)

// TestBlockBodies opens a block as it is written now and as it was written before
// blocks had a dense part, and refuses one that is cut anywhere.
func TestBlockBodies(t *testing.T) {
	p, err := newPacker()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	frames := make([]meter.Frame, 5)
	for i := range frames {
		frames[i] = meter.Frame{
			Station: "sta_1", Session: "ses_1", Number: int64(i + 1), OccurredAt: at, ReceivedAt: at.Add(time.Duration(i) * time.Second),
			Samples: []meter.Sample{{At: at, Measurand: meter.EnergyImportRegister, Value: decimal.FromInt(int64(100*i), 2)}},
		}
	}
	b := p.pack("org_1", frames)
	got, err := p.open(&b)
	if err != nil || !reflect.DeepEqual(got, frames) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, frames)
	}
	body := b.body
	for n := range body {
		if b.body = body[:n]; n > 0 {
			if _, err := p.open(&b); err == nil {
				t.Errorf("the first %d of %d bytes pass for the whole", n, len(body))
			}
		}
	}
	// Three frames as the codec before wrote them.
	old, err := hex.DecodeString("01031272001d456e657267792e4163746976652e496d706f72742e52656769737465720f53616d706c652e506572696f646963064f75746c65740257" +
		"6813506f7765722e4163746976652e496d706f727401570e43757272656e742e496d706f7274024c31014107566f6c74616765044c312d4e01560504" +
		"00010203200102000304000000050200030600000007020803090000000a020b030c000000030202020304040403020000030200000302020209becd" +
		"08a9f401ede2031180c0f8daa6fda506ffa3dca1a6fda506000302020203000000030000000309090918d659cce65af39af66b8dde623db024a0ffe4" +
		"8ab8cd16f4050000000401010300010398b7de75f002ee02010103000103dcab01c0018701010303000103f018081101020300010380240f12")
	if err != nil {
		t.Fatal(err)
	}
	b.body = p.encoder.EncodeAll(old, nil)
	if got, err = p.open(&b); err != nil || len(got) != 3 || got[2].Number != 3 || len(got[2].Samples) != 4 {
		t.Errorf("an old body: got %+v, %v; want three frames of four samples", got, err)
	}
}
