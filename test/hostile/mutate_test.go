package hostile

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// message is a request of a station that fits its schema.
type message struct {
	action  string
	payload any
}

// corpus returns the requests among the samples of a version's messages.
func corpus(t *testing.T, folder string) []message {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../internal/wire", folder, "testdata/messages.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []message
	for line := range strings.Lines(string(text)) {
		verdict, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, payload, _ := strings.Cut(rest, " ")
		action, request := strings.CutSuffix(name, "Request")
		if verdict != "valid" || !request {
			continue
		}
		m := message{action: action}
		if err := json.Unmarshal([]byte(payload), &m.payload); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, m)
	}
	if len(all) == 0 {
		t.Fatalf("%s: no requests", folder)
	}
	return all
}

// raw is JSON, or what stands in its place, as it goes out.
type raw string

// emit writes a value as JSON.
func emit(v any) string {
	switch v := v.(type) {
	case raw:
		return string(v)
	case map[string]any:
		var b strings.Builder
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(emit(key) + ":" + emit(v[key]))
		}
		return "{" + b.String() + "}"
	case []any:
		items := make([]string, len(v))
		for i := range v {
			items[i] = emit(v[i])
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(text)
}

// strange are values that no schema asks for, or that are hard to take.
func strange(r *rand.Rand) raw {
	deep := 1 << r.IntN(15)
	values := []raw{
		`null`, `true`, `""`, `[]`, `{}`, `-1`, `0`, `1.5`, `9223372036854775808`, `-9223372036854775809`, `1e400`, `1e-400`, `-0`,
		`123456789012345678901234567890.123456789`, `"\u0000"`, `"a\u0000b"`, `"\ud800"`, `"\udc00\ud800"`, `"\uffff"`,
		"\"\xff\xfe\"", "\"caf\xe9\"", "\"\xc0\x80\"", "\"\x00\"", "\"\n\"", `"2024-02-30T25:61:61Z"`, `"0000-00-00T00:00:00Z"`,
		`"9999-12-31T23:59:59.999999999+23:59"`, `"-292277022399-01-01T00:00:00Z"`, `"NaN"`, `"Infinity"`, `"%s%n%x"`, `"'; DROP TABLE stations; --"`,
		`"../../etc/passwd"`, `"<script>alert(1)</script>"`, `"$1"`, `"{{.}}"`, `01`, `+1`, `.5`, `0x10`, `NaN`, `'a'`, `"\x41"`, `"\u12"`, `tru`, `[1,]`, `{"a":1,}`,
		raw(`"` + strings.Repeat("x", 1<<r.IntN(17)) + `"`),
		raw(`"` + strings.Repeat(`\u0000`, 1<<r.IntN(10)) + `"`),
		raw(strings.Repeat("9", 1<<r.IntN(13))),
		raw(strings.Repeat("[", deep) + strings.Repeat("]", deep)),
		raw(strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep)),
		raw("[" + strings.TrimSuffix(strings.Repeat("{},", 1<<r.IntN(12)), ",") + "]"),
	}
	return values[r.IntN(len(values))]
}

// mutate returns a value with one thing changed, somewhere in it.
func mutate(r *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 || r.IntN(8) == 0 {
			return strange(r)
		}
		keys := slices.Sorted(maps.Keys(v))
		key := keys[r.IntN(len(keys))]
		changed := maps.Clone(v)
		switch r.IntN(8) {
		case 0:
			delete(changed, key)
		case 1:
			changed["unknown"] = strange(r)
		case 2: // twice
			text := emit(v)
			return raw(text[:len(text)-1] + "," + emit(key) + ":" + emit(strange(r)) + "}")
		case 3: // another case
			delete(changed, key)
			changed[strings.ToUpper(key)] = v[key]
		default:
			changed[key] = mutate(r, v[key])
		}
		return changed
	case []any:
		if len(v) == 0 || r.IntN(4) == 0 {
			return strange(r)
		}
		changed := slices.Clone(v)
		i := r.IntN(len(v))
		changed[i] = mutate(r, v[i])
		if r.IntN(4) == 0 {
			changed = append(changed, changed...)
		}
		return changed
	}
	return strange(r)
}

// damage returns bytes with some of them changed.
func damage(r *rand.Rand, text string) string {
	b := []byte(text)
	for range 1 + r.IntN(4) {
		if len(b) == 0 {
			break
		}
		at := r.IntN(len(b))
		switch r.IntN(4) {
		case 0:
			b[at] = byte(r.IntN(256))
		case 1:
			b = b[:at]
		case 2:
			b = slices.Insert(b, at, byte(r.IntN(256)))
		case 3:
			b = slices.Delete(b, at, min(len(b), at+1+r.IntN(8)))
		}
	}
	return string(b)
}

// strangeFrame returns a message that is not quite a frame.
func strangeFrame(r *rand.Rand, call string) string {
	id := emit(raw(strange(r)))
	frames := []string{
		`[3,"nothing",{}]`, `[4,"nothing","GenericError","",{}]`, `[5,"nothing","GenericError","",{}]`, `[6,"nothing","NotifyPeriodicEventStream",{}]`,
		`[3,` + id + `,{}]`, `[4,` + id + `,` + id + `,` + id + `,` + id + `]`, `[2,` + id + `,"Heartbeat",{}]`, `[2,"x",` + id + `,{}]`, `[2,"x","Heartbeat",` + id + `]`,
		`[` + id + `,"x","Heartbeat",{}]`, `[2,"x","Heartbeat"]`, `[2,"x"]`, `[2]`, `[]`, `{}`, `null`, ``, `[2,"x","Heartbeat",{},{}]`, `[2,"x","Heartbeat",{}]x`,
		`[2,"` + strings.Repeat("i", r.IntN(400)) + `","Heartbeat",{}]`, `[99999999999999999999,"x","Heartbeat",{}]`, "\ufeff" + `[2,"x","Heartbeat",{}]`,
		`[-2,"x","Heartbeat",{}]`, `[2.0,"x","Heartbeat",{}]`, `[2,"x","` + strings.Repeat("A", r.IntN(100)) + `",{}]`, `[2,"x","heartbeat",{}]`, `[2,"x","DataTransfer ",{}]`,
		damage(r, call), damage(r, call), damage(r, call),
	}
	return frames[r.IntN(len(frames))]
}
