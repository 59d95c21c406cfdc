package document_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"pylon/internal/domain/tariff/swift"
	"pylon/internal/domain/tariff/vector"
	"pylon/internal/edge/document"
	"pylon/internal/kernel/rating"
)

// untold finds what a sentence for people has not: placeholders, and codes of OCPI.
var untold = regexp.MustCompile(`[{}\[\]]|\b[A-Z]+_[A-Z_]+\b|\b(ENERGY|TIME|FLAT|IDLE|PARKING|PAUSED?|SESSION|[A-Z]+DAY)\b|\d{4}-\d\d-\d\dT`)

// Every step of every session that the raters are tested with is told in every
// language, without a placeholder or a code left.
func TestSessionsAreToldInWords(t *testing.T) {
	const vectors = "../../../test/rating/testdata/vectors"
	entries, err := os.ReadDir(vectors)
	if err != nil {
		t.Fatal(err)
	}
	p, told := press(t), 0
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(vectors, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		v, err := vector.Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", entry.Name(), err)
		}
		questions := []rating.Question{v.Question}
		if q, ok, err := v.Unsplit(); err == nil && ok {
			questions = append(questions, q)
		}
		for i := range questions {
			told += tell(t, p, entry.Name(), &questions[i])
		}
	}
	if told < 1000 {
		t.Errorf("told %d sentences only", told)
	}
}

// tell returns how many sentences there were.
func tell(t *testing.T, p *document.Press, name string, q *rating.Question) (told int) {
	t.Helper()
	answer, err := swift.Explain(q)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	zone, err := time.LoadLocation(q.Zone)
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range []string{"en", "de", "fr", "nl", "sv", "es"} {
		sentences, err := p.Steps(answer.Steps, language, zone, q.Tariff.Currency)
		if err != nil {
			t.Fatal(err)
		}
		for i, sentence := range sentences {
			if code := untold.FindString(sentence); code != "" {
				t.Errorf("%s: %s: %s is in the words of %v: %s", name, language, code, answer.Steps[i], sentence)
			}
			told++
		}
	}
	return told
}
