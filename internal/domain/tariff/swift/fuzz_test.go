package swift_test

import (
	"testing"

	"github.com/go-json-experiment/json"

	"pylon/internal/domain/tariff/swift"
	"pylon/internal/kernel/fault"
	"pylon/internal/kernel/rating"
)

// FuzzQuestion asks whatever can be written: the answer is one, the same with steps and without, or the name of a mistake.
func FuzzQuestion(f *testing.F) {
	zero := richQuestion()
	zero.Session.End = zero.Session.Start
	expired := richQuestion()
	expired.Session.Reservation.Expired = true
	none := &rating.Question{Tariff: tariffOf(rating.Restrictions{}), Zone: "UTC", Session: splitSession(3)}
	for _, q := range []*rating.Question{richQuestion(), cutQuestion(), zero, expired, none} {
		text, err := json.Marshal(q)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var q rating.Question
		if json.Unmarshal(text, &q) != nil {
			return
		}
		a, err := swift.Rate(&q)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v, want a mistake that is named", err)
			}
			return
		}
		told, err := swift.Explain(&q)
		if err != nil {
			t.Fatal(err)
		}
		for _, difference := range rating.Differ(a, told) {
			t.Error(difference)
		}
	})
}
