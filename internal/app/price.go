package app

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pylon/internal/domain/tariff/plain"
	"pylon/internal/domain/tariff/swift"
	"pylon/internal/domain/tariff/vector"
	"pylon/internal/edge/document"
	"pylon/internal/kernel/rating"
)

// Pricing says how an example is priced.
type Pricing struct {
	Rater string `default:"both" enum:"both,plain,swift" help:"Which of the two raters: both, plain or swift."`
	Split bool   `help:"Find the charging periods in the example's timeline, instead of taking those that it has."`
	Check bool   `help:"Hold the answer against what the example expects."`
}

// PriceVector reads an example of pricing and returns what its session costs, as
// a JSON object in the shape of the example's own expectation. When two raters
// were asked and differ there is no answer, and the error says in what; so, too,
// when the answer is to be checked and is not what is expected.
func PriceVector(in io.Reader, how Pricing) ([]byte, error) {
	v, q, err := readVector(in, how.Split)
	if err != nil {
		return nil, err
	}
	a, err := rate(q, how.Rater)
	if err != nil {
		return nil, err
	}
	told, err := vector.Of(q, a)
	if err != nil {
		return nil, err
	}
	if how.Check {
		if v.Expected == nil {
			return nil, fmt.Errorf("%s expects nothing", v.ID)
		}
		if points := vector.Differ(told, v.Expected); len(points) > 0 {
			return nil, fmt.Errorf("%s is priced otherwise than it expects:\n  %s", v.ID, strings.Join(points, "\n  "))
		}
	}
	return json.Marshal(told, jsontext.WithIndent("  "))
}

// ExplainVector reads an example of pricing and tells how the amount comes about, a
// sentence for each step, in a language of the documents. Both raters are asked.
func ExplainVector(in io.Reader, split bool, language string) ([]string, error) {
	_, q, err := readVector(in, split)
	if err != nil {
		return nil, err
	}
	if _, err := rate(q, "both"); err != nil {
		return nil, err
	}
	a, err := swift.Explain(q)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(q.Zone)
	if err != nil {
		return nil, err
	}
	press, err := document.New()
	if err != nil {
		return nil, err
	}
	return press.Steps(a.Steps, language, zone, q.Tariff.Currency)
}

// readVector reads an example and what it asks.
func readVector(in io.Reader, split bool) (*vector.Vector, *rating.Question, error) {
	text, err := readUpTo(in, tariffMax)
	if err != nil {
		return nil, nil, err
	}
	v, err := vector.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	if !split {
		return v, &v.Question, nil
	}
	q, ok, err := v.Unsplit()
	if err == nil && !ok {
		err = fmt.Errorf("%s has no timeline to split", v.ID)
	}
	return v, &q, err
}

// rate asks a rater, or both and holds their answers against one another.
func rate(q *rating.Question, rater string) (*rating.Answer, error) {
	switch rater {
	case "plain":
		return plain.Rate(q)
	case "swift":
		return swift.Rate(q)
	}
	slow, slowErr := plain.Rate(q)
	fast, fastErr := swift.Rate(q)
	switch {
	case slowErr != nil && fastErr != nil:
		return nil, slowErr
	case slowErr != nil:
		return nil, fmt.Errorf("the raters differ: plain refuses what swift prices: %w", slowErr)
	case fastErr != nil:
		return nil, fmt.Errorf("the raters differ: swift refuses what plain prices: %w", fastErr)
	}
	if points := rating.Differ(slow, fast); len(points) > 0 {
		return nil, fmt.Errorf("the raters differ, plain first:\n  %s", strings.Join(points, "\n  "))
	}
	return fast, nil
}
