package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// appendRow appends a row's values: nil, int64, string, []byte or bool, as the
// columns are. What a driver gives for another kind that means the same (a text
// as bytes, a truth as a number) is taken.
func appendRow(b []byte, columns []Column, row []any) ([]byte, error) {
	for i, c := range columns {
		if row[i] == nil {
			b = append(b, 0)
			continue
		}
		b = append(b, 1)
		var ok bool
		switch c.Kind {
		case BigInt:
			var n int64
			n, ok = row[i].(int64)
			b = binary.AppendVarint(b, n)
		case Text, Bytea:
			b, ok = appendBytes(b, row[i])
		case Boolean:
			var n byte
			n, ok = truth(row[i])
			b = append(b, n)
		}
		if !ok {
			return b, fmt.Errorf("column %s is %s, and a row has a %T in it", c.Name, c.Kind, row[i])
		}
	}
	return b, nil
}

func appendBytes(b []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case string:
		return append(binary.AppendUvarint(b, uint64(len(v))), v...), true
	case []byte:
		return append(binary.AppendUvarint(b, uint64(len(v))), v...), true
	}
	return b, false
}

func truth(v any) (n byte, ok bool) {
	switch v {
	case true, int64(1):
		return 1, true
	case false, int64(0):
		return 0, true
	}
	return 0, false
}

// errRow says that bytes are no row of their table.
var errRow = errors.New("a row is damaged")

// parseRow reads a row into row, and returns the bytes behind it. Texts are
// strings; bytes alias b.
func parseRow(b []byte, columns []Column, row []any) (rest []byte, err error) {
	for i, c := range columns {
		if len(b) == 0 {
			return nil, errRow
		}
		there := b[0]
		if b = b[1:]; there == 0 {
			row[i] = nil
			continue
		}
		if there != 1 {
			return nil, errRow
		}
		if row[i], b, err = parseValue(b, c.Kind); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func parseValue(b []byte, kind Kind) (v any, rest []byte, err error) {
	switch kind {
	case BigInt:
		n, size := binary.Varint(b)
		if size <= 0 {
			return nil, nil, errRow
		}
		return n, b[size:], nil
	case Text, Bytea:
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) { //nolint:gosec // size is at most the length
			return nil, nil, errRow
		}
		data := b[size : size+int(n) : size+int(n)] //nolint:gosec // at most a length
		if kind == Text {
			return string(data), b[size+int(n):], nil //nolint:gosec // as above
		}
		return data, b[size+int(n):], nil //nolint:gosec // as above
	case Boolean:
		if len(b) == 0 || b[0] > 1 {
			return nil, nil, errRow
		}
		return b[0] == 1, b[1:], nil
	}
	return nil, nil, errRow
}
