package archive_test

import (
	"bytes"
	"testing"

	"pylon/internal/store/archive"
)

// FuzzRead reads anything as what an archive unpacks to: it is refused or it is
// whole, and what was counted is what was read.
func FuzzRead(f *testing.F) {
	f.Add(headline)
	f.Add(headline + manifestOf(1) + part('T', tokens) + part('R', "\x01\x01x") + part('E', `{"table":"tokens","rows":1,"sha256":""}`))
	f.Add(headline + manifestOf(1) + part('Z', `[]`))
	f.Add(headline + "M\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	f.Fuzz(func(t *testing.T, content string) {
		read := &rows{all: map[string]int{}}
		c, err := archive.Read(bytes.NewReader(pack(t, content)), read)
		if err != nil {
			return
		}
		var got int64
		for _, n := range read.all {
			got += int64(n)
		}
		if got != c.Rows() {
			t.Errorf("got %d rows, and %d are counted", got, c.Rows())
		}
	})
}
