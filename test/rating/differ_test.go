package rating_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"pylon/internal/kernel/rating"
)

// Whatever is asked, both raters say the same, to the last digit.
func TestRatersAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if found := disagree(draw(t)); found != "" {
			t.Fatal(found)
		}
	})
}

func FuzzRatersAgree(f *testing.F) {
	chance := rand.NewChaCha8([32]byte{})
	for range 100 {
		seed := make([]byte, 600) // as many choices as a large question has
		if _, err := chance.Read(seed); err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if found := disagree(question(choices(bytes))); found != "" {
			t.Fatal(found)
		}
	})
}

// disagree asks both raters and tells where they differ, and the question.
func disagree(q *rating.Question) string {
	var answers []*rating.Answer
	for _, r := range raters() {
		a, err := r.rate(q)
		if err != nil {
			return r.name + ": " + err.Error() + "\n" + written(q)
		}
		answers = append(answers, a)
	}
	if found := rating.Differ(answers[0], answers[1]); len(found) > 0 {
		return strings.Join(found, "\n") + "\n" + written(q)
	}
	return ""
}

// written writes a question so that it can be asked again.
func written(q *rating.Question) string {
	text, err := json.Marshal(q)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
