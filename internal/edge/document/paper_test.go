package document_test

import (
	"bytes"
	"compress/lzw"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

// paper is a PDF as a reader sees it.
type paper struct {
	pages []string // the text of each, a line for each call that sets one
}

var (
	streamed = regexp.MustCompile(`(?s)^(\d+) 0 obj\n<</Length (\d+)/Filter/LZWDecode/DecodeParms<</EarlyChange 0>>[^\n]*>>stream\n`)
	pageOf   = regexp.MustCompile(`/Type/Page/Parent 2 0 R/Contents (\d+) 0 R`)
	kidsOf   = regexp.MustCompile(`/Kids\[([^\]]*)\]`)
	fontOf   = regexp.MustCompile(`/F(\d) (\d+) 0 R`)
	charOf   = regexp.MustCompile(`<([0-9A-F]{4})><([0-9A-F]+)>\n`)
	setOf    = regexp.MustCompile(`BT/F(\d) [\d.]+ Tf [-\d.]+ [-\d.]+ Td<([0-9A-F]*)>Tj ET`)
	unicode0 = regexp.MustCompile(`/ToUnicode (\d+) 0 R`)
)

// read reads a PDF by its table of objects, and fails when something in it is not
// where the table says, or not as long as it says.
func read(t *testing.T, file []byte) paper {
	t.Helper()
	objects, streams := tableOf(t, file)
	maps := map[string]map[string]string{}
	for _, font := range fontOf.FindAllStringSubmatch(objects[2], -1) {
		number, _ := strconv.Atoi(font[2])
		codes, _ := strconv.Atoi(unicode0.FindStringSubmatch(objects[number])[1])
		characters := map[string]string{}
		for _, pair := range charOf.FindAllStringSubmatch(streams[codes], -1) {
			characters[pair[1]] = units(t, pair[2])
		}
		maps[font[1]] = characters
	}
	var p paper
	for kid := range strings.FieldsSeq(strings.ReplaceAll(kidsOf.FindStringSubmatch(objects[2])[1], " 0 R", "")) {
		number, _ := strconv.Atoi(kid)
		content, _ := strconv.Atoi(pageOf.FindStringSubmatch(objects[number])[1])
		var text strings.Builder
		for _, set := range setOf.FindAllStringSubmatch(streams[content], -1) {
			for codes := set[2]; codes != ""; codes = codes[4:] {
				code := codes[:4]
				character, known := maps[set[1]][code]
				if !known {
					t.Fatalf("page %s: glyph %s stands for nothing", kid, code)
				}
				text.WriteString(character)
			}
			text.WriteByte('\n')
		}
		p.pages = append(p.pages, text.String())
	}
	return p
}

// tableOf returns objects and unpacked streams by their numbers.
func tableOf(t *testing.T, file []byte) (objects, streams map[int]string) {
	t.Helper()
	tail := string(file[bytes.LastIndex(file, []byte("startxref")):])
	var start, count int
	if _, err := fmt.Sscanf(tail, "startxref\n%d\n%%%%EOF\n", &start); err != nil {
		t.Fatalf("%q: %v", tail, err)
	}
	table := string(file[start:])
	if _, err := fmt.Sscanf(table, "xref\n0 %d\n", &count); err != nil {
		t.Fatal(err)
	}
	entries := strings.Split(table, "\n")[2:]
	objects, streams = map[int]string{}, map[int]string{}
	for number := 1; number < count; number++ {
		offset, err := strconv.Atoi(entries[number][:10])
		if err != nil || !bytes.HasPrefix(file[offset:], fmt.Appendf(nil, "%d 0 obj\n", number)) {
			t.Fatalf("object %d is not at %d: %v", number, offset, err)
		}
		head := streamed.FindSubmatch(file[offset:])
		if head == nil {
			body, _, _ := bytes.Cut(file[offset:], []byte("\nendobj\n"))
			objects[number] = string(body)
			continue
		}
		length, _ := strconv.Atoi(string(head[2]))
		data := file[offset+len(head[0]):]
		if !bytes.HasPrefix(data[length:], []byte("\nendstream\nendobj\n")) {
			t.Fatalf("the stream of object %d is not %d long", number, length)
		}
		unpacked, err := io.ReadAll(lzw.NewReader(bytes.NewReader(data[:length]), lzw.MSB, 8))
		if err != nil {
			t.Fatalf("object %d: %v", number, err)
		}
		streams[number] = string(unpacked)
	}
	return objects, streams
}

// units reads UTF-16 written in hex.
func units(t *testing.T, hex string) string {
	t.Helper()
	var all []uint16
	for ; len(hex) >= 4; hex = hex[4:] {
		unit, err := strconv.ParseUint(hex[:4], 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, uint16(unit))
	}
	return string(utf16.Decode(all))
}

// all returns the text of all pages, spaces of every kind as one.
func (p paper) all() string {
	return strings.ReplaceAll(strings.Join(p.pages, "\n"), "\u00a0", " ")
}
