package vector_test

import (
	"strings"
	"testing"

	"pylon/internal/domain/tariff/vector"
	"pylon/internal/kernel/fault"
)

// Whatever a file holds, it is a question or it is refused.
func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(strings.Replace(small, `"periods"`, measured, 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := vector.Parse(text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want it to be invalid", err)
			}
			return
		}
		if _, _, err := v.Unsplit(); err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("unsplit: got %v, want it to be invalid", err)
		}
	})
}
